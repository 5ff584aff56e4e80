//! Which attributes the plain model's latents follow, and how often the conditional model's faces show the requested
//! ones.

use elbo_core::ImageShape;
use elbo_data::noise::{Noise, Purpose};
use elbo_data::{Column, Value};
use serde::Serialize;

use crate::error::Error;
use crate::events::Events;
use crate::model::Model;
use crate::model::decode::Drawing;
use crate::model::latents::Latents;
use crate::readout::{Association, Attribute, Measure, Readout, Units, Values, associate, balanced_accuracy};

/// Number of faces sampled to check how often they show the requested attributes.
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

/// How often a face shows the requested attribute, as read from its pixels.
#[derive(Clone, Debug, Serialize)]
pub struct Found {
    /// The attribute.
    pub attribute: String,
    /// Share of the faces; a number that was requested low or high counts if it is in the lower or upper half.
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
pub(super) fn learn(plain: &Model, events: &Events) -> Result<Knowledge, Error> {
    let batches = plain.read_own(events)?;
    let rows = plain.config().split(batches.source.as_ref())?;
    let seen = plain.latents(&batches, &rows.train, true, events)?;
    let unseen = plain.latents(&batches, &rows.test, false, events)?;
    let known = plain.attributes(&batches, &rows.train)?;
    let truth = plain.attributes(&batches, &rows.test)?;
    let small = shrink(pixels(&seen.x), plain.opened.image_or_error()?.shape);
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

fn name_units(plain: &Model, unseen: &Latents, truth: &[Attribute]) -> Result<Vec<NamedUnit>, Error> {
    let mut follows = associate(unseen.units(), truth);
    let units = plain.opened.units_by_rate()?.into_iter();
    Ok(units
        .map(|(unit, rate)| NamedUnit {
            unit,
            rate,
            follows: follows[unit].take(),
        })
        .collect())
}

/// Asks the conditional model for faces with random attributes, and reads those of the faces that it decodes.
pub(super) fn found(conditional: &Model, knowledge: &Knowledge) -> Result<Vec<Found>, Error> {
    let (opened, noise) = (&conditional.opened, Noise::new(1));
    let fields = opened.config.model.y.iter().enumerate();
    let y = fields
        .map(|(place, field)| ask(conditional, &field.name, place, noise))
        .collect::<Result<Vec<_>, Error>>()?;
    let drawing = Drawing {
        noise,
        ..Drawing::mean()
    };
    let faces = conditional.on_threads(|| opened.sample_all(&y, ASKED, 1.0, &drawing))?;
    let image = opened.image_or_error()?;
    let small = shrink(&opened.pictures_of(&faces, &image).pixels, image.shape);
    let mut found = Vec::new();
    for (column, field) in y.iter().zip(&opened.config.model.y) {
        let Some((name, reader)) = knowledge.from_pixels.iter().find(|(name, _)| *name == field.name) else {
            continue;
        };
        let (_, schema_field) = opened.schema.field(name)?;
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
/// a quarter or three quarters of its range, so that the request is as clear as a level.
fn ask(model: &Model, name: &str, place: usize, noise: Noise) -> Result<Column, Error> {
    let (position, field) = model.schema().field(name)?;
    let draws = noise.uniform(Purpose::Subset, place as u64, &[0], ASKED);
    let levels = field.kind.every_value();
    let value = |u: &f32| match (field.number(), &levels) {
        (Some(number), _) => {
            let share = if *u < 0.5 { 0.25 } else { 0.75 };
            number.value(number.min + share * (number.max - number.min))
        }
        (None, Some(levels)) => levels[(*u * levels.len() as f32) as usize].clone(),
        (None, None) => Value::Unobserved,
    };
    let values: Vec<Value> = draws.iter().map(value).collect();
    Ok(model.schema().column(position, &values)?)
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
    x.iter().find_map(Column::pixels).unwrap_or_default()
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
