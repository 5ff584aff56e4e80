//! The distribution of a number over its bins, where they have an order: a mixture of logistic distributions over normal
//! scores, integrated over each bin.
//!
//! Bin b lies between the normal scores l_b and h_b of the training records at its ends. Its probability is
//!
//! M(b) = Σ_k π_k [σ((h_b − m_k)/s_k) − σ((l_b − m_k)/s_k)]
//!
//! with l = −∞ and h = ∞ at the ends of the range, so that all bins together have probability 1. Where a value is
//! frequent its bin is wide in normal scores: a smooth density has the spikes of the data (Salimans et al. 2017 for the
//! mixture; the scores are those of a Gaussian copula).

use burn::tensor::{Tensor, TensorData, activation};
use elbo_kernels::{MIXTURE_LEAST_SCALE, MIXTURE_SCALE, MIXTURE_SCALE_SHIFT, mixture_log_mass, sigmoid};

use crate::model::log_sum_exp;

/// Parameters of a component: its weight, location and scale.
pub(crate) const PARAMETERS: usize = 3;
/// Locations of the components of a new network lie evenly within ± this.
const SPREAD: f32 = 1.5;
/// The scales' parameter of a new network.
const FIRST_SCALE: f32 = -0.7;

/// Mixtures of `k` logistic distributions: logits of the weights, locations and parameters of the scales.
#[derive(Clone, Debug)]
pub(crate) struct Mixture {
    parameters: Tensor<3>,
}

/// The parameters with which `k` components of a new network begin.
pub(crate) fn first_parameters(k: usize) -> Vec<f32> {
    let place = |j: usize| (j as f32 + 0.5) / k as f32 * 2.0 - 1.0;
    let weights = std::iter::repeat_n(0.0, k);
    let locations = (0..k).map(|j| place(j) * SPREAD);
    weights
        .chain(locations)
        .chain(std::iter::repeat_n(FIRST_SCALE, k))
        .collect()
}

impl Mixture {
    /// # Shapes
    /// `[batch, fields, 3 k]`.
    pub(crate) fn new(parameters: Tensor<3>) -> Self {
        Self { parameters }
    }

    /// ln M of the bin from `low` to `high` of each record and field, [`elbo_kernels::MIXTURE_END`] standing for ∞.
    ///
    /// # Shapes
    /// low, high: `[batch, fields]`, to the same.
    pub(crate) fn log_mass(&self, low: Tensor<2>, high: Tensor<2>) -> Tensor<2> {
        mixture_log_mass(self.parameters.clone(), low, high)
    }

    /// M of each bin of one field, whose inner ends are `ends`, ascending.
    ///
    /// # Shapes
    /// `[batch, 1, …]` mixtures to `[batch, ends + 1]`.
    pub(crate) fn masses(&self, ends: &[f32]) -> Tensor<2> {
        let ([batch, _, width], device) = (self.parameters.dims(), self.parameters.device());
        if ends.is_empty() {
            return Tensor::ones([batch, 1], &device);
        }
        let (k, ends_of) = (width / PARAMETERS, ends.len());
        let part = |at: usize| -> Tensor<3> {
            let columns = self.parameters.clone().narrow(2, at * k, k);
            columns.reshape([batch, k, 1])
        };
        let weights = activation::softmax(part(0), 1).reshape([batch, 1, k]);
        let scales = activation::softplus(part(2) + MIXTURE_SCALE_SHIFT, 1.0);
        let scales = scales * MIXTURE_SCALE + MIXTURE_LEAST_SCALE;
        let at = Tensor::<3>::from_data(TensorData::new(ends.to_vec(), [1, 1, ends_of]), &device);
        let at = ((at - part(1)) / scales).reshape([batch, k * ends_of]);
        let of_all = |shares: Tensor<2>| -> Tensor<2> {
            let shares = shares.reshape([batch, k, ends_of]);
            weights.clone().matmul(shares).reshape([batch, ends_of])
        };
        between(of_all(sigmoid(at.clone())), of_all(sigmoid(-at)))
    }
}

/// The shares between ends, from those below and above each end, `[batch, ends]` to `[batch, ends + 1]`. In the upper
/// half the shares above are small, and differ in more digits than those below.
fn between(below: Tensor<2>, above: Tensor<2>) -> Tensor<2> {
    let ([batch, _], device) = (below.dims(), below.device());
    let zero = || Tensor::zeros([batch, 1], &device);
    let one = || Tensor::ones([batch, 1], &device);
    let upper = Tensor::cat(vec![zero(), below.clone().greater_elem(0.5).float()], 1);
    let by_below = Tensor::cat(vec![below.clone(), one()], 1) - Tensor::cat(vec![zero(), below], 1);
    let by_above = Tensor::cat(vec![one(), above.clone()], 1) - Tensor::cat(vec![above, zero()], 1);
    (by_above * upper.clone() + by_below * (-upper + 1.0)).clamp_min(0.0)
}

/// ln(e^a + e^b), where `use_a` and `use_b` say (1 or 0) which of them count; at least one does.
pub(crate) fn log_add_exp(a: Tensor<2>, use_a: Tensor<2>, b: Tensor<2>, use_b: Tensor<2>) -> Tensor<2> {
    let only = |value: Tensor<2>, used: Tensor<2>| value * used.clone() + (used - 1.0) * 1e9;
    let shape = a.dims();
    let pair: Tensor<3> = Tensor::stack(vec![only(a, use_a), only(b, use_b)], 2);
    log_sum_exp(pair.reshape([shape[0] * shape[1], 2])).reshape(shape)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_close, rows, tensor, values};
    use elbo_kernels::MIXTURE_END as END;

    /// Two components: ¼ at −1 and ¾ at 0.5.
    fn mixture() -> Mixture {
        let parameters = [1.0_f32.ln(), 3.0_f32.ln(), -1.0, 0.5, -0.5, 0.0];
        Mixture::new(tensor(parameters, [1, 1, 6]))
    }

    fn below(x: f64) -> f64 {
        // s = 0.7 ln(1 + e^(a + ½)) + 0.003 at a = −½ and 0
        let scale = |a: f64| 0.7 * (a + 0.5).exp().ln_1p() + 0.003;
        let sigma = |m: f64, s: f64| 1.0 / (1.0 + (-(x - m) / s).exp());
        0.25 * sigma(-1.0, scale(-0.5)) + 0.75 * sigma(0.5, scale(0.0))
    }

    #[test]
    fn a_bin_has_the_mass_between_its_ends() {
        let mass = |low: f32, high: f32| values(&mixture().log_mass(rows([[low]]), rows([[high]])))[0].exp();
        let close =
            |found: f64, expected: f64| assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        close(mass(-0.5, 0.75), below(0.75) - below(-0.5));
        close(mass(-END, -2.0), below(-2.0));
        close(mass(1.5, END), 1.0 - below(1.5));
        close(mass(-END, END), 1.0);
        // A narrow bin keeps its digits.
        let narrow = mass(0.25, 0.251);
        let expected = below(0.251_f32.into()) - below(0.25);
        assert!((narrow / expected - 1.0).abs() < 1e-3, "{narrow} {expected}");
    }

    #[test]
    fn all_bins_together_have_mass_1() {
        let masses = mixture().masses(&[-2.0, -0.5, 0.75, 1.5]);
        let expected = [
            below(-2.0),
            below(-0.5) - below(-2.0),
            below(0.75) - below(-0.5),
            below(1.5) - below(0.75),
            1.0 - below(1.5),
        ];
        assert_close(&masses, &expected, 1e-6);
        assert_close(&mixture().masses(&[]), &[1.0], 0.0);
    }

    #[test]
    fn sums_in_logarithms_leave_out_what_does_not_count() {
        let sum = |use_a: f32, use_b: f32| {
            let [a, b] = [0.25_f32.ln(), 0.5_f32.ln()].map(|v| rows([[v]]));
            values(&log_add_exp(a, rows([[use_a]]), b, rows([[use_b]])))[0].exp()
        };
        for (found, expected) in [(sum(1.0, 1.0), 0.75), (sum(1.0, 0.0), 0.25), (sum(0.0, 1.0), 0.5)] {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
    }
}
