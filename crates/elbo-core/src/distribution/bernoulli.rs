//! Independent coins, held as logits.

use burn::tensor::{Tensor, activation::sigmoid};
use elbo_kernels::bernoulli_log_prob;

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
