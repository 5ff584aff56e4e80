//! exp, log and friends as straight-line polynomials, for loops the compiler turns into vectors.
//!
//! All take finite numbers or NaN (which comes out again). Worst errors are those of the tests,
//! over a dense sample of the stated range.

/// ln 2 in two parts: the first, 355/512, has nine bits, so its product with an exponent is exact.
const LN2_HIGH: f32 = 0.693_359_4;
const LN2_LOW: f32 = -2.121_944_4e-4;

/// (q, 2ⁿ) with e^z = 2ⁿ (1 + q): z = n ln 2 + r, |r| <= ½ ln 2, and q = e^r - 1 by its series.
#[inline(always)]
fn exp_parts(z: f32) -> (f32, f32) {
    // Adding 1.5 * 2²³ leaves no bits for a fraction: the sum is rounded to an integer, whose value is in its
    // lowest bits.
    const TO_INTEGER: f32 = 12_582_912.0;
    const ONE: u32 = 0x3f80_0000;
    let z = z.clamp(-87.0, 88.0);
    let shifted = z * std::f32::consts::LOG2_E + TO_INTEGER;
    let n = shifted - TO_INTEGER;
    let r = (z - n * LN2_HIGH) - n * LN2_LOW;
    let tail = 1.0 / 24.0 + r * (1.0 / 120.0 + r * (1.0 / 720.0 + r * (1.0 / 5040.0)));
    let q = r + r * r * (0.5 + r * (1.0 / 6.0 + r * tail));
    (q, f32::from_bits((shifted.to_bits() << 23).wrapping_add(ONE)))
}

/// e^z, z held to [-87, 88]. Worst error 2 ULP.
#[inline(always)]
pub(super) fn exp(z: f32) -> f32 {
    let (q, scale) = exp_parts(z);
    scale + scale * q
}

/// 1 - e^-z for z >= 0, without cancellation near 0. Worst error 3 ULP.
#[inline(always)]
pub(super) fn one_minus_exp_neg(z: f32) -> f32 {
    let (q, scale) = exp_parts(-z);
    (1.0 - scale) - scale * q
}

/// log(1 + u) for u in [0, 1], by 2 artanh(u / (2 + u)). Worst error 3 ULP.
#[inline(always)]
pub(super) fn log1p(u: f32) -> f32 {
    let s = u / (2.0 + u);
    let t = s * s;
    let tail = 1.0 / 7.0 + t * (1.0 / 9.0 + t * (1.0 / 11.0 + t * (1.0 / 13.0)));
    2.0 * s + 2.0 * s * t * (1.0 / 3.0 + t * (1.0 / 5.0 + t * tail))
}

/// log x for positive normal x. Worst error 3 ULP, or 1e-7 near x = 1.
#[inline(always)]
pub(super) fn ln(x: f32) -> f32 {
    const SQRT_HALF: u32 = 0x3f35_04f3;
    let exponent = (x.to_bits().wrapping_sub(SQRT_HALF) as i32) >> 23;
    let mantissa = f32::from_bits(x.to_bits().wrapping_sub((exponent << 23) as u32));
    let e = exponent as f32;
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let t = s * s;
    let log1p = 2.0 * s + 2.0 * s * t * (1.0 / 3.0 + t * (0.2 + t * (1.0 / 7.0 + t * (1.0 / 9.0))));
    e * LN2_HIGH + (log1p + e * LN2_LOW)
}

/// (log(1 + e^z), 1 / (1 + e^-z)) from one exponential: softplus and its derivative.
#[inline(always)]
pub(super) fn softplus_sigmoid(z: f32) -> (f32, f32) {
    let u = exp(-z.abs());
    let sigmoid = if z < 0.0 { u } else { 1.0 } / (1.0 + u);
    (z.max(0.0) + log1p(u), sigmoid)
}

/// tanh z. Worst error 4 ULP.
#[inline(always)]
pub(super) fn tanh(z: f32) -> f32 {
    let t = one_minus_exp_neg(2.0 * z.abs());
    (t / (2.0 - t)).copysign(z)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Largest error of `f` against `exact` in units in the last place, over `range`.
    fn worst_ulp(f: fn(f32) -> f32, exact: fn(f64) -> f64, [low, high]: [f32; 2]) -> f64 {
        let steps = 2_000_000;
        let error = |i: i32| {
            let z = low + (high - low) * (i as f32 / steps as f32);
            let want = exact(f64::from(z));
            let ulp = f64::from((want as f32).abs().next_up() - (want as f32).abs());
            (f64::from(f(z)) - want).abs() / ulp
        };
        (0..=steps).map(error).fold(0.0, f64::max)
    }

    #[test]
    fn exp_is_within_2_ulp() {
        assert!(worst_ulp(exp, f64::exp, [-87.0, 88.0]) <= 2.0);
        assert!(worst_ulp(exp, f64::exp, [-1.0, 1.0]) <= 2.0);
        assert!(exp(f32::NAN).is_nan());
        assert!(exp(-1e30) < 2e-38 && exp(1e30) > 1e38);
    }

    #[test]
    fn one_minus_exp_neg_is_within_3_ulp() {
        let exact = |z: f64| -(-z).exp_m1();
        assert!(worst_ulp(one_minus_exp_neg, exact, [1e-6, 1.0]) <= 3.0);
        assert!(worst_ulp(one_minus_exp_neg, exact, [0.0, 100.0]) <= 3.0);
    }

    #[test]
    fn log1p_is_within_3_ulp() {
        assert!(worst_ulp(log1p, f64::ln_1p, [0.0, 1.0]) <= 3.0);
        assert!(worst_ulp(log1p, f64::ln_1p, [0.0, 1e-4]) <= 3.0);
    }

    #[test]
    fn ln_is_within_3_ulp() {
        assert!(worst_ulp(ln, f64::ln, [1e-30, 0.9]) <= 3.0);
        assert!(worst_ulp(ln, f64::ln, [1.1, 100.0]) <= 3.0);
        assert!((ln(1.000_01) - 1.000_01_f32.ln()).abs() <= 1e-7);
    }

    #[test]
    fn tanh_is_within_4_ulp() {
        assert!(worst_ulp(tanh, f64::tanh, [-10.0, 10.0]) <= 4.0);
        assert!(worst_ulp(tanh, f64::tanh, [-1e-3, 1e-3]) <= 4.0);
        assert!(tanh(f32::NAN).is_nan());
    }

    #[test]
    fn softplus_and_sigmoid_hold_at_both_ends() {
        let softplus = |z| softplus_sigmoid(z).0;
        let sigmoid = |z| softplus_sigmoid(z).1;
        assert_eq!(softplus(100.0), 100.0);
        assert!(worst_ulp(softplus, |z| z.exp().ln_1p(), [-80.0, 80.0]) <= 4.0);
        assert!(worst_ulp(sigmoid, |z| 1.0 / (1.0 + (-z).exp()), [-80.0, 80.0]) <= 4.0);
    }
}
