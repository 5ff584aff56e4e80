//! `elbo inspect`: what is in a data set, or how a run stands.

use clap::Args;

use crate::Outcome;
use crate::args::DataArgs;
use crate::failure::Failure;
use crate::printer::Printer;

/// Look into data or a run
#[derive(Args, Debug)]
pub(crate) struct InspectArgs {
    /// Data or a run folder
    #[arg(value_name = "DATA|RUN")]
    target: String,
    #[command(flatten)]
    reading: DataArgs,
}

pub(crate) fn run(args: InspectArgs, printer: &Printer) -> Result<Outcome, Failure> {
    let _ = (args.target, args.reading.settings(), printer);
    Ok(Outcome::Done)
}
