//! What holds for every kind of field: categories, flags, numbers, texts and images in one record, with missing
//! values, independent or autoregressive.

use burn::tensor::Tensor;
use elbo_core::model::log_sum_exp;
use elbo_core::optimizer::Optimizer;
use elbo_core::{Adam, Fields, Model, Objective};

use crate::mixed::{WITHIN, build_decided, discrete, discrete_records, mixed, outcomes, records, with_gaps};
use crate::models::{build, eps};
use crate::networks::check_gradients;
use crate::testing::{assert_all_close, codes, mean_and_error, values};

/// Units of the autoregressive layer; 0 for none.
const CHAINS: [usize; 2] = [0, 4];
/// Which of three fields are observed.
const MASKS: [[f32; 3]; 5] = [
    [1.0, 1.0, 1.0],
    [0.0, 1.0, 1.0],
    [1.0, 0.0, 1.0],
    [1.0, 1.0, 0.0],
    [0.0, 0.0, 1.0],
];

/// One z, `n` times.
fn one_z(seed: u64, n: usize) -> Tensor<2> {
    eps(seed, 1, 2).repeat_dim(0, n)
}

#[test]
fn the_probabilities_of_all_records_add_up_to_1() {
    let outcomes = outcomes();
    for chain in CHAINS {
        let model = build_decided(&discrete(chain), 1);
        let p = model.likelihood(one_z(2, outcomes.len()), &Fields::none());
        for mask in MASKS {
            // Each combination of the observed levels once. A density times the width of its bin is a
            // probability.
            let repeated = |levels: &[i32; 3]| {
                levels
                    .iter()
                    .zip(mask)
                    .any(|(level, there)| there == 0.0 && *level > 0)
            };
            let log_prob = values(&p.log_prob(&discrete_records(&outcomes, mask)));
            let probabilities = log_prob.iter().zip(&outcomes).map(|(log_prob, levels)| {
                let within = f64::from(mask[2] * WITHIN[levels[2] as usize]);
                if repeated(levels) {
                    0.0
                } else {
                    (log_prob - within).exp()
                }
            });
            assert_all_close(&[probabilities.sum()], &[1.0], 1e-5);
        }
        // Not all of them are near 1/36, as those of a new model are: the sums above are of different numbers.
        let all = values(&p.log_prob(&discrete_records(&outcomes, [1.0; 3])));
        let (least, most) = all.iter().fold((0.0, f64::MIN), |(a, b), v| (v.min(a), v.max(b)));
        assert!(most - least > 1.0, "{least} {most}");
    }
}

#[test]
fn the_likelihood_is_the_product_of_its_conditionals() {
    let outcomes = outcomes();
    let n = outcomes.len();
    let counts = [3, 3, 4];
    for chain in CHAINS {
        let model = build_decided(&discrete(chain), 1);
        let p = model.likelihood(eps(2, n, 2), &Fields::none());
        let levels = p.levels.as_ref().unwrap();
        for mask in MASKS {
            let mut one_by_one = levels.one_by_one(None);
            let mut expected = vec![0.0; n];
            for field in 0..3 {
                let count = counts[field];
                let logits = values(&one_by_one.logits());
                for (row, logits) in logits.chunks_exact(count).enumerate() {
                    let level = outcomes[row][field] as usize;
                    let total: f64 = logits.iter().map(|logit| logit.exp()).sum();
                    let within = if field == 2 { WITHIN[level] } else { 0.0 };
                    let term = logits[level] - total.ln() + f64::from(within);
                    expected[row] += f64::from(mask[field]) * term;
                }
                let chosen: Vec<i32> = match mask[field] {
                    0.0 => vec![count as i32; n],
                    _ => outcomes.iter().map(|levels| levels[field]).collect(),
                };
                one_by_one.choose(codes(&chosen));
            }
            let found = values(&p.log_prob(&discrete_records(&outcomes, mask)));
            for (found, expected) in found.iter().zip(&expected) {
                // Differences of probabilities near 1 are rounded, by up to a few units in the last place.
                let tolerance = 1e-4 + 3e-7 / expected.exp();
                assert!((found - expected).abs() <= tolerance, "{found} {expected}");
            }
        }
    }
}

#[test]
fn a_field_depends_on_those_before_it_only_where_they_are_chained() {
    for chain in CHAINS {
        let model = build_decided(&discrete(chain), 1);
        let p = model.likelihood(one_z(2, 3), &Fields::none());
        let terms = |levels: [[i32; 3]; 3], mask| {
            let terms = p.log_prob_per_field(&discrete_records(&levels, mask));
            values(&terms)
        };
        // The same flag and number behind each level of the category.
        let terms_after = terms([[0, 1, 2], [1, 1, 2], [2, 1, 2]], [1.0; 3]);
        for field in [1, 2] {
            let differ = (terms_after[field] - terms_after[3 + field]).abs() > 1e-3;
            assert_eq!(differ, chain > 0, "{terms_after:?}");
        }
        // The same category before each of the numbers.
        let terms_before = terms([[1, 1, 0], [1, 1, 1], [1, 1, 3]], [1.0; 3]);
        assert_eq!(terms_before[0], terms_before[3]);
        assert_eq!(terms_before[1], terms_before[7]);
        // The level of a missing field is not seen.
        let missing = terms([[0, 1, 2], [1, 1, 2], [2, 1, 2]], [0.0, 1.0, 1.0]);
        assert_eq!(missing[..3], missing[3..6]);
    }
}

#[test]
fn a_missing_field_contributes_nothing_whatever_its_kind() {
    const N: usize = 5;
    let model = build_decided(&mixed(4), 1);
    let (x, y, other) = (records(N, 1), records(N, 2), records(N, 3));
    let bound = |x: &Fields, y: &Fields| values(&model.elbo(x, y, eps(1, N, 2)).value());
    let terms = |x: &Fields| values(&model.likelihood(eps(1, N, 2), &y).log_prob_per_field(x));
    for field in 0..5 {
        let swapped = |fields: &Fields, observed: f32| {
            let mut one = fields.clone();
            one.0[field].observed = one.0[field].observed.clone() * observed;
            let mut two = one.clone();
            two.0[field].value = other.0[field].value.clone();
            (one, two)
        };
        for (observed, same) in [(0.0, true), (1.0, false)] {
            let (one, two) = swapped(&x, observed);
            assert_eq!(bound(&one, &y) == bound(&two, &y), same, "x field {field}");
            let own = terms(&one);
            let own: Vec<f64> = own.chunks_exact(5).map(|terms| terms[field]).collect();
            assert_eq!(own == [0.0; N], same, "x field {field}");
            let (one, two) = swapped(&y, observed);
            assert_eq!(bound(&x, &one) == bound(&x, &two), same, "y field {field}");
        }
    }
}

#[test]
fn a_record_with_gaps_does_not_depend_on_its_batch() {
    let model = build_decided(&mixed(4), 2);
    let (x, y) = (with_gaps(records(6, 1), 1), with_gaps(records(6, 2), 2));
    // Twice in a row, each with noise of its own: the pairs of rows belong to one record.
    let noise = eps(3, 12, 2);
    let elbo = |x: &Fields, y: &Fields, eps| values(&model.elbo(x, y, eps).value());
    let together = elbo(&x.repeat_each(2), &y.repeat_each(2), noise.clone());
    let first = noise.reshape([6, 4]).narrow(1, 0, 2);
    let even: Vec<f64> = together.into_iter().step_by(2).collect();
    assert_all_close(&elbo(&x, &y, first), &even, 1e-4);
}

#[test]
fn the_bound_of_mixed_records_is_below_the_importance_weighted_one() {
    // E log (1/k) Σ w_k grows with k, from the ELBO at k = 1 (Burda et al. 2016, theorem 1).
    const N: usize = 1500;
    const K: usize = 8;
    let model = build_decided(&mixed(4), 3);
    let (x, y) = (with_gaps(records(1, 4), 1), records(1, 5));
    let (many_x, many_y) = (x.repeat_each(N), y.repeat_each(N));
    let (elbo, elbo_error) = mean_and_error(&values(&model.elbo(&many_x, &many_y, eps(6, N, 2)).value()));
    let weights = model.log_weights(&x, &y, eps(7, N * K, 2)).reshape([N, K]);
    let (one, one_error) = mean_and_error(&values(&weights.clone().narrow(1, 0, 1)));
    let (k, k_error) = mean_and_error(&values(&(log_sum_exp(weights) - (K as f64).ln())));
    // Four standard errors of the difference of two independent means.
    assert!(
        (one - elbo).abs() < 4.0 * one_error.hypot(elbo_error),
        "{one} {elbo} {one_error} {elbo_error}"
    );
    assert!(
        k - elbo > 4.0 * k_error.hypot(elbo_error),
        "{k} {elbo} {k_error} {elbo_error}"
    );
}

#[test]
fn every_weight_of_a_mixed_model_has_a_gradient() {
    let (x, y) = (with_gaps(records(24, 1), 1), with_gaps(records(24, 2), 2));
    for chain in CHAINS {
        let model = build(&mixed(chain), 3);
        for samples in [1, 2] {
            let objective = Objective {
                samples,
                auxiliary: 0.5,
                ..Objective::default()
            };
            check_gradients(&model, &x, &y, objective);
        }
    }
}

/// The loss after so many steps on the same records, and the model.
fn trained(mut model: Model, x: &Fields, y: &Fields, n: usize, steps: u64) -> (f64, Model) {
    let mut optimizer = Optimizer::new(Adam::default(), None);
    let loss = |model: &Model, step| Objective::default().loss(model, x, y, eps(step, n, 2), 1.0).total;
    for step in 0..steps {
        let gradients = loss(&model, step).backward();
        optimizer.step(&mut model, gradients, 0.01).unwrap();
    }
    (values(&loss(&model, u64::MAX))[0], model)
}

#[test]
fn training_lowers_the_loss_of_mixed_records() {
    const N: usize = 24;
    let (x, y) = (with_gaps(records(N, 1), 1), with_gaps(records(N, 2), 2));
    for chain in CHAINS {
        let model = build(&mixed(chain), 4);
        let (before, model) = trained(model, &x, &y, N, 0);
        let (after, _) = trained(model, &x, &y, N, 60);
        // 3 nats are far more than the noise of z moves the loss of 24 records.
        assert!(after < before - 3.0, "{before} {after}");
    }
}

#[test]
fn a_field_that_repeats_another_is_learned_through_the_chain() {
    // Category, flag and bin are the same level: once that is known, a record costs ln 3 and not 3 ln 3.
    let levels: Vec<[i32; 3]> = (0..30).map(|k| [k % 3; 3]).collect();
    let x = discrete_records(&levels, [1.0; 3]);
    let (_, model) = trained(build(&discrete(6), 5), &x, &Fields::none(), levels.len(), 150);
    let p = model.likelihood(eps(1, levels.len(), 2), &Fields::none());
    let terms = values(&p.log_prob_per_field(&x));
    // z is drawn at random: only the chain can know the flag, whose probability is a third without it.
    let flags: Vec<f64> = terms.chunks_exact(3).map(|terms| terms[1]).collect();
    let (mean, _) = mean_and_error(&flags);
    assert!(mean > -0.2, "{mean}");
}
