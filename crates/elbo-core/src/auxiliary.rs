//! A second decoder that predicts each field from the latents alone, so that these are worth having as embeddings.

use std::f32::consts::TAU;
use std::sync::Arc;

use burn::module::Module;
use burn::tensor::Tensor;
use elbo_kernels::categorical_log_prob;

use crate::field::bins::Bins;
use crate::field::levels::kinds_with_levels;
use crate::field::vectors::{look_up, picked};
use crate::network::Dense;
use crate::{FieldKind, FieldSpec, Init};

/// Standard deviation of a number about its prediction, where that of all records is 1. It is not learned: what is known
/// of a number to many digits would outweigh all other fields.
const DEVIATION: f32 = 0.6;
/// Scale of the initial weights.
const FIRST_SCALE: f32 = 0.1;

/// A linear map of latents, and of given fields that are never modelled, to independent distributions of all fields with
/// levels (Lucas & Verbeek 2018): log p'(x|z) = Σ_i log p'(x_i|z). A category or a flag is categorical; the normal score of
/// a number, standardised, is normal with a fixed deviation. Of numbers alone this is probabilistic principal component
/// analysis (Tipping & Bishop 1999).
#[derive(Module, Debug)]
pub struct Auxiliary {
    /// The logits of categories and flags, and behind them the means of numbers.
    outputs: Dense,
    #[module(skip)]
    fields: Arc<Predicted>,
}

/// The fields that are predicted, by their places among those with levels.
#[derive(Clone, Debug, Default)]
struct Predicted {
    /// Categories and flags, and how many levels each has.
    named: Vec<usize>,
    widths: Vec<usize>,
    numbers: Vec<usize>,
    /// Of each number, for each of its levels: the standardised normal score, and 1 for a value or 0 for "missing".
    tables: Vec<Vec<f32>>,
}

impl Auxiliary {
    /// For those of `fields` that have levels; none without such a field.
    pub(crate) fn init(fields: &[FieldSpec], inputs: usize, init: &mut Init) -> Option<Self> {
        let fields = Predicted::new(&kinds_with_levels(fields));
        let outputs = fields.outputs();
        (outputs > 0).then(|| Self {
            outputs: Dense::output(inputs, vec![0.0; outputs], FIRST_SCALE, init),
            fields: Arc::new(fields),
        })
    }

    /// −log p'(x|z), in nats, of what is observed.
    ///
    /// # Shapes
    /// `[batch, inputs]` and levels of all fields, `[batch, fields]`, to `[batch]`.
    pub(crate) fn distortion(&self, inputs: Tensor<2>, levels: Tensor<2>, observed: Tensor<2>) -> Tensor<1> {
        let fields = &self.fields;
        let outputs = self.outputs.forward(inputs);
        let logits = fields.widths.iter().sum();
        let of = |places: &[usize]| (picked(levels.clone(), places), picked(observed.clone(), places));
        let mut sums = Vec::new();
        if logits > 0 {
            let (levels, observed) = of(&fields.named);
            let own = outputs.clone().narrow(1, 0, logits);
            sums.push(-(categorical_log_prob(own, levels, &fields.widths) * observed).sum_dim(1));
        }
        if !fields.numbers.is_empty() {
            let (levels, observed) = of(&fields.numbers);
            let (scores, known) = fields.look_up(levels);
            let means = outputs.narrow(1, logits, fields.numbers.len());
            let nats = ((scores - means) / DEVIATION).square() * 0.5 + (DEVIATION * TAU.sqrt()).ln();
            sums.push((nats * known * observed).sum_dim(1));
        }
        Tensor::cat(sums, 1).sum_dim(1).squeeze_dim(1)
    }
}

/// How many outputs the auxiliary decoder has for a field with levels.
pub(crate) fn outputs(kind: &FieldKind) -> usize {
    match kind {
        FieldKind::Number { .. } => 1,
        other => other.levels(),
    }
}

impl Predicted {
    fn new(kinds: &[&FieldKind]) -> Self {
        let mut found = Self::default();
        for (place, kind) in kinds.iter().enumerate() {
            if let FieldKind::Number { bins, missing } = kind {
                found.numbers.push(place);
                let shares: Vec<f32> = bins.iter().map(|bin| bin.share).collect();
                let scores = standardised(&Bins::new(bins, *missing).score, &shares);
                let row = |(level, score): (usize, f32)| [score, f32::from(u8::from(level < bins.len()))];
                let rows = scores.into_iter().enumerate().flat_map(row);
                found.tables.push(rows.collect());
            } else {
                found.named.push(place);
                found.widths.push(kind.levels());
            }
        }
        found
    }

    fn outputs(&self) -> usize {
        self.widths.iter().sum::<usize>() + self.numbers.len()
    }

    /// The scores of numbers, and which of them are values.
    ///
    /// # Shapes
    /// `[batch, numbers]` levels to twice the same.
    fn look_up(&self, levels: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let shape = levels.dims();
        let found = look_up(levels, self.tables.iter().cloned(), 2);
        let column = |at: usize| found.clone().narrow(1, at, 1).reshape(shape);
        (column(0), column(1))
    }
}

/// The scores with a mean of 0 and a deviation of 1 over records that have them in these shares; those without a share
/// are moved along.
fn standardised(scores: &[f32], shares: &[f32]) -> Vec<f32> {
    let total: f32 = shares.iter().sum::<f32>().max(f32::MIN_POSITIVE);
    let mean_of = |value: &dyn Fn(f32) -> f32| {
        let each = scores.iter().zip(shares);
        each.map(|(score, share)| value(*score) * share).sum::<f32>() / total
    };
    let mean = mean_of(&|score| score);
    let deviation = mean_of(&|score| (score - mean).powi(2)).sqrt();
    // All values are the same.
    let scale = if deviation > 1e-6 { 1.0 / deviation } else { 0.0 };
    scores.iter().map(|score| (score - mean) * scale).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NumberBin;
    use crate::testing::{assert_close, device, rows, values};

    fn bin(share: f32) -> NumberBin {
        NumberBin {
            share,
            centre: 0.0,
            single: true,
        }
    }

    fn field(kind: FieldKind) -> FieldSpec {
        FieldSpec {
            name: String::new(),
            kind,
        }
    }

    /// A flag, a number of two values and gaps, and a category.
    fn decoder(weight: f32) -> Auxiliary {
        let fields = [
            field(FieldKind::Flag { missing: false }),
            field(FieldKind::Number {
                bins: vec![bin(0.5), bin(0.5)],
                missing: true,
            }),
            field(FieldKind::Category { levels: 3 }),
        ];
        // Over a fan-in of 1 at a tenth of the scale, u becomes (2 u − 1) / 10.
        let mut noise = |n| vec![(10.0 * weight + 1.0) / 2.0; n];
        Auxiliary::init(&fields, 1, &mut Init::new(&mut noise, &device())).unwrap()
    }

    #[test]
    fn fields_add_up_and_gaps_do_not_count() {
        let of = |level: f32, observed: f32| {
            let levels = rows([[1.0, level, 2.0]]);
            let observed = rows([[1.0, observed, 1.0]]);
            values(&decoder(0.5).distortion(rows([[0.5]]), levels, observed))[0]
        };
        // Weights of ½ and a latent of ½: all logits are alike, and the number's mean is ¼. Its scores are −1 and 1.
        let levels = 2.0_f64.ln() + 3.0_f64.ln();
        let number =
            |score: f64| ((score - 0.25) / 0.6).powi(2) / 2.0 + (0.6 * std::f64::consts::TAU.sqrt()).ln();
        for (found, expected) in [
            (of(0.0, 1.0), levels + number(-1.0)),
            (of(1.0, 1.0), levels + number(1.0)),
            // Missing, and not observed.
            (of(2.0, 1.0), levels),
            (of(1.0, 0.0), levels),
        ] {
            assert!((found - expected).abs() < 1e-5, "{found} {expected}");
        }
    }

    #[test]
    fn scores_are_standardised_by_shares() {
        let found = standardised(&[0.0, 1.0, 3.0], &[0.75, 0.25, 0.0]);
        // Mean ¼, deviation √(3/16)
        let deviation = (3.0_f64 / 16.0).sqrt();
        let found = Tensor::from_data(burn::tensor::TensorData::new(found, [3]), &device());
        assert_close::<1>(
            &found,
            &[-0.25 / deviation, 0.75 / deviation, 2.75 / deviation],
            1e-6,
        );
        assert_eq!(standardised(&[0.3, 0.3], &[0.5, 0.5]), [0.0, 0.0]);
    }
}
