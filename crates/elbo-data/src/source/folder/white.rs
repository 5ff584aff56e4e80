//! Which value of pictures of 16 bits is white, where a schema does not say so.

use rayon::prelude::*;

use super::listing::Picture;
use crate::picture::{self, Header};

/// Pictures of 16 bits that are looked at, evenly among all.
const LOOKED_AT: usize = 2000;

/// The value that is white in the pictures of 16 bits, if there are any, and a note where it is not the largest. It is
/// `known`, or the largest of the bits that the pictures use.
pub(super) fn choose(
    pictures: &[&Picture],
    headers: &[Header],
    known: Option<u16>,
    max_pixels: u64,
) -> (Option<u16>, Option<String>) {
    let deep = pictures.iter().zip(headers).filter(|(_, header)| header.deep);
    let deep: Vec<&Picture> = deep.map(|(picture, _)| *picture).collect();
    if known.is_some() || deep.is_empty() {
        return (known, None);
    }
    let step = deep.len().div_ceil(LOOKED_AT);
    let brightest = deep.par_iter().step_by(step).filter_map(|picture| {
        let image = picture::decode(&picture.path, max_pixels).ok()?;
        picture::brightest(&image)
    });
    let Some(brightest) = brightest.max() else {
        return (None, None);
    };
    let bits = picture::bits(brightest);
    let white = picture::white(bits);
    let note = (white < u16::MAX).then(|| {
        format!(
            "the 16-bit pictures have values up to {brightest}: they are read as pictures of {bits} bits, in which {white} is white"
        )
    });
    (Some(white), note)
}
