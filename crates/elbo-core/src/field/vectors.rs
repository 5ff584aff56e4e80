//! Learned vectors of the levels of all fields, as the networks take them in.

use std::sync::Arc;

use burn::module::{Module, Param};
use burn::tensor::{Int, Tensor, TensorData};
use elbo_kernels::sums_before;

use super::bins::Bins;
use super::levels::kinds_with_levels;
use crate::config::NumberBin;
use crate::network::field_layers::FieldLayers;
use crate::{FieldKind, FieldSpec, Init};

/// Scores beyond this are taken for this.
const FARTHEST: f32 = 4.0;
/// What is known of each bin of a number besides its ramps: its score, its centre, and that it is a level at all.
const FACTS: usize = 3;

/// The levels of some fields that a network sees.
#[derive(Clone, Debug)]
pub struct Seen {
    /// `[batch, fields]`; 0 where none is observed.
    pub(crate) levels: Tensor<2>,
    /// 1 where a level is observed, else 0, `[batch, fields]`.
    pub(crate) observed: Tensor<2>,
}

impl Seen {
    /// What is not observed may be no level at all.
    ///
    /// # Shapes
    /// `[batch, fields]` both.
    pub fn new(levels: Tensor<2>, observed: Tensor<2>) -> Self {
        Self {
            levels: levels * observed.clone(),
            observed,
        }
    }

    /// Those of a record that are known here or there.
    pub(crate) fn and(&self, more: &Self) -> Self {
        let here = self.observed.clone();
        let more = Self::new(
            more.levels.clone(),
            more.observed.clone() * (here.ones_like() - here.clone()),
        );
        Self {
            levels: self.levels.clone() + more.levels,
            observed: here + more.observed,
        }
    }

    /// The fields in another order: those at these places.
    pub(crate) fn at(&self, places: &[usize]) -> Self {
        Self {
            levels: picked(self.levels.clone(), places),
            observed: picked(self.observed.clone(), places),
        }
    }

    /// Each record `times` times in a row.
    pub(crate) fn repeat_each(&self, times: usize) -> Self {
        let rows = |rows: &Tensor<2>| crate::fields::repeat_each(rows.clone(), times);
        Self {
            levels: rows(&self.levels),
            observed: rows(&self.observed),
        }
    }
}

/// The columns at these places.
pub(crate) fn picked(all: Tensor<2>, places: &[usize]) -> Tensor<2> {
    if places.iter().copied().eq(0..all.dims()[1]) {
        return all;
    }
    let places = indices(places, &all.device());
    all.select(1, places)
}

/// Places as indices.
pub(crate) fn indices(places: &[usize], device: &burn::tensor::Device) -> Tensor<1, Int> {
    let places: Vec<i64> = places.iter().map(|place| *place as i64).collect();
    let length = places.len();
    Tensor::from_data(TensorData::new(places, [length]), device)
}

/// A vector for each level of each field: a free one for each level that has a name, which are all those of a category
/// or a flag and the frequent values of a number; and for each bin of a number, named or not, a learned linear map of
/// what is known of it, so that neighbouring bins have similar vectors from the start.
#[derive(Module, Debug)]
pub(crate) struct LevelVectors {
    /// `[named levels, width]`; none if no level has a name.
    named: Option<Param<Tensor<2>>>,
    /// Of the facts of each number; none if no field is a number.
    of_facts: Option<FieldLayers>,
    #[module(skip)]
    known: Arc<Known>,
    #[module(skip)]
    width: usize,
}

/// What is known of the levels of all fields.
#[derive(Clone, Debug)]
struct Known {
    /// Number of levels of each field.
    levels: Vec<usize>,
    /// For each field the row of each of its levels among the vectors of named ones; none of a level without a name.
    names: Vec<Vec<Option<usize>>>,
    /// For each number what is known of its levels, row by row; none of other fields.
    facts: Vec<Option<Vec<f32>>>,
    /// How many facts each level of a number has.
    width: usize,
}

impl LevelVectors {
    /// Of those of the fields that have levels: vectors of `width` values whose sum begins within about ± 1.
    pub(crate) fn of_fields(fields: &[FieldSpec], steps: usize, width: usize, init: &mut Init) -> Self {
        let kinds = kinds_with_levels(fields);
        let scale = 1.0 / (kinds.len().max(1) as f32).sqrt();
        Self::init(&kinds, steps, width, scale, init)
    }

    /// Vectors of `width` values, which begin within ± `scale`; a number's scores are also given as `steps` ramps.
    pub(crate) fn init(
        kinds: &[&FieldKind],
        steps: usize,
        width: usize,
        scale: f32,
        init: &mut Init,
    ) -> Self {
        let known = Known::new(kinds, steps);
        let (names, numbers) = (known.named(), known.numbers());
        Self {
            named: (names > 0).then(|| init.scaled([names, width], 1, |_| scale)),
            of_facts: (numbers > 0).then(|| FieldLayers::linear([known.width, numbers, width], scale, init)),
            known: Arc::new(known),
            width,
        }
    }

    /// Width of each vector.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// For each field the sum of the vectors of those before it in this order, `[batch, fields · width]`.
    pub(crate) fn before(&self, seen: &Seen, order: &[usize]) -> Tensor<2> {
        let Blocks {
            vectors,
            present,
            fields,
        } = self.blocks(seen);
        sums_before(vectors, present, &fields, order)
    }

    /// The sum of the vectors of all fields, `[batch, width]`.
    pub(crate) fn sum(&self, seen: &Seen) -> Tensor<2> {
        let Blocks {
            vectors,
            present,
            fields,
        } = self.blocks(seen);
        // All blocks belong to a first field; the second sees them.
        let sums = sums_before(vectors, present, &vec![0; fields.len()], &[0, 1]);
        sums.narrow(1, self.width, self.width)
    }

    /// The vector of each record's level of one field; the index past the last level is "not observed", whose vector is 0.
    ///
    /// # Shapes
    /// `[batch]` to `[batch, width]`.
    pub(crate) fn of(&self, field: usize, levels: Tensor<1, Int>) -> Tensor<2> {
        let [batch] = levels.dims();
        let none = self.known.levels[field] as i64;
        let observed = levels.clone().not_equal_elem(none).float().reshape([batch, 1]);
        let levels = levels.clamp_max(none - 1).float().reshape([batch, 1]);
        let parts = [
            self.of_names(&levels, &observed, &[field]),
            self.of_numbers(&levels, &observed, &[field]),
        ];
        let vectors = parts.into_iter().flatten();
        vectors
            .map(|part| part.vectors * part.present)
            .reduce(|sum, part| sum + part)
            .unwrap_or_else(|| unreachable!("each field has levels"))
    }

    /// The vectors of all fields, those of names before those of numbers.
    fn blocks(&self, seen: &Seen) -> Blocks {
        let fields: Vec<usize> = (0..self.known.levels.len()).collect();
        let parts = [
            self.of_names(&seen.levels, &seen.observed, &fields),
            self.of_numbers(&seen.levels, &seen.observed, &fields),
        ];
        let parts = parts.into_iter().flatten();
        parts
            .reduce(|names, numbers| Blocks {
                vectors: Tensor::cat(vec![names.vectors, numbers.vectors], 1),
                present: Tensor::cat(vec![names.present, numbers.present], 1),
                fields: [names.fields, numbers.fields].concat(),
            })
            .unwrap_or_else(|| unreachable!("each field has levels"))
    }

    /// The free vectors of the levels of `fields`, the columns of `levels`.
    fn of_names(&self, levels: &Tensor<2>, observed: &Tensor<2>, fields: &[usize]) -> Option<Blocks> {
        let (vectors, names) = (self.named.as_ref()?.val(), &self.known.names);
        let has_names = |field: &usize| names[*field].iter().any(Option::is_some);
        let (own, columns) = chosen(fields, has_names)?;
        let (levels, observed) = (
            picked(levels.clone(), &columns),
            picked(observed.clone(), &columns),
        );
        let [batch, _] = levels.dims();
        let tables = own.iter().map(|field| names[*field].iter());
        let row = |name: &Option<usize>| {
            [
                name.map_or(0.0, |row| row as f32),
                f32::from(u8::from(name.is_some())),
            ]
        };
        let found = look_up(levels, tables.map(|names| names.flat_map(row).collect()), 2);
        let rows: Tensor<1, Int> = found.clone().narrow(1, 0, 1).int().squeeze_dim(1);
        let is: Tensor<2> = found.narrow(1, 1, 1).reshape([batch, own.len()]);
        Some(Blocks {
            vectors: vectors.select(0, rows).reshape([batch, own.len() * self.width]),
            present: is * observed,
            fields: own,
        })
    }

    /// The vectors of the bins of the numbers among `fields`, the columns of `levels`.
    fn of_numbers(&self, levels: &Tensor<2>, observed: &Tensor<2>, fields: &[usize]) -> Option<Blocks> {
        let (layers, facts) = (self.of_facts.as_ref()?, &self.known.facts);
        let (own, columns) = chosen(fields, |field| facts[*field].is_some())?;
        let (levels, observed) = (
            picked(levels.clone(), &columns),
            picked(observed.clone(), &columns),
        );
        let [batch, _] = levels.dims();
        let tables = own.iter().filter_map(|field| facts[*field].clone());
        let known = look_up(levels, tables, self.known.width);
        let known: Tensor<2> = known.reshape([batch, own.len() * self.known.width]);
        let number = |field: usize| facts[..field].iter().flatten().count();
        let vectors = match own[..] {
            [field] if self.known.numbers() > 1 => layers.one(number(field), known),
            _ => layers.forward(known),
        };
        Some(Blocks {
            vectors,
            present: observed,
            fields: own,
        })
    }
}

/// Vectors side by side.
struct Blocks {
    /// `[batch, blocks · width]`.
    vectors: Tensor<2>,
    /// 1 where there is one, else 0, `[batch, blocks]`.
    present: Tensor<2>,
    /// The field that each belongs to.
    fields: Vec<usize>,
}

/// Those of the fields that are `wanted`, and their places among all; none if there are none.
fn chosen(fields: &[usize], wanted: impl Fn(&usize) -> bool) -> Option<(Vec<usize>, Vec<usize>)> {
    let places = (0..fields.len()).filter(|place| wanted(&fields[*place]));
    let places: Vec<usize> = places.collect();
    let own = places.iter().map(|place| fields[*place]).collect();
    (!places.is_empty()).then_some((own, places))
}

/// The rows of each record's levels in the tables of the fields, each table row by row: `[batch, fields]` to
/// `[batch · fields, columns]`.
pub(crate) fn look_up(
    levels: Tensor<2>,
    tables: impl Iterator<Item = Vec<f32>>,
    columns: usize,
) -> Tensor<2> {
    let ([batch, fields], device) = (levels.dims(), levels.device());
    let (mut all, mut starts) = (Vec::new(), Vec::new());
    for table in tables {
        starts.push((all.len() / columns) as f32);
        all.extend(table);
    }
    let starts = Tensor::<2>::from_data(TensorData::new(starts, [1, fields]), &device);
    let rows: Tensor<2, Int> = (levels + starts).int();
    let height = all.len() / columns;
    let all = Tensor::<2>::from_data(TensorData::new(all, [height, columns]), &device);
    all.select(0, rows.reshape([batch * fields]))
}

impl Known {
    fn new(kinds: &[&FieldKind], steps: usize) -> Self {
        let mut next = 0;
        let mut name = || {
            next += 1;
            next - 1
        };
        let names = kinds.iter().map(|kind| named(kind));
        Self {
            levels: kinds.iter().map(|kind| kind.levels()).collect(),
            names: names
                .map(|named| named.into_iter().map(|named| named.then(&mut name)).collect())
                .collect(),
            facts: kinds.iter().map(|kind| known(kind, steps)).collect(),
            width: FACTS + steps,
        }
    }

    /// How many levels have a name.
    fn named(&self) -> usize {
        self.names.iter().flatten().flatten().count()
    }

    /// How many fields are numbers.
    fn numbers(&self) -> usize {
        self.facts.iter().flatten().count()
    }
}

/// Whether each level of a field has a name.
fn named(kind: &FieldKind) -> Vec<bool> {
    match kind {
        FieldKind::Number { bins, missing } => Bins::new(bins, *missing).named,
        FieldKind::Image { .. }
        | FieldKind::Text(_)
        | FieldKind::Category { .. }
        | FieldKind::Flag { .. } => vec![true; kind.levels()],
    }
}

/// How many values are learned for each unit of the vectors of fields of these kinds.
pub(crate) fn learned<'a>(kinds: impl IntoIterator<Item = &'a FieldKind>, steps: usize) -> usize {
    let each = kinds.into_iter().map(|kind| {
        let facts = match kind {
            FieldKind::Number { .. } => FACTS + steps,
            _ => 0,
        };
        facts + named(kind).into_iter().filter(|named| *named).count()
    });
    each.sum()
}

/// What is known of each bin, row by row; none of a field without bins.
fn known(kind: &FieldKind, steps: usize) -> Option<Vec<f32>> {
    let FieldKind::Number { bins: own, missing } = kind else {
        return None;
    };
    let bins = Bins::new(own, *missing);
    // A number all of whose values have a name needs no ramps.
    let ramps = ramps(&bins, own, if bins.has_mixture() { steps } else { 0 });
    let width = ramps.len() / bins.head.len().max(1);
    let rows = (0..bins.head.len()).map(|level| {
        let score = bins.score[level].clamp(-FARTHEST, FARTHEST);
        let mut row = vec![0.0; FACTS + steps];
        row[..FACTS].copy_from_slice(&[score, own.get(level).map_or(0.0, |bin| bin.centre), 1.0]);
        if level < own.len() {
            row[FACTS..FACTS + width].copy_from_slice(&ramps[level * width..(level + 1) * width]);
        }
        row
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
    use crate::testing::{assert_close, codes, device, rows, uniform, values};

    fn bin(share: f32, centre: f32, single: bool) -> NumberBin {
        NumberBin {
            share,
            centre,
            single,
        }
    }

    /// Half at one value, and a quarter on either side, with a level for missing values.
    fn number() -> FieldKind {
        FieldKind::Number {
            bins: vec![bin(0.25, -1.0, false), bin(0.5, 0.0, true), bin(0.25, 2.0, false)],
            missing: true,
        }
    }

    fn vectors(kinds: &[&FieldKind]) -> LevelVectors {
        let (device, mut seed) = (device(), 0);
        let mut noise = |n| {
            seed += 1;
            uniform(seed, n)
        };
        LevelVectors::init(kinds, 2, 2, 1.0, &mut Init::new(&mut noise, &device))
    }

    #[test]
    fn the_facts_of_bins_by_hand() {
        let found = known(&number(), 2).unwrap();
        // Middles at 1/8, 1/2 and 7/8: ramps 1/4, 1, 1 and 0, 0, 3/4, with means 13/16 and 3/16.
        #[rustfmt::skip]
        let expected = [
            -1.150_349_4, -1.0, 1.0, -0.5625, -0.1875,
            0.0, 0.0, 1.0, 0.1875, -0.1875,
            1.150_349_4, 2.0, 1.0, 0.1875, 0.5625,
            0.0, 0.0, 1.0, 0.0, 0.0,
        ];
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-4, "{found} {expected}");
        }
        assert_eq!(named(&number()), [false, true, false, true]);
        // three levels of a category, two named ones of the number and its facts
        let category = FieldKind::Category { levels: 3 };
        assert_eq!(learned([&category, &number()], 2), 3 + 2 + 5);
    }

    #[test]
    fn sums_are_those_of_the_vectors_of_each_field() {
        let (category, flag, number) = (
            FieldKind::Category { levels: 3 },
            FieldKind::Flag { missing: false },
            number(),
        );
        for kinds in [
            vec![&category, &number, &flag],
            vec![&number, &number],
            vec![&flag, &category],
        ] {
            let vectors = vectors(&kinds);
            let levels: Vec<Vec<f32>> = vec![
                kinds.iter().map(|_| 1.0).collect(),
                kinds.iter().map(|kind| kind.levels() as f32 - 1.0).collect(),
            ];
            let fields = kinds.len();
            let mut observed = vec![1.0; 2 * fields];
            observed[fields] = 0.0;
            let seen = Seen::new(
                crate::testing::tensor(levels.concat(), [2, fields]),
                crate::testing::tensor(observed, [2, fields]),
            );
            let order: Vec<usize> = (0..fields).rev().collect();
            let before = vectors.before(&seen, &order);
            let mut sum = Tensor::zeros([2, 2], &device());
            for (field, kind) in kinds.iter().enumerate().rev() {
                let last = kind.levels() as i32;
                let second = if field == 0 { last } else { last - 1 };
                let own = vectors.of(field, codes(&[1, second]));
                assert_close(&before.clone().narrow(1, 2 * field, 2), &values(&sum), 1e-5);
                sum = sum + own;
            }
            assert_close(&vectors.sum(&seen), &values(&sum), 1e-5);
        }
    }

    #[test]
    fn a_value_that_is_not_observed_has_no_vector() {
        let category = FieldKind::Category { levels: 3 };
        let vectors = vectors(&[&category]);
        // What is not observed may be no level at all.
        let seen = Seen::new(rows([[2.0], [9.0]]), rows([[1.0], [0.0]]));
        let found = vectors.sum(&seen);
        assert_close(&found.clone().narrow(0, 1, 1), &[0.0, 0.0], 0.0);
        let third = vectors.named.as_ref().unwrap().val().narrow(0, 2, 1);
        assert_close(&(found.narrow(0, 0, 1) - third), &[0.0, 0.0], 0.0);
    }
}
