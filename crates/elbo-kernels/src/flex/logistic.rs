//! One element of the discretised logistic log-likelihood; s = log scale.
//!
//! With a and b the upper and lower ends of x's bin in units of the scale, δ = a - b, σ the
//! logistic function: σ(a) - σ(b) = σ(a) σ(-b) (1 - e^-δ). So the log of a bin's mass is
//! -softplus(-a) - softplus(b) + log(1 - e^-δ), a sum of well-conditioned terms: nothing cancels
//! however thin the bin or far the tail. The lowest bin keeps the first term only (it reaches to
//! -∞), the highest the second.

use super::{
    location_scale::LocationScale,
    math::{exp, ln, one_minus_exp_neg, softplus_sigmoid},
    rows::Term,
};
use crate::logistic::HALF_BIN;

pub(super) struct DiscretizedLogistic;

/// a, b, δ, 1 / scale, and 1.0 or 0.0 for whether the bin has an upper and a lower end.
#[inline(always)]
fn bin(mean: f32, log_scale: f32, x: f32) -> (f32, f32, f32, f32, f32, f32) {
    let inverse_scale = exp(-log_scale);
    let a = (x - mean + HALF_BIN) * inverse_scale;
    let b = (x - mean - HALF_BIN) * inverse_scale;
    let has_upper = if x < 1.0 - HALF_BIN { 1.0 } else { 0.0 };
    let has_lower = if x > HALF_BIN { 1.0 } else { 0.0 };
    (
        a,
        b,
        2.0 * HALF_BIN * inverse_scale,
        inverse_scale,
        has_upper,
        has_lower,
    )
}

impl Term for DiscretizedLogistic {
    #[inline(always)]
    fn term(mean: f32, log_scale: f32, x: f32) -> f32 {
        let (a, b, delta, _, has_upper, has_lower) = bin(mean, log_scale, x);
        let width = one_minus_exp_neg(delta).max(f32::MIN_POSITIVE);
        has_upper * has_lower * ln(width)
            - has_upper * softplus_sigmoid(-a).0
            - has_lower * softplus_sigmoid(b).0
    }
}

impl LocationScale for DiscretizedLogistic {
    #[inline(always)]
    fn grad(mean: f32, log_scale: f32, x: f32) -> (f32, f32) {
        let (a, b, delta, inverse_scale, has_upper, has_lower) = bin(mean, log_scale, x);
        let width = one_minus_exp_neg(delta).max(f32::MIN_POSITIVE);
        let by_a = has_upper * softplus_sigmoid(-a).1;
        let by_b = -has_lower * softplus_sigmoid(b).1;
        let by_log_delta = has_upper * has_lower * delta * (1.0 - width) / width;
        (
            -inverse_scale * (by_a + by_b),
            -(a * by_a + b * by_b + by_log_delta),
        )
    }
}
