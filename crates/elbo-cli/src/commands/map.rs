//! `elbo map`: a plot of records in the latent space.

use clap::Args;
use elbo::{MapReport, MapRequest, Output, OutputOptions, Written};

use crate::Outcome;
use crate::args::{DataArg, OutArgs, RunArg};
use crate::failure::Failure;
use crate::printer::Printer;

const EXAMPLES: &str = "\
Examples:
  elbo map run pictures/ -o map.png
  elbo map digits mnist/ --colour-by label -o map.png

If the model has two latent units, the decoded manifold is drawn beside the map.";

/// Draw records as points in the latent space
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct MapArgs {
    #[command(flatten)]
    run: RunArg,
    #[command(flatten)]
    data: DataArg,
    /// Field that colours the points [default: the first category]
    #[arg(long, visible_alias = "color-by", value_name = "FIELD")]
    colour_by: Option<String>,
    #[command(flatten)]
    out: OutArgs,
}

pub(crate) fn run(args: MapArgs, threads: usize, printer: &Printer) -> Result<Outcome, Failure> {
    let request = MapRequest {
        data: args.data.data.into(),
        colour_by: args.colour_by,
    };
    let output = Output::check_picture(&OutputOptions::from(args.out))?;
    let model = args.run.open(threads)?;
    let report = output.write_map(&model.map(&request, &printer.events())?)?;
    printer.report(&report, || words(&report))?;
    Ok(Outcome::Done)
}

fn words(Written { out, report }: &Written<MapReport>) -> String {
    let [across, up] = report.units;
    let colour = report
        .colour_by
        .as_ref()
        .map_or_else(String::new, |field| format!(", coloured by {field}"));
    let manifold = if report.manifold {
        ", with the decoded manifold beside them"
    } else {
        ""
    };
    format!(
        "{} records over units {across} and {up}{colour}{manifold}, in {}",
        report.points,
        out.display()
    )
}
