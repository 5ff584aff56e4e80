//! `traverse`: what each latent unit does, by sweeping it while the others stay.

use std::path::PathBuf;

use elbo_data::Column;
use elbo_data::noise::Noise;
use serde::Serialize;

use crate::conditions::Conditions;
use crate::decode::{Codes, Draw};
use crate::error::Error;
use crate::output::{check_png, existing, save};
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
    /// Pictures of each unit.
    pub steps: usize,
    /// Each unit goes from −range to range, in standard deviations of the prior.
    pub range: f32,
    /// A `.png` file.
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

/// Draws one row for each unit, the unit of highest rate at the top.
///
/// # Errors
/// No trained run, a record or request that cannot be used, or an output that cannot be written.
pub fn traverse(settings: &TraverseSettings, progress: &dyn Progress) -> Result<TraverseReport, Error> {
    check_png(&settings.out, settings.force)?;
    check(settings)?;
    threads::within(settings.threads, || {
        let trained = Trained::open(&settings.run, settings.device.as_deref())?;
        let start = trained.start(settings, progress)?;
        let mut units = trained.units_by_rate()?;
        units.truncate(settings.units);
        let labels = units
            .iter()
            .map(|(unit, rate)| format!("unit {unit}\n{rate:.2} nats"))
            .collect();
        let image = trained.sweep(&start, &units, labels, settings.steps, settings.range, progress);
        save(&image, &settings.out, existing(settings.force))?;
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

    /// A row of pictures for each unit, swept over `range` standard deviations of its prior to either side.
    pub(crate) fn sweep(
        &self,
        start: &Start,
        units: &[(usize, f64)],
        row_labels: Vec<String>,
        steps: usize,
        range: f32,
        progress: &dyn Progress,
    ) -> image::RgbImage {
        let at = |step: usize| range * (2.0 * step as f32 / (steps - 1) as f32 - 1.0);
        let latent = self.model.latent();
        let mean = self.latents_from(&start.y, &vec![0.0; latent], 1.0);
        let mean_and_std = self.latents_from(&start.y, &vec![1.0; latent], 1.0);
        let swept = units
            .iter()
            .flat_map(|(unit, _)| (0..steps).map(move |step| (*unit, at(step))));
        let z = swept.flat_map(|(unit, value)| {
            let mut z = start.z.clone();
            z[unit] = mean[unit] + value * (mean_and_std[unit] - mean[unit]);
            z
        });
        let y = start
            .y
            .iter()
            .map(|column| column.repeat(units.len() * steps))
            .collect();
        let pictures = self.decode(&Codes { z: z.collect(), y }, Draw::Mean, Noise::new(0), progress);
        let column_labels = (0..steps).map(|step| format!("{:+.1}", at(step))).collect();
        grid(
            &pictures,
            &GridLayout {
                columns: steps,
                row_labels,
                column_labels,
                ..GridLayout::default()
            },
        )
    }
}
