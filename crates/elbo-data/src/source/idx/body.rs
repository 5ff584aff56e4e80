//! The header of an idx file, checked against the file's true length, and random access to its body.
//!
//! A plain file is read in place. A packed one is unpacked once, into memory if it fits into the
//! limit and else into a temporary file without a name. No memory is allocated on a header's word.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use flate2::read::MultiGzDecoder;

use crate::error::{DataError, IdxError};
use crate::source::packed::damaged;

/// What an idx file holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct What {
    pub(super) magic: u32,
    sides: usize,
    name: &'static str,
}

/// Pictures of unsigned bytes: count, height, width.
pub(super) const IMAGES: What = What {
    magic: 0x0000_0803,
    sides: 3,
    name: "pictures",
};
/// Labels of unsigned bytes: count.
pub(super) const LABELS: What = What {
    magic: 0x0000_0801,
    sides: 1,
    name: "labels",
};

/// The bytes after an idx header.
#[derive(Debug)]
pub(super) struct Body {
    path: PathBuf,
    store: Store,
}

#[derive(Debug)]
enum Store {
    Memory(Vec<u8>),
    File { file: Mutex<File>, start: u64 },
}

impl Body {
    /// Opens `path`; returns its body and its sides. No side is zero, and no item has more than `most` bytes.
    pub(super) fn open(
        path: &Path,
        what: What,
        memory: u64,
        most: u64,
    ) -> Result<(Self, Vec<u64>), DataError> {
        let reading = || DataError::reading(path);
        let mut file = File::open(path).map_err(reading())?;
        let packed = is_packed(&mut file).map_err(reading())?;
        let length = file.metadata().map_err(reading())?.len();
        let mut reader = unpacked(file.try_clone().map_err(reading())?).map_err(reading())?;
        let sides = header(&mut reader, path, what)?;
        let expected = checked_length(path, &sides, most)?;
        let start = 4 + 4 * what.sides as u64;
        let (store, found) = if packed {
            unpack(path, reader, expected, memory)?
        } else {
            (
                Store::File {
                    file: Mutex::new(file),
                    start,
                },
                length.saturating_sub(start),
            )
        };
        if found != expected {
            return Err(IdxError::Length {
                path: path.into(),
                expected,
                found,
            }
            .into());
        }
        Ok((
            Self {
                path: path.to_path_buf(),
                store,
            },
            sides,
        ))
    }

    /// `count` bytes from `offset` on. The range is known to lie within the body.
    pub(super) fn read(&self, offset: u64, count: usize) -> Result<Vec<u8>, DataError> {
        match &self.store {
            Store::Memory(bytes) => {
                let start = offset as usize;
                Ok(bytes
                    .get(start..start + count)
                    .map(<[u8]>::to_vec)
                    .unwrap_or_default())
            }
            Store::File { file, start } => {
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                let mut bytes = vec![0; count];
                file.seek(SeekFrom::Start(start + offset))
                    .and_then(|_| file.read_exact(&mut bytes))
                    .map_err(DataError::reading(&self.path))?;
                Ok(bytes)
            }
        }
    }
}

/// The file's bytes from its beginning, unpacked if it is packed.
pub(super) fn unpacked(mut file: File) -> io::Result<Box<dyn Read>> {
    let packed = is_packed(&mut file)?;
    let reader = BufReader::with_capacity(1 << 16, file);
    Ok(if packed {
        Box::new(MultiGzDecoder::new(reader))
    } else {
        Box::new(reader)
    })
}

/// Whether the file is gzip by its first bytes; rewinds it.
fn is_packed(file: &mut File) -> io::Result<bool> {
    let mut start = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.take(2).read_to_end(&mut start)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(start == [0x1F, 0x8B])
}

fn header(reader: &mut impl Read, path: &Path, what: What) -> Result<Vec<u64>, DataError> {
    let length = 4 + 4 * what.sides;
    let mut bytes = Vec::new();
    let read = reader.take(length as u64).read_to_end(&mut bytes);
    // A packed file torn within its header counts as short, not as unreadable.
    read.or_else(|e| if is_torn(&e) { Ok(0) } else { Err(e) })
        .map_err(|error| damaged(path, error))?;
    let words: Vec<u32> = bytes
        .chunks_exact(4)
        .map(|word| u32::from_be_bytes([word[0], word[1], word[2], word[3]]))
        .collect();
    match words.split_first() {
        Some((&found, _)) if found != what.magic => Err(IdxError::Magic {
            path: path.into(),
            what: what.name,
            found,
            expected: what.magic,
        }
        .into()),
        Some((_, sides)) if sides.len() == what.sides => Ok(sides.iter().map(|s| u64::from(*s)).collect()),
        _ => Err(IdxError::Header {
            path: path.into(),
            expected: length,
            found: bytes.len(),
        }
        .into()),
    }
}

fn is_torn(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::UnexpectedEof
}

/// The length of a body of these sides.
fn checked_length(path: &Path, sides: &[u64], most: u64) -> Result<u64, DataError> {
    let (count, item) = (sides[0], sides[1..].iter().product::<u64>());
    // The sides are below 2^32 and at most two: their product fits.
    match count.checked_mul(item) {
        Some(length @ 1..) if item <= most => Ok(length),
        _ => {
            let side = |i: usize| sides.get(i).copied().unwrap_or(1);
            Err(IdxError::Shape {
                path: path.into(),
                count,
                height: side(1),
                width: side(2),
            }
            .into())
        }
    }
}

/// Unpacks at most one byte more than expected; returns the bytes and their number.
fn unpack(path: &Path, mut reader: impl Read, expected: u64, memory: u64) -> Result<(Store, u64), DataError> {
    let mut chunk = vec![0; 1 << 16];
    let mut held = Vec::new();
    let mut spilled: Option<File> = None;
    let mut found = 0;
    while found <= expected {
        let n = match reader.read(&mut chunk) {
            Ok(0) => break,
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) if is_torn(&e) => break,
            Err(e) => return Err(damaged(path, e)),
        };
        found += n as u64;
        if spilled.is_none() && found > memory {
            let mut file = tempfile::tempfile().map_err(DataError::Spool)?;
            file.write_all(&std::mem::take(&mut held))
                .map_err(DataError::Spool)?;
            spilled = Some(file);
        }
        match &mut spilled {
            Some(file) => file.write_all(&chunk[..n]).map_err(DataError::Spool)?,
            None => held.extend_from_slice(&chunk[..n]),
        }
    }
    let store = match spilled {
        Some(file) => Store::File {
            file: Mutex::new(file),
            start: 0,
        },
        None => Store::Memory(held),
    };
    Ok((store, found))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "tests lay out files as they like")]

    use super::*;
    use flate2::{Compression, write::GzEncoder};

    fn idx(magic: u32, sides: &[u32], body: &[u8]) -> Vec<u8> {
        let words = [&[magic], sides].concat();
        [
            words.iter().flat_map(|word| word.to_be_bytes()).collect(),
            body.to_vec(),
        ]
        .concat()
    }

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn open(bytes: &[u8], memory: u64) -> Result<(Body, Vec<u64>), DataError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, bytes).unwrap();
        Body::open(&path, IMAGES, memory, 1 << 24)
    }

    #[test]
    fn plain_packed_and_spilled_bodies_read_the_same() {
        let body: Vec<u8> = (0..24).collect();
        let plain = idx(IMAGES.magic, &[4, 2, 3], &body);
        for (bytes, memory) in [(plain.clone(), 0), (packed(&plain), 1000), (packed(&plain), 10)] {
            let (body, sides) = open(&bytes, memory).unwrap();
            assert_eq!(sides, [4, 2, 3]);
            assert_eq!(body.read(6, 6).unwrap(), [6, 7, 8, 9, 10, 11]);
            let spilled = matches!(body.store, Store::File { .. });
            assert_eq!(spilled, memory < 24);
        }
    }

    #[test]
    fn every_length_but_the_promised_one_is_an_error() {
        for n in [0, 23, 25, 100_000] {
            let bytes = idx(IMAGES.magic, &[4, 2, 3], &vec![7; n]);
            for bytes in [bytes.clone(), packed(&bytes)] {
                let error = open(&bytes, 1 << 20).unwrap_err();
                assert!(
                    matches!(error, DataError::Idx(IdxError::Length { expected: 24, .. })),
                    "{n}: {error}"
                );
            }
        }
    }

    #[test]
    fn a_file_cut_anywhere_is_an_error() {
        let plain = idx(IMAGES.magic, &[4, 2, 3], &(0..24).collect::<Vec<_>>());
        for bytes in [plain.clone(), packed(&plain)] {
            // A packed file ends in an end mark and 8 bytes of checksum: its content is complete without them.
            for cut in 0..bytes.len() - 10 {
                assert!(
                    open(&bytes[..cut], 1000).is_err(),
                    "cut at {cut} of {}",
                    bytes.len()
                );
            }
        }
    }

    #[test]
    fn a_wrong_magic_and_impossible_sides_are_named() {
        let error = open(&idx(0x0801, &[4, 2, 3], &[]), 0).unwrap_err().to_string();
        assert!(
            error.ends_with("begins with 0x00000801; idx pictures begin with 0x00000803"),
            "{error}"
        );
        for sides in [[u32::MAX; 3], [0, 2, 3], [4, 0, 3], [1, 100_000, 100_000]] {
            let error = open(&idx(IMAGES.magic, &sides, &[]), 0).unwrap_err();
            assert!(matches!(error, DataError::Idx(IdxError::Shape { .. })), "{error}");
        }
        let huge = open(&idx(IMAGES.magic, &[u32::MAX, 28, 28], &[]), 0).unwrap_err();
        assert!(
            matches!(huge, DataError::Idx(IdxError::Length { found: 0, .. })),
            "{huge}"
        );
    }
}
