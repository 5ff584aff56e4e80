//! Numbers: standardised with the mean and standard deviation of the training records.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use serde::{Deserialize, Serialize};

use super::flag::{self, Spelling};
use super::{Kind, Parsed, Value, constant, ignored, no_value, wrong_type};
use crate::batch::{Column, Values};
use crate::error::DataError;

/// A number and how it is standardised.
///
/// Mean and std are `f32` because JSON gives those back exactly: the last bit of an `f64` may be lost,
/// and a resumed run must see the very same values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Number {
    /// Mean of the training records.
    pub mean: f32,
    /// Standard deviation of the training records (divided by their number).
    pub std: f32,
    /// The smallest training value.
    pub min: f64,
    /// The largest training value.
    pub max: f64,
    /// Whether the files hold whole numbers; decoded values are then rounded.
    pub integer: bool,
}

impl Number {
    /// (value - mean) / std.
    pub fn standardise(&self, value: f64) -> f32 {
        ((value - f64::from(self.mean)) / f64::from(self.std)) as f32
    }

    /// mean + std * z, in the units of the data.
    pub fn restore(&self, z: f32) -> f64 {
        let value = f64::from(self.mean) + f64::from(self.std) * f64::from(z);
        if self.integer { value.round() } else { value }
    }

    pub(super) fn data_type(&self) -> DataType {
        if self.integer {
            DataType::Int64
        } else {
            DataType::Float64
        }
    }

    pub(super) fn encode(&self, field: &str, array: &ArrayRef) -> Result<Column, DataError> {
        let numeric = array.data_type().is_numeric() || array.null_count() == array.len();
        let cast = cast(array, &DataType::Float64).ok().filter(|_| numeric);
        let numbers = cast
            .as_ref()
            .and_then(|array| array.as_primitive_opt::<Float64Type>());
        let numbers = numbers.ok_or_else(|| wrong_type(field, "a number", array))?;
        let found: Vec<Option<f64>> = numbers
            .iter()
            .map(|number| number.filter(|number| number.is_finite()))
            .collect();
        Ok(Column {
            given: found.iter().map(Option::is_some).collect(),
            values: Values::Number(
                found
                    .into_iter()
                    .map(|v| v.map_or(0.0, |v| self.standardise(v)))
                    .collect(),
            ),
        })
    }

    pub(super) fn decode(&self, numbers: &[f32]) -> ArrayRef {
        let values = numbers.iter().map(|z| self.restore(*z));
        if self.integer {
            Arc::new(Int64Array::from_iter_values(values.map(|value| value as i64)))
        } else {
            Arc::new(Float64Array::from_iter_values(values))
        }
    }

    /// A value up to one whole range outside what was seen is let through with a warning.
    pub(super) fn parse(&self, field: &str, text: &str) -> Result<Parsed, DataError> {
        let Some(value) = text.parse::<f64>().ok().filter(|value| value.is_finite()) else {
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
            value: Value::Number(self.standardise(value)),
            warning,
        })
    }

    pub(super) fn damage(&self) -> Option<String> {
        let finite =
            self.mean.is_finite() && self.std.is_finite() && self.min.is_finite() && self.max.is_finite();
        (!finite || self.std <= 0.0 || self.min > self.max).then(|| {
            format!(
                "mean {}, std {}, range {} to {}",
                self.mean, self.std, self.min, self.max
            )
        })
    }
}

/// Running mean and variance (Welford 1962), which also sees whether the numbers are flags.
#[derive(Debug)]
pub(super) struct NumberFitter {
    integer: bool,
    n: u64,
    mean: f64,
    squares: f64,
    min: f64,
    max: f64,
    /// How often -1, 0 and 1 occurred.
    signs: [u64; 3],
}

impl NumberFitter {
    pub(super) fn new(integer: bool) -> Self {
        let (min, max) = (f64::INFINITY, f64::NEG_INFINITY);
        Self {
            integer,
            n: 0,
            mean: 0.0,
            squares: 0.0,
            min,
            max,
            signs: [0; 3],
        }
    }

    pub(super) fn push(&mut self, array: &ArrayRef) {
        let Ok(numbers) = cast(array, &DataType::Float64) else {
            return;
        };
        for value in numbers
            .as_primitive_opt::<Float64Type>()
            .into_iter()
            .flatten()
            .flatten()
        {
            if value.is_finite() {
                self.add(value);
            }
        }
    }

    fn add(&mut self, value: f64) {
        self.n += 1;
        let delta = value - self.mean;
        self.mean += delta / self.n as f64;
        self.squares += delta * (value - self.mean);
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        for (count, sign) in self.signs.iter_mut().zip([-1.0, 0.0, 1.0]) {
            *count += u64::from(value == sign);
        }
    }

    pub(super) fn finish(self) -> Kind {
        let [minus, zero, one] = self.signs;
        if self.n == 0 {
            return no_value();
        } else if self.min == self.max {
            return constant(self.min);
        } else if zero + one == self.n {
            return flag::fitted([zero, one], Spelling::OneZero);
        } else if minus + one == self.n {
            return flag::fitted([minus, one], Spelling::PlusMinus);
        }
        let std = (self.squares / self.n as f64).sqrt() as f32;
        let number = Number {
            mean: self.mean as f32,
            std,
            min: self.min,
            max: self.max,
            integer: self.integer,
        };
        match number.damage() {
            None => Kind::Number(number),
            Some(numbers) => ignored(format!(
                "its numbers are too large or too close together: {numbers}"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(integer: bool, values: &[f64]) -> Kind {
        let mut fitter = NumberFitter::new(integer);
        fitter.push(&(Arc::new(Float64Array::from(values.to_vec())) as ArrayRef));
        fitter.finish()
    }

    fn number(integer: bool, values: &[f64]) -> Number {
        let Kind::Number(number) = fitted(integer, values) else {
            panic!("not a number")
        };
        number
    }

    #[test]
    fn mean_and_std_are_those_of_the_records() {
        let age = number(true, &[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]);
        // Sum 40 over 8; squared distances 9+1+1+1+0+0+4+16 = 32 over 8 = 4.
        assert_eq!((age.mean, age.std, age.min, age.max), (5.0, 2.0, 2.0, 9.0));
        let array: ArrayRef = Arc::new(Int64Array::from(vec![Some(9), None, Some(5)]));
        let column = age.encode("age", &array).unwrap();
        assert_eq!(column.values, Values::Number(vec![2.0, 0.0, 0.0]));
        assert_eq!(column.given, [true, false, true]);
        assert_eq!(
            &age.decode(&[2.0, 0.1]),
            &(Arc::new(Int64Array::from(vec![9, 5])) as ArrayRef)
        );
    }

    #[test]
    fn flags_and_constants_are_recognised() {
        let spelling = |kind| match kind {
            Kind::Flag(flag) => (flag.spelling, flag.counts),
            other => panic!("{other:?}"),
        };
        assert_eq!(
            spelling(fitted(true, &[1.0, -1.0, 1.0])),
            (Spelling::PlusMinus, [1, 2])
        );
        assert_eq!(
            spelling(fitted(false, &[1.0, 0.0, 0.0])),
            (Spelling::OneZero, [2, 1])
        );
        assert!(matches!(fitted(true, &[-1.0, 0.0, 1.0]), Kind::Number(_)));
        assert_eq!(fitted(true, &[7.0, 7.0]), constant(7));
        assert_eq!(fitted(true, &[]), no_value());
        assert!(matches!(fitted(false, &[1e300, -1e300]), Kind::Ignored { .. }));
    }

    #[test]
    fn numbers_are_typed_in_within_reason() {
        let age = number(false, &[20.0, 40.0]);
        assert_eq!(age.parse("age", "30").unwrap(), Value::Number(0.0).into());
        assert!(
            age.parse("age", "55")
                .unwrap()
                .warning
                .is_some_and(|w| w.contains("20 to 40"))
        );
        assert!(matches!(
            age.parse("age", "61"),
            Err(DataError::OutOfRange { .. })
        ));
        for text in ["inf", "nan", "old", "1e999"] {
            assert!(
                matches!(age.parse("age", text), Err(DataError::NotNumber { .. })),
                "{text}"
            );
        }
    }

    #[test]
    fn text_is_no_number() {
        let array: ArrayRef = Arc::new(arrow::array::StringArray::from(vec!["12"]));
        let error = number(false, &[1.0, 2.0]).encode("age", &array).unwrap_err();
        assert!(matches!(error, DataError::FieldType { .. }), "{error}");
    }
}
