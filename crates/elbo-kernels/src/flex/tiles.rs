//! Matrix products whose rows are anywhere in memory: tiles of the result stay in registers, the rows of the
//! left side are read, and those of the result written, through tables of offsets.
//!
//! A convolution is such a product without any copy of its patches ("indirect" convolution,
//! Dukhan 2019). `pulp` picks the widest instructions this machine has when it runs.
//!
//! Its two parts hold `unsafe`: tables cannot be checked at each step of an inner loop, so they are
//! checked once, before it.

#![allow(
    clippy::needless_range_loop,
    reason = "rows i and columns j of a tile address several arrays at once, as in the formula"
)]

mod element;
mod outer;
mod product;

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use self::element::{Multiply, Work};
pub(super) use self::{
    element::{Element, Pair, Rows},
    outer::Outer,
    product::{Product, Tap},
};

/// Whether this processor has instructions for products of pairs.
pub(super) fn multiplies_pairs() -> bool {
    #[cfg(target_arch = "x86_64")]
    return element::native().is_some();
    #[cfg(not(target_arch = "x86_64"))]
    false
}

/// The vector instructions with which products are computed here. They decide the order in which a sum is added up, and
/// so its last bits.
pub fn vector_instructions() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    {
        if pulp::x86::V4::try_new().is_some() {
            return "AVX-512";
        }
        if pulp::x86::V3::try_new().is_some() {
            return "AVX2";
        }
        "SSE2"
    }
    #[cfg(not(target_arch = "x86_64"))]
    std::env::consts::ARCH
}

/// Runs `work` with the widest vectors that this machine has and `pulp` knows.
fn dispatch<W: WithSimd>(work: W) -> W::Output {
    // Here and not in `Arch`, which knows AVX2 only with a feature that is one more build of everything.
    #[cfg(target_arch = "x86_64")]
    {
        if let Some(simd) = pulp::x86::V4::try_new() {
            return Simd::vectorize(simd, work);
        }
        if let Some(simd) = pulp::x86::V3::try_new() {
            return Simd::vectorize(simd, work);
        }
    }
    Arch::new().dispatch(work)
}

/// Vectors side by side in a tile: with the rows of a tile they fill the registers but three.
#[inline(always)]
fn vectors<S: Simd>() -> usize {
    if S::F32_LANES >= 8 { 2 } else { 4 }
}

/// Returns the columns of a tile.
struct TileWidth;

impl WithSimd for TileWidth {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> usize {
        vectors::<S>() * S::F32_LANES
    }
}

/// Returns the numbers of a vector.
struct Lanes;

impl WithSimd for Lanes {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> usize {
        S::F32_LANES
    }
}

/// Numbers of a vector on this machine.
pub(super) fn lanes() -> usize {
    dispatch(Lanes)
}

/// Columns of a tile on this machine.
pub(super) fn tile_width() -> usize {
    dispatch(TileWidth)
}

/// Elements whose packing is worth a thread of its own.
const PACKED_PER_PIECE: usize = 1 << 13;

/// The right side of a product: a matrix cut into panels of a tile's width, each stored row by row.
/// The last panel has zeros behind its columns.
pub(super) struct Panels<E> {
    values: Vec<E>,
    rows: usize,
    cols: usize,
    width: usize,
}

impl<E: Element> Panels<E> {
    /// A `[rows, cols]` matrix in panels of `width`; `fill(row, columns, out)` writes a part of a row
    /// over zeros.
    pub(super) fn pack(
        [rows, cols]: [usize; 2],
        width: usize,
        fill: impl Fn(usize, Range<usize>, &mut [E]) + Sync,
    ) -> Self {
        let mut panels = Self::zeros([rows, cols], width);
        panels.each(|columns, out| {
            for (row, out) in out.chunks_exact_mut(width).enumerate() {
                fill(row, columns.clone(), &mut out[..columns.len()]);
            }
        });
        panels
    }

    /// A matrix of `rows` rows of elements, each of them `row(i)`, in panels of this machine's width.
    pub(super) fn combine<'a>([rows, cols]: [usize; 2], row: impl Fn(usize) -> Rows<'a> + Sync) -> Self {
        let width = tile_width();
        let mut panels = Self::zeros([rows, cols], width);
        panels.each(|columns, out| {
            let part = |row: &'a [f32]| &row[columns.clone()];
            let rows = (0..rows).map(|i| {
                let (first, second) = row(i);
                (part(first), second.map(part))
            });
            E::combine(rows, width, out);
        });
        panels
    }

    fn zeros([rows, cols]: [usize; 2], width: usize) -> Self {
        Self {
            values: vec![E::default(); cols.div_ceil(width) * rows * width],
            rows,
            cols,
            width,
        }
    }

    /// Fills every panel, in parallel: `fill(columns, panel)`.
    fn each(&mut self, fill: impl Fn(Range<usize>, &mut [E]) + Sync) {
        let len = (self.rows * self.width).max(1);
        let panels = self.values.par_chunks_exact_mut(len).enumerate();
        let together = panels.with_min_len(PACKED_PER_PIECE.div_ceil(len));
        together.for_each(|(panel, out)| {
            fill(panel * self.width..self.cols.min((panel + 1) * self.width), out);
        });
    }

    /// Columns of the matrix.
    pub(super) fn cols(&self) -> usize {
        self.cols
    }

    /// The panel that starts at column `start`.
    #[inline(always)]
    fn panel(&self, start: usize) -> &[E] {
        &self.values[start * self.rows..][..self.rows * self.width]
    }
}

#[cfg(test)]
mod testing {
    use super::*;

    /// An instruction set of this machine.
    #[derive(Clone, Copy, Debug)]
    pub(super) enum Machine {
        Best,
        #[cfg(target_arch = "x86_64")]
        Avx512(pulp::x86::V4),
        #[cfg(target_arch = "x86_64")]
        Avx2(pulp::x86::V3),
        Plain,
    }

    impl Machine {
        pub(super) fn best() -> Self {
            Self::Best
        }

        pub(super) fn run<W: WithSimd>(self, work: W) -> W::Output {
            match self {
                Self::Best => dispatch(work),
                #[cfg(target_arch = "x86_64")]
                Self::Avx512(simd) => Simd::vectorize(simd, work),
                #[cfg(target_arch = "x86_64")]
                Self::Avx2(simd) => Simd::vectorize(simd, work),
                Self::Plain => Simd::vectorize(pulp::Scalar::new(), work),
            }
        }

        pub(super) fn tile_width(self) -> usize {
            self.run(TileWidth)
        }
    }

    /// All instruction sets this machine has.
    pub(super) fn machines() -> Vec<Machine> {
        let mut all = vec![Machine::Best, Machine::Plain];
        #[cfg(target_arch = "x86_64")]
        {
            all.extend(pulp::x86::V4::try_new().map(Machine::Avx512));
            all.extend(pulp::x86::V3::try_new().map(Machine::Avx2));
        }
        all
    }
}
