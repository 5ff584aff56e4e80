//! `elbo reconstruct`: records beside their reconstructions.

use clap::Args;
use elbo::{Output, OutputOptions, ReconstructRequest, Written};

use crate::Outcome;
use crate::args::{DataArg, OutArgs, RunArg};
use crate::failure::Failure;
use crate::printer::Printer;

/// Default number of records in a grid.
const SHOWN: usize = 32;

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
    /// Number of records, from the first on [default: 32 for a sheet, else all]
    #[arg(short, long = "count", value_name = "N", allow_negative_numbers = true)]
    n: Option<usize>,
    #[command(flatten)]
    out: OutArgs,
}

pub(crate) fn run(args: ReconstructArgs, threads: usize, printer: &Printer) -> Result<Outcome, Failure> {
    let output = Output::check(&OutputOptions::from(args.out))?;
    let request = ReconstructRequest {
        data: args.data.data.into(),
        n: args.n.or(output.is_grid().then_some(SHOWN)),
    };
    let model = args.run.open(threads)?;
    output.suits(&model)?;
    let changed = model.reconstruct(&request, &printer.events())?;
    let written = output.write_changed(&model, changed, "reconstruction")?;
    printer.report(&written, || {
        let Written { out, report } = &written;
        let mut text = format!("{} reconstructions in {}", report.n, out.display());
        for error in &report.errors {
            text += &format!("\n{}: {} {:.5}", error.field, error.measure, error.value);
        }
        text
    })?;
    Ok(Outcome::Done)
}
