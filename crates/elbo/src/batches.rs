//! Records of a source, as a model takes them: which fields are modelled and which are given.

use std::sync::Arc;

use burn::tensor::{Tensor, TensorData};
use elbo_core::{Fields, Value};
use elbo_data::noise::{Noise, Purpose};
use elbo_data::{Batch, Binarize, Column, Loader, LoaderOptions, Schema, Source, Values};

use crate::config::CheckedConfig;
use crate::error::Error;
use crate::tensors::{Upload, open_device};

/// A source read through a run's schema and config.
pub(crate) struct Batches {
    pub source: Arc<dyn Source>,
    schema: Arc<Schema>,
    /// Positions in the schema of the fields that are read, each once.
    read: Vec<usize>,
    x: Vec<Part>,
    y: Vec<Part>,
    /// Whether any fields can be given.
    any: bool,
    binarize: Binarize,
    /// The run's noise, and that of its data.
    noise: Noise,
    data_noise: Noise,
    upload: Upload,
}

/// Where a field of the model is found.
struct Part {
    /// Its position in the schema.
    field: usize,
    /// Its place among those that are read; none if the source lacks it.
    place: Option<usize>,
}

/// Which of the fields that can be given are.
#[derive(Clone, Copy)]
pub(crate) enum Given<'a> {
    /// Those that always are; of a model of any fields none.
    Usual,
    /// As in training: of a model of any fields some, others for each record and step; else each is hidden
    /// with a probability.
    Drawn {
        step: u64,
        purpose: Purpose,
        hidden: f64,
    },
    /// All that are known.
    Known,
    /// Of a model of any fields those in these places, else those that always are.
    These(&'a [usize]),
}

/// Records on the host, by the role of their fields.
pub(crate) struct Host {
    /// Which records these are.
    pub rows: Vec<u64>,
    pub x: Vec<Column>,
    pub y: Vec<Column>,
}

/// Records on the device.
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
    /// A field that the source lacks and the model cannot do without.
    pub(crate) fn new(
        config: &CheckedConfig,
        source: Arc<dyn Source>,
        schema: Arc<Schema>,
    ) -> Result<Self, Error> {
        let any = config.given_any();
        let mut read = Vec::new();
        let mut part = |name: &str, needed: fn(Error, &str) -> Option<Error>| {
            let (field, _) = schema.field(name)?;
            let found = schema.columns_in(source.as_ref(), &[field]);
            if let Err(error) = found {
                // That the field is not there is the only thing that can be wrong.
                return match needed(error.into(), name) {
                    Some(error) => Err(error),
                    None => Ok(Part { field, place: None }),
                };
            }
            let place = read
                .iter()
                .position(|other| *other == field)
                .unwrap_or(read.len());
            if place == read.len() {
                read.push(field);
            }
            let place = Some(place);
            Ok(Part { field, place })
        };
        let modelled: fn(Error, &str) -> Option<Error> =
            if any { |_, _| None } else { |error, _| Some(error) };
        let given: fn(Error, &str) -> Option<Error> = match config.may_leave_open() {
            true => |_, _| None,
            false => |_, name| {
                Some(Error::GivenMissing {
                    field: name.to_owned(),
                })
            },
        };
        let x = config.model.x.iter().map(|field| part(&field.name, modelled));
        let x = x.collect::<Result<Vec<_>, Error>>()?;
        let y = config.model.y.iter().map(|field| part(&field.name, given));
        let y = y.collect::<Result<Vec<_>, Error>>()?;
        Ok(Self {
            source,
            read,
            x,
            y,
            any,
            binarize: config.data.binarize,
            noise: Noise::new(config.training.seed),
            data_noise: Noise::new(config.data.seed),
            upload: Upload::new(open_device(&config.training.device)?),
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
        let options = LoaderOptions {
            binarize,
            epoch,
            noise: self.data_noise,
            ..LoaderOptions::new(self.read.clone())
        };
        Ok(Loader::new(
            Arc::clone(&self.source),
            Arc::clone(&self.schema),
            batches,
            options,
        )?)
    }

    /// What is known to be missing in a batch is left open: so an imputation asks what it might be.
    pub(crate) fn forget_missing(&self, batch: &mut Batch) {
        for (field, column) in self.read.iter().zip(&mut batch.columns) {
            self.schema.fields[*field].forget_missing(column);
        }
    }

    /// The fields of a batch by their roles; what the source lacks is left open.
    pub(crate) fn host(&self, batch: &Batch, given: Given) -> Result<Host, Error> {
        let column = |part: &Part| match part.place {
            Some(place) => Ok(batch.columns[place].clone()),
            None => Ok(self.schema.left_open(part.field, batch.len())?),
        };
        let mut host = Host {
            rows: batch.rows.clone(),
            x: self.x.iter().map(column).collect::<Result<_, Error>>()?,
            y: self.y.iter().map(column).collect::<Result<_, Error>>()?,
        };
        match given {
            Given::Known if self.any => host.hide_given(),
            Given::Usual if self.any => host.y.iter_mut().for_each(|y| y.given.fill(false)),
            Given::These(places) if self.any => {
                let others = (0..host.y.len()).filter(|place| !places.contains(place));
                others.for_each(|place| host.y[place].given.fill(false));
                host.hide_given();
            }
            Given::Known | Given::Usual | Given::These(_) => {}
            Given::Drawn {
                step,
                purpose,
                hidden,
            } => self.draw_given(&mut host, step, purpose, hidden),
        }
        Ok(host)
    }

    /// Chooses at random what is given. Of a model of any fields a share, uniform in [0, 1), is drawn for each
    /// record and each field is given with that probability, so that few, some and nearly all are equally
    /// often given; what is not given is modelled. Of any other model each given field is hidden with
    /// probability `hidden`, so that the model learns to do without.
    fn draw_given(&self, host: &mut Host, step: u64, purpose: Purpose, hidden: f64) {
        if host.y.is_empty() || !(self.any || hidden > 0.0) {
            return;
        }
        let (fields, share) = (host.y.len(), usize::from(self.any));
        let draws = self.noise.uniform(purpose, step, &host.rows, fields + share);
        for (row, draws) in draws.chunks_exact(fields + share).enumerate() {
            for (place, y) in host.y.iter_mut().enumerate() {
                y.given[row] &= match self.any {
                    true => draws[1 + place] < draws[0],
                    false => f64::from(draws[place]) >= hidden,
                };
            }
        }
        if self.any {
            host.hide_given();
        }
    }

    /// Records on the device.
    pub(crate) fn upload(&self, host: &Host) -> Records {
        Records {
            rows: host.rows.clone(),
            x: self.upload.fields(&host.x),
            y: self.upload.fields(&host.y),
        }
    }

    /// As [`Self::upload`], the decoder not being shown each token of a text with probability `word_dropout`.
    pub(crate) fn upload_for_training(&self, host: &Host, step: u64, word_dropout: f64) -> Records {
        let mut records = self.upload(host);
        if word_dropout == 0.0 {
            return records;
        }
        for field in &mut records.x.0 {
            if let Value::Text { tokens, withheld } = &mut field.value {
                let [batch, length] = tokens.dims();
                let draws = self.noise.uniform(Purpose::WordDropout, step, &host.rows, length);
                let mask: Vec<bool> = draws.iter().map(|u| f64::from(*u) < word_dropout).collect();
                let mask = TensorData::new(mask, [batch, length]);
                *withheld = Some(Tensor::from_data(mask, &tokens.device()));
            }
        }
        records
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

impl Host {
    /// The pixels of the modelled field in this place; none if it holds no pictures.
    pub(crate) fn pixels(&self, place: usize) -> &[u8] {
        match self.x.get(place).map(|column| &column.values) {
            Some(Values::Image(pixels)) => pixels,
            _ => &[],
        }
    }

    /// Of a model of any fields, whose x and y are the same fields: what is given is not modelled.
    fn hide_given(&mut self) {
        for (x, y) in self.x.iter_mut().zip(&self.y) {
            for (modelled, given) in x.given.iter_mut().zip(&y.given) {
                *modelled &= !given;
            }
        }
    }
}
