//! Shows progress: a bar with the time left on a terminal, plain lines in a log.

use std::io::IsTerminal;
use std::sync::{MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use elbo::events::TrainingStep;
use elbo::{EpochRecord, Event, Events};
use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::interrupt;
use crate::printer::Printer;

/// Shortest time between two lines of progress in a log, so that the log of a long training stays readable.
const LOG_EVERY: Duration = Duration::from_secs(10);

/// One piece of work under way.
#[derive(Debug)]
pub(crate) enum Bar {
    /// Standard error is a terminal.
    Drawn(ProgressBar),
    /// It is a file or a pipe.
    Logged(Log),
}

/// How far the work is, and when the log last got a line.
#[derive(Debug)]
pub(crate) struct Log {
    what: String,
    total: Option<u64>,
    done: u64,
    /// When the first steps were reported, and how many: a resumed run had done these before.
    origin: Option<(Instant, u64)>,
    told: Instant,
}

impl Bar {
    fn new(what: &str, total: Option<u64>) -> Self {
        if std::io::stderr().is_terminal() {
            let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
            bar.set_style(style(total.is_some()));
            bar.set_prefix(what.to_owned());
            bar.enable_steady_tick(Duration::from_millis(200));
            return Self::Drawn(bar);
        }
        Self::Logged(Log::new(what, total, Instant::now()))
    }

    /// Prints something without tearing the bar.
    pub(crate) fn above(&self, print: impl FnOnce()) {
        match self {
            Self::Drawn(bar) => bar.suspend(print),
            Self::Logged(_) => print(),
        }
    }
}

fn style(total_is_known: bool) -> ProgressStyle {
    let template = if total_is_known {
        "{prefix} {bar:24} {pos}/{len}, {eta} left  {wide_msg}"
    } else {
        "{prefix} {spinner} {pos}, {elapsed}  {wide_msg}"
    };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Log {
    fn new(what: &str, total: Option<u64>, now: Instant) -> Self {
        Self {
            what: what.to_owned(),
            total,
            done: 0,
            origin: None,
            told: now,
        }
    }

    /// Counts `more` steps; returns the line to print, or `None` too soon after the last one.
    fn advance(&mut self, now: Instant, more: u64, message: &str) -> Option<String> {
        self.done += more;
        let origin = *self.origin.get_or_insert((now, self.done));
        if now.duration_since(self.told) < LOG_EVERY {
            return None;
        }
        self.told = now;
        let total = self.total.map_or_else(String::new, |total| format!("/{total}"));
        let left = self
            .left(now, origin)
            .map_or_else(String::new, |left| format!(", {} left", HumanDuration(left)));
        let comma = if message.is_empty() { "" } else { ", " };
        Some(format!(
            "{}: {}{total}{left}{comma}{message}",
            self.what, self.done
        ))
    }

    /// The time left at the average speed so far.
    fn left(&self, now: Instant, (begun, before): (Instant, u64)) -> Option<Duration> {
        let (done, left) = (self.done - before, self.total?.saturating_sub(self.done));
        (done > 0).then(|| now.duration_since(begun).mul_f64(left as f64 / done as f64))
    }
}

impl Printer {
    fn under_way(&self) -> MutexGuard<'_, Option<Bar>> {
        self.bar.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Printer {
    /// Events for the verbs: this printer shows them, and Ctrl-C stops the verb.
    pub(crate) fn events(&self) -> Events {
        let printer = self.clone();
        Events::new(move |event| printer.show(event)).with_cancel(interrupt::cancel())
    }

    fn show(&self, event: &Event) {
        match event {
            Event::Note(text) => self.note(text),
            Event::Warning(warning) => self.warning(&warning.to_string()),
            Event::Phase { phase, total } => self.begin(phase.name(), *total),
            Event::Step { steps, training } => {
                let standing = training.as_ref().map_or_else(String::new, standing);
                self.advance(*steps, &standing);
            }
            Event::PhaseEnd(_) => self.end(),
            Event::Epoch { record, epochs } => self.note(&epoch(record, *epochs)),
            // Later versions of the library may add events.
            _ => {}
        }
    }

    fn begin(&self, what: &str, total: Option<u64>) {
        if !self.quiet {
            *self.under_way() = Some(Bar::new(what, total));
        }
    }

    fn advance(&self, more: u64, message: &str) {
        let line = match self.under_way().as_mut() {
            Some(Bar::Drawn(bar)) => {
                let first = bar.position() == 0;
                bar.inc(more);
                if first {
                    // Steps of an earlier session do not count towards the speed.
                    bar.reset_eta();
                }
                bar.set_message(message.to_owned());
                None
            }
            Some(Bar::Logged(log)) => log.advance(Instant::now(), more, message),
            None => None,
        };
        if let Some(line) = line {
            self.note(&line);
        }
    }

    fn end(&self) {
        if let Some(Bar::Drawn(bar)) = self.under_way().take() {
            bar.finish_and_clear();
        }
    }
}

/// The current epoch and its ELBO, for the end of a bar.
fn standing(step: &TrainingStep) -> String {
    format!("epoch {}/{}  −ELBO {:.2}", step.epoch, step.epochs, -step.elbo)
}

/// A line for each epoch.
fn epoch(record: &EpochRecord, epochs: u64) -> String {
    format!(
        "epoch {}/{epochs}: −ELBO train {:.2}, validation {:.2} nats (distortion {:.2}, rate {:.2}{}){}",
        record.epoch,
        -record.train.elbo,
        -record.validation.elbo,
        record.validation.distortion,
        record.validation.rate,
        far_from_median(record),
        if record.best { ", best" } else { "" }
    )
}

/// The median, where a few records make the mean say little.
fn far_from_median(record: &EpochRecord) -> String {
    let (mean, median) = (-record.validation.elbo, record.validation_median);
    match mean > 2.0 * median.abs() + 10.0 {
        true => format!("; median −ELBO {median:.2}"),
        false => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_hears_every_ten_seconds_and_knows_the_time_left() {
        let begun = Instant::now();
        let after = |seconds| begun + Duration::from_secs(seconds);
        let mut log = Log::new("train", Some(350), begun);
        // 50 steps were done before this run was resumed.
        assert_eq!(log.advance(begun, 50, ""), None);
        assert_eq!(log.advance(after(9), 90, "distortion 80.0"), None);
        // 100 of the 300 in 30 s: the other 200 take 60 s.
        assert_eq!(
            log.advance(after(30), 10, "distortion 79.0").as_deref(),
            Some("train: 150/350, 60 seconds left, distortion 79.0")
        );
        assert_eq!(log.advance(after(39), 30, ""), None);
        // 160 in 40 s: the other 140 take 35 s.
        assert_eq!(
            log.advance(after(40), 30, "").as_deref(),
            Some("train: 210/350, 35 seconds left")
        );
    }

    #[test]
    fn without_a_step_or_a_total_there_is_no_time_left() {
        let begun = Instant::now();
        let mut log = Log::new("read", Some(5), begun);
        assert_eq!(
            log.advance(begun + LOG_EVERY, 0, "").as_deref(),
            Some("read: 0/5")
        );
        let mut log = Log::new("read", None, begun);
        log.advance(begun, 1, "");
        assert_eq!(log.advance(begun + LOG_EVERY, 2, "").as_deref(), Some("read: 3"));
    }
}
