//! Numbers: standardised with the mean and standard deviation of the training records, and binned.

mod bins;

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use serde::{Deserialize, Serialize};

use super::flag::{self, Spelling};
use super::{Kind, Parsed, Value, constant, ignored, no_value, wrong_type};
use crate::batch::{Column, Numbers, Values};
use crate::error::DataError;

pub use bins::{Bin, MAX_BINS};

/// The most decimal places that are kept; numbers with more count as real.
const MAX_DECIMALS: u8 = 6;
/// From so many records on, whole numbers that only ascend are an identifier.
const SURELY_IDENTIFIER: u64 = 20;

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
    /// Whether the files hold whole numbers.
    pub integer: bool,
    /// Decimal places of the files' numbers, which decoded values are rounded to; none if real.
    pub decimals: Option<u8>,
    /// A partition of the range, ascending: at most [`MAX_BINS`].
    pub bins: Vec<Bin>,
}

impl Number {
    /// (value - mean) / std.
    pub fn standardise(&self, value: f64) -> f32 {
        ((value - f64::from(self.mean)) / f64::from(self.std)) as f32
    }

    /// The value as the model takes it.
    pub fn value(&self, value: f64) -> Value {
        Value::Number {
            value,
            z: self.standardise(value),
            bin: self.bin_of(value),
        }
    }

    /// The bin that holds the value, or the nearest where none does.
    pub fn bin_of(&self, value: f64) -> u32 {
        let value = self.rounded(value);
        let bins = &self.bins;
        let at = bins.partition_point(|bin| bin.low <= value).saturating_sub(1);
        // An atom stands before the interval that begins at the same value.
        if at > 0 && bins[at - 1].is_atom() && bins[at - 1].low == value {
            return at as u32 - 1;
        }
        let nearer = |bin: &Bin, next: &Bin| next.low - value < value - bin.high;
        match (bins.get(at), bins.get(at + 1)) {
            (Some(bin), Some(next)) if value > bin.high && nearer(bin, next) => at as u32 + 1,
            _ => at as u32,
        }
    }

    /// The value of `bin` at `uniform`, within [0, 1): uniform over its grid points or its interval.
    pub fn value_in(&self, bin: u32, uniform: f32) -> f64 {
        let Some(&Bin { low, high, .. }) = self.bins.get(bin as usize).or(self.bins.last()) else {
            return f64::from(self.mean);
        };
        let uniform = f64::from(uniform);
        match self.scale() {
            Some(scale) => {
                let points = points(low, high, scale);
                let point = (uniform * points).floor().clamp(0.0, points - 1.0);
                ((low * scale).round() + point) / scale
            }
            None => (low + uniform * (high - low)).clamp(low, high),
        }
    }

    /// The mean of the values of `bin`.
    pub fn middle_of(&self, bin: u32) -> f64 {
        self.bins
            .get(bin as usize)
            .map_or(f64::from(self.mean), |bin| bin.low + (bin.high - bin.low) / 2.0)
    }

    /// Log of the number of grid points of `bin`, or of its length where there is no grid; 0 for a
    /// single value. log p(value) = log p(bin) - log width(bin).
    pub fn log_width(&self, bin: u32) -> f32 {
        match self.bins.get(bin as usize) {
            Some(bin) if !bin.is_atom() => match self.scale() {
                Some(scale) => points(bin.low, bin.high, scale).ln() as f32,
                None => (bin.high - bin.low).ln() as f32,
            },
            _ => 0.0,
        }
    }

    /// Grid points in 1.
    fn scale(&self) -> Option<f64> {
        self.decimals.map(|places| 10f64.powi(i32::from(places)))
    }

    fn rounded(&self, value: f64) -> f64 {
        self.scale()
            .map_or(value, |scale| (value * scale).round() / scale)
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
        let (mut encoded, mut given) = (Numbers::default(), Vec::with_capacity(array.len()));
        for number in numbers {
            let finite = number.filter(|number| number.is_finite());
            given.push(finite.is_some());
            match finite {
                Some(value) => encoded.push(value, self.standardise(value), self.bin_of(value)),
                None => encoded.push(0.0, 0.0, 0),
            }
        }
        Ok(Column {
            given,
            values: Values::Number(encoded),
        })
    }

    pub(super) fn decode(&self, numbers: &Numbers) -> ArrayRef {
        self.array(numbers.value.iter().copied())
    }

    /// A value of each bin, at its uniform draw.
    pub(super) fn draw(&self, numbers: &Numbers, uniforms: &[f32]) -> ArrayRef {
        let places = numbers.bins.iter().zip(uniforms);
        self.array(places.map(|(bin, uniform)| self.value_in(*bin, *uniform)))
    }

    /// Values in the units of the data, rounded as the files' are, in the type of the files.
    pub(crate) fn array(&self, values: impl Iterator<Item = f64>) -> ArrayRef {
        let values = values.map(|value| self.rounded(value));
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
            value: self.value(value),
            warning,
        })
    }

    pub(super) fn damage(&self) -> Option<String> {
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
        self.decimals
            .filter(|places| *places > MAX_DECIMALS)
            .map(|places| format!("{places} decimal places"))
    }
}

/// Grid points from `low` to `high`, both included.
fn points(low: f64, high: f64, scale: f64) -> f64 {
    ((high - low) * scale).round() + 1.0
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
    /// Whether each value was larger than the one before.
    ascending: bool,
    /// Decimal places needed so far.
    decimals: Option<u8>,
    values: bins::Values,
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
            ascending: true,
            decimals: Some(0),
            values: bins::Values::default(),
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
        self.ascending &= value > self.max;
        self.decimals = self.decimals.and_then(|places| decimals(value, places));
        self.values.add(value);
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
        if self.n == 0 || self.min == self.max {
            return self.finish_measure();
        } else if zero + one == self.n {
            return flag::fitted([zero, one], Spelling::OneZero);
        } else if minus + one == self.n {
            return flag::fitted([minus, one], Spelling::PlusMinus);
        }
        if self.integer && self.ascending && self.n >= SURELY_IDENTIFIER {
            return ignored("identifier: whole numbers that only ascend");
        }
        self.finish_measure()
    }

    /// As [`Self::finish`], of values that are known to be no flags and no identifier.
    pub(super) fn finish_measure(self) -> Kind {
        if self.n == 0 {
            return no_value();
        } else if self.min == self.max {
            return constant(self.min);
        }
        let scale = self.decimals.map(|places| 10f64.powi(i32::from(places)));
        let std = (self.squares / self.n as f64).sqrt() as f32;
        let number = Number {
            mean: self.mean as f32,
            std,
            min: self.min,
            max: self.max,
            integer: self.integer,
            decimals: self.decimals,
            bins: self.values.bins(self.min, self.max, scale),
        };
        match number.damage() {
            None => Kind::Number(number),
            Some(numbers) => ignored(format!(
                "its numbers are too large or too close together: {numbers}"
            )),
        }
    }
}

/// The decimal places of a value, at least `places`; none if it has too many.
fn decimals(value: f64, places: u8) -> Option<u8> {
    (places..=MAX_DECIMALS).find(|places| {
        let scaled = value * 10f64.powi(i32::from(*places));
        // Past 2^53 neighbouring whole numbers cannot be told apart.
        scaled.abs() < 9e15 && scaled.round() / 10f64.powi(i32::from(*places)) == value
    })
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
        assert_eq!(
            column.values,
            Values::Number(Numbers {
                value: vec![9.0, 0.0, 5.0],
                z: vec![2.0, 0.0, 0.0],
                bins: vec![age.bin_of(9.0), 0, age.bin_of(5.0)]
            })
        );
        assert_eq!(column.given, [true, false, true]);
        assert_eq!(
            &age.array([9.0, 5.2].into_iter()),
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
        assert_eq!(age.parse("age", "30").unwrap(), age.value(30.0).into());
        assert_eq!(age.standardise(30.0), 0.0);
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
    fn every_value_has_a_bin_and_every_bin_gives_its_own_values() {
        let cents: Vec<f64> = (0..500).map(|i| f64::from(i * i % 7919) / 100.0).collect();
        let reals: Vec<f64> = (1..500).map(|i| f64::from(i).ln()).collect();
        for (values, decimals) in [(cents, Some(2)), (reals, None)] {
            let price = number(false, &values);
            assert_eq!(price.decimals, decimals);
            for bin in 0..price.bins.len() as u32 {
                for uniform in [0.0, 0.3, 0.999_999_9] {
                    let value = price.value_in(bin, uniform);
                    assert_eq!(price.bin_of(value), bin, "{value} in {:?}", price.bins);
                    assert!(value >= price.min && value <= price.max);
                    assert_eq!(price.rounded(value), value);
                }
            }
        }
    }

    #[test]
    fn widths_count_grid_points_or_measure_lengths() {
        // A hundred different numbers in 64 - 1 bins of two: 0 and 1, 2 and 3, and so on.
        let whole = number(
            true,
            &(0..100).map(|i| f64::from(i * 37 % 100)).collect::<Vec<_>>(),
        );
        assert_eq!(whole.log_width(0), 2f32.ln());
        let total: f32 = (0..whole.bins.len() as u32)
            .map(|bin| whole.log_width(bin).exp())
            .sum();
        assert!(
            (total - 100.0).abs() < 1e-3,
            "each grid point is in one bin: {total}"
        );
        let atoms = number(true, &[2.0, 2.0, 9.0, 9.0, 4.0, 4.0]);
        assert_eq!(atoms.log_width(1), 0.0);
        assert_eq!(
            (atoms.bin_of(8.0), atoms.bin_of(-50.0), atoms.bin_of(50.0)),
            (2, 0, 2)
        );
    }

    #[test]
    fn whole_numbers_that_only_ascend_are_an_identifier() {
        let ids: Vec<f64> = (0..20).map(|i| f64::from(i * 3)).collect();
        let Kind::Ignored { reason } = fitted(true, &ids) else {
            panic!()
        };
        assert!(reason.starts_with("identifier"), "{reason}");
        assert!(matches!(fitted(false, &ids), Kind::Number(_)));
    }

    #[test]
    fn text_is_no_number() {
        let array: ArrayRef = Arc::new(arrow::array::StringArray::from(vec!["12"]));
        let error = number(false, &[1.0, 2.0]).encode("age", &array).unwrap_err();
        assert!(matches!(error, DataError::FieldType { .. }), "{error}");
    }
}
