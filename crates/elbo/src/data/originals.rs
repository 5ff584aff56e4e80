//! The records that a verb works on, as the data have them: which columns its output has, and what stays in them.
//!
//! The output of a table has the columns of the table, in their order and types, and behind them the fields of the
//! model that the table lacks. A known value is copied, and never encoded and decoded.

use std::sync::Arc;

use elbo_data::arrow::array::{Array, ArrayRef, BooleanArray, StringArray, new_empty_array, new_null_array};
use elbo_data::arrow::compute::kernels::zip::zip;
use elbo_data::arrow::compute::{can_cast_types, is_not_null, is_null};
use elbo_data::arrow::datatypes::{DataType, Field, Schema as ArrowSchema, SchemaRef};
use elbo_data::arrow::error::ArrowError;
use elbo_data::arrow::record_batch::RecordBatch;
use elbo_data::column::image_shape;
use elbo_data::kind::as_written;
use elbo_data::rules::{Change, Draws, Hold};
use elbo_data::{DataError, Kind, Layout, Source};

use super::item::Item;
use crate::model::opened::Opened;

/// When a value of a record stays as it is.
#[derive(Clone, Copy)]
pub(crate) enum Stays {
    /// Wherever the record has one.
    Known,
    /// Where no value was generated.
    NotGenerated,
    /// Never, and what was generated does not change either: it was asked for.
    AskedFor,
}

/// The columns of a verb's output.
pub(crate) struct Originals {
    opened: Arc<Opened>,
    source: Arc<dyn Source>,
    columns: Vec<Column>,
    /// The positions in the source of the fields and of the stored columns that are read.
    typed: Vec<usize>,
    stored: Vec<usize>,
    schema: SchemaRef,
}

/// A column of the output.
struct Column {
    /// Its position in the verb's records; none for a column that the model does not know.
    field: Option<usize>,
    /// When its values stay.
    stays: Option<Stays>,
    /// Its places among the typed and the stored columns that are read.
    typed: Option<usize>,
    stored: Option<usize>,
    output: Field,
}

impl Originals {
    /// Of `source`; `stays` says when a field of the model's schema stays, if ever.
    pub(crate) fn new(
        opened: &Arc<Opened>,
        source: Arc<dyn Source>,
        stays: impl Fn(usize) -> Option<Stays>,
    ) -> Self {
        let mut originals = Self {
            opened: Arc::clone(opened),
            columns: Vec::new(),
            typed: Vec::new(),
            stored: Vec::new(),
            schema: Arc::new(ArrowSchema::empty()),
            source,
        };
        let records = &opened.record_schema;
        let stored = originals.source.stored_schema();
        let mut taken = vec![false; records.fields().len()];
        if !has_pictures(records) && !has_pictures(&originals.source.arrow_schema()) {
            for (place, column) in stored.fields().iter().enumerate() {
                let field = records.column_with_name(column.name()).map(|(field, _)| field);
                field.into_iter().for_each(|field| taken[field] = true);
                // A column that is not read is copied, as one that the model has never met.
                let read = originals.source.arrow_schema();
                let field = field.filter(|_| read.column_with_name(column.name()).is_some());
                let field = field.map(|field| (field, records.field(field)));
                originals.add_stored(place, column, field, &stays);
            }
        }
        for field in (0..taken.len()).filter(|field| !taken[*field]) {
            originals.add_field(field, records.field(field), stays(field));
        }
        let fields = originals.columns.iter().map(|column| column.output.clone());
        let mut metadata = stored.metadata().clone();
        if originals.columns.iter().any(|column| column.stored.is_none()) {
            metadata = Layout::of(&stored).with_header().among(metadata);
        }
        originals.schema = Arc::new(ArrowSchema::new_with_metadata(
            fields.collect::<Vec<_>>(),
            metadata,
        ));
        originals
    }

    /// A stored column, which may be a field of the model.
    fn add_stored(
        &mut self,
        place: usize,
        stored: &Field,
        field: Option<(usize, &Field)>,
        stays: impl Fn(usize) -> Option<Stays>,
    ) {
        let typed = self.source.arrow_schema();
        let typed = typed.column_with_name(stored.name());
        let own = |own: &Field| Field::new(stored.name(), own.data_type().clone(), true);
        let output = match (self.source.stores_text(), field, &typed) {
            (true, Some((place, field)), Some((_, typed))) => self.laid_out(place, field, typed),
            (true, Some((_, field)), None) => field.clone(),
            (true, None, Some((_, typed))) => own(&shown(typed)),
            (false, Some((_, field)), _) if !can_cast_types(field.data_type(), stored.data_type()) => {
                field.clone()
            }
            _ => own(stored)
                .with_nullable(stored.is_nullable() || !self.stays_whole(stored, field, &stays))
                .with_metadata(stored.metadata().clone()),
        };
        let mut metadata = output.metadata().clone();
        metadata.extend(stored.metadata().clone());
        let output = output.with_metadata(metadata);
        let typed = typed.map(|(typed, _)| place_of(&mut self.typed, typed));
        self.columns.push(Column {
            field: field.map(|(field, _)| field),
            stays: field.and_then(|(field, _)| stays(field)),
            typed,
            stored: Some(place_of(&mut self.stored, place)),
            output,
        });
    }

    /// A field of the model in a file of text, which may write it in another way than the file of the training did.
    fn laid_out(&self, place: usize, field: &Field, typed: &Field) -> Field {
        let values = new_empty_array(field.data_type());
        match self.kind(place).as_column(&values, typed) {
            Ok(Some(values)) => field.clone().with_data_type(values.data_type().clone()),
            _ => field.clone(),
        }
    }

    /// Whether a stored column that has no nulls gets none: it is copied, or its gaps are filled. Without a null, NaN and
    /// words can still mean that a value is missing.
    fn stays_whole(
        &self,
        stored: &Field,
        field: Option<(usize, &Field)>,
        stays: impl Fn(usize) -> Option<Stays>,
    ) -> bool {
        let Some((field, _)) = field else {
            return true;
        };
        let of = stored.data_type();
        let has_gaps = of.is_floating()
            || of.is_string()
            || matches!(of, DataType::Dictionary(..))
            || !self.opened.config.data.missing.is_empty();
        matches!(stays(field), Some(Stays::Known)) && (!has_gaps || self.opened.x_fields.contains(&field))
    }

    /// A field of the model that no stored column is shown for.
    fn add_field(&mut self, field: usize, output: &Field, stays: Option<Stays>) {
        let source = self.source.arrow_schema();
        let found = source.column_with_name(output.name());
        let found = found.filter(|(_, arrow)| reads(stays) && image_shape(arrow).is_none());
        self.columns.push(Column {
            field: Some(field),
            stays,
            typed: found.map(|(column, _)| place_of(&mut self.typed, column)),
            stored: None,
            output: output.clone(),
        });
    }

    fn kind(&self, field: usize) -> &Kind {
        &self.opened.schema.fields[field].kind
    }

    /// The columns of the output.
    pub(crate) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// Whether the column at this place among those read is shown as it is written, not as what that stands for.
    fn is_text(&self, typed: usize) -> bool {
        let column = self.columns.iter().find(|column| column.typed == Some(typed));
        let field = column.and_then(|column| column.field);
        field.is_none_or(|field| {
            matches!(
                self.kind(field),
                Kind::Category(_) | Kind::Text(_) | Kind::Ignored(_)
            )
        })
    }

    /// Values of the model as the file writes the column, if it is a file of text that shows how.
    fn as_the_file(&self, column: &Column, values: &ArrayRef) -> Result<Option<ArrayRef>, DataError> {
        let (Some(field), Some(_), Some(typed)) = (column.field, column.stored, column.typed) else {
            return Ok(None);
        };
        let source = self.source.arrow_schema();
        self.kind(field)
            .as_column(values, source.field(self.typed[typed]))
    }

    /// The values of `rows`, all of which can be read.
    pub(crate) fn read(&self, rows: &[u64]) -> Result<Known<'_>, DataError> {
        let arrow = self.source.arrow_schema();
        let typed = match self.typed.is_empty() {
            true => Vec::new(),
            false => {
                let read = self.source.read_columns(rows, &self.typed)?;
                let columns = self.typed.iter().zip(read.batch.columns());
                let columns = columns
                    .enumerate()
                    .map(|(place, (column, array))| match self.is_text(place) {
                        true => as_written(arrow.field(*column), array),
                        false => Arc::clone(array),
                    });
                columns.collect()
            }
        };
        let stored = match self.stored.is_empty() {
            true => Vec::new(),
            false => self.source.stored(rows, &self.stored)?.columns().to_vec(),
        };
        Ok(Known {
            of: self,
            typed,
            stored,
        })
    }
}

/// How firmly a value stands that is `kept` or was generated.
fn hold(stays: Option<Stays>, kept: bool) -> Hold {
    match (stays, kept) {
        (Some(Stays::AskedFor), _) | (Some(Stays::Known), true) => Hold::Fixed,
        (Some(Stays::NotGenerated), true) => Hold::Kept,
        _ => Hold::Free,
    }
}

/// A column as [`as_written`] gives it.
fn shown(field: &Field) -> Field {
    let shown = as_written(field, &new_empty_array(field.data_type()));
    Field::new(field.name(), shown.data_type().clone(), true)
}

/// Whether values of the data stay now and then.
fn reads(stays: Option<Stays>) -> bool {
    matches!(stays, Some(Stays::Known | Stays::NotGenerated))
}

fn has_pictures(schema: &ArrowSchema) -> bool {
    schema.fields().iter().any(|field| image_shape(field).is_some())
}

/// The place of a column among those that are read.
fn place_of(read: &mut Vec<usize>, column: usize) -> usize {
    let place = read.iter().position(|read| *read == column);
    place.unwrap_or_else(|| {
        read.push(column);
        read.len() - 1
    })
}

/// The values of some records.
pub(crate) struct Known<'a> {
    of: &'a Originals,
    typed: Vec<ArrayRef>,
    stored: Vec<ArrayRef>,
}

impl Known<'_> {
    /// The generated values of the same records, with what stays in its place. Nothing is random without `draws`.
    pub(crate) fn over(&self, generated: &RecordBatch, draws: Option<Draws>) -> Result<Item, DataError> {
        let texts = self.of.source.stores_text();
        let (mut columns, mut written) = (Vec::new(), Vec::new());
        let values = self
            .of
            .columns
            .iter()
            .map(|column| self.values(column, generated));
        let mut values = values.collect::<Result<Vec<_>, _>>()?;
        self.keep_rules(&mut values, generated, draws)?;
        for (column, (values, kept)) in self.of.columns.iter().zip(values) {
            let stored = column.stored.map(|place| &self.stored[place]);
            written.push(match stored.filter(|_| texts) {
                Some(cells) => where_kept(cells, &kept)?,
                None => new_null_array(&DataType::Utf8, values.len()),
            });
            columns.push(match stored.filter(|_| !texts) {
                Some(stored) if stored.data_type() == column.output.data_type() => {
                    let values = match column.field {
                        Some(field) => self.of.kind(field).in_type(&values, stored.data_type())?,
                        None => Arc::clone(stored),
                    };
                    zip(&kept, stored, &values)?
                }
                None if texts => self.of.as_the_file(column, &values)?.unwrap_or(values),
                _ => values,
            });
        }
        Ok(Item {
            batch: RecordBatch::try_new(self.of.schema(), columns)?,
            written: texts.then_some(written),
        })
    }

    /// Changes what was generated, and as a last resort what was not generated but could have been, so that the rules
    /// of the run hold. What changes is not copied.
    fn keep_rules(
        &self,
        values: &mut [(ArrayRef, BooleanArray)],
        generated: &RecordBatch,
        draws: Option<Draws>,
    ) -> Result<(), DataError> {
        let keeper = &self.of.opened.keeper;
        if keeper.is_empty() {
            return Ok(());
        }
        let mut columns = generated.columns().to_vec();
        let mut held = vec![Vec::new(); columns.len()];
        let fields = || self.of.columns.iter().map(|column| (column.field, column.stays));
        for ((field, stays), (values, kept)) in fields().zip(&*values) {
            let Some(field) = field else { continue };
            columns[field] = Arc::clone(values);
            held[field] = kept.values().iter().map(|kept| hold(stays, kept)).collect();
        }
        let changed = keeper.make(&mut columns, &held, Change::Any, draws)?;
        for ((field, _), (values, kept)) in fields().zip(values) {
            let Some(field) = field.filter(|field| !changed[*field].is_empty()) else {
                continue;
            };
            *values = Arc::clone(&columns[field]);
            let still = kept.values().iter().zip(&changed[field]);
            *kept = still.map(|(kept, changed)| Some(kept && !changed)).collect();
        }
        Ok(())
    }

    /// The values of a column, and which of them are copied.
    fn values(
        &self,
        column: &Column,
        generated: &RecordBatch,
    ) -> Result<(ArrayRef, BooleanArray), DataError> {
        let known = column.typed.map(|place| &self.typed[place]);
        let Some(field) = column.field else {
            let stored = column.stored.map(|place| &self.stored[place]);
            let values = known.or(stored).cloned();
            let values =
                values.unwrap_or_else(|| new_null_array(column.output.data_type(), generated.num_rows()));
            let all = BooleanArray::from(vec![true; values.len()]);
            return Ok((values, all));
        };
        let generated = generated.column(field);
        let none = || {
            (
                Arc::clone(generated),
                BooleanArray::from(vec![false; generated.len()]),
            )
        };
        let (Some(known), Some(stays)) = (known, column.stays) else {
            return Ok(none());
        };
        // A column whose types have nothing in common is left as it was generated.
        let Ok(known) = self.of.kind(field).in_type(known, generated.data_type()) else {
            return Ok(none());
        };
        let kept = match stays {
            Stays::Known => is_not_null(&known)?,
            Stays::NotGenerated => is_null(generated)?,
            Stays::AskedFor => return Ok(none()),
        };
        Ok((zip(&kept, &known, generated)?, kept))
    }
}

/// The cells that are kept; the others are null.
fn where_kept(cells: &ArrayRef, kept: &BooleanArray) -> Result<ArrayRef, ArrowError> {
    zip(kept, cells, &StringArray::new_null(cells.len()))
}
