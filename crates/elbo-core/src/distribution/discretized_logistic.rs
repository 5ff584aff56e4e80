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
