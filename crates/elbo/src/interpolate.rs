//! `interpolate`: the way from one record to another through latent space.

use std::path::PathBuf;

use elbo_data::noise::Noise;
use elbo_data::{Column, Values};
use serde::Serialize;

use crate::decode::{Codes, Draw};
use crate::error::Error;
use crate::latents::Latents;
use crate::output::{check_png, existing, save};
use crate::picture::{GridLayout, Pictures, grid};
use crate::progress::Progress;
use crate::threads;
use crate::trained::Trained;

/// Which way to go.
#[derive(Clone, Debug)]
pub struct InterpolateSettings {
    /// The run folder.
    pub run: PathBuf,
    /// The records.
    pub data: String,
    /// Where to begin: a row of the data, counted from 0.
    pub from: u64,
    /// Where to end.
    pub to: u64,
    /// Pictures on the way, both ends included.
    pub steps: usize,
    /// A `.png` file.
    pub out: PathBuf,
    /// Replace what is there.
    pub force: bool,
    /// Threads; 0 for one a core.
    pub threads: usize,
    /// What computes; none for what the run was trained on.
    pub device: Option<String>,
}

/// What was drawn.
#[derive(Clone, Debug, Serialize)]
pub struct InterpolateReport {
    /// Where it is.
    pub out: PathBuf,
    /// Names of both records.
    pub between: [String; 2],
    /// Pictures on the way.
    pub steps: usize,
}

/// Draws both records and the decoded pictures on the straight line between their posterior means.
///
/// # Errors
/// No trained run, a record that is not there or broken, or an output that cannot be written.
pub fn interpolate(
    settings: &InterpolateSettings,
    progress: &dyn Progress,
) -> Result<InterpolateReport, Error> {
    check_png(&settings.out, settings.force)?;
    if !(2..=256).contains(&settings.steps) {
        return Err(Error::bad_argument(
            "--steps",
            settings.steps,
            "a number from 2 to 256",
        ));
    }
    threads::within(settings.threads, || {
        let trained = Trained::open(&settings.run, settings.device.as_deref())?;
        let batches = trained.records(Some(&settings.data))?;
        let ends = trained.encode(&batches, &[settings.from, settings.to], true, progress)?;
        if ends.rows.len() < 2 {
            return Err(Error::bad_argument(
                "--from/--to",
                format!("{} and {}", settings.from, settings.to),
                "two records that can be read",
            ));
        }
        let way = trained.decode(&line(&ends, settings.steps), Draw::Mean, Noise::new(0), progress);
        let between = [settings.from, settings.to].map(|row| batches.source.name_of(row));
        let image = grid(&with_ends(&ends, &way), &layout(settings.steps, &between));
        save(&image, &settings.out, existing(settings.force))?;
        Ok(InterpolateReport {
            out: settings.out.clone(),
            between,
            steps: settings.steps,
        })
    })
}

/// Points on the line; a given number moves along, any other condition changes half-way.
fn line(ends: &Latents, steps: usize) -> Codes {
    let share = |step: usize| step as f32 / (steps - 1) as f32;
    let between = |t: f32, a: f32, b: f32| a + t * (b - a);
    let (from, to) = (ends.mean_of(0), ends.mean_of(1));
    let z = (0..steps).flat_map(|step| {
        from.iter()
            .zip(to)
            .map(move |(a, b)| between(share(step), *a, *b))
    });
    let nearest = |step: usize| usize::from(2 * step >= steps);
    let column = |column: &Column| Column {
        given: (0..steps).map(|step| column.given[nearest(step)]).collect(),
        values: match &column.values {
            Values::Number(ends) if column.given[0] && column.given[1] => Values::Number(
                (0..steps)
                    .map(|step| between(share(step), ends[0], ends[1]))
                    .collect(),
            ),
            Values::Number(ends) => Values::Number((0..steps).map(|step| ends[nearest(step)]).collect()),
            Values::Category(ends) => Values::Category((0..steps).map(|step| ends[nearest(step)]).collect()),
            Values::Flag(ends) => Values::Flag((0..steps).map(|step| ends[nearest(step)]).collect()),
            Values::Image(_) => unreachable!("an image is never a condition: ModelConfig::check"),
        },
    };
    Codes {
        z: z.collect(),
        y: ends.y.iter().map(column).collect(),
    }
}

/// The first record, the way, the last record.
fn with_ends(ends: &Latents, way: &Pictures) -> Pictures {
    let (first, last) = ends.pixels.split_at(ends.pixels.len() / 2);
    Pictures {
        pixels: [first, &way.pixels, last].concat(),
        ..way.clone()
    }
}

fn layout(steps: usize, between: &[String; 2]) -> GridLayout {
    let mut column_labels = vec![String::new(); steps + 2];
    column_labels[0] = "from".to_owned();
    column_labels[steps + 1] = "to".to_owned();
    GridLayout {
        columns: steps + 2,
        column_labels,
        title: Some(format!("{} to {}", between[0], between[1])),
        ..GridLayout::default()
    }
}
