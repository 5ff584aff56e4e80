//! The text of a file: unpacked, and as UTF-8, so that any part of it can be read by its position.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE, WINDOWS_1252};

use crate::error::DataError;
use crate::source::packed::unpacked;

/// Bytes read at a time.
const BLOCK: usize = 1 << 20;
/// From so many bytes at its start the encoding of a text is told.
const HEAD: u64 = 1024;

/// A file of UTF-8 text that can be read from any place, from any thread.
#[derive(Debug)]
pub(in crate::source) struct Plain {
    path: PathBuf,
    file: Mutex<File>,
    /// Where the text begins: after a byte order mark.
    start: u64,
    /// Where the file ends.
    end: u64,
    /// Whether a byte order mark names its encoding.
    pub(in crate::source) marked: bool,
    /// A note on the encoding.
    pub(in crate::source) note: Option<String>,
}

/// Reads a text from its start; others may read it meanwhile.
struct Cursor<'a> {
    text: &'a Plain,
    at: u64,
}

impl Read for Cursor<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        let mut file = self.text.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(self.at))?;
        let len = file.read(bytes)?;
        self.at += len as u64;
        Ok(len)
    }
}

impl Plain {
    /// # Errors
    /// I/O errors, and [`DataError::Encoding`] for text of no or of several encodings.
    pub(in crate::source) fn open(path: &Path) -> Result<Self, DataError> {
        let mut file = unpacked(path)?;
        let mut head = Vec::new();
        Read::take(&mut file, HEAD)
            .read_to_end(&mut head)
            .and_then(|_| file.seek(SeekFrom::Start(0)))
            .map_err(DataError::reading(path))?;
        let marked = Encoding::for_bom(&head).map(|(encoding, _)| encoding);
        let (encoding, start) = match marked {
            Some(encoding) if encoding == UTF_16LE || encoding == UTF_16BE => (Some(encoding), 0),
            Some(_) => (None, 3),
            None => (wide(&head), 0),
        };
        let encoding = match encoding {
            Some(encoding) => Some(encoding),
            None => latin(path, &mut file)?.then_some(WINDOWS_1252),
        };
        let note = encoding.map(|encoding| format!("the text is {}-encoded", encoding.name()));
        if let Some(encoding) = encoding {
            file = recoded(path, &mut file, encoding)?;
        }
        let end = file.seek(SeekFrom::End(0)).map_err(DataError::reading(path))?;
        Ok(Self {
            path: path.to_path_buf(),
            file: Mutex::new(file),
            start,
            end,
            marked: marked.is_some(),
            note,
        })
    }

    /// A reader from the start of the text.
    pub(in crate::source) fn reader(&self) -> impl Read {
        Cursor {
            text: self,
            at: self.start,
        }
    }

    /// Leaves out so many bytes at the start.
    pub(in crate::source) fn skip(&mut self, bytes: usize) {
        self.start += bytes as u64;
    }

    /// Whether the text ends at `offset`.
    pub(in crate::source) fn ends_at(&self, offset: u64) -> bool {
        self.start + offset >= self.end
    }

    /// The last bytes of the text, at most so many, and where they begin.
    pub(in crate::source) fn tail(&self, most: u64) -> Result<(u64, Vec<u8>), DataError> {
        let all = self.end.saturating_sub(self.start);
        let len = all.min(most);
        Ok((all - len, self.part(all - len, len as usize)?))
    }

    /// The `len` bytes at `offset` of the text.
    pub(in crate::source) fn part(&self, offset: u64, len: usize) -> Result<Vec<u8>, DataError> {
        let mut bytes = vec![0; len];
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(self.start + offset))
            .and_then(|_| file.read_exact(&mut bytes))
            .map_err(DataError::reading(&self.path))?;
        Ok(bytes)
    }
}

/// UTF-16 without a mark, which a text is that has zeros in nearly every second byte and nowhere else.
fn wide(head: &[u8]) -> Option<&'static Encoding> {
    let zeros = |from: usize| {
        head.iter()
            .skip(from)
            .step_by(2)
            .filter(|byte| **byte == 0)
            .count()
    };
    let (even, odd, most) = (zeros(0), zeros(1), head.len() * 2 / 5);
    match (even, odd) {
        (0, odd) if odd > most => Some(UTF_16LE),
        (even, 0) if even > most => Some(UTF_16BE),
        _ => None,
    }
}

/// Whether the text is Latin-1 (Windows-1252); a text that is neither that nor UTF-8 is an error. Rewinds the file.
fn latin(path: &Path, file: &mut File) -> Result<bool, DataError> {
    let mut lines = BufReader::with_capacity(BLOCK, &mut *file);
    let (mut utf8, mut other, mut line) = (false, None, 1);
    let mut carried = Vec::new();
    loop {
        let block = lines.fill_buf().map_err(DataError::reading(path))?;
        if block.is_empty() {
            break;
        }
        let len = block.len();
        carried.extend_from_slice(block);
        lines.consume(len);
        let bad = judge(&mut carried, &mut line, &mut utf8);
        if let (None, Some(line)) = (other, bad) {
            other = Some(line);
        }
    }
    if other.is_none() && !carried.is_empty() {
        other = Some(line);
    }
    file.seek(SeekFrom::Start(0)).map_err(DataError::reading(path))?;
    match other {
        Some(line) if utf8 => Err(DataError::Encoding {
            path: path.to_path_buf(),
            line,
        }),
        other => Ok(other.is_some()),
    }
}

/// Whether there is UTF-8 beyond ASCII, and the first line with other bytes. Keeps the start of an incomplete character.
fn judge(bytes: &mut Vec<u8>, line: &mut u64, utf8: &mut bool) -> Option<u64> {
    let newlines = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
    let (mut bad, mut at) = (None, 0);
    loop {
        let rest = &bytes[at..];
        let error = match std::str::from_utf8(rest) {
            Ok(text) => {
                *utf8 |= !text.is_ascii();
                *line += newlines(rest);
                bytes.clear();
                return bad;
            }
            Err(error) => error,
        };
        let valid = &rest[..error.valid_up_to()];
        *utf8 |= !valid.is_ascii();
        *line += newlines(valid);
        at += valid.len();
        match error.error_len() {
            None => {
                bytes.drain(..at);
                return bad;
            }
            Some(len) => {
                bad = bad.or(Some(*line));
                at += len;
            }
        }
    }
}

/// The text as UTF-8 in a temporary file.
fn recoded(path: &Path, file: &mut File, encoding: &'static Encoding) -> Result<File, DataError> {
    let mut plain = tempfile::tempfile().map_err(DataError::Spool)?;
    let mut decoder = encoding.new_decoder_with_bom_removal();
    let (mut block, mut text) = (vec![0; BLOCK], String::with_capacity(4 * BLOCK));
    loop {
        let len = file.read(&mut block).map_err(DataError::reading(path))?;
        // Four times the input always holds the output: no byte becomes more than three.
        let (_, _, _) = decoder.decode_to_string(&block[..len], &mut text, len == 0);
        plain.write_all(text.as_bytes()).map_err(DataError::Spool)?;
        text.clear();
        if len == 0 {
            plain.seek(SeekFrom::Start(0)).map_err(DataError::Spool)?;
            return Ok(plain);
        }
    }
}
