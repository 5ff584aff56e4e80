//! `sample`: new records from the prior, under the requested conditions.

use std::sync::Arc;

pub use elbo_core::distribution::Sampling;
use elbo_data::noise::Noise;
use serde::Serialize;

use super::REPORT_VERSION;
use crate::data::{Data, Part, Records};
use crate::error::Error;
use crate::events::{Events, Phase};
use crate::model::Model;
use crate::model::conditions::{Conditions, Copied};
pub use crate::model::decode::Draw;
use crate::model::decode::Drawing;
use crate::model::latents::{chunks, windows};
use crate::model::stream::Stream;

/// What to sample.
#[derive(Clone, Debug)]
pub struct SampleRequest {
    /// How many records; none for 16, or one for each of `rows`.
    pub n: Option<usize>,
    /// Conditions `(field, value)`; the value `*` asks for every level in turn, `value:0.3` for a share, and `30..40`,
    /// `>=65` or `office|craft` for values in a set.
    pub given: Vec<(String, String)>,
    /// A table of conditions, one record for each of its rows.
    pub rows: Option<Data>,
    /// How texts are sampled.
    pub sampling: Sampling,
    /// Factor on the prior's standard deviation.
    pub temperature: f32,
    /// Seed of the draws.
    pub seed: u64,
    /// The likelihood's mean, or a sample from it.
    pub draw: Draw,
    /// One part of the records; none for all.
    pub part: Option<Part>,
}

impl Default for SampleRequest {
    fn default() -> Self {
        Self {
            n: None,
            given: Vec::new(),
            rows: None,
            sampling: Sampling::default(),
            temperature: 1.0,
            seed: 0,
            draw: Draw::Auto,
            part: None,
        }
    }
}

/// What was sampled.
#[derive(Clone, Debug, Serialize)]
pub struct SampleReport {
    /// [`REPORT_VERSION`].
    pub version: u32,
    /// How many records.
    pub n: usize,
    /// What they are: `pictures`, `texts` or `records`.
    pub of: &'static str,
    /// The conditions.
    pub given: Vec<(String, String)>,
    /// Factor on the prior's standard deviation.
    pub temperature: f32,
    /// Seed of the draws.
    pub seed: u64,
    /// The likelihood's mean, or a sample from it.
    pub draw: Draw,
}

/// Most records of one request: more would not end within days.
const MOST: usize = 1_000_000_000;
/// Default number of records.
const SHOWN: usize = 16;

impl SampleRequest {
    /// Checks what can be checked without a model.
    ///
    /// # Errors
    /// The first setting that is not possible.
    pub fn check(&self) -> Result<(), Error> {
        if let Some(n) = self.n.filter(|n| !(1..=MOST).contains(n)) {
            let takes = "a number from 1 to 1000000000";
            return Err(Error::bad_argument("SampleRequest::n", n, takes));
        }
        if self.n.is_some() && self.rows.is_some() {
            return Err(Error::Conflict {
                first: "SampleRequest::n".to_owned(),
                second: "SampleRequest::rows".to_owned(),
                reason: "the table has one row for each record",
            });
        }
        check_sampling(&self.sampling)?;
        if !(self.temperature.is_finite() && self.temperature >= 0.0) {
            return Err(Error::bad_argument(
                "SampleRequest::temperature",
                self.temperature,
                "a number from 0 up",
            ));
        }
        Ok(())
    }
}

fn check_sampling(sampling: &Sampling) -> Result<(), Error> {
    if !(sampling.temperature.is_finite() && sampling.temperature >= 0.0) {
        let takes = "a number from 0 up";
        return Err(Error::bad_argument(
            "Sampling::temperature",
            sampling.temperature,
            takes,
        ));
    }
    if sampling.top_k == Some(0) {
        return Err(Error::bad_argument("Sampling::top_k", 0, "at least 1"));
    }
    match sampling.top_p {
        Some(share) if !(share > 0.0 && share <= 1.0) => Err(Error::bad_argument(
            "Sampling::top_p",
            share,
            "a number above 0, and at most 1",
        )),
        _ => Ok(()),
    }
}

impl Model {
    /// Samples z from the prior p(z|y) and x from p(x|z,y). Record i depends on the run, the seed, i and the
    /// conditions alone. The columns have the types of the data; those that cannot be modelled are empty.
    ///
    /// ```no_run
    /// use elbo::{Events, Model, SampleRequest};
    /// let model = Model::open("people")?;
    /// let given = vec![("income".into(), "high:0.5".into())];
    /// let mut records = model.sample(&SampleRequest { n: Some(100), given, ..Default::default() }, &Events::silent())?;
    /// assert_eq!(records.collect_batch()?.num_rows(), 100);
    /// # Ok::<(), elbo::Error>(())
    /// ```
    ///
    /// # Errors
    /// A request that is not possible, or that this model cannot follow.
    pub fn sample(&self, request: &SampleRequest, events: &Events) -> Result<Records<SampleReport>, Error> {
        request.check()?;
        let noise = Noise::new(request.seed);
        let (mut copied, given) = Copied::split(&self.opened, &request.given)?;
        let (conditions, table_rows) = self.conditions(request, &given, &mut copied, noise)?;
        events.warn_all(&conditions.warnings);
        events.warn_all(&copied.warnings(&self.opened));
        let n = request.n.or(table_rows).unwrap_or(SHOWN);
        let rows = Part::rows(request.part, n as u64);
        let (first, total) = (rows.start, rows.end - rows.start);
        let numbers = chunks(total as usize).map(move |part| {
            let numbers = rows.start + part.start as u64..rows.start + part.end as u64;
            Ok(numbers.collect::<Vec<u64>>())
        });
        let (sampling, draw) = (request.sampling, request.draw);
        let (opened, temperature) = (Arc::clone(&self.opened), request.temperature);
        let phase = (Phase::Decoding, total);
        let drawing = Drawing {
            sampling,
            ..Drawing::of(draw, noise)
        };
        let stream = Stream::new(self, numbers, phase, events, move |rows: Vec<u64>| {
            let records = opened.drawn_by_rules(&rows, drawing, |rows, drawing| {
                let y = windows(
                    &conditions.columns(rows)?,
                    &(0..rows.len()),
                    opened.filled(rows.len()),
                );
                let codes = opened.prior_codes(rows.to_vec(), y, temperature, drawing.noise);
                let records = copied.over(&opened, opened.decode(&codes, drawing)?, rows)?;
                Ok((records, codes.y))
            })?;
            Ok(opened.as_stored(&records)?)
        });
        let report = SampleReport {
            version: REPORT_VERSION,
            n: total as usize,
            of: self.opened.noun(),
            given: request.given.clone(),
            temperature,
            seed: request.seed,
            draw: request.draw,
        };
        Ok(stream
            .apart(self.opened.stored_schema(), report, |_, batch| batch.into())
            .starting_at(first))
    }

    /// The conditions, and the number of records where a table has a row for each.
    fn conditions(
        &self,
        request: &SampleRequest,
        given: &[(String, String)],
        copied: &mut Copied,
        noise: Noise,
    ) -> Result<(Conditions, Option<usize>), Error> {
        let Some(table) = &request.rows else {
            return Ok((Conditions::parse(&self.opened, given, noise)?, None));
        };
        let parsed = self.on_threads(|| Conditions::from_table(&self.opened, table, given, copied, noise));
        match parsed? {
            (_, 0) => Err(Error::bad_argument(
                "SampleRequest::rows",
                table.location().unwrap_or("an empty table"),
                "a table with a row",
            )),
            (conditions, rows) => Ok((conditions, Some(rows))),
        }
    }
}
