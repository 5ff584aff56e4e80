//! Builds a column from the cells of a table.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanBuilder, Float64Builder, Int64Builder, StringBuilder};

use super::formats::Format;
use super::guess::{Cells, flag};
use super::number::Style;
use crate::error::DataError;
use crate::kind::MissingWords;
use crate::kind::clock::typed;

/// A column in construction. A cell that does not fit the column's type becomes null.
pub(in crate::source) enum Builder {
    Flag(BooleanBuilder),
    Integer(Style, Int64Builder),
    Number(Style, Float64Builder),
    /// Counts of the type of a format.
    Date(Format, Int64Builder),
    Text(StringBuilder),
    /// Cells as they are.
    Cells(StringBuilder),
}

impl Builder {
    /// A column of cells exactly as they are.
    pub(in crate::source) fn cells() -> Self {
        Self::Cells(StringBuilder::new())
    }

    pub(in crate::source) fn new(cells: Cells) -> Self {
        match cells {
            Cells::Flag => Self::Flag(BooleanBuilder::new()),
            Cells::Integer(style) => Self::Integer(style, Int64Builder::new()),
            Cells::Number(style) => Self::Number(style, Float64Builder::new()),
            Cells::Date(format) => Self::Date(format, Int64Builder::new()),
            Cells::Text => Self::Text(StringBuilder::new()),
        }
    }

    /// Adds a cell, which is null where it is missing in every column.
    pub(in crate::source) fn add(&mut self, cell: &str, missing: &MissingWords) {
        if let Self::Cells(builder) = self {
            return builder.append_value(cell);
        }
        let cell = match cell.trim() {
            cell if missing.everywhere(cell) => "",
            cell => cell,
        };
        match self {
            Self::Cells(_) => {}
            Self::Flag(builder) => builder.append_option(flag(cell)),
            Self::Integer(style, builder) => builder.append_option(style.integer(cell)),
            Self::Number(style, builder) => builder.append_option(style.number(cell)),
            Self::Date(format, builder) => builder.append_option(format.count(cell)),
            Self::Text(builder) => builder.append_option((!cell.is_empty()).then_some(cell)),
        }
    }

    /// The column.
    ///
    /// # Errors
    /// [`DataError::Arrow`], which no column of a known type meets.
    pub(in crate::source) fn finish(self) -> Result<ArrayRef, DataError> {
        Ok(match self {
            Self::Flag(mut builder) => Arc::new(builder.finish()),
            Self::Integer(_, mut builder) => Arc::new(builder.finish()),
            Self::Number(_, mut builder) => Arc::new(builder.finish()),
            Self::Date(format, mut builder) => typed(&builder.finish(), &format.data_type)?,
            Self::Text(mut builder) | Self::Cells(mut builder) => Arc::new(builder.finish()),
        })
    }
}
