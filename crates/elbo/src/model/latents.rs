//! Between records and latents: where z is drawn, from the posterior or from the prior, always on the device.

use std::ops::Range;
use std::sync::Arc;

use burn::tensor::Tensor;
use elbo_core::distribution::DiagonalGaussian;
use elbo_data::Column;
use elbo_data::noise::{Noise, Purpose};

use super::batches::{Batches, Conditioning, Observations};
use super::opened::Opened;
use super::reading::{Reading, Rows};
use super::stream::Stream;
use super::tensors::to_host;
use super::{CHUNK, Model};
use crate::error::Error;
use crate::events::{Events, Phase};
use crate::readout::{Attribute, Units};

/// Latents and conditions of up to a chunk of records that are to be decoded.
pub(crate) struct Codes {
    /// The numbers of the records: their noise depends on these alone.
    pub rows: Vec<u64>,
    /// Latents, `[size, latent]`, where `size` is that of the filled chunk.
    pub z: Tensor<2>,
    /// A column for each given field, filled up to the same size.
    pub y: Vec<Column>,
    /// The modelled fields where they are known: these values are kept, and later fields depend on them.
    pub known: Option<Vec<Column>>,
    /// The records as they were, filled up to a chunk, where they are to be changed.
    pub before: Option<Observations>,
}

impl Codes {
    /// Latents and conditions without known values.
    pub(crate) fn new(rows: Vec<u64>, z: Tensor<2>, y: Vec<Column>) -> Self {
        Self {
            rows,
            z,
            y,
            known: None,
            before: None,
        }
    }

    /// The size to which the chunk is filled up.
    pub(crate) fn size(&self) -> usize {
        self.z.dims()[0]
    }
}

/// The chunks of `n` records.
pub(crate) fn chunks(n: usize) -> impl Iterator<Item = Range<usize>> {
    (0..n)
        .step_by(CHUNK)
        .map(move |start| start..(start + CHUNK).min(n))
}

/// The records `part` of some columns, filled up to `size`.
pub(crate) fn windows(columns: &[Column], part: &Range<usize>, size: usize) -> Vec<Column> {
    let window = |column: &Column| column.window(part.start, part.len(), size);
    columns.iter().map(window).collect()
}

impl Opened {
    /// q(z|x,y) of a chunk of records, `[CHUNK, latent]`.
    pub(crate) fn posterior(&self, records: &Observations) -> DiagonalGaussian {
        let (upload, records) = (self.upload(), records.filled());
        self.network
            .posterior(&upload.fields(&records.x), &upload.fields(&records.y))
    }

    /// z ~ p(z|y) for a chunk of records with these numbers, the prior's standard deviation times `temperature`. Their
    /// conditions are filled up already.
    pub(crate) fn prior_codes(
        &self,
        rows: Vec<u64>,
        y: Vec<Column>,
        temperature: f32,
        noise: Noise,
    ) -> Codes {
        let size = y.first().map_or_else(|| self.filled(rows.len()), Column::len);
        let eps = noise.normal(Purpose::Prior, 0, &rows, self.network.latent());
        let z = self.network.draw_prior(
            &self.upload().fields(&y),
            self.chunk_of(eps.clone(), size),
            temperature,
        );
        let Some(mixture) = self.network.mixture() else {
            return Codes::new(rows, z, y);
        };
        let uniforms = noise.uniform(Purpose::Component, 0, &rows, 1);
        let (mut drawn, width) = (to_host(z), self.network.latent());
        let each = drawn.chunks_exact_mut(width).zip(eps.chunks_exact(width));
        for (row, ((drawn, eps), uniform)) in each.zip(uniforms).enumerate() {
            if y.iter().all(|column| !column.observed[row]) {
                drawn.copy_from_slice(&mixture.draw(uniform, eps, temperature));
            }
        }
        Codes::new(rows, self.chunk_of(drawn, size), y)
    }

    /// Row-major values of latents, filled up with zeros: `[size, latent]`.
    pub(crate) fn chunk_of(&self, mut values: Vec<f32>, size: usize) -> Tensor<2> {
        values.resize(size * self.network.latent(), 0.0);
        self.upload().rows(values, size)
    }

    /// The first `rows` rows of a chunk of latents, on the host.
    pub(crate) fn rows_of(&self, latents: Tensor<2>, rows: usize) -> Vec<f32> {
        let mut values = to_host(latents);
        values.truncate(rows * self.network.latent());
        values
    }
}

/// The posteriors of some records, on the host.
#[derive(Default)]
pub(crate) struct Latents {
    /// Which records these are: those asked for that could be read.
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

    fn add(&mut self, more: Self) -> Result<(), Error> {
        self.rows.extend(more.rows);
        self.mean.extend(more.mean);
        self.std.extend(more.std);
        append(&mut self.y, more.y)?;
        append(&mut self.x, more.x)
    }
}

impl Model {
    /// The posteriors of `rows` of a source, batch by batch.
    pub(crate) fn posteriors(
        &self,
        batches: &Arc<Batches>,
        rows: impl Into<Rows>,
        events: &Events,
    ) -> Result<Stream<Observations, Latents>, Error> {
        let rows = rows.into();
        let phase = (Phase::Encoding, rows.len());
        let reading = Reading::new(batches, rows, CHUNK, Conditioning::Usual, events)?;
        let opened = Arc::clone(&self.opened);
        Ok(Stream::new(self, reading, phase, events, move |records| {
            let (q, n) = (opened.posterior(&records), records.rows.len());
            Ok(Latents {
                mean: opened.rows_of(q.mean.clone(), n),
                std: opened.rows_of(q.std(), n),
                rows: records.rows,
                width: opened.network.latent(),
                y: records.y,
                x: records.x,
            })
        }))
    }

    /// The posteriors of `rows` of a source, all in memory; `keep_x`: with the records themselves.
    pub(crate) fn latents(
        &self,
        batches: &Arc<Batches>,
        rows: &[u64],
        keep_x: bool,
        events: &Events,
    ) -> Result<Latents, Error> {
        let mut all = Latents {
            width: self.latent(),
            ..Latents::default()
        };
        let mut stream = self.posteriors(batches, rows, events)?;
        while let Some(group) = stream.next_group() {
            for mut latents in group? {
                if !keep_x {
                    latents.x.clear();
                }
                all.add(latents)?;
            }
        }
        Ok(all)
    }

    /// What is known of `rows` in few values: every field of the schema that the source has and that has levels.
    pub(crate) fn attributes(&self, batches: &Batches, rows: &[u64]) -> Result<Vec<Attribute>, Error> {
        let (schema, source) = (&self.opened.schema, batches.source.as_ref());
        let mut attributes = Vec::new();
        for (position, field) in schema.fields.iter().enumerate() {
            if field.levels() == 0 {
                continue;
            }
            let Ok(columns) = schema.columns_in(source, &[position]) else {
                continue;
            };
            let read = self.on_threads(|| source.read_columns(rows, &columns))?;
            let batch = schema.encode(&read, &[position])?;
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
        column.append(&more)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_cover_every_record_once() {
        assert_eq!(chunks(0).count(), 0);
        for n in [1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK] {
            let covered: Vec<_> = chunks(n).flatten().collect();
            assert_eq!(covered, (0..n).collect::<Vec<_>>());
        }
    }
}
