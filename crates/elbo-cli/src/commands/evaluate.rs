//! `elbo evaluate`: how well a model fits, each number with the way it was measured.

mod generated;

use clap::{Args, ValueHint};
use elbo::Split;
use elbo::{Data, EvaluateReport, EvaluateRequest};

use crate::Outcome;
use crate::args::{RunArg, split_parser};
use crate::failure::Failure;
use crate::printer::Printer;
use crate::table::{Align, Table};

const EXAMPLES: &str = "\
Examples:
  elbo evaluate run                                 on the test records of its own data
  elbo evaluate run --samples 500 --json
  elbo evaluate run other/ --split train --limit 1000
  elbo evaluate run --utility income --privacy      also how good generated rows of a table are
  elbo evaluate run --generated rows.csv --privacy  the same of rows that another program made

Numbers are means per record in nats. Compare them only with numbers of the same protocol.
With --utility or --privacy, as many rows as the run was trained on are generated, and judged beside
real rows that were held out: those of DATA, else of validation and test.";

/// Measure a run: ELBO, rate, distortion, NLL, active units
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct EvaluateArgs {
    #[command(flatten)]
    run: RunArg,
    /// Data to measure on [default: the run's own]
    #[arg(value_name = "DATA", value_hint = ValueHint::AnyPath)]
    data: Option<String>,
    /// Which records [default: test for the run's own data, else all]
    #[arg(long, value_parser = split_parser())]
    split: Option<Split>,
    /// Importance samples per record for the NLL
    #[arg(long, value_name = "K", default_value_t = 100, allow_negative_numbers = true)]
    samples: usize,
    /// Seed of the samples, and of generated rows
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Only the first N records
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Train a judge on generated rows to predict FIELD, and test it on held-out rows; may be repeated
    #[arg(long, value_name = "FIELD", help_heading = "Generated rows")]
    utility: Vec<String>,
    /// Measure copies of training rows, and how near generated rows are to them
    #[arg(long, help_heading = "Generated rows")]
    privacy: bool,
    /// Rows to judge instead of rows of the run: a table of the same fields
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Generated rows")]
    generated: Option<String>,
}

pub(crate) fn run(args: EvaluateArgs, threads: usize, printer: &Printer) -> Result<Outcome, Failure> {
    let request = EvaluateRequest {
        data: args.data.map(Data::from),
        split: args.split,
        samples: args.samples,
        seed: args.seed,
        limit: args.limit,
        utility: args.utility,
        privacy: args.privacy,
        generated: args.generated.map(Data::from),
    };
    let model = args.run.open(threads)?;
    let report = model.evaluate(&request, &printer.events())?;
    printer.report(&report, || words(&report))?;
    Ok(Outcome::Done)
}

fn words(report: &EvaluateReport) -> String {
    let protocol = &report.protocol;
    let error = |value: f64| format!("± {value:.2}");
    let mut table = Table::new([Align::Left, Align::Right, Align::Left, Align::Left]);
    let mut row = |name: &str, value: f64, error: String, how: &str| {
        table.row([name.to_owned(), format!("{value:.2}"), error, how.to_owned()]);
    };
    row(
        "−ELBO",
        -report.elbo,
        error(report.elbo_standard_error),
        &protocol.elbo,
    );
    row("  distortion", report.distortion, String::new(), "−log p(x|z,y)");
    row("  rate", report.rate, String::new(), "KL(q(z|x,y) ‖ p(z|y))");
    row("NLL", report.nll, error(report.nll_standard_error), &protocol.nll);
    row(
        "  median",
        report.nll_median,
        String::new(),
        "of the records' NLL",
    );
    if let (Some(bits), Some(how)) = (report.bits_per_dimension, &protocol.bits_per_dimension) {
        table.row(["bits per dimension", &format!("{bits:.4}"), "", how]);
    }
    if let Some(nats) = report.nats_per_token {
        table.row([
            "nats per token",
            &format!("{nats:.4}"),
            "",
            "each text's end counted",
        ]);
    }
    let active = report.active_units.to_string();
    let of = format!("of {}", report.latent);
    table.row([
        "active units",
        active.as_str(),
        of.as_str(),
        "variance of the posterior mean above 0.01",
    ]);
    let generated = report.generated.as_ref().map(generated::words);
    let generated = generated.map_or_else(String::new, |words| format!("\n\n{words}"));
    format!("{table}\n{}{generated}", measured_on(report))
}

fn measured_on(report: &EvaluateReport) -> String {
    let protocol = &report.protocol;
    let given = if protocol.given.is_empty() {
        String::new()
    } else {
        format!(" given {}", protocol.given.join(", "))
    };
    let dimensions = protocol
        .dimensions
        .map_or_else(String::new, |dimensions| format!("; {dimensions} values"));
    format!(
        "means per record in nats ± standard error, over {} records ({}) of {}\n\
         {}{given}{dimensions}; seed {}; weights of epoch {}",
        protocol.records,
        protocol.split,
        protocol.data,
        protocol.likelihoods.join("; "),
        protocol.seed,
        protocol.epoch,
    )
}
