//! `elbo interpolate`: the way from one record to another.

use clap::Args;
use elbo::interpolate::InterpolateSettings;

use crate::Outcome;
use crate::args::{DataArg, OutArgs, RunArg};
use crate::failure::Failure;
use crate::printer::Printer;

const EXAMPLES: &str = "\
Examples:
  elbo interpolate run pictures/ --from 3 --to 14 -o way.png";

/// Walk from one record to another through the latent space
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
    /// Record to arrive at
    #[arg(long, value_name = "J")]
    to: u64,
    /// Pictures on the way, with both ends
    #[arg(long, value_name = "N", default_value_t = 9, allow_negative_numbers = true)]
    steps: usize,
    #[command(flatten)]
    out: OutArgs,
}

pub(crate) fn run(args: InterpolateArgs, threads: usize, printer: &Printer) -> Result<Outcome, Failure> {
    let settings = InterpolateSettings {
        run: args.run.run,
        device: args.run.device,
        data: args.data.data,
        from: args.from,
        to: args.to,
        steps: args.steps,
        out: args.out.out,
        force: args.out.force,
        threads,
    };
    let report = elbo::interpolate::interpolate(&settings, printer)?;
    printer.report(&report, || {
        let [from, to] = &report.between;
        format!(
            "{from} to {to} in {} steps, in {}",
            report.steps,
            report.out.display()
        )
    })?;
    Ok(Outcome::Done)
}
