//! A writer that keeps its first error: libraries put it into texts of their own, which do not tell that the disk is
//! full.

use std::io::{self, Write};

use crate::error::Cause;

/// Hands on all that is written.
pub(super) struct Kept<W> {
    inner: W,
    error: Option<io::Error>,
}

/// Lets `write` write to `file`; where that fails because the file does, the error is the file's own.
pub(super) fn kept<W>(file: W, write: impl FnOnce(&mut Kept<W>) -> Result<(), Cause>) -> Result<(), Cause> {
    let mut kept = Kept {
        inner: file,
        error: None,
    };
    match (write(&mut kept), kept.error) {
        (Err(_), Some(error)) => Err(error.into()),
        (done, _) => done,
    }
}

impl<W> Kept<W> {
    fn keep<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        result.map_err(|error| {
            let text = io::Error::new(error.kind(), error.to_string());
            self.error.get_or_insert(error);
            text
        })
    }
}

impl<W: Write> Write for Kept<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let result = self.inner.write(bytes);
        self.keep(result)
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = self.inner.flush();
        self.keep(result)
    }
}
