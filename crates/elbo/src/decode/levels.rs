//! Values of fields with levels, from the logits of all of them.

use elbo_core::distribution::{Levels, OneByOne};
use elbo_data::arrow::array::ArrayRef;
use elbo_data::{Column, DataError, Field, Kind, Numbers, Schema, Values};

use super::{Draw, Drawing};
use crate::chunk::CHUNK;
use crate::tensors::{Upload, to_host};

/// The distributions of a chunk of rows, field after field: each field sees the levels of those before it.
pub(super) struct LevelTable<'a> {
    odds: Odds<'a>,
    /// What is known of each field with levels, for each row: a level, or that it is not modelled there (the level
    /// behind the last); none where it is to be made.
    known: &'a [Vec<Option<u32>>],
    next: usize,
}

/// Where the probabilities come from.
enum Odds<'a> {
    /// A likelihood, whose fields are gone through in turn.
    Likelihood(Box<OneByOne<'a>>, Upload),
    /// Probabilities of each field's levels, row-major.
    Given(&'a [Vec<f64>]),
}

impl<'a> LevelTable<'a> {
    /// Of a likelihood whose levels are to be chosen.
    pub(super) fn choosing(levels: &'a Levels, known: &'a [Vec<Option<u32>>], upload: Upload) -> Self {
        Self {
            odds: Odds::Likelihood(Box::new(levels.one_by_one()), upload),
            known,
            next: 0,
        }
    }

    /// Of probabilities, `[CHUNK, levels]` for each field.
    pub(super) fn of(probabilities: &'a [Vec<f64>]) -> Self {
        Self {
            odds: Odds::Given(probabilities),
            known: &[],
            next: 0,
        }
    }

    /// The values of the next field, which is the schema's `field`; `noise` gives two draws for each row: the
    /// first falls on a level, the second on a value of it.
    pub(super) fn next(
        &mut self,
        schema: &Schema,
        field: usize,
        drawing: &Drawing,
        noise: impl FnOnce() -> Vec<f32>,
    ) -> Result<ArrayRef, DataError> {
        let described = &schema.fields[field];
        let rows = self.probabilities(described, drawing);
        if drawing.draw == Draw::Mean {
            self.choose(rows.iter().map(|p| likeliest(p)).collect());
            return expected(schema, field, &rows);
        }
        let noise = noise();
        let (first, second): (Vec<f32>, Vec<f32>) = noise.chunks_exact(2).map(|u| (u[0], u[1])).unzip();
        let drawn = rows.into_iter().zip(first);
        let drawn = drawn.map(|(p, u)| pick(&sharpened(p, drawing.sampling.temperature), u));
        let levels: Vec<u32> = drawn.collect();
        self.choose(levels.clone());
        schema.draw(field, &column(described, levels), &second)
    }

    /// The probabilities of the next field's levels, and a draw of each row's level.
    pub(super) fn draw(&mut self, field: &Field, drawing: &Drawing, noise: &[f32]) -> Vec<Vec<f64>> {
        let rows = self.probabilities(field, drawing);
        let levels = rows.iter().zip(noise.iter().step_by(2));
        self.choose(levels.map(|(p, u)| pick(p, *u)).collect());
        rows
    }

    fn probabilities(&self, field: &Field, drawing: &Drawing) -> Vec<Vec<f64>> {
        let width = field.levels();
        // The last level of a field that can be missing says that it is.
        let kept = width - usize::from(field.can_miss() && !drawing.missing);
        match &self.odds {
            Odds::Likelihood(fields, _) => {
                let logits = to_host(fields.logits());
                let rows = logits.chunks_exact(width);
                rows.map(|row| probabilities(&row[..kept])).collect()
            }
            Odds::Given(fields) => {
                let rows = fields[self.next].chunks_exact(width);
                rows.map(|row| normalised(row[..kept].to_vec())).collect()
            }
        }
    }

    /// Goes on to the next field: these levels were made, where none is known.
    fn choose(&mut self, mut levels: Vec<u32>) {
        if let Some(known) = self.known.get(self.next) {
            let known = levels.iter_mut().zip(known);
            known.for_each(|(level, known)| *level = known.unwrap_or(*level));
        }
        if let Odds::Likelihood(fields, upload) = &mut self.odds {
            fields.choose(upload.codes(&levels));
        }
        self.next += 1;
    }
}

/// What is expected: the mean of a number, the likeliest level.
pub(super) fn expected(schema: &Schema, field: usize, rows: &[Vec<f64>]) -> Result<ArrayRef, DataError> {
    let described = &schema.fields[field];
    match &described.kind {
        Kind::Number(_) | Kind::Date(_) => {
            let means: Vec<Option<f64>> = rows.iter().map(|p| mean(described, p)).collect();
            schema.decode_numbers(field, &means)
        }
        _ => schema.decode(
            field,
            &column(described, rows.iter().map(|p| likeliest(p)).collect()),
        ),
    }
}

/// exp(l) / Σ exp(l).
pub(super) fn probabilities(logits: &[f32]) -> Vec<f64> {
    let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    normalised(logits.iter().map(|logit| f64::from(logit - max).exp()).collect())
}

fn normalised(mut weights: Vec<f64>) -> Vec<f64> {
    let sum: f64 = weights.iter().sum();
    weights.iter_mut().for_each(|weight| *weight /= sum);
    weights
}

/// p^(1/temperature), normalised: below 1 the likely becomes likelier, and at 0 nothing else is left.
fn sharpened(p: Vec<f64>, temperature: f32) -> Vec<f64> {
    if temperature == 1.0 {
        return p;
    }
    let max = p.iter().copied().fold(0.0, f64::max);
    let power = |p: &f64| match temperature <= 0.0 {
        true => f64::from(u8::from(*p == max)),
        false => (p / max).powf(1.0 / f64::from(temperature)),
    };
    normalised(p.iter().map(power).collect())
}

/// The level on which a draw uniform in [0, 1) falls.
fn pick(p: &[f64], uniform: f32) -> u32 {
    let mut left = f64::from(uniform);
    let found = p.iter().position(|p| {
        left -= p;
        left < 0.0
    });
    found.unwrap_or_else(|| likeliest(p) as usize) as u32
}

pub(super) fn likeliest(p: &[f64]) -> u32 {
    let best = p
        .iter()
        .enumerate()
        .max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0)));
    best.map_or(0, |(level, _)| level as u32)
}

/// The mean of a number's values; none where it is most likely missing.
fn mean(field: &Field, p: &[f64]) -> Option<f64> {
    let number = field.number()?;
    let bins = &p[..number.bins.len().min(p.len())];
    let there: f64 = bins.iter().sum();
    let sum: f64 = (0..).zip(bins).map(|(bin, p)| p * number.middle_of(bin)).sum();
    (there >= 0.5).then(|| sum / there)
}

/// A column of these levels.
pub(super) fn column(field: &Field, levels: Vec<u32>) -> Column {
    let values = match &field.kind {
        Kind::Flag(_) => Values::Flag(levels.iter().map(|level| *level as u8).collect()),
        Kind::Number(_) | Kind::Date(_) => Values::Number(Numbers {
            value: vec![0.0; levels.len()],
            z: vec![0.0; levels.len()],
            bins: levels,
        }),
        _ => Values::Category(levels),
    };
    Column {
        values,
        given: vec![true; CHUNK],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_fall_on_levels_as_often_as_they_are_likely() {
        // ¼ ½ ¼, and a grid of a hundred draws
        let p = probabilities(&[0.0, 2f32.ln(), 0.0]);
        let mut counts = [0; 3];
        for step in 0..100 {
            counts[pick(&p, (step as f32 + 0.5) / 100.0) as usize] += 1;
        }
        assert_eq!(counts, [25, 50, 25]);
        assert_eq!(likeliest(&p), 1);
        assert_eq!(likeliest(&[0.5, 0.5]), 0);
    }
}
