//! Pictures to a png, to a folder of pngs, or to one npy array. Bytes are rows of pixels, channels last.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};
use rayon::prelude::*;

use crate::atomic::{self, Existing};
use crate::error::{Cause, DataError};
use crate::sink::folder::{Stage, check_folder};
use crate::sink::npy::Array;
use crate::sink::table::{Parts, write_batches};

/// The table of a folder of records: what they hold beside their pictures.
pub const RECORDS: &str = "records.csv";

/// Writes pictures of `[height, width, channels]` bytes as one u8 array `[n, height, width, channels]`; a single channel
/// has no axis.
///
/// `parts` hands over the bytes of whole pictures piece by piece, so that an array of any size needs little memory.
///
/// # Errors
/// [`DataError::Shape`] for bytes that make no whole pictures, [`DataError::Exists`], [`DataError::Write`].
pub fn write_pictures_npy(
    path: &Path,
    shape: [usize; 3],
    existing: Existing,
    parts: impl FnOnce(&mut dyn FnMut(&[u8]) -> Result<(), Cause>) -> Result<(), Cause>,
) -> Result<(), DataError> {
    let axes = if shape[2] == 1 { &shape[..2] } else { &shape[..] };
    atomic::write(path, existing, |file| {
        let mut array = Array::bytes(file, axes)?;
        parts(&mut |bytes| {
            array.rows += whole_pictures(bytes, shape)?;
            array.write(bytes)
        })?;
        array.finish()
    })
    .map_err(shape_error)
}

/// Writes one picture of `[height, width, channels]` bytes; 1, 3 or 4 channels.
///
/// # Errors
/// [`DataError::Shape`], [`DataError::Exists`], [`DataError::Write`].
pub fn write_png(path: &Path, pixels: &[u8], shape: [usize; 3], existing: Existing) -> Result<(), DataError> {
    check_shape(pixels.len(), &shape)?;
    let colour = colour(pixels, shape)?;
    atomic::write(path, existing, |file| png(file, pixels, shape, colour))
}

/// Takes the bytes of whole pictures, and the records that they belong to.
pub type PicturesAndRecords<'a> = &'a mut dyn FnMut(&[u8], &RecordBatch) -> Result<(), Cause>;

/// Writes pictures of `[height, width, channels]` bytes as `000000.png`, `000001.png` and so on, counted from `first`.
///
/// The folder appears only once it is complete. An existing one that is not empty is an error unless it may be replaced;
/// then what this program wrote is replaced, and other files stay. `parts` hands over pictures and
/// the other fields of their records piece by piece. Those of `columns`, if there are any, become [`RECORDS`], whose
/// first column names the picture.
///
/// # Errors
/// [`DataError::Shape`], [`DataError::Exists`]; [`DataError::Write`] with the cause, which may be an error of `parts`.
pub fn write_picture_folder(
    path: &Path,
    (shape, first): ([usize; 3], usize),
    columns: &SchemaRef,
    existing: Existing,
    parts: impl FnOnce(PicturesAndRecords) -> Result<(), Cause>,
) -> Result<(), DataError> {
    check_folder(path, existing)?;
    let failed = |source: Cause| match source.downcast::<DataError>() {
        Ok(error) => shape_error(*error),
        Err(source) => DataError::Write {
            path: path.into(),
            source,
        },
    };
    let stage = Stage::new(path).map_err(|error| failed(error.into()))?;
    let mut n = 0;
    let write = |beside: Option<Parts>| {
        let mut beside = beside;
        let stage = stage.path();
        parts(&mut |pixels, records| {
            let next = first + n;
            n += write_files(stage, next, pixels, shape)?;
            match beside.as_mut() {
                Some(write) => write(&named(records, next)?),
                None => Ok(()),
            }
        })
    };
    match columns.fields().is_empty() {
        true => write(None).map_err(failed)?,
        false => {
            let table = stage.path().join(RECORDS);
            write_batches(&table, &named_schema(columns), Existing::Keep, |take| {
                write(Some(take))
            })
            .map_err(|error| match error {
                DataError::Write { source, .. } => failed(source),
                error => error,
            })?;
        }
    }
    // Pictures before these are those of an earlier part of the same records.
    let earlier: BTreeSet<String> = (0..first).map(file_name).collect();
    stage.place(path, |name| earlier.contains(name))
}

/// Writes whole pictures as the files from the `first`-th on; how many they are.
fn write_files(folder: &Path, first: usize, pixels: &[u8], shape: [usize; 3]) -> Result<usize, DataError> {
    let (n, colour) = (whole_pictures(pixels, shape)?, colour(pixels, shape)?);
    let size = (shape[0] * shape[1] * shape[2]).max(1);
    pixels.par_chunks(size).enumerate().try_for_each(|(i, picture)| {
        let file = folder.join(file_name(first + i));
        atomic::write(&file, Existing::Keep, |file| png(file, picture, shape, colour))
    })?;
    Ok(n)
}

/// The columns of records behind the name of each one's picture.
fn named_schema(columns: &SchemaRef) -> SchemaRef {
    let name = Arc::new(Field::new("file", DataType::Utf8, false));
    let fields = std::iter::once(name).chain(columns.fields().iter().cloned());
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn named(records: &RecordBatch, first: usize) -> Result<RecordBatch, DataError> {
    let names = (0..records.num_rows()).map(|i| Some(file_name(first + i)));
    let names: ArrayRef = Arc::new(names.collect::<StringArray>());
    let columns = std::iter::once(names).chain(records.columns().iter().cloned());
    Ok(RecordBatch::try_new(
        named_schema(&records.schema()),
        columns.collect(),
    )?)
}

/// How many pictures the bytes make.
fn whole_pictures(bytes: &[u8], shape: [usize; 3]) -> Result<usize, DataError> {
    let size = shape
        .iter()
        .try_fold(1usize, |size, axis| size.checked_mul(*axis));
    match size {
        Some(size) if size > 0 && bytes.len().is_multiple_of(size) => Ok(bytes.len() / size),
        _ => Err(DataError::Shape {
            found: bytes.len(),
            shape: shape.to_vec(),
        }),
    }
}

/// A wrong shape is reported as such, not as a file that could not be written.
fn shape_error(error: DataError) -> DataError {
    match error {
        DataError::Write { path, source } => match source.downcast::<DataError>() {
            Ok(shape) if matches!(*shape, DataError::Shape { .. }) => *shape,
            Ok(error) => DataError::Write { path, source: error },
            Err(source) => DataError::Write { path, source },
        },
        error => error,
    }
}

fn file_name(i: usize) -> String {
    format!("{i:06}.png")
}

fn png(
    writer: impl Write,
    pixels: &[u8],
    [height, width, _]: [usize; 3],
    colour: ExtendedColorType,
) -> Result<(), Cause> {
    Ok(PngEncoder::new(writer).write_image(pixels, u32::try_from(width)?, u32::try_from(height)?, colour)?)
}

fn colour(pixels: &[u8], shape: [usize; 3]) -> Result<ExtendedColorType, DataError> {
    match shape[2] {
        1 => Ok(ExtendedColorType::L8),
        3 => Ok(ExtendedColorType::Rgb8),
        4 => Ok(ExtendedColorType::Rgba8),
        _ => Err(DataError::Shape {
            found: pixels.len(),
            shape: shape.to_vec(),
        }),
    }
}

fn check_shape(bytes: usize, shape: &[usize]) -> Result<(), DataError> {
    let product = shape
        .iter()
        .try_fold(1usize, |product, axis| product.checked_mul(*axis));
    if product == Some(bytes) {
        Ok(())
    } else {
        Err(DataError::Shape {
            found: bytes,
            shape: shape.to_vec(),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "tests lay out files as they like")]

    use super::*;
    use arrow::array::RecordBatchOptions;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort_unstable();
        names
    }

    /// The names without the list of what was written.
    fn shown(folder: &Path) -> Vec<String> {
        let names = names(folder).into_iter();
        names.filter(|name| !name.starts_with('.')).collect()
    }

    fn pictures(path: &Path, first: usize, pixels: &[u8], existing: Existing) -> Result<(), DataError> {
        let none = Arc::new(Schema::empty());
        let options = RecordBatchOptions::new().with_row_count(Some(pixels.len() / 4));
        let records = RecordBatch::try_new_with_options(Arc::clone(&none), Vec::new(), &options)?;
        write_picture_folder(path, ([2, 2, 1], first), &none, existing, |write| {
            write(pixels, &records)
        })
    }

    #[test]
    fn npy_drops_the_axis_of_a_single_channel() {
        let folder = tempfile::tempdir().unwrap();
        for (shape, axes) in [([3, 2, 1], vec![2, 3, 2]), ([1, 2, 3], vec![2, 1, 2, 3])] {
            let path = folder.path().join("a.npy");
            let pixels: Vec<u8> = (0..12).collect();
            let write =
                |write: &mut dyn FnMut(&[u8]) -> Result<(), Cause>| pixels.chunks(6).try_for_each(write);
            write_pictures_npy(&path, shape, Existing::Replace, write).unwrap();
            let bytes = std::fs::read(path).unwrap();
            let npy = npyz::NpyFile::new(&bytes[..]).unwrap();
            assert_eq!(npy.shape(), axes);
            assert_eq!(npy.into_vec::<u8>().unwrap(), pixels);
        }
    }

    #[test]
    fn a_png_holds_the_very_bytes() {
        let folder = tempfile::tempdir().unwrap();
        for channels in [1, 3, 4] {
            let path = folder.path().join(format!("{channels}.png"));
            let pixels: Vec<u8> = (0..6 * channels as u8).collect();
            write_png(&path, &pixels, [2, 3, channels], Existing::Keep).unwrap();
            let image = image::open(&path).unwrap();
            assert_eq!((image.width(), image.height()), (3, 2));
            assert_eq!(image.as_bytes(), pixels);
        }
        let two = write_png(&folder.path().join("2.png"), &[0; 12], [2, 3, 2], Existing::Keep);
        assert!(matches!(two, Err(DataError::Shape { .. })));
    }

    #[test]
    fn a_folder_of_pictures_is_complete_and_others_files_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("faces");
        pictures(&path, 0, &[7; 3 * 4], Existing::Keep).unwrap();
        assert_eq!(shown(&path), ["000000.png", "000001.png", "000002.png"]);
        std::fs::write(path.join("mine.txt"), "").unwrap();
        let again = pictures(&path, 0, &[7; 4], Existing::Keep);
        assert!(matches!(again, Err(DataError::Exists { .. })));
        pictures(&path, 0, &[9; 4], Existing::Replace).unwrap();
        assert_eq!(shown(&path), ["000000.png", "mine.txt"]);
        assert_eq!(image::open(path.join("000000.png")).unwrap().as_bytes(), [9; 4]);
        pictures(&path, 1, &[8; 4], Existing::Replace).unwrap();
        assert_eq!(shown(&path), ["000000.png", "000001.png", "mine.txt"]);
        assert_eq!(names(folder.path()), ["faces"], "nothing temporary is left");
    }

    #[test]
    fn bytes_that_do_not_fit_the_shape_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        for shape in [[usize::MAX, 2, 2], [0, 1, 1], [3, 3, 1]] {
            let path = folder.path().join("a.npy");
            let error = write_pictures_npy(&path, shape, Existing::Keep, |write| write(&[0; 8])).unwrap_err();
            assert!(matches!(error, DataError::Shape { found: 8, .. }));
        }
        assert!(names(folder.path()).is_empty(), "nothing is left of them");
    }
}
