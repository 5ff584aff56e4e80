//! A logistic distribution integrated over the 256 levels of an 8-bit value.

use burn::tensor::Tensor;
use elbo_kernels::discretized_logistic_log_prob;

/// P(x = k/255) = σ((k + ½)/255) − σ((k − ½)/255) with σ the logistic distribution function of
/// this mean and scale; the first and last level take the tails (Kingma et al. 2016, appendix C.2;
/// Salimans et al. 2017, eq. 2).
#[derive(Clone, Debug)]
pub struct DiscretizedLogistic {
    /// In units of [0, 1] pixels, `[batch, d]`.
    pub mean: Tensor<2>,
    /// Natural logarithm of the scale in the same units, `[batch, d]` or `[1, d]`.
    pub log_scale: Tensor<2>,
}

impl DiscretizedLogistic {
    /// Log-probability summed over d, `[batch]`, in nats; never positive.
    pub fn log_prob(&self, x: Tensor<2>) -> Tensor<1> {
        discretized_logistic_log_prob(self.mean.clone(), self.log_scale.clone(), x)
    }

    /// The mean, kept within [0, 1].
    pub fn mean(&self) -> Tensor<2> {
        self.mean.clone().clamp(0.0, 1.0)
    }

    /// mean + scale · logit(uniform), rounded to a level, `[batch, d]`.
    pub fn sample(&self, uniform: Tensor<2>) -> Tensor<2> {
        // Uniform draws can be 0, whose logit is not finite.
        let u = uniform.clamp(1e-7, 1.0 - 1e-7);
        let logit = u.clone().log() - (-u + 1.0).log();
        let x = self.mean.clone() + self.log_scale.clone().exp() * logit;
        (x.clamp(0.0, 1.0) * 255.0).round() / 255.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_close, mean_and_error, rows, tensor, uniform, values};

    fn all_levels(mean: f32, scale: f32) -> Vec<f64> {
        let levels: Vec<_> = (0..256).map(|k| k as f32 / 255.0).collect();
        let p = DiscretizedLogistic {
            mean: tensor(vec![mean; 256], [256, 1]),
            log_scale: rows([[scale.ln()]]),
        };
        values(&p.log_prob(tensor(levels, [256, 1])))
            .into_iter()
            .map(f64::exp)
            .collect()
    }

    #[test]
    fn the_levels_share_all_the_probability() {
        // From far narrower than a level to far wider than the range, and with the mean outside it.
        for (mean, scale) in [(0.5, 0.05), (0.2, 1e-4), (0.9, 10.0), (-0.3, 0.1), (1.5, 0.01)] {
            let total: f64 = all_levels(mean, scale).iter().sum();
            assert!((total - 1.0).abs() < 1e-5, "mean {mean}, scale {scale}: {total}");
        }
    }

    #[test]
    fn each_level_has_the_mass_between_its_borders() {
        let (mean, scale) = (0.4, 0.1);
        let cdf = |t: f64| 1.0 / (1.0 + (-(t - 0.4) / 0.1).exp());
        let found = all_levels(mean, scale);
        // the lowest bin has the lower tail, the highest the upper one
        for (level, expected) in [
            (0, cdf(0.5 / 255.0)),
            (1, cdf(1.5 / 255.0) - cdf(0.5 / 255.0)),
            (100, cdf(100.5 / 255.0) - cdf(99.5 / 255.0)),
            (254, cdf(254.5 / 255.0) - cdf(253.5 / 255.0)),
            (255, 1.0 - cdf(254.5 / 255.0)),
        ] {
            assert!(
                (found[level] / expected - 1.0).abs() < 1e-4,
                "level {level}: {}, {expected}",
                found[level]
            );
        }
    }

    #[test]
    fn values_of_one_record_are_summed() {
        let p = |d| DiscretizedLogistic {
            mean: tensor(vec![0.5; d], [1, d]),
            log_scale: rows([[-3.0]]),
        };
        let one = values(&p(1).log_prob(rows([[0.2]])))[0];
        assert_close(&p(3).log_prob(rows([[0.2; 3]])), &[3.0 * one], 1e-5);
    }

    #[test]
    fn the_picture_of_the_mean_stays_in_range() {
        let p = DiscretizedLogistic {
            mean: rows([[-0.5, 0.25, 1.5]]),
            log_scale: rows([[0.0]]),
        };
        assert_close(&p.mean(), &[0.0, 0.25, 1.0], 0.0);
    }

    #[test]
    fn draws_have_the_mean_and_the_variance() {
        let (n, scale) = (20_000, 0.02_f32);
        let p = DiscretizedLogistic {
            mean: tensor(vec![0.5; n], [n, 1]),
            log_scale: rows([[scale.ln()]]),
        };
        let x = values(&p.sample(tensor(uniform(1, n), [n, 1])));
        assert!(
            x.iter()
                .all(|x| (x * 255.0).fract().abs().min(1.0 - (x * 255.0).fract().abs()) < 1e-4)
        );
        let (mean, _) = mean_and_error(&x);
        let squares: Vec<_> = x.iter().map(|x| (x - 0.5).powi(2)).collect();
        let (variance, error) = mean_and_error(&squares);
        // Variance s²π²/3 of the logistic, and 1/12 of a squared level from rounding; four standard errors.
        let expected =
            f64::from(scale).powi(2) * std::f64::consts::PI.powi(2) / 3.0 + (1.0 / 255.0_f64).powi(2) / 12.0;
        assert!((mean - 0.5).abs() < 4.0 * (expected / n as f64).sqrt(), "{mean}");
        assert!(
            (variance - expected).abs() < 4.0 * error,
            "{variance}, {expected}"
        );
    }

    #[test]
    fn extreme_uniform_draws_are_still_levels() {
        let p = DiscretizedLogistic {
            mean: rows([[0.5, 0.5]]),
            log_scale: rows([[0.0]]),
        };
        assert_close(
            &p.sample(rows([[0.0, 1.0 - f32::EPSILON / 2.0]])),
            &[0.0, 1.0],
            0.0,
        );
    }
}
