//! Prints data to standard output, and messages to standard error.
//!
//! With `--json` standard output holds exactly one JSON document. With `--quiet` only warnings and errors are
//! messages. Colour is used only on a terminal, and adds no information.

use std::io::Write;
use std::sync::{Arc, Mutex};

use clap::builder::styling::{AnsiColor, Style};
use serde::Serialize;

use crate::args::GlobalArgs;
use crate::failure::Failure;
use crate::flags;
use crate::progress::Bar;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();

/// Prints reports and messages. It also shows the events of the verbs: see [`crate::progress`].
#[derive(Clone, Debug)]
pub(crate) struct Printer {
    pub(crate) quiet: bool,
    json: bool,
    /// The work in progress; lines are printed above its bar.
    pub(crate) bar: Arc<Mutex<Option<Bar>>>,
}

impl Printer {
    pub(crate) fn new(global: &GlobalArgs) -> Self {
        Self {
            quiet: global.quiet,
            json: global.json,
            bar: Arc::default(),
        }
    }

    /// Prints a verb's report: as JSON with `--json`, else the text of `human`.
    ///
    /// # Errors
    /// [`Failure::Output`] if standard output cannot be written.
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

    /// Prints progress, or an automatic choice.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            self.line(&flags::in_advice(text));
        }
    }

    pub(crate) fn warning(&self, text: &str) {
        self.line(&format!(
            "{WARNING}warning:{WARNING:#} {}",
            flags::in_advice(text)
        ));
    }

    pub(crate) fn error(&self, text: &str, hint: Option<&str>) {
        self.line(&format!("{ERROR}error:{ERROR:#} {text}"));
        if let Some(hint) = hint {
            self.line(&format!("{HINT}hint:{HINT:#} {hint}"));
        }
    }

    /// Prints a line of a message. If standard error is closed, nobody can read it, and the failure is ignored.
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
