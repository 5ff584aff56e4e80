//! `edit`: the same latents, and the same chance, under another condition: another digit in the same hand, a face
//! with glasses, the row as it would have been.

use std::path::PathBuf;
use std::sync::Arc;

use elbo_data::{Batch, Source};
use serde::Serialize;

use crate::batches::{Batches, Given, Host};
use crate::chunk::CHUNK;
use crate::conditions::Conditions;
use crate::decode::{Codes, Drawing};
use crate::error::Error;
use crate::latents::append;
use crate::originals::{Originals, Stays};
use crate::output::Output;
use crate::picture::{GridLayout, Pictures};
use crate::progress::Progress;
use crate::reconstruct::pairs;
use crate::threads;
use crate::trained::Trained;

/// Records shown in a grid when no number is asked for.
const SHOWN: usize = 32;

/// What to edit, and how.
#[derive(Clone, Debug)]
pub struct EditSettings {
    /// The run folder.
    pub run: PathBuf,
    /// The records.
    pub data: String,
    /// What becomes of them: `(field, value)`.
    pub given: Vec<(String, String)>,
    /// The first so many of them; none for all (a grid shows 32).
    pub n: Option<usize>,
    /// A table, a `.png` grid of pairs, an `.npy` array, or a folder.
    pub out: PathBuf,
    /// Replace what is there.
    pub force: bool,
    /// Threads; 0 for one a core.
    pub threads: usize,
    /// What computes; none for what the run was trained on.
    pub device: Option<String>,
}

/// What was edited.
#[derive(Clone, Debug, Serialize)]
pub struct EditReport {
    /// Where it is.
    pub out: PathBuf,
    /// How many records.
    pub n: usize,
    /// What was asked for.
    pub given: Vec<(String, String)>,
}

/// Encodes each record with its own condition and decodes the posterior mean with the one asked for; other
/// conditions stay as they are, and so do fields with levels that are as likely under both.
///
/// # Errors
/// No trained run, a request the model cannot follow, data it cannot read, or an output that cannot be written.
pub fn edit(settings: &EditSettings, progress: &dyn Progress) -> Result<EditReport, Error> {
    if settings.given.is_empty() {
        return Err(Error::bad_argument(
            "--given",
            "nothing",
            "what to change, as field=value",
        ));
    }
    let output = Output::check(&settings.out, settings.force)?;
    threads::within(settings.threads, || {
        let trained = Trained::open(&settings.run, settings.device.as_deref())?;
        output.suits(&trained)?;
        let conditions = Conditions::of_changes(&trained, &settings.given)?;
        conditions
            .warnings
            .iter()
            .for_each(|warning| progress.warn(warning));
        let batches = trained.records(Some(&settings.data))?;
        let all = if output.is_grid() { SHOWN } else { usize::MAX };
        let n = settings.n.unwrap_or(all).min(batches.source.len() as usize);
        let rows: Vec<u64> = (0..n as u64).collect();
        let (before, codes) = trained.edited(&batches, &rows, &conditions, progress)?;
        let n = codes.len(&trained);
        match output.is_grid() {
            true => write_grid(&output, &trained, &before, &codes, progress)?,
            false => {
                let records = Before {
                    source: batches.source.as_ref(),
                    rows: &before.rows,
                    asked: conditions.asked(),
                };
                write_records(&output, &trained, &records, &codes, progress)?;
            }
        }
        Ok(EditReport {
            out: settings.out.clone(),
            n,
            given: settings.given.clone(),
        })
    })
}

/// Pictures of the records as they were beside those that they become.
fn write_grid(
    output: &Output,
    trained: &Trained,
    before: &Host,
    codes: &Codes,
    progress: &dyn Progress,
) -> Result<(), Error> {
    let image = trained.image_or_error()?;
    let after = trained.decode_pictures(codes, &Drawing::mean(), progress)?;
    let before = Pictures {
        pixels: before.pixels(image.place).to_vec(),
        ..after.clone()
    };
    let (pairs, layout) = pairs(&before, &after);
    let row_labels = layout.row_labels.into_iter();
    let row_labels = row_labels.map(|label| label.replace("reconstruction", "edited"));
    let layout = GridLayout {
        row_labels: row_labels.collect(),
        ..layout
    };
    output.write_grid(&pairs, &layout)
}

/// Where the records are as they were, and the places of the conditions that change.
struct Before<'a> {
    source: &'a dyn Source,
    rows: &'a [u64],
    asked: &'a [usize],
}

/// The records that they become. What takes no part stays, and so does what a field with levels leaves open.
fn write_records(
    output: &Output,
    trained: &Trained,
    before: &Before<'_>,
    codes: &Codes,
    progress: &dyn Progress,
) -> Result<(), Error> {
    let changes = |field: usize| before.asked.iter().any(|place| trained.y_fields[*place] == field);
    let stays = |field: usize| match (trained.x_fields.contains(&field), changes(field)) {
        (_, true) => None,
        (false, _) => Some(Stays::Known),
        (true, _) => (trained.schema.fields[field].levels() > 0).then_some(Stays::LeftOpen),
    };
    let originals = Originals::new(trained, before.source, before.rows, stays);
    let mut start = 0;
    output.write_parts(trained, &trained.record_schema()?, codes.len(trained), |take| {
        trained.decode(codes, &Drawing::mean(), progress, |made| {
            let n = made.num_rows();
            let records = originals.read(start, n)?.over(&made)?;
            start += n;
            take(&records)
        })
    })
}

impl Trained {
    /// The records as they are, and their latents under the conditions asked for.
    fn edited(
        &self,
        batches: &Batches,
        rows: &[u64],
        conditions: &Conditions,
        progress: &dyn Progress,
    ) -> Result<(Arc<Host>, Codes), Error> {
        let (mut x, mut y, mut read) = (Vec::new(), Vec::new(), Vec::new());
        for batch in batches.for_scoring(rows, CHUNK)? {
            let batch: Batch = batch?;
            for problem in &batch.problems {
                progress.warn(&format!("{problem}: skipped"));
            }
            let host = batches.host(&batch, Given::These(conditions.asked()))?;
            append(&mut x, host.x)?;
            append(&mut y, host.y)?;
            read.extend(host.rows);
        }
        let (z, _) = self.posteriors(&x, &y);
        let mut changed = y.clone();
        for (place, column) in conditions.columns(read.len())?.into_iter().enumerate() {
            if conditions.asked().contains(&place) {
                changed[place] = column;
            }
        }
        let before = Arc::new(Host { rows: read, x, y });
        let codes = Codes {
            before: Some(Arc::clone(&before)),
            ..Codes::new(z, changed)
        };
        Ok((before, codes))
    }
}
