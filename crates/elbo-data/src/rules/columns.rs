//! Columns as rules see them: as numbers that are compared and added, and as levels that determine one another.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::compute::{can_cast_types, cast, interleave};
use arrow::datatypes::{DataType, Field as ArrowField, Float64Type};

use crate::batch::Values;
use crate::error::DataError;
use crate::kind::Kind;
use crate::kind::number::Number;

/// A field that rules may be about.
#[derive(Clone)]
pub(super) struct Subject<'a> {
    pub(super) name: &'a str,
    pub(super) kind: &'a Kind,
    /// Its column as the data have it.
    pub(super) arrow: ArrowField,
}

/// What the numbers of a field count. Only numbers of the same unit are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Unit {
    kind: &'static str,
    measure: &'static str,
}

impl Unit {
    /// Whether a number of this unit is a point of a calendar or of a clock, of which no two can be added.
    pub(super) fn is_point(self) -> bool {
        matches!(self.kind, "date" | "time")
    }

    /// Whether numbers of these units can be added to one of this: all are the same, or one is the same point of a
    /// calendar and the others are no points.
    pub(super) fn add(parts: &[Option<Self>], total: Option<Self>) -> bool {
        if !total.is_some_and(Self::is_point) || parts.len() == 1 {
            return parts.iter().all(|part| *part == total);
        }
        let points = parts.iter().flatten().filter(|part| part.is_point());
        points.count() == 1 && parts.contains(&total)
    }
}

impl<'a> Subject<'a> {
    pub(super) fn new(name: &'a str, kind: &'a Kind, arrow: ArrowField) -> Self {
        Self { name, kind, arrow }
    }

    pub(super) fn number(&self) -> Option<&'a Number> {
        self.kind.number()
    }

    /// The unit of its numbers, if it has any.
    pub(super) fn unit(&self) -> Option<Unit> {
        self.number().map(|_| Unit {
            kind: self.kind.name(),
            measure: self.kind.error_measure(),
        })
    }

    /// Decimal places of its numbers; none if they are real.
    pub(super) fn decimals(&self) -> Option<u8> {
        Some(self.number()?.grid?.decimals)
    }

    /// Whether its values are texts, or can be written and read as texts.
    pub(super) fn has_texts(&self) -> bool {
        let own = self.kind.arrow_field("");
        can_cast_types(own.data_type(), &DataType::Utf8) && can_cast_types(&DataType::Utf8, own.data_type())
    }

    /// Its numbers; NaN where there is none.
    pub(super) fn numbers(&self, array: &ArrayRef) -> Result<Vec<f64>, DataError> {
        numbers(self.kind, &self.arrow, array)
    }

    /// Its values as texts.
    pub(super) fn texts(&self, array: &ArrayRef) -> Result<StringArray, DataError> {
        texts(self.kind, array)
    }
}

/// The numbers of a column; NaN where there is none.
pub(super) fn numbers(kind: &Kind, arrow: &ArrowField, array: &ArrayRef) -> Result<Vec<f64>, DataError> {
    if matches!(kind, Kind::Number(_)) && array.data_type().is_numeric() {
        let floats = cast(array, &DataType::Float64)?;
        let floats = floats.as_primitive::<Float64Type>().iter();
        return Ok(floats.map(|number| number.unwrap_or(f64::NAN)).collect());
    }
    let column = kind.encode(arrow, array)?;
    let Values::Number(numbers) = &column.values else {
        return Ok(vec![f64::NAN; array.len()]);
    };
    let numbers = numbers.value.iter().zip(&column.observed);
    Ok(numbers
        .map(|(number, observed)| if *observed { *number } else { f64::NAN })
        .collect())
}

/// The values of a column as texts that are the same for data and for new records; nulls stay.
pub(super) fn texts(kind: &Kind, array: &ArrayRef) -> Result<StringArray, DataError> {
    let own = kind.arrow_field("");
    let values = kind.in_type(array, own.data_type())?;
    let texts = cast(&values, &DataType::Utf8)?;
    Ok(texts.as_string::<i32>().clone())
}

/// Texts back as values of a column of this type.
pub(super) fn from_texts(texts: StringArray, data_type: &DataType) -> Result<ArrayRef, DataError> {
    let texts: ArrayRef = Arc::new(texts);
    Ok(cast(&texts, data_type)?)
}

/// The values of a column with others in these rows.
pub(super) fn with_rows(values: &ArrayRef, rows: &[usize], others: &ArrayRef) -> Result<ArrayRef, DataError> {
    let mut from: Vec<(usize, usize)> = (0..values.len()).map(|row| (0, row)).collect();
    for (at, row) in rows.iter().enumerate() {
        from[*row] = (1, at);
    }
    Ok(interleave(&[values.as_ref(), others.as_ref()], &from)?)
}

/// The code of a value that is missing.
pub(super) const MISSING: u32 = u32::MAX;

/// The levels of a column, numbered as they are met.
#[derive(Debug, Default)]
pub(super) struct Levels {
    codes: HashMap<String, u32>,
    pub(super) names: Vec<String>,
}

impl Levels {
    /// The codes of some more values.
    pub(super) fn codes(&mut self, texts: &StringArray) -> Vec<u32> {
        texts
            .iter()
            .map(|text| text.map_or(MISSING, |text| self.code(text)))
            .collect()
    }

    fn code(&mut self, text: &str) -> u32 {
        if let Some(code) = self.codes.get(text) {
            return *code;
        }
        let code = self.names.len() as u32;
        self.codes.insert(text.to_owned(), code);
        self.names.push(text.to_owned());
        code
    }
}

/// The columns of some records, those that are needed.
pub(super) struct Chunk {
    /// Numbers by subject.
    pub(super) numbers: Vec<Vec<f64>>,
    /// Codes of levels by subject.
    pub(super) codes: Vec<Vec<u32>>,
    /// How many records there are.
    pub(super) records: usize,
}
