//! The command line of `elbo`: `main` -> `run` -> one file per verb under [`commands`].
//!
//! A verb here turns flags into the library's settings, calls it, and prints its report. All output
//! goes through [`printer::Printer`]: data to standard output, messages to standard error.

mod args;
mod commands;
mod failure;
mod flags;
mod interrupt;
mod printer;
mod progress;
mod table;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};
use failure::Failure;
use printer::Printer;

/// Image work allocates and frees many large blocks on many threads, which this allocator does best.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How a verb ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// The request is complete.
    Done,
    /// Stopped by the user; the progress is saved.
    Interrupted,
}

fn main() -> ExitCode {
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !elbo::panics_are_contained() {
            print(panic);
        }
    }));
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(usage) => return failure::usage(&usage),
    };
    let printer = Printer::new(&cli.global);
    match run(cli, &printer) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Interrupted) => ExitCode::from(interrupt::EXIT_CODE),
        Err(Failure::Elbo(elbo::Error::Cancelled | elbo::Error::Interrupted { .. })) => {
            ExitCode::from(interrupt::EXIT_CODE)
        }
        Err(failure) => failure.report(&printer),
    }
}

fn run(cli: Cli, printer: &Printer) -> Result<Outcome, Failure> {
    // Only a run saves its number of threads; the other verbs use all cores.
    let threads = cli.global.threads.unwrap_or(0);
    match cli.command {
        Command::Train(args) => commands::train::run(args, cli.global.threads, printer),
        Command::Sample(args) => commands::sample::run(args, threads, printer),
        Command::Reconstruct(args) => commands::reconstruct::run(args, threads, printer),
        Command::Edit(args) => commands::edit::run(args, threads, printer),
        Command::Impute(args) => commands::impute::run(args, threads, printer),
        Command::Score(args) => commands::score::run(args, threads, printer),
        Command::Encode(args) => commands::encode::run(args, threads, printer),
        Command::Traverse(args) => commands::traverse::run(args, threads, printer),
        Command::Interpolate(args) => commands::interpolate::run(args, threads, printer),
        Command::Map(args) => commands::map::run(args, threads, printer),
        Command::Evaluate(args) => commands::evaluate::run(args, threads, printer),
        Command::Inspect(args) => commands::inspect::run(args, printer),
        Command::Demo(args) => commands::demo::run(args, threads, printer),
        Command::Presets(args) => commands::presets::run(args, printer),
    }
}
