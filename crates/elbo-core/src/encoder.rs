//! The encoder: x and y to the posterior q(z|x,y).

use burn::module::Module;
use burn::tensor::Tensor;

use crate::condition::Embedded;
use crate::distribution::DiagonalGaussian;
use crate::field::embedding::Embedding;
use crate::network::{Dense, Mlp};
use crate::{FieldKind, Fields, Init, ModelConfig, NetworkKind};

/// Features of each x field, joined with y, through dense layers to mean and log-variance.
#[derive(Module, Debug)]
pub struct Encoder {
    features: Vec<Embedding>,
    hidden: Mlp,
    posterior: GaussianHead,
}

impl Encoder {
    /// The encoder of a checked config, beside a condition of `condition` values.
    pub fn init(config: &ModelConfig, condition: usize, init: &mut Init) -> Self {
        let network = &config.network;
        let features = config.x.iter();
        let features: Vec<_> = features
            .map(|field| Embedding::modelled(field, network, init))
            .collect();
        let width = features.iter().map(Embedding::width).sum();
        let usual = |_| 1.0;
        let hidden = Mlp::init(width, condition, &network.hidden, network.activation, init, usual);
        let pixels =
            |kind: &FieldKind| matches!(kind, FieldKind::Image { .. }) && network.kind == NetworkKind::Dense;
        let start = match config.x.iter().all(|field| pixels(&field.kind)) {
            true => NEAR_PRIOR,
            false => SURE,
        };
        let posterior = GaussianHead::init(hidden.width() + condition, config.latent, start, init);
        Self {
            features,
            hidden,
            posterior,
        }
    }

    /// q(z|x,y).
    pub fn posterior(&self, x: &Fields, y: &Embedded) -> DiagonalGaussian {
        let features = self.features.iter().zip(&x.0);
        let features = features
            .map(|(embedding, field)| embedding.embed(field))
            .collect();
        let h = self.hidden.forward(join(features), y);
        self.posterior.forward(y.join(h))
    }
}

fn join(mut parts: Vec<Tensor<2>>) -> Tensor<2> {
    if parts.len() == 1 {
        parts.remove(0)
    } else {
        Tensor::cat(parts, 1)
    }
}

/// One dense layer to the mean and the log-variance of a diagonal Gaussian.
#[derive(Module, Debug)]
pub struct GaussianHead {
    dense: Dense,
    #[module(skip)]
    units: usize,
}

/// How a head begins.
#[derive(Clone, Copy)]
pub(crate) struct Start {
    /// Size of the weights, as a share of the usual.
    scale: f32,
    /// Log-variance of every unit.
    logvar: f32,
}

/// Near N(0, I): a rate near 0, which grows with what the decoder can use.
pub(crate) const NEAR_PRIOR: Start = Start {
    scale: 0.1,
    logvar: 0.0,
};
/// With little noise. The features of anything but bare pixels begin small, and would be lost in noise of the
/// prior's size: the decoder then learns to do without latents, and may do so for long.
const SURE: Start = Start {
    scale: 1.0,
    logvar: -4.0,
};
/// Log-variances stay within ±`LOGVAR_LIMIT`: exp of more overflows the rate of an untrained model.
const LOGVAR_LIMIT: f32 = 20.0;

impl GaussianHead {
    /// From `inputs` hidden values to `units` units.
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

    #[test]
    fn a_head_is_mean_then_log_variance() {
        // Weights 2u − 1 over √1: mean = h, logvar = ½ h, biases 0.
        let mut draws = vec![vec![1.0, 0.75], vec![0.5, 0.5]].into_iter();
        let mut uniform = |_| draws.next().unwrap();
        let head = GaussianHead::init(
            1,
            1,
            Start {
                scale: 1.0,
                logvar: 0.0,
            },
            &mut Init {
                uniform: &mut uniform,
                device: &device(),
                precision: Precision::F32,
            },
        );
        let q = head.forward(rows([[3.0], [-4.0]]));
        assert_close(&q.mean, &[3.0, -4.0], 1e-6);
        assert_close(&q.logvar, &[1.5, -2.0], 1e-6);
    }

    #[test]
    fn log_variances_are_clamped_so_that_the_rate_stays_finite() {
        let mut draws = vec![vec![1.0, 1.0], vec![0.5, 0.5]].into_iter();
        let mut uniform = |_| draws.next().unwrap();
        let head = GaussianHead::init(
            1,
            1,
            Start {
                scale: 1.0,
                logvar: 0.0,
            },
            &mut Init {
                uniform: &mut uniform,
                device: &device(),
                precision: Precision::F32,
            },
        );
        let q = head.forward(rows([[1000.0], [-1000.0]]));
        assert_close(&q.logvar, &[20.0, -20.0], 0.0);
        assert_close(&q.mean, &[1000.0, -1000.0], 0.0);
        let rate = q.kl_per_unit(&DiagonalGaussian::standard(&q.mean));
        assert!(values(&rate).iter().all(|rate| rate.is_finite()));
    }
}
