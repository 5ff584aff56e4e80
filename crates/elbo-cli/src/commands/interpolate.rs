//! `elbo interpolate`: decodes points on the line between the latents of two records.

use clap::Args;
use elbo::{InterpolateRequest, Output, OutputOptions, Written};

use crate::Outcome;
use crate::args::{DataArg, OutArgs, RunArg};
use crate::failure::Failure;
use crate::printer::Printer;

const EXAMPLES: &str = "\
Examples:
  elbo interpolate run pictures/ --from 3 --to 14 -o way.png";

/// Decode the points between two records in the latent space
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct InterpolateArgs {
    #[command(flatten)]
    run: RunArg,
    #[command(flatten)]
    data: DataArg,
    /// Record to start from, counted from 0
    #[arg(long, value_name = "I")]
    from: u64,
    /// Record to end at, counted from 0
    #[arg(long, value_name = "J")]
    to: u64,
    /// Number of steps, both ends included
    #[arg(long, value_name = "N", default_value_t = 9, allow_negative_numbers = true)]
    steps: usize,
    #[command(flatten)]
    out: OutArgs,
}

pub(crate) fn run(args: InterpolateArgs, threads: usize, printer: &Printer) -> Result<Outcome, Failure> {
    let request = InterpolateRequest {
        data: args.data.data.into(),
        from: args.from,
        to: args.to,
        steps: args.steps,
    };
    let output = Output::check(&OutputOptions::from(args.out))?;
    request.check()?;
    let model = args.run.open(threads)?;
    output.suits_sheet(&model)?;
    let line = model.interpolate(&request, &printer.events())?;
    let written = output.write_interpolation(&model, &line)?;
    printer.report(&written, || {
        let Written { out, report } = &written;
        let [from, to] = &report.between;
        format!("{from} to {to} in {} steps, in {}", report.steps, out.display())
    })?;
    Ok(Outcome::Done)
}
