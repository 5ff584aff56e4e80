//! The normal distribution with a diagonal covariance.

use burn::tensor::Tensor;
use elbo_kernels::{gaussian_log_prob, sample_and_kl};

use crate::fields::repeat_each;

/// N(mean, diag exp(logvar)).
#[derive(Clone, Debug)]
pub struct DiagonalGaussian {
    /// `[batch, d]`.
    pub mean: Tensor<2>,
    /// Log-variance, `[batch, d]`, `[1, d]` or `[1, 1]`.
    pub logvar: Tensor<2>,
}

impl DiagonalGaussian {
    /// N(0, I) for a batch, on the device of `like`.
    pub fn standard(like: &Tensor<2>) -> Self {
        Self {
            mean: like.zeros_like(),
            logvar: like.zeros_like(),
        }
    }

    /// z = mean + std · eps (Kingma & Welling 2014, eq. 4 with g of section 2.4), for eps ~ N(0, I).
    ///
    /// # Shapes
    /// eps and z: `[batch, d]`.
    pub fn reparameterize(&self, eps: Tensor<2>) -> Tensor<2> {
        self.mean.clone() + self.std() * eps
    }

    /// z = mean + (temperature · std) · eps: 1 draws from the distribution itself, bit for bit as
    /// [`Self::reparameterize`] does, and 0 takes the mean.
    ///
    /// # Shapes
    /// eps and z: `[batch, d]`.
    pub fn draw(&self, eps: Tensor<2>, temperature: f32) -> Tensor<2> {
        self.mean.clone() + self.std() * temperature * eps
    }

    /// Standard deviation, exp(logvar / 2).
    pub fn std(&self) -> Tensor<2> {
        (self.logvar.clone() * 0.5).exp()
    }

    /// (x − mean) / std: standard normal where x comes from this distribution.
    pub fn standardise(&self, x: Tensor<2>) -> Tensor<2> {
        (x - self.mean.clone()) / self.std()
    }

    /// log N(x; mean, exp(logvar)) summed over d, `[batch]`, in nats.
    pub fn log_prob(&self, x: Tensor<2>) -> Tensor<1> {
        gaussian_log_prob(self.mean.clone(), self.logvar.clone(), x)
    }

    /// KL(self ‖ other) of each unit, `[batch, d]`, in nats:
    /// ½ (logvar' − logvar + (exp logvar + (mean − mean')²) / exp logvar' − 1).
    ///
    /// Never negative except for rounding, about 1e-7 where the two are nearly equal.
    ///
    /// ```
    /// use burn::tensor::Tensor;
    /// use elbo_core::{device, distribution::DiagonalGaussian};
    /// let zeros = Tensor::<2>::zeros([1, 1], &device("cpu").unwrap());
    /// let q = DiagonalGaussian { mean: zeros.clone() + 1.0, logvar: zeros.clone() };
    /// // KL(N(1, 1) ‖ N(0, 1)) = 1/2
    /// let kl = q.kl_per_unit(&DiagonalGaussian::standard(&zeros));
    /// assert_eq!(kl.into_scalar::<f32>(), 0.5);
    /// ```
    pub fn kl_per_unit(&self, other: &Self) -> Tensor<2> {
        self.sample_and_kl(other, self.mean.zeros_like()).1
    }

    /// z of [`Self::reparameterize`] and the divergence of [`Self::kl_per_unit`] from a prior, in one pass.
    ///
    /// # Shapes
    /// eps, z and the divergence: `[batch, d]`, as all parameters.
    pub fn sample_and_kl(&self, prior: &Self, eps: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let parameters = |p: &Self| [p.mean.clone(), p.logvar.clone()];
        sample_and_kl(parameters(self), parameters(prior), eps)
    }

    /// The same distributions, of which only those marked with 1 learn, `[batch, 1]`.
    pub(crate) fn held(&self, learning: &Tensor<2>) -> Self {
        let held = |all: &Tensor<2>| {
            let [_, d] = all.dims();
            all.clone()
                .detach()
                .mask_where(learning.clone().equal_elem(1.0).repeat_dim(1, d), all.clone())
        };
        Self {
            mean: held(&self.mean),
            logvar: held(&self.logvar),
        }
    }

    /// Each record's distribution `times` times in a row.
    pub fn repeat_each(&self, times: usize) -> Self {
        Self {
            mean: repeat_each(self.mean.clone(), times),
            logvar: repeat_each(self.logvar.clone(), times),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_close, mean_and_error, normal, rows, tensor, values};

    fn gaussian<const D: usize>(mean: [f32; D], variance: [f32; D]) -> DiagonalGaussian {
        DiagonalGaussian {
            mean: rows([mean]),
            logvar: rows([variance.map(f32::ln)]),
        }
    }

    #[test]
    fn kl_of_a_shift_by_one_standard_deviation_is_a_half() {
        // ½ (0 − 0 + (1 + 1²)/1 − 1) = 1/2
        let kl = gaussian([1.0], [1.0]).kl_per_unit(&gaussian([0.0], [1.0]));
        assert_close(&kl, &[0.5], 1e-7);
    }

    #[test]
    fn what_is_held_is_the_same_and_does_not_learn() {
        let mean = rows([[1.0, 2.0], [3.0, 4.0]]).require_grad();
        let q = DiagonalGaussian {
            logvar: mean.zeros_like(),
            mean: mean.clone(),
        };
        let held = q.held(&rows([[1.0], [0.0]]));
        assert_close(&held.mean, &[1.0, 2.0, 3.0, 4.0], 0.0);
        let gradient = mean.grad(&held.mean.sum().backward()).unwrap();
        assert_close(&gradient, &[1.0, 1.0, 0.0, 0.0], 0.0);
    }

    #[test]
    fn kl_between_different_variances() {
        let kl = gaussian([0.0, 0.0, 3.0], [4.0, 1.0, 2.0])
            .kl_per_unit(&gaussian([0.0, 0.0, 1.0], [1.0, 4.0, 8.0]));
        let expected = [
            // ½ (0 − ln 4 + 4/1 − 1) = 3/2 − ln 2
            1.5 - 2.0_f64.ln(),
            // ½ (ln 4 − 0 + 1/4 − 1) = ln 2 − 3/8
            2.0_f64.ln() - 0.375,
            // ½ (ln 8 − ln 2 + (2 + 2²)/8 − 1) = ln 2 − 1/8
            2.0_f64.ln() - 0.125,
        ];
        assert_close(&kl, &expected, 1e-6);
    }

    #[test]
    fn kl_to_itself_is_zero() {
        let q = gaussian([1.0, -2.0], [0.5, 3.0]);
        assert_close(&q.kl_per_unit(&q), &[0.0, 0.0], 1e-6);
    }

    #[test]
    fn log_prob_at_the_mean_is_the_log_of_the_peak() {
        // d = 3 units of variance 1: −3/2 ln 2π
        let p = gaussian([1.0, 2.0, 3.0], [1.0; 3]);
        let peak = -1.5 * (2.0 * std::f64::consts::PI).ln();
        assert_close(&p.log_prob(rows([[1.0, 2.0, 3.0]])), &[peak], 1e-6);
        // one standard deviation off in one unit: ½ less
        assert_close(&p.log_prob(rows([[2.0, 2.0, 3.0]])), &[peak - 0.5], 1e-6);
    }

    #[test]
    fn log_prob_with_one_variance_for_all() {
        let p = DiagonalGaussian {
            mean: rows([[0.0, 0.0], [1.0, 1.0]]),
            logvar: rows([[4.0_f32.ln()]]),
        };
        // −½ Σ (ln 2π + ln 4 + gap²/4): gaps (2, 0) give −½·1, gaps (0, 0) nothing
        let peak = -(2.0 * std::f64::consts::PI * 4.0).ln();
        assert_close(
            &p.log_prob(rows([[2.0, 0.0], [1.0, 1.0]])),
            &[peak - 0.5, peak],
            1e-6,
        );
    }

    #[test]
    fn reparameterize_shifts_and_scales_the_noise() {
        // std = √4 = 2: 1 + 2 · (−½) = 0 and 3 + 2 · 1 = 5
        let z = gaussian([1.0, 3.0], [4.0, 4.0]).reparameterize(rows([[-0.5, 1.0]]));
        assert_close(&z, &[0.0, 5.0], 1e-6);
    }

    /// Means, log-variances and noise of 3 records of `d` values.
    fn random(d: usize) -> (DiagonalGaussian, Tensor<2>) {
        let random = |seed| tensor(normal(seed, 3 * d), [3, d]);
        let (mean, logvar) = (random(1), random(2));
        (DiagonalGaussian { mean, logvar }, random(3))
    }

    #[test]
    fn a_draw_has_the_bits_of_the_same_sum_on_the_host() {
        for d in [1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 33, 64, 100] {
            let (p, eps) = random(d);
            let bits = |tensor: &Tensor<2>| tensor.to_data().try_to_vec::<f32>().unwrap();
            let (mean, std, noise) = (bits(&p.mean), bits(&p.std()), bits(&eps));
            for temperature in [0.0, 0.3, 0.7, 1.0, 1.5] {
                let terms = mean.iter().zip(&std).zip(&noise);
                let expected: Vec<f32> = terms
                    .map(|((mean, std), eps)| mean + temperature * std * eps)
                    .collect();
                let found = bits(&p.draw(eps.clone(), temperature));
                assert_eq!(found, expected, "d = {d}, temperature {temperature}");
            }
            let (draw, plain) = (p.draw(eps.clone(), 1.0), p.reparameterize(eps));
            assert_eq!(bits(&draw), bits(&plain), "d = {d}");
        }
    }

    #[test]
    fn draws_have_the_mean_and_the_variance() {
        let n = 20_000;
        let q = gaussian([1.0], [4.0]).repeat_each(n);
        let z = values(&q.reparameterize(tensor(normal(1, n), [n, 1])));
        let (mean, _) = mean_and_error(&z);
        let squares: Vec<_> = z.iter().map(|z| (z - 1.0).powi(2)).collect();
        let (variance, _) = mean_and_error(&squares);
        // Standard errors 2/√n and 4 √(2/n); four of each.
        let n = n as f64;
        assert!((mean - 1.0).abs() < 4.0 * 2.0 / n.sqrt(), "{mean}");
        assert!(
            (variance - 4.0).abs() < 4.0 * 4.0 * (2.0 / n).sqrt(),
            "{variance}"
        );
    }
}
