//! What every kind must answer itself; all other questions follow from its [`Form`].

use arrow::array::ArrayRef;
use arrow::datatypes::Field as ArrowField;

use super::{Form, Parsed};
use crate::batch::{Column, Values};
use crate::error::DataError;

/// What was fitted to the training records of one field.
pub(super) trait Statistics {
    /// The name of the kind.
    fn name(&self) -> &'static str;

    /// The form in which a model takes the values.
    fn form(&self) -> Form<'_>;

    /// The Arrow column that `decode` gives.
    fn arrow_field(&self, name: &str) -> ArrowField;

    /// An Arrow column as the model takes it; nulls are not observed.
    fn encode(&self, field: &ArrowField, array: &ArrayRef) -> Result<Column, DataError>;

    /// Values back in the units and the type of the data. With `uniforms`, a draw in [0, 1) for each record, what
    /// stands for several values is drawn: a number within its bin, a rare level in proportion to its count.
    fn decode(&self, field: &str, values: &Values, uniforms: Option<&[f32]>) -> Result<ArrayRef, DataError>;

    /// What `encode` gives of the column that `decode` gives.
    fn settle(&self, field: &str, values: &Values, uniforms: Option<&[f32]>) -> Result<Column, DataError>;

    /// A value as a person types it.
    fn parse(&self, field: &str, text: &str) -> Result<Parsed, DataError>;

    /// What is wrong with the statistics, if anything; for schemas read from a file.
    fn damage(&self) -> Option<String> {
        None
    }

    /// What it holds, in short facts.
    fn describe(&self) -> Vec<String>;

    /// What a person should know about the column `name` of new records.
    fn note(&self, _name: &str) -> Option<String> {
        None
    }

    /// A number as its files write it, if they do so in a way of their own, as dates are.
    fn number_text(&self, _number: f64) -> Option<String> {
        None
    }

    /// The format of the texts of its files, if it has one.
    fn format(&self) -> Option<&str> {
        None
    }

    /// What the error of a reconstruction measures.
    fn error_measure(&self) -> &'static str {
        "share that differs"
    }
}

/// The values of a column are of another form than its field.
pub(super) fn wrong_values(field: &str, kind: &dyn Statistics, values: &Values) -> DataError {
    DataError::FieldType {
        field: field.to_owned(),
        expected: kind.name().to_owned(),
        found: values.kind_name().to_owned(),
    }
}
