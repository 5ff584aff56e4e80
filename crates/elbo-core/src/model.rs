//! The model: one type for plain and conditional VAEs.

use std::sync::Arc;

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use elbo_kernels::STEADY_INPUTS;

use crate::auxiliary::Auxiliary;
use crate::condition::Condition;
use crate::decoder::{Decoder, Likelihood};
use crate::distribution::DiagonalGaussian;
use crate::encoder::Encoder;
use crate::field::levels::Levels;
use crate::network::Widest;
use crate::network::conditional::Variation;
use crate::prior::{MixturePrior, Prior};
use crate::{CoreError, Fields, Init, ModelConfig};

/// A variational autoencoder of x given y (Kingma & Welling 2014; Sohn et al. 2015).
#[derive(Module, Debug)]
pub struct Model {
    condition: Condition,
    encoder: Encoder,
    decoder: Decoder,
    prior: Prior,
    /// The auxiliary decoder; none if fields with levels do not see each other.
    auxiliary: Option<Auxiliary>,
    #[module(skip)]
    latent: usize,
    /// What takes the place of N(0, I) where nothing is given; none while a model is trained.
    #[module(skip)]
    mixture: Option<Arc<MixturePrior>>,
}

/// The two terms of the bound log p(x|y) ≥ −distortion − rate, per record, in nats.
#[derive(Clone, Debug)]
pub struct Elbo {
    /// −log p(x|z,y), `[batch]`; negative only for densities.
    pub distortion: Tensor<1>,
    /// KL(q(z|x,y) ‖ p(z|y)) of each latent unit, `[batch, latent]`; never negative.
    pub rate_per_unit: Tensor<2>,
    /// The posterior's sample z, `[batch, latent]`.
    pub z: Tensor<2>,
    /// The same in units of the prior, (z − mean of p(z|y)) / its standard deviation, `[batch, latent]`: over
    /// all records it should be standard normal.
    pub standardised: Tensor<2>,
    /// 1 for each open record, else 0, `[batch, 1]`: in a model whose fields may be modelled or given, such a record has no
    /// given level; in other models all are open.
    pub open: Tensor<2>,
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

/// Posterior samples of a batch and the terms of their importance weights.
#[derive(Clone, Debug)]
pub struct ImportanceSamples {
    /// log p(x|z_k,y), `[batch, k]`, in nats.
    pub log_likelihood: Tensor<2>,
    /// Its terms, `[batch · k, x fields]`, in nats.
    pub per_field: Tensor<2>,
    /// log p(z_k|y) − log q(z_k|x,y), `[batch, k]`, in nats.
    pub log_ratio: Tensor<2>,
    /// KL(q(z|x,y) ‖ p(z|y)) of each latent unit, `[batch, latent]`.
    pub rate_per_unit: Tensor<2>,
}

impl ImportanceSamples {
    /// log w_k, `[batch, k]`, in nats.
    pub fn log_weights(self) -> Tensor<2> {
        self.log_likelihood + self.log_ratio
    }
}

impl Model {
    /// A new model with random weights.
    ///
    /// # Errors
    /// A setting that no model can be built from.
    pub fn init(config: &ModelConfig, init: &mut Init) -> Result<Self, CoreError> {
        config.check()?;
        init.precision = config.network.precision;
        let condition = Condition::init(&config.y, &config.x, &config.network, init);
        let width = condition.width();
        Ok(Self {
            encoder: Encoder::init(config, condition.apart_width(), init),
            decoder: Decoder::init(config, width, init),
            prior: Prior::init(config, width, init),
            auxiliary: (config.network.chain > 0)
                .then(|| Auxiliary::init(&config.x, config.latent + condition.apart_width(), init))
                .flatten(),
            condition,
            latent: config.latent,
            mixture: None,
        })
    }

    /// The same model with this prior of the records of which nothing is given.
    #[must_use]
    pub fn with_mixture(self, mixture: Option<MixturePrior>) -> Self {
        Self {
            mixture: mixture.map(Arc::new),
            ..self
        }
    }

    /// The prior of the records of which nothing is given, where it is not that of training.
    pub fn mixture(&self) -> Option<&MixturePrior> {
        self.mixture.as_deref()
    }

    /// The evidence lower bound with one sample of the posterior (Kingma & Welling 2014, eq. 3).
    ///
    /// # Shapes
    /// eps: `[batch, latent]`, standard normal.
    ///
    /// ```
    /// use burn::tensor::Tensor;
    /// # use elbo_core::{Field, Fields, Init, Model, Value};
    /// # let config = r#"{"x": [{"name": "image", "kind": "image", "likelihood": "bernoulli",
    /// #     "shape": {"height": 2, "width": 2, "channels": 1}}], "y": [], "latent": 3, "prior": "standard",
    /// #     "network": {"kind": "dense", "hidden": [8], "channels": [], "residual_blocks": 0,
    /// #     "activation": "relu", "embedding": 1}}"#;
    /// # let device = elbo_core::device("cpu").unwrap().autodiff();
    /// # let mut uniform = |n| (0..n).map(|i| (i * 37 % 101) as f32 / 101.0).collect();
    /// # let mut init = Init::new(&mut uniform, &device);
    /// # let model = Model::init(&serde_json::from_str(config).unwrap(), &mut init).unwrap();
    /// # let value = Value::Image(Tensor::zeros([5, 4], &device));
    /// # let (x, y) = (Fields(vec![Field { value, observed: Tensor::ones([5, 1], &device) }]), Fields::none());
    /// // five images of 2×2 pixels, three latent units
    /// let elbo = model.elbo(&x, &y, Tensor::zeros([5, 3], &device));
    /// assert_eq!(elbo.distortion.dims(), [5]);
    /// assert_eq!(elbo.rate_per_unit.dims(), [5, 3]);
    /// // log p(x|y) ≥ −distortion − rate
    /// assert!(elbo.value().max().into_scalar::<f32>() < 0.0);
    /// ```
    pub fn elbo(&self, x: &Fields, y: &Fields, eps: Tensor<2>) -> Elbo {
        self.elbo_in(Variation::default(), x, y, eps)
    }

    /// The same, with the networks of fields that have levels varied.
    pub fn elbo_in(&self, variation: Variation<'_>, x: &Fields, y: &Fields, eps: Tensor<2>) -> Elbo {
        let y = self.condition.embed(y);
        let q = self.encoder.posterior(x, &y);
        let prior = self.prior.given(&y, &q.mean);
        let (z, mut rate_per_unit) = q.sample_and_kl(&prior, eps);
        let open = y.open(&z);
        // The posterior does not depend on what is given, so a prior that learns follows it there; a fixed one cannot.
        if y.levels.is_some() && self.prior.learns() {
            rate_per_unit = q.held(&open).kl_per_unit(&prior);
        }
        Elbo {
            standardised: prior.standardise(z.clone()),
            open,
            distortion: -self.decoder.likelihood(z.clone(), &y).log_prob_in(variation, x),
            rate_per_unit,
            z,
        }
    }

    /// −log p'(x|z,y) of the auxiliary decoder, `[batch]`. It knows a record by z alone, so that with it z learns what many
    /// fields share. None if the fields do not see each other: then the decoder itself is like that.
    pub fn auxiliary_distortion(&self, z: Tensor<2>, x: &Fields, y: &Fields) -> Option<Tensor<1>> {
        let (decoder, levels) = (self.auxiliary.as_ref()?, x.levels()?);
        let inputs = self.condition.embed(y).of_encoder().join(z);
        Some(decoder.distortion(inputs, levels.levels, levels.observed))
    }

    /// Posterior samples z_k of each record and their weights (Burda et al. 2016, eq. 8): the log of the mean
    /// of w_k = p(x|z_k,y) p(z_k|y) / q(z_k|x,y) estimates log p(x|y) from below.
    ///
    /// # Shapes
    /// eps: `[batch · k, latent]`, each record's k draws in a row.
    pub fn importance_samples(&self, x: &Fields, y: &Fields, eps: Tensor<2>) -> ImportanceSamples {
        let y = self.condition.embed(y);
        let q = self.encoder.posterior(x, &y);
        let [batch, _] = q.mean.dims();
        let k = eps.dims()[0] / batch.max(1);
        let prior = self.prior.given(&y, &q.mean);
        let rate_per_unit = q.kl_per_unit(&prior);
        let (q, prior, y) = (q.repeat_each(k), prior.repeat_each(k), y.repeat_each(k));
        let z = q.reparameterize(eps);
        let mut log_prior = prior.log_prob(z.clone());
        if let Some(mixture) = &self.mixture {
            let given = y.open(&z).equal_elem(0.0).squeeze_dim(1);
            log_prior = mixture.log_prob(z.clone()).mask_where(given, log_prior);
        }
        let ratio = log_prior - q.log_prob(z.clone());
        let per_field = self
            .decoder
            .likelihood(z, &y)
            .log_prob_per_field(&x.repeat_each(k));
        ImportanceSamples {
            log_likelihood: per_field.clone().sum_dim(1).reshape([batch, k]),
            per_field,
            log_ratio: ratio.reshape([batch, k]),
            rate_per_unit,
        }
    }

    /// log w_k of [`Self::importance_samples`], `[batch, k]`, in nats.
    pub fn log_weights(&self, x: &Fields, y: &Fields, eps: Tensor<2>) -> Tensor<2> {
        self.importance_samples(x, y, eps).log_weights()
    }

    /// q(z|x,y) and p(z|y).
    pub fn posterior_and_prior(&self, x: &Fields, y: &Fields) -> (DiagonalGaussian, DiagonalGaussian) {
        let y = self.condition.embed(y);
        let q = self.encoder.posterior(x, &y);
        let p = self.prior.given(&y, &q.mean);
        (q, p)
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

    /// z drawn from the prior p(z|y), its spread times `temperature`.
    ///
    /// # Shapes
    /// eps (standard normal) and z: `[batch, latent]`.
    pub fn draw_prior(&self, y: &Fields, eps: Tensor<2>, temperature: f32) -> Tensor<2> {
        let prior = self.prior.given(&self.condition.embed(y), &eps);
        prior.draw(eps, temperature)
    }

    /// z drawn from the posterior q(z|x,y).
    ///
    /// # Shapes
    /// eps (standard normal) and z: `[batch, latent]`.
    pub fn draw_posterior(&self, x: &Fields, y: &Fields, eps: Tensor<2>) -> Tensor<2> {
        self.posterior(x, y).reparameterize(eps)
    }

    /// p(x|z,y).
    pub fn likelihood(&self, z: Tensor<2>, y: &Fields) -> Likelihood {
        self.decoder.likelihood(z, &self.condition.embed(y))
    }

    /// [`Likelihood::levels`] of p(x|z,y), without what images and texts cost.
    pub fn levels(&self, z: Tensor<2>, y: &Fields) -> Option<Levels> {
        self.decoder.levels(z, &self.condition.embed(y))
    }

    /// Whether what is generated for a record has the same bits in every batch of 2 to 64 records, on the CPU: so it
    /// is if only dense layers of at most [`STEADY_INPUTS`] inputs take part.
    pub fn generates_alike_in_small_batches(&self) -> bool {
        let mut widest = Widest::default();
        self.condition.visit(&mut widest);
        self.prior.visit(&mut widest);
        self.decoder.visit(&mut widest);
        widest.only_dense() && widest.inputs <= STEADY_INPUTS
    }

    /// Number of latent units.
    pub fn latent(&self) -> usize {
        self.latent
    }
}

/// log Σ_k exp a_k over the second dimension, without overflow: `[batch, k]` to `[batch]`.
///
/// ```
/// use burn::tensor::Tensor;
/// use elbo_core::{device, model::log_sum_exp};
/// let a = Tensor::<2>::from_data([[1000.0_f32, 1000.0]], &device("cpu").unwrap());
/// // log(e^1000 + e^1000) = 1000 + log 2
/// assert!((log_sum_exp(a).into_scalar::<f32>() - 1000.6931).abs() < 1e-3);
/// ```
pub fn log_sum_exp(a: Tensor<2>) -> Tensor<1> {
    // The maximum is −∞ if all weights are 0, and −∞ − −∞ is not a number.
    let max = a.clone().detach().max_dim(1).clamp_min(f32::MIN);
    let [_, k] = a.dims();
    let sum = (a - max.clone().repeat_dim(1, k)).exp().sum_dim(1);
    (sum.log() + max).squeeze_dim(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_close, rows, values};

    #[test]
    fn the_bound_is_minus_both_terms() {
        let elbo = Elbo {
            distortion: rows([[10.0, 20.0]]).squeeze_dim(0),
            rate_per_unit: rows([[1.0, 2.0], [0.5, 0.0]]),
            z: Tensor::zeros([2, 1], &crate::testing::device()),
            standardised: Tensor::zeros([2, 1], &crate::testing::device()),
            open: Tensor::ones([2, 1], &crate::testing::device()),
        };
        assert_close(&elbo.rate(), &[3.0, 0.5], 0.0);
        assert_close(&elbo.value(), &[-13.0, -20.5], 0.0);
    }

    #[test]
    fn log_sum_exp_of_logarithms_is_the_logarithm_of_the_sum() {
        let a = rows([[1.0_f32.ln(), 2.0_f32.ln(), 3.0_f32.ln()], [0.0; 3]]);
        // 1 + 2 + 3 = 6;  1 + 1 + 1 = 3
        assert_close(&log_sum_exp(a), &[6.0_f64.ln(), 3.0_f64.ln()], 1e-6);
    }

    #[test]
    fn log_sum_exp_of_one_is_itself() {
        assert_close(&log_sum_exp(rows([[-3.25], [100.5]])), &[-3.25, 100.5], 0.0);
    }

    #[test]
    fn log_sum_exp_neither_overflows_nor_underflows() {
        // e^±1000 is no f32; log(e^a + e^a) = a + log 2
        let a = rows([[1000.0, 1000.0], [-1000.0, -1000.0]]);
        assert_close(
            &log_sum_exp(a),
            &[1000.0 + 2.0_f64.ln(), -1000.0 + 2.0_f64.ln()],
            1e-4,
        );
    }

    #[test]
    fn log_sum_exp_ignores_impossible_samples() {
        let a = rows([[f32::NEG_INFINITY, 2.0], [f32::NEG_INFINITY; 2]]);
        assert_eq!(values(&log_sum_exp(a)), [2.0, f64::NEG_INFINITY]);
    }
}
