//! What training minimises, from the terms of the bound.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::model::log_sum_exp;
use crate::{Elbo, Fields, Model};

/// The training objective; the plain ELBO by default.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Objective {
    /// Weight of the distortion. 1 but for teaching: 0 trains with the rate alone.
    pub distortion_weight: f64,
    /// Weight of the rate (Higgins et al. 2017), before warm-up.
    pub beta: f64,
    /// Nats per latent unit, averaged over the batch, that cost nothing (Kingma et al. 2016, eq. 15).
    pub free_bits: f64,
    /// Posterior samples k of the importance-weighted bound (Burda et al. 2016); 1 is the ELBO.
    pub samples: usize,
}

impl Default for Objective {
    fn default() -> Self {
        Self {
            distortion_weight: 1.0,
            beta: 1.0,
            free_bits: 0.0,
            samples: 1,
        }
    }
}

/// A step's loss and what it is made of, each a mean over the batch, in nats.
#[derive(Clone, Debug)]
pub struct Loss {
    /// What is minimised, `[1]`.
    pub total: Tensor<1>,
    /// −log p(x|z,y), `[1]`; for k > 1 samples, the importance-weighted bound's negative.
    pub distortion: Tensor<1>,
    /// The rate, `[1]`; for k > 1 samples it is inside the bound, and zero here.
    pub rate: Tensor<1>,
}

impl Objective {
    /// The loss of a batch, its rate weighted by `beta · warmup`.
    ///
    /// # Shapes
    /// eps: `[batch · samples, latent]`.
    pub fn loss(&self, model: &Model, x: &Fields, y: &Fields, eps: Tensor<2>, warmup: f64) -> Loss {
        if self.samples == 1 {
            self.elbo_loss(&model.elbo(x, y, eps), warmup)
        } else {
            importance_weighted_loss(model.log_weights(x, y, eps))
        }
    }

    fn elbo_loss(&self, elbo: &Elbo, warmup: f64) -> Loss {
        let distortion = elbo.distortion.clone().mean();
        let rate_per_unit: Tensor<1> = elbo.rate_per_unit.clone().mean_dim(0).squeeze_dim(0);
        let rate = rate_per_unit.clone().sum();
        let charged = if self.free_bits > 0.0 {
            rate_per_unit.clamp_min(self.free_bits).sum()
        } else {
            rate.clone()
        };
        let total = distortion.clone() * self.distortion_weight + charged * (self.beta * warmup);
        Loss {
            total,
            distortion: distortion.detach(),
            rate: rate.detach(),
        }
    }
}

/// −log (1/k) Σ w_k, averaged over the batch.
fn importance_weighted_loss(log_weights: Tensor<2>) -> Loss {
    let [_, k] = log_weights.dims();
    let total = -(log_sum_exp(log_weights).mean() - (k as f64).ln());
    let bound = total.clone().detach();
    Loss {
        rate: bound.zeros_like(),
        distortion: bound,
        total,
    }
}
