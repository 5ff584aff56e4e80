//! The normal distribution with a diagonal covariance.

use burn::tensor::Tensor;
use elbo_kernels::gaussian_log_prob;

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

    /// Standard deviation, exp(logvar / 2).
    pub fn std(&self) -> Tensor<2> {
        (self.logvar.clone() * 0.5).exp()
    }

    /// log N(x; mean, exp(logvar)) summed over d, `[batch]`, in nats.
    pub fn log_prob(&self, x: Tensor<2>) -> Tensor<1> {
        gaussian_log_prob(self.mean.clone(), self.logvar.clone(), x)
    }

    /// KL(self ‖ other) of each unit, `[batch, d]`, in nats:
    /// ½ (logvar' − logvar + (exp logvar + (mean − mean')²) / exp logvar' − 1).
    pub fn kl_per_unit(&self, other: &Self) -> Tensor<2> {
        let gap = self.mean.clone() - other.mean.clone();
        let scaled = (self.logvar.clone().exp() + gap.clone() * gap) * (-other.logvar.clone()).exp();
        (other.logvar.clone() - self.logvar.clone() + scaled - 1.0) * 0.5
    }

    /// Each record's distribution `times` times in a row.
    pub fn repeat_each(&self, times: usize) -> Self {
        Self {
            mean: repeat_each(self.mean.clone(), times),
            logvar: repeat_each(self.logvar.clone(), times),
        }
    }
}
