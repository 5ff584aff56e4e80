//! `elbo sample`: new records from a run, as a table, a sheet, a folder of pictures or an array.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueHint};
use elbo::sample::{Draw, SampleReport, SampleSettings, Sampling};

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
  elbo sample people -n 1000 --given age=37 --given sex=female -o new.csv
  elbo sample people -n 1000 --given 'income=high:0.5' -o half.csv          high in half of the rows
  elbo sample people --given-file asked.csv -o new.csv                      one row for each of the file's
  elbo sample names -n 100 --given label=Italian --top-p 0.95 -o names.txt

A given field that is left out is drawn as in the data, or left open to a model trained with --given any or
objective.given_dropout; `missing` asks for a value that is known to be missing. Sample i is the same whatever -n is.";

/// Make new records
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SampleArgs {
    #[command(flatten)]
    run: RunArg,
    /// How many [default: 16, or one for each row of --given-file]
    #[arg(short, long = "count", value_name = "N", allow_negative_numbers = true)]
    n: Option<usize>,
    /// What is asked for, of the fields that the run was given; may be repeated
    #[arg(long, value_name = "field=value", value_parser = name_value)]
    given: Vec<(String, String)>,
    /// A table of what is asked for: a column for each field, a row for each record
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    given_file: Option<String>,
    /// Spread of the latents: below 1 more typical, above 1 more varied
    #[arg(long, value_name = "T", default_value_t = 1.0, allow_negative_numbers = true)]
    temperature: f32,
    /// Seed of the draws
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// What is expected, or a draw, of pictures pixel by pixel; auto: the mean of pictures, a draw of all else
    #[arg(long, default_value = "auto")]
    #[arg(value_parser = PossibleValuesParser::new(["auto", "mean", "sample"]).map(|name| draw(&name)))]
    draw: Draw,
    /// Texts: below 1 more typical, above 1 more varied; 0 takes the likeliest token each time
    #[arg(long, value_name = "T", default_value_t = 1.0, allow_negative_numbers = true)]
    text_temperature: f32,
    /// Texts: only so many of the likeliest tokens
    #[arg(long, value_name = "K", allow_negative_numbers = true)]
    top_k: Option<usize>,
    /// Texts: only the likeliest tokens that have this probability together
    #[arg(long, value_name = "P", allow_negative_numbers = true)]
    top_p: Option<f32>,
    #[command(flatten)]
    out: OutArgs,
}

pub(crate) fn run(args: SampleArgs, threads: usize, printer: &Printer) -> Result<Outcome, Failure> {
    let settings = SampleSettings {
        run: args.run.run,
        device: args.run.device,
        n: args.n,
        given: args.given,
        given_file: args.given_file,
        sampling: Sampling {
            temperature: args.text_temperature,
            top_k: args.top_k,
            top_p: args.top_p,
        },
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
    match name {
        "sample" => Draw::Sample,
        "mean" => Draw::Mean,
        _ => Draw::Auto,
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
    format!("{} {}{given} in {}", report.n, report.of, report.out.display())
}
