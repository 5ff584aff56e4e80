//! The records of a source as the x and y of a model, a batch at a time.

use std::sync::Arc;

use burn::tensor::Tensor;
use elbo_core::Fields;
use elbo_data::noise::{Noise, Purpose};
use elbo_data::{Batch, Binarize, Column, Loader, LoaderOptions, Schema, Source, Value};

use crate::config::CheckedConfig;
use crate::error::Error;
use crate::tensors::{Upload, open_device};

/// A source read through a run's schema and config.
pub(crate) struct Batches {
    pub source: Arc<dyn Source>,
    schema: Arc<Schema>,
    /// Positions in the schema of the modelled fields.
    x: Vec<usize>,
    /// Positions in the schema of the given fields, and whether the source has them.
    y: Vec<(usize, bool)>,
    binarize: Binarize,
    /// The run's noise, and that of its data.
    noise: Noise,
    data_noise: Noise,
    upload: Upload,
}

/// A batch on the device.
pub(crate) struct Records {
    /// Which records these are.
    pub rows: Vec<u64>,
    pub x: Fields,
    pub y: Fields,
}

impl Batches {
    /// Reads `source` as a run of this config does.
    ///
    /// # Errors
    /// A modelled field that the source lacks, or a given one if the model cannot do without.
    pub(crate) fn new(
        config: &CheckedConfig,
        source: Arc<dyn Source>,
        schema: Arc<Schema>,
    ) -> Result<Self, Error> {
        let position = |name: &str| schema.field(name).map(|(position, _)| position);
        let x = config
            .model
            .x
            .iter()
            .map(|field| position(&field.name))
            .collect::<Result<Vec<_>, _>>()?;
        let y = config.model.y.iter().map(|field| {
            let position = position(&field.name)?;
            let found = schema.columns_in(source.as_ref(), &[position]);
            match found {
                // That the field is not there is the only thing that can be wrong.
                Err(_) if config.given_dropout == 0.0 => Err(Error::GivenMissing {
                    field: field.name.clone(),
                }),
                found => Ok((position, found.is_ok())),
            }
        });
        let y = y.collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            source,
            x,
            y,
            binarize: config.data.binarize,
            noise: Noise::new(config.training.seed),
            data_noise: Noise::new(config.data.seed),
            upload: Upload(open_device(&config.training.device)?),
            schema,
        })
    }

    /// Reads `batches` of rows in order for the training of `epoch`, decoding ahead on other threads.
    pub(crate) fn for_training(&self, batches: Vec<Vec<u64>>, epoch: u64) -> Result<Loader, Error> {
        self.load(batches, self.binarize, epoch)
    }

    /// Reads `rows` in order, `chunk` at a time, as every pass but training sees them: pixels that
    /// are binarised at each read of the training have one fixed draw here.
    pub(crate) fn for_scoring(&self, rows: &[u64], chunk: usize) -> Result<Loader, Error> {
        let binarize = if self.binarize == Binarize::Each {
            Binarize::Once
        } else {
            self.binarize
        };
        self.load(rows.chunks(chunk).map(<[u64]>::to_vec).collect(), binarize, 0)
    }

    fn load(&self, batches: Vec<Vec<u64>>, binarize: Binarize, epoch: u64) -> Result<Loader, Error> {
        let present = self
            .y
            .iter()
            .filter(|(_, present)| *present)
            .map(|(position, _)| *position);
        let fields = self.x.iter().copied().chain(present).collect();
        let options = LoaderOptions {
            binarize,
            epoch,
            noise: self.data_noise,
            ..LoaderOptions::new(fields)
        };
        Ok(Loader::new(
            Arc::clone(&self.source),
            Arc::clone(&self.schema),
            batches,
            options,
        )?)
    }

    /// A host batch on the device.
    pub(crate) fn upload(&self, batch: &Batch) -> Result<Records, Error> {
        let x = self.upload.fields(self.modelled(batch));
        let y = self.upload.fields(&self.conditions(batch)?);
        Ok(Records {
            rows: batch.rows.clone(),
            x,
            y,
        })
    }

    /// The modelled columns of a batch.
    pub(crate) fn modelled<'a>(&self, batch: &'a Batch) -> &'a [Column] {
        &batch.columns[..self.x.len()]
    }

    /// The given columns of a batch, "not given" where the source has no such field.
    pub(crate) fn conditions(&self, batch: &Batch) -> Result<Vec<Column>, Error> {
        let mut present = batch.columns[self.x.len()..].iter().peekable();
        let absent = vec![Value::NotGiven; batch.len()];
        let column = |(position, found): &(usize, bool)| match present.next_if(|_| *found) {
            Some(column) => Ok(column.clone()),
            None => Ok(self.schema.column(*position, &absent)?),
        };
        self.y.iter().map(column).collect()
    }

    /// Hides conditions at random, each with this probability, so that the model learns to do without.
    pub(crate) fn withhold(&self, batch: &mut Batch, step: u64, given_dropout: f64) {
        let y = &mut batch.columns[self.x.len()..];
        if y.is_empty() || given_dropout == 0.0 {
            return;
        }
        let draws = self
            .noise
            .uniform(Purpose::GivenDropout, step, &batch.rows, y.len());
        for (row, draws) in draws.chunks_exact(y.len()).enumerate() {
            for (column, u) in y.iter_mut().zip(draws) {
                column.given[row] &= f64::from(*u) >= given_dropout;
            }
        }
    }

    /// Standard normal noise, `per_row` latent vectors for each row: `[rows · per_row, latent]`.
    pub(crate) fn eps(
        &self,
        purpose: Purpose,
        step: u64,
        rows: &[u64],
        per_row: usize,
        latent: usize,
    ) -> Tensor<2> {
        let draws = self.noise.normal(purpose, step, rows, per_row * latent);
        self.upload.rows(draws, rows.len() * per_row)
    }
}
