//! The shape that the pictures of a folder are brought to, where the user sets none.

use std::collections::BTreeMap;

use crate::options::{ImageSize, OpenOptions};
use crate::picture::{Header, Target};

/// Pictures that all have the same size keep it up to this side.
const OWN_SIDE: usize = 128;
/// The side of pictures of different or larger sizes.
const USUAL_SIDE: usize = 64;

/// The shape for these pictures, and a note where it was chosen for the user.
pub(super) fn choose(headers: &[Header], options: &OpenOptions) -> (Target, Option<String>) {
    let sizes = count(headers);
    let gray = headers.iter().all(|header| header.gray);
    let channels = options.channels.unwrap_or(if gray { 1 } else { 3 });
    let usual = ImageSize {
        height: USUAL_SIDE,
        width: USUAL_SIDE,
    };
    let (size, note) = match (options.size, sizes.as_slice()) {
        (Some(size), _) => (size, None),
        (None, [(size, _)]) if size.height.max(size.width) <= OWN_SIDE => (*size, None),
        (None, [(size, _)]) => (
            usual,
            Some(format!(
                "the pictures are {size}; they are read as {usual} (`OpenOptions::size` sets another)"
            )),
        ),
        (None, sizes) => {
            let area = |size: &&ImageSize| size.height * size.width;
            let smallest = sizes
                .iter()
                .map(|(size, _)| size)
                .min_by_key(area)
                .unwrap_or(&usual);
            let largest = sizes
                .iter()
                .map(|(size, _)| size)
                .max_by_key(area)
                .unwrap_or(&usual);
            let found = format!(
                "the pictures have {} sizes from {smallest} to {largest}",
                sizes.len()
            );
            (
                usual,
                Some(format!(
                    "{found}; they are read as {usual} (`OpenOptions::size` sets another)"
                )),
            )
        }
    };
    (
        Target {
            size,
            channels,
            fit: options.fit,
            white: None,
        },
        note,
    )
}

/// The sizes that occur and how often, smallest first.
pub(super) fn count(headers: &[Header]) -> Vec<(ImageSize, u64)> {
    let mut counts = BTreeMap::new();
    for header in headers {
        *counts.entry(header.size).or_insert(0) += 1;
    }
    counts.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(size: &str, gray: bool) -> Header {
        Header {
            size: size.parse().unwrap(),
            gray,
            deep: false,
        }
    }

    fn chosen(headers: &[Header], options: &OpenOptions) -> (String, u8, bool) {
        let (target, note) = choose(headers, options);
        (target.size.to_string(), target.channels, note.is_some())
    }

    #[test]
    fn equal_small_sizes_are_kept_others_become_64() {
        let any = OpenOptions::default();
        assert_eq!(
            chosen(&[header("28x20", true); 2], &any),
            ("28x20".into(), 1, false)
        );
        assert_eq!(
            chosen(&[header("128x129", false); 2], &any),
            ("64x64".into(), 3, true)
        );
        assert_eq!(
            chosen(&[header("28x20", true), header("28x28", false)], &any),
            ("64x64".into(), 3, true)
        );
    }

    #[test]
    fn what_the_user_says_holds() {
        let options = OpenOptions {
            size: Some("32x16".parse().unwrap()),
            channels: Some(4),
            ..Default::default()
        };
        assert_eq!(
            chosen(&[header("28x20", true)], &options),
            ("32x16".into(), 4, false)
        );
    }
}
