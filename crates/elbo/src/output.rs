//! Where a verb's records go: a table, a file of texts, a grid in one `.png`, an `.npy` array, or a folder of pictures.
//!
//! A layer over the verbs: they return records, and an [`Output`] writes them, while they are computed where its form
//! allows it. What was there before is replaced only once all is written.

pub(crate) mod grids;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use elbo_data::arrow::array::{Array, ArrayRef};
use elbo_data::arrow::datatypes::{Field, SchemaRef};
use elbo_data::arrow::record_batch::RecordBatch;
pub use elbo_data::atomic::remove_unfinished;
use elbo_data::atomic::{self, Existing};
use elbo_data::column::{image_pixels, image_shape};
use elbo_data::error::Cause;
use elbo_data::sink::{self, Parts};
use elbo_data::{DataError, Layout};
use serde::Serialize;

use crate::data::Records;
use crate::data::records::concat;
use crate::error::Error;
use crate::model::Model;
use crate::picture::{GridLayout, grid, save};

/// Where to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputOptions {
    /// A file or a folder; its ending selects the format.
    pub path: PathBuf,
    /// Replace an existing output.
    pub force: bool,
}

/// A place for records that was free, or may be replaced, when it was checked.
#[derive(Clone, Debug)]
pub struct Output {
    path: PathBuf,
    form: Form,
    force: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Grid,
    Array,
    Folder,
    Table,
    Lines,
}

/// A verb's report with the place that its records were written to.
#[derive(Clone, Debug, Serialize)]
pub struct Written<R> {
    /// Where the records are.
    pub out: PathBuf,
    /// What the verb reports.
    #[serde(flatten)]
    pub report: R,
}

impl Output {
    /// Parses the path and checks that it can be written, before the work begins.
    ///
    /// # Errors
    /// A name whose ending is no known format; an existing output that must not be replaced.
    pub fn check(options: &OutputOptions) -> Result<Self, Error> {
        let path = &options.path;
        let form = match extension(path).as_deref() {
            Some("png") => Form::Grid,
            Some("npy") => Form::Array,
            Some("txt") => Form::Lines,
            None => Form::Folder,
            Some(_) if sink::is_table(path) => Form::Table,
            Some(_) => {
                return Err(bad_path(
                    path,
                    "a table (.csv, .csv.gz, .tsv, .parquet), a `.txt` of texts, a `.png` grid, an `.npy` array, \
                     or a folder",
                ));
            }
        };
        let output = Self {
            path: path.clone(),
            form,
            force: options.force,
        };
        match form {
            Form::Folder => sink::check_folder(path, output.existing())?,
            Form::Grid | Form::Array | Form::Table | Form::Lines => atomic::check(path, output.existing())?,
        }
        Ok(output)
    }

    /// As [`Output::check`], of a table of any length.
    ///
    /// # Errors
    /// The same errors.
    pub fn check_table(options: &OutputOptions) -> Result<Self, Error> {
        const ENDINGS: [&str; 5] = [".csv", ".csv.gz", ".tsv", ".parquet", ".npy"];
        let name = options.path.to_string_lossy().to_lowercase();
        match ENDINGS.iter().any(|ending| name.ends_with(ending)) {
            true => {
                atomic::check(&options.path, existing(options.force))?;
                Ok(Self {
                    path: options.path.clone(),
                    form: Form::Table,
                    force: options.force,
                })
            }
            false => Err(bad_path(
                &options.path,
                "a `.csv`, `.csv.gz`, `.tsv`, `.parquet` or `.npy` file",
            )),
        }
    }

    /// As [`Output::check`], of one picture.
    ///
    /// # Errors
    /// The same errors.
    pub fn check_picture(options: &OutputOptions) -> Result<Self, Error> {
        match extension(&options.path).as_deref() {
            Some("png") => Self::check(options),
            _ => Err(bad_path(&options.path, "a `.png` file")),
        }
    }

    /// Whether the records of this model can be written in this form.
    ///
    /// # Errors
    /// The forms that they can be written in.
    pub fn suits(&self, model: &Model) -> Result<(), Error> {
        let (pictures, text) = (
            model.opened.image().is_some(),
            model.opened.text_field().is_some(),
        );
        let (fits, takes) = match (pictures, self.form) {
            (true, Form::Table | Form::Lines) => (
                false,
                "a `.png` grid, an `.npy` array or a folder: the records have pictures",
            ),
            (false, Form::Grid | Form::Array | Form::Folder) => (
                false,
                "a table (.csv, .csv.gz, .tsv, .parquet): the records have no pictures",
            ),
            (false, Form::Lines) => (
                text,
                "a table (.csv, .csv.gz, .tsv, .parquet): no text is modelled",
            ),
            (true, Form::Grid | Form::Array | Form::Folder) | (false, Form::Table) => (true, ""),
        };
        match fits {
            true => Ok(()),
            false => Err(bad_path(&self.path, takes)),
        }
    }

    /// As [`Output::suits`], of a verb that shows a few records together: pictures in a grid, others in a table.
    ///
    /// # Errors
    /// The same errors.
    pub fn suits_sheet(&self, model: &Model) -> Result<(), Error> {
        let takes = match model.opened.image() {
            Some(_) if self.form != Form::Grid => "a `.png` file",
            None if self.form != Form::Table => {
                "a table (.csv, .csv.gz, .tsv, .parquet): there are no pictures"
            }
            _ => return Ok(()),
        };
        Err(bad_path(&self.path, takes))
    }

    /// Whether all records are looked at together, so that there should not be too many.
    pub fn is_grid(&self) -> bool {
        self.form == Form::Grid
    }

    /// Writes the records of a verb while they are computed, where the form allows it.
    ///
    /// # Errors
    /// Whatever stops the verb; a place that cannot be written.
    pub fn write<R: Clone>(&self, model: &Model, records: &mut Records<R>) -> Result<Written<R>, Error> {
        let (schema, first) = (records.schema(), records.first());
        let as_text = sink::writes_text(&self.path);
        self.write_parts(model, &schema, first, |take| {
            while let Some(item) = records.next_item() {
                let item = item?;
                take(&if as_text { item.as_text()? } else { item.batch })?;
            }
            Ok(())
        })?;
        Ok(self.written(records.report().clone()))
    }

    /// Writes records that are in memory.
    ///
    /// # Errors
    /// A place that cannot be written.
    pub fn write_batch(&self, model: &Model, records: &RecordBatch) -> Result<(), Error> {
        self.write_parts(model, &records.schema(), 0, |take| take(records))
    }

    /// Writes a table of records behind other columns; a column whose name a field has gets another one.
    ///
    /// # Errors
    /// A place that cannot be written.
    pub fn write_labelled(
        &self,
        model: &Model,
        records: &RecordBatch,
        labels: Vec<(&str, ArrayRef)>,
    ) -> Result<(), Error> {
        let schema = records.schema();
        let free = |name: &str| {
            let mut name = name.to_owned();
            while schema.column_with_name(&name).is_some() {
                name.push('_');
            }
            name
        };
        let (mut fields, mut columns) = (Vec::new(), Vec::new());
        for (name, column) in labels {
            fields.push(Arc::new(Field::new(free(name), column.data_type().clone(), true)));
            columns.push(column);
        }
        fields.extend(schema.fields().iter().cloned());
        columns.extend(records.columns().iter().cloned());
        let schema = Layout::of(&schema).schema(fields);
        let table = RecordBatch::try_new(schema, columns).map_err(DataError::from)?;
        self.write_batch(model, &table)
    }

    /// A report with the place that was written to.
    pub fn written<R>(&self, report: R) -> Written<R> {
        Written {
            out: self.path.clone(),
            report,
        }
    }

    /// Writes records of `schema` from the `first` on, handed over part by part.
    fn write_parts(
        &self,
        model: &Model,
        schema: &SchemaRef,
        first: u64,
        parts: impl FnOnce(Parts) -> Result<(), Cause>,
    ) -> Result<(), Error> {
        match self.form {
            Form::Table => self.write_table(schema, parts),
            Form::Lines => self.write_lines(model, schema, parts),
            Form::Array => self.write_array(model, parts),
            Form::Folder => self.write_folder(model, schema, first as usize, parts),
            Form::Grid => {
                let mut all = Vec::new();
                let keep = parts(&mut |batch| {
                    all.push(batch.clone());
                    Ok(())
                });
                keep.map_err(cause_of)?;
                let image = model.opened.image_or_error()?;
                let pictures = model.opened.pictures_of(&concat(schema, &all)?, &image);
                save(&grid(&pictures, &GridLayout::default()), &self.path, self.force)
            }
        }
    }

    fn write_lines(
        &self,
        model: &Model,
        schema: &SchemaRef,
        parts: impl FnOnce(Parts) -> Result<(), Cause>,
    ) -> Result<(), Error> {
        let field = model.opened.text_field().unwrap_or_default();
        let name = model.opened.record_schema.field(field).name();
        let column = schema.index_of(name).map_err(DataError::from)?;
        self.write_columns(schema, vec![column], parts)
    }

    /// A table has no place for pictures: those that are given are left out.
    fn write_table(
        &self,
        schema: &SchemaRef,
        parts: impl FnOnce(Parts) -> Result<(), Cause>,
    ) -> Result<(), Error> {
        let columns =
            (0..schema.fields().len()).filter(|column| image_shape(schema.field(*column)).is_none());
        self.write_columns(schema, columns.collect(), parts)
    }

    fn write_columns(
        &self,
        schema: &SchemaRef,
        columns: Vec<usize>,
        parts: impl FnOnce(Parts) -> Result<(), Cause>,
    ) -> Result<(), Error> {
        let kept = Arc::new(schema.project(&columns).map_err(DataError::from)?);
        sink::write_batches(&self.path, &kept, self.existing(), |write| {
            parts(&mut |batch| write(&batch.project(&columns)?))
        })
        .map_err(unwrapped)
    }

    fn write_array(
        &self,
        model: &Model,
        parts: impl FnOnce(Parts) -> Result<(), Cause>,
    ) -> Result<(), Error> {
        let image = model.opened.image_or_error()?;
        let shape = [image.shape.height, image.shape.width, image.shape.channels];
        sink::write_pictures_npy(&self.path, shape, self.existing(), |write| {
            parts(&mut |batch| write(image_pixels(batch.column(image.column))))
        })
        .map_err(unwrapped)
    }

    /// The first modelled picture of each record as a file, and a table of the fields that the model knows.
    fn write_folder(
        &self,
        model: &Model,
        schema: &SchemaRef,
        first: usize,
        parts: impl FnOnce(Parts) -> Result<(), Cause>,
    ) -> Result<(), Error> {
        let opened = &model.opened;
        let image = opened.image_or_error()?;
        let shape = [image.shape.height, image.shape.width, image.shape.channels];
        let known = |column: &usize| {
            image_shape(schema.field(*column)).is_none()
                && (opened.x_fields.contains(column) || opened.y_fields.contains(column))
        };
        let beside: Vec<usize> = (0..schema.fields().len()).filter(known).collect();
        let columns = Arc::new(schema.project(&beside).map_err(DataError::from)?);
        sink::write_picture_folder(&self.path, (shape, first), &columns, self.existing(), |write| {
            parts(&mut |batch| write(image_pixels(batch.column(image.column)), &batch.project(&beside)?))
        })
        .map_err(unwrapped)
    }

    fn existing(&self) -> Existing {
        existing(self.force)
    }
}

/// What to do where an output exists.
fn existing(force: bool) -> Existing {
    if force { Existing::Replace } else { Existing::Keep }
}

fn bad_path(path: &Path, takes: &'static str) -> Error {
    Error::bad_argument("OutputOptions::path", path.display(), takes)
}

/// An error of ours that a writer passed on, or its own.
fn cause_of(cause: Cause) -> Error {
    let cause = match cause.downcast::<Error>() {
        Ok(error) => return *error,
        Err(cause) => cause,
    };
    match cause.downcast::<DataError>() {
        Ok(error) => Error::Data(*error),
        Err(cause) => Error::Unwritable {
            reason: cause.to_string(),
        },
    }
}

/// A verb that stopped is not a file that could not be written.
fn unwrapped(error: DataError) -> Error {
    let DataError::Write { path, source } = error else {
        return Error::Data(error);
    };
    match source.is::<Error>() || source.is::<DataError>() {
        true => cause_of(source),
        false => Error::Data(DataError::Write { path, source }),
    }
}

/// The lower-case extension of a path.
fn extension(path: &Path) -> Option<String> {
    path.extension()
        .map(|extension| extension.to_string_lossy().to_lowercase())
}
