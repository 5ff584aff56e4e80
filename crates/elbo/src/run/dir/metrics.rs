//! `metrics.jsonl`: the results of each epoch, one line of JSON each.
//!
//! No clock time in it: the same run writes the same bytes.

use std::io::{ErrorKind, Write};

use serde::{Deserialize, Serialize};

use super::{METRICS, RunDir, file};
use crate::error::Error;
use crate::model::terms::Terms;

/// Largest file that is read: a million epochs.
const MAX_METRICS: u64 = 512 << 20;

/// The results of an epoch; means per record, in nats.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// The epoch, counted from 1.
    pub epoch: u64,
    /// Steps done by its end.
    pub step: u64,
    /// Terms of the training batches, each at its own step.
    pub train: Terms,
    /// Terms of the validation records, at the end.
    pub validation: Terms,
    /// Median of the validation records' −ELBO: a few far values among them do not move it.
    #[serde(default)]
    pub validation_median: f64,
    /// Mean rate of each latent unit on the validation records, in nats.
    pub rate_per_unit: Vec<f64>,
    /// Whether its validation is the best so far.
    pub best: bool,
}

impl RunDir {
    /// Appends a line; returns the file's new length, for [`super::TrainState::metrics_bytes`].
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn append_metrics(&self, record: &EpochRecord) -> Result<u64, Error> {
        let path = self.file(METRICS);
        let line = serde_json::to_string(record).map_err(|error| Error::Unwritable {
            reason: error.to_string(),
        })?;
        let append = || {
            let mut file = file::own().create(true).append(true).open(&path)?;
            file.write_all(format!("{line}\n").as_bytes())?;
            // The checkpoint that counts this line must not outlive it.
            file.sync_data()?;
            Ok(file.metadata()?.len())
        };
        append().map_err(Error::writing(&path))
    }

    /// Cuts the file back to the `bytes` that a checkpoint records.
    ///
    /// # Errors
    /// [`Error::RunTorn`] where there are fewer; [`Error::Write`].
    pub fn truncate_metrics(&self, bytes: u64) -> Result<(), Error> {
        let path = self.file(METRICS);
        let file = match file::own().write(true).open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound && bytes == 0 => return Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(Error::torn(&path, "is missing"));
            }
            file => file.map_err(Error::writing(&path))?,
        };
        let found = file.metadata().map_err(Error::reading(&path))?.len();
        if found < bytes {
            return Err(Error::torn(
                &path,
                format!("is cut short: it has {found} bytes, the checkpoint counts {bytes}"),
            ));
        }
        file.set_len(bytes).map_err(Error::writing(&path))
    }

    /// The results of each epoch so far. A last line that is still being written is left out.
    ///
    /// # Errors
    /// [`Error::RunTorn`] with the line that cannot be read.
    pub fn history(&self) -> Result<Vec<EpochRecord>, Error> {
        let path = self.file(METRICS);
        if !path.exists() {
            return Ok(Vec::new());
        }
        let text = file::read_text(&path, MAX_METRICS)?;
        let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        let parse = |(at, line)| {
            serde_json::from_str(line)
                .map_err(|error| Error::torn(&path, format!("is damaged in line {}: {error}", at + 1)))
        };
        whole.enumerate().map(parse).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "tests lay out files as they like")]

    use super::*;

    fn run() -> (tempfile::TempDir, RunDir) {
        let folder = tempfile::tempdir().unwrap();
        let run = RunDir::create(folder.path(), false).unwrap();
        (folder, run)
    }

    fn record(epoch: u64) -> EpochRecord {
        let terms = Terms {
            elbo: -101.5,
            distortion: 76.0,
            rate: 25.5,
        };
        EpochRecord {
            epoch,
            step: epoch * 10,
            train: terms,
            validation: terms,
            validation_median: 99.5,
            rate_per_unit: vec![25.0, 0.5],
            best: true,
        }
    }

    #[test]
    fn what_the_checkpoint_does_not_know_of_is_cut_off() {
        let (_folder, run) = run();
        assert_eq!(run.history().unwrap(), []);
        run.truncate_metrics(0).unwrap();
        let known = run.append_metrics(&record(1)).unwrap();
        run.append_metrics(&record(2)).unwrap();
        assert_eq!(run.history().unwrap(), [record(1), record(2)]);
        run.truncate_metrics(known).unwrap();
        assert_eq!(run.history().unwrap(), [record(1)]);
        run.append_metrics(&record(3)).unwrap();
        assert_eq!(run.history().unwrap(), [record(1), record(3)]);
        run.truncate_metrics(0).unwrap();
        assert_eq!(run.history().unwrap(), []);
    }

    #[test]
    fn lines_that_are_gone_are_missed() {
        let (_folder, run) = run();
        assert!(
            run.truncate_metrics(5)
                .unwrap_err()
                .to_string()
                .ends_with("metrics.jsonl` is missing")
        );
        let bytes = run.append_metrics(&record(1)).unwrap();
        let error = run.truncate_metrics(bytes + 1).unwrap_err().to_string();
        let expected = format!(
            "is cut short: it has {bytes} bytes, the checkpoint counts {}",
            bytes + 1
        );
        assert!(error.ends_with(&expected), "{error}");
    }

    #[test]
    fn a_half_line_is_left_out_and_a_bad_one_is_named() {
        let (_folder, run) = run();
        run.append_metrics(&record(1)).unwrap();
        let path = run.file(METRICS);
        let whole = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{whole}{{\"epoch\": 2")).unwrap();
        assert_eq!(run.history().unwrap(), [record(1)]);
        std::fs::write(&path, format!("{whole}{{\"epoch\": 2\n")).unwrap();
        assert!(
            run.history()
                .unwrap_err()
                .to_string()
                .contains("is damaged in line 2: ")
        );
        std::fs::write(&path, [0xff, b'\n']).unwrap();
        assert!(run.history().unwrap_err().to_string().ends_with("is not text"));
    }
}
