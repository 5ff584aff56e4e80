//! `elbo map`: where records lie in the latent space.

use clap::Args;
use elbo::map::{MapReport, MapSettings};

use crate::Outcome;
use crate::args::{DataArg, OutArgs, RunArg};
use crate::failure::Failure;
use crate::printer::Printer;

const EXAMPLES: &str = "\
Examples:
  elbo map run pictures/ -o map.png
  elbo map digits mnist/ --colour-by label -o map.png

With two latent units the manifold, decoded on a grid, is drawn beside it.";

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
    let settings = MapSettings {
        run: args.run.run,
        device: args.run.device,
        data: args.data.data,
        colour_by: args.colour_by,
        out: args.out.out,
        force: args.out.force,
        threads,
    };
    let report = elbo::map::map(&settings, printer)?;
    printer.report(&report, || words(&report))?;
    Ok(Outcome::Done)
}

fn words(report: &MapReport) -> String {
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
        report.out.display()
    )
}
