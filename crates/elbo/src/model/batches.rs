//! Records of a source, as a model takes them: which fields are modelled and which are given.

use std::sync::Arc;

use burn::tensor::{Tensor, TensorData};
use elbo_core::field::text::TextGroups;
use elbo_core::{Fields, Value};
use elbo_data::noise::{Noise, Purpose};
use elbo_data::{Batch, Binarize, Column, Loader, LoaderOptions, Schema, Source, Unseen, Values};

use super::CHUNK;
use super::reading::Rows;
use super::tensors::{Upload, open_device};
use crate::config::CheckedConfig;
use crate::error::Error;

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
    /// How the pixels of each field that is read become black or white, if they do.
    binarize: Vec<Binarize>,
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

/// Which of the given fields the networks see as observed.
#[derive(Clone)]
pub(crate) enum Conditioning {
    /// Those that the model is always given; in an any-conditional model none.
    Usual,
    /// As in training: in an any-conditional model a random choice for each record and step, else each is hidden
    /// with a probability.
    Random {
        step: u64,
        purpose: Purpose,
        hidden: f64,
    },
    /// All fields that the record has a value of.
    AllObserved,
    /// In an any-conditional model the fields at these positions, else those that the model is always given.
    Only(Vec<usize>),
}

/// Records on the host, by the role of their fields.
#[derive(Clone)]
pub(crate) struct Observations {
    /// Which records these are.
    pub rows: Vec<u64>,
    pub x: Vec<Column>,
    pub y: Vec<Column>,
    /// Levels that were not seen in training; those values count as not observed.
    pub unseen: Vec<Unseen>,
}

/// Records on the device.
pub(crate) struct DeviceBatch {
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
                // A missing field is the only possible error.
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
        if read.is_empty() {
            return Err(Error::NothingShared {
                fields: source
                    .arrow_schema()
                    .fields()
                    .iter()
                    .map(|field| field.name().clone())
                    .collect(),
                modelled: config.model.x.iter().map(|field| field.name.clone()).collect(),
            });
        }
        let binarize = read
            .iter()
            .map(|field| config.binarize_of(&schema.fields[*field].name));
        Ok(Self {
            binarize: binarize.collect(),
            source,
            read,
            x,
            y,
            any,
            noise: Noise::new(config.training.seed),
            data_noise: Noise::new(config.data.seed),
            upload: Upload::new(open_device(&config.training.device)?),
            schema,
        })
    }

    /// Reads `batches` of rows in order for the training of `epoch`, decoding ahead on other threads.
    pub(crate) fn for_training(&self, batches: Vec<Vec<u64>>, epoch: u64) -> Result<Loader, Error> {
        self.load(batches.into_iter(), self.binarize.clone(), epoch)
    }

    /// Reads `rows` in order, `chunk` at a time, as every pass but training sees them: pixels that
    /// are binarised at each read of the training have one fixed draw here.
    pub(crate) fn for_scoring(&self, rows: Rows, chunk: usize) -> Result<Loader, Error> {
        let fixed = |binarize: &Binarize| match binarize {
            Binarize::Each => Binarize::Once,
            Binarize::Once | Binarize::None => *binarize,
        };
        let binarize = self.binarize.iter().map(fixed).collect();
        self.load(rows.batches(chunk), binarize, 0)
    }

    fn load(
        &self,
        batches: impl Iterator<Item = Vec<u64>> + Send + 'static,
        binarize: Vec<Binarize>,
        epoch: u64,
    ) -> Result<Loader, Error> {
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

    /// Marks missing values of a batch as not observed, so that they are imputed.
    pub(crate) fn forget_missing(&self, batch: &mut Batch) {
        for (field, column) in self.read.iter().zip(&mut batch.columns) {
            self.schema.fields[*field].forget_missing(column);
        }
    }

    /// The fields of a batch by their roles; a field that the source lacks is not observed.
    pub(crate) fn observations(
        &self,
        batch: &Batch,
        conditioning: &Conditioning,
    ) -> Result<Observations, Error> {
        let column = |part: &Part| match part.place {
            Some(place) => Ok(batch.columns[place].clone()),
            None => Ok(self.schema.left_open(part.field, batch.len())?),
        };
        let records = Observations {
            rows: batch.rows.clone(),
            x: self.x.iter().map(column).collect::<Result<_, Error>>()?,
            y: self.y.iter().map(column).collect::<Result<_, Error>>()?,
            unseen: batch.unseen.clone(),
        };
        Ok(self.conditioned(records, conditioning))
    }

    /// Records whose conditions are masked as `conditioning` says.
    pub(crate) fn conditioned(&self, mut records: Observations, conditioning: &Conditioning) -> Observations {
        match conditioning {
            Conditioning::AllObserved if self.any => records.hide_given(),
            Conditioning::Usual if self.any => records.y.iter_mut().for_each(|y| y.observed.fill(false)),
            Conditioning::Only(places) if self.any => {
                let others = (0..records.y.len()).filter(|place| !places.contains(place));
                others.for_each(|place| records.y[place].observed.fill(false));
                records.hide_given();
            }
            Conditioning::AllObserved | Conditioning::Usual | Conditioning::Only(_) => {}
            Conditioning::Random {
                step,
                purpose,
                hidden,
            } => self.condition_at_random(&mut records, *step, *purpose, *hidden),
        }
        records
    }

    /// Draws a random mask of the given fields. In an any-conditional model nothing is given to half of the records, so
    /// that whole records are learned as well as in other models. For each other record a share, uniform in [0, 1), is
    /// drawn, and each field is observed with that probability: so few, some and nearly all fields are observed equally
    /// often. The other fields are modelled. In any other model each given field is hidden with probability
    /// `hidden`, so that the model learns to work without it.
    fn condition_at_random(&self, records: &mut Observations, step: u64, purpose: Purpose, hidden: f64) {
        if records.y.is_empty() || !(self.any || hidden > 0.0) {
            return;
        }
        let (fields, share) = (records.y.len(), usize::from(self.any));
        let draws = self.noise.uniform(purpose, step, &records.rows, fields + share);
        for (row, draws) in draws.chunks_exact(fields + share).enumerate() {
            for (place, y) in records.y.iter_mut().enumerate() {
                y.observed[row] &= match self.any {
                    true => draws[1 + place] < 2.0 * draws[0] - 1.0,
                    false => f64::from(draws[place]) >= hidden,
                };
            }
        }
        if self.any {
            records.hide_given();
        }
    }

    /// Records on the device.
    pub(crate) fn upload(&self, host: &Observations) -> DeviceBatch {
        DeviceBatch {
            rows: host.rows.clone(),
            x: self.upload.fields(&host.x),
            y: self.upload.fields(&host.y),
        }
    }

    /// As [`Self::upload`], but texts are grouped by length, and each token of a text is hidden from the decoder with
    /// probability `word_dropout`.
    pub(crate) fn upload_for_training(
        &self,
        host: &Observations,
        step: u64,
        word_dropout: f64,
    ) -> DeviceBatch {
        let mut records = self.upload(host);
        let fields = records.x.0.iter_mut().chain(&mut records.y.0);
        for (field, column) in fields.zip(host.x.iter().chain(&host.y)) {
            if let (Value::Text { tokens, groups, .. }, Values::Text(texts)) =
                (&mut field.value, &column.values)
            {
                let lengths = texts.iter().zip(&column.observed);
                let lengths = lengths.map(|(text, observed)| if *observed { text.len() + 1 } else { 0 });
                *groups = TextGroups::new(&lengths.collect::<Vec<_>>(), &tokens.device()).map(Box::new);
            }
        }
        if word_dropout == 0.0 {
            return records;
        }
        for field in &mut records.x.0 {
            if let Value::Text { tokens, withheld, .. } = &mut field.value {
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

    /// What each of so many features of each row is multiplied by in a step that drops this share of them: 0, or what keeps
    /// their mean, `[rows, features]`.
    pub(crate) fn kept_features(&self, step: u64, rows: &[u64], features: usize, dropped: f64) -> Tensor<2> {
        let mut kept = self.noise.uniform(Purpose::Dropout, step, rows, features);
        let scale = (1.0 - dropped).recip() as f32;
        for kept in &mut kept {
            *kept = if f64::from(*kept) < dropped { 0.0 } else { scale };
        }
        self.upload.rows(kept, rows.len())
    }
}

impl Observations {
    /// In an any-conditional model x and y are the same fields: a field observed in y is not modelled in x.
    fn hide_given(&mut self) {
        for (x, y) in self.x.iter_mut().zip(&self.y) {
            for (modelled, given) in x.observed.iter_mut().zip(&y.observed) {
                *modelled &= !given;
            }
        }
    }

    /// The records at these places.
    pub(crate) fn take(&self, places: &[usize]) -> Self {
        let take = |column: &Column| column.take(places);
        let rows: Vec<u64> = places.iter().map(|place| self.rows[*place]).collect();
        let unseen = self.unseen.iter().filter(|unseen| rows.contains(&unseen.row));
        Self {
            x: self.x.iter().map(take).collect(),
            y: self.y.iter().map(take).collect(),
            unseen: unseen.cloned().collect(),
            rows,
        }
    }

    /// Filled up with unobserved values to the size of a chunk.
    pub(crate) fn filled(&self) -> Self {
        let fill = |column: &Column| column.window(0, self.rows.len(), CHUNK);
        Self {
            rows: self.rows.clone(),
            x: self.x.iter().map(fill).collect(),
            y: self.y.iter().map(fill).collect(),
            unseen: self.unseen.clone(),
        }
    }
}
