//! The model: one type for plain and conditional VAEs.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use crate::condition::Condition;
use crate::decoder::{Decoder, Likelihood};
use crate::distribution::DiagonalGaussian;
use crate::encoder::Encoder;
use crate::prior::Prior;
use crate::{CoreError, Fields, Init, ModelConfig};

/// A variational autoencoder of x given y (Kingma & Welling 2014; Sohn et al. 2015).
#[derive(Module, Debug)]
pub struct Model {
    condition: Condition,
    encoder: Encoder,
    decoder: Decoder,
    prior: Prior,
    #[module(skip)]
    latent: usize,
}

/// The two terms of the bound log p(x|y) ≥ −distortion − rate, per record, in nats.
#[derive(Clone, Debug)]
pub struct Elbo {
    /// −log p(x|z,y), `[batch]`; negative only for densities.
    pub distortion: Tensor<1>,
    /// KL(q(z|x,y) ‖ p(z|y)) of each latent unit, `[batch, latent]`; never negative.
    pub rate_per_unit: Tensor<2>,
}

impl Elbo {
    /// KL(q(z|x,y) ‖ p(z|y)), `[batch]`.
    pub fn rate(&self) -> Tensor<1> {
        self.rate_per_unit.clone().sum_dim(1).squeeze_dim(1)
    }

    /// The bound itself, to be maximised, `[batch]`.
    pub fn value(&self) -> Tensor<1> {
        -(self.distortion.clone() + self.rate())
    }
}

impl Model {
    /// A new model with random weights.
    ///
    /// # Errors
    /// A setting that no model can be built from.
    pub fn init(config: &ModelConfig, init: &mut Init) -> Result<Self, CoreError> {
        config.check()?;
        let condition = Condition::init(&config.y, config.network.embedding, init);
        let width = condition.width();
        Ok(Self {
            encoder: Encoder::init(config, width, init),
            decoder: Decoder::init(config, width, init),
            prior: Prior::init(config, width, init),
            condition,
            latent: config.latent,
        })
    }

    /// The evidence lower bound with one sample of the posterior (Kingma & Welling 2014, eq. 3).
    ///
    /// # Shapes
    /// eps: `[batch, latent]`, standard normal.
    pub fn elbo(&self, x: &Fields, y: &Fields, eps: Tensor<2>) -> Elbo {
        let y = self.condition.embed(y);
        let q = self.encoder.posterior(x, &y);
        let z = q.reparameterize(eps);
        let p = self.decoder.likelihood(z, &y);
        Elbo {
            distortion: -p.log_prob(x),
            rate_per_unit: q.kl_per_unit(&self.prior.given(&y, &q.mean)),
        }
    }

    /// log w_k = log p(x|z_k,y) + log p(z_k|y) − log q(z_k|x,y) for k posterior samples of each
    /// record (Burda et al. 2016, eq. 8). log of the mean of w estimates log p(x|y) from below.
    ///
    /// # Shapes
    /// eps: `[batch · k, latent]`, each record's k draws in a row; result: `[batch, k]`, in nats.
    pub fn log_weights(&self, x: &Fields, y: &Fields, eps: Tensor<2>) -> Tensor<2> {
        let y = self.condition.embed(y);
        let q = self.encoder.posterior(x, &y);
        let [batch, _] = q.mean.dims();
        let k = eps.dims()[0] / batch.max(1);
        let (q, y) = (q.repeat_each(k), y.repeat_each(k));
        let z = q.reparameterize(eps);
        let ratio = self.prior.given(&y, &q.mean).log_prob(z.clone()) - q.log_prob(z.clone());
        let log_likelihood = self.decoder.likelihood(z, &y).log_prob(&x.repeat_each(k));
        (log_likelihood + ratio).reshape([batch, k])
    }

    /// q(z|x,y).
    pub fn posterior(&self, x: &Fields, y: &Fields) -> DiagonalGaussian {
        self.encoder.posterior(x, &self.condition.embed(y))
    }

    /// p(z|y) for `batch` records.
    pub fn prior(&self, y: &Fields, batch: usize, device: &Device) -> DiagonalGaussian {
        self.prior.given(
            &self.condition.embed(y),
            &Tensor::zeros([batch, self.latent], device),
        )
    }

    /// p(x|z,y).
    pub fn likelihood(&self, z: Tensor<2>, y: &Fields) -> Likelihood {
        self.decoder.likelihood(z, &self.condition.embed(y))
    }

    /// Number of latent units.
    pub fn latent(&self) -> usize {
        self.latent
    }
}

/// log Σ_k exp a_k over the second dimension, without overflow: `[batch, k]` to `[batch]`.
pub fn log_sum_exp(a: Tensor<2>) -> Tensor<1> {
    let max = a.clone().detach().max_dim(1);
    let [_, k] = a.dims();
    let sum = (a - max.clone().repeat_dim(1, k)).exp().sum_dim(1);
    (sum.log() + max).squeeze_dim(1)
}
