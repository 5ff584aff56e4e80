//! Flags: yes or no, in files as true/false, yes/no, 1/0, or 1/-1 as CelebA's list has it.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field as ArrowField, Float64Type};
use serde::{Deserialize, Serialize};

use super::category::Category;
use super::statistics::{Statistics, wrong_values};
use super::{Form, Kind, Parsed, Value, constant, is_missing, no_value, wrong_type};
use crate::batch::{Column, Values};
use crate::error::DataError;

/// Metadata key of a column of flags that are words in their file; its value is the words for no and for yes, separated
/// by a blank.
pub const WORDS: &str = "elbo.flag";

/// How a flag is written in the files it came from, and is written back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Spelling {
    /// true and false.
    Boolean,
    /// 1 and 0.
    OneZero,
    /// 1 and -1.
    PlusMinus,
    /// Words for no and yes.
    Words([String; 2]),
}

impl Spelling {
    /// How the flags of this column are written.
    fn of(field: &ArrowField) -> Self {
        let words = field
            .metadata()
            .get(WORDS)
            .and_then(|words| words.split_once(' '));
        words.map_or(Self::Boolean, |(no, yes)| {
            Self::Words([no, yes].map(str::to_owned))
        })
    }

    fn data_type(&self) -> DataType {
        match self {
            Self::Boolean => DataType::Boolean,
            Self::OneZero | Self::PlusMinus => DataType::Int64,
            Self::Words(_) => DataType::Utf8,
        }
    }

    pub(super) fn write(&self, flags: impl Iterator<Item = Option<bool>>) -> ArrayRef {
        let numbers = |no: i64| move |yes: Option<bool>| Some(if yes? { 1 } else { no });
        match self {
            Self::Boolean => Arc::new(flags.collect::<BooleanArray>()),
            Self::OneZero => Arc::new(flags.map(numbers(0)).collect::<Int64Array>()),
            Self::PlusMinus => Arc::new(flags.map(numbers(-1)).collect::<Int64Array>()),
            Self::Words(words) => {
                let word = |yes: bool| words[usize::from(yes)].as_str();
                Arc::new(flags.map(|yes| yes.map(word)).collect::<StringArray>())
            }
        }
    }
}

/// A column of a source as its file has it: flags that are words there become words again.
pub(super) fn as_written(field: &ArrowField, array: &ArrayRef) -> Option<ArrayRef> {
    match Spelling::of(field) {
        Spelling::Boolean => None,
        words => Some(words.write(array.as_boolean_opt()?.iter())),
    }
}

/// A yes-or-no attribute.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flag {
    /// How many training records have no, and how many yes.
    pub counts: [u64; 2],
    /// How it is written in files.
    pub spelling: Spelling,
}

impl Flag {
    fn flags<'a>(&self, field: &str, values: &'a Values) -> Result<&'a [u8], DataError> {
        match values {
            Values::Flag(flags) => Ok(flags),
            other => Err(wrong_values(field, self, other)),
        }
    }
}

impl Flag {
    /// The flag of a word: one of its own, or one for yes or no.
    pub(super) fn read(&self, field: &str, text: &str) -> Result<bool, DataError> {
        match &self.spelling {
            Spelling::Words([no, _]) if no == text => Ok(false),
            Spelling::Words([_, yes]) if yes == text => Ok(true),
            _ => read(field, text),
        }
    }
}

impl Statistics for Flag {
    fn name(&self) -> &'static str {
        "flag"
    }

    fn form(&self) -> Form<'_> {
        Form::Flag(self)
    }

    fn arrow_field(&self, name: &str) -> ArrowField {
        ArrowField::new(name, self.spelling.data_type(), true)
    }

    fn encode(&self, field: &ArrowField, array: &ArrayRef) -> Result<Column, DataError> {
        let wrong = || wrong_type(field.name(), "a flag", array);
        let found: Vec<Option<bool>> = match array.data_type() {
            DataType::Boolean => array.as_boolean().iter().collect(),
            DataType::Utf8 => {
                let texts = array.as_string::<i32>().iter();
                let known = texts.map(|text| text.filter(|text| !is_missing(text)));
                known
                    .map(|text| text.map(|text| self.read(field.name(), text)).transpose())
                    .collect::<Result<_, _>>()?
            }
            DataType::Int64 | DataType::Float64 => {
                let numbers = cast(array, &DataType::Float64)?;
                let numbers = numbers.as_primitive_opt::<Float64Type>().ok_or_else(wrong)?;
                numbers.iter().map(|number| yes(number?)).collect()
            }
            // A column without a single value has no type of its own.
            _ if array.null_count() == array.len() => vec![None; array.len()],
            _ => return Err(wrong()),
        };
        Ok(Column {
            observed: found.iter().map(Option::is_some).collect(),
            values: Values::Flag(
                found
                    .into_iter()
                    .map(|flag| u8::from(flag.unwrap_or_default()))
                    .collect(),
            ),
        })
    }

    fn decode(&self, field: &str, values: &Values, _: Option<&[f32]>) -> Result<ArrayRef, DataError> {
        let flags = self.flags(field, values)?.iter();
        Ok(self.spelling.write(flags.map(|flag| Some(*flag == 1))))
    }

    fn settle(&self, field: &str, values: &Values, _: Option<&[f32]>) -> Result<Column, DataError> {
        let flags = self.flags(field, values)?.iter();
        let settled: Vec<u8> = flags.map(|flag| u8::from(*flag == 1)).collect();
        let n = settled.len();
        Ok(Column::all_observed(Values::Flag(settled), n))
    }

    fn parse(&self, field: &str, text: &str) -> Result<Parsed, DataError> {
        Ok(Value::Flag(self.read(field, text)?).into())
    }

    fn describe(&self) -> Vec<String> {
        let [no, yes] = self.counts;
        vec![format!("yes ({yes})"), format!("no ({no})")]
    }
}

/// The flag of a number; a number that stands for none is not observed.
fn yes(number: f64) -> Option<bool> {
    match number {
        1.0 => Some(true),
        0.0 | -1.0 => Some(false),
        _ => None,
    }
}

fn read(field: &str, text: &str) -> Result<bool, DataError> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "y" | "true" | "1" | "on" => Ok(true),
        "no" | "n" | "false" | "0" | "-1" | "off" => Ok(false),
        _ => Err(DataError::NotFlag {
            field: field.to_owned(),
            value: text.to_owned(),
        }),
    }
}

#[derive(Debug)]
pub(super) struct FlagFitter {
    counts: [u64; 2],
    /// Whether no and yes occur in any record, those included that are not fitted.
    occurs: [bool; 2],
    spelling: Spelling,
}

impl FlagFitter {
    pub(super) fn new(field: &ArrowField) -> Self {
        Self {
            counts: [0; 2],
            occurs: [false; 2],
            spelling: Spelling::of(field),
        }
    }

    pub(super) fn push(&mut self, array: &ArrayRef) {
        for yes in array.as_boolean_opt().into_iter().flatten().flatten() {
            self.counts[usize::from(yes)] += 1;
        }
    }

    /// Whether the values of all records matter: of those that are fitted all are yes, or all no.
    pub(super) fn undecided(&self) -> bool {
        self.counts.contains(&0)
    }

    /// Shows values of all records.
    pub(super) fn look(&mut self, array: &ArrayRef) {
        for yes in array.as_boolean_opt().into_iter().flatten().flatten() {
            self.occurs[usize::from(yes)] = true;
        }
    }

    /// Where only one word occurs, beside gaps, it is the one level of a category: the other has no chance.
    pub(super) fn finish(self, gaps: bool) -> Kind {
        let (only, count) = match (self.counts, self.occurs) {
            ([0, count], [false, _]) if gaps && count > 0 => (1, count),
            ([count, 0], [_, false]) if gaps && count > 0 => (0, count),
            (counts, _) => return fitted(counts, gaps, self.spelling),
        };
        let (words, data_type) = match self.spelling {
            Spelling::Words(words) => (words, None),
            other => (
                ["false", "true"].map(str::to_owned),
                Some(other.data_type().to_string()),
            ),
        };
        Kind::Category(Category {
            levels: vec![words[only].clone()],
            counts: vec![count],
            rare: None,
            data_type,
        })
    }
}

/// The flag with these counts of no and yes; `gaps`: whether some records have neither.
pub(super) fn fitted(counts: [u64; 2], gaps: bool, spelling: Spelling) -> Kind {
    let words = match &spelling {
        Spelling::Words(words) => words.clone(),
        _ => ["no", "yes"].map(str::to_owned),
    };
    match counts {
        [0, 0] => no_value(),
        [_, 0] if !gaps => constant(&words[0]),
        [0, _] if !gaps => constant(&words[1]),
        _ => Kind::Flag(Flag { counts, spelling }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_encoded_and_written_back() {
        let words = Spelling::Words(["N", "Y"].map(str::to_owned));
        let arrays: [(Spelling, ArrayRef); 4] = [
            (words, Arc::new(StringArray::from(vec!["Y", "N"]))),
            (Spelling::Boolean, Arc::new(BooleanArray::from(vec![true, false]))),
            (Spelling::OneZero, Arc::new(Int64Array::from(vec![1, 0]))),
            (Spelling::PlusMinus, Arc::new(Int64Array::from(vec![1, -1]))),
        ];
        for (spelling, array) in arrays {
            let flag = Flag {
                counts: [1, 1],
                spelling,
            };
            let column = flag.encode(&flag.arrow_field("smile"), &array).unwrap();
            assert_eq!(column.values, Values::Flag(vec![1, 0]));
            assert_eq!(column.observed, [true, true]);
            assert_eq!(&flag.decode("smile", &column.values, None).unwrap(), &array);
        }
    }

    #[test]
    fn what_is_neither_yes_nor_no_is_open_as_a_number_and_an_error_as_a_word() {
        let flag = Flag {
            counts: [1, 1],
            spelling: Spelling::OneZero,
        };
        let encoded = |array: ArrayRef| flag.encode(&flag.arrow_field("smile"), &array);
        let twos = encoded(Arc::new(Int64Array::from(vec![Some(1), None, Some(2)])));
        assert_eq!(twos.unwrap().observed, [true, false, false]);
        let error = encoded(Arc::new(StringArray::from(vec!["maybe"]))).unwrap_err();
        assert_eq!(error.to_string(), "`smile` is yes or no, not `maybe`");
        assert!(matches!(read("smile", "maybe"), Err(DataError::NotFlag { .. })));
    }

    #[test]
    fn flags_are_typed_in_as_people_write_them() {
        for text in ["yes", "TRUE", "1", "y"] {
            assert!(read("smile", text).unwrap());
        }
        for text in ["no", "False", "0", "-1"] {
            assert!(!read("smile", text).unwrap());
        }
    }

    #[test]
    fn a_flag_that_never_changes_is_ignored_or_of_one_level_if_some_lack_it() {
        let fitted = |gaps| {
            let mut fitter = FlagFitter::new(&ArrowField::new("smile", DataType::Boolean, true));
            fitter.push(&(Arc::new(BooleanArray::from(vec![Some(true), None])) as ArrayRef));
            fitter.finish(gaps)
        };
        assert_eq!(fitted(false), constant("yes"));
        assert!(matches!(fitted(true), Kind::Category(one) if one.levels == ["true"] && one.counts == [1]));
    }
}
