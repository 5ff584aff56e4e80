//! `traverse`: what each latent unit does, by sweeping it while the others stay.

use std::path::PathBuf;
use std::sync::Arc;

use elbo_data::Column;
use elbo_data::arrow::array::{ArrayRef, Float32Array, UInt64Array};
use elbo_data::noise::Noise;
use serde::Serialize;

use crate::conditions::Conditions;
use crate::decode::{Codes, Drawing};
use crate::error::Error;
use crate::output::{Output, existing, save};
use crate::picture::{GridLayout, grid};
use crate::progress::Progress;
use crate::threads;
use crate::trained::Trained;

/// What to sweep, and from where.
#[derive(Clone, Debug)]
pub struct TraverseSettings {
    /// The run folder.
    pub run: PathBuf,
    /// Data and row of the record to begin at; none for the middle of the prior.
    pub from: Option<(String, u64)>,
    /// Requests `(field, value)` where no record is given.
    pub given: Vec<(String, String)>,
    /// At most so many units, those of highest rate first.
    pub units: usize,
    /// Records of each unit.
    pub steps: usize,
    /// Each unit goes from −range to range, in standard deviations of the prior.
    pub range: f32,
    /// A `.png` file, or a table of records without pictures.
    pub out: PathBuf,
    /// Replace what is there.
    pub force: bool,
    /// Threads; 0 for one a core.
    pub threads: usize,
    /// What computes; none for what the run was trained on.
    pub device: Option<String>,
}

/// A unit that was swept.
#[derive(Clone, Debug, Serialize)]
pub struct SweptUnit {
    /// The unit, counted from 0.
    pub unit: usize,
    /// Its mean rate on the validation records, in nats.
    pub rate: f64,
}

/// What was drawn.
#[derive(Clone, Debug, Serialize)]
pub struct TraverseReport {
    /// Where it is.
    pub out: PathBuf,
    /// The units, top to bottom.
    pub units: Vec<SweptUnit>,
}

/// Draws one row for each unit, the unit of highest rate at the top; of records without pictures a table, whose
/// columns `unit` and `value` say what was swept, in standard deviations of the prior.
///
/// # Errors
/// No trained run, a record or request that cannot be used, or an output that cannot be written.
pub fn traverse(settings: &TraverseSettings, progress: &dyn Progress) -> Result<TraverseReport, Error> {
    let output = Output::check(&settings.out, settings.force)?;
    check(settings)?;
    threads::within(settings.threads, || {
        let trained = Trained::open(&settings.run, settings.device.as_deref())?;
        let start = trained.start(settings, progress)?;
        let mut units = trained.units_by_rate()?;
        units.truncate(settings.units);
        output.suits_sheet(&trained)?;
        let labels = units
            .iter()
            .map(|(unit, rate)| format!("unit {unit}\n{rate:.2} nats"))
            .collect();
        let sweep = Sweep {
            units: units.iter().map(|(unit, _)| *unit).collect(),
            steps: settings.steps,
            range: settings.range,
        };
        if trained.image().is_some() {
            let image = trained.draw_sweep(&start, &sweep, labels, progress)?;
            save(&image, &settings.out, existing(settings.force))?;
        } else {
            let records = trained.decode_all(&trained.sweep(&start, &sweep), &Drawing::mean(), progress)?;
            output.write_labelled(&trained, &records, sweep.labels())?;
        }
        let units = units.into_iter().map(|(unit, rate)| SweptUnit { unit, rate });
        Ok(TraverseReport {
            out: settings.out.clone(),
            units: units.collect(),
        })
    })
}

fn check(settings: &TraverseSettings) -> Result<(), Error> {
    if !(2..=256).contains(&settings.steps) {
        return Err(Error::bad_argument(
            "--steps",
            settings.steps,
            "a number from 2 to 256",
        ));
    }
    if settings.units == 0 {
        return Err(Error::bad_argument("--units", 0, "at least 1"));
    }
    if !(settings.range.is_finite() && settings.range > 0.0) {
        return Err(Error::bad_argument("--range", settings.range, "a number above 0"));
    }
    Ok(())
}

/// Where a sweep begins: one latent vector and its condition.
pub(crate) struct Start {
    pub z: Vec<f32>,
    pub y: Vec<Column>,
}

impl Trained {
    fn start(&self, settings: &TraverseSettings, progress: &dyn Progress) -> Result<Start, Error> {
        let Some((data, row)) = &settings.from else {
            return self.middle(&settings.given, progress);
        };
        let batches = self.records(Some(data))?;
        let record = self.encode(&batches, &[*row], false, progress)?;
        if record.rows.is_empty() {
            return Err(Error::bad_argument(
                "--from",
                format!("{data}:{row}"),
                "a record that can be read",
            ));
        }
        Ok(Start {
            z: record.mean,
            y: record.y,
        })
    }

    /// The mean of p(z|y) under what is asked for.
    pub(crate) fn middle(&self, given: &[(String, String)], progress: &dyn Progress) -> Result<Start, Error> {
        let noise = Noise::new(0);
        let conditions = Conditions::parse(self, given, noise)?;
        conditions
            .warnings
            .iter()
            .for_each(|warning| progress.warn(warning));
        let y = conditions.columns(1)?;
        Ok(Start {
            z: self.draw_latents(&y, 1, 0.0, noise),
            y,
        })
    }

    /// The codes of a sweep, unit after unit.
    pub(crate) fn sweep(&self, start: &Start, sweep: &Sweep) -> Codes {
        let latent = self.model.latent();
        let mean = self.latents_from(&start.y, &vec![0.0; latent], 1.0);
        let mean_and_std = self.latents_from(&start.y, &vec![1.0; latent], 1.0);
        let z = sweep.points().flat_map(|(unit, value)| {
            let mut z = start.z.clone();
            z[unit] = mean[unit] + value * (mean_and_std[unit] - mean[unit]);
            z
        });
        let times = sweep.units.len() * sweep.steps;
        Codes::new(
            z.collect(),
            start.y.iter().map(|column| column.repeat(times)).collect(),
        )
    }

    /// A row of pictures for each unit.
    pub(crate) fn draw_sweep(
        &self,
        start: &Start,
        sweep: &Sweep,
        row_labels: Vec<String>,
        progress: &dyn Progress,
    ) -> Result<image::RgbImage, Error> {
        let pictures = self.decode_pictures(&self.sweep(start, sweep), &Drawing::mean(), progress)?;
        let column_labels = (0..sweep.steps).map(|step| format!("{:+.1}", sweep.at(step)));
        Ok(grid(
            &pictures,
            &GridLayout {
                columns: sweep.steps,
                row_labels,
                column_labels: column_labels.collect(),
                ..GridLayout::default()
            },
        ))
    }
}

/// Units that are swept one by one, each over `range` standard deviations of its prior to either side.
pub(crate) struct Sweep {
    pub units: Vec<usize>,
    pub steps: usize,
    pub range: f32,
}

impl Sweep {
    fn at(&self, step: usize) -> f32 {
        self.range * (2.0 * step as f32 / (self.steps - 1) as f32 - 1.0)
    }

    /// Each unit and where it stands, unit after unit.
    fn points(&self) -> impl Iterator<Item = (usize, f32)> {
        let all = self.units.iter();
        all.flat_map(move |unit| (0..self.steps).map(move |step| (*unit, self.at(step))))
    }

    /// Columns that say what was swept.
    fn labels(&self) -> Vec<(&'static str, ArrayRef)> {
        let units: UInt64Array = self.points().map(|(unit, _)| unit as u64).collect();
        let values: Float32Array = self.points().map(|(_, value)| value).collect();
        vec![("unit", Arc::new(units)), ("value", Arc::new(values))]
    }
}
