//! What ranges and several values mean for a field.

use std::ops::Bound::{Excluded, Included, Unbounded};
use std::ops::RangeInclusive;

use elbo_data::kind::Form;
use elbo_data::kind::category::Category;
use elbo_data::{DataError, Field, Kind, Schema, Value};

use super::set::ValueSet;
use super::syntax::{Ends, OR, ends, request_text};
use crate::error::{Error, quoted};

/// Levels that a hint lists.
const LISTED: usize = 12;
/// The last moment of a day.
const END_OF_DAY: &str = "23:59:59.999999999";

/// The set of a field's values that a text stands for.
///
/// # Errors
/// [`Error::NoSet`] for a part that is no value and no range of the field, or that holds no value seen in training.
pub(super) fn set(schema: &Schema, position: usize, text: &str) -> Result<ValueSet, Error> {
    let field = &schema.fields[position];
    let reading = Reading {
        schema,
        position,
        field,
        request: request_text(&field.name, text),
    };
    let mut all = Part::default();
    for text in text.split(OR) {
        let Part { levels, ranges } = reading.part(text.trim())?;
        if ValueSet::new(field, String::new(), &levels, ranges.clone()).is_empty() {
            return Err(reading.error(format!(
                "`{}` holds no value that was seen in training",
                text.trim()
            )));
        }
        all.levels.extend(levels);
        all.ranges.extend(ranges);
    }
    Ok(ValueSet::new(field, reading.request, &all.levels, all.ranges))
}

/// The error of a range that is asked of a picture or a text.
pub(super) fn no_ranges(field: &Field, text: &str) -> Error {
    Error::NoSet {
        request: request_text(&field.name, text),
        reason: format!(
            "`{}` is of kind `{}`, which has no ranges",
            field.name,
            field.kind.name()
        ),
        hint: "give one value; ranges are for numbers, dates and times".to_owned(),
    }
}

/// Levels and numbers of a field.
#[derive(Default)]
struct Part {
    levels: Vec<u32>,
    ranges: Vec<RangeInclusive<f64>>,
}

/// A request that is read for a field.
struct Reading<'a> {
    schema: &'a Schema,
    position: usize,
    field: &'a Field,
    request: String,
}

impl Reading<'_> {
    /// A value, or else a range.
    fn part(&self, text: &str) -> Result<Part, Error> {
        let error = match self.value(text) {
            Ok(Value::Number { .. }) => return self.numbers((Included(text), Included(text)), text),
            Ok(value) => return self.level(&value, text),
            Err(error) => error,
        };
        match (ends(text), self.field.kind.form()) {
            (Some(ends), Form::Number(_)) => self.numbers(ends, text),
            (Some(ends), Form::Category(category)) => self.numbered(category, ends, text),
            _ => Err(self.error(error.to_string())),
        }
    }

    fn value(&self, text: &str) -> Result<Value, DataError> {
        Ok(self.schema.parse_value(self.position, text)?.value)
    }

    fn level(&self, value: &Value, text: &str) -> Result<Part, Error> {
        let rare = |category: &Category| category.rare.as_ref().is_some_and(|rare| rare.contains(text));
        if self.field.kind.category().is_some_and(rare) {
            return Err(self.error(format!("the model does not tell `{text}` from other rare levels")));
        }
        let level = match value {
            Value::Category(level) => Some(*level),
            Value::Flag(yes) => Some(u32::from(*yes)),
            Value::Missing if self.field.missing_by_chance => {
                return Err(self.error(
                    "its gaps have nothing to do with other fields: ask for `missing` alone".to_owned(),
                ));
            }
            Value::Missing => self.field.missing_level(),
            Value::Number { .. } | Value::Text(_) | Value::Image(_) | Value::Unobserved => None,
        };
        let level = level.ok_or_else(|| self.error(format!("`{text}` is no value")))?;
        Ok(Part {
            levels: vec![level],
            ranges: Vec::new(),
        })
    }

    fn numbers(&self, ends: Ends<'_>, text: &str) -> Result<Part, Error> {
        let range = self.range(ends, text, |end| self.first(end), |end| self.last(end))?;
        Ok(Part {
            levels: Vec::new(),
            ranges: vec![range],
        })
    }

    /// The levels of a category that are numbers, and lie in a range.
    fn numbered(&self, category: &Category, ends: Ends<'_>, text: &str) -> Result<Part, Error> {
        let number = |text: &str| text.trim().parse::<f64>();
        let end = |end: &str| {
            number(end).map_err(|_| self.error(format!("`{text}` is no level, and no range of numbers")))
        };
        let range = self.range(ends, text, end, end)?;
        let levels = (0..).zip(&category.levels);
        let within = levels.filter(|(_, level)| number(level).is_ok_and(|level| range.contains(&level)));
        Ok(Part {
            levels: within.map(|(level, _)| level).collect(),
            ranges: Vec::new(),
        })
    }

    /// All numbers between two ends, whose first and last number are read from what is written there.
    fn range(
        &self,
        (low, high): Ends<'_>,
        text: &str,
        first: impl Fn(&str) -> Result<f64, Error>,
        last: impl Fn(&str) -> Result<f64, Error>,
    ) -> Result<RangeInclusive<f64>, Error> {
        if (low, high) == (Unbounded, Unbounded) {
            return Err(self.error(format!("`{text}` has neither a beginning nor an end")));
        }
        let low = match low {
            Included(low) => first(low)?,
            Excluded(low) => last(low)?.next_up(),
            Unbounded => f64::NEG_INFINITY,
        };
        let high = match high {
            Included(high) => last(high)?,
            Excluded(high) => first(high)?.next_down(),
            Unbounded => f64::INFINITY,
        };
        match low <= high {
            true => Ok(low..=high),
            false => Err(self.error(format!("`{text}` ends before it begins"))),
        }
    }

    /// The number that a text stands for: of a day that is written alone its first moment. The end of a range may lie
    /// far outside what was seen.
    fn first(&self, text: &str) -> Result<f64, Error> {
        match self.value(text) {
            Ok(Value::Number { value, .. }) | Err(DataError::OutOfRange { value, .. }) => Ok(value),
            Ok(_) => Err(self.error(format!("`{text}` is no end of a range"))),
            Err(error) => Err(self.error(error.to_string())),
        }
    }

    /// As [`Self::first`]; of a day that is written alone its last moment.
    fn last(&self, text: &str) -> Result<f64, Error> {
        match (
            &self.field.kind,
            self.value(&format!("{} {END_OF_DAY}", text.trim())),
        ) {
            (Kind::Date(_), Ok(Value::Number { value, .. })) => Ok(value),
            _ => self.first(text),
        }
    }

    /// A part of the request is not possible.
    fn error(&self, reason: String) -> Error {
        Error::NoSet {
            request: self.request.clone(),
            reason,
            hint: hint(self.field),
        }
    }
}

/// What a field has seen, and how its ranges and sets are written.
fn hint(field: &Field) -> String {
    let name = &field.name;
    if let Some(number) = field.number() {
        let text = |value: f64| field.kind.number_text(value).unwrap_or_else(|| value.to_string());
        let (min, max) = (text(number.min), text(number.max));
        return format!(
            "`{name}` went from {min} to {max} in training; write a range such as `{min}..{max}`, `>={min}` or \
             `<{max}`, or several values such as `{min}|{max}`"
        );
    }
    let levels = field.kind.level_names().unwrap_or_default();
    let more = levels.len().saturating_sub(LISTED);
    let listed = quoted(&levels[..levels.len() - more]);
    let more = if more == 0 {
        String::new()
    } else {
        format!(" and {more} more")
    };
    let example = levels.iter().take(2).cloned().collect::<Vec<_>>().join("|");
    format!("levels of `{name}`: {listed}{more}; write several as `{example}`")
}

#[cfg(test)]
mod tests;
