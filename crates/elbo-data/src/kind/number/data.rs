//! Numbers in the data: from Arrow and back, and as users type them.

use arrow::array::ArrayRef;
use arrow::datatypes::Field as ArrowField;

use super::Number;
use super::bins::{Bin, MAX_BINS};
use super::spread::{self, MAX_REPEATED, Repeated, count_of};
use crate::batch::{Column, Numbers, Values};
use crate::error::DataError;
use crate::kind::statistics::{Statistics, wrong_values};
use crate::kind::{Form, Parsed};

fn numbers<'a>(number: &Number, field: &str, values: &'a Values) -> Result<&'a Numbers, DataError> {
    match values {
        Values::Number(numbers) => Ok(numbers),
        other => Err(wrong_values(field, number, other)),
    }
}

impl Number {
    /// What is wrong with the repeated values, if anything is.
    fn damaged_repeats(&self) -> Option<String> {
        let Self { bins, repeated, .. } = self;
        let ascending = repeated.windows(2).all(|pair| pair[0].value < pair[1].value);
        let range = self.min..=self.max;
        let met = |repeated: &Repeated| repeated.count > 0 && range.contains(&repeated.value);
        let held = |place| spread::held(bins, place, repeated);
        let all_held = (0..bins.len()).map(|place| held(place).len()).sum::<usize>() == repeated.len();
        let counted = |(place, bin): (usize, &Bin)| count_of(held(place)) <= u128::from(bin.count);
        let fit = ascending && repeated.iter().all(met) && all_held && bins.iter().enumerate().all(counted);
        if !fit || repeated.len() > MAX_REPEATED {
            return Some("its repeated values are not those of its bins".to_owned());
        }
        let spread = self.spread;
        let sound = (0.0..=1.0).contains(&spread) && (spread > 0.0 || repeated.is_empty());
        (!sound).then(|| format!("spread {spread}"))
    }
}

impl Statistics for Number {
    fn name(&self) -> &'static str {
        "number"
    }

    fn form(&self) -> Form<'_> {
        Form::Number(self)
    }

    fn arrow_field(&self, name: &str) -> ArrowField {
        ArrowField::new(name, self.data_type(), true)
    }

    fn encode(&self, field: &ArrowField, array: &ArrayRef) -> Result<Column, DataError> {
        self.encode_array(field.name(), array)
    }

    fn decode(&self, field: &str, values: &Values, uniforms: Option<&[f32]>) -> Result<ArrayRef, DataError> {
        let numbers = numbers(self, field, values)?;
        Ok(match &self.notation {
            Some(notation) => notation.texts(self.written(numbers, uniforms).map(Some)),
            None => self.array(numbers, uniforms),
        })
    }

    fn settle(&self, field: &str, values: &Values, uniforms: Option<&[f32]>) -> Result<Column, DataError> {
        let written = self.written(numbers(self, field, values)?, uniforms);
        Ok(match &self.notation {
            Some(notation) => self.encoded(written.map(|number| notation.read(&notation.text(number)))),
            None => self.encoded(written.map(Some)),
        })
    }

    /// A value outside the range seen is accepted with a warning, up to one whole range away.
    fn parse(&self, field: &str, text: &str) -> Result<Parsed, DataError> {
        let Some(value) = self.number_of(text) else {
            return Err(DataError::NotNumber {
                field: field.to_owned(),
                value: text.to_owned(),
            });
        };
        let (min, max) = (self.min, self.max);
        let range = max - min;
        if value < min - range || value > max + range {
            return Err(DataError::OutOfRange {
                field: field.to_owned(),
                value,
                min,
                max,
            });
        }
        let outside = value < min || value > max;
        let warning = outside
            .then(|| format!("`{field}={value}` is outside the range seen in training, {min} to {max}"));
        Ok(Parsed {
            value: self.value(value),
            warning,
        })
    }

    fn damage(&self) -> Option<String> {
        let finite =
            self.mean.is_finite() && self.std.is_finite() && self.min.is_finite() && self.max.is_finite();
        if !finite || self.std <= 0.0 || self.min > self.max {
            let Self {
                mean, std, min, max, ..
            } = self;
            return Some(format!("mean {mean}, std {std}, range {min} to {max}"));
        }
        let sound = |bin: &Bin| bin.low.is_finite() && bin.high.is_finite() && bin.low <= bin.high;
        let bins = &self.bins;
        let ascending = bins.windows(2).all(|pair| pair[0].high <= pair[1].low);
        if !(1..=MAX_BINS).contains(&bins.len()) || !ascending || !bins.iter().all(sound) {
            return Some("its bins do not divide its range".to_owned());
        }
        let notation = self.notation.as_ref().and_then(|notation| notation.damage());
        let repeats = self.damaged_repeats();
        repeats
            .or(notation)
            .or_else(|| self.grid.and_then(|grid| grid.damage()))
    }

    fn note(&self, name: &str) -> Option<String> {
        self.none_twice.then(|| {
            format!(
                "no number occurs twice, but new ones may; if they are keys, leave them out: `OpenOptions::fields = {name}=ignore`"
            )
        })
    }

    fn describe(&self) -> Vec<String> {
        let (min, max, mean, std) = (self.min, self.max, self.mean, self.std);
        let places = self.grid.map_or(4, |grid| usize::from(grid.decimals));
        let spaced = self.grid.filter(|grid| grid.step > 1);
        let spaced = spaced.map(|grid| format!("in steps of {}", grid.spacing()));
        let range = std::iter::once(format!("{min:.places$} to {max:.places$}"));
        let moments = [format!("mean {mean:.4}"), format!("std {std:.4}")];
        range.chain(spaced).chain(moments).collect()
    }

    fn number_text(&self, number: f64) -> Option<String> {
        Some(self.notation.as_ref()?.text(number))
    }

    fn error_measure(&self) -> &'static str {
        "mean absolute error"
    }
}
