//! `elbo inspect`: the content of a data set, or the state of a run.

mod data;
mod run;

use clap::{Args, ValueHint};
use elbo::verbs::inspect::Inspected;
use elbo::{ConfigSources, InspectRequest, RunConfig, inspect};

use crate::Outcome;
use crate::args::DataArgs;
use crate::failure::Failure;
use crate::printer::Printer;

const EXAMPLES: &str = "\
Examples:
  elbo inspect pictures/         fields, counts, value ranges, and every broken file
  elbo inspect builtin:faces
  elbo inspect run               settings, sizes, history, and how far training is";

/// Describe data or a run
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct InspectArgs {
    /// Data (a path or builtin:NAME), or a run folder
    #[arg(value_name = "DATA|RUN", value_hint = ValueHint::AnyPath)]
    target: String,
    #[command(flatten)]
    reading: DataArgs,
}

pub(crate) fn run(args: InspectArgs, printer: &Printer) -> Result<Outcome, Failure> {
    // The config parses and checks these flags.
    let sources = ConfigSources {
        flags: args.reading.settings().collect(),
        ..ConfigSources::default()
    };
    let options = RunConfig::resolve(&sources)?.open_options();
    let request = InspectRequest {
        target: args.target,
        options,
    };
    let report = inspect(&request, &printer.events())?;
    printer.report(&report, || match &report.found {
        Inspected::Data(found) => data::words(found),
        Inspected::Run(found) => run::words(found),
    })?;
    Ok(Outcome::Done)
}
