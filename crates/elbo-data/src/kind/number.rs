//! Numbers: standardised with the mean and standard deviation of the training records, and binned.

mod bins;
mod data;
mod fitter;
mod grid;
mod levels;
mod marks;
mod notation;
mod pieces;
mod spread;
mod within;

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use serde::{Deserialize, Serialize};

use super::{Value, is_missing, wrong_type};
use crate::batch::{Column, Numbers, Values};
use crate::error::DataError;

pub use bins::{Bin, MAX_BINS};
pub(super) use fitter::NumberFitter;
pub use grid::Grid;
pub use levels::NumberLevel;
pub use marks::{Marks, Minus};
pub(crate) use marks::{Parts, Unit, with_exponent};
pub(super) use notation::as_written;
pub use notation::{Exponent, NOTATION, Notation};
pub use spread::Repeated;

/// Metadata key of a column that is a number, whatever its values: no flag and no identifier.
pub const MEASURE: &str = "elbo.measure";

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
    /// The evenly spaced values that the files' numbers have; none if they are real.
    pub grid: Option<Grid>,
    /// A partition of the range, ascending, and beside it bins of single values that are no measures: at most
    /// [`MAX_BINS`].
    pub bins: Vec<Bin>,
    /// Values that occur twice or more in bins of several values, ascending: the most frequent.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub repeated: Vec<Repeated>,
    /// The share of new values to expect among further records: the weight, in records, of those in a bin with repeated
    /// values. 0 without any of these.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub spread: f32,
    /// Whether no number occurs twice though all are whole: they may be keys.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub none_twice: bool,
    /// How the numbers are written in files that hold text, where that is not as usual.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub notation: Option<Box<Notation>>,
}

fn is_zero(spread: &f32) -> bool {
    *spread == 0.0
}

impl Number {
    /// (value - mean) / std. A value farther outside the training range than that range is wide counts as the farthest
    /// that is not: networks have learned nothing about such numbers, and one of them must not drown all others.
    pub fn standardise(&self, value: f64) -> f32 {
        let reach = self.max - self.min;
        let value = value.max(self.min - reach).min(self.max + reach);
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

    /// The nearest value on the grid.
    pub(crate) fn nearest(&self, value: f64) -> f64 {
        self.grid.map_or(value, |grid| grid.at(grid.index(value)))
    }

    /// The nearest value that the files can hold.
    pub(crate) fn settled(&self, value: f64) -> f64 {
        let value = self.grid.map_or(value, |grid| grid.round(value));
        if self.integer { value as i64 as f64 } else { value }
    }

    /// The smallest value on the grid that is not below `value`; above it, if it is to be `beyond`.
    pub(crate) fn at_least(&self, value: f64, beyond: bool) -> f64 {
        let fits = |found: f64| found > value || (!beyond && found == value);
        match self.grid {
            Some(grid) => {
                let index = grid.index(value);
                let found = [index, index + 1.0].map(|index| grid.at(index));
                found.into_iter().find(|found| fits(*found)).unwrap_or(value)
            }
            None if beyond => value.next_up(),
            None => value,
        }
    }

    /// The largest value on the grid that is not above `value`; below it, if it is to be `beyond`.
    pub(crate) fn at_most(&self, value: f64, beyond: bool) -> f64 {
        let fits = |found: f64| found < value || (!beyond && found == value);
        match self.grid {
            Some(grid) => {
                let index = grid.index(value);
                let found = [index, index - 1.0].map(|index| grid.at(index));
                found.into_iter().find(|found| fits(*found)).unwrap_or(value)
            }
            None if beyond => value.next_down(),
            None => value,
        }
    }

    /// The bin that holds the value, or the nearest where none does.
    pub fn bin_of(&self, value: f64) -> u32 {
        let value = self.nearest(value);
        let bins = &self.bins;
        let at = bins.partition_point(|bin| bin.low <= value).saturating_sub(1);
        // An atom precedes the interval that begins at the same value.
        if at > 0 && bins[at - 1].is_atom() && bins[at - 1].low == value {
            return at as u32 - 1;
        }
        let nearer = |bin: &Bin, next: &Bin| next.low - value < value - bin.high;
        match (bins.get(at), bins.get(at + 1)) {
            (Some(bin), Some(next)) if value > bin.high && nearer(bin, next) => at as u32 + 1,
            _ => at as u32,
        }
    }

    /// Whether `bin` holds a value that is no measure: it lies outside the range.
    pub fn is_apart(&self, bin: u32) -> bool {
        let bin = self.bins.get(bin as usize);
        bin.is_some_and(|bin| bin.high < self.min || bin.low > self.max)
    }

    /// Whether `value` lies between the few values that occur, such as 5 between 3, 6 and 7.
    pub(crate) fn is_between(&self, value: f64) -> bool {
        self.bins.iter().all(|bin| bin.is_atom() && bin.low != value)
    }

    fn data_type(&self) -> DataType {
        if self.notation.is_some() {
            DataType::Utf8
        } else if self.integer {
            DataType::Int64
        } else {
            DataType::Float64
        }
    }

    /// Encodes a column of numbers, whatever their width.
    pub(super) fn encode_array(&self, field: &str, array: &ArrayRef) -> Result<Column, DataError> {
        if let Some(texts) = array.as_string_opt::<i32>() {
            let numbers = texts.iter().map(|text| self.read(field, text?).transpose());
            let numbers: Vec<Option<f64>> = numbers.map(Option::transpose).collect::<Result<_, _>>()?;
            return Ok(self.encoded(numbers.into_iter()));
        }
        let numeric = array.data_type().is_numeric() || array.null_count() == array.len();
        let cast = cast(array, &DataType::Float64).ok().filter(|_| numeric);
        let numbers = cast
            .as_ref()
            .and_then(|array| array.as_primitive_opt::<Float64Type>());
        let numbers = numbers.ok_or_else(|| wrong_type(field, "a number", array))?;
        Ok(self.encoded(numbers.iter()))
    }

    /// The number that a file's text stands for; none of a word for a missing value.
    ///
    /// # Errors
    /// [`DataError::NotNumber`] of any other text.
    fn read(&self, field: &str, text: &str) -> Result<Option<f64>, DataError> {
        match self.number_of(text) {
            None if !is_missing(text) => Err(DataError::NotNumber {
                field: field.to_owned(),
                value: text.to_owned(),
            }),
            number => Ok(number),
        }
    }

    /// The number that a text stands for, as the files write it or plain.
    pub(super) fn number_of(&self, text: &str) -> Option<f64> {
        match &self.notation {
            Some(notation) => notation.read(text),
            None => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
        }
    }

    /// The column of these numbers; only finite numbers are observed.
    pub(crate) fn encoded(&self, numbers: impl Iterator<Item = Option<f64>>) -> Column {
        let (mut encoded, mut observed) = (Numbers::default(), Vec::new());
        for number in numbers {
            let finite = number.filter(|number| number.is_finite());
            observed.push(finite.is_some());
            match finite {
                Some(value) => {
                    let bin = self.bin_of(value);
                    encoded.push(value, self.standardise(value), bin, self.log_density(bin, value));
                }
                None => encoded.push(0.0, 0.0, 0, 0.0),
            }
        }
        Column {
            observed,
            values: Values::Number(encoded),
        }
    }

    /// The numbers, or with `uniforms` a value drawn of each bin, rounded as the files' are.
    fn rounded(&self, numbers: &Numbers, uniforms: Option<&[f32]>) -> impl Iterator<Item = f64> {
        let drawn = move |(place, bin): (usize, &u32)| match uniforms {
            Some(uniforms) => self.value_in(*bin, uniforms[place]),
            None => numbers.value[place],
        };
        let values = numbers.bins.iter().enumerate().map(drawn);
        values.map(|value| self.grid.map_or(value, |grid| grid.round(value)))
    }

    /// The numbers that a file of [`Self::array`] holds.
    pub(super) fn written(&self, numbers: &Numbers, uniforms: Option<&[f32]>) -> impl Iterator<Item = f64> {
        self.rounded(numbers, uniforms).map(|value| self.settled(value))
    }

    /// The numbers in the type of the files, rounded as theirs are; with `uniforms` a value drawn of each bin.
    pub(super) fn array(&self, numbers: &Numbers, uniforms: Option<&[f32]>) -> ArrayRef {
        let values = self.rounded(numbers, uniforms);
        if self.integer {
            Arc::new(Int64Array::from_iter_values(values.map(|value| value as i64)))
        } else {
            Arc::new(Float64Array::from_iter_values(values))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::flag::Spelling;
    use crate::kind::statistics::Statistics;
    use crate::kind::{Kind, constant, no_value};

    fn fitted(integer: bool, values: &[f64]) -> Kind {
        let mut fitter = NumberFitter::new(integer);
        let values: ArrayRef = Arc::new(Float64Array::from(values.to_vec()));
        fitter.push(&values);
        fitter.look(&values);
        fitter.finish(false)
    }

    pub(super) fn number(integer: bool, values: &[f64]) -> Number {
        let mut fitter = NumberFitter::new(integer);
        fitter.push(&(Arc::new(Float64Array::from(values.to_vec())) as ArrayRef));
        let Kind::Number(number) = fitter.finish_measure(false) else {
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
        let column = age.encode_array("age", &array).unwrap();
        assert_eq!(
            column.values,
            Values::Number(Numbers {
                value: vec![9.0, 0.0, 5.0],
                z: vec![2.0, 0.0, 0.0],
                bins: vec![age.bin_of(9.0), 0, age.bin_of(5.0)],
                within: vec![0.0; 3],
            })
        );
        assert_eq!(column.observed, [true, false, true]);
        // a value between those of the grid is kept, up to the decimal places
        assert_eq!(
            &age.array(
                &Numbers {
                    value: vec![9.0, 5.2],
                    ..Numbers::of_bins(vec![0; 2])
                },
                None
            ),
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
        // Farther away than the range is wide.
        assert_eq!(age.standardise(1e30), age.standardise(60.0));
        assert_eq!(age.standardise(-1e30), age.standardise(0.0));
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
        let hundreds = (0..700).map(|i| f64::from(i * i % 7919) * 100.0).collect();
        for (values, decimals, step) in [(cents, Some(2), 1), (reals, None, 1), (hundreds, Some(0), 100)] {
            let price = number(false, &values);
            assert_eq!(price.grid.map(|grid| grid.decimals), decimals);
            assert_eq!(price.grid.map_or(1, |grid| grid.step), step);
            for bin in 0..price.bins.len() as u32 {
                for uniform in [0.0, 0.3, 0.999_999_9] {
                    let value = price.value_in(bin, uniform);
                    assert_eq!(price.bin_of(value), bin, "{value} in {:?}", price.bins);
                    let again = price.value_in(bin, price.place_in(bin, value) as f32);
                    assert!((again - value).abs() < 1e-6, "{again} {value}");
                    assert!(value >= price.min && value <= price.max);
                    if let Some(grid) = price.grid {
                        assert_eq!(grid.at(grid.index(value)), value);
                    }
                }
            }
        }
    }

    #[test]
    fn every_value_of_a_grid_is_in_one_bin() {
        // Four hundred different numbers in at most 256 bins of one to three.
        let whole = number(
            true,
            &(0..400).map(|i| f64::from(i * 37 % 400)).collect::<Vec<_>>(),
        );
        let of_first = whole.bins[0].high - whole.bins[0].low + 1.0;
        assert_eq!(whole.log_density(0, 0.0), -of_first.ln() as f32);
        let total: f32 = (0..400)
            .map(|value| {
                whole
                    .log_density(whole.bin_of(f64::from(value)), f64::from(value))
                    .exp()
            })
            .sum();
        assert!(
            (total - whole.bins.len() as f32).abs() < 1e-3,
            "1 in each: {total}"
        );
        let atoms = number(true, &[2.0, 2.0, 9.0, 9.0, 4.0, 4.0]);
        assert_eq!(atoms.log_density(1, 4.0), 0.0);
        assert_eq!(
            (atoms.bin_of(8.0), atoms.bin_of(-50.0), atoms.bin_of(50.0)),
            (2, 0, 2)
        );
    }

    #[test]
    fn whole_numbers_that_count_up_are_an_identifier_and_years_are_not() {
        let is = |values: Vec<f64>| matches!(fitted(true, &values), Kind::Ignored(ignored) if ignored.reason.starts_with("identifier"));
        let up =
            |first: f64, step: f64, n: u32| (0..n).map(|i| first + f64::from(i) * step).collect::<Vec<_>>();
        assert!(is(up(1.0, 1.0, 20)) && is(up(0.0, 1.0, 20)) && is(up(5000.0, 10.0, 1000)));
        assert!(!is(up(1.0, 1.0, 19)) && !is(up(1950.0, 1.0, 70)) && is(up(1001.0, 1.0, 30)));
        // 500 different numbers of 7,919 are keys: about 16 pairs would be equal by chance
        let random = |n: u32, range: u32| (1..=n).map(|i| f64::from(i * i % range)).collect::<Vec<_>>();
        assert!(is(random(500, 7919)) && !is(random(100, 7919)) && !is(random(3000, 2001)));
        assert!(!is([up(1.0, 1.0, 20), vec![40.0]].concat()));
        // a permutation of 1 to 502, and the same without every fourth number
        let mixed: Vec<f64> = (1..=502).map(|i| f64::from(i * 5 % 503)).collect();
        let part = mixed.iter().copied().filter(|value| value % 4.0 != 0.0).collect();
        assert!(is(mixed) && !is(part));
        // one in five is not read
        let some = |values: Vec<f64>| values.into_iter().filter(|value| value % 5.0 != 1.0).collect();
        assert!(is(some(up(1.0, 1.0, 30))) && is(some(up(5000.0, 1.0, 1300))));
        assert!(!is([2.0, 1.0].repeat(30)));
        assert!(matches!(fitted(false, &up(1.0, 1.0, 30)), Kind::Number(_)));
    }

    #[test]
    fn texts_are_numbers_missing_or_an_error() {
        let encoded = |texts: &[&str]| {
            let array: ArrayRef = Arc::new(arrow::array::StringArray::from(texts.to_vec()));
            number(false, &[1.0, 2.0]).encode_array("age", &array)
        };
        assert_eq!(encoded(&["12", "NULL"]).unwrap().observed, [true, false]);
        let error = encoded(&["12", "forty"]).unwrap_err();
        assert!(
            matches!(error, DataError::NotNumber { ref value, .. } if value == "forty"),
            "{error}"
        );
    }
}
