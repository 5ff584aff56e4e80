//! `elbo encode`: the posterior of every record, as a table.

use clap::Args;
use elbo::{EncodeRequest, Output, OutputOptions, Written};

use crate::Outcome;
use crate::args::{DataArg, OutArgs, PartArg, RunArg};
use crate::failure::Failure;
use crate::printer::Printer;

const EXAMPLES: &str = "\
Examples:
  elbo encode run pictures/ -o latents.csv        one row per record: name, mean and std of each unit
  elbo encode run pictures/ -o latents.parquet
  elbo encode run pictures/ -o latents.npy        [n, 2 x units] f32: the means, then the stds";

/// Write the mean and the standard deviation of each latent unit for each record
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct EncodeArgs {
    #[command(flatten)]
    run: RunArg,
    #[command(flatten)]
    data: DataArg,
    #[command(flatten)]
    part: PartArg,
    #[command(flatten)]
    out: OutArgs,
}

pub(crate) fn run(args: EncodeArgs, threads: usize, printer: &Printer) -> Result<Outcome, Failure> {
    let options = OutputOptions::from(args.out);
    let request = EncodeRequest {
        data: args.data.data.into(),
        part: args.part.part,
        // An array of numbers cannot hold names, and other columns would be mistaken for latents.
        posterior_only: options
            .path
            .extension()
            .is_some_and(|ending| ending.eq_ignore_ascii_case("npy")),
    };
    let output = Output::check_table(&options)?;
    let model = args.run.open(threads)?;
    let mut records = model.encode(&request, &printer.events())?;
    let written = output.write(&model, &mut records)?;
    printer.report(&written, || {
        let Written { out, report } = &written;
        format!(
            "{} records of {} units in {}",
            report.n,
            report.latent,
            out.display()
        )
    })?;
    Ok(Outcome::Done)
}
