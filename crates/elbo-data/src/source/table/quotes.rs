//! Which columns of a file have quotes around their cells, also where they need none.

use crate::kind::is_missing;
use crate::layout::Quotes;

/// So many rows are looked at.
const ROWS: usize = 100;

/// A cell with whether quotes stand around it.
#[derive(Debug, Default)]
struct Cell {
    text: Vec<u8>,
    quoted: bool,
}

/// The quotes of so many columns, from the first rows of a text; `header`: whether the first names the columns.
pub(super) fn of_columns(head: &[u8], delimiter: u8, header: bool, columns: usize) -> Vec<Quotes> {
    let rows = rows(head, delimiter);
    let (first, rest) = rows.split_at(usize::from(header).min(rows.len()));
    let at = |rows: &[Vec<Cell>], column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        let told = cells.filter(|cell| !is_missing(&String::from_utf8_lossy(&cell.text)) || cell.quoted);
        let (mut some, mut all) = (false, true);
        told.for_each(|cell| {
            some = true;
            all &= cell.quoted;
        });
        some && all
    };
    let of_column = |column| Quotes {
        header: at(first, column),
        cells: at(rest, column),
    };
    (0..columns).map(of_column).collect()
}

/// The cells of the first rows that end within the text.
fn rows(head: &[u8], delimiter: u8) -> Vec<Vec<Cell>> {
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), Cell::default());
    let (mut open, mut started) = (false, false);
    let mut bytes = head.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' if open && bytes.next_if_eq(&b'"').is_some() => cell.text.push(byte),
            b'"' if open => open = false,
            b'"' if !started => (open, cell.quoted) = (true, true),
            _ if open => cell.text.push(byte),
            b'\n' | b'\r' if row.is_empty() && !started => continue,
            b'\n' => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
                started = false;
                if rows.len() > ROWS {
                    break;
                }
                continue;
            }
            b'\r' => continue,
            _ if byte == delimiter => {
                row.push(std::mem::take(&mut cell));
                started = false;
                continue;
            }
            _ => cell.text.push(byte),
        }
        started = true;
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_has_quotes_where_all_its_words_have_them() {
        let of = |head: &str| {
            let quotes = of_columns(head.as_bytes(), b',', true, 4);
            let marks = quotes.iter().map(|quotes| match (quotes.header, quotes.cells) {
                (true, true) => "both",
                (true, false) => "header",
                (false, true) => "cells",
                (false, false) => "-",
            });
            marks.collect::<Vec<_>>().join(" ")
        };
        // As R writes tables: row names, numbers and words, with NA.
        let r = "\"\",\"mpg\",\"name\",\"n\"\r\n\"1\",21,\"a \"\"b\"\"\",NA\r\n\"2\",22.8,NA,3\r\n";
        assert_eq!(of(r), "both header both header");
        assert_eq!(of("a,b,c,d\nx,\"x,y\",1,\n\"z\",\"p\nq\",2,\n"), "- cells - -");
        assert_eq!(of("a,b,c,d\n"), "- - - -");
    }
}
