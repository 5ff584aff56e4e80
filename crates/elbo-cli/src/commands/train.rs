//! `elbo train`: trains a new run, or resumes one that was stopped.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use elbo::profile::{Row, profiled};
use elbo::{ConfigSources, ResumeRequest, Run, RunConfig, Stopped, TrainReport, TrainRequest};
use serde::Serialize;

use crate::Outcome;
use crate::args::{DataArgs, given_flags};
use crate::failure::Failure;
use crate::printer::Printer;
use crate::table::{Align, Table};

/// Smallest share of the time for which an operation gets its own row.
const SHOWN: f64 = 0.005;

const USAGE: &str = "elbo train [OPTIONS] --out <RUN> <DATA>\n       elbo train --resume <RUN>";

const EXAMPLES: &str = "\
Examples:
  elbo train pictures/ --size 64 --out run
  elbo train mnist/ --given label --preset dense --set network.hidden=500,500 --out digits
  elbo train builtin:faces --latent 6 --out faces
  elbo train people.csv --given any --out people
  elbo train people.csv --field zip=category --field note=ignore --out people
  elbo train reviews/ --given label --out reviews
  elbo train --resume run

DATA is a folder of pictures (sub-folders become a category; a CSV beside them, one column of which
names the files, becomes attributes), a table (.csv, .tsv, also .gz or .zst), a folder of MNIST-style idx files,
or builtin:NAME.
Flags win over --config, --config over --preset. `elbo presets` lists the presets.";

/// Train a model on data and save it in a run folder
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES, override_usage = USAGE, args_override_self = true)]
pub(crate) struct TrainArgs {
    /// Continue this run exactly where it stopped
    #[arg(long, value_name = "RUN", value_hint = ValueHint::DirPath, conflicts_with_all = ["NewRun", "DataArgs"])]
    resume: Option<PathBuf>,
    /// Measure the time of each operation, and print a table
    #[arg(long)]
    profile: bool,
    #[command(flatten)]
    new: NewRun,
    #[command(flatten)]
    reading: DataArgs,
}

/// Everything that defines a new run. Values are text here: the config checks them, whatever their source.
#[derive(Args, Debug)]
struct NewRun {
    /// Data to train on: a path or builtin:NAME (or `data.source` of the config)
    #[arg(value_name = "DATA", value_hint = ValueHint::AnyPath)]
    data: Option<String>,
    /// Run folder to create
    #[arg(long, short, value_name = "RUN", value_hint = ValueHint::DirPath, required_unless_present = "resume")]
    out: Option<PathBuf>,
    /// Replace an existing run
    #[arg(long)]
    force: bool,
    /// Fields that the model is conditioned on, or `any` for any subset of them; image:left is a part of a picture
    #[arg(long, value_name = "FIELD", value_delimiter = ',')]
    given: Vec<String>,
    /// Fields that the model generates, or `all` [default: the pictures; without pictures all that are not given]
    #[arg(long, value_name = "FIELD", value_delimiter = ',')]
    model: Vec<String>,
    /// Settings to start from; see `elbo presets`
    #[arg(long, value_name = "NAME")]
    preset: Option<String>,
    /// Settings in a TOML file
    #[arg(long, value_name = "FILE.toml", value_hint = ValueHint::FilePath)]
    config: Option<PathBuf>,
    /// Do not look for rules in the data, such as start <= end; new rows may then break them
    #[arg(long)]
    no_rules: bool,
    /// Number of latent units
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    latent: Option<String>,
    /// Passes over the training records
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    epochs: Option<String>,
    /// Records per training step
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    batch: Option<String>,
    /// Learning rate
    #[arg(long, value_name = "F", allow_negative_numbers = true)]
    lr: Option<String>,
    /// Weight of the rate (the KL divergence) in the objective
    #[arg(long, value_name = "F", allow_negative_numbers = true)]
    beta: Option<String>,
    /// Random seed; the same seed gives the same bytes
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    seed: Option<String>,
    /// Device to compute on, such as cpu or cuda:1
    #[arg(long, value_name = "DEVICE")]
    device: Option<String>,
    /// Number format of the layers' products: f32 or bf16 (faster on processors with AVX512-BF16)
    #[arg(long, value_name = "TYPE")]
    precision: Option<String>,
    /// Any setting, by its name in the config; may be repeated
    #[arg(long, value_name = "key=value")]
    set: Vec<String>,
}

pub(crate) fn run(args: TrainArgs, threads: Option<usize>, printer: &Printer) -> Result<Outcome, Failure> {
    let events = printer.events();
    let train = || match args.resume {
        Some(run) => {
            let request = ResumeRequest {
                run,
                data: None,
                threads,
            };
            Run::resume(&request, &events)
        }
        None => Run::create(&request(args.new, args.reading, threads)?, &events),
    };
    let (report, profile) = if args.profile {
        let (report, rows) = profiled(train);
        (report?, Some(rows))
    } else {
        (train()?, None)
    };
    let report = Profiled { report, profile };
    printer.report(&report, || words(&report))?;
    Ok(outcome(&report.report))
}

/// How training ended, and the profile if one was requested.
#[derive(Serialize)]
struct Profiled {
    #[serde(flatten)]
    report: TrainReport,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<Vec<Row>>,
}

fn request(new: NewRun, reading: DataArgs, threads: Option<usize>) -> Result<TrainRequest, elbo::Error> {
    let mut sources = ConfigSources {
        preset: new.preset,
        file: new.config,
        flags: Vec::new(),
    };
    for text in &new.set {
        sources.set(text)?;
    }
    let model = (!new.model.is_empty()).then(|| new.model.join(","));
    let given = (!new.given.is_empty()).then(|| new.given.join(","));
    let flags = [
        ("data.source", new.data),
        ("data.given", given),
        ("data.model", model),
        ("data.rules", new.no_rules.then(|| "[]".to_owned())),
        ("model.latent", new.latent),
        ("objective.beta", new.beta),
        ("training.epochs", new.epochs),
        ("training.batch", new.batch),
        ("training.learning_rate", new.lr),
        ("training.seed", new.seed),
        ("training.device", new.device),
        ("network.precision", new.precision),
        ("training.threads", threads.map(|threads| threads.to_string())),
    ];
    sources.flags.extend(given_flags(flags));
    sources.flags.extend(reading.settings());
    Ok(TrainRequest {
        out: new.out.unwrap_or_default(),
        data: None,
        config: RunConfig::resolve(&sources)?,
        force: new.force,
    })
}

fn outcome(report: &TrainReport) -> Outcome {
    match report.stopped {
        Stopped::Interrupted => Outcome::Interrupted,
        Stopped::Finished | Stopped::Early => Outcome::Done,
    }
}

fn words(Profiled { report, profile }: &Profiled) -> String {
    let run = report.run.display();
    let how = match report.stopped {
        Stopped::Finished => "finished",
        Stopped::Early => "stopped early: validation no longer improved",
        Stopped::Interrupted => "interrupted; the progress is saved",
    };
    let mut table = Table::new([Align::Left, Align::Left]);
    table.row(["run".into(), format!("{run}: {how}")]);
    table.row([
        "epochs".into(),
        format!("{}, best {}", report.epochs, report.best_epoch),
    ]);
    for (name, terms) in [("train", &report.train), ("validation", &report.validation)] {
        if let Some(terms) = terms {
            let (loss, distortion, rate) = (-terms.elbo, terms.distortion, terms.rate);
            let text =
                format!("−ELBO {loss:.2} = distortion {distortion:.2} + rate {rate:.2} nats per record");
            table.row([name.to_owned(), text]);
        }
    }
    table.row(["weights".into(), report.weights.to_string()]);
    table.row(["time".into(), format!("{:.1} s", report.seconds)]);
    let next = match report.stopped {
        Stopped::Interrupted => format!("continue with: elbo train --resume {run}"),
        _ => {
            let given = report
                .must_be_given
                .iter()
                .map(|field| format!(" --given {field}=…"));
            format!(
                "next: elbo sample {run}{} -o {}",
                given.collect::<String>(),
                report.samples
            )
        }
    };
    match profile {
        Some(rows) => format!("{table}\n{}\n{next}", operations(rows)),
        None => format!("{table}\n{next}"),
    }
}

/// The time of each operation: the largest have a row each, the rest share one.
fn operations(rows: &[Row]) -> Table<6> {
    use Align::{Left, Right};
    let whole: f64 = rows.iter().map(|row| row.seconds).sum();
    let mut table = Table::new([Left, Left, Left, Right, Right, Right]);
    table.row(["part", "operation", "size", "calls", "ms each", "share"]);
    let share = |seconds: f64| format!("{:.1} %", 100.0 * seconds / whole.max(f64::MIN_POSITIVE));
    let (shown, small): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.seconds >= SHOWN * whole);
    for row in shown {
        let each = format!("{:.3}", 1e3 * row.seconds / row.calls as f64);
        let [part, what, size] = [&row.part, &row.what, &row.size].map(Clone::clone);
        table.row([part, what, size, row.calls.to_string(), each, share(row.seconds)]);
    }
    let rest = share(small.iter().map(|row| row.seconds).sum());
    table.row(["smaller ones", "", "", "", "", &rest]);
    table
}
