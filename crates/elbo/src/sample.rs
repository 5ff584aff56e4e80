//! `sample`: new pictures from the prior, under the conditions asked for.

use std::path::PathBuf;

use elbo_data::noise::Noise;
use serde::Serialize;

use crate::conditions::Conditions;
use crate::decode::Codes;
pub use crate::decode::Draw;
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
    /// How many pictures.
    pub n: usize,
    /// Requests `(field, value)`; the value `*` asks for every level in turn.
    pub given: Vec<(String, String)>,
    /// Factor on the prior's standard deviation.
    pub temperature: f32,
    /// Seed of the draws.
    pub seed: u64,
    /// The likelihood's mean, or a draw from it.
    pub draw: Draw,
    /// A `.png` grid, an `.npy` array, or a folder of pictures.
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
    /// How many pictures.
    pub n: usize,
    /// What was asked for.
    pub given: Vec<(String, String)>,
    /// Factor on the prior's standard deviation.
    pub temperature: f32,
    /// Seed of the draws.
    pub seed: u64,
    /// The likelihood's mean, or a draw from it.
    pub draw: Draw,
}

/// Samples `n` pictures. Picture i depends on the run, the seed, i and what is asked for alone.
///
/// # Errors
/// No trained run, a request the model cannot follow, or an output that cannot be written.
pub fn sample(settings: &SampleSettings, progress: &dyn Progress) -> Result<SampleReport, Error> {
    if settings.n == 0 {
        return Err(Error::bad_argument("-n", "0", "at least 1"));
    }
    if !(settings.temperature.is_finite() && settings.temperature >= 0.0) {
        return Err(Error::bad_argument(
            "--temperature",
            settings.temperature,
            "a number from 0 up",
        ));
    }
    let output = Output::check(&settings.out, settings.force)?;
    threads::within(settings.threads, || {
        let trained = Trained::open(&settings.run, settings.device.as_deref())?;
        let noise = Noise::new(settings.seed);
        let conditions = Conditions::parse(&trained, &settings.given, noise)?;
        conditions
            .warnings
            .iter()
            .for_each(|warning| progress.warn(warning));
        let y = conditions.columns(settings.n)?;
        let z = trained.draw_latents(&y, settings.n, settings.temperature, noise);
        output.write_decoded(&trained, &Codes { z, y }, settings.draw, noise, progress)?;
        Ok(SampleReport {
            out: settings.out.clone(),
            n: settings.n,
            given: settings.given.clone(),
            temperature: settings.temperature,
            seed: settings.seed,
            draw: settings.draw,
        })
    })
}
