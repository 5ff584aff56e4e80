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
/// than 0 else. The draws are the rows of `z` that are marked with 1, and not those with 0; fewer than two have none.
///
/// # Shapes
/// z `[rows, d]` and marked `[rows, 1]` to `[1]`.
pub(crate) fn discrepancy(z: Tensor<2>, marked: Tensor<2>) -> Tensor<1> {
    let [_, d] = z.dims();
    let norms = z.clone().square().sum_dim(1);
    let products = z.clone().matmul(z.transpose());
    let draws = Draws {
        distances: (norms.clone() + norms.clone().transpose() - products * 2.0).clamp_min(0.0),
        norms,
        pairs: marked.clone().matmul(marked.clone().transpose()),
        number: marked.clone().sum(),
        marked,
    };
    let [narrow, middle, wide] = SCALES.map(|scale| draws.of_kernel(scale * d as f64, d));
    let enough = draws.number.greater_equal_elem(2.0).float();
    (narrow + middle + wide) * enough
}

/// What the kernels need of the draws.
struct Draws {
    /// Squared, `[rows, 1]`.
    norms: Tensor<2>,
    /// Squared, `[rows, rows]`.
    distances: Tensor<2>,
    /// 1 for a draw, and for two draws, else 0.
    marked: Tensor<2>,
    pairs: Tensor<2>,
    /// How many draws there are, `[1]`.
    number: Tensor<1>,
}

impl Draws {
    fn of_kernel(&self, h: f64, d: usize) -> Tensor<1> {
        let half = d as f64 / 2.0;
        let n = self.number.clone();
        let pairs = (n.clone() * (n.clone() - 1.0)).clamp_min(1.0);
        // Each draw is at distance 0 from itself.
        let own = ((self.distances.clone() / (-2.0 * h)).exp() * self.pairs.clone()).sum() - n.clone();
        let across = ((self.norms.clone() / (-2.0 * (h + 1.0))).exp() * self.marked.clone()).sum();
        let across = across / n.clamp_min(1.0) * (2.0 * (h / (h + 1.0)).powf(half));
        own / pairs - across + (h / (h + 2.0)).powf(half)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_close, mean_and_error, normal, rows, tensor, values};

    fn of_all(z: Tensor<2>) -> Tensor<1> {
        let marked = z.clone().narrow(1, 0, 1).ones_like();
        discrepancy(z, marked)
    }

    #[test]
    fn two_draws_by_hand() {
        // One unit, draws 0 and 2; of a kernel: exp(−4 / 2h) − (h/(h+1))^½ (1 + exp(−4 / 2(h+1))) + (h/(h+2))^½
        let of = |h: f64| {
            (-2.0 / h).exp() - (h / (h + 1.0)).sqrt() * (1.0 + (-2.0 / (h + 1.0)).exp())
                + (h / (h + 2.0)).sqrt()
        };
        let expected = of(0.25) + of(1.0) + of(4.0);
        assert_close(&of_all(rows([[0.0], [2.0]])), &[expected], 1e-6);
    }

    #[test]
    fn normal_draws_have_none_and_others_have_some() {
        let draws = |seed| tensor(normal(seed, 64 * 3), [64, 3]);
        let all = |change: fn(Tensor<2>) -> Tensor<2>| {
            let found: Vec<f64> = (0..200)
                .flat_map(|seed| values(&of_all(change(draws(seed)))))
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
    fn rows_that_are_not_marked_are_no_draws() {
        let among = rows([[0.5, 1.0], [9.0, 9.0], [-1.0, 0.3]]);
        let found = values(&discrepancy(among, rows([[1.0], [0.0], [1.0]])));
        assert_close(&of_all(rows([[0.5, 1.0], [-1.0, 0.3]])), &found, 1e-6);
    }

    #[test]
    fn a_single_draw_has_none() {
        assert_close(&of_all(rows([[0.5, 1.0]])), &[0.0], 0.0);
    }
}
