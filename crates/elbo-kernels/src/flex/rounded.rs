//! Matrix products whose factors are rounded to bf16, through the register tiles.

use std::ops::Range;

use rayon::prelude::*;

use super::{
    gemm::{Matrix, build},
    tiles::{Element, Pair, Panels, Product, Tap, tile_width},
};

/// Multiplications that are worth a thread of their own: some 10 µs.
const WORK_PER_PIECE: usize = 1 << 21;
/// Rows of a piece are a multiple of this: tiles of the widest vectors have so many.
const TILE_ROWS: usize = 12;
/// Pieces at most.
const MAX_PIECES: usize = 8;

/// a b in parallel, each row of it handed to `finish` while it is warm. Sums are f32.
pub(super) fn product(a: Matrix, b: Matrix, finish: impl Fn(Range<usize>, &mut [f32]) + Sync) -> Vec<f32> {
    let (m, n, k) = (a.rows(), b.cols(), a.cols());
    if k == 0 {
        let mut sums = vec![0.0; m * n];
        sums.chunks_exact_mut(n.max(1)).for_each(|row| finish(0..n, row));
        return sums;
    }
    let (left, right) = (Left::pack(a), pack_right(b));
    let to: Vec<usize> = (0..m).map(|row| row * n).collect();
    let tap = Tap {
        from: 0,
        row: 0,
        len: k.div_ceil(2),
    };
    let worthwhile = WORK_PER_PIECE.div_ceil((n * k).max(1));
    let rows = worthwhile.max(m.div_ceil(MAX_PIECES)).next_multiple_of(TILE_ROWS);
    build(m * n, rows * n, |index, out| {
        let count = out.len() / n.max(1);
        Product {
            a: &left.pairs,
            from: &left.rows[index * rows..][..count],
            step: left.step,
            taps: &[tap],
            b: &right,
            bias: None,
            relu: false,
            to: &to[..count],
            out,
        }
        .run();
        // SAFETY: `to` leads to every row of this piece, and the product writes each whole.
        #[allow(unsafe_code)]
        let out = unsafe { out.assume_init_mut() };
        out.chunks_exact_mut(n.max(1)).for_each(|row| finish(0..n, row));
        out
    })
}

/// The left side: pairs of neighbours along a row.
struct Left {
    pairs: Vec<Pair>,
    /// Where each row starts.
    rows: Vec<usize>,
    /// How far the pairs of a row lie apart.
    step: usize,
}

impl Left {
    fn pack(a: Matrix) -> Self {
        let (m, pairs) = (a.rows(), a.cols().div_ceil(2));
        match a.memory() {
            (values, true) => Self {
                pairs: Pair::rows(values, a.cols()).into_owned(),
                rows: (0..m).map(|row| row * pairs).collect(),
                step: 1,
            },
            (values, false) => Self {
                pairs: columns(values, m),
                rows: (0..m).collect(),
                step: m,
            },
        }
    }
}

/// Rows of pairs in a piece of packing.
const PACKED_ROWS: usize = 16;

/// Each two rows of `width` numbers as one row of pairs.
fn columns(values: &[f32], width: usize) -> Vec<Pair> {
    let width = width.max(1);
    let mut pairs = vec![Pair::default(); values.len().div_ceil(2 * width) * width];
    let pieces = pairs.par_chunks_mut(PACKED_ROWS * width);
    let values = values.par_chunks(2 * PACKED_ROWS * width);
    pieces.zip(values).for_each(|(out, values)| {
        let rows = values.chunks(2 * width).map(|both| {
            let (first, second) = both.split_at(width);
            (first, (!second.is_empty()).then_some(second))
        });
        Pair::combine(rows, width, out);
    });
    pairs
}

fn pack_right(b: Matrix) -> Panels<Pair> {
    let (k, n) = (b.rows(), b.cols());
    let pairs = k.div_ceil(2);
    match b.memory() {
        (values, true) => Panels::combine([pairs, n], |i| {
            let row = |row| &values[row * n..][..n];
            (row(2 * i), (2 * i + 1 < k).then(|| row(2 * i + 1)))
        }),
        (values, false) => {
            let rows = Pair::rows(values, k);
            Panels::pack([pairs, n], tile_width(), |i, columns, out| {
                let column = rows[columns.start * pairs + i..].iter().step_by(pairs);
                out.iter_mut().zip(column).for_each(|(out, pair)| *out = *pair);
            })
        }
    }
}
