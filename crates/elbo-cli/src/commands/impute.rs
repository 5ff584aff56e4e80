//! `elbo impute`: what records lack, filled in.

use clap::Args;
use elbo::impute::{ImputeReport, ImputeSettings};

use crate::Outcome;
use crate::args::{DataArg, OutArgs, RunArg};
use crate::failure::Failure;
use crate::printer::Printer;

const EXAMPLES: &str = "\
Examples:
  elbo impute run holes.csv -o whole.csv                    the mean of a number, the likeliest level
  elbo impute run holes.csv --draws 20 -o draws.parquet     twenty draws of each row
  elbo impute halves digits/ -o whole.png                   a model trained with --given image:left

What is known stays as it is. A model trained with --given any is asked for what is missing given all that is
known; of any other, latents and missing values are drawn in turn.";

/// Fill in what records lack
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ImputeArgs {
    #[command(flatten)]
    run: RunArg,
    #[command(flatten)]
    data: DataArg,
    /// Draws of each record [default: one, of what is expected]
    #[arg(long, value_name = "K", allow_negative_numbers = true)]
    draws: Option<usize>,
    /// Seed of the draws
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    out: OutArgs,
}

pub(crate) fn run(args: ImputeArgs, threads: usize, printer: &Printer) -> Result<Outcome, Failure> {
    let settings = ImputeSettings {
        run: args.run.run,
        device: args.run.device,
        data: args.data.data,
        draws: args.draws,
        seed: args.seed,
        out: args.out.out,
        force: args.out.force,
        threads,
    };
    let report = elbo::impute::impute(&settings, printer)?;
    printer.report(&report, || words(&report))?;
    Ok(Outcome::Done)
}

fn words(report: &ImputeReport) -> String {
    let (n, out) = (report.n, report.out.display());
    let filled = report.filled.iter().filter(|(_, count)| *count > 0);
    let filled: Vec<String> = filled
        .map(|(field, count)| format!("{field} ({count})"))
        .collect();
    let filled = match filled.is_empty() {
        true => "nothing was missing".to_owned(),
        false => format!("filled in: {}", filled.join(", ")),
    };
    match report.draws {
        Some(draws) => format!("{draws} draws of each of {n} records in {out}\n{filled}"),
        None => format!("{n} records in {out}\n{filled}"),
    }
}
