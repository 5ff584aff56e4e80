//! A column of a table while its cells are read.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Date32Builder, Float64Builder, Int64Builder, StringBuilder,
    TimestampSecondBuilder,
};
use arrow::datatypes::Date32Type;

use super::date::{Format, read};
use super::guess::{Cells, flag};
use super::number::Style;
use crate::kind::is_missing;

/// A column while it grows. A cell that is not of the column's type is not known.
pub(in crate::source) enum Builder {
    Flag(BooleanBuilder),
    Integer(Style, Int64Builder),
    Number(Style, Float64Builder),
    Day(Format, Date32Builder),
    Time(Format, TimestampSecondBuilder),
    Text(StringBuilder),
}

impl Builder {
    pub(in crate::source) fn new(cells: Cells) -> Self {
        match cells {
            Cells::Flag => Self::Flag(BooleanBuilder::new()),
            Cells::Integer(style) => Self::Integer(style, Int64Builder::new()),
            Cells::Number(style) => Self::Number(style, Float64Builder::new()),
            Cells::Date(format) if format.time => Self::Time(format, TimestampSecondBuilder::new()),
            Cells::Date(format) => Self::Day(format, Date32Builder::new()),
            Cells::Text => Self::Text(StringBuilder::new()),
        }
    }

    pub(in crate::source) fn add(&mut self, cell: &str) {
        let cell = cell.trim();
        match self {
            Self::Flag(builder) => builder.append_option(flag(cell)),
            Self::Integer(style, builder) => builder.append_option(style.integer(cell)),
            Self::Number(style, builder) => builder.append_option(style.number(cell)),
            Self::Day(format, builder) => {
                let day = read(format.text, cell, false).map(|time| Date32Type::from_naive_date(time.date()));
                builder.append_option(day);
            }
            Self::Time(format, builder) => {
                let time = read(format.text, cell, true).map(|time| time.and_utc().timestamp());
                builder.append_option(time);
            }
            Self::Text(builder) => builder.append_option((!is_missing(cell)).then_some(cell)),
        }
    }

    pub(in crate::source) fn finish(self) -> ArrayRef {
        match self {
            Self::Flag(mut builder) => Arc::new(builder.finish()),
            Self::Integer(_, mut builder) => Arc::new(builder.finish()),
            Self::Number(_, mut builder) => Arc::new(builder.finish()),
            Self::Day(_, mut builder) => Arc::new(builder.finish()),
            Self::Time(_, mut builder) => Arc::new(builder.finish()),
            Self::Text(mut builder) => Arc::new(builder.finish()),
        }
    }
}
