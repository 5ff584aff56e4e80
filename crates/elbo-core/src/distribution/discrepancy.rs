//! How far draws are from the standard normal distribution.

use burn::tensor::Tensor;

/// Squared lengths over which the kernels fall, for each unit.
const SCALES: [f64; 3] = [0.25, 1.0, 4.0];

/// The squared maximum mean discrepancy between draws z_1 … z_n and N(0, I) of d units (Gretton et al. 2012), summed over
/// the kernels k(a, b) = exp(−‖a − b‖² / 2h) with h = ¼ d, d and 4 d. Of each it is
///
/// 1/(n (n − 1)) Σ_{i≠j} k(z_i, z_j) − 2/n Σ_i (h/(h + 1))^{d/2} exp(−‖z_i‖² / 2(h + 1)) + (h/(h + 2))^{d/2},
///
/// whose expectations over the normal distribution are closed forms: 0 on average where the draws come from it, and more
/// than 0 else.
///
/// # Shapes
/// `[n, d]` to `[1]`.
pub(crate) fn discrepancy(z: Tensor<2>) -> Tensor<1> {
    let [_, d] = z.dims();
    let norms = z.clone().square().sum_dim(1);
    let products = z.clone().matmul(z.transpose());
    let distances = (norms.clone() + norms.clone().transpose() - products * 2.0).clamp_min(0.0);
    let [narrow, middle, wide] = SCALES.map(|scale| of_kernel(scale * d as f64, d, &norms, &distances));
    narrow + middle + wide
}

/// The term of one kernel, from the squared norms `[n, 1]` and the squared distances `[n, n]` of the draws.
fn of_kernel(h: f64, d: usize, norms: &Tensor<2>, distances: &Tensor<2>) -> Tensor<1> {
    let [n, _] = norms.dims();
    let half = d as f64 / 2.0;
    let pairs = (n * n.saturating_sub(1)).max(1) as f64;
    // Each draw is at distance 0 from itself.
    let own = ((distances.clone() / (-2.0 * h)).exp().sum() - n as f64) / pairs;
    let across = (norms.clone() / (-2.0 * (h + 1.0))).exp().mean() * (2.0 * (h / (h + 1.0)).powf(half));
    own - across + (h / (h + 2.0)).powf(half)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_close, mean_and_error, normal, rows, tensor, values};

    #[test]
    fn two_draws_by_hand() {
        // One unit, draws 0 and 2; of a kernel: exp(−4 / 2h) − (h/(h+1))^½ (1 + exp(−4 / 2(h+1))) + (h/(h+2))^½
        let of = |h: f64| {
            (-2.0 / h).exp() - (h / (h + 1.0)).sqrt() * (1.0 + (-2.0 / (h + 1.0)).exp())
                + (h / (h + 2.0)).sqrt()
        };
        let expected = of(0.25) + of(1.0) + of(4.0);
        assert_close(&discrepancy(rows([[0.0], [2.0]])), &[expected], 1e-6);
    }

    #[test]
    fn normal_draws_have_none_and_others_have_some() {
        let draws = |seed| tensor(normal(seed, 64 * 3), [64, 3]);
        let all = |change: fn(Tensor<2>) -> Tensor<2>| {
            let found: Vec<f64> = (0..200)
                .flat_map(|seed| values(&discrepancy(change(draws(seed)))))
                .collect();
            mean_and_error(&found)
        };
        let (mean, error) = all(|z| z);
        assert!(mean.abs() < 4.0 * error, "{mean} {error}");
        for change in [
            (|z| z * 0.7) as fn(Tensor<2>) -> Tensor<2>,
            |z| z + 0.5,
            // Right in mean and variance, but in two heaps.
            |z| z.clone().sign() * 0.9 + z * 0.3,
        ] {
            let (mean, error) = all(change);
            assert!(mean > 10.0 * error, "{mean} {error}");
        }
    }

    #[test]
    fn a_single_draw_is_no_error() {
        assert!(values(&discrepancy(rows([[0.5, 1.0]])))[0].is_finite());
    }
}
