//! What a run draws of itself as it goes: the loss curve, and samples in a grid or a table.

use elbo_core::Model;
use elbo_data::noise::Noise;

use super::marginals::{self, COMPARED};
use super::prepare::Prepared;
use crate::conditions::{Conditions, EVERY};
use crate::decode::{Codes, Draw, Drawing};
use crate::error::Error;
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
    let y = Conditions::parse(trained, &[], noise)?.columns(n)?;
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

fn levels(kind: &Kind) -> Option<Vec<String>> {
    match kind {
        Kind::Category(category) => Some(category.levels.clone()),
        Kind::Flag(_) => Some(vec!["no".to_owned(), "yes".to_owned()]),
        _ => None,
    }
}
