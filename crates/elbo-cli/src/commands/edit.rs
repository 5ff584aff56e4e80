//! `elbo edit`: records as they would be under another condition.

use clap::Args;
use elbo::{EditRequest, Output, OutputOptions, Written, request_text};

use crate::Outcome;
use crate::args::{DataArg, OutArgs, RunArg, name_value};
use crate::failure::Failure;
use crate::printer::Printer;

/// Default number of records in a grid.
const SHOWN: usize = 32;

const EXAMPLES: &str = "\
Examples:
  elbo edit digits mnist/ --given label=7 -n 32 -o sevens.png     sevens in the hand of each digit
  elbo edit faces pictures/ --given glasses=yes -o glasses/       the same faces with glasses
  elbo edit people people.csv --given smoker=yes -o smokers.csv   the same rows, if they smoked

The latents are those of the record; only the condition changes.";

/// Change a condition of records and keep the rest
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct EditArgs {
    #[command(flatten)]
    run: RunArg,
    #[command(flatten)]
    data: DataArg,
    /// New value of a field that the run is given; may be repeated
    #[arg(long, value_name = "field=value", value_parser = name_value, required = true)]
    given: Vec<(String, String)>,
    /// Number of records, from the first on [default: 32 for a sheet, else all]
    #[arg(short, long = "count", value_name = "N", allow_negative_numbers = true)]
    n: Option<usize>,
    #[command(flatten)]
    out: OutArgs,
}

pub(crate) fn run(args: EditArgs, threads: usize, printer: &Printer) -> Result<Outcome, Failure> {
    let mut request = EditRequest {
        data: args.data.data.into(),
        given: args.given,
        n: args.n,
    };
    request.check()?;
    let output = Output::check(&OutputOptions::from(args.out))?;
    if output.is_grid() {
        request.n.get_or_insert(SHOWN);
    }
    let model = args.run.open(threads)?;
    output.suits(&model)?;
    let changed = model.edit(&request, &printer.events())?;
    let written = output.write_changed(&model, changed, "edited")?;
    printer.report(&written, || {
        let Written { out, report } = &written;
        let given: Vec<_> = report
            .given
            .iter()
            .map(|(field, value)| request_text(field, value))
            .collect();
        format!(
            "{} records with {} in {}",
            report.n,
            given.join(", "),
            out.display()
        )
    })?;
    Ok(Outcome::Done)
}
