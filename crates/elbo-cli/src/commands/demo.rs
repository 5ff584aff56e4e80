//! `elbo demo`: all steps in one to two minutes, on faces, a table and sentences that the program generates itself.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use elbo::verbs::demo::{DemoReport, DemoRequest, demo};
use elbo::{ConfigSources, Stopped};

use crate::Outcome;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::table::{Align, Table, word};

/// See it work: train on generated faces, a table and sentences, and show what the models learned
#[derive(Args, Debug)]
pub(crate) struct DemoArgs {
    /// Folder to create
    #[arg(long, short, value_name = "DIR", value_hint = ValueHint::DirPath, default_value = "demo")]
    out: PathBuf,
    /// Any setting of both trainings on faces, by its name in the config; may be repeated
    #[arg(long, value_name = "key=value")]
    set: Vec<String>,
    /// Replace an earlier demo
    #[arg(long)]
    force: bool,
}

pub(crate) fn run(args: DemoArgs, threads: usize, printer: &Printer) -> Result<Outcome, Failure> {
    let mut sources = ConfigSources::default();
    for text in &args.set {
        sources.set(text)?;
    }
    let request = DemoRequest {
        out: args.out,
        set: sources.flags,
        force: args.force,
        threads,
    };
    let report = demo(&request, &printer.events())?;
    printer.report(&report, || words(&report))?;
    let stopped = [&report.plain, &report.conditional].map(|training| training.stopped);
    Ok(if stopped.contains(&Stopped::Interrupted) {
        Outcome::Interrupted
    } else {
        Outcome::Done
    })
}

fn words(report: &DemoReport) -> String {
    let mut text =
        "the attribute that each latent unit of the plain model follows, measured on test faces\n".to_owned();
    text += &units(report);
    text += "\nhow well each attribute is predicted from those units, and how often a face shows the requested one\n";
    text += &attributes(report);
    text += "\npictures and tables\n";
    let mut pictures = Table::new([Align::Left, Align::Left]);
    for (path, shows) in &report.pictures {
        pictures.row([format!("  {}", path.display()), (*shows).to_owned()]);
    }
    format!("{text}{pictures}\nall in {:.0} s", report.seconds)
}

fn units(report: &DemoReport) -> String {
    let mut table = Table::new([Align::Left, Align::Right, Align::Left]);
    for unit in &report.units {
        let follows = unit
            .follows
            .as_ref()
            .map_or_else(String::new, ToString::to_string);
        table.row([
            format!("  unit {}", unit.unit),
            format!("{:.2} nats", unit.rate),
            follows,
        ]);
    }
    table.to_string()
}

fn attributes(report: &DemoReport) -> String {
    let mut table = Table::new([Align::Left, Align::Left, Align::Right]);
    for read in &report.read_outs {
        let found = report
            .found
            .iter()
            .find(|found| found.attribute == read.attribute);
        let share = found.map_or_else(String::new, |found| format!("{:.1} %", 100.0 * found.share));
        table.row([
            format!("  {}", read.attribute),
            format!("{} {:.2}", word(&read.measure), read.value),
            share,
        ]);
    }
    table.to_string()
}
