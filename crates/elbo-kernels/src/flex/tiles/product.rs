//! y = f(A B + b), where the rows of A and y lie anywhere.

use std::mem::MaybeUninit;

use pulp::Simd;

use super::{Element, Multiply, Panels, Work, vectors};

/// `len` elements of a row of A that meet as many rows of B.
#[derive(Clone, Copy, Debug)]
pub(in crate::flex) struct Tap {
    /// The first element, counted from where the row of A starts.
    pub(in crate::flex) from: usize,
    /// The row of B that it meets.
    pub(in crate::flex) row: usize,
    pub(in crate::flex) len: usize,
}

/// `out[to[r] + n] = f(Σ a[from[r] + tap.from + k step] b[tap.row + k][n] + bias[n])`, over the taps
/// and the `k` of each, in that order.
pub(in crate::flex) struct Product<'a, E> {
    pub(in crate::flex) a: &'a [E],
    /// Where each row of A starts.
    pub(in crate::flex) from: &'a [usize],
    /// How far the elements of a tap lie apart in A.
    pub(in crate::flex) step: usize,
    pub(in crate::flex) taps: &'a [Tap],
    pub(in crate::flex) b: &'a Panels<E>,
    pub(in crate::flex) bias: Option<&'a [f32]>,
    /// f: negative numbers become 0, or nothing happens.
    pub(in crate::flex) relu: bool,
    /// Where each row of the result starts.
    pub(in crate::flex) to: &'a [usize],
    pub(in crate::flex) out: &'a mut [MaybeUninit<f32>],
}

impl<E: Element> Product<'_, E> {
    /// Writes the rows of the result.
    ///
    /// # Panics
    /// If an offset leads out of `a`, `b` or `out`.
    pub(in crate::flex) fn run(self) {
        E::run(self);
    }

    /// Panics unless every number that the tiles read and write lies in its slice.
    fn check(&self) {
        let farthest = |table: &[usize]| table.iter().max().copied().unwrap_or(0);
        let last = |tap: &Tap| tap.len.checked_sub(1).map_or(0, |last| last * self.step + 1);
        let reach = self.taps.iter().map(|tap| tap.from + last(tap)).max();
        let rows = self.taps.iter().map(|tap| tap.row + tap.len).max();
        assert_eq!(self.from.len(), self.to.len());
        assert!(farthest(self.from) + reach.unwrap_or(0) <= self.a.len());
        assert!(rows.unwrap_or(0) <= self.b.rows);
        assert!(farthest(self.to) + self.b.cols <= self.out.len());
        assert!(self.bias.is_none_or(|bias| bias.len() == self.b.cols));
    }
}

impl<E: Element> Work<E> for Product<'_, E> {
    #[inline(always)]
    fn with<S: Simd, X: Multiply<E>>(mut self, simd: S) {
        if self.from.is_empty() || self.b.cols == 0 {
            return;
        }
        self.check();
        assert_eq!(
            self.b.width,
            vectors::<S>() * S::F32_LANES,
            "panels of this machine's width"
        );
        match S::F32_LANES {
            16 => self.panels::<S, X, 12, 2>(simd),
            8 => self.panels::<S, X, 6, 2>(simd),
            _ => self.panels::<S, X, 6, 4>(simd),
        }
    }
}

impl<E: Element> Product<'_, E> {
    #[inline(always)]
    fn panels<S: Simd, X: Multiply<E>, const M: usize, const N: usize>(&mut self, simd: S) {
        for start in (0..self.b.cols).step_by(self.b.width) {
            match (self.b.cols - start).div_ceil(S::F32_LANES) {
                1 => self.rows::<S, X, M, 1>(simd, start),
                2 if N > 2 => self.rows::<S, X, M, 2>(simd, start),
                3 if N > 3 => self.rows::<S, X, M, 3>(simd, start),
                _ => self.rows::<S, X, M, N>(simd, start),
            }
        }
    }

    /// All rows of the `N` vectors from column `start` on, `M` rows at a time. Behind the last row it
    /// is worked out again.
    #[inline(always)]
    fn rows<S: Simd, X: Multiply<E>, const M: usize, const N: usize>(&mut self, simd: S, start: usize) {
        let bias = self.bias_vectors::<S, N>(simd, start);
        let last = self.from.len() - 1;
        for row in (0..=last).step_by(M) {
            let rows: [usize; M] = std::array::from_fn(|i| (row + i).min(last));
            let tile = self.tile::<S, X, M, N>(simd, rows, start);
            self.store(simd, rows, start, tile, bias);
        }
    }

    #[inline(always)]
    fn bias_vectors<S: Simd, const N: usize>(&self, simd: S, start: usize) -> [S::f32s; N] {
        let mut vectors = [simd.splat_f32s(0.0); N];
        if let Some(bias) = self.bias {
            for (vector, bias) in vectors.iter_mut().zip(bias[start..].chunks(S::F32_LANES)) {
                *vector = simd.partial_load_f32s(bias);
            }
        }
        vectors
    }

    #[inline(always)]
    fn tile<S: Simd, X: Multiply<E>, const M: usize, const N: usize>(
        &self,
        simd: S,
        rows: [usize; M],
        start: usize,
    ) -> [[S::f32s; N]; M] {
        let mut sums = [[simd.splat_f32s(0.0); N]; M];
        let panel = self.b.panel(start).as_ptr();
        // SAFETY: `check` has compared the farthest element of every row and tap with the ends of `a`
        // and `b`; `rows` are indices of the tables; a panel has `width` elements a row, at least N
        // vectors, and an element has the size of a number.
        #[allow(unsafe_code)]
        unsafe {
            let mut starts = [self.a.as_ptr(); M];
            for i in 0..M {
                starts[i] = starts[i].add(*self.from.get_unchecked(rows[i]));
            }
            for tap in self.taps {
                let mut a = starts;
                for a in &mut a {
                    *a = a.add(tap.from);
                }
                let mut b = panel.add(tap.row * self.b.width);
                let mut at = 0;
                for _ in 0..tap.len {
                    let mut right = [simd.splat_f32s(0.0); N];
                    for j in 0..N {
                        right[j] = b.add(j * S::F32_LANES).cast::<S::f32s>().read_unaligned();
                    }
                    for i in 0..M {
                        let left = *a[i].add(at);
                        for j in 0..N {
                            sums[i][j] = X::multiply_add(simd, left, right[j], sums[i][j]);
                        }
                    }
                    b = b.add(self.b.width);
                    at += self.step;
                }
            }
        }
        sums
    }

    #[inline(always)]
    fn store<S: Simd, const M: usize, const N: usize>(
        &mut self,
        simd: S,
        rows: [usize; M],
        start: usize,
        tile: [[S::f32s; N]; M],
        bias: [S::f32s; N],
    ) {
        let zero = simd.splat_f32s(0.0);
        let cols = (self.b.cols - start).min(N * S::F32_LANES);
        for i in 0..M {
            for j in 0..N {
                let mut y = simd.add_f32s(tile[i][j], bias[j]);
                if self.relu {
                    // Not `max`, which would turn NaN into 0 and hide it.
                    y = simd.select_f32s(simd.less_than_f32s(y, zero), zero, y);
                }
                let len = (cols - j * S::F32_LANES).min(S::F32_LANES);
                // SAFETY: `check` has compared the farthest row and `b.cols` with the end of `out`.
                #[allow(unsafe_code)]
                unsafe {
                    let to = *self.to.get_unchecked(rows[i]) + start + j * S::F32_LANES;
                    let out = self.out.as_mut_ptr().add(to).cast::<f32>();
                    if len == S::F32_LANES {
                        out.cast::<S::f32s>().write_unaligned(y);
                    } else {
                        write_part(simd, y, out, len);
                    }
                }
            }
        }
    }
}

/// Writes the first `len` numbers of a vector.
///
/// # Safety
/// `out` is valid for writes of `len` numbers, which is less than a vector has.
#[allow(unsafe_code)]
#[inline(always)]
unsafe fn write_part<S: Simd>(simd: S, y: S::f32s, out: *mut f32, len: usize) {
    let mut whole = [0.0; 16];
    simd.partial_store_f32s(&mut whole[..S::F32_LANES], y);
    // SAFETY: by the caller, and `len` is less than the 16 numbers of the widest vector.
    unsafe { std::ptr::copy_nonoverlapping(whole.as_ptr(), out, len) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flex::tiles::element::{Single, Widened, vectorised};
    use crate::flex::tiles::testing::{Machine, machines};
    use crate::flex::tiles::{Pair, tile_width};
    use crate::testing::{coarse_numbers, numbers};

    /// The product by its formula.
    fn plain(p: &Product<f32>, b: &[f32], n: usize) -> Vec<Vec<f32>> {
        let row = |&from: &usize| {
            let column = |n_: usize| {
                let mut sum = p.bias.map_or(0.0, |bias| f64::from(bias[n_]));
                for tap in p.taps {
                    for k in 0..tap.len {
                        let a = p.a[from + tap.from + k];
                        sum += f64::from(a) * f64::from(b[(tap.row + k) * n + n_]);
                    }
                }
                if p.relu { sum.max(0.0) as f32 } else { sum as f32 }
            };
            (0..n).map(column).collect()
        };
        p.from.iter().map(row).collect()
    }

    #[test]
    fn every_instruction_set_gives_the_product() {
        let (a, b) = (numbers(400, 1), numbers(50 * 70, 2));
        let taps = [
            Tap {
                from: 3,
                row: 40,
                len: 5,
            },
            Tap {
                from: 20,
                row: 0,
                len: 17,
            },
        ];
        for machine in machines() {
            for (m, n) in [(1, 1), (5, 3), (6, 8), (7, 16), (13, 33), (25, 70)] {
                for (bias, relu) in [(None, false), (Some(numbers(n, 3)), true)] {
                    let b = &b[..50 * n];
                    let panels = Panels::pack([50, n], machine.tile_width(), |row, columns, out| {
                        out.copy_from_slice(&b[row * n..][columns]);
                    });
                    let from: Vec<usize> = (0..m).map(|i| i * 37 % 300).collect();
                    let to: Vec<usize> = (0..m).rev().map(|i| i * n).collect();
                    let mut out = vec![MaybeUninit::new(f32::NAN); m * n];
                    let product = Product {
                        a: &a,
                        from: &from,
                        step: 1,
                        taps: &taps,
                        b: &panels,
                        bias: bias.as_deref(),
                        relu,
                        to: &to,
                        out: &mut out,
                    };
                    let want = plain(&product, b, n);
                    machine.run(vectorised::<Single, _, _>(product));
                    for (row, &to) in want.iter().zip(&to) {
                        for (j, want) in row.iter().enumerate() {
                            // SAFETY: all were initialised.
                            #[allow(unsafe_code)]
                            let got = unsafe { out[to + j].assume_init() };
                            assert!(
                                (got - want).abs() <= 1e-5,
                                "{machine:?} {m} x {n}: {got} for {want}"
                            );
                        }
                    }
                }
            }
        }
    }

    /// Asserts that `run` multiplies numbers that bf16 holds, in panels of `width`.
    fn assert_multiplies_pairs(width: usize, run: impl Fn(Product<Pair>)) {
        for [m, n, k] in [[1, 1, 2], [5, 3, 8], [13, 33, 50], [25, 70, 6]] {
            let (a, b) = (coarse_numbers(m * k, 1), coarse_numbers(k * n, 2));
            // Pair i of row r lies at i m + r.
            let pair = |at: usize| Pair::of(&a[at % m * k + at / m * 2..][..2]);
            let left: Vec<Pair> = (0..m * k / 2).map(pair).collect();
            let right = Panels::pack([k / 2, n], width, |i, columns, out| {
                for (column, out) in columns.zip(out) {
                    *out = Pair::of(&[b[2 * i * n + column], b[(2 * i + 1) * n + column]]);
                }
            });
            let (from, to): (Vec<_>, Vec<_>) = (0..m).map(|r| (r, r * n)).unzip();
            let tap = Tap {
                from: 0,
                row: 0,
                len: k / 2,
            };
            let mut out = vec![MaybeUninit::new(f32::NAN); m * n];
            run(Product {
                a: &left,
                from: &from,
                step: m,
                taps: &[tap],
                b: &right,
                bias: None,
                relu: false,
                to: &to,
                out: &mut out,
            });
            for (at, got) in out.into_iter().enumerate() {
                // SAFETY: all were initialised.
                #[allow(unsafe_code)]
                let got = unsafe { got.assume_init() };
                let term = |i: usize| f64::from(a[at / n * k + i]) * f64::from(b[i * n + at % n]);
                let want = (0..k).map(term).sum::<f64>() as f32;
                assert!((got - want).abs() <= 1e-5, "{m} x {n}: {got} for {want}");
            }
        }
    }

    #[test]
    fn every_instruction_set_multiplies_pairs() {
        for machine in machines() {
            assert_multiplies_pairs(machine.tile_width(), |product| {
                machine.run(vectorised::<Widened, _, _>(product));
            });
        }
        assert_multiplies_pairs(tile_width(), |product| product.run());
    }

    #[test]
    fn no_taps_give_the_bias_and_nan_stays() {
        for machine in machines() {
            let panels = Panels::pack([1, 2], machine.tile_width(), |_, _, out| out.fill(1.0));
            let run = |taps: &[Tap], a: &[f32]| {
                let mut out = [MaybeUninit::new(7.0_f32); 3];
                machine.run(vectorised::<Single, _, _>(Product {
                    a,
                    from: &[0],
                    step: 1,
                    taps,
                    b: &panels,
                    bias: Some(&[-1.0, 2.0]),
                    relu: true,
                    to: &[1],
                    out: &mut out,
                }));
                // SAFETY: all were initialised.
                #[allow(unsafe_code)]
                out.map(|y| unsafe { y.assume_init() })
            };
            assert_eq!(run(&[], &[]), [7.0, 0.0, 2.0]);
            let one = [Tap {
                from: 0,
                row: 0,
                len: 1,
            }];
            let [_, y, _] = run(&one, &[f32::NAN]);
            assert!(y.is_nan());
        }
    }

    #[test]
    #[should_panic(expected = "assertion failed")]
    fn a_row_out_of_reach_panics() {
        let machine = Machine::best();
        let panels = Panels::pack([2, 1], machine.tile_width(), |_, _, out| out.fill(1.0));
        machine.run(vectorised::<Single, _, _>(Product {
            a: &[1.0, 2.0],
            from: &[1],
            step: 1,
            taps: &[Tap {
                from: 0,
                row: 0,
                len: 2,
            }],
            b: &panels,
            bias: None,
            relu: false,
            to: &[0],
            out: &mut [MaybeUninit::new(0.0)],
        }));
    }
}
