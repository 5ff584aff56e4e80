//! The rows of a table as lines of text, with quotes around the cells that need them, and around those of columns that
//! have them in their file.

use std::io::{self, Write};

use arrow::array::{Array, AsArray, StringArray};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;

use crate::column::as_texts;
use crate::kind::missing_word;
use crate::layout::{Layout, Quotes, header_of};

/// Writes rows of cells.
pub(super) struct Lines<W> {
    file: W,
    separator: u8,
    end: &'static [u8],
}

impl<W: Write> Lines<W> {
    pub(super) fn new(file: W, layout: Layout) -> Self {
        Self {
            file,
            separator: layout.delimiter(),
            end: if layout.crlf { b"\r\n" } else { b"\n" },
        }
    }

    /// What stands above the columns.
    pub(super) fn header(&mut self, schema: &SchemaRef) -> io::Result<()> {
        let mut line = Vec::new();
        for (place, field) in schema.fields().iter().enumerate() {
            self.cell(&mut line, place, header_of(field), Quotes::of(field).header);
        }
        self.end(line, schema.fields().len())
    }

    /// The rows of a batch, each null as the word that its column has for it.
    pub(super) fn rows(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        let schema = batch.schema();
        let texts = batch.columns().iter().map(as_texts);
        let texts = texts.collect::<Result<Vec<_>, _>>()?;
        let columns: Vec<(&StringArray, &str, bool)> = texts
            .iter()
            .zip(schema.fields())
            .map(|(texts, field)| {
                let word = missing_word(field).unwrap_or_default();
                (texts.as_string::<i32>(), word, Quotes::of(field).cells)
            })
            .collect();
        let mut line = Vec::new();
        for row in 0..batch.num_rows() {
            for (place, (texts, word, quoted)) in columns.iter().enumerate() {
                match texts.is_valid(row) {
                    true => self.cell(
                        &mut line,
                        place,
                        texts.value(row),
                        *quoted && texts.value(row) != *word,
                    ),
                    false => self.cell(&mut line, place, word, false),
                }
            }
            self.end(std::mem::take(&mut line), columns.len())?;
        }
        Ok(())
    }

    /// Adds a cell to a line.
    fn cell(&self, line: &mut Vec<u8>, place: usize, text: &str, quoted: bool) {
        if place > 0 {
            line.push(self.separator);
        }
        let special = |byte: u8| byte == self.separator || matches!(byte, b'"' | b'\n' | b'\r');
        if !quoted && !text.bytes().any(special) {
            return line.extend_from_slice(text.as_bytes());
        }
        line.push(b'"');
        for byte in text.bytes() {
            line.extend_from_slice(if byte == b'"' {
                b"\"\""
            } else {
                std::slice::from_ref(&byte)
            });
        }
        line.push(b'"');
    }

    /// Ends a line of so many cells; one of a single empty cell has quotes, for nobody reads an empty line as a row.
    fn end(&mut self, mut line: Vec<u8>, cells: usize) -> io::Result<()> {
        if line.is_empty() && cells == 1 {
            line.extend_from_slice(b"\"\"");
        }
        line.extend_from_slice(self.end);
        self.file.write_all(&line)
    }
}
