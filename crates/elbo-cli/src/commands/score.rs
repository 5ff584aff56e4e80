//! `elbo score`: how surprising each record is.

use clap::Args;
use elbo::{Output, OutputOptions, ScoreReport, ScoreRequest, Written};

use crate::Outcome;
use crate::args::{DataArg, OutArgs, PartArg, RunArg};
use crate::failure::Failure;
use crate::printer::Printer;

const EXAMPLES: &str = "\
Examples:
  elbo score run new.csv -o scores.csv
  elbo score run new.csv --false-alarms 0.001 -o scores.parquet

A score of 2 says that one in a hundred usual records is as surprising, by those that the run held
out: it is -log10 of that chance. `score_FIELD` says the same of each value given all other fields of
its record, and `p_FIELD` is the chance itself. `worst` names the most surprising field; `worst_p` is
the chance that any field of a usual record surprises as much. `nats` is -log p of the record.

A record is an outlier if its score is above the threshold; --false-alarms is the share of usual
records above it. The column `unseen` names the fields whose level the model never saw; where new
levels of a field are rarer than that share, such a record is an outlier too.";

/// Score records: how surprising each is, and each of its fields
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ScoreArgs {
    #[command(flatten)]
    run: RunArg,
    #[command(flatten)]
    data: DataArg,
    /// Share of usual records that may be flagged as outliers
    #[arg(
        long,
        value_name = "SHARE",
        default_value_t = 0.01,
        allow_negative_numbers = true
    )]
    false_alarms: f64,
    /// Latent samples per record, for `nats`
    #[arg(long, value_name = "K", default_value_t = 32, allow_negative_numbers = true)]
    samples: usize,
    /// Seed of the samples
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    part: PartArg,
    #[command(flatten)]
    out: OutArgs,
}

pub(crate) fn run(args: ScoreArgs, threads: usize, printer: &Printer) -> Result<Outcome, Failure> {
    let request = ScoreRequest {
        data: args.data.data.into(),
        false_alarms: args.false_alarms,
        samples: args.samples,
        seed: args.seed,
        part: args.part.part,
    };
    request.check()?;
    let output = Output::check_table(&OutputOptions::from(args.out))?;
    let model = args.run.open(threads)?;
    let mut records = model.score(&request, &printer.events())?;
    let report = output.write(&model, &mut records)?;
    printer.report(&report, || words(&report))?;
    Ok(Outcome::Done)
}

fn words(Written { out, report }: &Written<ScoreReport>) -> String {
    let threshold = &report.threshold;
    let percent = |share: f64| format!("{:.2} %", 100.0 * share);
    let unseen = match report.unseen {
        0 => String::new(),
        count => format!("\nlevels never seen in training: {count}"),
    };
    format!(
        "{} records in {}, {:.2} nats on average\noutliers: {}, of a score above {:.2}, which {} of the {} held-out \
         records exceed ({} to {} of all usual ones, with 95 % confidence){unseen}\nscores: {}\nfields: {}",
        report.n,
        out.display(),
        report.mean,
        report.outliers,
        threshold.threshold,
        percent(threshold.above),
        threshold.calibrated_on,
        percent(threshold.above_from),
        percent(threshold.above_to),
        report.scores,
        report.fields,
    )
}
