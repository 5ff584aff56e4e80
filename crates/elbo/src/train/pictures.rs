//! What a run draws of itself as it goes: the loss curve, and samples in a grid or a table.

use std::iter::repeat_n;

use elbo_core::Model;
use elbo_data::noise::Noise;

use super::marginals::{self, COMPARED};
use super::prepare::Prepared;
use crate::conditions::{Conditions, EVERY, must_be_given};
use crate::decode::{Codes, Draw, Drawing};
use crate::error::Error;
use crate::latents::Latents;
use crate::output::{Output, save};
use crate::picture::{GridLayout, grid, loss_curve};
use crate::progress::Silent;
use crate::trained::Trained;
use elbo_data::Kind;
use elbo_data::atomic::Existing;

/// Rows and columns of the sample grid.
const SIDE: usize = 8;
/// Most levels that get a column of their own.
const MAX_COLUMNS: usize = 20;

/// Redraws `loss.png`, and `samples.png` or `samples.csv`.
pub(super) fn draw(setup: &Prepared, model: &Model) -> Result<(), Error> {
    let history = setup.dir.history()?;
    save(
        &loss_curve(&history),
        &setup.dir.loss_picture(),
        Existing::Replace,
    )?;
    let trained = setup.as_trained(model)?;
    match trained.image() {
        Some(_) if must_be_given(&setup.config, &setup.schema).is_some() => draw_completions(setup, &trained),
        Some(_) => draw_samples(setup, &trained),
        None => write_samples(setup, &trained),
    }
}

/// Some records in a table, and a picture of them beside real ones.
fn write_samples(setup: &Prepared, trained: &Trained) -> Result<(), Error> {
    let noise = Noise::new(trained.config.training.seed);
    // Texts take a while each.
    let n = match trained.text_field() {
        Some(_) => SIDE * SIDE,
        None => COMPARED,
    };
    let y = match must_be_given(&setup.config, &setup.schema) {
        Some(_) => held_out(setup, trained, n, 1)?.y,
        None => Conditions::parse(trained, &[], noise)?.columns(n)?,
    };
    let n = y.first().map_or(n, |column| column.given.len());
    let z = trained.draw_latents(&y, n, 1.0, noise);
    let records = trained.decode_all(&Codes::new(z, y), &Drawing::of(Draw::Auto, noise), &Silent)?;
    let output = Output::check(&setup.dir.samples_table(), true)?;
    let shown = records.slice(0, (SIDE * SIDE).min(n));
    output.write_parts(trained, &records.schema(), shown.num_rows(), |take| take(&shown))?;
    match marginals::draw(setup, trained, records)? {
        Some(picture) => save(&picture, &setup.dir.samples_picture(), Existing::Replace),
        None => Ok(()),
    }
}

/// Some pictures in a grid: the first category or flag that is given goes through its levels, column by column.
fn draw_samples(setup: &Prepared, trained: &Trained) -> Result<(), Error> {
    let first = trained.config.model.y.iter().find_map(|field| {
        let (_, field) = trained.schema.field(&field.name).ok()?;
        Some((field.name.clone(), levels(&field.kind)?))
    });
    let (requests, column_labels) = match first {
        Some((name, levels)) if levels.len() <= MAX_COLUMNS => (vec![(name, EVERY.to_owned())], levels),
        _ => (Vec::new(), Vec::new()),
    };
    let columns = if column_labels.is_empty() {
        SIDE
    } else {
        column_labels.len()
    };
    let noise = Noise::new(trained.config.training.seed);
    let y = Conditions::parse(trained, &requests, noise)?.columns(SIDE * columns)?;
    let z = trained.draw_latents(&y, SIDE * columns, 1.0, noise);
    let pictures = trained.decode_pictures(&Codes::new(z, y), &Drawing::mean(), &Silent)?;
    let sheet = grid(
        &pictures,
        &GridLayout {
            columns,
            column_labels,
            ..GridLayout::default()
        },
    );
    save(&sheet, &setup.dir.samples_picture(), Existing::Replace)
}

/// Records that were not trained on, each some `times`: what a picture or a text among the conditions is taken from.
fn held_out(setup: &Prepared, trained: &Trained, n: usize, times: usize) -> Result<Latents, Error> {
    let rows = setup.rows.validation.iter().take(n);
    let rows: Vec<u64> = rows.flat_map(|row| repeat_n(*row, times)).collect();
    trained.encode(&setup.batches, &rows, true, &Silent)
}

/// A grid whose rows each hold a picture that was not trained on, and what the model makes under its condition.
fn draw_completions(setup: &Prepared, trained: &Trained) -> Result<(), Error> {
    let Latents { rows, x, y, .. } = held_out(setup, trained, SIDE, SIDE)?;
    let image = trained.image_or_error()?;
    let real = trained.pictures_of(&trained.records_of(&x, &y, rows.len())?, &image);
    let noise = Noise::new(trained.config.training.seed);
    let z = trained.draw_latents(&y, rows.len(), 1.0, noise);
    let mut pictures = trained.decode_pictures(&Codes::new(z, y), &Drawing::mean(), &Silent)?;
    let len = (real.pixels.len() / rows.len().max(1)).max(1);
    let lines = pictures.pixels.chunks_mut(SIDE * len);
    for (line, real) in lines.zip(real.pixels.chunks(SIDE * len)) {
        line[..len].copy_from_slice(&real[..len]);
    }
    let mut column_labels = vec!["real".to_owned(), "made".to_owned()];
    column_labels.resize(SIDE, String::new());
    let layout = GridLayout {
        columns: SIDE,
        column_labels,
        ..GridLayout::default()
    };
    save(
        &grid(&pictures, &layout),
        &setup.dir.samples_picture(),
        Existing::Replace,
    )
}

fn levels(kind: &Kind) -> Option<Vec<String>> {
    match kind {
        Kind::Category(category) => Some(category.levels.clone()),
        Kind::Flag(_) => Some(vec!["no".to_owned(), "yes".to_owned()]),
        _ => None,
    }
}
