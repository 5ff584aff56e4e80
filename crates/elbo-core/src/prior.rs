//! The prior p(z|y).

mod mixture;

use burn::module::Module;
use burn::tensor::Tensor;

use crate::distribution::DiagonalGaussian;
use crate::network::gaussian::NEAR_PRIOR;
use crate::network::{Embedded, GaussianHead, Mlp};
use crate::{Init, ModelConfig, PriorKind};

pub use mixture::{MixturePrior, Posteriors};

/// Standard normal, or a network's function of y (Sohn et al. 2015).
#[derive(Module, Debug)]
pub struct Prior {
    /// None for N(0, I).
    learned: Option<LearnedPrior>,
}

/// The network of a learned prior.
#[derive(Module, Debug)]
pub struct LearnedPrior {
    hidden: Mlp,
    head: GaussianHead,
}

impl Prior {
    /// Whether it is a network's function of y.
    pub fn learns(&self) -> bool {
        self.learned.is_some()
    }

    /// The prior that a checked config asks for.
    pub fn init(config: &ModelConfig, condition: usize, init: &mut Init) -> Self {
        let learned = (config.prior != PriorKind::Standard && !config.y.is_empty()).then(|| {
            // As wide as the layer next to the latents: y is small beside x.
            let widths: Vec<_> = config.network.hidden.last().copied().into_iter().collect();
            let hidden = Mlp::init(condition, 0, &widths, config.network.activation, init, |_| 1.0);
            let head = GaussianHead::init(hidden.width(), config.latent, NEAR_PRIOR, init);
            LearnedPrior { hidden, head }
        });
        Self { learned }
    }

    /// p(z|y) for a batch, of the shape and on the device of `like`, `[batch, latent]`.
    pub fn given(&self, y: &Embedded, like: &Tensor<2>) -> DiagonalGaussian {
        match (&self.learned, y.tensor()) {
            (Some(prior), Some(y)) => prior.head.forward(prior.hidden.forward(y, &Embedded::none())),
            _ => DiagonalGaussian::standard(like),
        }
    }
}
