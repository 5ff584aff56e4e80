//! Matrix products through the `gemm` crate, cut by hand into a fixed number of pieces.
//!
//! This file holds `unsafe`: `gemm` takes pointers, pieces of one output interleave in
//! memory when it is cut by columns, and outputs are not zeroed before they are written.

use std::{mem::MaybeUninit, ops::Range};

use burn_flex::FlexTensor;
use gemm::Parallelism;
use rayon::prelude::*;

use super::tensor::{dims, values};

/// A view of numbers as a matrix, by rows or (transposed) by columns.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a> {
    /// Holds element (rows - 1, cols - 1), the farthest one. Kept by every constructor below.
    values: &'a [f32],
    rows: usize,
    cols: usize,
    row_stride: usize,
    col_stride: usize,
}

impl<'a> Matrix<'a> {
    /// `values` row by row.
    pub(super) fn new(values: &'a [f32], rows: usize, cols: usize) -> Self {
        assert_eq!(values.len(), rows * cols, "a {rows} x {cols} matrix");
        Self {
            values,
            rows,
            cols,
            row_stride: cols,
            col_stride: 1,
        }
    }

    /// A contiguous tensor of rank 2.
    pub(super) fn of(t: &'a FlexTensor) -> Self {
        let [rows, cols] = dims(t);
        Self::new(values(t), rows, cols)
    }

    /// The numbers as they lie in memory, and whether that is row by row and not column by column.
    pub(super) fn memory(&self) -> (&'a [f32], bool) {
        (self.values, self.col_stride == 1)
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn cols(&self) -> usize {
        self.cols
    }

    /// The transpose.
    pub(super) fn t(self) -> Self {
        Self {
            rows: self.cols,
            cols: self.rows,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
            ..self
        }
    }

    /// The rows of a non-empty `range`.
    fn row_range(self, range: &Range<usize>) -> Self {
        assert!(range.start < range.end && range.end <= self.rows);
        let start = range.start * self.row_stride;
        Self {
            values: self.values.get(start..).unwrap_or(&[]),
            rows: range.len(),
            ..self
        }
    }

    /// The columns of a range.
    pub(super) fn columns(self, range: &Range<usize>) -> Self {
        match range.is_empty() || self.rows == 0 {
            true => Self {
                cols: range.len(),
                ..self
            },
            false => self.col_range(range),
        }
    }

    /// The columns of a non-empty `range`.
    fn col_range(self, range: &Range<usize>) -> Self {
        self.t().row_range(range).t()
    }
}

/// Where the pieces of a product write.
struct Output(*mut f32);

// SAFETY: threads write through the pointer to disjoint rectangles only (see `product`).
#[allow(unsafe_code)]
unsafe impl Sync for Output {}

/// out = a b.
///
/// # Safety
/// `out` is valid for writes of `a.rows` rows of `b.cols` numbers, `row_stride` apart, that no one
/// else touches meanwhile.
#[allow(unsafe_code)]
unsafe fn multiply(a: Matrix, b: Matrix, out: *mut f32, row_stride: usize) {
    assert_eq!(a.cols, b.rows, "the inner sizes of a product");
    // SAFETY: by `Matrix`'s invariant all elements of `a` and `b` lie in their slices; `out` by
    // the caller. Without `read_dst` the output is only written.
    unsafe {
        gemm::gemm(
            a.rows,
            b.cols,
            a.cols,
            out,
            1,
            row_stride as isize,
            false,
            a.values.as_ptr(),
            a.col_stride as isize,
            a.row_stride as isize,
            b.values.as_ptr(),
            b.col_stride as isize,
            b.row_stride as isize,
            0.0,
            1.0,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

/// Multiplications that are worth a thread of their own: some 5 µs, for idle threads stay awake.
const WORK_PER_PIECE: usize = 1 << 19;
/// The limit on pieces: each packs the side that it shares with the others again.
const MAX_PIECES: usize = 4;
/// Pieces end on multiples of this, so that vectors are full.
const ALIGNMENT: usize = 16;

/// Cuts `length` into ranges of nearly equal size, as many as `work` multiplications deserve.
fn pieces(length: usize, work: usize) -> Vec<Range<usize>> {
    let units = length.div_ceil(ALIGNMENT);
    let count = (work / WORK_PER_PIECE).clamp(1, MAX_PIECES).min(units.max(1));
    let bound = |i: usize| (i * units / count * ALIGNMENT).min(length);
    (0..count).map(|i| bound(i)..bound(i + 1)).collect()
}

/// a b in parallel, each row of each piece handed to `finish` with its columns while it is warm.
pub(super) fn product(a: Matrix, b: Matrix, finish: impl Fn(Range<usize>, &mut [f32]) + Sync) -> Vec<f32> {
    let (m, n, k) = (a.rows, b.cols, a.cols);
    if m == 0 || n == 0 {
        return Vec::new();
    }
    let mut values = Box::<[f32]>::new_uninit_slice(m * n);
    let out = Output(values.as_mut_ptr().cast());
    let by_rows = m > n;
    let cut = pieces(m.max(n), m * n * k);
    cut.into_par_iter().for_each(|piece| {
        let (rows, cols) = if by_rows { (piece, 0..n) } else { (0..m, piece) };
        let out = &out;
        // SAFETY: the pieces are disjoint rectangles inside the m x n output, which outlives this
        // loop; rows are handed on only after the product has written them.
        #[allow(unsafe_code)]
        unsafe {
            let corner = out.0.add(rows.start * n + cols.start);
            multiply(a.row_range(&rows), b.col_range(&cols), corner, n);
            for i in 0..rows.len() {
                let row = std::slice::from_raw_parts_mut(corner.add(i * n), cols.len());
                finish(cols.clone(), row);
            }
        }
    });
    // SAFETY: the pieces cover the output.
    #[allow(unsafe_code)]
    unsafe { values.assume_init() }.into_vec()
}

/// One of several products that stand side by side: a b, from column `start` on.
pub(super) struct Part<'a> {
    pub(super) a: Matrix<'a>,
    pub(super) b: Matrix<'a>,
    pub(super) start: usize,
}

/// All `parts` side by side, `[rows, cols]`, in parallel; each row of each part is handed to `finish` with its number and
/// its columns.
pub(super) fn products(
    [rows, cols]: [usize; 2],
    parts: &[Part],
    finish: impl Fn(usize, Range<usize>, &mut [f32]) + Sync,
) -> Vec<f32> {
    let covered = |part: &Part| {
        assert_eq!(
            (part.a.rows, part.a.cols),
            (rows, part.b.rows),
            "the sizes of a part"
        );
        part.b.cols
    };
    let mut next = 0;
    for part in parts {
        assert_eq!(part.start, next, "parts stand side by side");
        next += covered(part);
    }
    assert_eq!(next, cols, "parts cover the output");
    let mut values = Box::<[f32]>::new_uninit_slice(rows * cols);
    let out = Output(values.as_mut_ptr().cast());
    let work: usize = parts.iter().map(|part| rows * part.a.cols * part.b.cols).sum();
    let alone = (WORK_PER_PIECE * parts.len()).div_ceil(work.max(1));
    parts
        .par_iter()
        .with_min_len(alone)
        .filter(|part| part.b.cols > 0 && rows > 0)
        .for_each(|part| {
            let out = &out;
            // SAFETY: the parts are disjoint rectangles inside the output, by the assertions above; it outlives this loop; rows
            // are handed on only after the product has written them.
            #[allow(unsafe_code)]
            unsafe {
                let corner = out.0.add(part.start);
                multiply(part.a, part.b, corner, cols);
                for row in 0..rows {
                    let own = std::slice::from_raw_parts_mut(corner.add(row * cols), part.b.cols);
                    finish(row, part.start..part.start + part.b.cols, own);
                }
            }
        });
    // SAFETY: the parts cover the output.
    #[allow(unsafe_code)]
    unsafe { values.assume_init() }.into_vec()
}

/// `len` numbers, built in parallel in pieces of `piece` numbers that `write(index, out)` fills
/// and, as proof, returns.
pub(super) fn build(
    len: usize,
    piece: usize,
    write: impl for<'o> Fn(usize, &'o mut [MaybeUninit<f32>]) -> &'o mut [f32] + Sync,
) -> Vec<f32> {
    let mut values = Box::<[f32]>::new_uninit_slice(len);
    values
        .par_chunks_mut(piece.max(1))
        .enumerate()
        .for_each(|(index, out)| {
            let (start, len) = (out.as_ptr().cast(), out.len());
            let written = write(index, out);
            assert!(std::ptr::eq(written.as_ptr(), start) && written.len() == len);
        });
    // SAFETY: every piece came back whole as initialised numbers.
    #[allow(unsafe_code)]
    unsafe { values.assume_init() }.into_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_cover_the_length_in_order() {
        for length in [0, 1, 15, 16, 17, 100, 400, 784] {
            for work in [0, WORK_PER_PIECE, 3 * WORK_PER_PIECE, 100 * WORK_PER_PIECE] {
                let cut = pieces(length, work);
                assert_eq!((cut[0].start, cut[cut.len() - 1].end), (0, length));
                assert!(cut.windows(2).all(|pair| pair[0].end == pair[1].start));
            }
        }
    }

    #[test]
    fn a_cut_product_is_the_triple_loop() {
        // 48 x 31 x 2000 is above WORK_PER_PIECE, so cut; small integers make every sum exact.
        let (m, n, k) = (48, 31, 2000);
        let a: Vec<f32> = (0..m * k).map(|i| (i % 7) as f32).collect();
        let b: Vec<f32> = (0..k * n).map(|i| (i % 5) as f32).collect();
        let want = |i: usize, j: usize| (0..k).map(|l| a[i * k + l] * b[l * n + j]).sum::<f32>();
        let (left, right) = (Matrix::new(&a, m, k), Matrix::new(&b, k, n));
        let got = product(left, right, |_, _| {});
        let transposed = product(right.t(), left.t(), |_, _| {});
        for (i, j) in (0..m).flat_map(|i| (0..n).map(move |j| (i, j))) {
            assert_eq!(got[i * n + j], want(i, j));
            assert_eq!(transposed[j * m + i], want(i, j));
        }
    }

    #[test]
    fn an_empty_inner_size_gives_zeros() {
        let empty = Matrix::new(&[], 2, 0);
        assert_eq!(product(empty, Matrix::new(&[], 0, 3), |_, _| {}), vec![0.0; 6]);
    }
}
