//! Records as the encoder sees them: posterior means and deviations, and what is known beside.

use elbo_data::Column;

use crate::batches::{Batches, Given};
use crate::chunk::{CHUNK, chunks, filled};
use crate::error::Error;
use crate::progress::Progress;
use crate::readout::{Attribute, Units};
use crate::tensors::to_host;
use crate::trained::Trained;
use crate::unseen::Tally;

/// The posteriors of some records.
#[derive(Default)]
pub(crate) struct Latents {
    /// Those of the records asked for that could be read.
    pub rows: Vec<u64>,
    /// Posterior means, `[rows, latent]`.
    pub mean: Vec<f32>,
    /// Posterior standard deviations, `[rows, latent]`.
    pub std: Vec<f32>,
    /// Number of latent units.
    pub width: usize,
    /// Conditions, one column for each given field.
    pub y: Vec<Column>,
    /// The modelled columns as the encoder saw them, where they were kept.
    pub x: Vec<Column>,
}

impl Latents {
    /// The means, for read-outs.
    pub(crate) fn units(&self) -> Units<'_> {
        Units {
            values: &self.mean,
            width: self.width,
        }
    }

    /// The mean of one record.
    pub(crate) fn mean_of(&self, record: usize) -> &[f32] {
        &self.mean[record * self.width..(record + 1) * self.width]
    }
}

impl Trained {
    /// Encodes `rows` of a source, given what is usual of y or all that is known. Broken records are warned of
    /// and left out.
    pub(crate) fn encode(
        &self,
        batches: &Batches,
        rows: &[u64],
        keep_x: bool,
        progress: &dyn Progress,
    ) -> Result<Latents, Error> {
        let mut latents = Latents {
            width: self.model.latent(),
            ..Latents::default()
        };
        let mut unseen = Tally::default();
        progress.begin("encoding", Some(rows.len() as u64));
        for batch in batches.for_scoring(rows, CHUNK)? {
            let batch = batch?;
            for problem in &batch.problems {
                progress.warn(&format!("{problem}: skipped"));
            }
            unseen.add(&batch);
            if batch.is_empty() {
                continue;
            }
            let host = batches.host(&batch, Given::Usual)?;
            let (mean, std) = self.posteriors(&host.x, &host.y);
            latents.mean.extend(mean);
            latents.std.extend(std);
            append(&mut latents.y, host.y)?;
            if keep_x {
                append(&mut latents.x, host.x)?;
            }
            progress.advance(batch.len() as u64, "");
            latents.rows.extend(batch.rows);
        }
        progress.end();
        unseen.warn(batches.source.as_ref(), progress);
        Ok(latents)
    }

    /// Means and standard deviations of q(z|x,y), each `[rows, latent]`.
    pub(crate) fn posteriors(&self, x: &[Column], y: &[Column]) -> (Vec<f32>, Vec<f32>) {
        let upload = self.upload();
        let (mut mean, mut std) = (Vec::new(), Vec::new());
        for (start, rows) in chunks(x.first().map_or(0, |column| column.given.len())) {
            let (x, y) = (filled(x, start, rows), filled(y, start, rows));
            let q = self.model.posterior(&upload.fields(&x), &upload.fields(&y));
            let wanted = rows * self.model.latent();
            std.extend(&to_host(q.std())[..wanted]);
            mean.extend(&to_host(q.mean)[..wanted]);
        }
        (mean, std)
    }

    /// What is known of `rows` in few values: every field of the schema that the source has and that is a
    /// category, a flag or a number.
    pub(crate) fn attributes(&self, batches: &Batches, rows: &[u64]) -> Result<Vec<Attribute>, Error> {
        let mut attributes = Vec::new();
        for (position, field) in self.schema.fields.iter().enumerate() {
            if field.levels() == 0 {
                continue;
            }
            let Ok(columns) = self.schema.columns_in(batches.source.as_ref(), &[position]) else {
                continue;
            };
            let read = batches.source.read_columns(rows, &columns)?;
            let batch = self.schema.encode(&read, &[position])?;
            attributes.extend(Attribute::from_column(field, &batch.columns[0]));
        }
        Ok(attributes)
    }
}

/// Adds the records of a batch to those before, column by column.
pub(crate) fn append(columns: &mut Vec<Column>, batch: Vec<Column>) -> Result<(), Error> {
    if columns.is_empty() {
        *columns = batch;
        return Ok(());
    }
    for (column, more) in columns.iter_mut().zip(batch) {
        column.append(more)?;
    }
    Ok(())
}
