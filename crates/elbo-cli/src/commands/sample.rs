//! `elbo sample`: new records from a run, as a sheet, a folder of pictures or an array.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use elbo::sample::{Draw, SampleReport, SampleSettings};

use crate::Outcome;
use crate::args::{OutArgs, RunArg, name_value};
use crate::failure::Failure;
use crate::printer::Printer;

const EXAMPLES: &str = "\
Examples:
  elbo sample run -n 64 -o sheet.png                        one picture with all of them
  elbo sample run -n 1000 -o new/                           a folder of pictures
  elbo sample digits -n 100 --given label=7 -o sevens.npy   [n, height, width] or [n, height, width, channels], u8
  elbo sample digits -n 100 --given 'label=*' -o all.png    every level in turn
  elbo sample faces --given glasses=yes --given hair_colour=red --temperature 0.7 -o glasses.png

A given field that is left out is drawn as in the data, or \"not given\" to a model trained with
objective.given_dropout. Sample i is the same whatever -n is.";

/// Make new pictures
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SampleArgs {
    #[command(flatten)]
    run: RunArg,
    /// How many
    #[arg(
        short,
        long = "count",
        value_name = "N",
        default_value_t = 16,
        allow_negative_numbers = true
    )]
    n: usize,
    /// What is asked for, of the fields that the run was given; may be repeated
    #[arg(long, value_name = "field=value", value_parser = name_value)]
    given: Vec<(String, String)>,
    /// Spread of the latents: below 1 more typical, above 1 more varied
    #[arg(long, value_name = "T", default_value_t = 1.0, allow_negative_numbers = true)]
    temperature: f32,
    /// Seed of the draws
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// The likelihood's mean, or a draw from it, which has the noise of single pixels too
    #[arg(long, default_value = "mean")]
    #[arg(value_parser = PossibleValuesParser::new(["mean", "sample"]).map(|name| draw(&name)))]
    draw: Draw,
    #[command(flatten)]
    out: OutArgs,
}

pub(crate) fn run(args: SampleArgs, threads: usize, printer: &Printer) -> Result<Outcome, Failure> {
    let settings = SampleSettings {
        run: args.run.run,
        device: args.run.device,
        n: args.n,
        given: args.given,
        temperature: args.temperature,
        seed: args.seed,
        draw: args.draw,
        out: args.out.out,
        force: args.out.force,
        threads,
    };
    let report = elbo::sample::sample(&settings, printer)?;
    printer.report(&report, || words(&report))?;
    Ok(Outcome::Done)
}

fn draw(name: &str) -> Draw {
    if name == "sample" {
        Draw::Sample
    } else {
        Draw::Mean
    }
}

fn words(report: &SampleReport) -> String {
    let given: Vec<_> = report
        .given
        .iter()
        .map(|(field, value)| format!("{field}={value}"))
        .collect();
    let given = if given.is_empty() {
        String::new()
    } else {
        format!(" given {}", given.join(", "))
    };
    format!("{} pictures{given} in {}", report.n, report.out.display())
}
