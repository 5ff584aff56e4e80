//! Everything that is said: data to standard output, talk to standard error.
//!
//! With `--json` standard output holds exactly one JSON document and nothing else. `--quiet` leaves
//! warnings and errors. Colour marks a word that is there anyway, and only on a terminal.

use std::io::Write;
use std::sync::Mutex;

use clap::builder::styling::{AnsiColor, Style};
use serde::Serialize;

use crate::args::GlobalArgs;
use crate::failure::Failure;
use crate::progress::Bar;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();

/// The one that speaks. It is also the facade's [`elbo::Progress`]: see [`crate::progress`].
#[derive(Debug)]
pub(crate) struct Printer {
    pub(crate) quiet: bool,
    json: bool,
    /// The work under way; lines are printed above its bar.
    pub(crate) bar: Mutex<Option<Bar>>,
}

impl Printer {
    pub(crate) fn new(global: &GlobalArgs) -> Self {
        Self {
            quiet: global.quiet,
            json: global.json,
            bar: Mutex::new(None),
        }
    }

    /// Prints a verb's report: as JSON where asked, else in the words of `human`.
    ///
    /// # Errors
    /// [`Failure::Output`] when standard output takes no more.
    pub(crate) fn report(
        &self,
        report: &impl Serialize,
        human: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        let text = if self.json {
            serde_json::to_string_pretty(report).map_err(|cause| Failure::System(cause.into()))?
        } else {
            human()
        };
        let mut stdout = anstream::stdout().lock();
        writeln!(stdout, "{}", text.trim_end())
            .and_then(|()| stdout.flush())
            .map_err(Failure::Output)
    }

    /// Says how the work goes or what was decided.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            self.line(text);
        }
    }

    pub(crate) fn warning(&self, text: &str) {
        self.line(&format!("{WARNING}warning:{WARNING:#} {text}"));
    }

    pub(crate) fn error(&self, text: &str, hint: Option<&str>) {
        self.line(&format!("{ERROR}error:{ERROR:#} {text}"));
        if let Some(hint) = hint {
            self.line(&format!("{HINT}hint:{HINT:#} {hint}"));
        }
    }

    /// A line of talk. Where standard error is gone there is nobody left to tell.
    fn line(&self, text: &str) {
        let print = || drop(writeln!(anstream::stderr().lock(), "{text}"));
        match self
            .bar
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .as_ref()
        {
            Some(bar) => bar.above(print),
            None => print(),
        }
    }
}
