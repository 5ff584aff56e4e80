//! Where records go: a table, a file of texts, a grid in one `.png`, an `.npy` array of pictures, or a folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use elbo_core::FieldKind;
use elbo_data::arrow::array::ArrayRef;
use elbo_data::arrow::compute::concat_batches;
use elbo_data::arrow::datatypes::SchemaRef;
use elbo_data::arrow::record_batch::RecordBatch;
use elbo_data::atomic::{self, Existing};
use elbo_data::column::{image_pixels, image_shape};
use elbo_data::error::Cause;
use elbo_data::sink::{self, Parts};
use elbo_data::{DataError, Kind};
use image::RgbImage;

use crate::decode::{Codes, Drawing};
use crate::error::Error;
use crate::picture::{GridLayout, Pictures, grid};
use crate::progress::Progress;
use crate::trained::Trained;

/// A place for records that was free, or may be replaced, when it was checked.
pub(crate) struct Output {
    path: PathBuf,
    form: Form,
    existing: Existing,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Grid,
    Array,
    Folder,
    Table,
    Lines,
}

/// What to do where an output exists.
pub(crate) fn existing(force: bool) -> Existing {
    if force { Existing::Replace } else { Existing::Keep }
}

impl Output {
    /// Understands the path and looks whether it can be written, before the work begins.
    pub(crate) fn check(path: &Path, force: bool) -> Result<Self, Error> {
        let form = match extension(path).as_deref() {
            Some("png") => Form::Grid,
            Some("npy") => Form::Array,
            Some("txt") => Form::Lines,
            None => Form::Folder,
            Some(_) if sink::is_table(path) => Form::Table,
            Some(_) => {
                return Err(Error::bad_argument(
                    "--out",
                    path.display(),
                    "a table (.csv, .csv.gz, .tsv, .parquet), a `.txt` of texts, a `.png` grid, an `.npy` array, \
                     or a folder",
                ));
            }
        };
        match form {
            Form::Folder => sink::check_folder(path, existing(force))?,
            _ => atomic::check(path, existing(force))?,
        }
        Ok(Self {
            path: path.to_owned(),
            form,
            existing: existing(force),
        })
    }

    /// Whether what the model makes can be written in this form.
    ///
    /// # Errors
    /// The forms that it can be written in.
    pub(crate) fn suits(&self, trained: &Trained) -> Result<(), Error> {
        let (pictures, text) = (trained.image().is_some(), trained.text_field().is_some());
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
            _ => (true, ""),
        };
        match fits {
            true => Ok(()),
            false => Err(Error::bad_argument("--out", self.path.display(), takes)),
        }
    }

    /// As [`Self::suits`], of a verb that shows a few records together: pictures in a grid, others in a table.
    pub(crate) fn suits_sheet(&self, trained: &Trained) -> Result<(), Error> {
        let takes = match trained.image() {
            Some(_) if self.form != Form::Grid => "a `.png` file",
            None if self.form != Form::Table => {
                "a table (.csv, .csv.gz, .tsv, .parquet): there are no pictures"
            }
            _ => return Ok(()),
        };
        Err(Error::bad_argument("--out", self.path.display(), takes))
    }

    /// Whether all records are looked at together, so that there should not be too many.
    pub(crate) fn is_grid(&self) -> bool {
        self.form == Form::Grid
    }

    /// Writes records of `trained` while they are decoded, where the form allows it.
    pub(crate) fn write_decoded(
        &self,
        trained: &Trained,
        codes: &Codes,
        drawing: &Drawing,
        progress: &dyn Progress,
    ) -> Result<(), Error> {
        let schema = trained.record_schema()?;
        self.write_parts(trained, &schema, codes.len(trained), |take| {
            trained.decode(codes, drawing, progress, |batch| take(&batch))
        })
    }

    /// Writes `n` records of `schema`, handed over part by part.
    pub(crate) fn write_parts(
        &self,
        trained: &Trained,
        schema: &SchemaRef,
        n: usize,
        parts: impl FnOnce(Parts) -> Result<(), Cause>,
    ) -> Result<(), Error> {
        match self.form {
            Form::Table => self.write_table(schema, parts),
            Form::Lines => self.write_lines(trained, parts),
            Form::Array => self.write_array(trained, n, parts),
            Form::Grid | Form::Folder => {
                let mut all = Vec::new();
                parts(&mut |batch| {
                    all.push(batch.clone());
                    Ok(())
                })
                .map_err(written)?;
                let all = concat_batches(schema, &all).map_err(|error| Error::Data(error.into()))?;
                self.write_records(trained, &all)
            }
        }
    }

    /// Writes a table of records with columns of ours before their fields.
    pub(crate) fn write_labelled(
        &self,
        trained: &Trained,
        records: &RecordBatch,
        labels: Vec<(&str, ArrayRef)>,
    ) -> Result<(), Error> {
        let schema = records.schema();
        let mut columns: Vec<(String, ArrayRef)> = Vec::new();
        for (name, column) in labels {
            let taken = |name: &str| schema.column_with_name(name).is_some();
            let mut name = name.to_owned();
            while taken(&name) {
                name.push('_');
            }
            columns.push((name, column));
        }
        let fields = schema.fields().iter().zip(records.columns());
        let fields = fields.map(|(field, column)| (field.name().clone(), column.clone()));
        let table = RecordBatch::try_from_iter(columns.into_iter().chain(fields));
        let table = table.map_err(|error| Error::Data(error.into()))?;
        self.write_parts(trained, &table.schema(), table.num_rows(), |write| write(&table))
    }

    fn write_lines(
        &self,
        trained: &Trained,
        parts: impl FnOnce(Parts) -> Result<(), Cause>,
    ) -> Result<(), Error> {
        let column = trained.text_field().unwrap_or_default();
        let schema = trained.record_schema()?.project(&[column]);
        let schema = Arc::new(schema.map_err(|error| Error::Data(error.into()))?);
        Ok(sink::write_batches(
            &self.path,
            &schema,
            self.existing,
            |write| parts(&mut |batch| write(&batch.project(&[column])?)),
        )?)
    }

    /// A table has no place for pictures: those that were given are left out.
    fn write_table(
        &self,
        schema: &SchemaRef,
        parts: impl FnOnce(Parts) -> Result<(), Cause>,
    ) -> Result<(), Error> {
        let columns: Vec<usize> = (0..schema.fields().len())
            .filter(|column| image_shape(schema.field(*column)).is_none())
            .collect();
        let kept = schema
            .project(&columns)
            .map_err(|error| Error::Data(error.into()))?;
        Ok(sink::write_batches(
            &self.path,
            &Arc::new(kept),
            self.existing,
            |write| parts(&mut |batch| write(&batch.project(&columns)?)),
        )?)
    }

    fn write_array(
        &self,
        trained: &Trained,
        n: usize,
        parts: impl FnOnce(Parts) -> Result<(), Cause>,
    ) -> Result<(), Error> {
        let image = trained.image_or_error()?;
        let shape = [n, image.shape.height, image.shape.width, image.shape.channels];
        Ok(sink::write_pictures_npy(
            &self.path,
            shape,
            self.existing,
            |write| parts(&mut |batch| write(image_pixels(batch.column(image.column)))),
        )?)
    }

    /// Records with pictures as a grid or a folder.
    fn write_records(&self, trained: &Trained, records: &RecordBatch) -> Result<(), Error> {
        let image = trained.image_or_error()?;
        let pictures = trained.pictures_of(records, &image);
        if self.form == Form::Grid {
            return self.write_grid(&pictures, &GridLayout::default());
        }
        let known = |column: &usize| {
            image_shape(records.schema().field(*column)).is_none()
                && (trained.x_fields.contains(column) || trained.y_fields.contains(column))
        };
        let beside: Vec<usize> = (0..records.num_columns()).filter(known).collect();
        let beside = records
            .project(&beside)
            .map_err(|error| Error::Data(error.into()))?;
        let shape = [pictures.len(), pictures.height, pictures.width, pictures.channels];
        let beside = (beside.num_columns() > 0).then_some(&beside);
        Ok(sink::write_picture_folder(
            &self.path,
            &pictures.pixels,
            shape,
            beside,
            self.existing,
        )?)
    }

    /// Writes pictures as a grid.
    pub(crate) fn write_grid(&self, pictures: &Pictures, layout: &GridLayout) -> Result<(), Error> {
        save(&grid(pictures, layout), &self.path, self.existing)
    }
}

/// What went wrong while records were handed over: an error of ours, or of the data's.
fn written(cause: Cause) -> Error {
    match cause.downcast::<DataError>() {
        Ok(error) => Error::Data(*error),
        Err(cause) => Error::Unwritable {
            reason: cause.to_string(),
        },
    }
}

impl Trained {
    /// Position in the schema of the first modelled field that holds texts.
    pub(crate) fn text_field(&self) -> Option<usize> {
        let mut fields = self.config.model.x.iter().zip(&self.x_fields);
        fields.find_map(|(field, position)| matches!(field.kind, FieldKind::Text(_)).then_some(*position))
    }

    /// What its records are called.
    pub(crate) fn noun(&self) -> &'static str {
        let mut kinds = self.x_fields.iter().map(|field| &self.schema.fields[*field].kind);
        if kinds.clone().all(|kind| matches!(kind, Kind::Image(_))) {
            "pictures"
        } else if kinds.all(|kind| matches!(kind, Kind::Text(_))) {
            "texts"
        } else {
            "records"
        }
    }
}

/// The lower-case extension of a path.
pub(crate) fn extension(path: &Path) -> Option<String> {
    path.extension()
        .map(|extension| extension.to_string_lossy().to_lowercase())
}

/// Checks a path for one `.png`.
pub(crate) fn check_png(path: &Path, force: bool) -> Result<(), Error> {
    if extension(path).as_deref() != Some("png") {
        return Err(Error::bad_argument("--out", path.display(), "a `.png` file"));
    }
    Ok(atomic::check(path, existing(force))?)
}

/// Writes an image as PNG, whole or not at all.
pub(crate) fn save(image: &RgbImage, path: &Path, existing: Existing) -> Result<(), Error> {
    let pixels = image.as_raw();
    let shape = [image.height() as usize, image.width() as usize, 3];
    Ok(sink::write_png(path, pixels, shape, existing)?)
}
