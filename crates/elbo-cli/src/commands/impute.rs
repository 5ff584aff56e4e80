//! `elbo impute`: fills in missing values.

use clap::Args;
use elbo::{ImputeReport, ImputeRequest, Output, OutputOptions, Written};

use crate::Outcome;
use crate::args::{DataArg, OutArgs, PartArg, RunArg};
use crate::failure::Failure;
use crate::printer::Printer;

const EXAMPLES: &str = "\
Examples:
  elbo impute run holes.csv -o whole.csv                    the mean of a number, the most likely level
  elbo impute run holes.csv --draws 20 -o draws.parquet     twenty draws of each row
  elbo impute halves digits/ -o whole.png                   a model trained with --given image:left

Known values stay as they are. A model trained with --given any predicts the missing values given all known ones;
with any other model, latents and missing values are drawn in turn (Gibbs sampling).";

/// Fill in missing values
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ImputeArgs {
    #[command(flatten)]
    run: RunArg,
    #[command(flatten)]
    data: DataArg,
    /// Random draws of each record [default: none; the expected values instead]
    #[arg(long, value_name = "K", allow_negative_numbers = true)]
    draws: Option<usize>,
    /// Seed of the draws
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    part: PartArg,
    #[command(flatten)]
    out: OutArgs,
}

pub(crate) fn run(args: ImputeArgs, threads: usize, printer: &Printer) -> Result<Outcome, Failure> {
    let request = ImputeRequest {
        data: args.data.data.into(),
        draws: args.draws,
        seed: args.seed,
        part: args.part.part,
    };
    request.check()?;
    let output = Output::check(&OutputOptions::from(args.out))?;
    let model = args.run.open(threads)?;
    output.suits(&model)?;
    let mut records = model.impute(&request, &printer.events())?;
    let report = output.write(&model, &mut records)?;
    printer.report(&report, || words(&report))?;
    Ok(Outcome::Done)
}

fn words(Written { out, report }: &Written<ImputeReport>) -> String {
    let (n, out) = (report.n, out.display());
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
