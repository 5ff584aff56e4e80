//! Learned vectors of levels, as the networks take them in.

use std::sync::Arc;

use burn::module::{Module, Param};
use burn::tensor::{Int, Tensor, TensorData};

use super::bins::Bins;
use crate::config::NumberBin;
use crate::{FieldKind, Init};

/// Scores beyond this are taken for this.
const FARTHEST: f32 = 4.0;

/// A vector for each level of a field: free ones of a category or a flag, and of a number a learned linear map of what
/// is known of its bins, so that neighbouring bins have similar vectors from the start.
#[derive(Module, Debug)]
pub(crate) struct LevelVectors {
    /// `[levels or known facts, width]`.
    weights: Param<Tensor<2>>,
    /// What is known of each bin, row by row; none of other fields.
    #[module(skip)]
    facts: Option<Arc<[f32]>>,
    #[module(skip)]
    levels: usize,
}

impl LevelVectors {
    /// Vectors of `width` values for the levels of a field; a number's scores are also given as `steps` ramps.
    pub(crate) fn init(kind: &FieldKind, steps: usize, width: usize, init: &mut Init) -> Self {
        let facts = known(kind, steps).map(Arc::from);
        let levels = kind.levels();
        let inputs = self::facts(kind, steps);
        Self {
            weights: init.scaled([inputs, width], 1, |_| FIRST_SCALE),
            facts,
            levels,
        }
    }

    /// Number of levels.
    pub(crate) fn levels(&self) -> usize {
        self.levels
    }

    /// Width of the vectors.
    pub(crate) fn width(&self) -> usize {
        self.weights.val().dims()[1]
    }

    /// # Shapes
    /// `[batch]` levels and `[batch, 1]`, 0 where none is observed, to `[batch, width]`; 0 where none is observed.
    pub(crate) fn of(&self, levels: Tensor<1, Int>, observed: Tensor<2>) -> Tensor<2> {
        let weights = self.weights.val();
        let vectors = match &self.facts {
            None => weights.select(0, levels),
            Some(facts) => {
                let [known, _] = weights.dims();
                let facts = TensorData::new(facts.to_vec(), [self.levels, known]);
                let facts = Tensor::<2>::from_data(facts, &weights.device());
                facts.select(0, levels).matmul(weights)
            }
        };
        vectors * observed
    }
}

/// Scale of the first weights.
const FIRST_SCALE: f32 = 0.5;

/// How many facts are known of each bin of a number: its score, its centre, steps, which named level it is, and that it
/// is a level at all.
pub(crate) fn number_facts(bins: &[NumberBin], missing: bool, steps: usize) -> usize {
    3 + further_facts(&Bins::new(bins, missing), steps)
        .into_iter()
        .sum::<usize>()
}

/// How many of them are steps, and named levels.
fn further_facts(bins: &Bins, steps: usize) -> [usize; 2] {
    let named = bins.named.iter().filter(|named| **named).count();
    [if bins.has_mixture() { steps } else { 0 }, named]
}

/// How many values are learned for each unit of a field's vectors.
pub(crate) fn facts(kind: &FieldKind, steps: usize) -> usize {
    match kind {
        FieldKind::Number { bins, missing } => number_facts(bins, *missing, steps),
        FieldKind::Image { .. }
        | FieldKind::Text(_)
        | FieldKind::Category { .. }
        | FieldKind::Flag { .. } => kind.levels(),
    }
}

/// What is known of each bin, row by row; none of a field without bins.
fn known(kind: &FieldKind, steps: usize) -> Option<Vec<f32>> {
    let FieldKind::Number { bins: own, missing } = kind else {
        return None;
    };
    let bins = Bins::new(own, *missing);
    let [steps, named] = further_facts(&bins, steps);
    let ramps = ramps(&bins, own, steps);
    let rows = (0..bins.head.len()).map(|level| {
        let known = own.get(level);
        let score = bins.score[level].clamp(-FARTHEST, FARTHEST);
        let centre = known.map_or(0.0, |bin| bin.centre);
        let is = (0..named).map(|head| f32::from(u8::from(bins.named[level] && bins.head[level] == head)));
        let ramp = (0..steps).map(|step| known.map_or(0.0, |_| ramps[level * steps + step]));
        [score, centre, 1.0]
            .into_iter()
            .chain(ramp)
            .chain(is)
            .collect::<Vec<f32>>()
    });
    Some(rows.flatten().collect())
}

/// Ramps over the share of the records below each bin (Gorishniy et al. 2022, section 3.2): ramp j rises from 0 to 1
/// where the share rises from j/steps to (j + 1)/steps, less its mean over all records.
fn ramps(bins: &Bins, own: &[NumberBin], steps: usize) -> Vec<f32> {
    let total: f32 = own
        .iter()
        .map(|bin| bin.share)
        .sum::<f32>()
        .max(f32::MIN_POSITIVE);
    let mut below = 0.0;
    let middles = own.iter().map(|bin| {
        below += bin.share / total;
        below - bin.share / total / 2.0
    });
    let middles: Vec<f32> = middles.collect();
    let ramp = |middle: f32, step: usize| (middle * steps as f32 - step as f32).clamp(0.0, 1.0);
    let mut ramps = vec![0.0; bins.head.len() * steps];
    for step in 0..steps {
        let mean: f32 = middles
            .iter()
            .zip(own)
            .map(|(middle, bin)| ramp(*middle, step) * bin.share / total)
            .sum();
        for (level, middle) in middles.iter().enumerate() {
            ramps[level * steps + step] = ramp(*middle, step) - mean;
        }
    }
    ramps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_close, codes, device, rows, uniform};

    fn bin(share: f32, centre: f32, single: bool) -> NumberBin {
        NumberBin {
            share,
            centre,
            single,
        }
    }

    #[test]
    fn the_facts_of_bins_by_hand() {
        // half at one value, and a quarter on either side; two ramps, and a level for missing values
        let kind = FieldKind::Number {
            bins: vec![bin(0.25, -1.0, false), bin(0.5, 0.0, true), bin(0.25, 2.0, false)],
            missing: true,
        };
        let found = known(&kind, 2).unwrap();
        // Middles at 1/8, 1/2 and 7/8: ramps 1/4, 1, 1 and 0, 0, 3/4, with means 13/16 and 3/16.
        #[rustfmt::skip]
        let expected = [
            -1.150_349_4, -1.0, 1.0, -0.5625, -0.1875, 0.0, 0.0,
            0.0, 0.0, 1.0, 0.1875, -0.1875, 1.0, 0.0,
            1.150_349_4, 2.0, 1.0, 0.1875, 0.5625, 0.0, 0.0,
            0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0,
        ];
        let (wide, height) = (number_facts(&[bin(1.0, 0.0, false)], true, 2), 4);
        assert_eq!((wide, found.len()), (6, height * 7));
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-4, "{found} {expected}");
        }
    }

    #[test]
    fn a_value_that_is_not_observed_has_no_vector() {
        let (device, mut noise) = (device(), |n| uniform(1, n));
        let kind = FieldKind::Category { levels: 3 };
        let vectors = LevelVectors::init(&kind, 0, 2, &mut Init::new(&mut noise, &device));
        let found = vectors.of(codes(&[2, 1]), rows([[1.0], [0.0]]));
        assert_close(&found.clone().narrow(0, 1, 1), &[0.0, 0.0], 0.0);
        let third = vectors.weights.val().narrow(0, 2, 1);
        assert_close(&(found.narrow(0, 0, 1) - third), &[0.0, 0.0], 0.0);
    }
}
