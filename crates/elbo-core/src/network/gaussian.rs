//! The layer that outputs a diagonal Gaussian, for the encoder and for a learned prior.

use burn::module::Module;
use burn::tensor::Tensor;

use super::Dense;
use crate::Init;
use crate::distribution::DiagonalGaussian;

/// One dense layer to the mean and the log-variance of a diagonal Gaussian.
#[derive(Module, Debug)]
pub struct GaussianHead {
    dense: Dense,
    #[module(skip)]
    units: usize,
}

/// How a head is initialised.
#[derive(Clone, Copy)]
pub(crate) struct Start {
    /// Scale of the weights relative to the default.
    scale: f32,
    /// Initial log-variance of every unit.
    logvar: f32,
}

/// Near N(0, I): the rate is near 0 and grows as the decoder learns to use the latents.
pub(crate) const NEAR_PRIOR: Start = Start {
    scale: 0.1,
    logvar: 0.0,
};
/// With little noise. All features but plain pixels begin small, and would be lost in noise of the prior's
/// size: the decoder would learn to ignore the latents, for a long time.
pub(crate) const CERTAIN: Start = Start {
    scale: 1.0,
    logvar: -4.0,
};
/// Log-variances stay within ±`LOGVAR_LIMIT`: exp of more overflows the rate of an untrained model.
const LOGVAR_LIMIT: f32 = 20.0;

impl GaussianHead {
    /// A head of `units` latent units, fed by `inputs` hidden units.
    pub(crate) fn init(inputs: usize, units: usize, start: Start, init: &mut Init) -> Self {
        let bias = [vec![0.0; units], vec![start.logvar; units]].concat();
        Self {
            dense: Dense::output(inputs, bias, start.scale, init),
            units,
        }
    }

    /// # Shapes
    /// `[batch, inputs]` to a distribution over `[batch, units]`.
    pub fn forward(&self, h: Tensor<2>) -> DiagonalGaussian {
        let parameters = self.dense.forward(h);
        DiagonalGaussian {
            mean: parameters.clone().narrow(1, 0, self.units),
            logvar: parameters
                .narrow(1, self.units, self.units)
                .clamp(-LOGVAR_LIMIT, LOGVAR_LIMIT),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_close, device, rows, values};
    use elbo_kernels::Precision;

    /// From one input to one unit, with these draws for its weights and biases of 0.
    fn head(draws: [f32; 2]) -> GaussianHead {
        let mut draws = vec![draws.to_vec(), vec![0.5, 0.5]].into_iter();
        let mut uniform = |_| draws.next().unwrap();
        let start = Start {
            scale: 1.0,
            logvar: 0.0,
        };
        let mut init = Init {
            uniform: &mut uniform,
            device: &device(),
            precision: Precision::F32,
        };
        GaussianHead::init(1, 1, start, &mut init)
    }

    #[test]
    fn a_head_is_mean_then_log_variance() {
        // Weights 2u − 1 over √1: mean = h, logvar = ½ h, biases 0.
        let q = head([1.0, 0.75]).forward(rows([[3.0], [-4.0]]));
        assert_close(&q.mean, &[3.0, -4.0], 1e-6);
        assert_close(&q.logvar, &[1.5, -2.0], 1e-6);
    }

    #[test]
    fn log_variances_are_clamped_so_that_the_rate_stays_finite() {
        let q = head([1.0, 1.0]).forward(rows([[1000.0], [-1000.0]]));
        assert_close(&q.logvar, &[20.0, -20.0], 0.0);
        assert_close(&q.mean, &[1000.0, -1000.0], 0.0);
        let rate = q.kl_per_unit(&DiagonalGaussian::standard(&q.mean));
        assert!(values(&rate).iter().all(|rate| rate.is_finite()));
    }
}
