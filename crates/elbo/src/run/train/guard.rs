//! The last good state, and the way back to it when a loss or gradient is not finite.

use elbo_core::optimizer::Optimizer;

use crate::error::Error;
use crate::run::TrainState;

/// Steps between good states. A function of the step alone: were it of time, a resumed run could
/// go back to another place than the uninterrupted one.
const KEEP_EVERY: u64 = 50;
/// Times that a run may go back before it gives up.
const MAX_ROLLBACKS: u32 = 6;
/// Factor on the learning rate at each return.
const SLOW_DOWN: f64 = 0.5;

/// A state that training can go on from.
#[derive(Clone)]
pub(super) struct Snapshot {
    pub(super) model: elbo_core::Model,
    pub(super) optimizer: Optimizer,
    pub(super) state: TrainState,
}

/// Keeper of the last good state.
pub(super) struct Guard {
    good: Snapshot,
}

impl Guard {
    pub(super) fn new(good: Snapshot) -> Self {
        Self { good }
    }

    /// Whether the state after `step` steps is to be kept.
    pub(super) fn is_due(step: u64) -> bool {
        step.is_multiple_of(KEEP_EVERY)
    }

    pub(super) fn keep(&mut self, good: Snapshot) {
        self.good = good;
    }

    /// The last good state with a lower learning rate, because `what` was not finite at `step`.
    pub(super) fn roll_back(&mut self, what: &'static str, step: u64) -> Result<Snapshot, Error> {
        let state = &mut self.good.state;
        if state.rollbacks >= MAX_ROLLBACKS {
            return Err(Error::Diverged {
                what,
                step,
                rollbacks: state.rollbacks,
            });
        }
        state.rollbacks += 1;
        state.rate_factor *= SLOW_DOWN;
        Ok(self.good.clone())
    }
}
