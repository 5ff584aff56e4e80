//! MNIST-style idx files, plain or gzipped: fields `image` and `label`, train and test paired.
//!
//! The format (yann.lecun.com/exdb/mnist): a magic number whose last byte is the number of sides,
//! the sides as big-endian u32, then the bytes. Rows are those of the train file and then those of
//! the test file, which is the test split.

mod body;
mod files;

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use arrow::datatypes::{DataType, Field as ArrowField, Schema as ArrowSchema, SchemaRef};
use image::{DynamicImage, GrayImage};
use rayon::prelude::*;

use crate::column;
use crate::error::{DataError, IdxError};
use crate::options::{ImageSize, OpenOptions};
use crate::picture::Target;
use crate::source::Split;
use crate::source::folder::{IMAGE, LABEL};
use crate::source::{Read, Source, check_rows};
use body::Body;

pub(crate) use files::{Files, Pair, find, pair};

/// The most pixels that a picture of an idx file may have.
const MAX_PICTURE: u64 = 1 << 24;

/// The pictures of one idx file, or of a train and a test file.
#[derive(Debug)]
pub struct Idx {
    parts: Vec<Part>,
    native: ImageSize,
    target: Target,
    schema: SchemaRef,
}

#[derive(Debug)]
struct Part {
    images: Body,
    labels: Option<Vec<u8>>,
    count: u64,
    split: Option<Split>,
    name: &'static str,
}

impl Idx {
    /// Opens the files and checks their lengths against their headers.
    ///
    /// # Errors
    /// [`IdxError::Magic`], [`IdxError::Length`], [`IdxError::Shape`],
    /// [`IdxError::Count`], [`IdxError::Pair`], and I/O errors.
    pub(crate) fn open(pair: &Pair, options: &OpenOptions) -> Result<Self, DataError> {
        let name = if pair.test.is_some() { "train" } else { "record" };
        let (train, native) = Part::open(&pair.train, name, None, options)?;
        let mut parts = vec![train];
        if let Some(files) = &pair.test {
            let (test, size) = Part::open(files, "test", Some(Split::Test), options)?;
            if size != native {
                return Err(IdxError::Pair {
                    train: pair.train.images.clone(),
                    train_size: [native.height, native.width],
                    test: files.images.clone(),
                    test_size: [size.height, size.width],
                }
                .into());
            }
            parts.push(test);
        }
        let size = options.size.unwrap_or(native);
        let target = Target {
            size,
            channels: options.channels.unwrap_or(1),
            fit: options.fit,
            white: None,
        };
        let mut fields = vec![target.arrow_field(IMAGE)];
        if parts.iter().any(|part| part.labels.is_some()) {
            fields.push(ArrowField::new(LABEL, DataType::Utf8, true));
        }
        Ok(Self {
            parts,
            native,
            target,
            schema: Arc::new(ArrowSchema::new(fields)),
        })
    }

    /// The part that holds the row, and its place there. The row is known to exist.
    fn place(&self, row: u64) -> (&Part, u64) {
        let train = &self.parts[0];
        match self.parts.get(1) {
            Some(test) if row >= train.count => (test, row - train.count),
            _ => (train, row),
        }
    }

    fn pixels(&self, row: u64) -> Result<Vec<u8>, DataError> {
        let (part, place) = self.place(row);
        let ImageSize { height, width } = self.native;
        let pixels = part
            .images
            .read(place * (height * width) as u64, height * width)?;
        if self.target.size == self.native && self.target.channels == 1 {
            return Ok(pixels);
        }
        let image = GrayImage::from_raw(width as u32, height as u32, pixels).unwrap_or_default();
        Ok(self.target.bring(DynamicImage::ImageLuma8(image)))
    }

    fn label(&self, row: u64) -> Option<String> {
        let (part, place) = self.place(row);
        part.labels
            .as_ref()
            .map(|labels| labels[place as usize].to_string())
    }
}

impl Part {
    fn open(
        files: &Files,
        name: &'static str,
        split: Option<Split>,
        options: &OpenOptions,
    ) -> Result<(Self, ImageSize), DataError> {
        let (images, sides) = Body::open(&files.images, body::IMAGES, options.cache_bytes, MAX_PICTURE)?;
        let [count, height, width] = [sides[0], sides[1], sides[2]];
        let labels = files
            .labels
            .as_deref()
            .map(|path| labels(path, &files.images, count, options.cache_bytes))
            .transpose()?;
        let size = ImageSize {
            height: height as usize,
            width: width as usize,
        };
        Ok((
            Self {
                images,
                labels,
                count,
                split,
                name,
            },
            size,
        ))
    }
}

fn labels(path: &Path, images_path: &Path, images: u64, memory: u64) -> Result<Vec<u8>, DataError> {
    let (body, sides) = Body::open(path, body::LABELS, memory, 1)?;
    if sides[0] != images {
        let (labels_path, images_path) = (path.to_path_buf(), images_path.to_path_buf());
        return Err(IdxError::Count {
            labels_path,
            labels: sides[0],
            images_path,
            images,
        }
        .into());
    }
    body.read(0, images as usize)
}

impl Source for Idx {
    fn arrow_schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn len(&self) -> u64 {
        self.parts.iter().map(|part| part.count).sum()
    }

    fn read(&self, rows: &[u64]) -> Result<Read, DataError> {
        self.read_columns(rows, &(0..self.schema.fields().len()).collect::<Vec<_>>())
    }

    fn read_columns(&self, rows: &[u64], columns: &[usize]) -> Result<Read, DataError> {
        check_rows(rows, self.len())?;
        let schema = Arc::new(self.schema.project(columns)?);
        let array = |column: &usize| -> Result<ArrayRef, DataError> {
            if *column == 0 {
                let pictures = rows
                    .par_iter()
                    .map(|row| self.pixels(*row))
                    .collect::<Result<Vec<_>, _>>()?;
                column::image_array(pictures.concat(), self.target.bytes())
            } else {
                Ok(Arc::new(
                    rows.iter().map(|row| self.label(*row)).collect::<StringArray>(),
                ))
            }
        };
        let arrays = columns.iter().map(array).collect::<Result<Vec<_>, _>>()?;
        Read::new(schema, arrays, rows.to_vec())
    }

    fn split_of(&self, row: u64) -> Option<Split> {
        self.place(row).0.split
    }

    fn name_of(&self, row: u64) -> String {
        let (part, place) = self.place(row);
        format!("{} {place}", part.name)
    }

    fn notes(&self) -> Vec<String> {
        let unlabelled = self.schema.fields().len() == 1;
        unlabelled
            .then(|| "no label file lies beside the pictures".to_owned())
            .into_iter()
            .collect()
    }

    fn sizes(&self) -> Vec<(ImageSize, u64)> {
        vec![(self.native, self.len())]
    }

    fn description(&self) -> String {
        let counts: Vec<String> = self
            .parts
            .iter()
            .map(|part| format!("{} {}", part.count, part.name))
            .collect();
        let labels = if self.schema.fields().len() > 1 {
            " with label"
        } else {
            ""
        };
        format!(
            "idx pictures of {}{labels}: {}",
            self.target.size,
            counts.join(", ")
        )
    }
}
