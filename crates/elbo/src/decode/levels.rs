//! Values of fields with levels, from the logits of all of them.

use elbo_core::distribution::Levels;
use elbo_data::arrow::array::ArrayRef;
use elbo_data::{Column, DataError, Field, Kind, Numbers, Schema, Values};

use super::{Draw, Drawing};
use crate::chunk::CHUNK;
use crate::tensors::to_host;

/// The logits of a chunk of rows, field after field.
pub(super) struct LevelTable {
    /// `[CHUNK, total]`.
    logits: Vec<f32>,
    total: usize,
    /// Where the next field's logits begin.
    next: usize,
}

impl LevelTable {
    pub(super) fn new(levels: Option<&Levels>) -> Self {
        Self::of_logits(
            levels
                .map(|levels| to_host(levels.logits.clone()))
                .unwrap_or_default(),
        )
    }

    /// Row-major logits of a whole chunk.
    pub(super) fn of_logits(logits: Vec<f32>) -> Self {
        Self {
            total: logits.len() / CHUNK,
            logits,
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
        let width = described.levels();
        let start = self.next;
        self.next += width;
        // The last level of a field that can be missing says that it is.
        let kept = width - usize::from(described.can_miss() && !drawing.missing);
        let rows = self.logits.chunks_exact(self.total);
        let rows = rows.map(|row| probabilities(&row[start..start + kept]));
        if drawing.draw != Draw::Mean {
            let noise = noise();
            let (first, second): (Vec<f32>, Vec<f32>) = noise.chunks_exact(2).map(|u| (u[0], u[1])).unzip();
            let levels = rows
                .zip(first)
                .map(|(p, u)| pick(&sharpened(p, drawing.sampling.temperature), u))
                .collect();
            return schema.draw(field, &column(described, levels), &second);
        }
        match &described.kind {
            Kind::Number(_) | Kind::Date(_) => {
                let means: Vec<Option<f64>> = rows.map(|p| mean(described, &p)).collect();
                schema.decode_numbers(field, &means)
            }
            _ => schema.decode(field, &column(described, rows.map(|p| likeliest(&p)).collect())),
        }
    }
}

/// The probabilities of all levels of all fields, laid out as the logits are.
pub(super) fn probabilities_of(levels: &Levels) -> Vec<f64> {
    let logits = to_host(levels.logits.clone());
    let total: usize = levels.widths.iter().sum();
    let starts: Vec<usize> = levels.starts().collect();
    let rows = logits.chunks_exact(total.max(1)).flat_map(|row| {
        let fields = starts.iter().zip(&levels.widths);
        fields.flat_map(|(start, width)| probabilities(&row[*start..start + width]))
    });
    rows.collect()
}

/// exp(l) / Σ exp(l).
fn probabilities(logits: &[f32]) -> Vec<f64> {
    let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weights = logits.iter().map(|logit| f64::from(logit - max).exp());
    let weights: Vec<f64> = weights.collect();
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / sum).collect()
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
    let weights: Vec<f64> = p.iter().map(power).collect();
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / sum).collect()
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

fn likeliest(p: &[f64]) -> u32 {
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
fn column(field: &Field, levels: Vec<u32>) -> Column {
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
