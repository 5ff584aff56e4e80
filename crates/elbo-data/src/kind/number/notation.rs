//! How the numbers of a column are written in its file, and writing further ones in the same way.

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field as ArrowField, Float64Type};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

use super::marks::{Marks, Minus, Parts, with_exponent};

/// Metadata key of a column of numbers whose cells are written in a way of their own: a [`Notation`] as JSON.
pub const NOTATION: &str = "elbo.number";
/// The most decimal places that a notation has.
const MAX_PLACES: u8 = 30;

/// How the numbers of a column are written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notation {
    /// Decimal sign and thousands mark.
    pub marks: Marks,
    /// How many decimal places every number has; none where they differ.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub decimals: Option<u8>,
    /// How negative numbers are written.
    pub minus: Minus,
    /// What stands before the digits: a currency sign, with the blanks after it.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub prefix: String,
    /// What stands after the digits: a percent sign, with the blanks before it.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub suffix: String,
    /// The exponent that every number has.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub exponent: Option<Exponent>,
}

/// How powers of ten are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exponent {
    /// Whether with `E`, not `e`.
    pub upper: bool,
    /// Whether a positive one has a plus.
    pub plus: bool,
    /// The least number of digits.
    pub width: u8,
}

impl Exponent {
    /// The form of the exponent that digits have.
    pub(crate) fn of(digits: &str) -> Option<Self> {
        let power = with_exponent(digits).1?;
        Some(Self {
            upper: digits.contains('E'),
            plus: power.starts_with('+'),
            width: power.trim_start_matches(['+', '-']).len().min(9) as u8,
        })
    }

    /// The form of both, if they have one.
    pub(crate) fn with(self, other: Self) -> Option<Self> {
        (self.upper == other.upper).then_some(Self {
            upper: self.upper,
            plus: self.plus || other.plus,
            width: self.width.min(other.width),
        })
    }
}

impl Notation {
    /// The notation of a column, where it has one of its own.
    pub(crate) fn of(field: &ArrowField) -> Option<Self> {
        serde_json::from_str(field.metadata().get(NOTATION)?).ok()
    }

    /// Whether plain numbers are written so too, in a table: with one decimal place and no marks.
    pub(super) fn is_plain(&self) -> bool {
        let unmarked = self.marks == Marks::PLAIN && self.prefix.is_empty() && self.suffix.is_empty();
        let places = self.decimals.is_none_or(|places| places <= 1);
        unmarked && places && self.exponent.is_none() && self.minus == Minus::First('-')
    }

    /// A number as its file writes it.
    pub fn text(&self, value: f64) -> String {
        let digits = self.digits(value.abs());
        let Self { prefix, suffix, .. } = self;
        let negative = value < 0.0 && digits.bytes().any(|byte| (b'1'..=b'9').contains(&byte));
        match (negative, self.minus) {
            (false, _) => format!("{prefix}{digits}{suffix}"),
            (_, Minus::First(sign)) => format!("{sign}{prefix}{digits}{suffix}"),
            (_, Minus::Inner(sign)) => format!("{prefix}{sign}{digits}{suffix}"),
            (_, Minus::Last(sign)) => format!("{prefix}{digits}{sign}{suffix}"),
            (_, Minus::Parentheses) => format!("({prefix}{digits}{suffix})"),
        }
    }

    fn digits(&self, size: f64) -> String {
        let plain = match (self.exponent, self.decimals) {
            (Some(exponent), places) => return self.scientific(size, exponent, places),
            (_, Some(places)) => format!("{size:.0$}", usize::from(places)),
            (_, None) => size.to_string(),
        };
        let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
        let whole = self.grouped(whole);
        match fraction {
            "" => whole,
            fraction => format!("{whole}{}{fraction}", self.marks.decimal),
        }
    }

    fn scientific(&self, size: f64, exponent: Exponent, places: Option<u8>) -> String {
        let text = match places {
            Some(places) => format!("{size:.0$e}", usize::from(places)),
            None => format!("{size:e}"),
        };
        let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, power) = match (power.strip_prefix('-'), exponent.plus) {
            (Some(power), _) => ("-", power),
            (None, true) => ("+", power),
            (None, false) => ("", power),
        };
        let letter = if exponent.upper { 'E' } else { 'e' };
        let width = usize::from(exponent.width);
        let mantissa = mantissa.replace('.', self.marks.decimal.encode_utf8(&mut [0; 4]));
        format!("{mantissa}{letter}{sign}{power:0>width$}")
    }

    /// Whole digits with their thousands marks.
    fn grouped(&self, whole: &str) -> String {
        let Some(mark) = self.marks.thousands else {
            return whole.to_owned();
        };
        let size = if self.marks.indian { 2 } else { 3 };
        let mut text = String::new();
        for (place, digit) in whole.char_indices() {
            let after = whole.len() - place;
            if place > 0 && after >= 3 && (after - 3).is_multiple_of(size) {
                text.push(mark);
            }
            text.push(digit);
        }
        text
    }

    /// The number that a text stands for, in this notation or as a plain number.
    pub(crate) fn read(&self, text: &str) -> Option<f64> {
        let parts = Parts::of(text);
        let number = self
            .marks
            .number(parts.digits)
            .or_else(|| Marks::PLAIN.number(parts.digits))?;
        let unit = parts.unit.is_none_or(|unit| {
            let ours = if unit.before { &self.prefix } else { &self.suffix };
            ours.trim() == unit.name
        });
        unit.then_some(if parts.minus.is_some() { -number } else { number })
    }

    /// A column of numbers as texts; none of another column.
    pub(in crate::kind) fn written(&self, array: &ArrayRef) -> Option<ArrayRef> {
        let numbers = cast(array, &DataType::Float64)
            .ok()
            .filter(|_| array.data_type().is_numeric())?;
        Some(self.texts(numbers.as_primitive_opt::<Float64Type>()?.iter()))
    }

    /// Numbers as a column of texts.
    pub(super) fn texts(&self, numbers: impl Iterator<Item = Option<f64>>) -> ArrayRef {
        let texts = numbers.map(|number| Some(self.text(number?)));
        Arc::new(texts.collect::<StringArray>())
    }

    /// What is wrong with a notation that was read from a file, if anything is.
    pub(super) fn damage(&self) -> Option<String> {
        let long = |affix: &String| affix.chars().count() > 20;
        let places = self
            .decimals
            .unwrap_or(0)
            .max(self.exponent.map_or(0, |exponent| exponent.width));
        (places > MAX_PLACES || long(&self.prefix) || long(&self.suffix))
            .then(|| format!("{self:?} is no way to write numbers"))
    }
}

/// A column of a source as its file has it: numbers that are written in a way of their own become texts again.
pub(in crate::kind) fn as_written(field: &ArrowField, array: &ArrayRef) -> Option<ArrayRef> {
    Notation::of(field)?.written(array)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain() -> Notation {
        Notation {
            marks: Marks::PLAIN,
            decimals: None,
            minus: Minus::First('-'),
            prefix: String::new(),
            suffix: String::new(),
            exponent: None,
        }
    }

    #[test]
    fn numbers_are_written_and_read_in_their_notation() {
        let thousands = Marks::new('.', Some(','));
        let indian = Marks {
            indian: true,
            ..thousands
        };
        let dollars = Notation {
            marks: thousands,
            decimals: Some(2),
            prefix: "$".to_owned(),
            ..plain()
        };
        let with = |minus| Notation {
            minus,
            ..dollars.clone()
        };
        let euros = Notation {
            marks: Marks::new(',', Some('.')),
            suffix: " €".to_owned(),
            ..plain()
        };
        let exponent = Exponent {
            upper: false,
            plus: true,
            width: 2,
        };
        let scientific = Notation {
            decimals: Some(3),
            exponent: Some(exponent),
            ..plain()
        };
        let rupees = Notation {
            marks: indian,
            ..plain()
        };
        for (notation, value, text) in [
            (&dollars, 1234.5, "$1,234.50"),
            (&dollars, -0.001, "$0.00"),
            (&with(Minus::First('-')), -12.0, "-$12.00"),
            (&with(Minus::Inner('\u{2212}')), -12.0, "$\u{2212}12.00"),
            (&with(Minus::Last('-')), -12.0, "$12.00-"),
            (&with(Minus::Parentheses), -1168.47, "($1,168.47)"),
            (&euros, 1_234_567.5, "1.234.567,5 €"),
            (&euros, 12.0, "12 €"),
            (&rupees, 1_234_567.0, "12,34,567"),
            (&rupees, 123_456.25, "1,23,456.25"),
            (&scientific, 1.84e-5, "1.840e-05"),
            (&scientific, 1234.0, "1.234e+03"),
        ] {
            assert_eq!(notation.text(value), text);
            let back = notation.read(text).unwrap();
            assert!((back - value).abs() < 0.002, "{text}: {back}");
        }
        assert_eq!(dollars.read("1200"), Some(1200.0));
        assert_eq!(dollars.read("€1200"), None);
        assert_eq!(euros.read("12.5"), Some(12.5));
    }
}
