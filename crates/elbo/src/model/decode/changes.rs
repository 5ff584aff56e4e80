//! The levels of a record under another condition.
//!
//! The value of a record, its own condition and the fields before it determine at which quantile of its distribution
//! the value lies. The value at the same quantile of the distribution under the other condition is the one that the record
//! would have had (a counterfactual: Pearl 2009, section 7.1; with deep networks Pawlowski et al. 2020). Under its own
//! condition a record therefore stays exactly as it is, even where the latents carry little of it.

use elbo_core::field::levels::{Levels, OneByOne};
use elbo_data::arrow::array::{ArrayRef, BooleanArray};
use elbo_data::arrow::compute::kernels::nullif::nullif;
use elbo_data::kind::mode;
use elbo_data::kind::number::Number;
use elbo_data::{Column, DataError, Field, Schema, Values};

use super::levels::probabilities;
use crate::model::tensors::{Upload, to_host};

/// A number stays as it is if the log odds of its quantile change by less than this (at the median, by 0.05 of the
/// probability): the distributions under two conditions also differ by chance.
const SAME_ODDS: f64 = 0.2;
/// It also must remain at least this likely, as a share of its former probability.
const RARE: f64 = 0.1;
/// Quantiles keep this distance from 0 and 1.
const END: f64 = 1e-9;
/// A level stays if it remains at least this likely, as a share of its former probability.
const STAYS: f64 = 0.5;

/// The distributions of a chunk of records before and after, field after field.
pub(super) struct ChangeTable<'a> {
    before: OneByOne<'a>,
    after: OneByOne<'a>,
    /// The level of each field in each record as it was; none where it is not known.
    own: Vec<Vec<Option<u32>>>,
    upload: Upload,
    next: usize,
}

impl<'a> ChangeTable<'a> {
    /// Of records whose levels are their `own` under the condition `before`.
    pub(super) fn new(
        before: &'a Levels,
        after: &'a Levels,
        own: Vec<Vec<Option<u32>>>,
        upload: Upload,
    ) -> Self {
        Self {
            before: before.one_by_one(None),
            after: after.one_by_one(None),
            own,
            upload,
            next: 0,
        }
    }

    /// The values of the next field, which is the schema's `field` and was `was`: null where they stay, as do those that
    /// are not known.
    pub(super) fn next(
        &mut self,
        schema: &Schema,
        field: usize,
        was: &Column,
    ) -> Result<ArrayRef, DataError> {
        let described = &schema.fields[field];
        let rows = |logits| -> Vec<Vec<f64>> {
            let logits = to_host(logits);
            logits
                .chunks_exact(described.levels())
                .map(probabilities)
                .collect()
        };
        let (p, q) = (rows(self.before.logits()), rows(self.after.logits()));
        let own = &self.own[self.next];
        let moves = own.iter().zip(p.iter().zip(&q)).enumerate();
        let moves: Vec<Option<Moved>> = moves
            .map(|(row, (own, (p, q)))| own.and_then(|own| moved(described, was, row, own, p, q)))
            .collect();
        let stays = BooleanArray::from_iter(moves.iter().map(|moved| Some(moved.is_none())));
        // The index past the last level says that nothing is known.
        let were: Vec<u32> = own
            .iter()
            .map(|own| own.unwrap_or(described.levels() as u32))
            .collect();
        let are = were.iter().zip(&moves);
        let are: Vec<u32> = are
            .map(|(was, moved)| moved.map_or(*was, |moved| moved.level))
            .collect();
        self.before.choose(self.upload.codes(&were));
        self.after.choose(self.upload.codes(&are));
        self.next += 1;

        let to = moves
            .iter()
            .map(|moved| moved.map_or(0, |moved| moved.level))
            .collect();
        let within: Vec<f32> = moves
            .iter()
            .map(|moved| moved.map_or(0.0, |moved| moved.within))
            .collect();
        let changed = schema.draw(field, &described.levels_column(to)?, &within)?;
        Ok(nullif(&changed, &stays)?)
    }
}

/// Another level, and the place of the value within it, from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Moved {
    level: u32,
    within: f32,
}

/// Where the value of a record goes; none if it stays. What is missing, or is given, stays so.
fn moved(field: &Field, was: &Column, row: usize, own: u32, p: &[f64], q: &[f64]) -> Option<Moved> {
    let there = field.missing_level().map_or(p.len(), |missing| missing as usize);
    if own as usize >= there {
        return None;
    }
    let (p, q) = (&p[..there], &q[..there]);
    match (field.number(), &was.values) {
        (Some(number), Values::Number(numbers)) => shifted(number, own, numbers.value[row], p, q),
        _ => switched(own, p, q),
    }
}

/// The value at the same quantile of `q` as the value is at of `p`.
fn shifted(number: &Number, bin: u32, value: f64, p: &[f64], q: &[f64]) -> Option<Moved> {
    let within = number.place_in(bin, value);
    let quantile = |p: &[f64]| {
        let below: f64 = p[..bin as usize].iter().sum();
        ((below + within * p[bin as usize]) / p.iter().sum::<f64>()).clamp(END, 1.0 - END)
    };
    let at = quantile(p);
    let odds = |quantile: f64| (quantile / (1.0 - quantile)).ln();
    let alike = (odds(at) - odds(quantile(q))).abs() < SAME_ODDS;
    if alike && q[bin as usize] > RARE * p[bin as usize] {
        return None;
    }
    let mut left = at * q.iter().sum::<f64>();
    let level = q.iter().position(|q| {
        let here = left < *q;
        left -= if here { 0.0 } else { *q };
        here
    });
    let level = level.unwrap_or_else(|| mode(q) as usize);
    Some(Moved {
        level: level as u32,
        within: (left / q[level]).clamp(0.0, 1.0 - f64::from(f32::EPSILON)) as f32,
    })
}

/// The level that gains most, if this one becomes much less likely.
fn switched(own: u32, p: &[f64], q: &[f64]) -> Option<Moved> {
    let own = own as usize;
    if q[own] >= STAYS * p[own] {
        return None;
    }
    let gains: Vec<f64> = p.iter().zip(q).map(|(p, q)| q - p).collect();
    Some(Moved {
        level: mode(&gains),
        within: 0.5,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::fixture::hundred_numbers;

    fn number() -> Number {
        hundred_numbers(10)
    }

    /// All in the bins of a range, as likely each.
    fn even(bins: std::ops::Range<usize>) -> Vec<f64> {
        let share = 1.0 / bins.len() as f64;
        (0..10)
            .map(|bin| if bins.contains(&bin) { share } else { 0.0 })
            .collect()
    }

    #[test]
    fn a_number_goes_to_the_same_quantile() {
        // 14 of 0 to 39: 14½ of 40 are below; of 60 to 99 it is 74, the fifth of its bin
        let moved = shifted(&number(), 1, 14.0, &even(0..4), &even(6..10)).unwrap();
        assert_eq!(moved.level, 7);
        assert_eq!(number().value_in(moved.level, moved.within), 74.0);
        // of 0 to 99, 14½ of 40 is 36¼ of 100
        let moved = shifted(&number(), 1, 14.0, &even(0..4), &even(0..10)).unwrap();
        assert_eq!(number().value_in(moved.level, moved.within), 36.0);
    }

    #[test]
    fn a_number_stays_where_the_distributions_are_alike() {
        assert_eq!(shifted(&number(), 3, 35.0, &even(0..10), &even(0..10)), None);
        let nearly: Vec<f64> = even(0..10)
            .iter()
            .zip(0..)
            .map(|(p, bin)| p + 0.002 * f64::from(bin % 2))
            .collect();
        assert_eq!(shifted(&number(), 3, 35.0, &even(0..10), &nearly), None);
    }

    #[test]
    fn the_ends_of_the_range_are_quantiles_too() {
        let real = Number {
            grid: None,
            ..number()
        };
        for (bin, value) in [(0, 0.0), (9, 99.0)] {
            assert_eq!(shifted(&real, bin, value, &even(0..10), &even(0..10)), None);
            assert!(shifted(&real, bin, value, &even(0..10), &even(4..6)).is_some());
        }
    }

    #[test]
    fn the_end_of_a_distribution_is_told_from_beyond_it() {
        // nine in ten of p are below 90, where all of q are
        let moved = shifted(&number(), 9, 94.0, &even(0..10), &even(0..9)).unwrap();
        assert_eq!(number().value_in(moved.level, moved.within), 85.0);
    }

    #[test]
    fn a_level_is_left_for_the_one_that_gains_most() {
        assert_eq!(switched(0, &[0.5, 0.3, 0.2], &[0.3, 0.3, 0.4]), None);
        let moved = switched(0, &[0.5, 0.3, 0.2], &[0.1, 0.4, 0.5]).unwrap();
        assert_eq!(moved.level, 2);
    }
}
