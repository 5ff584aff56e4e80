//! `elbo score`: how surprising each record is.

use clap::Args;
use elbo::score::{ScoreReport, ScoreSettings};

use crate::Outcome;
use crate::args::{DataArg, OutArgs, RunArg};
use crate::failure::Failure;
use crate::printer::Printer;

const EXAMPLES: &str = "\
Examples:
  elbo score run new.csv -o scores.csv
  elbo score run new.csv --false-alarms 0.001 -o scores.parquet

A score is -log p of the record in nats: the higher, the more surprising. An outlier is one above the threshold
that only a share of the run's own validation records exceeds.";

/// Score records: how surprising each is, and each of its fields
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ScoreArgs {
    #[command(flatten)]
    run: RunArg,
    #[command(flatten)]
    data: DataArg,
    /// Share of usual records that may pass for outliers
    #[arg(
        long,
        value_name = "SHARE",
        default_value_t = 0.01,
        allow_negative_numbers = true
    )]
    false_alarms: f64,
    /// Samples of the latents for each record
    #[arg(long, value_name = "K", default_value_t = 32, allow_negative_numbers = true)]
    samples: usize,
    /// Seed of the samples
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    out: OutArgs,
}

pub(crate) fn run(args: ScoreArgs, threads: usize, printer: &Printer) -> Result<Outcome, Failure> {
    let settings = ScoreSettings {
        run: args.run.run,
        device: args.run.device,
        data: args.data.data,
        false_alarms: args.false_alarms,
        samples: args.samples,
        seed: args.seed,
        out: args.out.out,
        force: args.out.force,
        threads,
    };
    let report = elbo::score::score(&settings, printer)?;
    printer.report(&report, || words(&report))?;
    Ok(Outcome::Done)
}

fn words(report: &ScoreReport) -> String {
    format!(
        "{} records in {}, {:.2} nats on average\noutliers: {}, above {:.2} nats, which {} % of {} validation \
         records exceed\nfields: {}",
        report.n,
        report.out.display(),
        report.mean,
        report.outliers,
        report.threshold,
        100.0 * report.false_alarms,
        report.calibrated_on,
        report.fields,
    )
}
