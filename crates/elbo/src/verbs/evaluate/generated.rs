//! How good generated rows are: rows of the model, or of a file, beside real ones.

use std::sync::Arc;

use elbo_data::arrow::record_batch::RecordBatch;
use elbo_data::noise::Noise;
use elbo_data::{Schema, Split};
use serde::Serialize;

use super::EvaluateRequest;
use crate::data::Data;
use crate::error::Error;
use crate::events::{Events, Phase};
use crate::judge::{self, C2st, Chance, Margins, Measured, Pairs, Privacy, Table, Tables, Utility};
use crate::model::batches::{Batches, Conditioning, Observations};
use crate::model::decode::{Draw, Drawing};
use crate::model::latents::windows;
use crate::model::reading::Reading;
use crate::model::stream::Stream;
use crate::model::{CHUNK, Model};
use crate::readout::{Attribute, Values};

/// Most rows that are generated, and most of each table that a judge learns from.
const ROWS: usize = 20_000;
/// Most training rows that are searched for copies.
const SEARCHED: usize = 100_000;
/// Most cells of a table in memory; wide tables have fewer rows.
const CELLS: usize = 20_000_000;

/// How good generated rows are, beside real ones; each measure with its protocol.
#[derive(Clone, Debug, Serialize)]
pub struct GeneratedReport {
    /// Where the rows are from.
    pub source: String,
    /// How many there are.
    pub rows: usize,
    /// Training rows that they are compared with, of so many.
    pub training_rows: usize,
    /// Rows that the model was trained on.
    pub trained_on: usize,
    /// Rows that the model was not trained on.
    pub held_out_rows: usize,
    /// Which these are.
    pub held_out: String,
    /// The fields that are judged.
    pub fields: Vec<String>,
    /// Fields of the model that are not: pictures and texts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
    /// What is learned from the rows, for each field that was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub utility: Vec<Asking>,
    /// Whether they can be told from real rows.
    pub c2st: Measured<C2st>,
    /// Errors of single fields.
    pub margins: Measured<Margins>,
    /// Errors of pairs of fields.
    pub pairs: Measured<Pairs>,
    /// How near they are to the training rows, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub privacy: Option<Privacy>,
}

/// The utility of a field, under its name.
#[derive(Clone, Debug, Serialize)]
pub struct Asking {
    /// The field.
    pub target: String,
    /// What was found.
    #[serde(flatten)]
    pub utility: Measured<Utility>,
}

/// A checked request to judge generated rows.
pub(super) struct Asked<'a> {
    model: &'a Model,
    request: &'a EvaluateRequest,
    /// Positions in the schema of the judged fields.
    fields: Vec<usize>,
    left_out: Vec<String>,
    /// Places among the judged fields.
    targets: Vec<usize>,
}

impl<'a> Asked<'a> {
    /// # Errors
    /// A model without fields of tables; a target that is none of them.
    pub(super) fn new(model: &'a Model, request: &'a EvaluateRequest) -> Result<Self, Error> {
        let opened = &model.opened;
        let schema = &opened.schema;
        let of_model = |field: &usize| opened.x_fields.contains(field) || opened.y_fields.contains(field);
        let of_model = (0..schema.fields.len()).filter(of_model);
        let (fields, others): (Vec<usize>, Vec<usize>) =
            of_model.partition(|field| schema.fields[*field].levels() > 0);
        let names = |fields: &[usize]| -> Vec<String> {
            fields
                .iter()
                .map(|field| schema.fields[*field].name.clone())
                .collect()
        };
        if fields.is_empty() {
            return Err(Error::NothingToJudge {
                modelled: names(&others),
            });
        }
        let target = |name: &String| {
            let (position, _) = schema.field(name)?;
            let place = fields.iter().position(|field| *field == position);
            place.ok_or_else(|| Error::NotJudged {
                field: name.clone(),
                judged: names(&fields),
            })
        };
        let targets = request.utility.iter().map(target).collect::<Result<_, Error>>()?;
        Ok(Self {
            model,
            request,
            left_out: names(&others),
            targets,
            fields,
        })
    }

    /// Generates, or reads, and measures. `measured` are the records that the rest of the report is about.
    ///
    /// # Errors
    /// Data that the model cannot read, and a run whose own data are gone.
    pub(super) fn report(&self, measured: &Arc<Batches>, events: &Events) -> Result<GeneratedReport, Error> {
        let (model, request) = (self.model, self.request);
        let chance = Chance {
            seed: request.seed,
            cancel: events.cancel().clone(),
        };
        let own = model.read_own(events)?;
        let rows = model.config().split(own.source.as_ref())?;
        let (held_out_name, held_out_rows) = self.held_out(measured)?;
        let (generated, source) = self.generated(&own, &rows.train, &chance, events)?;
        let training = self.table(&own, &self.some(&rows.train, SEARCHED, &chance))?;
        let held_out = self.table(measured, &self.some(&held_out_rows, ROWS, &chance))?;
        let real = Real {
            training,
            trained_on: rows.train.len(),
            held_out,
            held_out_name,
        };
        self.measure((&generated, source), real, &chance, events)
    }

    fn measure(
        &self,
        (generated, source): (&Table, String),
        real: Real,
        chance: &Chance,
        events: &Events,
    ) -> Result<GeneratedReport, Error> {
        let (training, held_out) = (&real.training, &real.held_out);
        let learned = chance.sample(training, ROWS, 12);
        let tables = Tables {
            generated,
            training: &learned,
            held_out,
        };
        let searched = Tables { training, ..tables };
        let private = self.request.privacy;
        let steps = Steps::begin(self.model, events, self.targets.len() + 3 + usize::from(private));
        let utility = self.targets.iter().map(|target| {
            Ok(Asking {
                target: learned.columns()[*target].name.clone(),
                utility: steps.of(|| judge::utility(tables, *target, chance))?,
            })
        });
        let privacy = || steps.of(|| judge::privacy(searched, chance));
        let report = GeneratedReport {
            source,
            rows: generated.rows(),
            training_rows: training.rows(),
            trained_on: real.trained_on,
            held_out_rows: held_out.rows(),
            fields: learned
                .columns()
                .iter()
                .map(|column| column.name.clone())
                .collect(),
            left_out: self.left_out.clone(),
            utility: utility.collect::<Result<_, Error>>()?,
            c2st: steps.of(|| judge::c2st(tables, chance))?,
            margins: steps.of(|| judge::margins(tables, chance))?,
            pairs: steps.of(|| judge::pairs(tables, chance))?,
            privacy: private.then(privacy).transpose()?,
            held_out: real.held_out_name,
        };
        events.end(Phase::Judging);
        Ok(report)
    }

    /// The rows that the model was not trained on: validation and test of its own data, unless one of them is asked for; all of
    /// other data.
    fn held_out(&self, measured: &Batches) -> Result<(String, Vec<u64>), Error> {
        let (name, mut rows) = super::rows(self.model, self.request, measured)?;
        let mut name = match name.as_str() {
            "all" => measured.source.description(),
            split => format!("{split} split"),
        };
        if self.request.split.is_none() && self.request.data.is_none() {
            let own = self.model.config().split(measured.source.as_ref())?;
            rows.extend(own.of(Split::Validation));
            name = "validation and test split".to_owned();
        }
        rows.truncate(self.request.limit.unwrap_or(usize::MAX));
        rows.sort_unstable();
        Ok((name, rows))
    }

    /// Some of these rows, or all, in their order: no more than `most`, nor than fit into memory.
    fn some(&self, rows: &[u64], most: usize, chance: &Chance) -> Vec<u64> {
        let most = most.min(CELLS / self.fields.len().max(1)).max(judge::FEWEST);
        let mut some = elbo_data::shuffled(rows, Noise::new(chance.seed).branch(13), 0);
        some.truncate(most);
        some.sort_unstable();
        some
    }

    /// The rows that are judged, and where they are from.
    fn generated(
        &self,
        own: &Arc<Batches>,
        train: &[u64],
        chance: &Chance,
        events: &Events,
    ) -> Result<(Table, String), Error> {
        let data = match &self.request.generated {
            Some(data) => data.clone(),
            None => self.sampled(own, self.some(train, ROWS, chance), events)?,
        };
        let batches = self.model.read(&data, events)?;
        let rows: Vec<u64> = (0..batches.source.len()).collect();
        let table = self.table(&batches, &self.some(&rows, ROWS, chance))?;
        let source = match (
            &self.request.generated,
            self.model.opened.config.model.y.is_empty(),
        ) {
            (Some(_), _) => batches.source.description(),
            (None, false) if !self.model.opened.config.given_any() => {
                format!("generated, seed {}, conditions of the training rows", chance.seed)
            }
            (None, _) => format!("generated, seed {}", chance.seed),
        };
        Ok((table, source))
    }

    /// A new row for each of these training rows, under its conditions if the model is always given any.
    fn sampled(&self, own: &Arc<Batches>, rows: Vec<u64>, events: &Events) -> Result<Data, Error> {
        let opened = Arc::clone(&self.model.opened);
        let drawing = Drawing::of(Draw::Auto, Noise::new(self.request.seed));
        let phase = (Phase::Decoding, rows.len() as u64);
        let reading = Reading::new(own, &rows[..], CHUNK, Conditioning::Usual, events)?;
        let mut stream = Stream::new(self.model, reading, phase, events, move |read: Observations| {
            // New rows are numbered as in `sample`, so without conditions they are the same.
            let number = |row: &u64| rows.partition_point(|other| other < row) as u64;
            let numbers: Vec<u64> = read.rows.iter().map(number).collect();
            let records = opened.drawn_by_rules(&numbers, drawing, |some, drawing| {
                let place = |row: &u64| numbers.partition_point(|other| other < row);
                let n = some.len();
                let own = read.take(&some.iter().map(place).collect::<Vec<_>>());
                let y = windows(&own.y, &(0..n), opened.filled(n));
                let codes = opened.prior_codes(some.to_vec(), y, 1.0, drawing.noise);
                let records = opened.decode(&codes, drawing)?;
                Ok((records, codes.y))
            })?;
            Ok(opened.as_stored(&records)?)
        });
        let mut batches: Vec<RecordBatch> = Vec::new();
        stream.for_each(|batch| batches.push(batch))?;
        Ok(Data::from(batches))
    }

    /// The judged fields of some rows. Levels that were not seen in training are one level more.
    fn table(&self, batches: &Batches, rows: &[u64]) -> Result<Table, Error> {
        let schema: &Schema = &self.model.opened.schema;
        let source = batches.source.as_ref();
        let columns = schema.columns_in(source, &self.fields)?;
        let read = self.model.on_threads(|| source.read_columns(rows, &columns))?;
        let batch = schema.encode(&read, &self.fields)?;
        let fields = self.fields.iter().zip(&batch.columns);
        let mut columns: Vec<Attribute> = fields
            .filter_map(|(field, column)| Attribute::from_column(&schema.fields[*field], column))
            .collect();
        for column in &mut columns {
            if let Values::Category { levels, codes } = &mut column.values {
                let new = levels.len() as u32;
                levels.push("(not seen in training)".to_owned());
                for unseen in batch.unseen.iter().filter(|unseen| unseen.field == column.name) {
                    if let Ok(place) = batch.rows.binary_search(&unseen.row) {
                        codes[place] = Some(new);
                    }
                }
            }
        }
        Ok(Table::new(columns).unwrap_or_default())
    }
}

/// Rows that the generated ones are compared with.
struct Real {
    training: Table,
    /// Rows that the model was trained on: more than those of `training`, if there are very many.
    trained_on: usize,
    held_out: Table,
    held_out_name: String,
}

/// The measures, one after the other, on the threads of the model.
struct Steps<'a> {
    model: &'a Model,
    events: &'a Events,
}

impl<'a> Steps<'a> {
    fn begin(model: &'a Model, events: &'a Events, count: usize) -> Self {
        events.begin(Phase::Judging, Some(count as u64));
        Self { model, events }
    }

    fn of<T: Send>(&self, measure: impl FnOnce() -> Result<T, Error> + Send) -> Result<T, Error> {
        let measured = match self.events.cancel().is_requested() {
            true => Err(Error::Cancelled),
            false => self.model.on_threads(measure),
        };
        match &measured {
            Ok(_) => self.events.advance(1),
            Err(_) => self.events.end(Phase::Judging),
        }
        measured
    }
}
