//! `elbo inspect`: what is in a data set, or where a run stands.

mod data;
mod run;

use clap::{Args, ValueHint};
use elbo::inspect::{InspectReport, InspectSettings};
use elbo::{ConfigSources, RunConfig};

use crate::Outcome;
use crate::args::DataArgs;
use crate::failure::Failure;
use crate::printer::Printer;

const EXAMPLES: &str = "\
Examples:
  elbo inspect pictures/         fields, counts, value ranges, and every broken file
  elbo inspect builtin:faces
  elbo inspect run               settings, sizes, history, and where training stands";

/// Look into data or a run
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
    // The config knows how these flags are read and what they may be.
    let sources = ConfigSources {
        flags: args.reading.settings().collect(),
        ..ConfigSources::default()
    };
    let options = RunConfig::resolve(&sources)?.open_options();
    let settings = InspectSettings {
        target: args.target,
        options,
    };
    let report = elbo::inspect::inspect(&settings, printer)?;
    printer.report(&report, || match &report {
        InspectReport::Data(found) => data::words(found),
        InspectReport::Run(found) => run::words(found),
    })?;
    Ok(Outcome::Done)
}
