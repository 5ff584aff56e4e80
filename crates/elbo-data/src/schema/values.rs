//! From encoded values back to the data's, to what a round trip through the data leaves, and to one another.

use arrow::array::ArrayRef;

use super::{Field, Schema, missing};
use crate::batch::{Column, Values};
use crate::error::DataError;
use crate::kind::mode;
use crate::kind::number::Number;

/// The name of the level of values that are missing.
const MISSING: &str = "missing";

impl Schema {
    /// Values of a field, back in the units and the type of the data; what is missing or left open is null.
    ///
    /// # Errors
    /// [`DataError::FieldType`] for values of another kind; [`DataError::Shape`] for torn pictures.
    pub fn decode(&self, field: usize, column: &Column) -> Result<ArrayRef, DataError> {
        self.at(field)?.decode(column, None)
    }

    /// As [`Schema::decode`], with one uniform draw in [0, 1) for each value: a number is drawn within
    /// its bin, and a rare level in proportion to the training counts.
    ///
    /// # Errors
    /// As [`Schema::decode`]; [`DataError::Shape`] for another number of draws.
    pub fn draw(&self, field: usize, column: &Column, uniforms: &[f32]) -> Result<ArrayRef, DataError> {
        check_draws(column, uniforms)?;
        self.at(field)?.decode(column, Some(uniforms))
    }

    /// What [`Schema::encode`] gives of the values that [`Schema::decode`] gives: numbers as the data can hold them,
    /// texts of the tokens that the tokenizer chooses, and what is not observed missing, where that is a level.
    ///
    /// # Errors
    /// As [`Schema::decode`].
    pub fn settle(&self, field: usize, column: &Column) -> Result<Column, DataError> {
        self.at(field)?.settle(column, None)
    }

    /// What [`Schema::encode`] gives of the values that [`Schema::draw`] gives.
    ///
    /// # Errors
    /// As [`Schema::draw`].
    pub fn draw_column(&self, field: usize, column: &Column, uniforms: &[f32]) -> Result<Column, DataError> {
        check_draws(column, uniforms)?;
        self.at(field)?.settle(column, Some(uniforms))
    }

    /// What is expected of each record, from the probabilities of its field's levels: the mean of a number, or the median
    /// where only a few values occur and the mean is none of them, and the most likely level else. A number that is
    /// missing with more than half of the probability is missing.
    ///
    /// # Errors
    /// [`DataError::FieldType`] for a field without levels.
    pub fn expected(&self, field: usize, probabilities: &[Vec<f64>]) -> Result<Column, DataError> {
        let field = self.at(field)?;
        let Some(number) = field.number() else {
            return field.levels_column(probabilities.iter().map(|p| mode(p)).collect());
        };
        let centres: Vec<Option<f64>> = probabilities.iter().map(|p| centre(number, p)).collect();
        let absent: Vec<bool> = centres.iter().map(Option::is_none).collect();
        let mut column = number.encoded(centres.into_iter());
        field.mark_absent(&mut column, &absent);
        Ok(column)
    }
}

/// The mean of a number's values by the probabilities of its levels, or their median where that mean is none of the few
/// values that occur; none where it is most likely missing. Values that are no measures have no part in it, unless one of
/// them is the most likely of all.
fn centre(number: &Number, p: &[f64]) -> Option<f64> {
    let bins = &p[..number.bins.len().min(p.len())];
    let known: f64 = bins.iter().sum();
    if known < 0.5 {
        return None;
    }
    let measures = || (0..).zip(bins).filter(|(bin, _)| !number.is_apart(*bin));
    let total: f64 = measures().map(|(_, p)| p).sum();
    if total * 2.0 < known {
        let bin = mode(bins);
        let middle = number.middle_of(bin);
        return Some(match number.is_apart(bin) {
            true => middle,
            false => number.nearest(middle),
        });
    }
    let sum: f64 = measures().map(|(bin, p)| p * number.middle_of(bin)).sum();
    let mean = number.nearest(sum / total);
    if !number.is_between(mean) {
        return Some(mean);
    }
    let mut below = 0.0;
    let median = measures().find(|(_, p)| {
        below += **p;
        below * 2.0 >= total
    });
    median.map(|(bin, _)| number.middle_of(bin))
}

fn check_draws(column: &Column, uniforms: &[f32]) -> Result<(), DataError> {
    match column.len() == uniforms.len() {
        true => Ok(()),
        false => Err(DataError::Shape {
            found: uniforms.len(),
            shape: vec![column.len()],
        }),
    }
}

impl Field {
    fn decode(&self, column: &Column, uniforms: Option<&[f32]>) -> Result<ArrayRef, DataError> {
        let (values, absent) = self.filled(column);
        missing::without(self.kind.decode(&self.name, &values, uniforms)?, &absent)
    }

    fn settle(&self, column: &Column, uniforms: Option<&[f32]>) -> Result<Column, DataError> {
        let (values, absent) = self.filled(column);
        let mut settled = self.kind.settle(&self.name, &values, uniforms)?;
        self.mark_absent(&mut settled, &absent);
        Ok(settled)
    }

    /// `n` fillers.
    pub(super) fn fillers(&self, n: usize) -> Result<Values, DataError> {
        let fillers = self.kind.form().fillers(n);
        fillers.ok_or_else(|| {
            let reason = self.kind.ignored().map_or("", |ignored| &ignored.reason);
            DataError::ignored(&self.name, reason)
        })
    }

    /// A column of these levels, all observed. Of numbers only the bins are known.
    ///
    /// # Errors
    /// [`DataError::FieldType`] for a field without levels.
    pub fn levels_column(&self, levels: Vec<u32>) -> Result<Column, DataError> {
        let n = levels.len();
        match self.kind.form().of_levels(levels) {
            Some(values) => Ok(Column::all_observed(values, n)),
            None => Err(DataError::FieldType {
                field: self.name.clone(),
                expected: self.kind.name().to_owned(),
                found: "levels".to_owned(),
            }),
        }
    }

    /// The name of a level of a category or a flag, or `missing`; nothing of other kinds.
    pub fn level_name(&self, level: u32) -> String {
        match Some(level) == self.missing_level() {
            true => MISSING.to_owned(),
            false => self.kind.level_name(level).unwrap_or_default(),
        }
    }

    /// How far the values of record `row` are apart, in the units of [`Kind::error_measure`](crate::Kind::error_measure).
    ///
    /// None where `a` is not known, or where a distance of numbers needs `b` too and that is not known; other values
    /// then differ.
    pub fn distance(&self, a: &Column, b: &Column, row: usize) -> Option<f64> {
        match (self.is_known(a, row), self.is_known(b, row)) {
            (true, true) => self.kind.distance(a, b, row),
            (true, false) if self.number().is_none() => Some(1.0),
            _ => None,
        }
    }

    /// The distance of each value of `a` that is known from that of `b`; of pictures the squared difference of each
    /// pixel, scaled to [0, 1].
    pub fn errors(&self, a: &Column, b: &Column) -> Vec<f64> {
        if let (Some(a), Some(b)) = (a.pixels(), b.pixels()) {
            let pairs = a.iter().zip(b);
            return pairs
                .map(|(a, b)| ((f64::from(*a) - f64::from(*b)) / 255.0).powi(2))
                .collect();
        }
        (0..a.len().min(b.len()))
            .filter_map(|row| self.distance(a, b, row))
            .collect()
    }
}

#[cfg(test)]
mod tests;
