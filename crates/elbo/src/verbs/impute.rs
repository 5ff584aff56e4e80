//! `impute`: the missing values of records, filled in with their expectation or with draws.

mod gibbs;
mod predictive;

use std::sync::Arc;

use elbo_data::arrow::array::{ArrayRef, UInt64Array};
use elbo_data::arrow::compute::interleave_record_batch;
use elbo_data::arrow::datatypes::{DataType, Field, SchemaRef};
use elbo_data::arrow::record_batch::RecordBatch;
use elbo_data::noise::Noise;
use elbo_data::rules::Draws;
use elbo_data::{DataError, Layout};
use rayon::prelude::*;
use serde::Serialize;

use super::REPORT_VERSION;
use crate::data::item::Item;
use crate::data::originals::{Known, Originals, Stays};
use crate::data::records::concat;
use crate::data::{Data, Part, Records};
use crate::error::Error;
use crate::events::{Cancel, Events, Phase};
use crate::model::batches::{Conditioning, Observations};
use crate::model::opened::Opened;
use crate::model::reading::Reading;
use crate::model::stream::Stream;
use crate::model::{CHUNK, Model};

/// Records that are read together. Those without a gap need no work, so that chunks are filled up from many.
const TOGETHER: usize = 8 * CHUNK;

/// Most draws of each record.
const MAX_DRAWS: usize = 10_000;

/// What to impute.
#[derive(Clone, Debug)]
pub struct ImputeRequest {
    /// The records.
    pub data: Data,
    /// So many draws of each record; none for the expectation: the mean of a number, the most likely level.
    pub draws: Option<usize>,
    /// Seed of the draws.
    pub seed: u64,
    /// One part of the records; none for all.
    pub part: Option<Part>,
}

impl ImputeRequest {
    /// The expected values of all that is missing in `data`.
    pub fn new(data: impl Into<Data>) -> Self {
        Self {
            data: data.into(),
            draws: None,
            seed: 0,
            part: None,
        }
    }

    /// Checks what can be checked without a model.
    ///
    /// # Errors
    /// The first setting that is not possible.
    pub fn check(&self) -> Result<(), Error> {
        match self.draws {
            Some(draws) if !(1..=MAX_DRAWS).contains(&draws) => {
                let takes = "a number from 1 to 10000";
                Err(Error::bad_argument("ImputeRequest::draws", draws, takes))
            }
            _ => Ok(()),
        }
    }
}

/// What was imputed.
#[derive(Clone, Debug, Serialize)]
pub struct ImputeReport {
    /// [`REPORT_VERSION`].
    pub version: u32,
    /// How many records.
    pub n: usize,
    /// Draws of each; none for the expectation.
    pub draws: Option<usize>,
    /// How many values were filled in, by field.
    pub filled: Vec<(String, u64)>,
}

/// How the values of a chunk of records are imputed.
struct Imputation {
    opened: Arc<Opened>,
    originals: Originals,
    draws: Option<usize>,
    noise: Noise,
    /// Records of the source: draw d of record i has the number d · records + i.
    records: u64,
    cancel: Cancel,
}

/// Records with their gaps filled, and how many gaps of each field there were.
struct Imputed {
    records: Item,
    n: usize,
    filled: Vec<u64>,
}

impl Model {
    /// Fills in missing values of modelled fields, or the part of an image that an inpainting model is not given;
    /// known values stay as they are. With several draws each record has as many rows, behind columns `record` and
    /// `draw` that number both from 1.
    ///
    /// ```no_run
    /// use elbo::{Events, ImputeRequest, Model};
    /// let model = Model::open("people")?;
    /// let mut records = model.impute(&ImputeRequest::new("holes.csv"), &Events::silent())?;
    /// let whole = records.collect_batch()?;
    /// println!("{:?}", records.report().filled);
    /// # Ok::<(), elbo::Error>(())
    /// ```
    ///
    /// # Errors
    /// A request that is not possible, and data that the model cannot read.
    pub fn impute(&self, request: &ImputeRequest, events: &Events) -> Result<Records<ImputeReport>, Error> {
        request.check()?;
        let batches = self.read(&request.data, events)?;
        let rows = Part::rows(request.part, batches.source.len());
        let (first, n) = (rows.start, rows.end - rows.start);
        let reading = Reading::new(&batches, rows, TOGETHER, Conditioning::AllObserved, events)?;
        let opened = Arc::clone(&self.opened);
        let imputation = Imputation {
            originals: Originals::new(&opened, Arc::clone(&batches.source), |_| Some(Stays::Known)),
            opened: Arc::clone(&opened),
            draws: request.draws,
            noise: Noise::new(request.seed),
            records: batches.source.len(),
            cancel: events.cancel().clone(),
        };
        let schema = match request.draws {
            None => imputation.originals.schema(),
            Some(_) => numbered_schema(&imputation.originals.schema()),
        };
        let phase = (Phase::Imputing, n);
        let stream = Stream::new(
            self,
            reading.forgetting_missing(),
            phase,
            events,
            move |records| imputation.of(&records),
        );
        let stream = stream.in_pieces_of(TOGETHER);
        let names = opened.config.model.x.iter().map(|field| (field.name.clone(), 0));
        let report = ImputeReport {
            version: REPORT_VERSION,
            n: 0,
            draws: request.draws,
            filled: names.collect(),
        };
        Ok(stream
            .joined(schema, report, |report, imputed: Imputed| {
                report.n += imputed.n;
                for ((_, sum), more) in report.filled.iter_mut().zip(imputed.filled) {
                    *sum += more;
                }
                imputed.records
            })
            .starting_at(first * request.draws.unwrap_or(1) as u64))
    }
}

impl Imputation {
    fn of(&self, records: &Observations) -> Result<Imputed, Error> {
        let known = self.originals.read(&records.rows)?;
        let imputed = match self.draws {
            None => known.over(&self.filled(records, |records| self.expected(records))?, None)?,
            Some(draws) => self.drawn(records, draws, &known)?,
        };
        Ok(Imputed {
            records: imputed,
            n: records.rows.len(),
            filled: self.gaps(records),
        })
    }

    /// All of the records; `fill` fills the gaps of a chunk of those that have any.
    fn filled(
        &self,
        records: &Observations,
        fill: impl Fn(&Observations) -> Result<RecordBatch, DataError> + Sync,
    ) -> Result<RecordBatch, Error> {
        let opened = &self.opened;
        let gaps: Vec<usize> = self.with_gaps(records);
        let chunks = gaps.par_chunks(CHUNK).map(|chunk| {
            if self.cancel.is_requested() {
                return Err(Error::Cancelled);
            }
            Ok(fill(&records.take(chunk).filled())?)
        });
        let filled = concat(&opened.record_schema, &chunks.collect::<Result<Vec<_>, _>>()?)?;
        if gaps.len() == records.rows.len() {
            return Ok(filled);
        }
        let complete = opened.records_of(&records.x, &records.y, &records.rows)?;
        let mut places: Vec<_> = (0..records.rows.len()).map(|row| (0, row)).collect();
        for (place, row) in gaps.iter().enumerate() {
            places[*row] = (1, place);
        }
        Ok(interleave_record_batch(&[&complete, &filled], &places).map_err(DataError::from)?)
    }

    /// Whether known values of a record are its condition: in an any-conditional model, or one that inpaints.
    fn knows_by_condition(&self) -> bool {
        self.opened.config.given_any() || self.opened.given_region().is_some()
    }

    fn expected(&self, chunk: &Observations) -> Result<RecordBatch, DataError> {
        match self.knows_by_condition() {
            true => predictive::expect(&self.opened, chunk, self.noise),
            false => gibbs::expect(&self.opened, chunk, self.noise),
        }
    }

    /// The draws of each record, one record after the other.
    fn drawn(&self, records: &Observations, draws: usize, known: &Known) -> Result<Item, Error> {
        let draw = |draw: usize| -> Result<Item, Error> {
            let number = |row: &u64| draw as u64 * self.records + row;
            let drawn = self.filled(records, |chunk| {
                let numbers = chunk.rows.iter().map(number).collect();
                match self.knows_by_condition() {
                    true => predictive::draw(&self.opened, chunk, numbers, self.noise),
                    false => gibbs::draw(&self.opened, chunk, numbers, self.noise),
                }
            })?;
            let rows: Vec<u64> = records.rows.iter().map(number).collect();
            let draws = Draws {
                noise: self.noise,
                rows: &rows,
            };
            Ok(known.over(&drawn, Some(draws))?)
        };
        let n = records.rows.len();
        let all = (0..draws).map(draw).collect::<Result<Vec<_>, _>>()?;
        let all = Item::concat(&self.originals.schema(), &all)?;
        let order = (0..n * draws).map(|row| (row % draws * n + row / draws) as u64);
        numbered(&all.take(&order.collect())?, &records.rows, draws)
    }

    /// The masks of the modelled fields: whether the data have each value, be it a level that the model never saw.
    /// None if the model inpaints: then no record is complete.
    fn masks(&self, records: &Observations) -> Option<Vec<Vec<bool>>> {
        if self.opened.given_region().is_some() {
            return None;
        }
        let columns = match self.opened.config.given_any() {
            true => &records.y,
            false => &records.x,
        };
        let masks = (0..self.opened.x_fields.len()).map(|place| columns[place].observed.clone());
        let mut masks: Vec<Vec<bool>> = masks.collect();
        for (record, place) in self.opened.unseen_cells(records) {
            masks[place][record] = true;
        }
        Some(masks)
    }

    /// Which records have a gap.
    fn with_gaps(&self, records: &Observations) -> Vec<usize> {
        let masks = self.masks(records);
        let has_gap = |row: &usize| {
            masks
                .as_ref()
                .is_none_or(|masks| masks.iter().any(|mask| !mask[*row]))
        };
        (0..records.rows.len()).filter(has_gap).collect()
    }

    /// How many values of each modelled field are missing.
    fn gaps(&self, records: &Observations) -> Vec<u64> {
        match self.masks(records) {
            None => vec![records.rows.len() as u64; self.opened.x_fields.len()],
            Some(masks) => {
                let missing = |mask: &Vec<bool>| mask.iter().filter(|known| !**known).count() as u64;
                masks.iter().map(missing).collect()
            }
        }
    }
}

/// The columns of records with the numbers of the record and of the draw before them.
fn numbered_schema(schema: &SchemaRef) -> SchemaRef {
    let taken = |name: &str| schema.column_with_name(name).is_some();
    let ours = ["record", "draw"].map(|name| {
        let mut name = name.to_owned();
        while taken(&name) {
            name.push('_');
        }
        Arc::new(Field::new(name, DataType::UInt64, false))
    });
    let fields = ours.into_iter().chain(schema.fields().iter().cloned());
    Layout::of(schema).schema(fields.collect::<Vec<_>>())
}

fn numbered(records: &Item, rows: &[u64], draws: usize) -> Result<Item, Error> {
    let record = rows.iter().flat_map(|row| std::iter::repeat_n(row + 1, draws));
    let draw = rows.iter().flat_map(|_| 1..=draws as u64);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(record.collect::<UInt64Array>()),
        Arc::new(draw.collect::<UInt64Array>()),
    ];
    Ok(records.behind(numbered_schema(&records.batch.schema()), columns)?)
}
