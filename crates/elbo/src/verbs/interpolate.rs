//! `interpolate`: the way from one record to another through latent space.

use std::sync::Arc;

use elbo_data::arrow::array::{ArrayRef, Float32Array};
use elbo_data::arrow::record_batch::RecordBatch;
use elbo_data::{Column, Value, Values};
use serde::Serialize;

use super::REPORT_VERSION;
use crate::data::Data;
use crate::error::Error;
use crate::events::Events;
use crate::model::Model;
use crate::model::decode::Drawing;
use crate::model::latents::Latents;
use crate::model::opened::Opened;

/// Which way to go.
#[derive(Clone, Debug)]
pub struct InterpolateRequest {
    /// The records.
    pub data: Data,
    /// Where to begin: a row of the data, counted from 0.
    pub from: u64,
    /// Where to end.
    pub to: u64,
    /// Records on the way, both ends included.
    pub steps: usize,
}

impl InterpolateRequest {
    /// Nine records on the way between two rows of `data`.
    pub fn new(data: impl Into<Data>, from: u64, to: u64) -> Self {
        Self {
            data: data.into(),
            from,
            to,
            steps: 9,
        }
    }

    /// Checks what can be checked without a model.
    ///
    /// # Errors
    /// A number of steps that is not possible.
    pub fn check(&self) -> Result<(), Error> {
        match (2..=256).contains(&self.steps) {
            true => Ok(()),
            false => {
                let takes = "a number from 2 to 256";
                Err(Error::bad_argument(
                    "InterpolateRequest::steps",
                    self.steps,
                    takes,
                ))
            }
        }
    }
}

/// What was decoded.
#[derive(Clone, Debug, Serialize)]
pub struct InterpolateReport {
    /// [`REPORT_VERSION`].
    pub version: u32,
    /// Names of both records.
    pub between: [String; 2],
    /// Records on the way.
    pub steps: usize,
}

/// Two records and what is decoded between them.
#[derive(Clone, Debug)]
pub struct Interpolation {
    /// Both records, as the model read them.
    pub ends: RecordBatch,
    /// The decoded records, from the first to the last step.
    pub way: RecordBatch,
    /// Names and number.
    pub report: InterpolateReport,
}

impl Interpolation {
    /// The column `step` of each record on the way: 0 at the first, 1 at the last.
    pub fn labels(&self) -> Vec<(&'static str, ArrayRef)> {
        let steps = self.report.steps;
        let steps: Float32Array = (0..steps).map(|step| share(step, steps)).collect();
        vec![("step", Arc::new(steps))]
    }
}

impl Model {
    /// Decodes points on the straight line between the posterior means of two records. A given number moves along,
    /// any other condition changes half-way.
    ///
    /// ```no_run
    /// use elbo::{Events, InterpolateRequest, Model};
    /// let model = Model::open("digits")?;
    /// let line = model.interpolate(&InterpolateRequest::new("mnist", 3, 14), &Events::silent())?;
    /// assert_eq!(line.way.num_rows(), 9);
    /// # Ok::<(), elbo::Error>(())
    /// ```
    ///
    /// # Errors
    /// A record that is not there or broken.
    pub fn interpolate(&self, request: &InterpolateRequest, events: &Events) -> Result<Interpolation, Error> {
        request.check()?;
        let batches = self.read(&request.data, events)?;
        let rows = [request.from, request.to];
        let ends = self.latents(&batches, &rows, true, events)?;
        if ends.rows.len() < 2 {
            return Err(Error::bad_argument(
                "InterpolateRequest::from",
                format!("{} and {}", request.from, request.to),
                "two records that can be read",
            ));
        }
        let opened = &self.opened;
        let way = self.on_threads(|| {
            let (z, y) = opened.line(&ends, request.steps)?;
            opened.decode_latents(&z, &y, &Drawing::mean())
        })?;
        Ok(Interpolation {
            ends: opened.records_of(&ends.x, &ends.y, &ends.rows)?,
            way,
            report: InterpolateReport {
                version: REPORT_VERSION,
                between: rows.map(|row| batches.source.name_of(row)),
                steps: request.steps,
            },
        })
    }
}

fn share(step: usize, steps: usize) -> f32 {
    step as f32 / (steps - 1) as f32
}

fn between(share: f32, a: f32, b: f32) -> f32 {
    a + share * (b - a)
}

impl Opened {
    /// Latents and conditions of points on the line.
    fn line(&self, ends: &Latents, steps: usize) -> Result<(Vec<f32>, Vec<Column>), Error> {
        let (from, to) = (ends.mean_of(0), ends.mean_of(1));
        let z = (0..steps).flat_map(|step| {
            let ends = from.iter().zip(to);
            ends.map(move |(a, b)| between(share(step, steps), *a, *b))
        });
        let y = self.y_fields.iter().zip(&ends.y);
        let y = y.map(|(field, column)| self.along(*field, column, steps));
        Ok((z.collect(), y.collect::<Result<_, Error>>()?))
    }

    fn along(&self, field: usize, ends: &Column, steps: usize) -> Result<Column, Error> {
        let nearest: Vec<usize> = (0..steps).map(|step| usize::from(2 * step >= steps)).collect();
        let described = &self.schema.fields[field];
        let (Values::Number(numbers), Some(number)) = (&ends.values, described.number()) else {
            return Ok(ends.take(&nearest));
        };
        let missing = described.missing_level();
        let known = |end: usize| ends.observed[end] && Some(numbers.bins[end]) != missing;
        if !(known(0) && known(1)) {
            return Ok(ends.take(&nearest));
        }
        let (from, to) = (numbers.value[0], numbers.value[1]);
        let value = |step| number.value(from + f64::from(share(step, steps)) * (to - from));
        let values: Vec<Value> = (0..steps).map(value).collect();
        Ok(self.schema.column(field, &values)?)
    }
}
