//! What a run draws of itself as it goes: the loss curve, and samples in a grid or a table.

use std::iter::repeat_n;

use elbo_data::noise::Noise;

use super::marginals;
use super::prepare::Prepared;
use crate::error::Error;
use crate::events::Events;
use crate::model::Model;
use crate::model::conditions::{Conditions, EVERY, must_be_given};
use crate::model::decode::{Draw, Drawing};
use crate::model::latents::Latents;
use crate::output::{Output, OutputOptions};
use crate::picture::{GridLayout, grid, loss_curve, save};

/// Rows and columns of the sample grid.
const SIDE: usize = 8;
/// Most levels that get a column of their own.
const MAX_COLUMNS: usize = 20;

/// Redraws `loss.png`, and `samples.png` or `samples.csv`.
pub(super) fn draw(setup: &Prepared, network: &elbo_core::Model) -> Result<(), Error> {
    let history = setup.dir.history()?;
    save(&loss_curve(&history), &setup.dir.loss_picture(), true)?;
    let model = setup.model(network)?;
    match model.opened.image() {
        Some(_) if must_be_given(&setup.config, &setup.schema).is_some() => draw_completions(setup, &model),
        Some(_) => draw_samples(setup, &model),
        None => write_samples(setup, &model),
    }
}

/// Some records in a table, and a picture of them beside real ones.
fn write_samples(setup: &Prepared, model: &Model) -> Result<(), Error> {
    let (opened, noise) = (&model.opened, Noise::new(setup.config.training.seed));
    // Texts take a while each.
    let n = match opened.text_field() {
        Some(_) => SIDE * SIDE,
        None => marginals::compared(opened.x_fields.len(), SIDE * SIDE),
    };
    let y = match must_be_given(&setup.config, &setup.schema) {
        Some(_) => held_out(setup, model, n, 1)?.y,
        None => Conditions::parse(opened, &[], noise)?.first(n)?,
    };
    let n = y.first().map_or(n, |column| column.observed.len());
    let records = model.on_threads(|| opened.sample_all(&y, n, 1.0, &Drawing::of(Draw::Auto, noise)))?;
    let output = Output::check(&OutputOptions {
        path: setup.dir.samples_table(),
        force: true,
    })?;
    output.write_batch(model, &records.slice(0, (SIDE * SIDE).min(n)))?;
    match marginals::draw(setup, opened, records)? {
        Some(picture) => save(&picture, &setup.dir.samples_picture(), true),
        None => Ok(()),
    }
}

/// Some pictures in a grid: the first category or flag that is given goes through its levels, column by column.
fn draw_samples(setup: &Prepared, model: &Model) -> Result<(), Error> {
    let opened = &model.opened;
    let first = setup.config.model.y.iter().find_map(|field| {
        let (_, field) = setup.schema.field(&field.name).ok()?;
        field.kind.every_value()?;
        let known = field.levels() - usize::from(field.missing_level().is_some());
        let levels = (0..known as u32).map(|level| field.level_name(level)).collect();
        Some((field.name.clone(), levels))
    });
    let (requests, column_labels): (_, Vec<String>) = match first {
        Some((name, levels)) if Vec::len(&levels) <= MAX_COLUMNS => (vec![(name, EVERY.to_owned())], levels),
        _ => (Vec::new(), Vec::new()),
    };
    let columns = if column_labels.is_empty() {
        SIDE
    } else {
        column_labels.len()
    };
    let noise = Noise::new(setup.config.training.seed);
    let y = Conditions::parse(opened, &requests, noise)?.first(SIDE * columns)?;
    let drawing = Drawing {
        noise,
        ..Drawing::mean()
    };
    let records = model.on_threads(|| opened.sample_all(&y, SIDE * columns, 1.0, &drawing))?;
    let layout = GridLayout {
        columns,
        column_labels,
        ..GridLayout::default()
    };
    let pictures = opened.pictures_of(&records, &opened.image_or_error()?);
    save(&grid(&pictures, &layout), &setup.dir.samples_picture(), true)
}

/// Records that were not trained on, each some `times`: a picture or a text among the conditions is taken from these.
fn held_out(setup: &Prepared, model: &Model, n: usize, times: usize) -> Result<Latents, Error> {
    let rows = setup.rows.validation.iter().take(n);
    let rows: Vec<u64> = rows.flat_map(|row| repeat_n(*row, times)).collect();
    model.latents(&setup.batches, &rows, true, &Events::silent())
}

/// A grid whose rows each hold a picture that was not trained on, and what is generated under its condition.
fn draw_completions(setup: &Prepared, model: &Model) -> Result<(), Error> {
    let Latents { rows, x, y, .. } = held_out(setup, model, SIDE, SIDE)?;
    let opened = &model.opened;
    let image = opened.image_or_error()?;
    let real = opened.pictures_of(&opened.records_of(&x, &y, &rows)?, &image);
    let drawing = Drawing {
        noise: Noise::new(setup.config.training.seed),
        ..Drawing::mean()
    };
    let generated = model.on_threads(|| opened.sample_all(&y, rows.len(), 1.0, &drawing))?;
    let mut pictures = opened.pictures_of(&generated, &image);
    let len = (real.pixels.len() / rows.len().max(1)).max(1);
    let lines = pictures.pixels.chunks_mut(SIDE * len);
    for (line, real) in lines.zip(real.pixels.chunks(SIDE * len)) {
        line[..len].copy_from_slice(&real[..len]);
    }
    let mut column_labels = vec!["real".to_owned(), "generated".to_owned()];
    column_labels.resize(SIDE, String::new());
    let layout = GridLayout {
        columns: SIDE,
        column_labels,
        ..GridLayout::default()
    };
    save(&grid(&pictures, &layout), &setup.dir.samples_picture(), true)
}
