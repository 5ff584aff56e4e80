//! What a verb reports while it works, and how it is asked to stop.
//!
//! A caller passes an [`Events`] to every verb: a function that is called with each [`Event`], always on the thread
//! that called the verb, and a [`Cancel`] that the verb checks between pieces of work.

mod warning;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub use warning::Warning;

use elbo_data::Source;

use crate::run::EpochRecord;

/// A kind of work that takes long enough to report its progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Phase {
    /// Reading data to inspect them.
    Reading,
    /// Training a model.
    Training,
    /// Encoding records to their posteriors.
    Encoding,
    /// Decoding latents to records.
    Decoding,
    /// Encoding records and decoding them again.
    Reconstructing,
    /// Decoding records under another condition.
    Editing,
    /// Filling in missing values.
    Imputing,
    /// Scoring validation records to find a threshold.
    Calibrating,
    /// Scoring records.
    Scoring,
    /// Estimating how well a model fits.
    Evaluating,
    /// Comparing generated rows with real ones.
    Judging,
}

impl Phase {
    /// Its name, such as `training`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reading => "reading",
            Self::Training => "training",
            Self::Encoding => "encoding",
            Self::Decoding => "decoding",
            Self::Reconstructing => "reconstructing",
            Self::Editing => "editing",
            Self::Imputing => "imputing",
            Self::Calibrating => "calibrating",
            Self::Scoring => "scoring",
            Self::Evaluating => "evaluating",
            Self::Judging => "judging",
        }
    }
}

/// The progress of training within an epoch.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct TrainingStep {
    /// The epoch, counted from 1.
    pub epoch: u64,
    /// How many epochs there will be at most.
    pub epochs: u64,
    /// Mean ELBO of the epoch so far, in nats per record.
    pub elbo: f64,
}

/// Something that happened while a verb worked.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A phase begins.
    Phase {
        /// Which.
        phase: Phase,
        /// The number of its steps, where that is known: training steps, or records.
        total: Option<u64>,
    },
    /// Part of the current phase is done.
    Step {
        /// How many more of its steps.
        steps: u64,
        /// Where training stands, in the phase [`Phase::Training`].
        training: Option<TrainingStep>,
    },
    /// The phase is over.
    PhaseEnd(Phase),
    /// A training epoch is over.
    Epoch {
        /// What was measured.
        record: EpochRecord,
        /// How many epochs there will be at most.
        epochs: u64,
    },
    /// An automatic choice, or a remark on the run.
    Note(String),
    /// A warning: the result may not be what the user wants.
    Warning(Warning),
}

/// A request to stop, shared by its callers and the verbs that check it.
///
/// ```
/// let cancel = elbo::Cancel::default();
/// let other = cancel.clone();
/// other.request();
/// assert!(cancel.is_requested());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Asks every verb that holds this value, or a clone of it, to stop soon. Training saves its progress first.
    pub fn request(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether a stop was requested.
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

type Listener = Arc<dyn Fn(&Event) + Send + Sync>;

/// The listener that a verb reports to, and the request to stop that it checks. Cheap to clone.
///
/// ```
/// use std::sync::{Arc, Mutex};
/// use elbo::{Event, Events};
/// let seen = Arc::new(Mutex::new(0));
/// let counter = Arc::clone(&seen);
/// let events = Events::new(move |event: &Event| {
///     if matches!(event, Event::Warning(_)) {
///         *counter.lock().unwrap() += 1;
///     }
/// });
/// assert!(!events.cancel().is_requested());
/// ```
#[derive(Clone, Default)]
pub struct Events {
    listener: Option<Listener>,
    cancel: Cancel,
}

impl Events {
    /// Calls `listener` with each event, on the thread that called the verb.
    pub fn new(listener: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        Self {
            listener: Some(Arc::new(listener)),
            cancel: Cancel::default(),
        }
    }

    /// Ignores all events, and never asks to stop.
    pub fn silent() -> Self {
        Self::default()
    }

    /// The same, stopped by `cancel`.
    pub fn with_cancel(self, cancel: Cancel) -> Self {
        Self { cancel, ..self }
    }

    /// The request to stop of the verbs that hold these events.
    pub fn cancel(&self) -> &Cancel {
        &self.cancel
    }

    pub(crate) fn emit(&self, event: &Event) {
        if let Some(listener) = &self.listener {
            listener(event);
        }
    }

    pub(crate) fn note(&self, text: impl Into<String>) {
        self.emit(&Event::Note(text.into()));
    }

    pub(crate) fn warn(&self, warning: Warning) {
        self.emit(&Event::Warning(warning));
    }

    /// Warns of each file and row of data that was found to be broken when they were opened.
    pub(crate) fn warn_broken(&self, source: &dyn Source) {
        let problems = source.problems().into_iter();
        problems.for_each(|problem| self.warn(Warning::BrokenFile(problem)));
    }

    pub(crate) fn warn_all(&self, warnings: &[Warning]) {
        warnings.iter().for_each(|warning| self.warn(warning.clone()));
    }

    pub(crate) fn begin(&self, phase: Phase, total: Option<u64>) {
        self.emit(&Event::Phase { phase, total });
    }

    pub(crate) fn advance(&self, steps: u64) {
        self.emit(&Event::Step {
            steps,
            training: None,
        });
    }

    pub(crate) fn end(&self, phase: Phase) {
        self.emit(&Event::PhaseEnd(phase));
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events")
            .field("listens", &self.listener.is_some())
            .field("cancel", &self.cancel)
            .finish()
    }
}
