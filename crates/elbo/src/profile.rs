//! Where the time of a training run goes: the spans that its parts and the kernels open, added up.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// One operation in one part of the work.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// The part of the run, such as `training step` or `validation`.
    pub part: String,
    /// The operation; empty for what is not in any.
    pub what: String,
    /// What it worked on, such as `784 → 400`; empty where there is nothing to say.
    pub size: String,
    /// How often it was called.
    pub calls: u64,
    /// Time spent in it, without that of the parts inside it, in seconds.
    pub seconds: f64,
}

/// Runs `work`, such as a verb, and returns with its result what took how long on the thread that leads
/// it, longest first; a last row has the rest. On a graphics card operations return before they are done,
/// so only sums mean much.
///
/// ```
/// let (sum, rows) = elbo::profile::profiled(|| 1 + 1);
/// assert_eq!((sum, rows.len()), (2, 1));
/// ```
pub fn profiled<T>(work: impl FnOnce() -> T) -> (T, Vec<Row>) {
    let profile = Profile::default();
    let began = Instant::now();
    let done = tracing::subscriber::with_default(profile.clone(), work);
    let whole = began.elapsed();
    let mut rows = profile.rows();
    let known: f64 = rows.iter().map(|row| row.seconds).sum();
    rows.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
    rows.push(Row {
        part: "everything else".to_owned(),
        what: String::new(),
        size: String::new(),
        calls: 1,
        seconds: (whole.as_secs_f64() - known).max(0.0),
    });
    (done, rows)
}

/// A subscriber that adds up the time in spans of the same name and size.
#[derive(Clone, Default)]
struct Profile(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// Name and size of each span that is not closed, by its id.
    spans: BTreeMap<u64, (&'static str, String)>,
    /// Spans made so far.
    made: u64,
    /// Those entered now, outermost first.
    entered: Vec<Entered>,
    totals: BTreeMap<Key, Total>,
}

/// The outermost span, the span itself and its size.
type Key = (&'static str, &'static str, String);

struct Entered {
    id: u64,
    began: Instant,
    /// Time in spans inside this one.
    inside: Duration,
}

#[derive(Clone, Copy, Default)]
struct Total {
    calls: u64,
    time: Duration,
}

impl Profile {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rows(&self) -> Vec<Row> {
        let state = self.state();
        let row = |((part, what, size), total): (&Key, &Total)| Row {
            part: (*part).to_owned(),
            what: (*what).to_owned(),
            size: size.clone(),
            calls: total.calls,
            seconds: total.time.as_secs_f64(),
        };
        state.totals.iter().map(row).collect()
    }
}

impl Subscriber for Profile {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_span() && metadata.target().starts_with("elbo")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut size = Size(String::new());
        span.record(&mut size);
        let mut state = self.state();
        state.made += 1;
        let id = state.made;
        state.spans.insert(id, (span.metadata().name(), size.0));
        Id::from_u64(id)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, span: &Id) {
        self.state().entered.push(Entered {
            id: span.into_u64(),
            began: Instant::now(),
            inside: Duration::ZERO,
        });
    }

    fn exit(&self, span: &Id) {
        let mut state = self.state();
        let Some(left) = state.entered.pop_if(|last| last.id == span.into_u64()) else {
            return;
        };
        let time = left.began.elapsed();
        if let Some(outer) = state.entered.last_mut() {
            outer.inside += time;
        }
        let outermost = state.entered.first().and_then(|first| state.spans.get(&first.id));
        let outermost = outermost.map(|(name, _)| *name);
        if let Some((name, size)) = state.spans.remove(&left.id) {
            let what = if outermost.is_some() { name } else { "" };
            let key = (outermost.unwrap_or(name), what, size);
            let total = state.totals.entry(key).or_default();
            total.calls += 1;
            total.time += time.saturating_sub(left.inside);
        }
    }
}

/// The text of a span's field `size`.
struct Size(String);

impl Visit for Size {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "size" {
            self.0 = format!("{value:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread::sleep;

    use super::*;

    const NAP: Duration = Duration::from_millis(3);

    #[test]
    fn time_belongs_to_the_innermost_span() {
        let (done, rows) = profiled(|| {
            for _ in 0..2 {
                let _step = tracing::trace_span!("step").entered();
                sleep(NAP);
                let _inner = tracing::trace_span!("layer", size = %format_args!("{} → {}", 3, 4)).entered();
                sleep(NAP * 3);
            }
            sleep(NAP);
            7
        });
        assert_eq!(done, 7);
        let names: Vec<_> = rows
            .iter()
            .map(|row| [&row.part, &row.what, &row.size].map(String::as_str))
            .collect();
        assert_eq!(
            names,
            [
                ["step", "layer", "3 → 4"],
                ["step", "", ""],
                ["everything else", "", ""]
            ]
        );
        assert_eq!(rows.iter().map(|row| row.calls).collect::<Vec<_>>(), [2, 2, 1]);
        // A sleep is never shorter than asked for.
        for (row, least) in rows.iter().zip([NAP * 6, NAP * 2, NAP]) {
            assert!(row.seconds >= least.as_secs_f64(), "{rows:?}");
        }
    }

    #[test]
    fn spans_of_others_do_not_count() {
        let (_, rows) = profiled(|| {
            let _other = tracing::trace_span!(target: "burn", "fusion").entered();
        });
        assert_eq!(rows.len(), 1);
    }
}
