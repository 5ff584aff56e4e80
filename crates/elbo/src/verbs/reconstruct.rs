//! `reconstruct`: records through the encoder and back.

mod errors;

use std::sync::Arc;

use elbo_data::arrow::record_batch::RecordBatch;
use elbo_data::{Column, DataError, Read};
use serde::Serialize;

use super::REPORT_VERSION;
use crate::data::originals::{Originals, Stays};
use crate::data::{Changed, Data, Pair};
use crate::error::Error;
use crate::events::{Events, Phase};
use crate::model::batches::{Batches, Conditioning, Observations};
use crate::model::decode::Drawing;
use crate::model::latents::Codes;
use crate::model::reading::{Reading, Rows};
use crate::model::stream::Stream;
use crate::model::{CHUNK, Model};
pub use errors::FieldError;
use errors::Sums;

/// What to reconstruct.
#[derive(Clone, Debug)]
pub struct ReconstructRequest {
    /// The records.
    pub data: Data,
    /// The first so many of them; none for all.
    pub n: Option<usize>,
}

impl ReconstructRequest {
    /// All records of `data`.
    pub fn new(data: impl Into<Data>) -> Self {
        Self {
            data: data.into(),
            n: None,
        }
    }
}

/// What was reconstructed.
#[derive(Clone, Debug, Serialize)]
pub struct ReconstructReport {
    /// [`REPORT_VERSION`].
    pub version: u32,
    /// How many records.
    pub n: usize,
    /// How far the reconstruction of each modelled field is from the record, on average.
    pub errors: Vec<FieldError>,
    #[serde(skip)]
    sums: Sums,
}

/// A reconstruction, with the columns of x as the encoder saw them and as they came back.
struct Reconstruction {
    pair: Pair,
    before: Vec<Column>,
    after: Vec<Column>,
}

impl Model {
    /// Decodes the posterior mean of each record to the likelihood's mean. Fields that are not modelled stay as they
    /// are.
    ///
    /// ```no_run
    /// use elbo::{Events, Model, ReconstructRequest};
    /// let model = Model::open("digits")?;
    /// let mut pairs = model.reconstruct(&ReconstructRequest::new("mnist"), &Events::silent())?;
    /// while let Some(pair) = pairs.next() {
    ///     let pair = pair?;
    ///     assert_eq!(pair.before()?.num_rows(), pair.after.num_rows());
    /// }
    /// println!("{:?}", pairs.report().errors);
    /// # Ok::<(), elbo::Error>(())
    /// ```
    ///
    /// # Errors
    /// Data that the model cannot read.
    pub fn reconstruct(
        &self,
        request: &ReconstructRequest,
        events: &Events,
    ) -> Result<Changed<ReconstructReport>, Error> {
        if request.n == Some(0) {
            return Err(Error::bad_argument("ReconstructRequest::n", 0, "at least 1"));
        }
        let batches = self.read(&request.data, events)?;
        let n = (request.n.map_or(u64::MAX, |n| n as u64)).min(batches.source.len());
        self.reconstruct_rows(&batches, 0..n, events)
    }

    pub(crate) fn reconstruct_rows(
        &self,
        batches: &Arc<Batches>,
        rows: impl Into<Rows>,
        events: &Events,
    ) -> Result<Changed<ReconstructReport>, Error> {
        let rows = rows.into();
        let phase = (Phase::Reconstructing, rows.len());
        let reading = Reading::new(batches, rows, CHUNK, Conditioning::Usual, events)?;
        let opened = Arc::clone(&self.opened);
        let stays = |field: usize| (!opened.x_fields.contains(&field)).then_some(Stays::Known);
        let originals = Originals::new(&opened, Arc::clone(&batches.source), stays);
        let schema = originals.schema();
        let report = ReconstructReport {
            version: REPORT_VERSION,
            n: 0,
            errors: Vec::new(),
            sums: Sums::new(&opened),
        };
        let stream = Stream::new(self, reading, phase, events, {
            let opened = Arc::clone(&opened);
            move |records: Observations| {
                let z = opened.posterior(&records).mean;
                let codes = Codes::new(records.rows.clone(), z, records.filled().y);
                let decoded = opened.decode(&codes, &Drawing::mean())?;
                let after = encoded(&opened, &decoded)?;
                Ok(Reconstruction {
                    before: records.x.clone(),
                    after,
                    pair: Pair::new(
                        &opened,
                        records,
                        originals.read(&codes.rows)?.over(&decoded, None)?,
                    ),
                })
            }
        });
        Ok(Changed::new(schema, report, stream, |report, reconstruction| {
            report.n += reconstruction.pair.after.num_rows();
            report.sums.add(&reconstruction.before, &reconstruction.after);
            report.errors = report.sums.means();
            reconstruction.pair
        }))
    }
}

/// The modelled columns of some records.
fn encoded(opened: &crate::model::opened::Opened, records: &RecordBatch) -> Result<Vec<Column>, DataError> {
    let read = Read {
        rows: vec![0; records.num_rows()],
        batch: records.clone(),
        problems: Vec::new(),
    };
    Ok(opened.schema.encode(&read, &opened.x_fields)?.columns)
}
