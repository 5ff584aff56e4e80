//! What the plain model found out by itself, and whether the conditional one does as asked.

use elbo_core::ImageShape;
use elbo_data::noise::{Noise, Purpose};
use elbo_data::{Column, Kind, Value};
use serde::Serialize;

use crate::decode::{Codes, Drawing};
use crate::error::Error;
use crate::latents::Latents;
use crate::progress::Progress;
use crate::readout::{Association, Attribute, Measure, Readout, Units, Values, associate, balanced_accuracy};
use crate::trained::Trained;

/// Faces asked for, to see how often they come out as asked.
const ASKED: usize = 600;

/// A latent unit and the attribute that it follows best.
#[derive(Clone, Debug, Serialize)]
pub struct NamedUnit {
    /// The unit, counted from 0.
    pub unit: usize,
    /// Its mean rate on the validation faces, in nats.
    pub rate: f64,
    /// The attribute it follows best, on the test faces.
    pub follows: Option<Association>,
}

/// How well an attribute can be read from the posterior means of faces that no model has seen.
#[derive(Clone, Debug, Serialize)]
pub struct ReadOut {
    /// The attribute.
    pub attribute: String,
    /// R² of a linear read-out, or balanced accuracy of a logistic one.
    pub measure: Measure,
    /// Its value.
    pub value: f64,
}

/// How often a face shows what was asked for, as read from its pixels.
#[derive(Clone, Debug, Serialize)]
pub struct Found {
    /// The attribute.
    pub attribute: String,
    /// Share of the faces; a number that was asked for low or high is found in the lower or upper half.
    pub share: f64,
}

/// What is known of the plain model's latents, and of pixels.
pub(super) struct Knowledge {
    pub units: Vec<NamedUnit>,
    pub read_outs: Vec<ReadOut>,
    /// Reads each attribute from a picture: fitted on true faces, of no model's making.
    from_pixels: Vec<(String, Readout)>,
}

/// Names the units and fits the read-outs on the training faces; those from latents are scored on the test faces.
pub(super) fn learn(plain: &Trained, progress: &dyn Progress) -> Result<Knowledge, Error> {
    let batches = plain.records(None)?;
    let rows = plain.config.split(batches.source.as_ref())?;
    let seen = plain.encode(&batches, &rows.train, true, progress)?;
    let unseen = plain.encode(&batches, &rows.test, false, progress)?;
    let known = plain.attributes(&batches, &rows.train)?;
    let truth = plain.attributes(&batches, &rows.test)?;
    let small = shrink(pixels(&seen.x), plain.image_or_error()?.shape);
    let mut from_pixels = Vec::new();
    let mut read_outs = Vec::new();
    for (known, truth) in known.iter().zip(&truth) {
        let from_latents = Readout::fit(seen.units(), known);
        if let Some(score) = from_latents.and_then(|reader| reader.score(unseen.units(), truth)) {
            read_outs.push(ReadOut {
                attribute: truth.name.clone(),
                measure: score.measure,
                value: score.value,
            });
        }
        let reader = Readout::fit(small.units(), known);
        from_pixels.extend(reader.map(|reader| (known.name.clone(), reader)));
    }
    Ok(Knowledge {
        units: name_units(plain, &unseen, &truth)?,
        read_outs,
        from_pixels,
    })
}

fn name_units(plain: &Trained, unseen: &Latents, truth: &[Attribute]) -> Result<Vec<NamedUnit>, Error> {
    let mut follows = associate(unseen.units(), truth);
    let units = plain.units_by_rate()?.into_iter();
    Ok(units
        .map(|(unit, rate)| NamedUnit {
            unit,
            rate,
            follows: follows[unit].take(),
        })
        .collect())
}

/// Asks the conditional model for faces with random attributes, and reads what came out.
pub(super) fn found(
    conditional: &Trained,
    knowledge: &Knowledge,
    progress: &dyn Progress,
) -> Result<Vec<Found>, Error> {
    let noise = Noise::new(1);
    let fields = conditional.config.model.y.iter().enumerate();
    let y = fields
        .map(|(place, field)| ask(conditional, &field.name, place, noise))
        .collect::<Result<Vec<_>, Error>>()?;
    let z = conditional.draw_latents(&y, ASKED, 1.0, noise);
    let faces = conditional.decode_pictures(&Codes::new(z, y.clone()), &Drawing::mean(), progress)?;
    let small = shrink(&faces.pixels, conditional.image_or_error()?.shape);
    let mut found = Vec::new();
    for (column, field) in y.iter().zip(&conditional.config.model.y) {
        let Some((name, reader)) = knowledge.from_pixels.iter().find(|(name, _)| *name == field.name) else {
            continue;
        };
        let (_, schema_field) = conditional.schema.field(name)?;
        if let Some(asked) = Attribute::from_column(schema_field, column) {
            found.push(Found {
                attribute: name.clone(),
                share: agreement(&asked.values, &reader.predict(small.units())),
            });
        }
    }
    Ok(found)
}

/// Random values of one field: every level as often; of a number, one that is low or one that is high, at
/// a quarter or three quarters of its range, so that what is asked for is as plain as a level.
fn ask(model: &Trained, name: &str, place: usize, noise: Noise) -> Result<Column, Error> {
    let (position, field) = model.schema.field(name)?;
    let draws = noise.uniform(Purpose::Subset, place as u64, &[0], ASKED);
    let value = |u: &f32| match &field.kind {
        Kind::Category(category) => Value::Category((*u * category.levels.len() as f32) as u32),
        Kind::Flag(_) => Value::Flag(*u < 0.5),
        Kind::Number(number) => {
            let share = if *u < 0.5 { 0.25 } else { 0.75 };
            number.value(number.min + share * (number.max - number.min))
        }
        _ => Value::NotGiven,
    };
    Ok(model
        .schema
        .column(position, &draws.iter().map(value).collect::<Vec<_>>())?)
}

/// Pictures of a quarter of the size, as rows of numbers.
struct Small {
    values: Vec<f32>,
    width: usize,
}

impl Small {
    fn units(&self) -> Units<'_> {
        Units {
            values: &self.values,
            width: self.width,
        }
    }
}

/// The pixels among the modelled columns.
fn pixels(x: &[Column]) -> &[u8] {
    let pixels = x.iter().find_map(|column| match &column.values {
        elbo_data::Values::Image(pixels) => Some(pixels.as_slice()),
        _ => None,
    });
    pixels.unwrap_or_default()
}

/// Every square of four by four pixels becomes its sum: a read-out of fewer numbers learns faster, and
/// scales them itself.
fn shrink(pixels: &[u8], shape: ImageShape) -> Small {
    const SIDE: usize = 4;
    let (columns, channels) = (shape.width.div_ceil(SIDE), shape.channels);
    let width = shape.height.div_ceil(SIDE) * columns * channels;
    let mut values = vec![0.0; pixels.len() / shape.len() * width];
    let pictures = pixels.chunks_exact(shape.len());
    for (picture, small) in pictures.zip(values.chunks_exact_mut(width)) {
        for (place, byte) in picture.iter().enumerate() {
            let (pixel, channel) = (place / channels, place % channels);
            let (row, column) = (pixel / shape.width / SIDE, pixel % shape.width / SIDE);
            small[(row * columns + column) * channels + channel] += f32::from(*byte);
        }
    }
    Small { values, width }
}

/// Share of records on which both agree: the same level, or a number in the same half of its range.
fn agreement(asked: &Values, read: &Values) -> f64 {
    let pairs: Vec<(usize, usize)> = match (asked, read) {
        (Values::Number(asked), Values::Number(read)) => {
            let all: Vec<f64> = asked.iter().flatten().copied().collect();
            let middle = all.iter().sum::<f64>() / all.len().max(1) as f64;
            let half = |value: &Option<f64>| usize::from(value.is_some_and(|value| value > middle));
            asked.iter().map(half).zip(read.iter().map(half)).collect()
        }
        _ => asked
            .codes()
            .into_iter()
            .zip(read.codes())
            .filter_map(|(a, b)| Some((a?, b?)))
            .collect(),
    };
    balanced_accuracy(&pairs).unwrap_or(0.0)
}
