//! Independent values of 0 or 1, parametrised by logits.

use burn::tensor::Tensor;
use elbo_kernels::{bernoulli_log_prob, sigmoid};

/// p(x = 1) = sigmoid(logits), value by value.
#[derive(Clone, Debug)]
pub struct Bernoulli {
    /// Log-odds, `[batch, d]`.
    pub logits: Tensor<2>,
}

impl Bernoulli {
    /// Σ x log p + (1 − x) log(1 − p), `[batch]`, in nats. For gray x in (0, 1) this is the
    /// cross-entropy that most published MNIST numbers score, not a normalised density.
    pub fn log_prob(&self, x: Tensor<2>) -> Tensor<1> {
        bernoulli_log_prob(self.logits.clone(), x)
    }

    /// p, `[batch, d]`.
    pub fn mean(&self) -> Tensor<2> {
        sigmoid(self.logits.clone())
    }

    /// 1 where uniform < p, `[batch, d]`.
    pub fn sample(&self, uniform: Tensor<2>) -> Tensor<2> {
        uniform.lower(self.mean()).float()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_close, mean_and_error, rows, tensor, uniform, values};

    /// ln(p / (1 − p)).
    fn logit(p: f32) -> f32 {
        (p / (1.0 - p)).ln()
    }

    #[test]
    fn log_prob_of_coins() {
        let p = Bernoulli {
            logits: rows([[logit(0.25), logit(0.5)], [logit(0.25), logit(0.9)]]),
        };
        // ln 1/4 + ln 1/2 = −ln 8;  ln 3/4 + ln 9/10 = ln 27/40
        let expected = [-8.0_f64.ln(), (27.0_f64 / 40.0).ln()];
        assert_close(&p.log_prob(rows([[1.0, 0.0], [0.0, 1.0]])), &expected, 1e-6);
    }

    #[test]
    fn gray_is_scored_with_the_cross_entropy() {
        let p = Bernoulli {
            logits: rows([[logit(0.25)]]),
        };
        // ¼ ln ¼ + ¾ ln ¾
        let expected = 0.25 * 0.25_f64.ln() + 0.75 * 0.75_f64.ln();
        assert_close(&p.log_prob(rows([[0.25]])), &[expected], 1e-6);
    }

    #[test]
    fn certain_logits_neither_overflow_nor_lose_the_tail() {
        let p = Bernoulli {
            logits: rows([[200.0], [-200.0]]),
        };
        // −log(1 + e^200) = −200 to the last digit, on the wrong side
        assert_close(&p.log_prob(rows([[0.0], [1.0]])), &[-200.0, -200.0], 1e-4);
        assert_close(&p.log_prob(rows([[1.0], [0.0]])), &[0.0, 0.0], 1e-30);
    }

    #[test]
    fn mean_is_the_probability() {
        let p = Bernoulli {
            logits: rows([[logit(0.25), 0.0]]),
        };
        assert_close(&p.mean(), &[0.25, 0.5], 1e-6);
    }

    #[test]
    fn draws_are_ones_as_often_as_they_should_be() {
        let n = 20_000;
        let p = Bernoulli {
            logits: tensor(vec![logit(0.3); n], [n, 1]),
        };
        let draws = values(&p.sample(tensor(uniform(1, n), [n, 1])));
        assert!(draws.iter().all(|x| *x == 0.0 || *x == 1.0));
        // Standard error √(0.3 · 0.7 / n) = 0.0032; four of them.
        let (mean, _) = mean_and_error(&draws);
        assert!((mean - 0.3).abs() < 4.0 * (0.21 / n as f64).sqrt(), "{mean}");
    }

    #[test]
    fn a_uniform_draw_of_zero_is_a_one_unless_it_cannot_be() {
        let p = Bernoulli {
            logits: rows([[0.0, -200.0]]),
        };
        assert_close(&p.sample(rows([[0.0, 0.0]])), &[1.0, 0.0], 0.0);
    }
}
