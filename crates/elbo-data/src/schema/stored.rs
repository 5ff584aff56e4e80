//! The types that columns have in data which know types, such as Parquet files: new records have them too.

use arrow::datatypes::{DataType, Field as ArrowField};

use super::{Field, Schema};
use crate::error::DataError;
use crate::kind::Kind;
use crate::kind::ignored::{Ignored, unread};
use crate::source::Source;

/// The largest fixed size of a list or of bytes: a type in the file of a run must not fill memory.
const LARGEST: i32 = 1 << 16;

impl Schema {
    /// Takes note of the types of the columns of `source`, and adds those that are not read as fields, in their places.
    pub(super) fn stored_by(mut self, source: &dyn Source) -> Self {
        if !source.knows_types() {
            return self;
        }
        let mut fields = Vec::with_capacity(self.fields.len());
        for column in source.stored_schema().fields() {
            let place = self.fields.iter().position(|field| field.name == *column.name());
            fields.push(match place {
                Some(place) => with_type(self.fields.remove(place), column),
                None => left_out(column),
            });
        }
        fields.append(&mut self.fields);
        self.fields = fields;
        self
    }

    /// The column of new records, in the type that the data have.
    ///
    /// # Errors
    /// [`DataError::UnknownField`] where there is no such field.
    pub fn stored_field(&self, field: usize) -> Result<ArrowField, DataError> {
        let own = self.arrow_field(field)?;
        let stored = self.at(field)?.stored.as_ref();
        let stored = stored.and_then(|stored| stored.parse().ok()).filter(small);
        Ok(match stored {
            Some(data_type) => own.with_data_type(data_type),
            None => own,
        })
    }
}

fn with_type(field: Field, column: &ArrowField) -> Field {
    let own = field.kind.arrow_field(&field.name);
    let other = own.data_type() != column.data_type() && field.kind.image().is_none();
    Field {
        stored: other.then(|| column.data_type().to_string()),
        ..field
    }
}

/// A column that is not read.
fn left_out(column: &ArrowField) -> Field {
    Field {
        name: column.name().clone(),
        missing: 0,
        missing_by_chance: false,
        records: 0,
        missing_word: None,
        stored: Some(column.data_type().to_string()),
        kind: Kind::Ignored(Ignored::new(unread(column.data_type()))),
    }
}

/// Whether no part of a type is of a very large fixed size.
fn small(data_type: &DataType) -> bool {
    match data_type {
        DataType::FixedSizeBinary(size) => *size <= LARGEST,
        DataType::FixedSizeList(field, size) => *size <= LARGEST && small(field.data_type()),
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::ListView(field)
        | DataType::LargeListView(field)
        | DataType::Map(field, _) => small(field.data_type()),
        DataType::Struct(fields) => fields.iter().all(|field| small(field.data_type())),
        DataType::Dictionary(_, values) => small(values),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn huge_types_are_not_taken_over() {
        let parsed = |text: &str| text.parse::<DataType>().unwrap();
        assert!(small(&parsed("FixedSizeBinary(16)")));
        assert!(!small(&parsed("FixedSizeBinary(2000000000)")));
        assert!(!small(&parsed("List(FixedSizeList(2000000000 x Int64))")));
    }
}
