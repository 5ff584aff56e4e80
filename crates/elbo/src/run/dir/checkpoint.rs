//! Weights, and checkpoints: weights, optimiser and state in one file, so that they cannot be torn apart.

use elbo_core::parameters::Arrays;
use serde::{Deserialize, Serialize};

use super::{BEST, CHECKPOINT, FORMAT, RunDir, TrainState, arrays};
use crate::error::Error;

const WEIGHTS: &str = "weights/";
const OPTIMIZER: &str = "optimizer/";

/// Everything that training needs to continue.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// Where training stands.
    pub state: TrainState,
    /// The model's weights.
    pub weights: Arrays,
    /// Steps that the optimiser has taken.
    pub optimizer_steps: u64,
    /// The optimiser's moments.
    pub optimizer: Arrays,
}

/// The header of a file of weights; TOML, whose numbers read back to the last bit.
#[derive(Serialize, Deserialize)]
struct Header<T> {
    format: u64,
    #[serde(flatten)]
    rest: T,
}

#[derive(Serialize, Deserialize)]
struct Progress {
    optimizer_steps: u64,
    state: TrainState,
}

/// The header of a file of weights alone is empty.
#[derive(Serialize, Deserialize)]
struct Nothing {}

impl RunDir {
    /// Replaces the checkpoint, as one.
    ///
    /// Save the best weights and append the metrics before the checkpoint that refers to them, so
    /// that a process killed in between repeats them.
    ///
    /// # Errors
    /// [`Error::Data`] with what cannot be written; the old checkpoint then stays.
    pub fn save_checkpoint(
        &self,
        state: &TrainState,
        weights: &Arrays,
        optimizer_steps: u64,
        optimizer: &Arrays,
    ) -> Result<(), Error> {
        let header = header(Progress {
            optimizer_steps,
            state: state.clone(),
        })?;
        let weights = weights
            .iter()
            .map(|(name, array)| (format!("{WEIGHTS}{name}"), array));
        let optimizer = optimizer
            .iter()
            .map(|(name, array)| (format!("{OPTIMIZER}{name}"), array));
        arrays::write(&self.file(CHECKPOINT), header, weights.chain(optimizer))
    }

    /// The checkpoint; none where training was stopped before the first.
    ///
    /// # Errors
    /// [`Error::RunTorn`], [`Error::RunVersion`], [`Error::TooLarge`], [`Error::Read`].
    pub fn load_checkpoint(&self) -> Result<Option<Checkpoint>, Error> {
        if !self.file(CHECKPOINT).exists() {
            return Ok(None);
        }
        let (header, arrays) = arrays::read(&self.file(CHECKPOINT))?;
        let Progress {
            optimizer_steps,
            state,
        } = self.parse(CHECKPOINT, &header)?;
        if let Some(damage) = state.damage() {
            return Err(self.torn(CHECKPOINT, damage));
        }
        let (mut weights, mut optimizer) = (Arrays::new(), Arrays::new());
        for (name, array) in arrays {
            if let Some(name) = name.strip_prefix(WEIGHTS) {
                weights.insert(name.to_owned(), array);
            } else if let Some(name) = name.strip_prefix(OPTIMIZER) {
                optimizer.insert(name.to_owned(), array);
            } else {
                return Err(self.torn(CHECKPOINT, format!("`{name}` is of no known part")));
            }
        }
        Ok(Some(Checkpoint {
            state,
            weights,
            optimizer_steps,
            optimizer,
        }))
    }

    /// Replaces the best weights.
    ///
    /// # Errors
    /// [`Error::Data`] with what cannot be written; the old weights then stay.
    pub fn save_best(&self, weights: &Arrays) -> Result<(), Error> {
        let path = self.file(BEST);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(Error::writing(folder))?;
        }
        arrays::write(
            &path,
            header(Nothing {})?,
            weights.iter().map(|(name, array)| (name.clone(), array)),
        )
    }

    /// The best weights.
    ///
    /// # Errors
    /// [`Error::NotTrained`] before the first validation; as [`Self::load_checkpoint`].
    pub fn load_best(&self) -> Result<Arrays, Error> {
        if !self.file(BEST).exists() {
            return Err(Error::NotTrained {
                path: self.path().to_path_buf(),
            });
        }
        let (header, arrays) = arrays::read(&self.file(BEST))?;
        let Nothing {} = self.parse(BEST, &header)?;
        Ok(arrays)
    }

    /// The error about an array of the checkpoint that does not fit the model.
    pub fn torn_checkpoint(&self, name: &str) -> Error {
        self.torn(CHECKPOINT, format!("`{name}` does not fit"))
    }

    /// A header, its format first: a later one may differ in everything else.
    pub(super) fn parse<T: serde::de::DeserializeOwned>(&self, file: &str, header: &str) -> Result<T, Error> {
        let table: toml::Table = header.parse().map_err(|error| self.torn(file, error))?;
        let format = table.get("format").and_then(toml::Value::as_integer);
        match format.and_then(|format| u64::try_from(format).ok()) {
            Some(FORMAT) => {}
            Some(found) => {
                return Err(Error::RunVersion {
                    file: self.file(file),
                    found,
                    supported: FORMAT,
                });
            }
            None => return Err(self.torn(file, "it has no format")),
        }
        let header: Header<T> = table
            .try_into()
            .map_err(|error: toml::de::Error| self.torn(file, error.message()))?;
        Ok(header.rest)
    }
}

pub(super) fn header<T: Serialize>(rest: T) -> Result<String, Error> {
    toml::to_string(&Header { format: FORMAT, rest }).map_err(|error| Error::Unwritable {
        reason: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "tests lay out files as they like")]

    use super::*;
    use crate::run::Sums;
    use elbo_core::parameters::Array;
    use proptest::prelude::*;

    fn run() -> (tempfile::TempDir, RunDir) {
        let folder = tempfile::tempdir().unwrap();
        let run = RunDir::create(folder.path(), false).unwrap();
        (folder, run)
    }

    fn arrays(names: &[&str]) -> Arrays {
        let array = |(at, name): (usize, &&str)| {
            (
                (*name).to_owned(),
                Array {
                    shape: vec![1],
                    values: vec![at as f32],
                },
            )
        };
        names.iter().enumerate().map(array).collect()
    }

    fn save(run: &RunDir, state: &TrainState) {
        run.save_checkpoint(
            state,
            &arrays(&["a.weight", "b"]),
            7,
            &arrays(&["a.weight.first"]),
        )
        .unwrap();
    }

    /// The message about a checkpoint with this header.
    fn message(header: &str) -> String {
        let (folder, run) = run();
        arrays::write(&run.file(CHECKPOINT), header.to_owned(), []).unwrap();
        let text = run.load_checkpoint().unwrap_err().to_string();
        text.replace(&folder.path().display().to_string(), "F")
    }

    #[test]
    fn without_a_checkpoint_training_begins_at_the_beginning() {
        let (_folder, run) = run();
        assert_eq!(run.load_checkpoint().unwrap(), None);
        assert!(matches!(run.load_weights(), Err(Error::NotTrained { .. })));
        assert!(matches!(run.load_best(), Err(Error::NotTrained { .. })));
    }

    #[test]
    fn the_best_weights_come_before_the_last() {
        let (_folder, run) = run();
        save(&run, &TrainState::default());
        assert_eq!(run.load_weights().unwrap(), arrays(&["a.weight", "b"]));
        run.save_best(&arrays(&["best"])).unwrap();
        assert_eq!(run.load_weights().unwrap(), arrays(&["best"]));
    }

    #[test]
    fn other_formats_and_nonsense_are_told_apart() {
        let state = "optimizer_steps = 1\n[state]\n";
        assert_eq!(
            message("format = 2\nnew = true"),
            "`F/checkpoint.safetensors` is of format 2; this version reads format 1"
        );
        let torn = "the run file `F/checkpoint.safetensors` is damaged: ";
        for header in [
            "",
            "format = \"1\"",
            "format = -1",
            "[",
            "format = 1",
            &format!("format = 1\n{state}epoch = 3"),
        ] {
            let text = message(header);
            assert!(text.starts_with(torn), "{text}");
        }
        assert_eq!(message(""), format!("{torn}it has no format"));
    }

    #[test]
    fn an_impossible_state_is_an_error() {
        let (_folder, run) = run();
        save(
            &run,
            &TrainState {
                rate_factor: 7.0,
                ..TrainState::default()
            },
        );
        assert!(
            run.load_checkpoint()
                .unwrap_err()
                .to_string()
                .contains("its rate factor is not within (0, 1]")
        );
    }

    #[test]
    fn an_array_of_no_part_is_an_error() {
        let (_folder, run) = run();
        let header = header(Progress {
            optimizer_steps: 0,
            state: TrainState::default(),
        })
        .unwrap();
        let stray = Array {
            shape: vec![0],
            values: vec![],
        };
        arrays::write(&run.file(CHECKPOINT), header, [("stray".to_owned(), &stray)]).unwrap();
        assert!(
            run.load_checkpoint()
                .unwrap_err()
                .to_string()
                .ends_with("`stray` is of no known part")
        );
    }

    #[test]
    fn a_checkpoint_cut_anywhere_is_an_error() {
        let (_folder, run) = run();
        save(&run, &TrainState::default());
        let bytes = std::fs::read(run.file(CHECKPOINT)).unwrap();
        for length in 0..bytes.len() {
            std::fs::write(run.file(CHECKPOINT), &bytes[..length]).unwrap();
            assert!(
                matches!(run.load_checkpoint(), Err(Error::RunTorn { .. })),
                "{length}"
            );
        }
    }

    #[test]
    fn a_failed_save_leaves_the_old_checkpoint() {
        let (_folder, run) = run();
        save(&run, &TrainState::default());
        let bad = Arrays::from([(
            "bad".to_owned(),
            Array {
                shape: vec![3],
                values: vec![0.0],
            },
        )]);
        assert!(
            run.save_checkpoint(&TrainState::default(), &bad, 8, &Arrays::new())
                .is_err()
        );
        assert_eq!(
            run.load_checkpoint()
                .unwrap()
                .map(|checkpoint| checkpoint.optimizer_steps),
            Some(7)
        );
    }

    prop_compose! {
        fn states()(
            (epoch, step_in_epoch, more) in (0u64..1 << 40, 0u64..1 << 40, 0u64..1 << 40),
            (distortion, rate, records) in (-1e12f64..1e12, 0.0f64..1e12, 0u64..1 << 40),
            best_validation in proptest::option::of(-1e9f64..1e9),
            best in 0.0f64..=1.0,
            (rate_factor, rollbacks) in (1e-12f64..=1.0, any::<u32>()),
            (epochs_without_improvement, metrics_bytes, finished) in (0u64..1 << 40, 0u64..1 << 40, any::<bool>()),
        ) -> TrainState {
            TrainState {
                epoch, step_in_epoch, step: step_in_epoch + more, sums: Sums { distortion, rate, records },
                best_validation, best_epoch: (epoch as f64 * best) as u64, epochs_without_improvement,
                rate_factor, rollbacks, metrics_bytes, finished, instructions: "AVX2".to_owned(),
            }
        }
    }

    proptest! {
        #[test]
        fn a_checkpoint_survives_to_the_last_bit(
            state in states(),
            steps in 0u64..1 << 60,
            values in proptest::collection::vec(-1e30f32..1e30, 0..50),
        ) {
            let (_folder, run) = run();
            let arrays = Arrays::from([("layer.weight".to_owned(), Array { shape: vec![values.len()], values })]);
            run.save_checkpoint(&state, &arrays, steps, &arrays).unwrap();
            let bytes = std::fs::read(run.file(CHECKPOINT)).unwrap();
            let read = run.load_checkpoint().unwrap().unwrap();
            prop_assert_eq!(&read.state, &state);
            prop_assert_eq!((&read.weights, read.optimizer_steps, &read.optimizer), (&arrays, steps, &arrays));
            // What was read is saved as the same bytes.
            run.save_checkpoint(&read.state, &read.weights, read.optimizer_steps, &read.optimizer).unwrap();
            prop_assert_eq!(std::fs::read(run.file(CHECKPOINT)).unwrap(), bytes);
        }
    }
}
