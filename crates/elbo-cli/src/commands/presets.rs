//! `elbo presets`: lists the presets, or prints one as a config file.

use clap::Args;
use serde_json::{Map, Value};

use crate::Outcome;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::table::{Align, Table};

const EXAMPLES: &str = "\
Examples:
  elbo presets
  elbo presets conv > my.toml       change it, then: elbo train pictures/ --config my.toml --out run";

/// List the presets that `train --preset` takes, or print one
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct PresetsArgs {
    /// The preset to print, as TOML
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

pub(crate) fn run(args: PresetsArgs, printer: &Printer) -> Result<Outcome, Failure> {
    let presets = elbo::config::presets();
    match args.name {
        Some(name) => {
            let text = elbo::config::presets::text(&name)?;
            printer.report(&Map::from_iter([(name, Value::from(text))]), || text.to_owned())?;
        }
        None => {
            let about: Map<String, Value> = presets
                .iter()
                .map(|(name, about)| ((*name).to_owned(), Value::from(*about)))
                .collect();
            printer.report(&about, || list(&presets))?;
        }
    }
    Ok(Outcome::Done)
}

fn list(presets: &[(&str, &str)]) -> String {
    let mut table = Table::new([Align::Left, Align::Left]);
    for (name, about) in presets {
        table.row([*name, *about]);
    }
    table.to_string()
}
