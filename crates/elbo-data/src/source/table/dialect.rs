//! The layout of a table: the separator of its cells, and whether its first line names the columns.

use std::collections::HashSet;
use std::io::Read;
use std::path::Path;

use super::csv::reader;
use super::header::is_header;
use super::preamble::Preamble;
use super::quotes;
use crate::error::DataError;
use crate::layout::Quotes;
use crate::options::OpenOptions;
use crate::source::counted;

/// The layout is found from so many bytes.
const LOOKED_AT: u64 = 1 << 18;
/// The layout is found from so many rows.
const ROWS: usize = 100;
/// The most columns of a table.
pub(in crate::source) const MAX_COLUMNS: usize = 10_000;

/// The layout of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) delimiter: u8,
    /// Whether lines end as on Windows.
    pub(super) crlf: bool,
    /// Whether the first line names the columns.
    pub(super) header: bool,
    pub(super) names: Vec<String>,
    /// What stands above the columns, with the blanks around it; nothing without a header.
    pub(super) headers: Vec<String>,
    pub(super) quotes: Vec<Quotes>,
    /// What stands before it.
    pub(super) preamble: Preamble,
    /// Notes on the names.
    pub(super) notes: Vec<String>,
}

impl Dialect {
    /// # Errors
    /// A zero byte, an empty table, a column without a name or named twice, more than 10,000 columns.
    pub(super) fn detect(
        path: &Path,
        text: impl Read,
        tabs: bool,
        options: &OpenOptions,
    ) -> Result<Self, DataError> {
        let mut head = Vec::new();
        text.take(LOOKED_AT)
            .read_to_end(&mut head)
            .map_err(DataError::reading(path))?;
        if let Some(zero) = head.iter().position(|byte| *byte == 0) {
            let before = head[..zero].iter().filter(|byte| **byte == b'\n').count();
            return Err(DataError::NotAText {
                path: path.to_path_buf(),
                line: before as u64 + 1,
            });
        }
        let preamble = Preamble::of(&head);
        let head = &head[preamble.bytes..];
        let candidates = match preamble.separator {
            Some(separator) => vec![separator],
            None if tabs && head.contains(&b'\t') => vec![b'\t'],
            None => b",;\t|".to_vec(),
        };
        let rows = candidates
            .iter()
            .map(|delimiter| (*delimiter, untitled(head, *delimiter, options)));
        let (delimiter, (titles, rows)) = rows
            .max_by_key(|(delimiter, (titles, rows))| {
                let (alike, width) = agreement(rows);
                // A header that is split as the rows are is no title: `name;notes` above `a, b, c;1`.
                (alike, *titles == 0, width, *delimiter == b',')
            })
            .unwrap_or_default();
        let preamble = preamble.with(&head[..titles]);
        let head = &head[titles..];
        let Some(first) = rows.first() else {
            return Err(empty(path, "columns"));
        };
        if first.len() > MAX_COLUMNS {
            return Err(DataError::TooManyColumns {
                path: path.to_path_buf(),
                found: first.len(),
                most: MAX_COLUMNS,
            });
        }
        let header = is_header(&rows, options);
        let crlf = head
            .split(|byte| *byte == b'\n')
            .next()
            .is_some_and(|line| line.ends_with(b"\r"));
        let first = &first[..named(&rows)];
        let mut notes = Vec::new();
        if preamble.lines > 0 {
            let lines = counted(preamble.lines as usize, "line");
            notes.push(format!("left out before the header: {lines}"));
        }
        let mut headers = Vec::new();
        let names = if header {
            headers.extend(first_row(head, delimiter).into_iter().take(first.len()));
            if headers.iter().any(|header| header.trim().len() < header.len()) {
                notes.push("blanks around the names of columns are left out".to_owned());
            }
            names(path, first, &mut notes)?
        } else {
            notes.push(
                "the first line holds values, not names: the columns are called `column_1` and so on"
                    .to_owned(),
            );
            (1..=first.len())
                .map(|position| format!("column_{position}"))
                .collect()
        };
        Ok(Self {
            delimiter,
            crlf,
            header,
            names,
            headers,
            quotes: quotes::of_columns(head, delimiter, header, first.len()),
            preamble,
            notes,
        })
    }
}

pub(super) fn empty(path: &Path, what: &'static str) -> DataError {
    DataError::EmptyTable {
        path: path.to_path_buf(),
        what,
    }
}

/// The first rows, each with the place where it begins.
fn rows(head: &[u8], delimiter: u8) -> Vec<(usize, Vec<String>)> {
    let mut reader = reader(delimiter, head);
    let cells = |row: csv::ByteRecord| {
        let start = row.position().map_or(0, |position| position.byte() as usize);
        let cells = row
            .iter()
            .map(|cell| String::from_utf8_lossy(cell).trim().to_owned());
        (start, cells.collect())
    };
    reader.byte_records().take(ROWS).flatten().map(cells).collect()
}

/// The cells of the first row, with the blanks around them.
fn first_row(head: &[u8], delimiter: u8) -> Vec<String> {
    let mut row = csv::ByteRecord::new();
    let read = reader(delimiter, head).read_byte_record(&mut row);
    let cells = row.iter().filter(|_| read.is_ok());
    cells
        .map(|cell| String::from_utf8_lossy(cell).into_owned())
        .collect()
}

/// The bytes of titles, and the rows after them: a title is a line of one cell before a header of several, or of few
/// cells before a header of many, as exports of banks and instruments begin (`Account:;DE12`).
fn untitled(head: &[u8], delimiter: u8, options: &OpenOptions) -> (usize, Vec<Vec<String>>) {
    let rows = rows(head, delimiter);
    let title = |row: &[String]| {
        let alone = row.len() != 2 && row.iter().skip(1).all(String::is_empty);
        alone && row.first().is_some_and(|cell| !cell.is_empty())
    };
    // What stands between bars below a single word is a list more often than a row: `tags` above `a|b`.
    let word = |row: &[String]| delimiter == b'|' && !row.concat().contains(' ');
    let width = usual_width(&rows);
    let few = |row: &[String]| {
        let filled = row
            .iter()
            .rposition(|cell| !cell.is_empty())
            .map_or(0, |last| last + 1);
        let key = filled == 2 && row[0].ends_with(':');
        filled + 2 <= width || (key && filled < width)
    };
    let titles = rows
        .iter()
        .take_while(|(_, row)| (title(row) || few(row)) && !word(row))
        .count();
    let titled = rows.get(titles).filter(|(_, next)| {
        let alike = rows[titles..].iter().filter(|(_, row)| row.len() == next.len());
        let most = alike.count() * 2 > rows.len() - titles;
        let below = || {
            rows[titles..]
                .iter()
                .map(|(_, row)| row.clone())
                .collect::<Vec<_>>()
        };
        next.len() > 1 && most && rows.len() > titles + 1 && is_header(&below(), options)
    });
    let (bytes, titles) = titled.map_or((0, 0), |(start, _)| (*start, titles));
    let rows = rows.into_iter().skip(titles).map(|(_, row)| row);
    (bytes, rows.collect())
}

/// The most frequent number of cells in a row.
fn usual_width(rows: &[(usize, Vec<String>)]) -> usize {
    let mut widths = std::collections::BTreeMap::new();
    for (_, row) in rows {
        *widths.entry(row.len()).or_insert(0) += 1;
    }
    let most = widths.into_iter().max_by_key(|(_, times)| *times);
    most.map_or(0, |(width, _)| width)
}

/// How many columns there are, without those at the end that have no name and are empty everywhere.
fn named(rows: &[Vec<String>]) -> usize {
    let first = rows.first().map_or(0, Vec::len);
    let empty = |column: usize| {
        rows.iter()
            .all(|row| row.get(column).is_none_or(String::is_empty))
    };
    (1..first)
        .rev()
        .find(|column| !empty(*column))
        .map_or(first.min(1), |last| last + 1)
}

/// How many in a thousand rows are as wide as the first, and how wide that is, if it has several cells.
fn agreement(rows: &[Vec<String>]) -> (usize, usize) {
    let width = rows.first().map_or(0, Vec::len);
    let alike = rows.iter().filter(|row| row.len() == width).count();
    if width > 1 {
        (alike * 1000 / rows.len(), width)
    } else {
        (0, 0)
    }
}

fn names(path: &Path, first: &[String], notes: &mut Vec<String>) -> Result<Vec<String>, DataError> {
    let mut seen = HashSet::new();
    let mut names = Vec::with_capacity(first.len());
    for (position, name) in first.iter().enumerate() {
        let name = match name.as_str() {
            // Many programs leave the corner above their row numbers empty.
            "" if position == 0 && first.len() > 1 => {
                notes.push("the first column has no name and is called `column_1`".to_owned());
                "column_1"
            }
            "" => {
                return Err(DataError::UnnamedColumn {
                    path: path.to_path_buf(),
                    position: position + 1,
                });
            }
            name => name,
        };
        if !seen.insert(name) {
            return Err(DataError::DuplicateColumn {
                path: path.to_path_buf(),
                column: name.to_owned(),
            });
        }
        names.push(name.to_owned());
    }
    Ok(names)
}
