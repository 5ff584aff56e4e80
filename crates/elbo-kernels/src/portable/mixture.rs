//! The log-mass of intervals under mixtures of logistic distributions and its gradient, by the formulas of the CPU's
//! kernel.

use burn::backend::{Backend, TensorMetadata, tensor::FloatTensor};
use burn::tensor::Slice;

use super::{
    logistic::{log_width, log_width_slope},
    num::Num,
};
use crate::mixture::{
    LEAST_WIDTH, MIXTURE_END, MIXTURE_LEAST_SCALE, MIXTURE_SCALE, MIXTURE_SCALE_SHIFT, PARAMETERS,
};

/// Intermediate values that the result and its gradient share: `[batch, n, k]`, those of the ends `[batch, n, 1]`.
struct Mixture<B: Backend> {
    /// The largest of each mixture is 0.
    logits: Num<B>,
    /// Parameters of the scales, shifted.
    shifted: Num<B>,
    inverse_scale: Num<B>,
    a: Num<B>,
    b: Num<B>,
    delta: Num<B>,
    /// 1 where the interval has a lower end, 0 where it reaches to infinity.
    has_low: Num<B>,
    /// 1 where it has an upper end.
    has_high: Num<B>,
}

impl<B: Backend> Mixture<B> {
    fn new(parameters: FloatTensor<B>, low: FloatTensor<B>, high: FloatTensor<B>) -> Self {
        let [logits, locations, scales] = [0, 1, 2].map(|at| part::<B>(&parameters, at));
        let ((low, has_low), (high, has_high)) = (end::<B>(low), end::<B>(high));
        let shifted = scales + MIXTURE_SCALE_SHIFT;
        let scale = shifted.clone().softplus() * MIXTURE_SCALE + MIXTURE_LEAST_SCALE;
        let inverse_scale = Num::<B>(B::float_recip(scale.0));
        Self {
            logits: logits.clone() - Num(B::float_max_dim(logits.0, 2)),
            shifted,
            a: (high.clone() - locations.clone()) * inverse_scale.clone(),
            b: (low.clone() - locations) * inverse_scale.clone(),
            delta: ((high - low) * inverse_scale.clone()).at_least(LEAST_WIDTH),
            inverse_scale,
            has_low,
            has_high,
        }
    }

    /// The logit of each component plus the log of its own mass.
    fn terms(&self) -> Num<B> {
        let width = self.has_low.clone() * self.has_high.clone() * log_width(self.delta.clone());
        let above = self.has_high.clone() * (-self.a.clone()).softplus();
        let below = self.has_low.clone() * self.b.clone().softplus();
        self.logits.clone() + width - above - below
    }

    /// The derivatives of the log of each component's own mass, with respect to its location and the parameter of its
    /// scale.
    fn slopes(&self) -> (Num<B>, Num<B>) {
        let by_a = self.has_high.clone() * (-self.a.clone()).sigmoid();
        let by_b = -(self.has_low.clone() * self.b.clone().sigmoid());
        let by_log_delta = self.has_low.clone() * self.has_high.clone() * log_width_slope(self.delta.clone());
        let by_location = -(self.inverse_scale.clone() * (by_a.clone() + by_b.clone()));
        let by_log_scale = -(self.a.clone() * by_a + self.b.clone() * by_b + by_log_delta);
        let log_slope = self.inverse_scale.clone() * self.shifted.clone().sigmoid() * MIXTURE_SCALE;
        (by_location, by_log_scale * log_slope)
    }
}

/// log Σ_j π_j [σ(A_j) - σ(B_j)].
pub(crate) fn mixture_log_mass<B: Backend>(
    parameters: FloatTensor<B>,
    low: FloatTensor<B>,
    high: FloatTensor<B>,
) -> FloatTensor<B> {
    let [batch, n] = low.shape().dims();
    let mixture = Mixture::<B>::new(parameters, low, high);
    let (_, of_terms) = softmax(mixture.terms());
    let (_, of_logits) = softmax(mixture.logits);
    (of_terms - of_logits).reshape([batch, n])
}

/// The gradient with respect to the parameters, times each interval's incoming gradient.
pub(crate) fn mixture_grad<B: Backend>(
    parameters: FloatTensor<B>,
    low: FloatTensor<B>,
    high: FloatTensor<B>,
    grad: FloatTensor<B>,
) -> FloatTensor<B> {
    let grad = per_interval::<B>(grad);
    let mixture = Mixture::<B>::new(parameters, low, high);
    let (by_location, by_scale) = mixture.slopes();
    let (shares, _) = softmax(mixture.terms());
    let (weights, _) = softmax(mixture.logits);
    let by_logit = (shares.clone() - weights) * grad.clone();
    let shares = shares * grad;
    let by_location = by_location * shares.clone();
    B::float_cat(vec![by_logit.0, by_location.0, (by_scale * shares).0], 2)
}

/// e^a / Σ e^a and ln Σ e^a over the last axis.
fn softmax<B: Backend>(a: Num<B>) -> (Num<B>, Num<B>) {
    let top = Num::<B>(B::float_max_dim(a.0.clone(), 2));
    let odds = (a - top.clone()).exp();
    let sum = Num::<B>(B::float_sum_dim(odds.0.clone(), 2));
    (odds / sum.clone(), top + sum.log())
}

/// An end as it is computed with, and 1 where it is no infinite one, else 0.
fn end<B: Backend>(end: FloatTensor<B>) -> (Num<B>, Num<B>) {
    let end = per_interval::<B>(end);
    let is_inner = (-Num::<B>(B::float_abs(end.0.clone()))).above(-MIXTURE_END);
    (end.clamp(-MIXTURE_END, MIXTURE_END), is_inner)
}

/// `[batch, n]` to `[batch, n, 1]`.
fn per_interval<B: Backend>(t: FloatTensor<B>) -> Num<B> {
    let [batch, n] = t.shape().dims();
    Num(Num::<B>(t).reshape([batch, n, 1]))
}

/// The logits, the locations or the parameters of the scales.
fn part<B: Backend>(parameters: &FloatTensor<B>, at: usize) -> Num<B> {
    let [batch, n, width] = parameters.shape().dims();
    let k = width / PARAMETERS;
    let slices = [0..batch, 0..n, at * k..(at + 1) * k].map(Slice::from);
    Num(B::float_slice(parameters.clone(), &slices))
}
