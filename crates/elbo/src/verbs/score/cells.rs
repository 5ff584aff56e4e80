//! How surprising a value is, given all other fields of its record.

use std::f64::consts::PI;

use elbo_core::field::width::widths;
use elbo_core::{Field, FieldKind};
use elbo_data::Column;
use elbo_data::kind::number::Number;
use elbo_data::noise::{Noise, Purpose};

use crate::model::batches::Observations;
use crate::model::decode::probabilities;
use crate::model::opened::Opened;
use crate::model::tensors::to_host;

/// Draws of the latents for each field.
const DRAWS: usize = 4;
/// Smaller probabilities count as this.
const LEAST: f64 = 1e-30;
/// Probabilities that differ by rounding alone are equal.
const ALIKE: f64 = 1.0 + 1e-6;

impl Opened {
    /// Of each field with levels, by its place among the x fields, the surprise of all records: −ln of the chance of a
    /// value at most as likely as the record's, given all its other fields ([`Law`]). 0 where it has no value.
    ///
    /// p(field | others) is the mean over draws of z from the posterior that does not see the field. The network of the
    /// field sees all others: it is the last in the order.
    pub(super) fn score_cells(&self, records: &Observations, noise: Noise) -> Vec<(usize, Vec<f64>)> {
        let (n, upload, latent) = (records.rows.len(), self.upload(), self.network.latent());
        let (x, y) = (upload.fields(&records.x), upload.fields(&records.y));
        let repeated = y.repeat_each(DRAWS);
        let eps = noise.normal(Purpose::Importance, 1, &records.rows, DRAWS * latent);
        let eps = upload.rows(eps, n * DRAWS);
        let known = self.known_levels(n, &records.y, Some(&records.x));
        let mut vectors = None;
        let surprises = self.places_with_levels().zip(&known).enumerate();
        let surprises = surprises.map(|(field, (place, known_here))| {
            let mut others = x.clone();
            withhold(&mut others.0[place]);
            let q = self.network.posterior(&others, &y).repeat_each(DRAWS);
            let levels = self.network.levels(q.reparameterize(eps.clone()), &repeated);
            let levels = levels.unwrap_or_else(|| unreachable!("field {field} has levels"));
            let vectors = vectors.get_or_insert_with(|| {
                let codes = self.repeated_codes(&known);
                levels.vectors(codes.iter().map(|codes| upload.codes(codes)).collect())
            });
            let logits = to_host(levels.logits_given_others(field, vectors));
            let law = Law::new(&self.config.model.x[place].kind);
            let beyond = self.beyond(place, &records.x[place]);
            let width = law.levels;
            let cell = |(record, known): (usize, &Option<u32>)| {
                let Some(level) = known.filter(|level| (*level as usize) < width) else {
                    return 0.0;
                };
                let draws = logits[record * DRAWS * width..].chunks_exact(width).take(DRAWS);
                law.surprise(&mean(draws), level as usize) + beyond[record]
            };
            (place, known_here.iter().enumerate().map(cell).collect())
        });
        surprises.collect()
    }

    /// The places among the x fields of those with levels.
    fn places_with_levels(&self) -> impl Iterator<Item = usize> {
        let places = self.x_fields.iter().enumerate();
        let places = places.filter(|(_, field)| self.has_levels(**field));
        places.map(|(place, _)| place)
    }

    /// The known levels of each field, each as often as there are draws; the one behind the last where none is known.
    fn repeated_codes(&self, known: &[Vec<Option<u32>>]) -> Vec<Vec<u32>> {
        let fields = self.places_with_levels().zip(known);
        let codes = fields.map(|(place, known)| {
            let none = self.schema.fields[self.x_fields[place]].levels() as u32;
            let codes = known.iter().map(|level| level.unwrap_or(none));
            codes
                .flat_map(|level| std::iter::repeat_n(level, DRAWS))
                .collect()
        });
        codes.collect()
    }

    /// What is added to the surprise of each value of a field for lying outside the range of the training records.
    fn beyond(&self, place: usize, column: &Column) -> Vec<f64> {
        let kind = &self.schema.fields[self.x_fields[place]].kind;
        match (kind.number(), column.numbers()) {
            (Some(number), Some(numbers)) => {
                let values = numbers.z.iter().zip(&numbers.bins);
                values.map(|(z, bin)| outside(number, *z, *bin)).collect()
            }
            _ => vec![0.0; column.observed.len()],
        }
    }
}

/// Marks a field as not observed.
fn withhold(field: &mut Field) {
    field.observed = field.observed.zeros_like();
}

/// The mean of the distributions with these logits.
fn mean<'a>(draws: impl Iterator<Item = &'a [f32]>) -> Vec<f64> {
    let mut sum = Vec::new();
    for p in draws.map(probabilities) {
        sum.resize(p.len(), 0.0);
        sum.iter_mut().zip(p).for_each(|(sum, p)| *sum += p);
    }
    sum.iter_mut().for_each(|sum| *sum /= DRAWS as f64);
    sum
}

/// The bin at the end of the range says nothing of how far outside a value lies: d standard deviations outside, it has
/// π d / √3 nats more, as the tail of a logistic distribution falls.
fn outside(number: &Number, z: f32, bin: u32) -> f64 {
    if number.is_apart(bin) {
        return 0.0;
    }
    let [low, high] = [number.min, number.max].map(|end| number.standardise(end));
    let d = f64::from((z - high).max(low - z).max(0.0));
    PI / 3f64.sqrt() * d
}

/// How the levels of a field compare.
struct Law {
    levels: usize,
    /// What the probability of each level is divided by: the width of a bin, and 1 for other levels. A level behind them
    /// says that a number is missing.
    widths: Vec<f64>,
}

impl Law {
    fn new(kind: &FieldKind) -> Self {
        let levels = kind.levels();
        Self {
            levels,
            widths: match kind {
                FieldKind::Number { bins, .. } => widths(bins),
                FieldKind::Image { .. }
                | FieldKind::Text(_)
                | FieldKind::Category { .. }
                | FieldKind::Flag { .. } => vec![1.0; levels],
            },
        }
    }

    /// −ln Σ p(l) over the levels l that are at most as likely as this one: of a number, at most as dense. That a
    /// number is missing surprises by −ln p, where that is the less likely.
    fn surprise(&self, p: &[f64], level: usize) -> f64 {
        let Some(width) = self.widths.get(level) else {
            let p = p[level];
            return if p < 0.5 { -p.max(LEAST).ln() } else { 0.0 };
        };
        let density = p[level] / width * ALIKE;
        let at_most = p
            .iter()
            .zip(&self.widths)
            .filter(|(p, width)| **p / *width <= density);
        let chance: f64 = at_most.map(|(p, _)| p).sum();
        -chance.clamp(LEAST, 1.0).ln()
    }
}

#[cfg(test)]
mod tests {
    use elbo_core::NumberBin;

    use super::*;

    #[test]
    fn a_level_is_as_surprising_as_all_that_are_no_likelier() {
        let law = Law::new(&FieldKind::Category { levels: 4 });
        let p = [0.5, 0.125, 0.125, 0.25];
        let chance = |level| (-law.surprise(&p, level)).exp();
        for (level, expected) in [1.0, 0.25, 0.25, 0.5].into_iter().enumerate() {
            assert!((chance(level) - expected).abs() < 1e-9);
        }
        // Many levels that are all alike surprise nobody.
        let law = Law::new(&FieldKind::Category { levels: 100 });
        assert!(law.surprise(&[0.01; 100], 7).abs() < 1e-9);
    }

    fn number(shares: &[f32], missing: bool) -> Law {
        let bin = |share: &f32| NumberBin {
            share: *share,
            centre: 0.0,
            single: false,
        };
        Law::new(&FieldKind::Number {
            bins: shares.iter().map(bin).collect(),
            missing,
        })
    }

    #[test]
    fn a_number_is_as_surprising_as_both_tails_where_nothing_else_is_known() {
        let p = [0.25_f32, 0.25, 0.25, 0.25];
        let (law, p) = (number(&p, false), p.map(f64::from));
        // the outer two of four bins, then all
        for (level, expected) in [(0, 0.5), (3, 0.5), (1, 1.0), (2, 1.0)] {
            let found = (-law.surprise(&p, level)).exp();
            assert!((found - expected).abs() < 1e-6, "{level}: {found}");
        }
    }

    #[test]
    fn a_value_between_two_modes_is_surprising() {
        let law = number(&[0.2; 5], false);
        let found = (-law.surprise(&[0.08, 0.41, 0.02, 0.41, 0.08], 2)).exp();
        assert!((found - 0.02).abs() < 1e-6, "{found}");
    }

    #[test]
    fn that_a_number_is_missing_surprises_where_it_rarely_is() {
        let law = number(&[0.5, 0.5], true);
        assert!((law.surprise(&[0.45, 0.45, 0.1], 2) - 10f64.ln()).abs() < 1e-9);
        assert_eq!(law.surprise(&[0.2, 0.2, 0.6], 2), 0.0);
        // Nor is a value expected where most are missing.
        assert!((law.surprise(&[0.05, 0.05, 0.9], 0) - 10f64.ln()).abs() < 1e-9);
    }
}
