//! Pictures to a png, to a folder of pngs, or to one npy array. Bytes are rows of pixels, channels last.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::RecordBatch;

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};
use npyz::WriterBuilder;
use rayon::prelude::*;

use crate::atomic::{self, Existing};
use crate::error::{Cause, DataError};
use crate::sink::table::write_table;

/// The table of a folder of records: what they hold beside their pictures.
pub const RECORDS: &str = "records.csv";

/// Writes `[n, height, width, channels]` bytes as one u8 array; a single channel has no axis.
///
/// `parts` hands over the bytes piece by piece, so that an array of any size needs little memory.
///
/// # Errors
/// [`DataError::Shape`] for more bytes or fewer, [`DataError::Exists`], [`DataError::Write`].
pub fn write_pictures_npy(
    path: &Path,
    shape: [usize; 4],
    existing: Existing,
    parts: impl FnOnce(&mut dyn FnMut(&[u8]) -> Result<(), Cause>) -> Result<(), Cause>,
) -> Result<(), DataError> {
    let axes = if shape[3] == 1 { &shape[..3] } else { &shape[..] };
    let axes: Vec<u64> = axes.iter().map(|axis| *axis as u64).collect();
    let mut written = 0;
    let mut fits = Ok(());
    atomic::write(path, existing, |file| {
        // The bytes are written as they are: their type is known, so only the header needs the library.
        let options = npyz::WriteOptions::<u8>::new().default_dtype().shape(&axes);
        let file = options.writer(file).write_header_only()?;
        parts(&mut |part| {
            written += part.len();
            Ok(file.write_all(part)?)
        })?;
        fits = check_shape(written, &shape);
        fits.is_ok()
            .then_some(())
            .ok_or_else(|| Cause::from("it would be torn"))
    })
    .or_else(|failed| fits.and(Err(failed)))
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

/// Writes `[n, height, width, channels]` bytes as `000000.png`, `000001.png` and so on.
///
/// A new folder appears only once it is complete. An existing one that is not empty is an error
/// unless it may be replaced; then its numbered pictures are, and its other files stay. `beside` holds the other
/// fields of each record: it becomes [`RECORDS`], whose first column names the picture.
///
/// # Errors
/// [`DataError::Shape`], [`DataError::Exists`], [`DataError::Write`].
pub fn write_picture_folder(
    path: &Path,
    pixels: &[u8],
    shape: [usize; 4],
    beside: Option<&RecordBatch>,
    existing: Existing,
) -> Result<(), DataError> {
    check_shape(pixels.len(), &shape)?;
    let [_, height, width, channels] = shape;
    let colour = colour(pixels, [height, width, channels])?;
    check_folder(path, existing)?;
    let failed = |source: std::io::Error| DataError::Write {
        path: path.into(),
        source: source.into(),
    };
    let stage = stage(path).map_err(failed)?;
    let size = (height * width * channels).max(1);
    pixels.par_chunks(size).enumerate().try_for_each(|(i, picture)| {
        let place = stage.path().join(file_name(i));
        atomic::write(&place, Existing::Keep, |file| {
            png(file, picture, [height, width, channels], colour)
        })
    })?;
    if let Some(beside) = beside {
        write_table(&stage.path().join(RECORDS), &named(beside)?, Existing::Keep)?;
    }
    place(stage.path(), path, shape[0]).map_err(failed)
}

/// A table of records with the name of each one's picture before them.
fn named(records: &RecordBatch) -> Result<RecordBatch, DataError> {
    let files: ArrayRef = Arc::new(
        (0..records.num_rows())
            .map(|i| Some(file_name(i)))
            .collect::<StringArray>(),
    );
    let schema = records.schema();
    let fields = schema.fields().iter().map(|field| field.as_ref().clone());
    let fields: Vec<Field> = std::iter::once(Field::new("file", DataType::Utf8, false))
        .chain(fields)
        .collect();
    let columns = std::iter::once(files)
        .chain(records.columns().iter().cloned())
        .collect();
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}

fn file_name(i: usize) -> String {
    format!("{i:06}.png")
}

/// Whether a folder of pictures may be written to `path`, for an error before the work.
///
/// # Errors
/// [`DataError::Exists`] for a folder with something in it that is not to be replaced, and as
/// [`atomic::check`].
pub fn check_folder(path: &Path, existing: Existing) -> Result<(), DataError> {
    if !path.is_dir() {
        return atomic::check(path, existing);
    }
    let empty = std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
    match existing {
        Existing::Keep if !empty => Err(DataError::Exists {
            path: path.to_path_buf(),
        }),
        _ => Ok(()),
    }
}

fn stage(path: &Path) -> std::io::Result<tempfile::TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".elbo-").suffix(".part");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
    builder.tempdir_in(atomic::folder(path))
}

/// Moves the finished pictures to where they belong.
fn place(stage: &Path, path: &Path, n: usize) -> std::io::Result<()> {
    if path.is_file() {
        std::fs::remove_file(path)?;
    }
    if !path.exists() {
        return std::fs::rename(stage, path);
    }
    let files = (0..n).map(file_name).chain([RECORDS.to_owned()]);
    for file in files.filter(|file| stage.join(file).exists()) {
        std::fs::rename(stage.join(&file), path.join(&file))?;
    }
    // Left over from a longer run: they would pass for pictures of this one.
    for old in (n..)
        .map(|i| path.join(file_name(i)))
        .take_while(|old| old.exists())
    {
        std::fs::remove_file(old)?;
    }
    Ok(())
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

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn npy_drops_the_axis_of_a_single_channel() {
        let folder = tempfile::tempdir().unwrap();
        for (shape, axes) in [([2, 3, 2, 1], vec![2, 3, 2]), ([2, 1, 2, 3], vec![2, 1, 2, 3])] {
            let path = folder.path().join("a.npy");
            let pixels: Vec<u8> = (0..12).collect();
            let write =
                |write: &mut dyn FnMut(&[u8]) -> Result<(), Cause>| pixels.chunks(5).try_for_each(write);
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
        write_picture_folder(&path, &[7; 3 * 4], [3, 2, 2, 1], None, Existing::Keep).unwrap();
        assert_eq!(names(&path), ["000000.png", "000001.png", "000002.png"]);
        std::fs::write(path.join("mine.txt"), "").unwrap();
        let again = write_picture_folder(&path, &[7; 4], [1, 2, 2, 1], None, Existing::Keep);
        assert!(matches!(again, Err(DataError::Exists { .. })));
        write_picture_folder(&path, &[9; 4], [1, 2, 2, 1], None, Existing::Replace).unwrap();
        assert_eq!(names(&path), ["000000.png", "mine.txt"]);
        assert_eq!(image::open(path.join("000000.png")).unwrap().as_bytes(), [9; 4]);
        assert_eq!(names(folder.path()), ["faces"], "nothing temporary is left");
    }

    #[test]
    fn bytes_that_do_not_fit_the_shape_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        for shape in [[2, usize::MAX, 2, 2], [2, 2, 1, 1], [1, 3, 3, 1]] {
            let path = folder.path().join("a.npy");
            let error = write_pictures_npy(&path, shape, Existing::Keep, |write| write(&[0; 8])).unwrap_err();
            assert!(matches!(error, DataError::Shape { found: 8, .. }));
        }
        assert!(names(folder.path()).is_empty(), "nothing is left of them");
    }
}
