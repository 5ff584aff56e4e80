//! `elbo edit`: records as they would be under another condition.

use clap::Args;
use elbo::edit::EditSettings;

use crate::Outcome;
use crate::args::{DataArg, OutArgs, RunArg, name_value};
use crate::failure::Failure;
use crate::printer::Printer;

const EXAMPLES: &str = "\
Examples:
  elbo edit digits mnist/ --given label=7 -n 32 -o sevens.png     sevens in the hand of each digit
  elbo edit faces pictures/ --given glasses=yes -o glasses/       the same faces with glasses
  elbo edit people people.csv --given smoker=yes -o smokers.csv   the same rows had they smoked

The latents are those of the record; only the condition changes.";

/// Change a condition of records and keep everything else
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct EditArgs {
    #[command(flatten)]
    run: RunArg,
    #[command(flatten)]
    data: DataArg,
    /// What to change, of the fields that the run is given; may be repeated
    #[arg(long, value_name = "field=value", value_parser = name_value, required = true)]
    given: Vec<(String, String)>,
    /// How many, from the first on [default: 32 for a sheet, else all]
    #[arg(short, long = "count", value_name = "N", allow_negative_numbers = true)]
    n: Option<usize>,
    #[command(flatten)]
    out: OutArgs,
}

pub(crate) fn run(args: EditArgs, threads: usize, printer: &Printer) -> Result<Outcome, Failure> {
    let settings = EditSettings {
        run: args.run.run,
        device: args.run.device,
        data: args.data.data,
        given: args.given,
        n: args.n,
        out: args.out.out,
        force: args.out.force,
        threads,
    };
    let report = elbo::edit::edit(&settings, printer)?;
    printer.report(&report, || {
        let given: Vec<_> = report
            .given
            .iter()
            .map(|(field, value)| format!("{field}={value}"))
            .collect();
        format!(
            "{} records with {} in {}",
            report.n,
            given.join(", "),
            report.out.display()
        )
    })?;
    Ok(Outcome::Done)
}
