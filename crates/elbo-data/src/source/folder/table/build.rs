//! The type of a table's column, guessed from all its cells, and the typed column.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanBuilder, Float64Builder, Int64Builder, StringBuilder};
use arrow::datatypes::{DataType, Field as ArrowField};

use super::for_each_row;
use crate::error::DataError;
use crate::kind::is_missing;

/// What the cells seen so far could all be.
#[derive(Clone, Debug)]
pub(super) struct Guess {
    flag: bool,
    integer: bool,
    number: bool,
    empty: bool,
}

impl Default for Guess {
    fn default() -> Self {
        Self {
            flag: true,
            integer: true,
            number: true,
            empty: true,
        }
    }
}

impl Guess {
    pub(super) fn see(&mut self, cell: &str) {
        if !is_missing(cell) {
            self.empty = false;
            self.flag &= flag(cell).is_some();
            self.integer &= integer(cell).is_some();
            self.number &= number(cell).is_some();
        }
    }

    fn data_type(&self) -> DataType {
        match self {
            Self { empty: true, .. } => DataType::Utf8,
            Self { flag: true, .. } => DataType::Boolean,
            Self { integer: true, .. } => DataType::Int64,
            Self { number: true, .. } => DataType::Float64,
            _ => DataType::Utf8,
        }
    }
}

fn flag(cell: &str) -> Option<bool> {
    match cell.trim().to_ascii_lowercase().as_str() {
        "yes" | "true" | "y" => Some(true),
        "no" | "false" | "n" => Some(false),
        _ => None,
    }
}

fn integer(cell: &str) -> Option<i64> {
    cell.trim().parse().ok()
}

fn number(cell: &str) -> Option<f64> {
    cell.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

/// A column while it grows.
enum Builder {
    Flag(BooleanBuilder),
    Integer(Int64Builder),
    Number(Float64Builder),
    Text(StringBuilder),
}

impl Builder {
    fn new(data_type: &DataType) -> Self {
        match data_type {
            DataType::Boolean => Self::Flag(BooleanBuilder::new()),
            DataType::Int64 => Self::Integer(Int64Builder::new()),
            DataType::Float64 => Self::Number(Float64Builder::new()),
            _ => Self::Text(StringBuilder::new()),
        }
    }

    fn add(&mut self, cell: &str) {
        match self {
            Self::Flag(builder) => builder.append_option(flag(cell)),
            Self::Integer(builder) => builder.append_option(integer(cell)),
            Self::Number(builder) => builder.append_option(number(cell)),
            Self::Text(builder) => builder.append_option((!is_missing(cell)).then(|| cell.trim())),
        }
    }

    fn finish(self) -> ArrayRef {
        match self {
            Self::Flag(mut builder) => Arc::new(builder.finish()),
            Self::Integer(mut builder) => Arc::new(builder.finish()),
            Self::Number(mut builder) => Arc::new(builder.finish()),
            Self::Text(mut builder) => Arc::new(builder.finish()),
        }
    }
}

/// The columns called `names`, typed as guessed, in the order of the table's rows.
pub(super) fn build(
    path: &Path,
    names: &[String],
    guesses: &[Guess],
) -> Result<Vec<(ArrowField, ArrayRef)>, DataError> {
    let types: Vec<DataType> = guesses.iter().map(Guess::data_type).collect();
    let mut builders: Vec<Builder> = types.iter().map(Builder::new).collect();
    for_each_row(path, |_, cells| {
        builders
            .iter_mut()
            .zip(cells.iter().skip(1))
            .for_each(|(builder, cell)| builder.add(cell));
        Ok(())
    })?;
    let fields = names
        .iter()
        .zip(types)
        .map(|(name, data_type)| ArrowField::new(name, data_type, true));
    Ok(fields.zip(builders.into_iter().map(Builder::finish)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_what_all_its_cells_can_be() {
        let guess = |cells: &[&str]| {
            let mut guess = Guess::default();
            cells.iter().for_each(|cell| guess.see(cell));
            guess.data_type()
        };
        assert_eq!(guess(&["1", "-1", " 1 "]), DataType::Int64);
        assert_eq!(guess(&["1", "", "2.5", "NA"]), DataType::Float64);
        assert_eq!(guess(&["yes", "NO", "?"]), DataType::Boolean);
        assert_eq!(guess(&["yes", "1"]), DataType::Utf8);
        assert_eq!(guess(&["1e999"]), DataType::Utf8);
        assert_eq!(guess(&["", "?"]), DataType::Utf8);
    }
}
