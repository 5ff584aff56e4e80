//! The state of training. Together with the weights and the optimiser's moments it determines
//! everything that follows; all else is a function of the config and the data.

use serde::{Deserialize, Serialize};

use crate::model::terms::Terms;

/// The state of training between two steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainState {
    /// Epochs done.
    pub epoch: u64,
    /// Steps done of the epoch that is under way.
    pub step_in_epoch: u64,
    /// Steps done in all.
    pub step: u64,
    /// Terms of the epoch that is under way.
    pub sums: Sums,
    /// The highest bound of a validation so far, in nats; none before the first validation. It is the ELBO, but for the
    /// rate that is free of cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub best_validation: Option<f64>,
    /// The epoch that reached it, counted from 1; 0 before the first validation.
    pub best_epoch: u64,
    /// Epochs since then.
    pub epochs_without_improvement: u64,
    /// Factor on the learning rate after returns to an earlier state.
    pub rate_factor: f64,
    /// How often training returned to an earlier state.
    pub rollbacks: u32,
    /// Length of `metrics.jsonl`; what follows there was written after this state.
    pub metrics_bytes: u64,
    /// Whether training is over.
    pub finished: bool,
    /// The processor's vector instructions, as [`elbo_core::vector_instructions`] names them; empty before the first
    /// step, and in runs of the first versions.
    #[serde(default)]
    pub instructions: String,
}

impl Default for TrainState {
    fn default() -> Self {
        Self {
            epoch: 0,
            step_in_epoch: 0,
            step: 0,
            sums: Sums::default(),
            best_validation: None,
            best_epoch: 0,
            epochs_without_improvement: 0,
            rate_factor: 1.0,
            rollbacks: 0,
            metrics_bytes: 0,
            finished: false,
            instructions: String::new(),
        }
    }
}

impl TrainState {
    /// Takes note of the bound that the validation after epoch `self.epoch` gave; whether it is the best so far. While
    /// the objective is still `rising` to the bound, none that is worse counts.
    pub fn note_validation(&mut self, bound: f64, rising: bool) -> bool {
        let improved = self.best_validation.is_none_or(|best| bound > best);
        if improved {
            (self.best_validation, self.best_epoch) = (Some(bound), self.epoch);
        }
        self.epochs_without_improvement = match improved || rising {
            true => 0,
            false => self.epochs_without_improvement + 1,
        };
        improved
    }

    /// The first impossible value, if any; for states read from a file.
    pub(super) fn damage(&self) -> Option<&'static str> {
        let sums = [
            self.sums.distortion,
            self.sums.rate,
            self.best_validation.unwrap_or(0.0),
        ];
        if !(self.rate_factor > 0.0 && self.rate_factor <= 1.0) {
            Some("its rate factor is not within (0, 1]")
        } else if !sums.iter().all(|sum| sum.is_finite()) {
            Some("a sum is not finite")
        } else if self.step_in_epoch > self.step || self.best_epoch > self.epoch {
            Some("its counts contradict each other")
        } else {
            None
        }
    }
}

/// Terms summed over records, in nats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sums {
    /// Sum of −log p(x|z,y).
    pub distortion: f64,
    /// Sum of KL(q(z|x,y) ‖ p(z|y)).
    pub rate: f64,
    /// Number of records.
    pub records: u64,
}

impl Sums {
    /// Adds a batch of `records` records with these means.
    pub fn add(&mut self, distortion: f64, rate: f64, records: u64) {
        self.distortion += distortion * records as f64;
        self.rate += rate * records as f64;
        self.records += records;
    }

    /// The means per record; zero without records.
    pub fn mean(&self) -> Terms {
        Terms::mean(self.distortion, self.rate, self.records)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_counted_while_the_objective_rises() {
        let mut state = TrainState::default();
        let mut counted = |value, rising| {
            state.note_validation(value, rising);
            state.epochs_without_improvement
        };
        assert_eq!([counted(-90.0, true), counted(-95.0, true)], [0, 0]);
        assert_eq!([counted(-96.0, false), counted(-97.0, false)], [1, 2]);
    }

    #[test]
    fn the_best_validation_is_the_highest_bound() {
        let mut state = TrainState::default();
        let noted: Vec<_> = [-100.0, -90.0, -95.0, -90.0, -80.0]
            .iter()
            .map(|value| {
                state.epoch += 1;
                (
                    state.note_validation(*value, false),
                    state.epochs_without_improvement,
                    state.best_epoch,
                )
            })
            .collect();
        // An equal one is no improvement.
        assert_eq!(
            noted,
            [
                (true, 0, 1),
                (true, 0, 2),
                (false, 1, 2),
                (false, 2, 2),
                (true, 0, 5)
            ]
        );
    }

    #[test]
    fn sums_weigh_each_batch_by_its_records() {
        let mut sums = Sums::default();
        sums.add(10.0, 1.0, 3);
        sums.add(20.0, 2.0, 1);
        // (3 · 10 + 20) / 4 and (3 · 1 + 2) / 4.
        assert_eq!(
            sums.mean(),
            Terms {
                elbo: -13.75,
                distortion: 12.5,
                rate: 1.25
            }
        );
    }

    #[test]
    fn impossible_states_are_recognised() {
        let good = TrainState {
            epoch: 3,
            step: 9,
            ..TrainState::default()
        };
        assert_eq!(good.damage(), None);
        for bad in [
            TrainState {
                rate_factor: 0.0,
                ..good.clone()
            },
            TrainState {
                rate_factor: 2.0,
                ..good.clone()
            },
            TrainState {
                rate_factor: f64::NAN,
                ..good.clone()
            },
            TrainState {
                best_validation: Some(f64::INFINITY),
                ..good.clone()
            },
            TrainState {
                step_in_epoch: 10,
                ..good.clone()
            },
            TrainState {
                best_epoch: 4,
                ..good.clone()
            },
        ] {
            assert!(bad.damage().is_some(), "{bad:?}");
        }
    }
}
