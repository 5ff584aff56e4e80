//! The run folder: every file that a run writes. Files carry a version, and are checked in full when read.
//!
//! ```text
//! run.json                   marks the folder as a run, with the version of its format
//! schema.json                the fields of the data and their statistics
//! model.json                 the model's shape
//! config.toml                the settings; written after these, so a run that has it is complete
//! checkpoint.safetensors     the state of training: weights, optimiser, counters, replaced as one
//! weights/best.safetensors   the weights that validated best
//! weights/prior.safetensors  the mixture that takes the place of their prior, where there is one
//! metrics.jsonl              one line an epoch
//! loss.png                   the loss by epoch
//! samples.png, samples.csv   generated pictures; for tables, generated and real records compared, and some records
//! ```
//!
//! Every file but `metrics.jsonl` is written beside its place and moved into it, so a process that
//! is killed leaves the old file or the new one. The checkpoint alone determines how a run goes on;
//! `metrics.jsonl` is cut back to the length that the checkpoint records.

pub(crate) mod arrays;
mod checkpoint;
pub(crate) mod file;
mod metrics;
mod place;
mod prior;
mod state;

use std::fs::File;
use std::path::{Path, PathBuf};

use elbo_core::{ModelConfig, parameters::Arrays};
use elbo_data::{DataError, Schema};

use crate::config::{CheckedConfig, RunConfig};
use crate::error::Error;

pub use checkpoint::Checkpoint;
pub use metrics::EpochRecord;
pub use state::{Sums, TrainState};

/// The format of run that is written and read.
pub const FORMAT: u64 = 1;

const RUN: &str = "run.json";
const SCHEMA: &str = "schema.json";
const MODEL: &str = "model.json";
const CONFIG: &str = "config.toml";
const CHECKPOINT: &str = "checkpoint.safetensors";
const BEST: &str = "weights/best.safetensors";
const PRIOR: &str = "weights/prior.safetensors";
const METRICS: &str = "metrics.jsonl";
const LOSS: &str = "loss.png";
const SAMPLES: &str = "samples.png";
const SAMPLES_TABLE: &str = "samples.csv";
const LOCK: &str = ".lock";

/// Limits on the size of files: larger than any real run needs, and small enough for memory.
const MAX_CONFIG: u64 = 1 << 20;
const MAX_MODEL: u64 = 16 << 20;
const MAX_SCHEMA: u64 = 256 << 20;

/// A run folder.
#[derive(Debug)]
pub struct RunDir {
    root: PathBuf,
    /// Held while training; freed by the system however the process ends.
    #[expect(dead_code, reason = "it is there to be dropped")]
    lock: Option<File>,
}

impl RunDir {
    /// Creates the folder of a new run, which holds only `run.json`.
    ///
    /// With `force` an existing run is cleared: the files that a run writes are removed, never others.
    ///
    /// # Errors
    /// [`Error::RunExists`] without `force`; [`Error::Occupied`] where something is there that is not
    /// a run; [`Error::RunBusy`]; [`Error::Write`].
    pub fn create(path: &Path, force: bool) -> Result<Self, Error> {
        Self::check_free(path, force)?;
        std::fs::create_dir_all(path).map_err(Error::writing(path))?;
        let run = Self {
            root: path.to_path_buf(),
            lock: Some(place::lock(path)?),
        };
        place::remove_leftovers(path);
        place::clear(path)?;
        file::write(&run.file(RUN), place::mark().as_bytes())?;
        Ok(run)
    }

    /// Whether [`Self::create`] would succeed, for an error before the work rather than after it.
    ///
    /// # Errors
    /// As [`Self::create`].
    pub fn check_free(path: &Path, force: bool) -> Result<(), Error> {
        place::check_free(path, force)
    }

    /// The run in an existing folder, to look at or to generate from.
    ///
    /// # Errors
    /// [`Error::NotARun`]; [`Error::RunVersion`]; [`Error::RunTorn`] for a damaged mark.
    pub fn open(path: &Path) -> Result<Self, Error> {
        place::check_run(path)?;
        Ok(Self {
            root: path.to_path_buf(),
            lock: None,
        })
    }

    /// The run in an existing folder, to train on: no other process can while this value lives.
    /// What a killed process left half-written is removed.
    ///
    /// # Errors
    /// As [`Self::open`], and [`Error::RunBusy`] where another process trains in it.
    pub fn resume(path: &Path) -> Result<Self, Error> {
        let run = Self {
            lock: Some(place::lock(Self::open(path)?.path())?),
            root: path.to_path_buf(),
        };
        place::remove_leftovers(path);
        Ok(run)
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// Where the picture of the loss goes.
    pub fn loss_picture(&self) -> PathBuf {
        self.file(LOSS)
    }

    /// Where the picture of samples goes.
    pub fn samples_picture(&self) -> PathBuf {
        self.file(SAMPLES)
    }

    /// Where the table of samples goes.
    pub fn samples_table(&self) -> PathBuf {
        self.file(SAMPLES_TABLE)
    }

    /// Saves what stays the same during a run; `config.toml` last, as the sign that it is all there.
    ///
    /// # Errors
    /// [`Error::Data`] with what cannot be written.
    pub fn save_setup(&self, config: &CheckedConfig, schema: &Schema) -> Result<(), Error> {
        file::write(&self.file(SCHEMA), schema.to_json()?.as_bytes())?;
        let model = serde_json::to_string_pretty(&config.model);
        let model = model.map_err(|error| Error::Unwritable {
            reason: error.to_string(),
        })?;
        file::write(&self.file(MODEL), model.as_bytes())?;
        file::write(&self.file(CONFIG), config.to_toml()?.as_bytes())
    }

    /// Reads back what [`Self::save_setup`] wrote, checked as if it were new: the config with the
    /// schema must make the very model that the folder says it has.
    ///
    /// # Errors
    /// [`Error::NotBegun`] where the run was stopped before it was all saved; [`Error::RunTorn`].
    pub fn load_setup(&self) -> Result<(CheckedConfig, Schema), Error> {
        if !self.is_begun() {
            return Err(Error::NotBegun {
                path: self.root.clone(),
            });
        }
        let schema =
            Schema::from_json(&self.read(SCHEMA, MAX_SCHEMA)?).map_err(|source| self.bad_schema(source))?;
        let text = self.read(CONFIG, MAX_CONFIG)?;
        let config =
            RunConfig::from_toml(&text, &self.file(CONFIG)).map_err(|source| self.torn(CONFIG, source))?;
        // The number of records is known only once the data are opened.
        let (config, _) = config
            .check(&schema, usize::MAX)
            .map_err(|source| self.torn(CONFIG, source))?;
        let model: ModelConfig =
            serde_json::from_str(&self.read(MODEL, MAX_MODEL)?).map_err(|source| self.torn(MODEL, source))?;
        // A file that was cut short between two lines is still TOML.
        let whole = config.to_toml()?;
        if !text.ends_with('\n') {
            return Err(self.torn(CONFIG, "its last line is cut short"));
        }
        if let Some(missing) = missing_key(&text, &whole) {
            return Err(self.torn(CONFIG, format!("`{missing}` is missing")));
        }
        match model == config.model {
            true => Ok((config, schema)),
            false => Err(self.torn(
                CONFIG,
                "with the schema it does not describe the model of `model.json`",
            )),
        }
    }

    /// Whether settings were saved: if not, the run was stopped before it began.
    pub fn is_begun(&self) -> bool {
        self.file(CONFIG).exists()
    }

    /// The weights to generate with: the best, or the last where none has been validated yet.
    ///
    /// # Errors
    /// [`Error::NotTrained`] where there are none; [`Error::RunTorn`]; [`Error::RunVersion`].
    pub fn load_weights(&self) -> Result<Arrays, Error> {
        if self.file(BEST).exists() {
            return self.load_best();
        }
        match self.load_checkpoint()? {
            None => Err(Error::NotTrained {
                path: self.root.clone(),
            }),
            // An epoch was validated, so its weights were saved.
            Some(checkpoint) if checkpoint.state.best_epoch > 0 => {
                Err(Error::torn(&self.file(BEST), "is missing"))
            }
            Some(checkpoint) => Ok(checkpoint.weights),
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    fn read(&self, name: &str, limit: u64) -> Result<String, Error> {
        let path = self.file(name);
        match path.exists() {
            true => file::read_text(&path, limit),
            false => Err(Error::torn(&path, "is missing")),
        }
    }

    fn bad_schema(&self, error: DataError) -> Error {
        let DataError::SchemaVersion { found, known } = error else {
            return self.torn(SCHEMA, error);
        };
        Error::RunVersion {
            file: self.file(SCHEMA),
            found,
            supported: u64::from(known),
        }
    }

    fn torn(&self, name: &str, what: impl std::fmt::Display) -> Error {
        Error::torn(&self.file(name), format!("is damaged: {what}"))
    }
}

/// The first setting of the TOML text `whole` that `text` lacks.
fn missing_key(text: &str, whole: &str) -> Option<String> {
    let parse = |text: &str| text.parse::<toml::Table>().unwrap_or_default();
    let (found, expected) = (parse(text), parse(whole));
    expected.into_iter().find_map(|(section, keys)| {
        let found = found.get(&section).and_then(toml::Value::as_table);
        let lacks = |key: &&String| found.is_none_or(|found| !found.contains_key(*key));
        let key = keys.as_table()?.keys().find(lacks)?;
        Some(format!("{section}.{key}"))
    })
}

#[cfg(test)]
mod tests;
