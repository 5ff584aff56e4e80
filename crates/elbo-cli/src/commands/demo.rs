//! `elbo demo`: the whole path in a minute and a half, on faces, a table and sentences that the program makes itself.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use elbo::ConfigSources;
use elbo::demo::{DemoReport, DemoSettings};
use elbo::train::Stopped;

use crate::failure::Failure;
use crate::printer::Printer;
use crate::table::{Align, Table, word};
use crate::{Outcome, interrupt};

/// See it work: train on generated faces, a table and sentences, and look at what was learnt
#[derive(Args, Debug)]
pub(crate) struct DemoArgs {
    /// Folder to make
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
    interrupt::listen().map_err(Failure::System)?;
    let mut sources = ConfigSources::default();
    for text in &args.set {
        sources.set(text)?;
    }
    let settings = DemoSettings {
        out: args.out,
        set: sources.flags,
        force: args.force,
        threads,
    };
    let report = elbo::demo::demo(&settings, printer)?;
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
        "what each latent unit of the plain model follows, found on faces it never saw\n".to_owned();
    text += &units(report);
    text +=
        "\nhow well each attribute can be read from those units, and how often it is there when asked for\n";
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
