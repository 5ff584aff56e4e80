//! Sums of outer products of rows that lie anywhere: Aᵀ B.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::{Element, Pair, Panels, Product, Rows, Tap, dispatch};
use crate::Precision;

/// Rows added in registers before they go to memory: what they touch stays in the L1 cache.
const ROWS: usize = 64;
/// The same where they are packed into pairs first: half as many elements.
const PACKED_ROWS: usize = 256;
/// Rows and columns of a sum whose factors are worth packing: below, it takes longer than it saves.
const PACKED_WIDTH: usize = 32;

/// `sum[m][n] += Σ a[a_at[p] + shift + m] b[b_at[p] + n]` over p in order, for m < `rows` and n < `cols`.
pub(in crate::flex) struct Outer<'a> {
    pub(in crate::flex) a: &'a [f32],
    pub(in crate::flex) a_at: &'a [usize],
    /// Added to every offset in `a_at`.
    pub(in crate::flex) shift: isize,
    pub(in crate::flex) b: &'a [f32],
    pub(in crate::flex) b_at: &'a [usize],
    pub(in crate::flex) rows: usize,
    pub(in crate::flex) cols: usize,
    /// Row by row.
    pub(in crate::flex) sum: &'a mut [f32],
}

impl Outer<'_> {
    /// Adds to `sum`.
    ///
    /// # Panics
    /// If an offset leads out of `a` or `b`, or if `sum` has another size.
    pub(in crate::flex) fn run(self, precision: Precision) {
        if self.a_at.is_empty() {
            return;
        }
        // Each number is packed once and multiplied as often as the other side has numbers in a row.
        let worthwhile = self.rows.min(self.cols) >= PACKED_WIDTH;
        match precision {
            Precision::Bf16 if worthwhile => self.run_in_pairs(),
            Precision::F32 | Precision::Bf16 => dispatch(self),
        }
    }

    /// The same with all factors rounded to bf16: two values of p make a pair, so blocks of both sides are
    /// packed and multiplied.
    fn run_in_pairs(self) {
        self.check();
        let to: Vec<usize> = (0..self.rows).map(|row| row * self.cols).collect();
        let from: Vec<usize> = (0..self.rows).collect();
        let mut part = Box::<[f32]>::new_uninit_slice(self.sum.len());
        for start in (0..self.a_at.len()).step_by(PACKED_ROWS) {
            let block = start..self.a_at.len().min(start + PACKED_ROWS);
            let pairs = block.len().div_ceil(2);
            let mut a = vec![Pair::default(); pairs * self.rows];
            let row = |p: usize| &self.a[self.a_at[p].wrapping_add_signed(self.shift)..][..self.rows];
            Pair::combine((0..pairs).map(|i| rows(&block, i, row)), self.rows.max(1), &mut a);
            let b = Panels::combine([pairs, self.cols], |i| {
                rows(&block, i, |p: usize| &self.b[self.b_at[p]..][..self.cols])
            });
            let tap = Tap {
                from: 0,
                row: 0,
                len: pairs,
            };
            Product {
                a: &a,
                from: &from,
                step: self.rows,
                taps: &[tap],
                b: &b,
                bias: None,
                relu: false,
                to: &to,
                out: &mut part,
            }
            .run();
            // SAFETY: the rows of the product are those of `sum`, and it writes each whole.
            #[allow(unsafe_code)]
            let part = unsafe { part.assume_init_ref() };
            for (sum, part) in self.sum.iter_mut().zip(part) {
                *sum += part;
            }
        }
    }

    /// Panics unless every number that the tiles read and write lies in its slice.
    fn check(&self) {
        let first = self.a_at.iter().min().copied().unwrap_or(0);
        let last = self.a_at.iter().max().copied().unwrap_or(0);
        let end = last.checked_add_signed(self.shift).map(|at| at + self.rows);
        assert_eq!(self.a_at.len(), self.b_at.len());
        assert!(first.checked_add_signed(self.shift).is_some());
        assert!(end.is_some_and(|end| end <= self.a.len()));
        let last = self.b_at.iter().max().copied().unwrap_or(0);
        assert!(last + self.cols <= self.b.len());
        assert_eq!(self.sum.len(), self.rows * self.cols);
    }
}

/// The `i`-th pair of rows in `block`; behind the last row is one of zeros.
fn rows<'a>(block: &Range<usize>, i: usize, row: impl Fn(usize) -> &'a [f32]) -> Rows<'a> {
    let first = block.start + 2 * i;
    (row(first), (first + 1 < block.end).then(|| row(first + 1)))
}

impl WithSimd for Outer<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        self.check();
        for start in (0..self.a_at.len()).step_by(ROWS) {
            let range = start..self.a_at.len().min(start + ROWS);
            match S::F32_LANES {
                16 => self.block::<S, 8, 2>(simd, range),
                8 => self.block::<S, 6, 2>(simd, range),
                _ => self.block::<S, 6, 4>(simd, range),
            }
        }
    }
}

impl Outer<'_> {
    /// Adds the rows of A and B in `range`, `M` rows of the sum at a time.
    #[inline(always)]
    fn block<S: Simd, const M: usize, const N: usize>(&mut self, simd: S, range: Range<usize>) {
        let mut row = 0;
        while row < self.rows {
            row += match self.rows - row {
                left if left >= M => self.line::<S, M, N>(simd, range.clone(), row),
                left if left >= 4 => self.line::<S, 4, N>(simd, range.clone(), row),
                left if left >= 2 => self.line::<S, 2, N>(simd, range.clone(), row),
                _ => self.line::<S, 1, N>(simd, range.clone(), row),
            };
        }
    }

    /// Adds to the `M` rows of the sum from `row` on; returns M.
    #[inline(always)]
    fn line<S: Simd, const M: usize, const N: usize>(
        &mut self,
        simd: S,
        range: Range<usize>,
        row: usize,
    ) -> usize {
        let width = N * S::F32_LANES;
        let whole = self.cols - self.cols % width;
        for col in (0..whole).step_by(width) {
            self.tile::<S, M, N>(simd, range.clone(), row, col);
        }
        for col in (whole..self.cols).step_by(S::F32_LANES) {
            if self.cols - col >= S::F32_LANES {
                self.tile::<S, M, 1>(simd, range.clone(), row, col);
            } else {
                self.last_columns::<S, M>(simd, range.clone(), row, col);
            }
        }
        M
    }

    #[inline(always)]
    fn tile<S: Simd, const M: usize, const N: usize>(
        &mut self,
        simd: S,
        range: Range<usize>,
        row: usize,
        col: usize,
    ) {
        let mut sums = [[simd.splat_f32s(0.0); N]; M];
        // SAFETY: `check` has compared the first and last rows of A and B with the ends of their slices;
        // the tile's rows and columns are below `rows` and `cols`, `range` inside the tables.
        #[allow(unsafe_code)]
        unsafe {
            let a = self.a.as_ptr().wrapping_offset(self.shift).wrapping_add(row);
            let b = self.b.as_ptr().add(col);
            for p in range {
                let a = a.wrapping_add(*self.a_at.get_unchecked(p));
                let b = b.add(*self.b_at.get_unchecked(p));
                let mut right = [simd.splat_f32s(0.0); N];
                for j in 0..N {
                    right[j] = b.add(j * S::F32_LANES).cast::<S::f32s>().read_unaligned();
                }
                for i in 0..M {
                    let left = simd.splat_f32s(*a.add(i));
                    for j in 0..N {
                        sums[i][j] = simd.mul_add_e_f32s(left, right[j], sums[i][j]);
                    }
                }
            }
            for i in 0..M {
                for j in 0..N {
                    let at = (row + i) * self.cols + col + j * S::F32_LANES;
                    let sum = self.sum.as_mut_ptr().add(at).cast::<S::f32s>();
                    sum.write_unaligned(simd.add_f32s(sum.read_unaligned(), sums[i][j]));
                }
            }
        }
    }

    /// The columns that do not fill a vector.
    #[inline(always)]
    fn last_columns<S: Simd, const M: usize>(
        &mut self,
        simd: S,
        range: Range<usize>,
        row: usize,
        col: usize,
    ) {
        let len = self.cols - col;
        let mut sums = [simd.splat_f32s(0.0); M];
        for p in range {
            let from = self.a_at[p].wrapping_add_signed(self.shift) + row;
            let b = &self.b[self.b_at[p] + col..][..len];
            let right = simd.partial_load_f32s(b);
            for (sum, &a) in sums.iter_mut().zip(&self.a[from..from + M]) {
                *sum = simd.mul_add_e_f32s(simd.splat_f32s(a), right, *sum);
            }
        }
        for (i, sum) in sums.into_iter().enumerate() {
            let at = (row + i) * self.cols + col;
            let out = &mut self.sum[at..at + len];
            let total = simd.add_f32s(simd.partial_load_f32s(out), sum);
            simd.partial_store_f32s(out, total);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flex::tiles::testing::{Machine, machines};
    use crate::testing::{assert_near, coarse_numbers, numbers};

    #[test]
    fn every_instruction_set_gives_the_sum() {
        let (a, b) = (numbers(900, 1), numbers(900, 2));
        for machine in machines() {
            for (rows, cols, places) in [(1, 1, 1), (3, 5, 63), (6, 16, 64), (7, 17, 65), (13, 40, 200)] {
                let a_at: Vec<usize> = (0..places).map(|p| 20 + p * 7 % 800).collect();
                let b_at: Vec<usize> = (0..places).map(|p| p * 11 % 850).collect();
                let mut sum = vec![0.5; rows * cols];
                machine.run(Outer {
                    a: &a,
                    a_at: &a_at,
                    shift: -20,
                    b: &b,
                    b_at: &b_at,
                    rows,
                    cols,
                    sum: &mut sum,
                });
                for (i, got) in sum.iter().enumerate() {
                    let (m, n) = (i / cols, i % cols);
                    let term = |(a_at, b_at): (&usize, &usize)| {
                        f64::from(a[*a_at - 20 + m]) * f64::from(b[*b_at + n])
                    };
                    let want = 0.5 + a_at.iter().zip(&b_at).map(term).sum::<f64>() as f32;
                    assert!(
                        (got - want).abs() <= 3e-5,
                        "{machine:?} {rows} x {cols}: {got} for {want}"
                    );
                }
            }
        }
    }

    #[test]
    fn pairs_give_the_sum_where_bf16_rounds_nothing() {
        let (a, b) = (coarse_numbers(900, 1), coarse_numbers(900, 2));
        for (rows, cols, places) in [(3, 5, 63), (32, 33, 65), (39, 40, 600), (40, 48, 0)] {
            let a_at: Vec<usize> = (0..places).map(|p| 20 + p * 7 % 800).collect();
            let b_at: Vec<usize> = (0..places).map(|p| p * 11 % 850).collect();
            let sum_in = |precision| {
                let mut sum = vec![0.5; rows * cols];
                Outer {
                    a: &a,
                    a_at: &a_at,
                    shift: -20,
                    b: &b,
                    b_at: &b_at,
                    rows,
                    cols,
                    sum: &mut sum,
                }
                .run(precision);
                sum
            };
            assert_near(&[sum_in(Precision::Bf16)], &[sum_in(Precision::F32)], 1e-5);
        }
    }

    #[test]
    #[should_panic(expected = "assertion failed")]
    fn a_row_before_the_first_number_panics() {
        Machine::best().run(Outer {
            a: &[1.0, 2.0],
            a_at: &[0],
            shift: -1,
            b: &[1.0],
            b_at: &[0],
            rows: 1,
            cols: 1,
            sum: &mut [0.0],
        });
    }
}
