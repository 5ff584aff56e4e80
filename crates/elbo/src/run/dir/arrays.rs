//! Named arrays in a safetensors file, with a header of ours in its metadata.
//!
//! The metadata has one entry only: with more, their order in the file would differ from one
//! process to the next, and the same run would not give the same bytes. Its first line is a digest of all that
//! follows, so that a file with a flipped bit is known to be damaged.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use elbo_core::parameters::{Array, Arrays};
use elbo_data::atomic::{self, Existing};
use safetensors::tensor::{Dtype, Metadata, TensorInfo, View};

use super::file;
use crate::error::Error;

/// Name of our entry in the metadata.
const ENTRY: &str = "elbo";
/// What stands before the digest.
const DIGEST: &str = "crc32 ";
/// How headers of the first versions begin, which wrote no digest.
const UNSIGNED: &str = "format";
/// Largest table of contents: a million tensors would fit.
const MAX_HEADER: u64 = 64 << 20;
/// Largest file: the weights of the largest model (4 GiB) and two moments of each.
const MAX_FILE: u64 = 13 << 30;

/// One array as safetensors sees it.
struct Tensor<'a>(&'a Array);

impl View for Tensor<'_> {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        &self.0.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Owned(
            self.0
                .values
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect(),
        )
    }

    fn data_len(&self) -> usize {
        size_of_val(self.0.values.as_slice())
    }
}

/// Replaces the file by one that holds `header` and `arrays`.
pub(crate) fn write<'a>(
    path: &Path,
    header: String,
    arrays: impl IntoIterator<Item = (String, &'a Array)>,
) -> Result<(), Error> {
    let arrays: Vec<(String, &Array)> = arrays.into_iter().collect();
    let digests = arrays.iter().map(|(name, array)| {
        let digest = array_digest(name, &array.shape, &Tensor(array).data());
        (name.clone(), digest)
    });
    let digest = digest(&header, &digests.collect());
    let tensors = arrays.into_iter().map(|(name, array)| (name, Tensor(array)));
    let metadata = HashMap::from([(ENTRY.to_owned(), format!("{DIGEST}{digest:08x}\n{header}"))]);
    let bytes = safetensors::serialize(tensors, Some(metadata));
    Ok(atomic::write(path, Existing::Replace, |file| {
        file.write_all(&bytes.map_err(std::io::Error::other)?)
    })?)
}

/// The header and the arrays of a file. Nothing is set aside for an array before it is known that
/// the file has its bytes.
pub(crate) fn read(path: &Path) -> Result<(String, Arrays), Error> {
    let (mut file, bytes) = file::open(path, MAX_FILE)?;
    let contents = contents(path, &mut file, bytes)?;
    let header = contents
        .metadata()
        .as_ref()
        .and_then(|metadata| metadata.get(ENTRY));
    let header = header
        .ok_or_else(|| Error::torn(path, format!("has no metadata `{ENTRY}`")))?
        .clone();
    let (mut arrays, mut digests) = (Arrays::new(), BTreeMap::new());
    // In the order of their places, so that the file is read from front to back.
    for name in contents.offset_keys() {
        if let Some(info) = contents.info(&name) {
            let bytes = bytes_of(path, &mut file, &name, info)?;
            digests.insert(name.clone(), array_digest(&name, &info.shape, &bytes));
            arrays.insert(name, array(&info.shape, &bytes));
        }
    }
    if header.starts_with(UNSIGNED) {
        return Ok((header, arrays));
    }
    let Some((digest, header)) = header.strip_prefix(DIGEST).and_then(|text| text.split_once('\n')) else {
        return Err(Error::torn(path, "has no digest"));
    };
    match digest == format!("{:08x}", self::digest(header, &digests)) {
        true => Ok((header.to_owned(), arrays)),
        false => Err(Error::torn(
            path,
            "is damaged: its contents do not match its digest",
        )),
    }
}

/// CRC-32 of a header and of the digests of all arrays, by name.
fn digest(header: &str, arrays: &BTreeMap<String, u32>) -> u32 {
    let mut digest = crc32fast::Hasher::new();
    digest.update(header.as_bytes());
    arrays
        .values()
        .for_each(|array| digest.update(&array.to_le_bytes()));
    digest.finalize()
}

/// CRC-32 of an array as it is in the file, with its name and shape.
fn array_digest(name: &str, shape: &[usize], bytes: &[u8]) -> u32 {
    let mut digest = crc32fast::Hasher::new();
    digest.update(name.as_bytes());
    let shape = shape.iter().map(|side| (*side as u64).to_le_bytes());
    shape.for_each(|side| digest.update(&side));
    digest.update(bytes);
    digest.finalize()
}

/// The table of contents, which fits the file to the byte.
fn contents(path: &Path, file: &mut File, bytes: u64) -> Result<Metadata, Error> {
    let cut_short = || Error::torn(path, format!("is cut short: it has {bytes} bytes"));
    let mut length = [0; 8];
    file.read_exact(&mut length).map_err(|_| cut_short())?;
    let length = u64::from_le_bytes(length);
    if length > MAX_HEADER {
        return Err(Error::torn(
            path,
            format!("has a table of contents of {length} bytes, more than any real one"),
        ));
    }
    let body = bytes
        .checked_sub(8)
        .and_then(|rest| rest.checked_sub(length))
        .ok_or_else(cut_short)?;
    let mut text = vec![0; length as usize];
    file.read_exact(&mut text).map_err(|_| cut_short())?;
    let contents: Metadata = serde_json::from_slice(&text)
        .map_err(|error| Error::torn(path, format!("has a damaged table of contents: {error}")))?;
    match contents.data_len() as u64 {
        promised if promised == body => Ok(contents),
        promised => Err(Error::torn(
            path,
            format!("has {body} bytes of values, its table of contents promises {promised}"),
        )),
    }
}

fn bytes_of(path: &Path, file: &mut File, name: &str, info: &TensorInfo) -> Result<Vec<u8>, Error> {
    if info.dtype != Dtype::F32 {
        return Err(Error::torn(
            path,
            format!("has values of type {} in `{name}`, not F32", info.dtype),
        ));
    }
    let (start, end) = info.data_offsets;
    let mut bytes = vec![0; end - start];
    file.read_exact(&mut bytes).map_err(Error::reading(path))?;
    Ok(bytes)
}

fn array(shape: &[usize], bytes: &[u8]) -> Array {
    let (words, _) = bytes.as_chunks::<4>();
    Array {
        shape: shape.to_vec(),
        values: words.iter().map(|word| f32::from_le_bytes(*word)).collect(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "tests lay out files as they like")]

    use super::*;
    use proptest::prelude::*;

    fn array(shape: &[usize], values: Vec<f32>) -> Array {
        Array {
            shape: shape.to_vec(),
            values,
        }
    }

    fn saved() -> (tempfile::TempDir, std::path::PathBuf, Vec<u8>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.safetensors");
        let arrays = Arrays::from([
            ("b".to_owned(), array(&[2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0])),
            ("a".to_owned(), array(&[1], vec![7.0])),
        ]);
        write(
            &path,
            "hello".to_owned(),
            arrays.iter().map(|(name, array)| (name.clone(), array)),
        )
        .unwrap();
        let bytes = std::fs::read(&path).unwrap();
        (folder, path, bytes)
    }

    fn message(path: &Path, bytes: &[u8]) -> String {
        std::fs::write(path, bytes).unwrap();
        let text = read(path).unwrap_err().to_string();
        text.replace(&path.display().to_string(), "F")
    }

    /// A file with this table of contents and `body` zero bytes.
    fn with_contents(contents: &str, body: usize) -> Vec<u8> {
        let mut bytes = (contents.len() as u64).to_le_bytes().to_vec();
        bytes.extend(contents.as_bytes());
        bytes.extend(vec![0; body]);
        bytes
    }

    #[test]
    fn a_file_cut_anywhere_is_an_error() {
        let (_folder, path, bytes) = saved();
        for length in 0..bytes.len() {
            let text = message(&path, &bytes[..length]);
            assert!(text.starts_with("the run file `F` "), "{text}");
        }
        assert_eq!(
            message(&path, &bytes[..7]),
            "the run file `F` is cut short: it has 7 bytes"
        );
        // Seven values of four bytes; one byte is missing.
        let text = message(&path, &bytes[..bytes.len() - 1]);
        assert_eq!(
            text,
            "the run file `F` has 27 bytes of values, its table of contents promises 28"
        );
    }

    #[test]
    fn any_flipped_bit_of_a_value_or_name_is_damage() {
        let (_folder, path, bytes) = saved();
        let contents = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        // The table of contents is filled up with blanks, of which one more or less means nothing.
        let filled = bytes[..contents].iter().rposition(|byte| *byte != b' ').unwrap();
        for place in (0..filled + 1).chain(contents..bytes.len()) {
            for bit in 0..8 {
                let mut flipped = bytes.clone();
                flipped[place] ^= 1 << bit;
                std::fs::write(&path, &flipped).unwrap();
                assert!(read(&path).is_err(), "bit {bit} of byte {place}");
            }
        }
    }

    #[test]
    fn bytes_too_many_are_an_error() {
        let (_folder, path, mut bytes) = saved();
        bytes.push(0);
        assert!(
            message(&path, &bytes).ends_with("has 29 bytes of values, its table of contents promises 28")
        );
    }

    #[test]
    fn a_promise_of_more_than_there_is_is_refused_before_it_is_set_aside() {
        let (_folder, path, _) = saved();
        assert_eq!(
            message(&path, &u64::MAX.to_le_bytes()),
            "the run file `F` has a table of contents of 18446744073709551615 bytes, more than any real one"
        );
        assert_eq!(
            message(&path, &(60u64 << 20).to_le_bytes()),
            "the run file `F` is cut short: it has 8 bytes"
        );
        let terabyte = r#"{"__metadata__":{"elbo":""},"a":{"dtype":"F32","shape":[274877906944],"data_offsets":[0,1099511627776]}}"#;
        let text = message(&path, &with_contents(terabyte, 0));
        assert!(
            text.ends_with("has 0 bytes of values, its table of contents promises 1099511627776"),
            "{text}"
        );
        let sparse = File::create(&path).unwrap();
        sparse.set_len(1 << 40).unwrap();
        assert!(matches!(read(&path), Err(Error::TooLarge { .. })));
    }

    #[test]
    fn tables_of_contents_that_lie_are_errors() {
        let (_folder, path, _) = saved();
        for (contents, body) in [
            ("nonsense", 0),
            ("{", 0),
            ("[]", 0),
            ("null", 0),
            (r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}}"#, 8),
            (r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, 4),
            (
                r#"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}"#,
                0,
            ),
            (
                r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
                4,
            ),
            (r#"{"a":{"dtype":"X9","shape":[1],"data_offsets":[0,4]}}"#, 4),
        ] {
            let text = message(&path, &with_contents(contents, body));
            assert!(
                text.contains("has a damaged table of contents"),
                "{contents}: {text}"
            );
        }
        let none = r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
        assert_eq!(
            message(&path, &with_contents(none, 4)),
            "the run file `F` has no metadata `elbo`"
        );
        let half = r#"{"__metadata__":{"elbo":""},"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}"#;
        assert_eq!(
            message(&path, &with_contents(half, 4)),
            "the run file `F` has values of type F16 in `a`, not F32"
        );
    }

    proptest! {
        #[test]
        fn any_arrays_survive_bit_by_bit(
            header in "\\PC{0,40}",
            values in proptest::collection::btree_map("[a-z.]{1,12}", proptest::collection::vec(any::<u32>(), 0..20), 0..6),
        ) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("a.safetensors");
            // Any bit pattern, NaNs with their payload among them.
            let arrays: Arrays = values.into_iter().map(|(name, bits)| {
                (name, array(&[bits.len()], bits.into_iter().map(f32::from_bits).collect()))
            }).collect();
            let save = || write(&path, header.clone(), arrays.iter().map(|(name, array)| (name.clone(), array)));
            save().unwrap();
            let bytes = std::fs::read(&path).unwrap();
            let (read_header, read_arrays) = read(&path).unwrap();
            prop_assert_eq!(read_header, header.clone());
            let bits = |arrays: &Arrays| -> Vec<(String, Vec<usize>, Vec<u32>)> {
                arrays.iter().map(|(name, array)| {
                    (name.clone(), array.shape.clone(), array.values.iter().map(|value| value.to_bits()).collect())
                }).collect()
            };
            prop_assert_eq!(bits(&read_arrays), bits(&arrays));
            save().unwrap();
            prop_assert_eq!(std::fs::read(&path).unwrap(), bytes);
        }

        #[test]
        fn a_flipped_byte_is_never_a_panic(at in 0usize..200, to in any::<u8>()) {
            let (_folder, path, mut bytes) = saved();
            let at = at % bytes.len();
            bytes[at] = to;
            std::fs::write(&path, &bytes).unwrap();
            read(&path).ok();
        }
    }
}
