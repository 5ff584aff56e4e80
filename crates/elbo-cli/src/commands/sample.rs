//! `elbo sample`: generates records, as a table, a sheet, a folder of pictures or an array.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueHint};
use elbo::{Data, Draw, Output, OutputOptions, SampleReport, SampleRequest, Sampling, Written, request_text};

use crate::Outcome;
use crate::args::{OutArgs, PartArg, RunArg, name_value};
use crate::failure::Failure;
use crate::printer::Printer;

const EXAMPLES: &str = "\
Examples:
  elbo sample run -n 64 -o sheet.png                        all samples on one sheet
  elbo sample run -n 1000 -o new/                           a folder of pictures
  elbo sample digits -n 100 --given label=7 -o sevens.npy   [n, height, width] or [n, height, width, channels], u8
  elbo sample digits -n 100 --given 'label=*' -o all.png    every level in turn
  elbo sample faces --given glasses=yes --given hair_colour=red --temperature 0.7 -o glasses.png
  elbo sample people -n 1000 --given age=37 --given sex=female -o new.csv
  elbo sample people -n 1000 --given 'income=high:0.5' -o half.csv          high in half of the rows
  elbo sample people -n 1000 --given 'age=30..40' --given 'job=office|craft' -o some.csv
  elbo sample people --given-file asked.csv -o new.csv                      one for each of its rows
  elbo sample names -n 100 --given label=Italian --top-p 0.95 -o names.txt

A given field that you do not set is drawn from its frequencies in the data. A model trained with
--given any or objective.given_dropout leaves it open instead. The value `missing` asks for records
without that value. Sample i does not depend on -n.

Instead of one value, a number, date or time may have a range: 'age=30..40', 'age=..40', 'age>=65',
'age<30'. Several values stand between bars: 'job=office|craft'. A value in the set is then drawn
for each record. The ends of 30..40 belong to it. Cells of --given-file are written alike: 30..40,
>=65, office|craft.";

/// Generate new records
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SampleArgs {
    #[command(flatten)]
    run: RunArg,
    /// Number of records [default: 16, or one for each row of --given-file]
    #[arg(short, long = "count", value_name = "N", allow_negative_numbers = true)]
    n: Option<usize>,
    /// Value, range or set of values of a field that the run is given; may be repeated
    #[arg(long, value_name = "field=value", value_parser = name_value)]
    given: Vec<(String, String)>,
    /// Table of given values: a column for each field, a row for each record
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    given_file: Option<String>,
    /// Spread of the latents: below 1 more typical, above 1 more varied
    #[arg(long, value_name = "T", default_value_t = 1.0, allow_negative_numbers = true)]
    temperature: f32,
    /// Seed of the draws
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Expected values (mean) or random draws (sample; pictures pixel by pixel); auto: the mean of pictures, a sample
    /// of all other fields
    #[arg(long, default_value = "auto")]
    #[arg(value_parser = PossibleValuesParser::new(["auto", "mean", "sample"]).map(|name| draw(&name)))]
    draw: Draw,
    /// Texts: below 1 more typical, above 1 more varied; 0 always takes the most likely token
    #[arg(long, value_name = "T", default_value_t = 1.0, allow_negative_numbers = true)]
    text_temperature: f32,
    /// Texts: draw from the K most likely tokens only
    #[arg(long, value_name = "K", allow_negative_numbers = true)]
    top_k: Option<usize>,
    /// Texts: draw from the most likely tokens only, up to a total probability of P
    #[arg(long, value_name = "P", allow_negative_numbers = true)]
    top_p: Option<f32>,
    #[command(flatten)]
    part: PartArg,
    #[command(flatten)]
    out: OutArgs,
}

pub(crate) fn run(args: SampleArgs, threads: usize, printer: &Printer) -> Result<Outcome, Failure> {
    let request = SampleRequest {
        n: args.n,
        given: args.given,
        rows: args.given_file.map(Data::from),
        sampling: Sampling {
            temperature: args.text_temperature,
            top_k: args.top_k,
            top_p: args.top_p,
        },
        temperature: args.temperature,
        seed: args.seed,
        draw: args.draw,
        part: args.part.part,
    };
    request.check()?;
    let output = Output::check(&OutputOptions::from(args.out))?;
    let model = args.run.open(threads)?;
    output.suits(&model)?;
    let mut records = model.sample(&request, &printer.events())?;
    let report = output.write(&model, &mut records)?;
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

fn words(Written { out, report }: &Written<SampleReport>) -> String {
    let given: Vec<_> = report
        .given
        .iter()
        .map(|(field, value)| request_text(field, value))
        .collect();
    let given = if given.is_empty() {
        String::new()
    } else {
        format!(" given {}", given.join(", "))
    };
    format!("{} {}{given} in {}", report.n, report.of, out.display())
}
