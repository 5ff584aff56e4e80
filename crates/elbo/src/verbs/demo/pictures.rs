//! The demo's pictures.

use std::path::{Path, PathBuf};

use elbo_data::noise::{Noise, Purpose};
use elbo_data::{Column, Field, Value};
use image::RgbImage;

use super::NamedUnit;
use crate::error::Error;
use crate::events::Events;
use crate::model::conditions::Conditions;
use crate::model::decode::Drawing;
use crate::model::latents::{Codes, append, windows};
use crate::model::{CHUNK, Model};
use crate::output::grids::{pairs, sweep_layout};
use crate::picture::{GridLayout, Pictures, grid, save};
use crate::verbs::traverse::Sweep;

/// Faces in a row.
const COLUMNS: usize = 8;
/// Records shown as pairs.
const PAIRS: usize = 16;
/// Faces sampled from the plain model.
const SAMPLES: usize = 32;

/// Draws everything into `out`.
pub(super) fn draw(
    out: &Path,
    plain: &Model,
    conditional: &Model,
    units: &[NamedUnit],
) -> Result<Vec<(PathBuf, &'static str)>, Error> {
    let drawings: [(&str, &'static str, RgbImage); 4] = [
        ("samples.png", "new faces of the plain model", samples(plain)?),
        (
            "reconstructions.png",
            "test faces and what six numbers keep of them",
            reconstructions(plain)?,
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
        save(&image, &path, true)?;
        drawn.push((path, shows));
    }
    Ok(drawn)
}

fn samples(plain: &Model) -> Result<RgbImage, Error> {
    let opened = &plain.opened;
    let faces = plain.on_threads(|| opened.sample_all(&[], SAMPLES, 1.0, &Drawing::mean()))?;
    let layout = GridLayout {
        columns: COLUMNS,
        ..GridLayout::default()
    };
    Ok(grid(
        &opened.pictures_of(&faces, &opened.image_or_error()?),
        &layout,
    ))
}

fn reconstructions(plain: &Model) -> Result<RgbImage, Error> {
    let batches = plain.read_own(&Events::silent())?;
    let mut rows = plain.config().split(batches.source.as_ref())?.test;
    rows.truncate(PAIRS);
    let (opened, image) = (&plain.opened, plain.opened.image_or_error()?);
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for pair in plain.reconstruct_rows(&batches, &rows[..], &Events::silent())? {
        let pair = pair?;
        before.push(opened.pictures_of(&pair.before()?, &image));
        after.push(opened.pictures_of(&pair.after, &image));
    }
    let (pairs, layout) = pairs(
        &Pictures::joined(&before),
        &Pictures::joined(&after),
        "reconstruction",
    );
    Ok(grid(&pairs, &layout))
}

fn traversals(plain: &Model, units: &[NamedUnit]) -> Result<RgbImage, Error> {
    let label = |unit: &NamedUnit| match &unit.follows {
        Some(association) => format!("unit {}: {association}\n{:.2} nats", unit.unit, unit.rate),
        None => format!("unit {}\n{:.2} nats", unit.unit, unit.rate),
    };
    let sweep = Sweep {
        units: units.iter().map(|unit| unit.unit).collect(),
        steps: COLUMNS + 1,
        range: 2.5,
    };
    let start = plain.middle(&[], &Events::silent())?;
    let records = plain.on_threads(|| plain.opened.sweep(&start, &sweep))?;
    let pictures = plain
        .opened
        .pictures_of(&records, &plain.opened.image_or_error()?);
    let steps: Vec<f32> = (0..sweep.steps).map(|step| sweep.at(step)).collect();
    Ok(grid(
        &pictures,
        &sweep_layout(&steps, units.iter().map(label).collect()),
    ))
}

/// A row for each attribute: the same noise and the same other attributes, this one changed.
fn by_attribute(model: &Model) -> Result<RgbImage, Error> {
    let (opened, noise) = (&model.opened, Noise::new(3));
    let fields = &opened.config.model.y;
    let base = Conditions::parse(opened, &typical(model)?, noise)?.first(1)?;
    let mut row_labels = Vec::new();
    let mut y = Vec::new();
    for (place, field) in fields.iter().enumerate() {
        let (position, field) = opened.schema.field(&field.name)?;
        let (values, label) = steps(field);
        row_labels.push(format!("{}\n{label}", field.name));
        let mut row: Vec<Column> = base.iter().map(|column| column.repeat(COLUMNS)).collect();
        row[place] = opened.schema.column(position, &values)?;
        append(&mut y, row)?;
    }
    // The same noise for all: where the prior is learned, each face has its own latents for it.
    let eps = noise.normal(Purpose::Prior, 0, &[0], model.latent());
    let faces = model.on_threads(|| {
        opened.decode_all(fields.len() * COLUMNS, &Drawing::mean(), |part| {
            let y = windows(&y, &part, CHUNK);
            let eps = opened.chunk_of(eps.repeat(part.len()), CHUNK);
            let z = opened.network.draw_prior(&opened.upload().fields(&y), eps, 0.5);
            Codes::new(part.map(|row| row as u64).collect(), z, y)
        })
    })?;
    let layout = GridLayout {
        columns: COLUMNS,
        row_labels,
        ..GridLayout::default()
    };
    Ok(grid(
        &opened.pictures_of(&faces, &opened.image_or_error()?),
        &layout,
    ))
}

/// A face on which every change shows: each attribute at its first level, or at 0.6 of its range.
fn typical(model: &Model) -> Result<Vec<(String, String)>, Error> {
    let mut requests = Vec::new();
    for field in &model.config().model.y {
        let (_, field) = model.schema().field(&field.name)?;
        let value = match field.number() {
            Some(number) => format!("{:.3}", number.min + 0.6 * (number.max - number.min)),
            None if field.levels() > 0 => field.level_name(0),
            None => continue,
        };
        requests.push((field.name.clone(), value));
    }
    Ok(requests)
}

/// The values along a row, and a label for them.
fn steps(field: &Field) -> (Vec<Value>, String) {
    let columns = 0..COLUMNS;
    if let Some(number) = field.number() {
        let at =
            |column: usize| number.min + (number.max - number.min) * column as f64 / (COLUMNS - 1) as f64;
        let values = columns.map(|column| number.value(at(column))).collect();
        return (values, format!("{:.1} → {:.1}", number.min, number.max));
    }
    let levels = field.kind.every_value().unwrap_or_default();
    let names: Vec<String> = (0..levels.len() as u32)
        .map(|level| field.level_name(level))
        .collect();
    let label = match &names[..] {
        [first, second] => format!("{first} → {second}"),
        names => names.join(", "),
    };
    let value = |column: usize| levels.get(column * levels.len() / COLUMNS).cloned();
    (
        columns
            .map(|column| value(column).unwrap_or(Value::Unobserved))
            .collect(),
        label,
    )
}
