//! Rows in chunks of one size, through encoder and decoder alike.
//!
//! A matrix product may add in another order when it has another number of rows. Every chunk is
//! filled up to the same size, so what becomes of a row depends on that row alone.

use elbo_data::{Column, Numbers, Values};

/// Rows that go through a network at a time.
pub(crate) const CHUNK: usize = 64;

/// The chunks of `n` rows: where each starts, and how many of its rows are wanted.
pub(crate) fn chunks(n: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..n)
        .step_by(CHUNK)
        .map(move |start| (start, CHUNK.min(n - start)))
}

/// `rows` values of each column from `start`, filled up to a chunk with "not given".
pub(crate) fn filled(columns: &[Column], start: usize, rows: usize) -> Vec<Column> {
    fn part<T: Clone>(values: &[T], width: usize, start: usize, rows: usize, filler: T) -> Vec<T> {
        let mut part = values[start * width..(start + rows) * width].to_vec();
        part.resize(CHUNK * width, filler);
        part
    }
    let fill = |column: &Column| Column {
        values: match &column.values {
            Values::Image(pixels) => {
                let width = pixels.len() / column.given.len().max(1);
                Values::Image(part(pixels, width, start, rows, 0))
            }
            Values::Category(codes) => Values::Category(part(codes, 1, start, rows, 0)),
            Values::Flag(flags) => Values::Flag(part(flags, 1, start, rows, 0)),
            Values::Number(numbers) => Values::Number(Numbers {
                value: part(&numbers.value, 1, start, rows, 0.0),
                z: part(&numbers.z, 1, start, rows, 0.0),
                bins: part(&numbers.bins, 1, start, rows, 0),
            }),
            Values::Text(texts) => Values::Text(part(texts, 1, start, rows, Vec::new())),
        },
        given: part(&column.given, 1, start, rows, false),
    };
    columns.iter().map(fill).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_cover_every_row_once() {
        assert_eq!(chunks(0).count(), 0);
        for n in [1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK] {
            let covered: Vec<_> = chunks(n).flat_map(|(start, rows)| start..start + rows).collect();
            assert_eq!(covered, (0..n).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_chunk_is_full_whatever_is_left() {
        let pictures = Column {
            values: Values::Image(vec![1, 2, 3, 4, 5, 6]),
            given: vec![true; 3],
        };
        let filled = filled(&[pictures], 1, 2).remove(0);
        let Values::Image(pixels) = filled.values else {
            panic!("still pictures")
        };
        assert_eq!((&pixels[..5], pixels.len()), (&[3, 4, 5, 6, 0][..], 2 * CHUNK));
        assert_eq!(filled.given.iter().filter(|given| **given).count(), 2);
    }
}
