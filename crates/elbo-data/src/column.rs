//! Arrow columns: the form of pictures, fixed-size pixels with their shape in the field's metadata; and texts.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, FixedSizeListArray, StringArray, UInt8Array};
use arrow::datatypes::{DataType, Field as ArrowField, FieldRef, UInt8Type};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::error::DataError;

/// Metadata key of a picture column; the value is `height,width,channels`.
pub const IMAGE: &str = "elbo.image";

/// Metadata key of the value that is white in files with 16 bits.
const WHITE: &str = "elbo.white";

/// A column of pictures: `height * width * channels` bytes each, row by row, channels last.
pub fn image_field(name: &str, height: usize, width: usize, channels: usize) -> ArrowField {
    let pixels = height * width * channels;
    let data_type = DataType::FixedSizeList(pixel_field(), pixels as i32);
    let shape = format!("{height},{width},{channels}");
    ArrowField::new(name, data_type, false).with_metadata(HashMap::from([(IMAGE.to_owned(), shape)]))
}

/// The field of a picture column, of whose files with 16 bits this value is white.
pub(crate) fn with_white(field: ArrowField, white: u16) -> ArrowField {
    let mut metadata = field.metadata().clone();
    metadata.insert(WHITE.to_owned(), white.to_string());
    field.with_metadata(metadata)
}

/// Which value is white in the files with 16 bits of a picture column, if there are any.
pub(crate) fn white(field: &ArrowField) -> Option<u16> {
    field.metadata().get(WHITE)?.parse().ok()
}

/// `[height, width, channels]` of a picture column; `None` for any other column.
pub fn image_shape(field: &ArrowField) -> Option<[usize; 3]> {
    let sides: Vec<usize> = field
        .metadata()
        .get(IMAGE)?
        .split(',')
        .map(str::parse)
        .collect::<Result<_, _>>()
        .ok()?;
    sides.try_into().ok()
}

/// The pictures of a column, one after the other, as an Arrow array; `pixels` bytes each.
///
/// # Errors
/// [`DataError::Shape`] if the bytes do not make whole pictures.
pub fn image_array(bytes: Vec<u8>, pixels: usize) -> Result<ArrayRef, DataError> {
    count_images(bytes.len(), pixels)?;
    let values = Arc::new(UInt8Array::from(bytes));
    let array = FixedSizeListArray::try_new(pixel_field(), pixels as i32, values, None)?;
    Ok(Arc::new(array))
}

/// How many pictures of `pixels` bytes these bytes are.
///
/// # Errors
/// [`DataError::Shape`] if they do not make whole pictures.
pub(crate) fn count_images(bytes: usize, pixels: usize) -> Result<usize, DataError> {
    match pixels > 0 && bytes.is_multiple_of(pixels) {
        true => Ok(bytes / pixels),
        false => Err(DataError::Shape {
            found: bytes,
            shape: vec![pixels],
        }),
    }
}

/// The bytes of a picture column; none of any other column.
pub fn image_pixels(array: &ArrayRef) -> &[u8] {
    let list = array.as_fixed_size_list_opt();
    let Some((list, bytes)) =
        list.and_then(|list| Some((list, list.values().as_primitive_opt::<UInt8Type>()?)))
    else {
        return &[];
    };
    let (start, len) = (list.value_offset_at(0), list.len() * list.value_length() as usize);
    &bytes.values()[start..start + len]
}

fn pixel_field() -> FieldRef {
    Arc::new(ArrowField::new("pixel", DataType::UInt8, false))
}

/// Whether columns of this type hold texts, also as a dictionary.
pub fn is_text(data_type: &DataType) -> bool {
    if let DataType::Dictionary(_, values) = data_type {
        return values.is_string();
    }
    data_type.is_string()
}

/// A column as texts, as Arrow's writer of csv has them; nulls stay.
///
/// # Errors
/// [`ArrowError`] for a type that has no texts.
pub fn as_texts(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    if column.as_string_opt::<i32>().is_some() {
        return Ok(Arc::clone(column));
    }
    let options = FormatOptions::default();
    let formatter = ArrayFormatter::try_new(column, &options)?;
    let text = |row: usize| match column.is_null(row) {
        true => Ok(None),
        false => formatter.value(row).try_to_string().map(Some),
    };
    let texts = (0..column.len()).map(text).collect::<Result<StringArray, _>>()?;
    Ok(Arc::new(texts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_travels_in_the_metadata() {
        let field = image_field("image", 4, 6, 3);
        assert_eq!(image_shape(&field), Some([4, 6, 3]));
        assert_eq!(image_shape(&ArrowField::new("a", DataType::Utf8, true)), None);
        let array = image_array(vec![0; 2 * 72], 72).unwrap();
        assert_eq!(array.data_type(), field.data_type());
        assert_eq!(image_pixels(&array).len(), 2 * 72);
        let counted = image_array((0..6).collect(), 2).unwrap();
        assert_eq!(image_pixels(&counted.slice(1, 2)), [2, 3, 4, 5]);
        assert!(matches!(
            image_array(vec![0; 71], 72),
            Err(DataError::Shape { .. })
        ));
    }
}
