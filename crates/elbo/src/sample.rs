//! `sample`: new records from the prior, under the conditions asked for.

use std::path::PathBuf;

pub use elbo_core::distribution::Sampling;
use elbo_data::noise::Noise;
use serde::Serialize;

use crate::conditions::Conditions;
pub use crate::decode::Draw;
use crate::decode::{Codes, Drawing};
use crate::error::Error;
use crate::output::Output;
use crate::progress::Progress;
use crate::threads;
use crate::trained::Trained;

/// What to sample.
#[derive(Clone, Debug)]
pub struct SampleSettings {
    /// The run folder.
    pub run: PathBuf,
    /// How many records; none for 16, or one for each row of `given_file`.
    pub n: Option<usize>,
    /// Requests `(field, value)`; the value `*` asks for every level in turn, `value:0.3` for a share.
    pub given: Vec<(String, String)>,
    /// A table of requests, one record for each of its rows.
    pub given_file: Option<String>,
    /// How texts are drawn.
    pub sampling: Sampling,
    /// Factor on the prior's standard deviation.
    pub temperature: f32,
    /// Seed of the draws.
    pub seed: u64,
    /// The likelihood's mean, or a draw from it.
    pub draw: Draw,
    /// A table, a `.txt` of texts, a `.png` grid, an `.npy` array, or a folder.
    pub out: PathBuf,
    /// Replace what is there.
    pub force: bool,
    /// Threads; 0 for one a core.
    pub threads: usize,
    /// What computes; none for what the run was trained on.
    pub device: Option<String>,
}

/// What was sampled.
#[derive(Clone, Debug, Serialize)]
pub struct SampleReport {
    /// Where it is.
    pub out: PathBuf,
    /// How many records.
    pub n: usize,
    /// What they are: `pictures`, `texts` or `records`.
    pub of: &'static str,
    /// What was asked for.
    pub given: Vec<(String, String)>,
    /// Factor on the prior's standard deviation.
    pub temperature: f32,
    /// Seed of the draws.
    pub seed: u64,
    /// The likelihood's mean, or a draw from it.
    pub draw: Draw,
}

/// Records when no number is asked for.
const SHOWN: usize = 16;

/// Samples `n` records. Record i depends on the run, the seed, i and what is asked for alone.
///
/// # Errors
/// No trained run, a request the model cannot follow, or an output that cannot be written.
pub fn sample(settings: &SampleSettings, progress: &dyn Progress) -> Result<SampleReport, Error> {
    check(settings)?;
    let output = Output::check(&settings.out, settings.force)?;
    threads::within(settings.threads, || {
        let trained = Trained::open(&settings.run, settings.device.as_deref())?;
        output.suits(&trained)?;
        let noise = Noise::new(settings.seed);
        let (conditions, rows) = conditions(settings, &trained, noise)?;
        conditions
            .warnings
            .iter()
            .for_each(|warning| progress.warn(warning));
        let n = settings.n.or(rows).unwrap_or(SHOWN);
        let y = conditions.columns(n)?;
        let z = trained.draw_latents(&y, n, settings.temperature, noise);
        let drawing = Drawing {
            sampling: settings.sampling,
            ..Drawing::of(settings.draw, noise)
        };
        output.write_decoded(&trained, &Codes::new(z, y), &drawing, progress)?;
        Ok(SampleReport {
            out: settings.out.clone(),
            n,
            of: trained.noun(),
            given: settings.given.clone(),
            temperature: settings.temperature,
            seed: settings.seed,
            draw: settings.draw,
        })
    })
}

fn check(settings: &SampleSettings) -> Result<(), Error> {
    if settings.n == Some(0) {
        return Err(Error::bad_argument("-n", "0", "at least 1"));
    }
    if settings.n.is_some() && settings.given_file.is_some() {
        return Err(Error::Conflict {
            first: "-n".to_owned(),
            second: "--given-file".to_owned(),
            reason: "the file has one row for each record",
        });
    }
    check_sampling(&settings.sampling)?;
    if !(settings.temperature.is_finite() && settings.temperature >= 0.0) {
        return Err(Error::bad_argument(
            "--temperature",
            settings.temperature,
            "a number from 0 up",
        ));
    }
    Ok(())
}

fn check_sampling(sampling: &Sampling) -> Result<(), Error> {
    if !(sampling.temperature.is_finite() && sampling.temperature >= 0.0) {
        let takes = "a number from 0 up";
        return Err(Error::bad_argument(
            "--text-temperature",
            sampling.temperature,
            takes,
        ));
    }
    if sampling.top_k == Some(0) {
        return Err(Error::bad_argument("--top-k", 0, "at least 1"));
    }
    match sampling.top_p {
        Some(share) if !(share > 0.0 && share <= 1.0) => Err(Error::bad_argument(
            "--top-p",
            share,
            "a number above 0, and at most 1",
        )),
        _ => Ok(()),
    }
}

/// What is asked for, and the number of records where a file says it.
fn conditions<'a>(
    settings: &SampleSettings,
    trained: &'a Trained,
    noise: Noise,
) -> Result<(Conditions<'a>, Option<usize>), Error> {
    let Some(file) = &settings.given_file else {
        return Ok((Conditions::parse(trained, &settings.given, noise)?, None));
    };
    let (conditions, rows) = Conditions::from_file(trained, file, &settings.given, noise)?;
    match rows {
        0 => Err(Error::bad_argument("--given-file", file, "a table with a row")),
        rows => Ok((conditions, Some(rows))),
    }
}
