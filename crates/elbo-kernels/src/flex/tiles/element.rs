//! What products multiply: single numbers, or pairs of numbers rounded to bf16.

use std::borrow::Cow;

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::dispatch;

/// What is multiplied at once: one number, or two that meet the two of an element of the other side.
pub(in crate::flex) trait Element: Copy + Default + Send + Sync + 'static {
    /// Numbers in an element.
    const NUMBERS: usize;

    /// An element from its numbers; in place of a missing one comes zero.
    fn of(numbers: &[f32]) -> Self;

    /// Rows of elements, `stride` apart in `out`, from rows of numbers: the first number of each element
    /// from one, its second, where there is one, from the other.
    fn combine<'a>(rows: impl Iterator<Item = Rows<'a>>, stride: usize, out: &mut [Self]);

    /// Rows of `width` numbers as rows of elements.
    fn rows(values: &[f32], width: usize) -> Cow<'_, [Self]>;

    /// Runs `work` with the widest vectors of this machine.
    fn run<W: Work<Self>>(work: W);
}

/// Rows of equal length whose numbers make elements together; behind the last row comes none.
pub(in crate::flex) type Rows<'a> = (&'a [f32], Option<&'a [f32]>);

/// How elements are multiplied.
pub(in crate::flex) trait Multiply<E> {
    /// left · right + sum in each lane; `right` holds the bits of as many elements.
    fn multiply_add<S: Simd>(simd: S, left: E, right: S::f32s, sum: S::f32s) -> S::f32s;
}

/// What is done with vectors of a kind that is known when it runs.
pub(in crate::flex) trait Work<E> {
    /// Does it. `#[inline(always)]`, or the vectors would not be used.
    fn with<S: Simd, X: Multiply<E>>(self, simd: S);
}

/// `work` for `pulp`.
pub(super) struct Vectorised<W, E, X>(W, std::marker::PhantomData<(E, X)>);

impl<E, X: Multiply<E>, W: Work<E>> WithSimd for Vectorised<W, E, X> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        self.0.with::<S, X>(simd);
    }
}

impl Element for f32 {
    const NUMBERS: usize = 1;

    #[inline(always)]
    fn of(numbers: &[f32]) -> Self {
        numbers[0]
    }

    fn combine<'a>(rows: impl Iterator<Item = Rows<'a>>, stride: usize, out: &mut [Self]) {
        for ((row, _), out) in rows.zip(out.chunks_mut(stride)) {
            out[..row.len()].copy_from_slice(row);
        }
    }

    fn rows(values: &[f32], _: usize) -> Cow<'_, [Self]> {
        Cow::Borrowed(values)
    }

    fn run<W: Work<Self>>(work: W) {
        dispatch(vectorised::<Single, _, _>(work));
    }
}

/// `work` whose elements are multiplied by `X`.
pub(super) fn vectorised<X: Multiply<E>, E, W: Work<E>>(work: W) -> Vectorised<W, E, X> {
    Vectorised(work, std::marker::PhantomData)
}

/// Numbers as they are.
pub(super) struct Single;

impl Multiply<f32> for Single {
    #[inline(always)]
    fn multiply_add<S: Simd>(simd: S, left: f32, right: S::f32s, sum: S::f32s) -> S::f32s {
        simd.mul_add_e_f32s(simd.splat_f32s(left), right, sum)
    }
}

/// Two bf16 numbers, the first in the lower half.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(transparent)]
pub(in crate::flex) struct Pair(u32);

/// Pairs whose packing is worth a thread of its own.
const PAIRS_PER_PIECE: usize = 1 << 15;

impl Pair {
    #[inline(always)]
    fn new(first: f32, second: f32) -> Self {
        Self(rounded(first) >> 16 | rounded(second) & HIGH)
    }
}

/// The half of a number's bits that bf16 keeps.
const HIGH: u32 = 0xffff_0000;

/// The bits of the nearest bf16 number, ties to even, in the upper half; a NaN stays one.
#[inline(always)]
fn rounded(number: f32) -> u32 {
    let bits = number.to_bits();
    let nearest = bits.wrapping_add(0x7fff + (bits >> 16 & 1));
    if number.is_nan() {
        bits | 0x40_0000
    } else {
        nearest
    }
}

impl Element for Pair {
    const NUMBERS: usize = 2;

    #[inline(always)]
    fn of(numbers: &[f32]) -> Self {
        Self::new(numbers[0], numbers.get(1).copied().unwrap_or(0.0))
    }

    fn combine<'a>(rows: impl Iterator<Item = Rows<'a>>, stride: usize, out: &mut [Self]) {
        #[cfg(target_arch = "x86_64")]
        if native().is_some() {
            // SAFETY: `native` has found the instructions.
            #[allow(unsafe_code)]
            return unsafe { x86::combine(rows, stride, out) };
        }
        for ((first, second), out) in rows.zip(out.chunks_mut(stride)) {
            match second {
                Some(second) => combine_row(first, second, out),
                None => combine_row(first, &vec![0.0; first.len()], out),
            }
        }
    }

    fn rows(values: &[f32], width: usize) -> Cow<'_, [Self]> {
        let (width, pairs) = (width.max(1), width.div_ceil(2).max(1));
        let rows_per_piece = PAIRS_PER_PIECE.div_ceil(pairs);
        let mut out = vec![Self::default(); values.len() / width * pairs];
        let pieces = out.par_chunks_mut(rows_per_piece * pairs);
        pieces
            .zip(values.par_chunks(rows_per_piece * width))
            .for_each(|(out, values)| {
                // Rows of even width follow each other without a gap.
                let width = if width.is_multiple_of(2) {
                    values.len()
                } else {
                    width
                };
                let rows = values.chunks(width.max(1));
                rows.zip(out.chunks_mut(width.div_ceil(2).max(1)))
                    .for_each(|(values, out)| pack_row(values, out));
            });
        Cow::Owned(out)
    }

    fn run<W: Work<Self>>(work: W) {
        #[cfg(target_arch = "x86_64")]
        if let Some(simd) = native() {
            // SAFETY: `native` has found the instructions.
            #[allow(unsafe_code)]
            return unsafe { x86::with_dot(simd, work) };
        }
        dispatch(vectorised::<Widened, _, _>(work));
    }
}

fn pack_row(numbers: &[f32], out: &mut [Pair]) {
    let (whole, rest) = numbers.as_chunks();
    pack(whole, out);
    if let [last] = rest {
        out[whole.len()] = Pair::new(*last, 0.0);
    }
}

fn pack(numbers: &[[f32; 2]], out: &mut [Pair]) {
    #[cfg(target_arch = "x86_64")]
    if native().is_some() {
        // SAFETY: `native` has found the instructions.
        #[allow(unsafe_code)]
        return unsafe { x86::pack(numbers, out) };
    }
    pack_plainly(numbers, out);
}

vectorised! {
    fn pack_plainly(numbers: &[[f32; 2]], out: &mut [Pair]) {
        for (out, [first, second]) in out.iter_mut().zip(numbers) {
            *out = Pair::new(*first, *second);
        }
    }
}

vectorised! {
    fn combine_row(first: &[f32], second: &[f32], out: &mut [Pair]) {
        for (out, (first, second)) in out.iter_mut().zip(first.iter().zip(second)) {
            *out = Pair::new(*first, *second);
        }
    }
}

/// Both numbers of a pair as f32 numbers, multiplied and added one after the other.
pub(super) struct Widened;

impl Multiply<Pair> for Widened {
    #[inline(always)]
    fn multiply_add<S: Simd>(simd: S, Pair(left): Pair, right: S::f32s, sum: S::f32s) -> S::f32s {
        let right = simd.transmute_u32s_f32s(right);
        let first = simd.wrapping_dyn_shl_u32s(right, simd.splat_u32s(16));
        let second = simd.and_u32s(right, simd.splat_u32s(HIGH));
        let [first, second] = [first, second].map(|bits| simd.transmute_f32s_u32s(bits));
        let splat = |bits| simd.splat_f32s(f32::from_bits(bits));
        let sum = simd.mul_add_e_f32s(splat(left << 16), first, sum);
        simd.mul_add_e_f32s(splat(left & HIGH), second, sum)
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) use self::x86::native;

/// Pairs by AVX512-BF16.
#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        __m512, __m512bh, __m512i, _mm512_cvtne2ps_pbh, _mm512_dpbf16_ps, _mm512_loadu_ps,
        _mm512_loadu_si512, _mm512_mask_storeu_epi32, _mm512_maskz_loadu_ps, _mm512_permutexvar_epi16,
        _mm512_set1_epi32, _mm512_storeu_si512,
    };

    use pulp::{Simd, x86::V4};

    use super::{Multiply, Pair, Rows, Work};

    /// Numbers of a vector.
    const LANES: usize = 16;

    /// Proof that this processor multiplies bf16 numbers itself, by AVX512-BF16.
    pub(in crate::flex) fn native() -> Option<V4> {
        let found = std::arch::is_x86_feature_detected!("avx512bf16");
        V4::try_new().filter(|_| found)
    }

    /// Runs `work` with AVX512-BF16.
    ///
    /// # Safety
    /// The processor has it.
    #[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512bf16,fma")]
    #[allow(unsafe_code)]
    pub(in crate::flex) unsafe fn with_dot<W: Work<Pair>>(simd: V4, work: W) {
        work.with::<V4, Dot>(simd);
    }

    /// `Element::pack`'s work, [`LANES`] pairs at a time.
    ///
    /// # Safety
    /// The processor has AVX512-BF16.
    #[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
    #[allow(unsafe_code)]
    pub(super) unsafe fn pack(numbers: &[[f32; 2]], out: &mut [Pair]) {
        let (whole, rest) = numbers.as_chunks::<LANES>();
        let (vectors, _) = out.as_chunks_mut::<LANES>();
        for (numbers, out) in whole.iter().zip(vectors) {
            // SAFETY: 32 numbers are read, and 16 pairs, which have their size each, written.
            unsafe {
                let first = numbers.as_ptr().cast::<f32>();
                let (low, high) = (_mm512_loadu_ps(first), _mm512_loadu_ps(first.add(LANES)));
                let pairs: __m512i = std::mem::transmute(_mm512_cvtne2ps_pbh(high, low));
                _mm512_storeu_si512(out.as_mut_ptr().cast(), pairs);
            }
        }
        let out = &mut out[whole.len() * LANES..];
        for (out, [first, second]) in out.iter_mut().zip(rest) {
            *out = Pair::new(*first, *second);
        }
    }

    /// `Element::combine` for pairs.
    ///
    /// # Safety
    /// The processor has AVX512-BF16.
    #[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
    #[allow(unsafe_code)]
    pub(super) unsafe fn combine<'a>(rows: impl Iterator<Item = Rows<'a>>, stride: usize, out: &mut [Pair]) {
        const BESIDE: [u16; 2 * LANES] = {
            let mut order = [0; 2 * LANES];
            let mut i = 0;
            while i < LANES {
                order[2 * i] = i as u16;
                order[2 * i + 1] = (LANES + i) as u16;
                i += 1;
            }
            order
        };
        // SAFETY: 32 numbers of 16 bits.
        let beside = unsafe { _mm512_loadu_si512(BESIDE.as_ptr().cast()) };
        for ((first, second), out) in rows.zip(out.chunks_mut(stride)) {
            let second_len = second.map_or(first.len(), <[f32]>::len);
            assert!(second_len == first.len() && first.len() <= out.len());
            for start in (0..first.len()).step_by(LANES) {
                let left = (first.len() - start).min(LANES);
                let mask = u16::MAX >> (LANES - left);
                // SAFETY: the mask leaves out what lies behind the rows, which are of one length, and `out`
                // is no shorter.
                unsafe {
                    let low = _mm512_maskz_loadu_ps(mask, first.as_ptr().add(start));
                    let high = match second {
                        Some(second) => _mm512_maskz_loadu_ps(mask, second.as_ptr().add(start)),
                        None => std::mem::zeroed(),
                    };
                    let halves: __m512i = std::mem::transmute(_mm512_cvtne2ps_pbh(high, low));
                    let pairs = _mm512_permutexvar_epi16(beside, halves);
                    _mm512_mask_storeu_epi32(out.as_mut_ptr().add(start).cast(), mask, pairs);
                }
            }
        }
    }

    /// The processor's own product of pairs.
    struct Dot;

    impl Multiply<Pair> for Dot {
        #[inline(always)]
        fn multiply_add<S: Simd>(_: S, Pair(left): Pair, right: S::f32s, sum: S::f32s) -> S::f32s {
            const { assert!(size_of::<S::f32s>() == size_of::<__m512>()) };
            // SAFETY: `Dot` is private and used with the vectors of `with_dot` alone, which are __m512, where
            // the processor has the instruction; vectors of one size are any bits.
            #[allow(unsafe_code)]
            unsafe {
                let left: __m512bh = std::mem::transmute(_mm512_set1_epi32(left.cast_signed()));
                let right: __m512bh = std::mem::transmute_copy(&right);
                let sum: __m512 = std::mem::transmute_copy(&sum);
                std::mem::transmute_copy(&_mm512_dpbf16_ps(sum, left, right))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_to_the_nearest_and_ties_to_even() {
        // 1 + 2^-8 lies between 1 and 1 + 2^-7; 1 + 3·2^-8 between 1 + 2^-7 and 1 + 2^-6.
        let cases = [
            (1.0, 1.0),
            (1.0 + 1.0 / 256.0, 1.0),
            (1.0 + 1.01 / 256.0, 1.0 + 1.0 / 128.0),
            (1.0 + 3.0 / 256.0, 1.0 + 1.0 / 64.0),
            (-1.0 - 1.01 / 256.0, -1.0 - 1.0 / 128.0),
            (0.0, 0.0),
            (f32::MAX, f32::INFINITY),
            (f32::NEG_INFINITY, f32::NEG_INFINITY),
        ];
        for (number, want) in cases {
            let Pair(bits) = Pair::new(number, -number);
            assert_eq!(f32::from_bits(bits << 16), want, "{number}");
            assert_eq!(f32::from_bits(bits & HIGH), -want, "{number}");
        }
        // NaNs whose payload lies in the lower half, or is all ones.
        for bits in [0x7f80_0001, 0x7fff_ffff] {
            assert!(f32::from_bits(rounded(f32::from_bits(bits)) & HIGH).is_nan());
        }
    }

    #[test]
    fn rows_of_odd_width_end_in_a_zero() {
        let values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let pair = Pair::new;
        let odd = [pair(1.0, 2.0), pair(3.0, 0.0), pair(4.0, 5.0), pair(6.0, 0.0)];
        assert_eq!(*Pair::rows(&values, 3), odd);
        let even = [pair(1.0, 2.0), pair(3.0, 4.0), pair(5.0, 6.0)];
        assert_eq!(*Pair::rows(&values, 2), even);
        assert_eq!(*f32::rows(&values, 3), values);
    }
}
