//! Flags: yes or no, in files as true/false, yes/no, 1/0, or 1/-1 as CelebA's list has it.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use serde::{Deserialize, Serialize};

use super::{Kind, Value, constant, no_value, wrong_type};
use crate::batch::{Column, Values};
use crate::error::DataError;

/// How a flag is written in the files it came from, and is written back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Spelling {
    /// true and false.
    Boolean,
    /// 1 and 0.
    OneZero,
    /// 1 and -1.
    PlusMinus,
}

/// A yes-or-no attribute.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flag {
    /// How many training records say no, and how many yes.
    pub counts: [u64; 2],
    /// How it is written in files.
    pub spelling: Spelling,
}

impl Flag {
    pub(super) fn data_type(&self) -> DataType {
        match self.spelling {
            Spelling::Boolean => DataType::Boolean,
            Spelling::OneZero | Spelling::PlusMinus => DataType::Int64,
        }
    }

    pub(super) fn encode(&self, field: &str, array: &ArrayRef) -> Result<Column, DataError> {
        let wrong = || wrong_type(field, "a flag", array);
        let found: Vec<Option<bool>> = match array.data_type() {
            DataType::Boolean => array.as_boolean().iter().collect(),
            DataType::Int64 | DataType::Float64 => {
                let numbers = cast(array, &DataType::Float64)?;
                let numbers = numbers.as_primitive_opt::<Float64Type>().ok_or_else(wrong)?;
                numbers
                    .iter()
                    .map(|number| number.map(|n| yes(field, n)).transpose())
                    .collect::<Result<_, _>>()?
            }
            // A column without a single value has no type of its own.
            _ if array.null_count() == array.len() => vec![None; array.len()],
            _ => return Err(wrong()),
        };
        Ok(Column {
            given: found.iter().map(Option::is_some).collect(),
            values: Values::Flag(
                found
                    .into_iter()
                    .map(|flag| u8::from(flag.unwrap_or_default()))
                    .collect(),
            ),
        })
    }

    pub(super) fn decode(&self, flags: &[u8]) -> ArrayRef {
        let yes = |flag: &u8| *flag == 1;
        let no = match self.spelling {
            Spelling::Boolean => {
                return Arc::new(flags.iter().map(|flag| Some(yes(flag))).collect::<BooleanArray>());
            }
            Spelling::OneZero => 0,
            Spelling::PlusMinus => -1,
        };
        Arc::new(Int64Array::from_iter_values(
            flags.iter().map(|flag| if yes(flag) { 1 } else { no }),
        ))
    }
}

fn yes(field: &str, number: f64) -> Result<bool, DataError> {
    match number {
        1.0 => Ok(true),
        0.0 | -1.0 => Ok(false),
        other => Err(DataError::NotFlag {
            field: field.to_owned(),
            value: other.to_string(),
        }),
    }
}

pub(super) fn parse(field: &str, text: &str) -> Result<Value, DataError> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "y" | "true" | "1" | "on" => Ok(Value::Flag(true)),
        "no" | "n" | "false" | "0" | "-1" | "off" => Ok(Value::Flag(false)),
        _ => Err(DataError::NotFlag {
            field: field.to_owned(),
            value: text.to_owned(),
        }),
    }
}

#[derive(Debug, Default)]
pub(super) struct FlagFitter {
    counts: [u64; 2],
}

impl FlagFitter {
    pub(super) fn push(&mut self, array: &ArrayRef) {
        for yes in array.as_boolean_opt().into_iter().flatten().flatten() {
            self.counts[usize::from(yes)] += 1;
        }
    }

    pub(super) fn finish(self) -> Kind {
        fitted(self.counts, Spelling::Boolean)
    }
}

/// The flag with these counts of no and yes.
pub(super) fn fitted(counts: [u64; 2], spelling: Spelling) -> Kind {
    match counts {
        [0, 0] => no_value(),
        [_, 0] => constant("no"),
        [0, _] => constant("yes"),
        _ => Kind::Flag(Flag { counts, spelling }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_encoded_and_written_back() {
        let arrays: [(Spelling, ArrayRef); 3] = [
            (Spelling::Boolean, Arc::new(BooleanArray::from(vec![true, false]))),
            (Spelling::OneZero, Arc::new(Int64Array::from(vec![1, 0]))),
            (Spelling::PlusMinus, Arc::new(Int64Array::from(vec![1, -1]))),
        ];
        for (spelling, array) in arrays {
            let flag = Flag {
                counts: [1, 1],
                spelling,
            };
            let column = flag.encode("smile", &array).unwrap();
            assert_eq!(column.values, Values::Flag(vec![1, 0]));
            assert_eq!(column.given, [true, true]);
            assert_eq!(&flag.decode(&[1, 0]), &array);
        }
    }

    #[test]
    fn what_is_neither_yes_nor_no_is_an_error() {
        let flag = Flag {
            counts: [1, 1],
            spelling: Spelling::OneZero,
        };
        let twos: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None, Some(2)]));
        assert_eq!(
            flag.encode("smile", &twos).unwrap_err().to_string(),
            "`smile` is yes or no, not `2`"
        );
        assert!(matches!(parse("smile", "maybe"), Err(DataError::NotFlag { .. })));
    }

    #[test]
    fn flags_are_typed_in_as_people_write_them() {
        for text in ["yes", "TRUE", "1", "y"] {
            assert_eq!(parse("smile", text).unwrap(), Value::Flag(true));
        }
        for text in ["no", "False", "0", "-1"] {
            assert_eq!(parse("smile", text).unwrap(), Value::Flag(false));
        }
    }

    #[test]
    fn a_flag_that_never_changes_is_ignored() {
        let mut fitter = FlagFitter::default();
        fitter.push(&(Arc::new(BooleanArray::from(vec![Some(true), None])) as ArrayRef));
        assert_eq!(
            fitter.finish(),
            Kind::Ignored {
                reason: "every record has the value `yes`".into()
            }
        );
    }
}
