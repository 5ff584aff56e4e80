//! `elbo traverse`: sweeps each latent unit while the others stay fixed.

use clap::Args;
use elbo::{Data, Output, OutputOptions, TraverseReport, TraverseRequest, Written};

use crate::Outcome;
use crate::args::{OutArgs, RunArg, name_value};
use crate::failure::Failure;
use crate::printer::Printer;
use crate::table::{Align, Table};

const EXAMPLES: &str = "\
Examples:
  elbo traverse faces -o units.png                     around the prior's mean
  elbo traverse faces pictures/ --from 12 -o units.png around record 12

Rows are ordered by the unit's rate: the units that carry most information come first.";

/// Sweep each latent unit and show what it changes
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct TraverseArgs {
    #[command(flatten)]
    run: RunArg,
    /// Data with the record to start from
    #[arg(value_name = "DATA", requires = "from")]
    data: Option<String>,
    /// The record, counted from 0 [default: the prior's mean]
    #[arg(long, value_name = "I", requires = "data")]
    from: Option<u64>,
    /// Value of a field that the run is given, without --from; may be repeated
    #[arg(long, value_name = "field=value", value_parser = name_value, conflicts_with = "from")]
    given: Vec<(String, String)>,
    /// Largest number of units, those of highest rate first
    #[arg(long, value_name = "N", default_value_t = 16, allow_negative_numbers = true)]
    units: usize,
    /// Steps of each unit
    #[arg(long, value_name = "N", default_value_t = 9, allow_negative_numbers = true)]
    steps: usize,
    /// Largest distance from the start, in standard deviations of the prior
    #[arg(long, value_name = "F", default_value_t = 3.0, allow_negative_numbers = true)]
    range: f32,
    #[command(flatten)]
    out: OutArgs,
}

pub(crate) fn run(args: TraverseArgs, threads: usize, printer: &Printer) -> Result<Outcome, Failure> {
    let request = TraverseRequest {
        from: args.data.map(Data::from).zip(args.from),
        given: args.given,
        units: args.units,
        steps: args.steps,
        range: args.range,
    };
    let output = Output::check(&OutputOptions::from(args.out))?;
    request.check()?;
    let model = args.run.open(threads)?;
    output.suits_sheet(&model)?;
    let traversal = model.traverse(&request, &printer.events())?;
    let report = output.write_traversal(&model, &traversal)?;
    printer.report(&report, || words(&report))?;
    Ok(Outcome::Done)
}

fn words(Written { out, report }: &Written<TraverseReport>) -> String {
    let mut table = Table::new([Align::Left, Align::Right, Align::Left]);
    for swept in &report.units {
        table.row([
            format!("unit {}", swept.unit),
            format!("{:.2}", swept.rate),
            "nats".to_owned(),
        ]);
    }
    format!(
        "{} units by their rate, in {}\n{table}",
        report.units.len(),
        out.display()
    )
}
