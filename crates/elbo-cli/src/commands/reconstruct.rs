//! `elbo reconstruct`: records beside what the model makes of them.

use clap::Args;
use elbo::reconstruct::ReconstructSettings;

use crate::Outcome;
use crate::args::{DataArg, OutArgs, RunArg};
use crate::failure::Failure;
use crate::printer::Printer;

const EXAMPLES: &str = "\
Examples:
  elbo reconstruct run pictures/ -o pairs.png
  elbo reconstruct run pictures/ -n 8 -o pairs.png
  elbo reconstruct run pictures/ -o reconstructions.npy";

/// Show records beside their reconstructions
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ReconstructArgs {
    #[command(flatten)]
    run: RunArg,
    #[command(flatten)]
    data: DataArg,
    /// How many, from the first on [default: 32 for a sheet, else all]
    #[arg(short, long = "count", value_name = "N", allow_negative_numbers = true)]
    n: Option<usize>,
    #[command(flatten)]
    out: OutArgs,
}

pub(crate) fn run(args: ReconstructArgs, threads: usize, printer: &Printer) -> Result<Outcome, Failure> {
    let settings = ReconstructSettings {
        run: args.run.run,
        device: args.run.device,
        data: args.data.data,
        n: args.n,
        out: args.out.out,
        force: args.out.force,
        threads,
    };
    let report = elbo::reconstruct::reconstruct(&settings, printer)?;
    printer.report(&report, || {
        let mut text = format!("{} reconstructions in {}", report.n, report.out.display());
        for error in &report.errors {
            text += &format!("\n{}: {} {:.5}", error.field, error.measure, error.value);
        }
        text
    })?;
    Ok(Outcome::Done)
}
