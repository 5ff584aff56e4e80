//! `interpolate`: the way from one record to another through latent space.

use std::path::PathBuf;
use std::sync::Arc;

use elbo_data::arrow::array::Float32Array;
use elbo_data::{Column, Value, Values};
use serde::Serialize;

use crate::decode::{Codes, Drawing};
use crate::error::Error;
use crate::latents::Latents;
use crate::output::Output;
use crate::picture::{GridLayout, Pictures};
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
    /// Records on the way, both ends included.
    pub steps: usize,
    /// A `.png` file, or a table of records without pictures.
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
    /// Records on the way.
    pub steps: usize,
}

/// Draws both records and what is decoded on the straight line between their posterior means; of records
/// without pictures a table, whose column `step` is 0 at the first record and 1 at the last.
///
/// # Errors
/// No trained run, a record that is not there or broken, or an output that cannot be written.
pub fn interpolate(
    settings: &InterpolateSettings,
    progress: &dyn Progress,
) -> Result<InterpolateReport, Error> {
    let output = Output::check(&settings.out, settings.force)?;
    if !(2..=256).contains(&settings.steps) {
        return Err(Error::bad_argument(
            "--steps",
            settings.steps,
            "a number from 2 to 256",
        ));
    }
    threads::within(settings.threads, || {
        let trained = Trained::open(&settings.run, settings.device.as_deref())?;
        output.suits_sheet(&trained)?;
        let batches = trained.records(Some(&settings.data))?;
        let ends = trained.encode(&batches, &[settings.from, settings.to], true, progress)?;
        if ends.rows.len() < 2 {
            return Err(Error::bad_argument(
                "--from/--to",
                format!("{} and {}", settings.from, settings.to),
                "two records that can be read",
            ));
        }
        let between = [settings.from, settings.to].map(|row| batches.source.name_of(row));
        let codes = trained.line(&ends, settings.steps)?;
        let way = trained.decode_all(&codes, &Drawing::mean(), progress)?;
        if let Some(image) = trained.image() {
            let whole = trained.records_of(&ends.x, &ends.y, ends.rows.len())?;
            let pictures = [whole.slice(0, 1), way, whole.slice(1, 1)];
            let pictures = pictures.map(|records| trained.pictures_of(&records, &image));
            output.write_grid(&Pictures::joined(&pictures), &layout(settings.steps, &between))?;
        } else {
            let steps: Float32Array = (0..settings.steps)
                .map(|step| share(step, settings.steps))
                .collect();
            output.write_labelled(&trained, &way, vec![("step", Arc::new(steps))])?;
        }
        Ok(InterpolateReport {
            out: settings.out.clone(),
            between,
            steps: settings.steps,
        })
    })
}

fn share(step: usize, steps: usize) -> f32 {
    step as f32 / (steps - 1) as f32
}

fn between(share: f32, a: f32, b: f32) -> f32 {
    a + share * (b - a)
}

impl Trained {
    /// Points on the line; a given number moves along, any other condition changes half-way.
    fn line(&self, ends: &Latents, steps: usize) -> Result<Codes, Error> {
        let (from, to) = (ends.mean_of(0), ends.mean_of(1));
        let z = (0..steps).flat_map(|step| {
            let ends = from.iter().zip(to);
            ends.map(move |(a, b)| between(share(step, steps), *a, *b))
        });
        let y = self.y_fields.iter().zip(&ends.y);
        let y = y.map(|(field, column)| self.along(*field, column, steps));
        Ok(Codes::new(z.collect(), y.collect::<Result<_, Error>>()?))
    }

    fn along(&self, field: usize, ends: &Column, steps: usize) -> Result<Column, Error> {
        let nearest: Vec<usize> = (0..steps).map(|step| usize::from(2 * step >= steps)).collect();
        let field_of = &self.schema.fields[field];
        let (Values::Number(numbers), Some(number)) = (&ends.values, field_of.number()) else {
            return Ok(ends.take(&nearest));
        };
        let missing = field_of.missing_level();
        let known = |end: usize| ends.given[end] && Some(numbers.bins[end]) != missing;
        if !(known(0) && known(1)) {
            return Ok(ends.take(&nearest));
        }
        let (from, to) = (numbers.value[0], numbers.value[1]);
        let value = |step| number.value(from + f64::from(share(step, steps)) * (to - from));
        let values: Vec<Value> = (0..steps).map(value).collect();
        Ok(self.schema.column(field, &values)?)
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
