//! Settings that are each possible by themselves but contradict one another, whatever the data.

use elbo_core::schedule::{BetaWarmup, LearningRate};
use elbo_core::{CoreError, Precision, device_kind};

use super::RunConfig;
use super::sections::{ObjectiveSection, TrainingSection};
use crate::Error;

/// The first contradiction, if there is one.
pub(super) fn check(config: &RunConfig) -> Result<(), Error> {
    shares(config.data.validation, config.data.test)?;
    weights(&config.objective)?;
    importance_weighted(&config.objective)?;
    precision(config)?;
    milestones(&config.training)
}

fn conflict(first: String, second: String, reason: &'static str) -> Result<(), Error> {
    Err(Error::Conflict {
        first,
        second,
        reason,
    })
}

fn shares(validation: f64, test: f64) -> Result<(), Error> {
    if validation + test < 1.0 {
        return Ok(());
    }
    let (validation, test) = (
        format!("data.validation = {validation}"),
        format!("data.test = {test}"),
    );
    conflict(validation, test, "they leave no record to train on")
}

fn weights(objective: &ObjectiveSection) -> Result<(), Error> {
    if objective.beta > 0.0 || objective.distortion_weight > 0.0 {
        return Ok(());
    }
    let (beta, distortion) = ("objective.beta = 0", "objective.distortion_weight = 0");
    conflict(
        beta.to_owned(),
        distortion.to_owned(),
        "nothing would be minimised",
    )
}

/// Only the CPU's kernels multiply bf16 numbers; other devices have faster number formats of their own.
fn precision(config: &RunConfig) -> Result<(), Error> {
    let device = &config.training.device;
    let on_cpu = device_kind(device).is_ok_and(|(kind, _)| kind == "cpu");
    if config.network.precision == Precision::F32 || on_cpu {
        return Ok(());
    }
    conflict(
        "network.precision = bf16".to_owned(),
        format!("training.device = {device}"),
        "only the CPU multiplies numbers rounded to bf16",
    )
}

/// For k > 1 samples the loss is the importance-weighted bound, which is no sum of distortion and rate.
fn importance_weighted(objective: &ObjectiveSection) -> Result<(), Error> {
    let ObjectiveSection {
        beta,
        distortion_weight,
        samples,
        warmup,
        ..
    } = *objective;
    let weighing = if samples == 1 {
        return Ok(());
    } else if beta != 1.0 {
        format!("objective.beta = {beta}")
    } else if distortion_weight != 1.0 {
        format!("objective.distortion_weight = {distortion_weight}")
    } else if warmup.is_some_and(|warmup| warmup != BetaWarmup::None) {
        "objective.warmup".to_owned()
    } else {
        return Ok(());
    };
    let samples = format!("objective.samples = {samples}");
    conflict(
        samples,
        weighing,
        "the importance-weighted bound has no rate of its own to weigh",
    )
}

fn milestones(training: &TrainingSection) -> Result<(), Error> {
    let TrainingSection {
        schedule, milestones, ..
    } = training;
    let reason = if *schedule == Some(LearningRate::Step) && milestones.is_empty() {
        "with `training.schedule = \"step\"`, the learning rate needs epochs to drop at"
    } else if !milestones.is_sorted_by(|a, b| a < b) {
        "the epochs must ascend"
    } else {
        return Ok(());
    };
    let (setting, value) = ("training.milestones".to_owned(), format!("{milestones:?}"));
    Err(CoreError::Setting {
        setting,
        value,
        reason: reason.to_owned(),
    }
    .into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bf16_is_for_the_cpu() {
        let with = |precision, device: &str| {
            let mut config = RunConfig::default();
            config.network.precision = precision;
            config.training.device = device.to_owned();
            check(&config)
        };
        for possible in [
            with(Precision::Bf16, "cpu"),
            with(Precision::Bf16, "cpu:0"),
            with(Precision::F32, "cuda"),
        ] {
            possible.unwrap();
        }
        let refused = with(Precision::Bf16, "vulkan:1").unwrap_err().to_string();
        assert!(
            refused.contains("network.precision = bf16") && refused.contains("vulkan:1"),
            "{refused}"
        );
    }
}
