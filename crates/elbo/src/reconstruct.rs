//! `reconstruct`: records through the encoder and back.

mod errors;

use std::path::PathBuf;

use elbo_data::arrow::record_batch::RecordBatch;
use elbo_data::sink::Parts;
use serde::Serialize;

use crate::batches::Batches;
use crate::decode::{Codes, Drawing};
use crate::error::Error;
use crate::originals::{Originals, Stays};
use crate::output::Output;
use crate::picture::{GridLayout, Pictures};
use crate::progress::Progress;
use crate::threads;
use crate::trained::Trained;
pub use errors::FieldError;

/// Records shown in a grid when no number is asked for, and pairs in a row of it.
const SHOWN: usize = 32;
const COLUMNS: usize = 8;

/// What to reconstruct.
#[derive(Clone, Debug)]
pub struct ReconstructSettings {
    /// The run folder.
    pub run: PathBuf,
    /// The records.
    pub data: String,
    /// The first so many of them; none for all (a grid shows 32).
    pub n: Option<usize>,
    /// A table of reconstructions; of pictures a `.png` grid of pairs, or an `.npy` array or folder.
    pub out: PathBuf,
    /// Replace what is there.
    pub force: bool,
    /// Threads; 0 for one a core.
    pub threads: usize,
    /// What computes; none for what the run was trained on.
    pub device: Option<String>,
}

/// What was reconstructed.
#[derive(Clone, Debug, Serialize)]
pub struct ReconstructReport {
    /// Where it is.
    pub out: PathBuf,
    /// How many records.
    pub n: usize,
    /// How far the reconstruction of each modelled field is from the record, on average.
    pub errors: Vec<FieldError>,
}

/// Decodes the posterior mean of each record to the likelihood's mean.
///
/// # Errors
/// No trained run, data that the model cannot read, or an output that cannot be written.
pub fn reconstruct(
    settings: &ReconstructSettings,
    progress: &dyn Progress,
) -> Result<ReconstructReport, Error> {
    let output = Output::check(&settings.out, settings.force)?;
    threads::within(settings.threads, || {
        let trained = Trained::open(&settings.run, settings.device.as_deref())?;
        let batches = trained.records(Some(&settings.data))?;
        let all = if output.is_grid() { SHOWN } else { usize::MAX };
        let n = settings.n.unwrap_or(all).min(batches.source.len() as usize);
        let rows: Vec<u64> = (0..n as u64).collect();
        output.suits(&trained)?;
        let (rows, originals, reconstructions) = trained.reconstruct(&batches, &rows, progress)?;
        if output.is_grid() {
            let picture = |records| Ok::<_, Error>(trained.pictures_of(records, &trained.image_or_error()?));
            let (pairs, layout) = pairs(&picture(&originals)?, &picture(&reconstructions)?);
            output.write_grid(&pairs, &layout)?;
        } else {
            let modelled = |field| trained.x_fields.contains(&field);
            let stays = |field: usize| (!modelled(field)).then_some(Stays::Known);
            let kept = Originals::new(&trained, batches.source.as_ref(), &rows, stays);
            let records = kept.read(0, rows.len())?.over(&reconstructions)?;
            let write = |take: Parts| take(&records);
            output.write_parts(&trained, &records.schema(), rows.len(), write)?;
        }
        Ok(ReconstructReport {
            out: settings.out.clone(),
            n: originals.num_rows(),
            errors: errors::of(&trained, &originals, &reconstructions)?,
        })
    })
}

impl Trained {
    /// Which of `rows` could be read, those records as the encoder saw them, and their reconstructions.
    pub(crate) fn reconstruct(
        &self,
        batches: &Batches,
        rows: &[u64],
        progress: &dyn Progress,
    ) -> Result<(Vec<u64>, RecordBatch, RecordBatch), Error> {
        let latents = self.encode(batches, rows, true, progress)?;
        let originals = self.records_of(&latents.x, &latents.y, latents.rows.len())?;
        let codes = Codes::new(latents.mean, latents.y);
        let reconstructions = self.decode_all(&codes, &Drawing::mean(), progress)?;
        Ok((latents.rows, originals, reconstructions))
    }
}

/// A grid whose rows are originals and their reconstructions in turn.
pub(crate) fn pairs(originals: &Pictures, reconstructions: &Pictures) -> (Pictures, GridLayout) {
    let columns = COLUMNS.min(originals.len().max(1));
    let row = columns * originals.height * originals.width * originals.channels;
    let mut pixels = Vec::with_capacity(2 * originals.pixels.len() + row);
    let mut row_labels = Vec::new();
    let rows = originals
        .pixels
        .chunks(row)
        .zip(reconstructions.pixels.chunks(row));
    for (original, reconstruction) in rows {
        for (label, part) in [("original", original), ("reconstruction", reconstruction)] {
            pixels.extend(part);
            // A last row that is part empty is filled up with paper white.
            pixels.resize(pixels.len() + row - part.len(), 255);
            row_labels.push(label.to_owned());
        }
    }
    let layout = GridLayout {
        columns,
        row_labels,
        group: 2,
        ..GridLayout::default()
    };
    (
        Pictures {
            pixels,
            ..originals.clone()
        },
        layout,
    )
}
