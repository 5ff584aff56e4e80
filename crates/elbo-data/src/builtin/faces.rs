//! `builtin:faces`: procedural portraits, 64×64 RGB, whose six true attributes are known.
//!
//! For testing what a model has learned: the attributes are independent, each moves many
//! pixels, and everything else varies so little that six latents suffice. A face is a pure function
//! of (seed, row), so any number of them costs no disk.
//!
//! [`attributes()`] and [`nuisance`] draw what a face is like, [`render`] paints it, [`Faces`] is the
//! data set.

mod attributes;
mod canvas;
mod colour;
mod draw;
mod features;
mod glasses;
mod hair;
mod head;
mod mouth;

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float64Array, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use image::{DynamicImage, RgbImage};
use rayon::prelude::*;

pub use attributes::{Attributes, HairColour, Nuisance, attributes, nuisance};
pub use draw::render;

use crate::column;
use crate::error::DataError;
use crate::noise::Noise;
use crate::options::{ImageSize, OpenOptions};
use crate::picture::Target;
use crate::source::cache::Cache;
use crate::source::{Read, Source, check_rows};

/// Height and width of a face as it is drawn, in pixels.
pub const SIZE: usize = 64;
/// Number of faces where [`OpenOptions::records`] is not set.
pub const DEFAULT_RECORDS: u64 = 4_000;

/// The data set `builtin:faces`: the picture, then the six attributes.
///
/// Fields: `image`, `smile` (flag), `skin_tone` (0 to 1), `face_shape` (0 to 1), `beard` (flag),
/// `glasses` (flag), `hair_colour` (black, brown, red, blond).
#[derive(Debug)]
pub struct Faces {
    noise: Noise,
    seed: u64,
    records: u64,
    target: Target,
    schema: SchemaRef,
    cache: Cache,
}

/// Opens `builtin:faces`: `options.records` faces of `options.seed`.
pub(crate) fn open(options: &OpenOptions) -> Result<Arc<dyn Source>, DataError> {
    Ok(Arc::new(Faces::new(options)))
}

impl Faces {
    /// The faces of `options.seed`, as many as `options.records`, scaled where `options.size` asks for it.
    pub fn new(options: &OpenOptions) -> Self {
        let own = ImageSize {
            height: SIZE,
            width: SIZE,
        };
        let target = Target {
            size: options.size.unwrap_or(own),
            channels: options.channels.unwrap_or(3),
            fit: options.fit,
            white: None,
        };
        Self {
            noise: Noise::new(options.seed),
            seed: options.seed,
            records: options.records.unwrap_or(DEFAULT_RECORDS),
            schema: schema(&target),
            target,
            cache: Cache::new(options.cache_bytes),
        }
    }

    /// The pixels of a row, drawn or from the cache.
    fn pixels(&self, row: u64) -> Arc<[u8]> {
        self.cache.get(row).unwrap_or_else(|| {
            let bytes = render(&attributes(self.noise, row), &nuisance(self.noise, row));
            let pixels = Arc::from(self.bring(bytes));
            self.cache.put(row, &pixels);
            pixels
        })
    }

    /// A drawn face in the size and channels asked for.
    fn bring(&self, bytes: Vec<u8>) -> Vec<u8> {
        let Target { size, channels, .. } = self.target;
        if (size.height, size.width, channels) == (SIZE, SIZE, 3) {
            return bytes;
        }
        // `from_raw` is `None` only for too few bytes, and `render` returns a whole picture.
        let picture = RgbImage::from_raw(SIZE as u32, SIZE as u32, bytes).unwrap_or_default();
        self.target.bring(DynamicImage::ImageRgb8(picture))
    }

    /// All pictures of `rows`, one after the other.
    fn pictures(&self, rows: &[u64]) -> Vec<u8> {
        let drawn: Vec<Arc<[u8]>> = rows.par_iter().map(|row| self.pixels(*row)).collect();
        drawn.concat()
    }
}

fn schema(target: &Target) -> SchemaRef {
    let number = |name| Field::new(name, DataType::Float64, false);
    let flag = |name| Field::new(name, DataType::Boolean, false);
    Arc::new(Schema::new(vec![
        column::image_field(
            "image",
            target.size.height,
            target.size.width,
            target.channels.into(),
        ),
        flag("smile"),
        number("skin_tone"),
        number("face_shape"),
        flag("beard"),
        flag("glasses"),
        Field::new("hair_colour", DataType::Utf8, false),
    ]))
}

/// One attribute of all faces; `position` is that of its field.
fn attribute(faces: &[Attributes], position: usize) -> ArrayRef {
    let flags = |get: fn(&Attributes) -> bool| -> ArrayRef {
        Arc::new(faces.iter().map(|face| Some(get(face))).collect::<BooleanArray>())
    };
    let numbers = |get: fn(&Attributes) -> f32| -> ArrayRef {
        Arc::new(Float64Array::from_iter_values(
            faces.iter().map(|face| f64::from(get(face))),
        ))
    };
    match position {
        1 => flags(|face| face.smile),
        2 => numbers(|face| face.skin_tone),
        3 => numbers(|face| face.face_shape),
        4 => flags(|face| face.beard),
        5 => flags(|face| face.glasses),
        _ => Arc::new(StringArray::from_iter_values(
            faces.iter().map(|face| face.hair_colour.name()),
        )),
    }
}

impl Source for Faces {
    fn arrow_schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn len(&self) -> u64 {
        self.records
    }

    fn read(&self, rows: &[u64]) -> Result<Read, DataError> {
        self.read_columns(rows, &(0..self.schema.fields().len()).collect::<Vec<_>>())
    }

    fn read_columns(&self, rows: &[u64], columns: &[usize]) -> Result<Read, DataError> {
        check_rows(rows, self.records)?;
        let schema = Arc::new(self.schema.project(columns)?);
        let faces: Vec<Attributes> = rows.iter().map(|row| attributes(self.noise, *row)).collect();
        let array = |position: &usize| match *position {
            0 => column::image_array(self.pictures(rows), self.target.bytes()),
            position => Ok(attribute(&faces, position)),
        };
        let arrays = columns.iter().map(array).collect::<Result<Vec<_>, _>>()?;
        Read::new(schema, arrays, rows.to_vec())
    }

    fn name_of(&self, row: u64) -> String {
        format!("face {row}")
    }

    fn sizes(&self) -> Vec<(ImageSize, u64)> {
        vec![(
            ImageSize {
                height: SIZE,
                width: SIZE,
            },
            self.records,
        )]
    }

    fn description(&self) -> String {
        format!(
            "{} procedural faces of seed {}, with six true attributes",
            self.records, self.seed
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{AsArray, FixedSizeListArray};
    use arrow::datatypes::UInt8Type;

    fn faces(options: OpenOptions) -> Faces {
        Faces::new(&options)
    }

    fn pixels(read: &Read, row: usize) -> Vec<u8> {
        let list: &FixedSizeListArray = read.batch.column(0).as_fixed_size_list();
        list.value(row).as_primitive::<UInt8Type>().values().to_vec()
    }

    #[test]
    fn the_same_seed_and_row_is_the_same_face_in_any_batch() {
        let together = faces(OpenOptions::default()).read(&[3, 1_000, 7]).unwrap();
        let alone = faces(OpenOptions {
            records: Some(8),
            ..Default::default()
        })
        .read(&[7])
        .unwrap();
        assert_eq!(pixels(&together, 2), pixels(&alone, 0));
        assert_eq!(together.batch.slice(2, 1), alone.batch);
        let other = faces(OpenOptions {
            seed: 1,
            ..Default::default()
        })
        .read(&[7])
        .unwrap();
        assert_ne!(pixels(&other, 0), pixels(&alone, 0));
        assert_ne!(pixels(&together, 0), pixels(&together, 1));
    }

    #[test]
    fn a_remembered_face_is_the_drawn_one() {
        let source = faces(OpenOptions::default());
        let forgetful = faces(OpenOptions {
            cache_bytes: 0,
            ..Default::default()
        });
        for _ in 0..2 {
            assert_eq!(
                source.read(&[5]).unwrap().batch,
                forgetful.read(&[5]).unwrap().batch
            );
        }
    }

    #[test]
    fn the_fields_stand_in_their_order() {
        let source = faces(OpenOptions::default());
        let names: Vec<String> = source.schema.fields().iter().map(|f| f.name().clone()).collect();
        let expected = [
            "image",
            "smile",
            "skin_tone",
            "face_shape",
            "beard",
            "glasses",
            "hair_colour",
        ];
        assert_eq!(names, expected);
        assert_eq!(column::image_shape(source.schema.field(0)), Some([64, 64, 3]));
        assert_eq!(source.len(), DEFAULT_RECORDS);
        assert!(matches!(
            source.read(&[4_000]),
            Err(DataError::NoSuchRow {
                row: 4_000,
                len: 4_000
            })
        ));
    }

    #[test]
    fn the_columns_hold_what_was_drawn() {
        let rows: Vec<u64> = (0..50).collect();
        let batch = faces(OpenOptions::default())
            .read_columns(&rows, &[6, 1, 3, 5, 2, 4])
            .unwrap()
            .batch;
        for (i, row) in rows.iter().enumerate() {
            let face = attributes(Noise::new(0), *row);
            assert_eq!(
                batch.column(0).as_string::<i32>().value(i),
                face.hair_colour.name()
            );
            let flag = |column: usize| batch.column(column).as_boolean().value(i);
            assert_eq!(
                [flag(1), flag(3), flag(5)],
                [face.smile, face.glasses, face.beard]
            );
            let number = |column: usize| {
                batch
                    .column(column)
                    .as_primitive::<arrow::datatypes::Float64Type>()
                    .value(i) as f32
            };
            assert_eq!([number(2), number(4)], [face.face_shape, face.skin_tone]);
        }
    }

    #[test]
    fn another_size_and_gray_are_made_from_the_drawn_face() {
        let options = OpenOptions {
            size: Some("32x16".parse().unwrap()),
            channels: Some(1),
            ..Default::default()
        };
        let source = faces(options);
        assert_eq!(column::image_shape(source.schema.field(0)), Some([16, 32, 1]));
        assert_eq!(pixels(&source.read(&[0]).unwrap(), 0).len(), 16 * 32);
    }
}
