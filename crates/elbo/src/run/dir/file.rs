//! Files read within a limit and written whole.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;

use elbo_data::atomic::{self, Existing};

use crate::error::Error;

/// Opens a file of at most `limit` bytes; returns its length too.
pub(crate) fn open(path: &Path, limit: u64) -> Result<(File, u64), Error> {
    let file = unblocked().read(true).open(path).map_err(Error::reading(path))?;
    let metadata = file.metadata().map_err(Error::reading(path))?;
    if !metadata.is_file() {
        return Err(Error::torn(path, "is not a file"));
    }
    match metadata.len() {
        bytes if bytes > limit => Err(Error::TooLarge {
            file: path.to_path_buf(),
            bytes,
            limit,
        }),
        bytes => Ok((file, bytes)),
    }
}

/// How any file is opened: a pipe that nobody writes to must not stop the program.
fn unblocked() -> OpenOptions {
    #[allow(unused_mut, reason = "other systems have no such flags")]
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK);
    options
}

/// How a file of a run is opened to be written: a link is not followed.
pub(crate) fn own() -> OpenOptions {
    #[allow(unused_mut, reason = "other systems have no such flags")]
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NOFOLLOW | libc::O_NONBLOCK);
    options
}

/// The text of a file of at most `limit` bytes.
pub(crate) fn read_text(path: &Path, limit: u64) -> Result<String, Error> {
    let (file, _) = open(path, limit)?;
    let mut bytes = Vec::new();
    file.take(limit)
        .read_to_end(&mut bytes)
        .map_err(Error::reading(path))?;
    String::from_utf8(bytes).map_err(|_| Error::torn(path, "is not text"))
}

/// Replaces a file as a whole.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    Ok(atomic::write(path, Existing::Replace, |file| {
        file.write_all(bytes)
    })?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "tests lay out files as they like")]

    use super::*;

    #[test]
    fn a_file_over_the_limit_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write(&path, b"12345").unwrap();
        assert_eq!(read_text(&path, 5).unwrap(), "12345");
        let error = read_text(&path, 4).unwrap_err();
        assert!(
            error.to_string().ends_with("has 5 bytes; at most 4 are read"),
            "{error}"
        );
    }

    #[test]
    fn bytes_that_are_no_text_and_folders_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write(&path, &[0xff, 0xfe]).unwrap();
        assert!(
            read_text(&path, 9)
                .unwrap_err()
                .to_string()
                .ends_with("is not text")
        );
        assert!(read_text(folder.path(), 9).is_err());
        assert!(matches!(
            read_text(&folder.path().join("b"), 9),
            Err(Error::Read { .. })
        ));
    }
}
