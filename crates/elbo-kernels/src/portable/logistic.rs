//! The discretised logistic log-likelihood and its gradients.
//!
//! The formulas are those of the CPU's kernel: with a and b the ends of a bin in units of the scale
//! and δ = a - b, the log of its mass is log(1 - e^-δ) - softplus(-a) - softplus(b).
//!
//! A device's exp and log are not exact enough for 1 - e^-δ at a small δ. So a function g of δ is
//! taken as g(min(δ, 1)) + g(max(δ, 1)) - g(1), the first by its series about 0: no branches, and no
//! cancellation in either part.

use burn::backend::{Backend, tensor::FloatTensor};

use super::num::Num;
use crate::logistic::HALF_BIN;

/// 1 - e^-1.
const WIDTH_AT_1: f32 = 0.632_120_56;

/// Intermediate values that the result and its gradients share.
struct Bin<B: Backend> {
    a: Num<B>,
    b: Num<B>,
    delta: Num<B>,
    inverse_scale: Num<B>,
    /// 1 where the bin has an upper end, 0 where it reaches to infinity.
    has_upper: Num<B>,
    /// 1 where the bin has a lower end.
    has_lower: Num<B>,
}

impl<B: Backend> Bin<B> {
    fn new(mean: FloatTensor<B>, log_scale: FloatTensor<B>, x: FloatTensor<B>) -> Self {
        let (mean, x) = (Num::<B>(mean), Num(x));
        let inverse_scale = Num(log_scale).exp_neg_bounded();
        let error = x.clone() - mean;
        Self {
            a: (error.clone() + HALF_BIN) * inverse_scale.clone(),
            b: (error - HALF_BIN) * inverse_scale.clone(),
            delta: inverse_scale.clone() * (2.0 * HALF_BIN),
            inverse_scale,
            has_upper: (-x.clone()).above(HALF_BIN - 1.0),
            has_lower: x.above(HALF_BIN),
        }
    }
}

/// log(1 - e^-δ); below 1 it is log δ - δ/2 + δ²/24 - δ⁴/2880 + δ⁶/181440, to 1e-7.
pub(super) fn log_width<B: Backend>(delta: Num<B>) -> Num<B> {
    let (small, large) = (delta.clone().at_most(1.0), delta.at_least(1.0));
    let square = small.clone().square();
    let tail = (square.clone() * (1.0 / 181_440.0) - 1.0 / 2880.0) * square.clone() + 1.0 / 24.0;
    let below = small.clone().log() - small * 0.5 + square * tail;
    below + one_minus_exp_neg(large).log() - WIDTH_AT_1.ln()
}

/// d log(1 - e^-δ) / d log δ = δ / (e^δ - 1); below 1 it is
/// 1 - δ/2 + δ²/12 - δ⁴/720 + δ⁶/30240 - δ⁸/1209600, to 2e-8.
pub(super) fn log_width_slope<B: Backend>(delta: Num<B>) -> Num<B> {
    let (small, large) = (delta.clone().at_most(1.0), delta.at_least(1.0));
    let square = small.clone().square();
    let tail = square.clone() * (-1.0 / 1_209_600.0) + 1.0 / 30_240.0;
    let tail = (tail * square.clone() - 1.0 / 720.0) * square.clone() + 1.0 / 12.0;
    let below = small * -0.5 + 1.0 + square * tail;
    let above = large.clone() * (-large.clone()).exp() / one_minus_exp_neg(large);
    below + above - (1.0 - WIDTH_AT_1) / WIDTH_AT_1
}

/// 1 - e^-δ for a δ of at least 1.
fn one_minus_exp_neg<B: Backend>(delta: Num<B>) -> Num<B> {
    -(-delta).exp() + 1.0
}

/// Σ_d log p(x).
pub(crate) fn discretized_logistic_log_prob<B: Backend>(
    mean: FloatTensor<B>,
    log_scale: FloatTensor<B>,
    x: FloatTensor<B>,
) -> FloatTensor<B> {
    let bin = Bin::<B>::new(mean, log_scale, x);
    let width = bin.has_upper.clone() * bin.has_lower.clone() * log_width(bin.delta);
    let tails = bin.has_upper * (-bin.a).softplus() + bin.has_lower * bin.b.softplus();
    (width - tails).sum_rows()
}

/// The gradients with respect to mean and log_scale, times each row's incoming gradient.
pub(crate) fn discretized_logistic_grad<B: Backend>(
    mean: FloatTensor<B>,
    log_scale: FloatTensor<B>,
    x: FloatTensor<B>,
    grad: FloatTensor<B>,
) -> (FloatTensor<B>, FloatTensor<B>) {
    let (shape, grad) = (Num::<B>(log_scale.clone()).dims(), Num::column(grad));
    let bin = Bin::<B>::new(mean, log_scale, x);
    let by_log_delta = bin.has_upper.clone() * bin.has_lower.clone() * log_width_slope(bin.delta);
    let by_a = bin.has_upper * (-bin.a.clone()).sigmoid();
    let by_b = -(bin.has_lower * bin.b.clone().sigmoid());
    let by_mean = -(bin.inverse_scale * (by_a.clone() + by_b.clone()));
    let by_log_scale = -(bin.a * by_a + bin.b * by_b + by_log_delta);
    ((by_mean * grad.clone()).0, (by_log_scale * grad).sum_to(shape))
}
