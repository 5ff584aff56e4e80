//! `edit`: the same latents, and the same quantiles, under another condition: another digit in the same hand, a face
//! with glasses, the row as it would have been.

use std::sync::Arc;

use serde::Serialize;

use super::REPORT_VERSION;
use crate::data::originals::{Originals, Stays};
use crate::data::{Changed, Data, Pair};
use crate::error::Error;
use crate::events::{Events, Phase};
use crate::model::batches::{Conditioning, Observations};
use crate::model::conditions::Conditions;
use crate::model::decode::Drawing;
use crate::model::latents::{Codes, windows};
use crate::model::reading::Reading;
use crate::model::stream::Stream;
use crate::model::{CHUNK, Model};

/// What to edit, and how.
#[derive(Clone, Debug)]
pub struct EditRequest {
    /// The records.
    pub data: Data,
    /// The conditions that change: `(field, value)`.
    pub given: Vec<(String, String)>,
    /// The first so many records; none for all.
    pub n: Option<usize>,
}

impl EditRequest {
    /// All records of `data`, under other conditions.
    pub fn new(data: impl Into<Data>, given: Vec<(String, String)>) -> Self {
        Self {
            data: data.into(),
            given,
            n: None,
        }
    }

    /// Checks what can be checked without a model.
    ///
    /// # Errors
    /// Nothing to change, or no record to change.
    pub fn check(&self) -> Result<(), Error> {
        match (self.given.is_empty(), self.n) {
            (true, _) => Err(Error::bad_argument(
                "EditRequest::given",
                "nothing",
                "what to change, as field=value",
            )),
            (_, Some(0)) => Err(Error::bad_argument("EditRequest::n", 0, "at least 1")),
            _ => Ok(()),
        }
    }
}

/// What was edited.
#[derive(Clone, Debug, Serialize)]
pub struct EditReport {
    /// [`REPORT_VERSION`].
    pub version: u32,
    /// How many records.
    pub n: usize,
    /// The conditions that changed.
    pub given: Vec<(String, String)>,
}

impl Model {
    /// Encodes each record with its own condition and decodes the posterior mean with the requested one. Other
    /// conditions stay as they are, and so do fields with levels that are as likely under both.
    ///
    /// ```no_run
    /// use elbo::{EditRequest, Events, Model};
    /// let model = Model::open("people")?;
    /// let request = EditRequest::new("people.csv", vec![("smoker".into(), "yes".into())]);
    /// let edited = model.edit(&request, &Events::silent())?.into_records().collect_batch()?;
    /// # Ok::<(), elbo::Error>(())
    /// ```
    ///
    /// # Errors
    /// A request the model cannot follow, or data it cannot read.
    pub fn edit(&self, request: &EditRequest, events: &Events) -> Result<Changed<EditReport>, Error> {
        request.check()?;
        let conditions = Conditions::of_changes(&self.opened, &request.given)?.of_single_values()?;
        events.warn_all(&conditions.warnings);
        let batches = self.read(&request.data, events)?;
        let n = (request.n.map_or(u64::MAX, |n| n as u64)).min(batches.source.len());
        let conditioning = Conditioning::Only(conditions.asked().to_vec());
        let reading = Reading::new(&batches, 0..n, CHUNK, conditioning, events)?;
        let opened = Arc::clone(&self.opened);
        let originals = originals(self, &conditions, Arc::clone(&batches.source));
        let schema = originals.schema();
        let stream = Stream::new(self, reading, (Phase::Editing, n), events, {
            let opened = Arc::clone(&opened);
            move |records: Observations| {
                let asked = windows(
                    &conditions.columns(&records.rows)?,
                    &(0..records.rows.len()),
                    CHUNK,
                );
                let before = records.filled();
                let mut y = before.y.clone();
                for (place, column) in asked.into_iter().enumerate() {
                    if conditions.asked().contains(&place) {
                        y[place] = column;
                    }
                }
                let codes = Codes {
                    before: Some(before),
                    ..Codes::new(records.rows.clone(), opened.posterior(&records).mean, y)
                };
                let edited = opened.decode(&codes, &Drawing::mean())?;
                Ok(Pair::new(
                    &opened,
                    records,
                    originals.read(&codes.rows)?.over(&edited, None)?,
                ))
            }
        });
        let report = EditReport {
            version: REPORT_VERSION,
            n: 0,
            given: request.given.clone(),
        };
        Ok(Changed::new(schema, report, stream, |report, pair: Pair| {
            report.n += pair.after.num_rows();
            pair
        }))
    }
}

/// What stays of the records: fields that the model does not know, conditions that do not change, and values with
/// levels that are as likely as before.
fn originals(model: &Model, conditions: &Conditions, source: Arc<dyn elbo_data::Source>) -> Originals {
    let opened = &model.opened;
    let changes = |field: usize| {
        conditions
            .asked()
            .iter()
            .any(|place| opened.y_fields[*place] == field)
    };
    let stays = |field: usize| match (opened.x_fields.contains(&field), changes(field)) {
        (_, true) => Some(Stays::AskedFor),
        (false, _) => Some(Stays::Known),
        (true, _) => opened.has_levels(field).then_some(Stays::NotGenerated),
    };
    Originals::new(opened, source, stays)
}
