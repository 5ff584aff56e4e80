//! The encoder: x and y to the posterior q(z|x,y).

use burn::module::Module;
use burn::tensor::Tensor;

use crate::distribution::DiagonalGaussian;
use crate::field::embedding::Embedding;
use crate::field::vectors::{LevelVectors, Seen};
use crate::network::gaussian::{CERTAIN, NEAR_PRIOR};
use crate::network::{Embedded, GaussianHead, Mlp};
use crate::{FieldKind, Fields, Init, ModelConfig, NetworkKind};

/// Features of the x fields, joined with y, through dense layers to mean and log-variance. Each image and text has
/// features of its own; the fields with levels enter as the sum of their levels' vectors, which the last layer sees too:
/// much of what fields share is linear in them.
#[derive(Module, Debug)]
pub struct Encoder {
    /// Of the images and texts, in the order of the x fields.
    features: Vec<Embedding>,
    levels: Option<LevelVectors>,
    hidden: Mlp,
    posterior: GaussianHead,
}

impl Encoder {
    /// The encoder of a checked config, beside a condition of `condition` values.
    pub fn init(config: &ModelConfig, condition: usize, init: &mut Init) -> Self {
        let network = &config.network;
        let features = config.x.iter();
        let features: Vec<_> = features
            .filter_map(|field| Embedding::modelled(field, network, init))
            .collect();
        let sum = network.given_width();
        let with_levels = config.x.iter().any(|field| field.kind.levels() > 0);
        let levels = with_levels.then(|| LevelVectors::of_fields(&config.x, network.number_steps, sum, init));
        let of_levels = if levels.is_some() { sum } else { 0 };
        let width = features.iter().map(Embedding::width).sum::<usize>() + of_levels;
        let usual = |_| 1.0;
        let hidden = Mlp::init(width, condition, &network.hidden, network.activation, init, usual);
        let pixels =
            |kind: &FieldKind| matches!(kind, FieldKind::Image { .. }) && network.kind == NetworkKind::Dense;
        let start = match config.x.iter().all(|field| pixels(&field.kind)) {
            true => NEAR_PRIOR,
            false => CERTAIN,
        };
        let inputs = hidden.width() + of_levels + condition;
        let posterior = GaussianHead::init(inputs, config.latent, start, init);
        Self {
            features,
            levels,
            hidden,
            posterior,
        }
    }

    /// q(z|x,y). It depends on what is known of the modelled fields, not on which of that is given.
    pub fn posterior(&self, x: &Fields, y: &Embedded) -> DiagonalGaussian {
        let whole = x.0.iter().filter(|field| field.value.levels().is_none());
        let features = self.features.iter().zip(whole);
        let mut features: Vec<_> = features
            .map(|(embedding, field)| embedding.embed(field))
            .collect();
        let levels = self.levels.as_ref().zip(x.levels());
        let levels = levels.map(|(vectors, x)| {
            let known = Seen::new(x.levels, x.observed);
            vectors.sum(&match &y.levels {
                Some(given) => known.and(given),
                None => known,
            })
        });
        features.extend(levels.clone());
        let y = &y.of_encoder();
        let h = self.hidden.forward(join(features), y);
        self.posterior
            .forward(y.join(join([h].into_iter().chain(levels).collect())))
    }
}

fn join(mut parts: Vec<Tensor<2>>) -> Tensor<2> {
    if parts.len() == 1 {
        parts.remove(0)
    } else {
        Tensor::cat(parts, 1)
    }
}
