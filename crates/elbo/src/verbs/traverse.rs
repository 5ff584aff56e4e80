//! `traverse`: what each latent unit does, by sweeping it while the others stay.

use std::sync::Arc;

use burn::tensor::Tensor;
use elbo_data::Column;
use elbo_data::arrow::array::{ArrayRef, Float32Array, UInt64Array};
use elbo_data::arrow::record_batch::RecordBatch;
use elbo_data::noise::Noise;
use serde::Serialize;

use super::REPORT_VERSION;
use crate::data::Data;
use crate::error::Error;
use crate::events::Events;
use crate::model::conditions::Conditions;
use crate::model::decode::Drawing;
use crate::model::latents::{Codes, windows};
use crate::model::opened::Opened;
use crate::model::{CHUNK, Model};

/// What to sweep, and from where.
#[derive(Clone, Debug)]
pub struct TraverseRequest {
    /// Data and row of the record to begin at; none for the mean of the prior.
    pub from: Option<(Data, u64)>,
    /// Conditions `(field, value)` where no record is given.
    pub given: Vec<(String, String)>,
    /// At most so many units, those of highest rate first.
    pub units: usize,
    /// Records of each unit.
    pub steps: usize,
    /// Each unit goes from −range to range, in standard deviations of the prior.
    pub range: f32,
}

impl Default for TraverseRequest {
    fn default() -> Self {
        Self {
            from: None,
            given: Vec::new(),
            units: 16,
            steps: 9,
            range: 3.0,
        }
    }
}

impl TraverseRequest {
    /// Checks what can be checked without a model.
    ///
    /// # Errors
    /// The first setting that is not possible.
    pub fn check(&self) -> Result<(), Error> {
        if !(2..=256).contains(&self.steps) {
            let takes = "a number from 2 to 256";
            return Err(Error::bad_argument("TraverseRequest::steps", self.steps, takes));
        }
        if self.units == 0 {
            return Err(Error::bad_argument("TraverseRequest::units", 0, "at least 1"));
        }
        if !(self.range.is_finite() && self.range > 0.0) {
            let takes = "a number above 0";
            return Err(Error::bad_argument("TraverseRequest::range", self.range, takes));
        }
        Ok(())
    }
}

/// A unit that was swept.
#[derive(Clone, Debug, Serialize)]
pub struct SweptUnit {
    /// The unit, counted from 0.
    pub unit: usize,
    /// Its mean rate on the validation records, in nats.
    pub rate: f64,
}

/// What was swept.
#[derive(Clone, Debug, Serialize)]
pub struct TraverseReport {
    /// [`REPORT_VERSION`].
    pub version: u32,
    /// The units, in order.
    pub units: Vec<SweptUnit>,
}

/// The records of a traversal, unit after unit, and step after step of each.
#[derive(Clone, Debug)]
pub struct Traversal {
    /// The records.
    pub records: RecordBatch,
    /// The units.
    pub report: TraverseReport,
    sweep: Sweep,
}

impl Traversal {
    /// Where each step of a unit is, in standard deviations of the prior.
    pub fn steps(&self) -> Vec<f32> {
        (0..self.sweep.steps).map(|step| self.sweep.at(step)).collect()
    }

    /// The columns `unit` and `value` of each record: what was swept, and to where in standard deviations of the prior.
    pub fn labels(&self) -> Vec<(&'static str, ArrayRef)> {
        let units: UInt64Array = self.sweep.points().map(|(unit, _)| unit as u64).collect();
        let values: Float32Array = self.sweep.points().map(|(_, value)| value).collect();
        vec![("unit", Arc::new(units)), ("value", Arc::new(values))]
    }
}

impl Model {
    /// Sweeps one latent unit after the other, the unit of highest rate first, around a record or around the mean of
    /// the prior.
    ///
    /// ```no_run
    /// use elbo::{Events, Model, TraverseRequest};
    /// let model = Model::open("faces")?;
    /// let traversal = model.traverse(&TraverseRequest::default(), &Events::silent())?;
    /// println!("unit {} carries most information", traversal.report.units[0].unit);
    /// # Ok::<(), elbo::Error>(())
    /// ```
    ///
    /// # Errors
    /// A record or a condition that cannot be used.
    pub fn traverse(&self, request: &TraverseRequest, events: &Events) -> Result<Traversal, Error> {
        request.check()?;
        let start = self.start(request, events)?;
        let mut units = self.opened.units_by_rate()?;
        units.truncate(request.units);
        let sweep = Sweep {
            units: units.iter().map(|(unit, _)| *unit).collect(),
            steps: request.steps,
            range: request.range,
        };
        let records = self.on_threads(|| self.opened.sweep(&start, &sweep))?;
        let units = units.into_iter().map(|(unit, rate)| SweptUnit { unit, rate });
        Ok(Traversal {
            records,
            sweep,
            report: TraverseReport {
                version: REPORT_VERSION,
                units: units.collect(),
            },
        })
    }

    fn start(&self, request: &TraverseRequest, events: &Events) -> Result<Start, Error> {
        let Some((data, row)) = &request.from else {
            return self.middle(&request.given, events);
        };
        let batches = self.read(data, events)?;
        let record = self.latents(&batches, &[*row], false, events)?;
        if record.rows.is_empty() {
            return Err(Error::bad_argument(
                "TraverseRequest::from",
                format!("{}:{row}", data.location().unwrap_or("data")),
                "a record that can be read",
            ));
        }
        Ok(Start {
            z: record.mean,
            y: record.y,
        })
    }

    /// The mean of p(z|y) under these conditions.
    pub(crate) fn middle(&self, given: &[(String, String)], events: &Events) -> Result<Start, Error> {
        let noise = Noise::new(0);
        let conditions = Conditions::parse(&self.opened, given, noise)?.of_single_values()?;
        events.warn_all(&conditions.warnings);
        self.on_threads(|| {
            let y = conditions.first(1)?;
            let codes = self
                .opened
                .prior_codes(vec![0], windows(&y, &(0..1), CHUNK), 0.0, noise);
            Ok(Start {
                z: self.opened.rows_of(codes.z, 1),
                y,
            })
        })
    }
}

/// Where a sweep begins: one latent vector and its condition.
pub(crate) struct Start {
    pub z: Vec<f32>,
    pub y: Vec<Column>,
}

/// Units that are swept one by one, each over `range` standard deviations of its prior to either side.
#[derive(Clone, Debug)]
pub(crate) struct Sweep {
    pub units: Vec<usize>,
    pub steps: usize,
    pub range: f32,
}

impl Sweep {
    pub(crate) fn at(&self, step: usize) -> f32 {
        self.range * (2.0 * step as f32 / (self.steps - 1) as f32 - 1.0)
    }

    /// Each unit and where it stands, unit after unit.
    fn points(&self) -> impl Iterator<Item = (usize, f32)> {
        let all = self.units.iter();
        all.flat_map(move |unit| (0..self.steps).map(move |step| (*unit, self.at(step))))
    }
}

impl Opened {
    /// The records of a sweep, unit after unit: z is that of the start, but for the unit that is swept.
    pub(crate) fn sweep(&self, start: &Start, sweep: &Sweep) -> Result<RecordBatch, Error> {
        let latent = self.network.latent();
        let y = self.upload().fields(&windows(&start.y, &(0..1), CHUNK));
        let prior = self.network.prior(&y, CHUNK, &self.device);
        let points: Vec<(usize, f32)> = sweep.points().collect();
        self.decode_all(points.len(), &Drawing::mean(), |part| {
            let (mut swept, mut by) = (vec![false; CHUNK * latent], vec![0.0; CHUNK * latent]);
            for (row, (unit, value)) in points[part.clone()].iter().enumerate() {
                swept[row * latent + unit] = true;
                by[row * latent + unit] = *value;
            }
            // The prior is that of the first row: every record has the same condition.
            let first = |tensor: Tensor<2>| tensor.narrow(0, 0, 1).repeat_dim(0, CHUNK);
            let at = first(prior.mean.clone()) + first(prior.std()) * self.chunk_of(by, CHUNK);
            let z = self
                .chunk_of(start.z.repeat(part.len()), CHUNK)
                .mask_where(self.upload().mask(swept, CHUNK), at);
            let rows = part.clone().map(|row| row as u64).collect();
            let y = start.y.iter().map(|column| column.repeat(part.len()));
            let y: Vec<Column> = y.collect();
            Codes::new(rows, z, windows(&y, &(0..part.len()), CHUNK))
        })
    }
}
