//! Values that are written as asked for: of columns that the model does not know, such as identifiers, and rare levels,
//! which it knows only together.

use std::collections::BTreeMap;
use std::sync::Arc;

use elbo_data::DataError;
use elbo_data::arrow::array::{Array, ArrayRef, StringArray};
use elbo_data::arrow::compute::kernels::zip::zip;
use elbo_data::arrow::compute::{CastOptions, cast_with_options, is_not_null};
use elbo_data::arrow::record_batch::RecordBatch;

use super::syntax;
use crate::error::Error;
use crate::events::Warning;
use crate::model::opened::Opened;

/// Values by the position of their column in the schema.
#[derive(Default)]
pub(crate) struct Copied(BTreeMap<usize, Values>);

enum Values {
    /// The same for every record.
    One(String),
    /// One for each record.
    Rows(Vec<Option<String>>),
}

impl Copied {
    /// Takes the requests for such columns; the others are conditions. Rare levels are both.
    ///
    /// # Errors
    /// A value that its column cannot hold.
    pub(crate) fn split(
        opened: &Opened,
        requests: &[(String, String)],
    ) -> Result<(Self, Vec<(String, String)>), Error> {
        let (mut copied, mut others) = (Self::default(), Vec::new());
        for (name, text) in requests {
            let known = |name: &str| opened.schema.fields.iter().any(|field| field.name == name);
            let (column, value) = syntax::split(known, name, text);
            let unknown = opened.unknown_to_model(&column);
            if unknown.is_none() {
                others.push((name.clone(), text.clone()));
            }
            if let Some(position) = unknown.or_else(|| opened.rare_level(&column, &value)) {
                copied.take(opened, position, Values::One(value))?;
            } else if let Ok((position, _)) = opened.schema.field(&column) {
                // The last request of a field is the one that holds.
                copied.0.remove(&position);
            }
        }
        Ok((copied, others))
    }

    /// Takes a column of a table of requests, of which each cell may be empty. Of a condition only the rare levels are
    /// taken.
    ///
    /// # Errors
    /// A value that its column cannot hold.
    pub(super) fn take_rows(
        &mut self,
        opened: &Opened,
        name: &str,
        cells: Vec<Option<String>>,
    ) -> Result<(), Error> {
        if let Some(position) = opened.unknown_to_model(name) {
            return self.take(opened, position, Values::Rows(cells));
        }
        let rare = |cell: &Option<String>| cell.as_ref().and_then(|cell| opened.rare_level(name, cell));
        match cells.iter().find_map(rare) {
            None => Ok(()),
            Some(position) => {
                let rare = cells
                    .iter()
                    .map(|cell| cell.clone().filter(|_| rare(cell).is_some()));
                self.take(opened, position, Values::Rows(rare.collect()))
            }
        }
    }

    fn take(&mut self, opened: &Opened, position: usize, values: Values) -> Result<(), Error> {
        let texts: StringArray = match &values {
            Values::One(text) => [Some(text)].into_iter().collect(),
            Values::Rows(cells) => cells.iter().map(Option::as_ref).collect(),
        };
        in_type_of(opened, position, texts)?;
        self.0.insert(position, values);
        Ok(())
    }

    /// What the user should know.
    pub(crate) fn warnings(&self, opened: &Opened) -> Vec<Warning> {
        let names = self.0.keys().map(|position| &opened.schema.fields[*position]);
        let warnings = names.filter_map(|field| {
            let reason = &field.kind.ignored()?.reason;
            Some(Warning::Request(format!(
                "the model does not know `{}` ({reason}): it is written as asked for, and nothing depends on it",
                field.name
            )))
        });
        warnings.collect()
    }

    /// The records with these numbers, with the values in their places.
    ///
    /// # Errors
    /// None that [`Self::split`] has not found.
    pub(crate) fn over(
        &self,
        opened: &Opened,
        records: RecordBatch,
        rows: &[u64],
    ) -> Result<RecordBatch, Error> {
        if self.0.is_empty() {
            return Ok(records);
        }
        let mut columns = records.columns().to_vec();
        for (position, values) in &self.0 {
            let texts = rows.iter().map(|row| match values {
                Values::One(text) => Some(text),
                Values::Rows(cells) => cells.get(*row as usize)?.as_ref(),
            });
            let asked = in_type_of(opened, *position, texts.collect())?;
            let known = is_not_null(&asked).map_err(DataError::from)?;
            columns[*position] = zip(&known, &asked, &columns[*position]).map_err(DataError::from)?;
        }
        Ok(RecordBatch::try_new(records.schema(), columns).map_err(DataError::from)?)
    }
}

/// Texts in the type of a column.
fn in_type_of(opened: &Opened, position: usize, texts: StringArray) -> Result<ArrayRef, Error> {
    let field = opened.record_schema.field(position);
    let texts: ArrayRef = Arc::new(texts);
    let options = CastOptions {
        safe: true,
        ..CastOptions::default()
    };
    let values = cast_with_options(&texts, field.data_type(), &options).map_err(DataError::from)?;
    let lost = (0..texts.len()).find(|row| texts.is_valid(*row) && values.is_null(*row));
    match lost {
        None => Ok(values),
        Some(row) => Err(Error::bad_argument(
            "SampleRequest::given",
            format!("{}={}", field.name(), text_of(&texts, row)),
            "a value of the column's type",
        )),
    }
}

fn text_of(texts: &ArrayRef, row: usize) -> String {
    elbo_data::arrow::util::display::array_value_to_string(texts, row).unwrap_or_default()
}

impl Opened {
    /// The position of a column that is neither modelled nor given, but may be written.
    pub(super) fn unknown_to_model(&self, name: &str) -> Option<usize> {
        let mut fields = self.schema.fields.iter();
        fields.position(|field| field.name == name && field.kind.is_ignored())
    }

    /// The position of a field, if this is one of its rare levels.
    fn rare_level(&self, name: &str, level: &str) -> Option<usize> {
        let (position, field) = self.schema.field(name).ok()?;
        let rare = field.kind.category()?.rare.as_ref()?;
        rare.contains(level).then_some(position)
    }
}
