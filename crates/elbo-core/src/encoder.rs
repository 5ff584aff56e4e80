//! The encoder: x and y to the posterior q(z|x,y).

use burn::module::Module;
use burn::tensor::Tensor;

use crate::distribution::DiagonalGaussian;
use crate::field::embedding::Embedding;
use crate::network::gaussian::{CERTAIN, NEAR_PRIOR};
use crate::network::{Embedded, GaussianHead, Mlp};
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
            false => CERTAIN,
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
