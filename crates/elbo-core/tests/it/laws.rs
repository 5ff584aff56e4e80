//! What holds for every model and every batch.

use burn::module::Module;
use burn::tensor::Tensor;
use elbo_core::distribution::{Bernoulli, DiagonalGaussian};
use elbo_core::model::log_sum_exp;
use elbo_core::{Fields, Model, Objective, PriorKind, Value};
use proptest::prelude::*;

use crate::models::{Records, build, conditional, eps, images, plain};
use crate::testing::{assert_all_close, assert_close, mean_and_error, tensor, values};

/// As many cases as take a moment; nothing is written to disk.
fn some(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

fn gaussian(parameters: &[(f32, f32)]) -> DiagonalGaussian {
    let d = parameters.len();
    let (mean, logvar): (Vec<_>, Vec<_>) = parameters.iter().copied().unzip();
    DiagonalGaussian {
        mean: tensor(mean, [1, d]),
        logvar: tensor(logvar, [1, d]),
    }
}

/// The largest difference of two tensors.
fn difference<const D: usize>(a: &Tensor<D>, b: &Tensor<D>) -> f64 {
    values(&(a.clone() - b.clone()).abs())
        .into_iter()
        .fold(0.0, f64::max)
}

fn units() -> impl Strategy<Value = Vec<(f32, f32)>> {
    prop::collection::vec((-3.0_f32..3.0, -4.0_f32..4.0), 1..8)
}

proptest! {
    #![proptest_config(some(256))]

    #[test]
    fn a_divergence_is_never_negative(
        pairs in prop::collection::vec(((-3.0_f32..3.0, -4.0_f32..4.0), (-3.0_f32..3.0, -4.0_f32..4.0)), 1..8),
    ) {
        let (q, p): (Vec<_>, Vec<_>) = pairs.iter().copied().unzip();
        let kl = values(&gaussian(&q).kl_per_unit(&gaussian(&p)));
        for (kl, (q, p)) in kl.iter().zip(&pairs) {
            // Half the sum of four terms of size e^8 at most: rounding may take 2^-24 of it.
            prop_assert!(*kl >= -1e-6 * f64::from((q.1 - p.1).exp() + 4.0), "{kl} for {q:?} {p:?}");
        }
    }

    #[test]
    fn a_divergence_is_zero_only_between_equals(units in units(), unit in any::<prop::sample::Index>(), by in 0.1_f32..1.0) {
        let q = gaussian(&units);
        assert_close(&q.kl_per_unit(&q), &vec![0.0; units.len()], 1e-6);
        let unit = unit.index(units.len());
        let (mut shifted, mut scaled) = (units.clone(), units.clone());
        shifted[unit].0 += by;
        scaled[unit].1 += by;
        for other in [shifted, scaled] {
            let kl = values(&q.kl_per_unit(&gaussian(&other)));
            // A shift costs by²/2e^logvar, at least 0.005 e^-4; a scaling about by²/4.
            prop_assert!(kl[unit] > 5e-5, "{kl:?}");
        }
    }

    #[test]
    fn coins_share_all_the_probability(logits in prop::array::uniform3(-5.0_f32..5.0)) {
        let outcomes: Vec<_> = (0..8).flat_map(|k| [k & 1, (k >> 1) & 1, (k >> 2) & 1]).map(|x| x as f32).collect();
        let p = Bernoulli { logits: tensor(logits.repeat(8), [8, 3]) };
        let total = p.log_prob(tensor(outcomes, [8, 3])).exp().sum();
        assert_close(&total, &[1.0], 1e-5);
    }
}

proptest! {
    #![proptest_config(some(16))]

    #[test]
    fn the_order_of_the_records_does_not_matter(seed in 0_u64..1000, order in Just([0_usize, 1, 2, 3, 4]).prop_shuffle()) {
        let model = build(&conditional(), seed);
        let records = Records::random(5, seed);
        let noise = eps(seed, 5, 2);
        let shuffled = records.select(&order);
        let rows: Vec<_> = order.iter().map(|&i| noise.clone().narrow(0, i, 1)).collect();
        let elbo = values(&model.elbo(&records.x(), &records.y(), noise).value());
        let expected: Vec<_> = order.iter().map(|&i| elbo[i]).collect();
        let found = model.elbo(&shuffled.x(), &shuffled.y(), Tensor::cat(rows, 0)).value();
        assert_close(&found, &expected, 1e-5);
        assert_all_close(&[values(&found).iter().sum()], &[elbo.iter().sum()], 1e-4);
        // … but which condition belongs to which record does.
        let torn = model.elbo(&shuffled.x(), &records.y(), eps(seed, 5, 2)).value();
        prop_assume!(order != [0, 1, 2, 3, 4]);
        prop_assert!(difference(&found, &torn) > 1e-5);
    }

    #[test]
    fn a_record_does_not_depend_on_its_batch(seed in 0_u64..1000, row in 0_usize..5) {
        let model = build(&conditional(), seed);
        let records = Records::random(5, seed);
        let noise = eps(seed, 5, 2);
        let together = model.elbo(&records.x(), &records.y(), noise.clone());
        let alone = records.select(&[row]);
        let alone = model.elbo(&alone.x(), &alone.y(), noise.narrow(0, row, 1));
        assert_close(&alone.distortion, &[values(&together.distortion)[row]], 1e-5);
        assert_close(&alone.rate(), &[values(&together.rate())[row]], 1e-5);
    }

    #[test]
    fn a_value_that_is_not_observed_is_ignored(seed in 0_u64..1000, field in 0_usize..3) {
        let model = build(&conditional(), seed);
        let mut records = Records::random(3, seed);
        records.observed[1][field] = 0.0;
        let mut other = records.clone();
        other.conditions[1] = match (field, records.conditions[1]) {
            (0, (label, bold, angle)) => ((label + 1) % 4, bold, angle),
            (1, (label, bold, angle)) => (label, 1.0 - bold, angle),
            (_, (label, bold, angle)) => (label, bold, angle + 100.0),
        };
        let seen = |records: &Records| quantities(&model, &records.x(), &records.y());
        for (a, b) in seen(&records).iter().zip(seen(&other)) {
            prop_assert_eq!(values(a), values(&b));
        }
        // The same change of an observed value is seen by every network.
        (records.observed[1][field], other.observed[1][field]) = (1.0, 1.0);
        for (a, b) in seen(&records).iter().zip(seen(&other)) {
            prop_assert!(difference(a, &b) > 1e-5);
        }
    }

    #[test]
    fn averaging_logarithms_is_averaging_too_late(seed in 0_u64..1000, k in 2_usize..20) {
        // Jensen: (1/k) Σ log w ≤ log (1/k) Σ w, for each record and draw.
        let model = build(&conditional(), seed);
        let records = Records::random(4, seed);
        let weights = model.log_weights(&records.x(), &records.y(), eps(seed, 4 * k, 2));
        let bound = values(&(log_sum_exp(weights.clone()) - (k as f64).ln()));
        let late = values(&weights.mean_dim(1).squeeze_dim::<1>(1));
        for (bound, late) in bound.iter().zip(late) {
            prop_assert!(late <= bound + 1e-5, "{late} {bound}");
        }
    }
}

/// What each of the four networks makes of a batch: q's mean, p(x)'s mean, p(z)'s mean and variance.
fn quantities(model: &Model, x: &Fields, y: &Fields) -> [Tensor<2>; 4] {
    let batch = x.0[0].observed.dims()[0];
    let z = eps(7, batch, model.latent());
    let elbo_core::decoder::FieldDistribution::Image { image: p, .. } = &model.likelihood(z, y).fields[0]
    else {
        panic!("an image")
    };
    let prior = model.prior(y, batch, &crate::testing::device());
    [model.posterior(x, y).mean, p.mean(), prior.mean, prior.logvar]
}

#[test]
fn a_standard_prior_does_not_look_at_the_condition() {
    let config = elbo_core::ModelConfig {
        prior: PriorKind::Standard,
        ..conditional()
    };
    let records = Records::random(3, 1);
    let prior = build(&config, 1).prior(&records.y(), 3, &crate::testing::device());
    assert_close(&prior.mean, &[0.0; 6], 0.0);
    assert_close(&prior.logvar, &[0.0; 6], 0.0);
}

#[test]
fn latents_are_drawn_from_the_prior_and_from_the_posterior() {
    let model = build(&conditional(), 3);
    let records = Records::random(4, 3);
    let (x, y, noise) = (records.x(), records.y(), eps(5, 4, 2));
    let (q, p) = model.posterior_and_prior(&x, &y);
    let draw = |p: &DiagonalGaussian, scale: f64| values(&(p.mean.clone() + p.std() * noise.clone() * scale));
    assert_close(&model.draw_posterior(&x, &y, noise.clone()), &draw(&q, 1.0), 1e-6);
    assert_close(&model.draw_prior(&y, noise.clone(), 0.5), &draw(&p, 0.5), 1e-6);
    assert_close(&model.draw_prior(&y, noise.clone(), 0.0), &values(&p.mean), 0.0);
}

#[test]
fn one_importance_weight_is_the_sample_s_own_bound() {
    // log w = log p(x|z) + log p(z) − log q(z), each term taken from its network.
    let model = build(&conditional(), 3);
    let records = Records::random(6, 3);
    let (x, y, noise) = (records.x(), records.y(), eps(3, 6, 2));
    let q = model.posterior(&x, &y);
    let z = q.reparameterize(noise.clone());
    let prior = model.prior(&y, 6, &crate::testing::device());
    let sampled_rate = q.log_prob(z.clone()) - prior.log_prob(z.clone());
    let expected = model.likelihood(z, &y).log_prob(&x) - sampled_rate.clone();
    let found = model.log_weights(&x, &y, noise.clone());
    assert_eq!(found.dims(), [6, 1]);
    assert_close(&found, &values(&expected), 1e-5);
    // The ELBO of the same noise has the same distortion; its rate is the expectation of this one.
    let elbo = model.elbo(&x, &y, noise);
    assert_close(&(-elbo.distortion - sampled_rate), &values(&found), 1e-5);
}

#[test]
fn the_bound_tightens_with_more_samples() {
    // E log mean of k weights grows with k, from the ELBO at k = 1 (Burda et al. 2016, theorem 1).
    const N: usize = 4000;
    let model = build(&conditional(), 5);
    let record = Records::random(1, 5);
    let bound = |k: usize| {
        let weights = model
            .log_weights(&record.x(), &record.y(), eps(9, N * k, 2))
            .reshape([N, k]);
        mean_and_error(&values(&(log_sum_exp(weights) - (k as f64).ln())))
    };
    let many = record.select(&[0; N]);
    let (elbo, elbo_error) =
        mean_and_error(&values(&model.elbo(&many.x(), &many.y(), eps(10, N, 2)).value()));
    let ((one, one_error), (ten, ten_error)) = (bound(1), bound(10));
    // Four standard errors of the difference of two independent means.
    assert!(
        (one - elbo).abs() < 4.0 * one_error.hypot(elbo_error),
        "{one} {elbo}"
    );
    assert!(
        ten - elbo > 4.0 * ten_error.hypot(elbo_error),
        "{ten} {elbo} {ten_error} {elbo_error}"
    );
}

#[test]
fn gradients_cost_nothing_in_value() {
    let model = build(&conditional(), 2);
    let records = Records::random(4, 2);
    let noise = eps(2, 4, 2);
    let tracked = model.elbo(&records.x(), &records.y(), noise.clone());
    let plain = model
        .valid()
        .elbo(&inner(records.x()), &inner(records.y()), noise.inner());
    assert_close(&plain.distortion, &values(&tracked.distortion), 0.0);
    assert_close(&plain.rate_per_unit, &values(&tracked.rate_per_unit), 0.0);
}

fn inner(fields: Fields) -> Fields {
    let field = |field: elbo_core::Field| elbo_core::Field {
        value: match field.value {
            Value::Image(pixels) => Value::Image(pixels.inner()),
            Value::Category(codes) => Value::Category(codes.inner()),
            Value::Flag(flags) => Value::Flag(flags.inner()),
            Value::Number { z, bin, within } => Value::Number {
                z: z.inner(),
                bin: bin.inner(),
                within: Box::new(within.inner()),
            },
            Value::Text { tokens, withheld, .. } => Value::Text {
                groups: None,
                tokens: tokens.inner(),
                withheld: withheld.map(Tensor::inner),
            },
        },
        observed: field.observed.inner(),
    };
    Fields(fields.0.into_iter().map(field).collect())
}

#[test]
fn the_objective_s_loss_is_made_of_the_bound_s_terms() {
    let model = build(&plain(), 4);
    let records = Records::random(8, 4);
    let (x, y, noise) = (records.x(), Fields::none(), eps(4, 8, 2));
    let elbo = model.elbo(&x, &y, noise.clone());
    let (distortion, _) = mean_and_error(&values(&elbo.distortion));
    let (rate, _) = mean_and_error(&values(&elbo.rate()));
    let objective = Objective {
        distortion_weight: 0.5,
        beta: 3.0,
        ..Objective::default()
    };
    let loss = objective.loss(&model, &x, &y, noise, 0.25);
    assert_close(&loss.total, &[0.5 * distortion + 3.0 * 0.25 * rate], 1e-5);
    assert_close(&loss.distortion, &[distortion], 1e-5);
    assert_close(&loss.rate, &[rate], 1e-5);
}

#[test]
fn the_importance_weighted_loss_is_an_average_over_records() {
    // k = 3: minus the average over records of log mean w.
    let model = build(&plain(), 4);
    let records = Records::random(5, 4);
    let noise = eps(4, 5 * 3, 2);
    let weights = model.log_weights(&records.x(), &Fields::none(), noise.clone());
    let (expected, _) = mean_and_error(&values(&(log_sum_exp(weights) - 3.0_f64.ln())));
    let objective = Objective {
        samples: 3,
        ..Objective::default()
    };
    let loss = objective.loss(&model, &records.x(), &Fields::none(), noise, 1.0);
    assert_close(&loss.total, &[-expected], 1e-5);
}

#[test]
fn a_missing_image_says_nothing() {
    // Neither to the encoder nor to the likelihood, whatever its pixels hold.
    let model = build(&conditional(), 6);
    let records = Records::random(2, 6);
    let missing = |pixels: f32| {
        let mut x = images(tensor(vec![pixels; 12], [2, 6]));
        x.0[0].observed = tensor([1.0, 0.0], [2, 1]);
        model.elbo(&x, &records.y(), eps(6, 2, 2))
    };
    let (black, white) = (missing(0.0), missing(1.0));
    assert_eq!(values(&black.distortion)[1], 0.0);
    assert_eq!(values(&black.rate())[1], values(&white.rate())[1]);
    assert!(values(&black.rate())[0] != values(&white.rate())[0]);
}
