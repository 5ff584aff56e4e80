//! Failures: as text for the user (`error: …`, then `hint: …`), and as the exit code for the shell.

use std::io::ErrorKind;
use std::process::ExitCode;

use crate::flags;
use crate::printer::Printer;

/// The user can correct it: a setting, a path, a file.
const USER_ERROR: u8 = 2;
/// The machine or this program failed.
const UNEXPECTED: u8 = 1;

/// Why a verb failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// An error of the facade.
    Elbo(elbo::Error),
    /// Standard output is closed or full.
    Output(std::io::Error),
    /// The system refused something the program needs.
    System(std::io::Error),
}

impl From<elbo::Error> for Failure {
    fn from(error: elbo::Error) -> Self {
        Self::Elbo(error)
    }
}

impl Failure {
    /// Prints it and returns the exit code.
    pub(crate) fn report(&self, printer: &Printer) -> ExitCode {
        match self {
            Self::Elbo(error) => {
                let hint = error.hint().map(|hint| flags::in_advice(&hint));
                printer.error(&flags::in_error(&chain(error)), hint.as_deref());
                ExitCode::from(if error.is_user_error() {
                    USER_ERROR
                } else {
                    UNEXPECTED
                })
            }
            // The reader closed the pipe, as in `elbo … | head`: this is no failure.
            Self::Output(cause) if cause.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            Self::Output(cause) => {
                printer.error(&format!("could not write to standard output: {cause}"), None);
                ExitCode::from(UNEXPECTED)
            }
            Self::System(cause) => {
                printer.error(&cause.to_string(), None);
                ExitCode::from(UNEXPECTED)
            }
        }
    }
}

/// The error and its causes in one line, outermost first; a cause that is already quoted is not repeated.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let words = inner.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        cause = inner.source();
    }
    text
}

/// Prints the parser's message: help and version to standard output, mistakes to standard error.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    match error.print() {
        Err(cause) if cause.kind() != ErrorKind::BrokenPipe => ExitCode::from(UNEXPECTED),
        _ => ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(USER_ERROR)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt;

    #[derive(Debug)]
    struct Layer(&'static str, Option<Box<Layer>>);

    impl fmt::Display for Layer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl std::error::Error for Layer {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            self.1.as_deref().map(|inner| inner as _)
        }
    }

    #[test]
    fn a_cause_is_named_once() {
        let disk = || Some(Box::new(Layer("disk full", None)));
        assert_eq!(
            chain(&Layer("could not save", disk())),
            "could not save: disk full"
        );
        assert_eq!(
            chain(&Layer("could not save: disk full", disk())),
            "could not save: disk full"
        );
    }
}
