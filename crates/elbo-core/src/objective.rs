//! What training minimises, from the terms of the bound.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::distribution::discrepancy::discrepancy;
use crate::model::{ImportanceSamples, log_sum_exp};
use crate::network::conditional::Variation;
use crate::{Elbo, Fields, Model};

/// The training objective; the plain ELBO by default.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Objective {
    /// Weight of the distortion. It is 1 except in demonstrations: 0 trains on the rate alone.
    pub distortion_weight: f64,
    /// Weight of the rate (Higgins et al. 2017), before warm-up.
    pub beta: f64,
    /// Free bits: nats of each latent unit's rate, averaged over the batch, that are not penalised (Kingma et
    /// al. 2016, eq. 15). In an any-conditional model of levels they are free to the records of which nothing is given:
    /// of others p(z|y) could not know what the latents tell.
    pub free_bits: f64,
    /// Weight of the maximum mean discrepancy between the posteriors of all records together and the prior (Zhao et al.
    /// 2019). Free bits let the two drift apart, and what is drawn from the prior would be unlike the data.
    #[serde(default)]
    pub discrepancy: f64,
    /// Weight of the auxiliary decoder's bound (Lucas & Verbeek 2018), [`Model::auxiliary_distortion`]: the latents then
    /// tell what many fields share, and not what the decoder would rather not learn.
    #[serde(default)]
    pub auxiliary: f64,
    /// Posterior samples k of the importance-weighted bound (Burda et al. 2016, eq. 8); 1 is the
    /// ELBO. That bound has no separate terms, so for k > 1 the weights have no effect.
    pub samples: usize,
}

impl Default for Objective {
    fn default() -> Self {
        Self {
            distortion_weight: 1.0,
            beta: 1.0,
            free_bits: 0.0,
            discrepancy: 0.0,
            auxiliary: 0.0,
            samples: 1,
        }
    }
}

/// A step's loss and its terms, each a mean over the batch, in nats.
#[derive(Clone, Debug)]
pub struct Loss {
    /// What is minimised, `[1]`.
    pub total: Tensor<1>,
    /// −log p(x|z,y), `[1]`; for k > 1 samples, the importance-weighted bound's negative.
    pub distortion: Tensor<1>,
    /// The rate, `[1]`; for k > 1 samples it is part of the bound above, and zero here.
    pub rate: Tensor<1>,
}

impl Objective {
    /// The loss of a batch, in nats per record: distortion_weight · D + beta · warmup · Σ_j max(R_j,
    /// free_bits) + discrepancy · MMD², with D the distortion, R_j the rate of unit j averaged over the batch and MMD² the
    /// squared discrepancy of the batch's draws. If a share s of the records is open, the others with a rate of O_j on
    /// average, it is s · max(R_j, free_bits) + (1 − s) · O_j, and R_j and MMD² are those of the open records. With an auxiliary
    /// decoder of distortion A, A and the same rate are added, both times `auxiliary`. For several
    /// samples the loss is −log (1/k) Σ w_k, averaged over the batch, + Σ_j max(free_bits − R_j, 0), which is the same for
    /// k = 1, weights of 1 and no condition.
    ///
    /// # Shapes
    /// eps: `[batch · samples, latent]`, each record's draws in a row.
    ///
    /// ```
    /// use burn::tensor::Tensor;
    /// use elbo_core::Objective;
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
    /// let eps = Tensor::zeros([5, 3], &device);
    /// let loss = Objective { beta: 4.0, ..Objective::default() }.loss(&model, &x, &y, eps, 0.5);
    /// // half-way through the warm-up the rate weighs 4 · 0.5
    /// let expected = loss.distortion + loss.rate * 2.0;
    /// assert!((loss.total - expected).abs().into_scalar::<f32>() < 1e-4);
    /// ```
    pub fn loss(&self, model: &Model, x: &Fields, y: &Fields, eps: Tensor<2>, warmup: f64) -> Loss {
        self.loss_in(Variation::default(), model, (x, y), eps, warmup)
    }

    /// The same of (x, y), with the networks of fields that have levels varied; for several samples they are not.
    pub fn loss_in(
        &self,
        variation: Variation<'_>,
        model: &Model,
        (x, y): (&Fields, &Fields),
        eps: Tensor<2>,
        warmup: f64,
    ) -> Loss {
        if self.samples == 1 {
            let elbo = model.elbo_in(variation, x, y, eps);
            let auxiliary = (self.auxiliary > 0.0)
                .then(|| model.auxiliary_distortion(elbo.z.clone(), x, y))
                .flatten();
            self.elbo_loss(&elbo, auxiliary, warmup)
        } else {
            self.importance_weighted_loss(model.importance_samples(x, y, eps))
        }
    }

    fn elbo_loss(&self, elbo: &Elbo, auxiliary: Option<Tensor<1>>, warmup: f64) -> Loss {
        let distortion = elbo.distortion.clone().mean();
        let rate = elbo.rate_per_unit.clone().mean_dim(0).sum();
        let charged = if self.free_bits > 0.0 {
            self.charged(&elbo.rate_per_unit, &elbo.open)
        } else {
            rate.clone()
        };
        let charged = charged * (self.beta * warmup);
        let mut total = distortion.clone() * self.distortion_weight + charged.clone();
        if let Some(auxiliary) = auxiliary {
            total = total + (auxiliary.mean() + charged) * self.auxiliary;
        }
        if self.discrepancy > 0.0 {
            total = total + discrepancy(elbo.standardised.clone(), elbo.open.clone()) * self.discrepancy;
        }
        Loss {
            total,
            distortion: distortion.detach(),
            rate: rate.detach(),
        }
    }

    /// The rate less what is free, averaged over the records: `[batch, latent]` and `[batch, 1]` to `[1]`.
    fn charged(&self, rate_per_unit: &Tensor<2>, open: &Tensor<2>) -> Tensor<1> {
        let all = rate_per_unit.clone().mean_dim(0);
        let share = open.clone().mean_dim(0);
        // What the open records cost together, and what they are charged.
        let cost = (rate_per_unit.clone() * open.clone()).mean_dim(0);
        let free = share * self.free_bits;
        (all - cost.clone() + cost.max_pair(free)).sum()
    }

    fn importance_weighted_loss(&self, samples: ImportanceSamples) -> Loss {
        let rate_per_unit: Tensor<1> = samples.rate_per_unit.clone().mean_dim(0).squeeze_dim(0);
        let log_weights = samples.log_weights();
        let [_, k] = log_weights.dims();
        let mut total = -(log_sum_exp(log_weights).mean() - (k as f64).ln());
        let bound = total.clone().detach();
        if self.free_bits > 0.0 {
            total = total + (-rate_per_unit + self.free_bits).clamp_min(0.0).sum();
        }
        Loss {
            rate: bound.zeros_like(),
            distortion: bound,
            total,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_close, rows};

    /// Mean distortion 15; mean rate of the units 1 and 3, so 4 in all.
    fn elbo() -> Elbo {
        Elbo {
            distortion: rows([[10.0, 20.0]]).squeeze_dim(0),
            rate_per_unit: rows([[0.5, 2.0], [1.5, 4.0]]),
            z: rows([[3.0], [3.0]]),
            standardised: rows([[3.0], [3.0]]),
            open: rows([[1.0], [1.0]]),
        }
    }

    #[track_caller]
    fn assert_total(objective: Objective, warmup: f64, expected: f64) {
        let loss = objective.elbo_loss(&elbo(), None, warmup);
        assert_close(&loss.total, &[expected], 1e-5);
        // The reported terms are not weighted.
        assert_close(&loss.distortion, &[15.0], 1e-5);
        assert_close(&loss.rate, &[4.0], 1e-5);
    }

    #[test]
    fn the_plain_loss_is_minus_the_bound() {
        assert_total(Objective::default(), 1.0, 15.0 + 4.0);
    }

    #[test]
    fn beta_and_warmup_weigh_the_rate() {
        assert_total(
            Objective {
                beta: 2.5,
                ..Objective::default()
            },
            1.0,
            15.0 + 2.5 * 4.0,
        );
        assert_total(
            Objective {
                beta: 2.5,
                ..Objective::default()
            },
            0.5,
            15.0 + 0.5 * 2.5 * 4.0,
        );
        assert_total(Objective::default(), 0.0, 15.0);
    }

    #[test]
    fn a_distortion_weight_of_zero_leaves_the_rate() {
        assert_total(
            Objective {
                distortion_weight: 0.0,
                ..Objective::default()
            },
            1.0,
            4.0,
        );
        assert_total(
            Objective {
                distortion_weight: 0.5,
                ..Objective::default()
            },
            1.0,
            7.5 + 4.0,
        );
    }

    #[test]
    fn free_bits_charge_each_unit_at_least_their_price() {
        // units cost max(2, 1) and max(2, 3)
        assert_total(
            Objective {
                free_bits: 2.0,
                ..Objective::default()
            },
            1.0,
            15.0 + 2.0 + 3.0,
        );
        // cheaper than every unit: no difference
        assert_total(
            Objective {
                free_bits: 0.5,
                ..Objective::default()
            },
            1.0,
            15.0 + 4.0,
        );
    }

    #[test]
    fn the_auxiliary_decoder_has_a_bound_of_its_own() {
        let objective = Objective {
            auxiliary: 0.5,
            beta: 2.0,
            ..Objective::default()
        };
        let auxiliary = rows([[30.0, 50.0]]).squeeze_dim(0);
        let loss = objective.elbo_loss(&elbo(), Some(auxiliary), 1.0);
        // 15 + 2 · 4, and half of 40 + 2 · 4
        assert_close(&loss.total, &[23.0 + 24.0], 1e-5);
        assert_close(&loss.distortion, &[15.0], 1e-5);
    }

    #[test]
    fn only_open_records_have_free_bits() {
        let elbo = Elbo {
            open: rows([[1.0], [0.0]]),
            ..elbo()
        };
        let objective = Objective {
            free_bits: 1.0,
            ..Objective::default()
        };
        // The first record costs max(½, 1) + max(2, 1), the other one 1.5 + 4.
        let loss = objective.elbo_loss(&elbo, None, 1.0);
        assert_close(&loss.total, &[15.0 + (1.0 + 2.0 + 1.5 + 4.0) / 2.0], 1e-5);
        assert_close(&loss.rate, &[4.0], 1e-5);
    }

    #[test]
    fn draws_that_are_not_the_priors_cost() {
        let of_draws = f64::from(discrepancy(elbo().standardised, elbo().open).into_scalar::<f32>());
        assert!(of_draws > 0.01);
        assert_total(
            Objective {
                discrepancy: 100.0,
                ..Objective::default()
            },
            1.0,
            15.0 + 4.0 + 100.0 * of_draws,
        );
    }

    #[test]
    fn a_unit_below_its_free_bits_has_no_gradient() {
        let rate_per_unit = rows([[0.5, 2.0], [1.5, 4.0]]).require_grad();
        let distortion = rate_per_unit.clone().sum_dim(1).squeeze_dim(1) * 0.0;
        let elbo = Elbo {
            distortion,
            rate_per_unit: rate_per_unit.clone(),
            z: rows([[0.0], [0.0]]),
            standardised: rows([[0.0], [0.0]]),
            open: rows([[1.0], [1.0]]),
        };
        let loss = Objective {
            free_bits: 2.0,
            ..Objective::default()
        }
        .elbo_loss(&elbo, None, 1.0);
        let gradient = rate_per_unit.grad(&loss.total.backward()).unwrap();
        // the second unit's mean over two records: 1/2 each
        assert_close(&gradient, &[0.0, 0.5, 0.0, 0.5], 0.0);
    }

    #[test]
    fn the_importance_weighted_loss_averages_weights_not_their_logarithms() {
        let weights = rows([[1.0_f32.ln(), 3.0_f32.ln()], [4.0_f32.ln(), 4.0_f32.ln()]]);
        let loss = |free_bits| {
            let samples = ImportanceSamples {
                log_likelihood: weights.clone(),
                per_field: weights.clone(),
                log_ratio: weights.zeros_like(),
                rate_per_unit: rows([[0.5, 2.0], [1.5, 4.0]]),
            };
            let objective = Objective {
                samples: 2,
                free_bits,
                ..Objective::default()
            };
            objective.importance_weighted_loss(samples)
        };
        // −½ (ln (1 + 3)/2 + ln 4) = −½ ln 8
        let expected = -0.5 * 8.0_f64.ln();
        assert_close(&loss(0.0).total, &[expected], 1e-6);
        assert_close(&loss(0.0).distortion, &[expected], 1e-6);
        assert_close(&loss(0.0).rate, &[0.0], 0.0);
        // the first unit's mean of 1 is 2 − 1 below its free bits, the second's 3 is not
        assert_close(&loss(2.0).total, &[expected + 1.0], 1e-6);
        assert_close(&loss(2.0).distortion, &[expected], 1e-6);
    }
}
