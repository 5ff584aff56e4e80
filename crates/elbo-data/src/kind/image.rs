//! Pictures: bytes as they are, `[height, width, channels]`.

use std::path::Path;

use arrow::array::{Array, ArrayRef, FixedSizeListArray, UInt8Array};
use arrow::datatypes::Field as ArrowField;
use serde::{Deserialize, Serialize};

use super::statistics::{Statistics, wrong_values};
use super::{Form, Kind, Parsed, Value, ignored, wrong_type};
use crate::batch::{Column, Values};
use crate::column;
use crate::error::DataError;
use crate::options::{Fit, ImageSize, OpenOptions};
use crate::picture::{Target, decode};

/// The most bytes that one picture of a schema may have.
const MAX_BYTES: usize = 1 << 27;

/// Shape of a picture field and the range of its bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageStats {
    /// Rows of pixels.
    pub height: usize,
    /// Columns of pixels.
    pub width: usize,
    /// 1 gray, 3 colour, 4 colour and alpha.
    pub channels: usize,
    /// Whether no more than two different bytes occur (ink or no ink).
    pub two_valued: bool,
    /// The smallest byte seen.
    pub min: u8,
    /// The largest byte seen.
    pub max: u8,
    /// The mean byte seen: low for dark pictures, high for bright ones.
    pub mean: f32,
    /// Number of pictures that were read.
    pub seen: u64,
    /// Which value is white in files with 16 bits, if there are any.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub white: Option<u16>,
}

impl ImageStats {
    /// Bytes of one picture: height x width x channels.
    pub fn bytes(&self) -> usize {
        self.height * self.width * self.channels
    }

    fn pixels<'a>(&self, field: &str, values: &'a Values) -> Result<&'a [u8], DataError> {
        match values {
            Values::Image(pixels) => Ok(pixels),
            other => Err(wrong_values(field, self, other)),
        }
    }
}

impl Statistics for ImageStats {
    fn name(&self) -> &'static str {
        "image"
    }

    fn form(&self) -> Form<'_> {
        Form::Image(self)
    }

    fn arrow_field(&self, name: &str) -> ArrowField {
        column::image_field(name, self.height, self.width, self.channels)
    }

    fn encode(&self, field: &ArrowField, array: &ArrayRef) -> Result<Column, DataError> {
        let shape = [self.height, self.width, self.channels];
        let found = column::image_shape(field);
        if found != Some(shape) {
            return Err(DataError::FieldType {
                field: field.name().clone(),
                expected: shape_text(shape),
                found: found.map_or_else(|| format!("of type {}", field.data_type()), shape_text),
            });
        }
        let bytes = bytes_of(array).ok_or_else(|| wrong_type(field.name(), "a column of pictures", array))?;
        Ok(Column {
            values: Values::Image(bytes.to_vec()),
            observed: vec![true; array.len()],
        })
    }

    fn decode(&self, field: &str, values: &Values, _: Option<&[f32]>) -> Result<ArrayRef, DataError> {
        column::image_array(self.pixels(field, values)?.to_vec(), self.bytes())
    }

    /// Pictures stay as they are.
    fn settle(&self, field: &str, values: &Values, _: Option<&[f32]>) -> Result<Column, DataError> {
        let pixels = self.pixels(field, values)?;
        let pictures = column::count_images(pixels.len(), self.bytes())?;
        Ok(Column::all_observed(values.clone(), pictures))
    }

    /// The picture in the file `path`, scaled and cropped to the size of the others.
    fn parse(&self, field: &str, path: &str) -> Result<Parsed, DataError> {
        let target = Target {
            size: ImageSize {
                height: self.height,
                width: self.width,
            },
            channels: self.channels as u8,
            fit: Fit::Crop,
            white: self.white,
        };
        let picture = decode(Path::new(path), OpenOptions::default().max_pixels);
        let picture = picture.map_err(|reason| DataError::NotPicture {
            field: field.to_owned(),
            value: path.to_owned(),
            reason,
        })?;
        Ok(Value::Image(target.bring(picture)).into())
    }

    fn damage(&self) -> Option<String> {
        let bytes = [self.height, self.width, self.channels]
            .into_iter()
            .try_fold(1usize, |product, side| product.checked_mul(side));
        match bytes {
            Some(1..=MAX_BYTES) => None,
            _ => Some(format!(
                "pictures {}",
                shape_text([self.height, self.width, self.channels])
            )),
        }
    }

    fn describe(&self) -> Vec<String> {
        let plural = if self.channels == 1 { "" } else { "s" };
        let mut facts = vec![
            format!("{}x{}", self.width, self.height),
            format!("{} channel{plural}", self.channels),
            format!("values {} to {}", self.min, self.max),
        ];
        facts.extend(self.two_valued.then(|| "two-valued".to_owned()));
        facts
    }

    fn error_measure(&self) -> &'static str {
        "mean squared error"
    }
}

fn shape_text([height, width, channels]: [usize; 3]) -> String {
    format!("of {width}x{height} pixels in {channels} channels")
}

/// The pixels of a picture column, one picture after the other.
pub(crate) fn bytes_of(array: &ArrayRef) -> Option<&[u8]> {
    let list = array.as_any().downcast_ref::<FixedSizeListArray>()?;
    let bytes = list.values().as_any().downcast_ref::<UInt8Array>()?;
    let start = list.value_offset_at(0);
    let length = usize::try_from(list.value_length()).ok()? * list.len();
    bytes.values().get(start..start + length)
}

#[derive(Debug)]
pub(super) struct ImageFitter {
    shape: [usize; 3],
    white: Option<u16>,
    histogram: Box<[u64; 256]>,
    seen: u64,
}

impl ImageFitter {
    pub(super) fn new(shape: [usize; 3], white: Option<u16>) -> Self {
        Self {
            shape,
            white,
            histogram: Box::new([0; 256]),
            seen: 0,
        }
    }

    pub(super) fn push(&mut self, array: &ArrayRef) {
        if array.is_empty() {
            return;
        }
        for byte in bytes_of(array).into_iter().flatten() {
            self.histogram[usize::from(*byte)] += 1;
        }
        self.seen += array.len() as u64;
    }

    pub(super) fn finish(self) -> Kind {
        let counts = || (0u8..=255).zip(*self.histogram).filter(|(_, count)| *count > 0);
        let bytes: Vec<u8> = counts().map(|(byte, _)| byte).collect();
        let (Some(&min), Some(&max)) = (bytes.first(), bytes.last()) else {
            return ignored("no picture could be read");
        };
        let total: u64 = self.histogram.iter().sum();
        let sum: u64 = counts().map(|(byte, count)| u64::from(byte) * count).sum();
        let [height, width, channels] = self.shape;
        Kind::Image(ImageStats {
            height,
            width,
            channels,
            two_valued: bytes.len() <= 2,
            min,
            max,
            mean: (sum as f64 / total as f64) as f32,
            seen: self.seen,
            white: self.white,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(bytes: Vec<u8>, shape: [usize; 3]) -> ImageStats {
        let mut fitter = ImageFitter::new(shape, None);
        fitter.push(&column::image_array(bytes, shape.iter().product()).unwrap());
        let Kind::Image(stats) = fitter.finish() else {
            panic!("not an image")
        };
        stats
    }

    #[test]
    fn two_values_are_recognised() {
        let ink = fitted(vec![0, 255, 0, 255, 255, 0, 0, 0], [2, 2, 1]);
        assert!(ink.two_valued && ink.min == 0 && ink.max == 255 && ink.seen == 2);
        // 3 of 8 bytes are 255: 3 * 255 / 8 = 95.625.
        assert_eq!(ink.mean, 95.625);
        assert!(!fitted(vec![0, 255, 0, 254], [2, 2, 1]).two_valued);
    }

    #[test]
    fn encode_and_decode_are_inverse_also_on_a_slice() {
        let stats = fitted((0..24).collect(), [2, 2, 3]);
        let array = column::image_array((0..24).collect(), 12).unwrap();
        let field = stats.arrow_field("image");
        let column = stats.encode(&field, &array.slice(1, 1)).unwrap();
        let Values::Image(bytes) = &column.values else {
            panic!("not an image")
        };
        assert_eq!(bytes, &(12..24).collect::<Vec<u8>>());
        assert_eq!(
            &stats.decode("image", &column.values, None).unwrap(),
            &array.slice(1, 1)
        );
    }

    #[test]
    fn another_shape_is_refused() {
        let stats = fitted(vec![0; 4], [2, 2, 1]);
        let field = column::image_field("image", 2, 1, 2);
        let error = stats
            .encode(&field, &column::image_array(vec![0; 4], 4).unwrap())
            .unwrap_err();
        assert!(matches!(error, DataError::FieldType { .. }), "{error}");
    }
}
