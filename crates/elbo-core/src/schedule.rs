//! Schedules of β and of the learning rate: pure functions of the step.

use serde::{Deserialize, Serialize};

/// The factor on β during warm-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BetaWarmup {
    /// 1 from the first step.
    None,
    /// From 0 to 1 over the warm-up, then 1 (Bowman et al. 2016; Sønderby et al. 2016).
    Linear,
    /// In cycles: from 0 to 1 over the first half of each, 1 in the second
    /// (Fu et al. 2019, eq. 6-7 with R = 0.5).
    Cyclical,
}

impl BetaWarmup {
    /// The factor at `step`, counted from 0, for a warm-up or cycle of `length` steps.
    ///
    /// ```
    /// use elbo_core::schedule::BetaWarmup;
    /// assert_eq!(BetaWarmup::Linear.factor(25, 100), 0.25);
    /// assert_eq!(BetaWarmup::Cyclical.factor(125, 100), 0.5);
    /// ```
    pub fn factor(self, step: u64, length: u64) -> f64 {
        if length == 0 {
            return 1.0;
        }
        match self {
            Self::None => 1.0,
            Self::Linear => (step as f64 / length as f64).min(1.0),
            Self::Cyclical => (2.0 * (step % length) as f64 / length as f64).min(1.0),
        }
    }
}

/// How the learning rate changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LearningRate {
    /// Not at all.
    Constant,
    /// ½ (1 + cos π t/T), from 1 to 0 (Loshchilov & Hutter 2017, eq. 5).
    Cosine,
    /// Times a factor at each milestone.
    Step,
}

/// The learning rate's factor over a run.
#[derive(Clone, Debug, PartialEq)]
pub struct LearningRateSchedule {
    /// The shape.
    pub kind: LearningRate,
    /// Steps over which the rate rises from 0.
    pub warmup: u64,
    /// Steps of the whole run.
    pub total: u64,
    /// Steps at which the rate drops (`step` only), ascending.
    pub milestones: Vec<u64>,
    /// Factor of each drop.
    pub decay: f64,
}

impl LearningRateSchedule {
    /// The factor at `step`, counted from 0: that of the shape, times (step + 1)/(warmup + 1) while
    /// the rate rises, so that no step is wasted on a rate of zero.
    ///
    /// ```
    /// use elbo_core::schedule::{LearningRate, LearningRateSchedule};
    /// let milestones = vec![10, 20];
    /// let schedule = LearningRateSchedule { kind: LearningRate::Step, warmup: 0, total: 30, milestones, decay: 0.5 };
    /// assert_eq!([0, 10, 29].map(|step| schedule.factor(step)), [1.0, 0.5, 0.25]);
    /// ```
    pub fn factor(&self, step: u64) -> f64 {
        let rise = ((step + 1) as f64 / (self.warmup + 1) as f64).min(1.0);
        rise * match self.kind {
            LearningRate::Constant => 1.0,
            LearningRate::Cosine => {
                let done = (step as f64 / self.total.max(1) as f64).min(1.0);
                0.5 * (1.0 + (std::f64::consts::PI * done).cos())
            }
            LearningRate::Step => {
                let drops = self
                    .milestones
                    .iter()
                    .filter(|milestone| **milestone <= step)
                    .count();
                self.decay.powi(drops as i32)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linear_warmup_rises_to_one_and_stays() {
        let at = |step| BetaWarmup::Linear.factor(step, 10);
        assert_eq!([at(0), at(5), at(10), at(99)], [0.0, 0.5, 1.0, 1.0]);
    }

    #[test]
    fn cyclical_warmup_rises_in_the_first_half_of_each_cycle() {
        let at = |step| BetaWarmup::Cyclical.factor(step, 8);
        assert_eq!(
            [at(0), at(2), at(4), at(7), at(8), at(10)],
            [0.0, 0.5, 1.0, 1.0, 0.0, 0.5]
        );
    }

    #[test]
    fn a_warmup_of_no_steps_is_none() {
        assert_eq!(BetaWarmup::Linear.factor(0, 0), 1.0);
    }

    fn schedule(kind: LearningRate) -> LearningRateSchedule {
        LearningRateSchedule {
            kind,
            warmup: 0,
            total: 100,
            milestones: vec![10, 20],
            decay: 0.1,
        }
    }

    #[test]
    fn cosine_falls_from_one_over_a_half_to_zero() {
        let cosine = schedule(LearningRate::Cosine);
        for (step, expected) in [(0, 1.0), (50, 0.5), (100, 0.0), (150, 0.0)] {
            assert!((cosine.factor(step) - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn steps_drop_at_their_milestones() {
        let steps = schedule(LearningRate::Step);
        for (step, expected) in [(9, 1.0), (10, 0.1), (20, 0.01)] {
            assert!((steps.factor(step) - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn warmup_never_starts_at_a_rate_of_zero() {
        let rising = LearningRateSchedule {
            warmup: 4,
            ..schedule(LearningRate::Constant)
        };
        let factors: Vec<_> = (0..6).map(|step| rising.factor(step)).collect();
        assert_eq!(factors, [0.2, 0.4, 0.6, 0.8, 1.0, 1.0]);
    }
}
