//! The demo's pictures.

use std::path::{Path, PathBuf};

use elbo_data::atomic::Existing;
use elbo_data::noise::{Noise, Purpose};
use elbo_data::{Column, Kind, Value};

use super::NamedUnit;
use crate::conditions::Conditions;
use crate::decode::{Codes, Drawing};
use crate::error::Error;
use crate::latents::append;
use crate::output::save;
use crate::picture::{GridLayout, grid};
use crate::progress::{Progress, Silent};
use crate::reconstruct::pairs;
use crate::trained::Trained;
use crate::traverse::Sweep;

/// Faces in a row.
const COLUMNS: usize = 8;
/// Records shown as pairs.
const PAIRS: usize = 16;
/// Faces sampled from the plain model.
const SAMPLES: usize = 32;

/// Draws everything into `out`.
pub(super) fn draw(
    out: &Path,
    existing: Existing,
    plain: &Trained,
    conditional: &Trained,
    units: &[NamedUnit],
    progress: &dyn Progress,
) -> Result<Vec<(PathBuf, &'static str)>, Error> {
    let drawings: [(&str, &'static str, image::RgbImage); 4] = [
        ("samples.png", "new faces of the plain model", samples(plain)?),
        (
            "reconstructions.png",
            "test faces and what six numbers keep of them",
            reconstructions(plain, progress)?,
        ),
        (
            "traversals.png",
            "each latent unit of the plain model swept, with the attribute it follows",
            traversals(plain, units)?,
        ),
        (
            "by_attribute.png",
            "faces of the conditional model, one attribute changed at a time",
            by_attribute(conditional)?,
        ),
    ];
    let mut drawn = Vec::new();
    for (name, shows, image) in drawings {
        let path = out.join(name);
        save(&image, &path, existing)?;
        drawn.push((path, shows));
    }
    Ok(drawn)
}

fn samples(plain: &Trained) -> Result<image::RgbImage, Error> {
    let noise = Noise::new(0);
    let z = plain.draw_latents(&[], SAMPLES, 1.0, noise);
    let faces = plain.decode_pictures(&Codes::new(z, Vec::new()), &Drawing::mean(), &Silent)?;
    Ok(grid(
        &faces,
        &GridLayout {
            columns: COLUMNS,
            ..GridLayout::default()
        },
    ))
}

fn reconstructions(plain: &Trained, progress: &dyn Progress) -> Result<image::RgbImage, Error> {
    let batches = plain.records(None)?;
    let mut rows = plain.config.split(batches.source.as_ref())?.test;
    rows.truncate(PAIRS);
    let (_, originals, reconstructions) = plain.reconstruct(&batches, &rows, progress)?;
    let image = plain.image_or_error()?;
    let [originals, reconstructions] =
        [originals, reconstructions].map(|records| plain.pictures_of(&records, &image));
    let (pairs, layout) = pairs(&originals, &reconstructions);
    Ok(grid(&pairs, &layout))
}

fn traversals(plain: &Trained, units: &[NamedUnit]) -> Result<image::RgbImage, Error> {
    let label = |unit: &NamedUnit| match &unit.follows {
        Some(association) => format!("unit {}: {association}\n{:.2} nats", unit.unit, unit.rate),
        None => format!("unit {}\n{:.2} nats", unit.unit, unit.rate),
    };
    let labels = units.iter().map(label).collect();
    let sweep = Sweep {
        units: units.iter().map(|unit| unit.unit).collect(),
        steps: COLUMNS + 1,
        range: 2.5,
    };
    plain.draw_sweep(&plain.middle(&[], &Silent)?, &sweep, labels, &Silent)
}

/// A row for each attribute: the same noise and the same other attributes, this one changed.
fn by_attribute(model: &Trained) -> Result<image::RgbImage, Error> {
    let noise = Noise::new(3);
    let fields = &model.config.model.y;
    let base = Conditions::parse(model, &typical(model)?, noise)?.columns(1)?;
    let mut row_labels = Vec::new();
    let mut y = Vec::new();
    for (place, field) in fields.iter().enumerate() {
        let (position, field) = model.schema.field(&field.name)?;
        let (values, label) = steps(&field.kind);
        row_labels.push(format!("{}\n{label}", field.name));
        let mut row: Vec<Column> = base.iter().map(|column| column.repeat(COLUMNS)).collect();
        row[place] = model.schema.column(position, &values)?;
        append(&mut y, row)?;
    }
    // The same noise for all: where the prior is learned, each face has its own latents for it.
    let eps = noise.normal(Purpose::Prior, 0, &[0], model.model.latent());
    let z = model.latents_from(&y, &eps.repeat(fields.len() * COLUMNS), 0.5);
    let faces = model.decode_pictures(&Codes::new(z, y), &Drawing::mean(), &Silent)?;
    Ok(grid(
        &faces,
        &GridLayout {
            columns: COLUMNS,
            row_labels,
            ..GridLayout::default()
        },
    ))
}

/// A face on which every change shows.
fn typical(model: &Trained) -> Result<Vec<(String, String)>, Error> {
    let mut requests = Vec::new();
    for field in &model.config.model.y {
        let (_, field) = model.schema.field(&field.name)?;
        let value = match &field.kind {
            Kind::Flag(_) => "no".to_owned(),
            Kind::Number(number) => format!("{:.3}", number.min + 0.6 * (number.max - number.min)),
            Kind::Category(category) => category.levels[0].clone(),
            _ => continue,
        };
        requests.push((field.name.clone(), value));
    }
    Ok(requests)
}

/// The values along a row, and what they are.
fn steps(kind: &Kind) -> (Vec<Value>, String) {
    let half = |column: usize| 2 * column >= COLUMNS;
    let columns = 0..COLUMNS;
    match kind {
        Kind::Flag(_) => (
            columns.map(|column| Value::Flag(half(column))).collect(),
            "no → yes".to_owned(),
        ),
        Kind::Category(category) => {
            let levels = category.levels.len();
            let level = |column: usize| Value::Category((column * levels / COLUMNS) as u32);
            (columns.map(level).collect(), category.levels.join(", "))
        }
        Kind::Number(number) => {
            let at =
                |column: usize| number.min + (number.max - number.min) * column as f64 / (COLUMNS - 1) as f64;
            let value = |column| number.value(at(column));
            (
                columns.map(value).collect(),
                format!("{:.1} → {:.1}", number.min, number.max),
            )
        }
        _ => (columns.map(|_| Value::NotGiven).collect(), String::new()),
    }
}
