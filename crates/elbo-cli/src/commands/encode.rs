//! `elbo encode`: the posterior of every record, as a table.

use clap::Args;
use elbo::encode::EncodeSettings;

use crate::Outcome;
use crate::args::{DataArg, OutArgs, RunArg};
use crate::failure::Failure;
use crate::printer::Printer;

const EXAMPLES: &str = "\
Examples:
  elbo encode run pictures/ -o latents.csv        one row per record: name, mean and std of each unit
  elbo encode run pictures/ -o latents.parquet
  elbo encode run pictures/ -o latents.npy        [n, 2 x units] f32: the means, then the stds";

/// Write mean and standard deviation of each latent unit for each record
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct EncodeArgs {
    #[command(flatten)]
    run: RunArg,
    #[command(flatten)]
    data: DataArg,
    #[command(flatten)]
    out: OutArgs,
}

pub(crate) fn run(args: EncodeArgs, threads: usize, printer: &Printer) -> Result<Outcome, Failure> {
    let settings = EncodeSettings {
        run: args.run.run,
        device: args.run.device,
        data: args.data.data,
        out: args.out.out,
        force: args.out.force,
        threads,
    };
    let report = elbo::encode::encode(&settings, printer)?;
    printer.report(&report, || {
        format!(
            "{} records of {} units in {}",
            report.n,
            report.latent,
            report.out.display()
        )
    })?;
    Ok(Outcome::Done)
}
