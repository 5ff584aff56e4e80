//! Packed files (.gz, .zst): unpacked within limits, so that a small file made to fill the disk cannot do so.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use crate::error::DataError;

/// The most bytes that a file may unpack to.
const MOST: u64 = 64 << 30;
/// Up to so many bytes a file may unpack to any multiple of its size, and beyond to so many times its size.
const UNCHECKED: u64 = 1 << 30;
const TIMES: u64 = 1000;
/// Bytes unpacked at a time.
const BLOCK: usize = 1 << 16;

/// The first bytes of files that are packed, whatever their names say.
const GZIP: &[u8] = b"\x1f\x8b";
const ZSTANDARD: &[u8] = b"\x28\xb5\x2f\xfd";
const ZIP: &[u8] = b"PK\x03\x04";

/// The file itself, or what it unpacks to, in a temporary file without a name.
///
/// # Errors
/// I/O errors, [`DataError::Archive`], [`DataError::Damaged`] for a damaged file, and [`DataError::Unpacked`] for one that unpacks to more than
/// 64 GiB, or to more than 1 GiB and 1,000 times its size.
pub(super) fn unpacked(path: &Path) -> Result<File, DataError> {
    let mut file = File::open(path).map_err(DataError::reading(path))?;
    let size = file.metadata().map_err(DataError::reading(path))?.len();
    let start = start_of(&mut file).map_err(DataError::reading(path))?;
    let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
    let named = |name: &str| extension.to_str() == Some(name);
    let reader: Box<dyn Read> = if named("gz") || start.starts_with(GZIP) {
        Box::new(flate2::read::MultiGzDecoder::new(BufReader::new(file)))
    } else if named("zst") || start.starts_with(ZSTANDARD) {
        Box::new(zstd::Decoder::new(file).map_err(|error| damaged(path, error))?)
    } else if start.starts_with(ZIP) {
        return Err(DataError::Archive { path: path.into() });
    } else {
        return Ok(file);
    };
    unpack(path, reader, Limit::of(size))
}

/// The first four bytes of a file, or fewer; it is then at its start again.
fn start_of(file: &mut File) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    Read::take(&mut *file, 4).read_to_end(&mut start)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(start)
}

/// Whether a file is an archive of others, as those of spreadsheets are.
pub(super) fn is_archive(path: &Path) -> bool {
    File::open(path)
        .and_then(|mut file| start_of(&mut file))
        .is_ok_and(|start| start.starts_with(ZIP))
}

/// The most bytes that a file may unpack to, and the same in words.
#[derive(Clone, Copy, Debug)]
struct Limit(u64, &'static str);

impl Limit {
    /// Of a file of so many bytes.
    fn of(size: u64) -> Self {
        match size.saturating_mul(TIMES).max(UNCHECKED) {
            most if most < MOST => Self(most, "1 GiB and 1,000 times its size"),
            _ => Self(MOST, "64 GiB"),
        }
    }
}

fn unpack(path: &Path, mut reader: impl Read, limit: Limit) -> Result<File, DataError> {
    let mut plain = tempfile::tempfile().map_err(DataError::Spool)?;
    let (mut block, mut total) = (vec![0; BLOCK], 0);
    loop {
        let len = match reader.read(&mut block) {
            Ok(0) => break,
            Ok(len) => len,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(damaged(path, error)),
        };
        total += len as u64;
        if total > limit.0 {
            return Err(DataError::Unpacked {
                path: path.to_path_buf(),
                limit: limit.1,
            });
        }
        plain.write_all(&block[..len]).map_err(DataError::Spool)?;
    }
    plain.seek(SeekFrom::Start(0)).map_err(DataError::Spool)?;
    Ok(plain)
}

/// What is wrong with a packed file that cannot be unpacked further; an error of the system stays one.
pub(super) fn damaged(path: &Path, error: io::Error) -> DataError {
    if error.raw_os_error().is_some() {
        return DataError::reading(path)(error);
    }
    let text = error.to_string();
    let reason = match error.kind() {
        io::ErrorKind::UnexpectedEof => "it ends early",
        _ if text.contains("checksum") => "its checksum is wrong",
        _ if text.contains("header") || text.contains("frame") => "it is not packed as its name says",
        _ => "it cannot be unpacked to its end",
    };
    DataError::Damaged {
        path: path.to_path_buf(),
        reason,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "tests lay out files as they like")]

    use super::*;

    fn gz(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn opened(name: &str, bytes: &[u8]) -> Result<String, DataError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let mut text = String::new();
        unpacked(&path)?.read_to_string(&mut text).unwrap();
        Ok(text)
    }

    #[test]
    fn damaged_files_are_the_users_errors() {
        let text = "a,b\n".repeat(100);
        let mut wrong = gz(text.as_bytes());
        let checksum = wrong.len() - 8;
        wrong[checksum] ^= 1;
        let packed = gz(text.as_bytes());
        let zst = zstd::encode_all(text.as_bytes(), 1).unwrap();
        assert_eq!(opened("a.csv.gz", &packed).unwrap(), text);
        assert_eq!(opened("a.csv.ZST", &zst).unwrap(), text);
        // The name need not say that a file is packed.
        assert_eq!(opened("a.csv", &packed).unwrap(), text);
        assert_eq!(opened("a.csv", &zst).unwrap(), text);
        let archive = opened("a.csv", b"PK\x03\x04 and more").unwrap_err();
        assert!(matches!(archive, DataError::Archive { .. }) && archive.hint().is_some());
        for (name, bytes, expected) in [
            ("a.csv.gz", &packed[..packed.len() - 12], "ends early"),
            ("a.csv.gz", &wrong, "checksum is wrong"),
            ("a.csv.gz", text.as_bytes(), "not packed as its name says"),
            ("a.csv.zst", &zst[..zst.len() - 2], "ends early"),
            ("a.csv.zst", text.as_bytes(), "not packed as its name says"),
        ] {
            let error = opened(name, bytes).unwrap_err();
            assert!(matches!(error, DataError::Damaged { .. }) && error.hint().is_some());
            assert!(error.to_string().contains(expected), "{error}");
        }
    }

    #[test]
    fn a_file_that_unpacks_without_end_is_given_up() {
        let error = unpack(Path::new("a.gz"), io::repeat(0), Limit(1 << 20, "1 MiB")).unwrap_err();
        assert_eq!(error.to_string(), "`a.gz` unpacks to more than 1 MiB");
        let most = |size| Limit::of(size).0;
        assert_eq!(
            [most(0), most(2 << 20), most(1 << 30)],
            [1 << 30, 2_097_152_000, 64 << 30]
        );
    }
}
