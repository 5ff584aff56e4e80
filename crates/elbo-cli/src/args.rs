//! The commands of the command line, and the flags that several of them share.
//!
//! A verb's own flags are in its file under [`crate::commands`]. Only the form of a value is checked here. The
//! library `elbo` checks its range, so that flags, config files and presets follow the same rules.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueHint};
use elbo::config::FieldType;
use elbo::{Model, ModelOptions, OutputOptions, Part, Split};

use crate::commands;

const EXAMPLES: &str = "\
Examples:
  elbo demo                                                   see it work on generated data
  elbo train pictures/ --size 64 --out run                    learn from a folder of pictures
  elbo sample run -n 64 -o new.png                            generate new pictures
  elbo train mnist/ --given label --out digits                learn digits, given the label
  elbo sample digits -n 10 --given label=7 -o sevens.png      generate sevens
  elbo train people.csv --given any --out people              learn a table; any field may be given
  elbo sample people -n 1000 --given age=37 -o new.csv        generate rows of people aged 37
  elbo impute people holes.csv -o whole.csv                   fill in missing values";

/// Learn the distribution of your own pictures, tables and texts and generate new ones, with variational
/// autoencoders (VAE), plain or conditioned on known fields of a record (CVAE)
#[derive(Debug, Parser)]
#[command(name = "elbo", version, after_help = EXAMPLES, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags of every verb.
#[derive(Args, Debug)]
#[command(next_help_heading = "Everywhere")]
pub(crate) struct GlobalArgs {
    /// Print the report as one JSON document
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print only warnings, errors and the report
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// Number of threads; 0: one for each core. Results do not depend on it
    #[arg(long, global = true, value_name = "N")]
    pub(crate) threads: Option<usize>,
}

/// The verbs.
#[derive(Debug, Subcommand)]
#[expect(clippy::large_enum_variant, reason = "the program holds one value of it")]
pub(crate) enum Command {
    Train(commands::train::TrainArgs),
    Sample(commands::sample::SampleArgs),
    Reconstruct(commands::reconstruct::ReconstructArgs),
    Edit(commands::edit::EditArgs),
    Impute(commands::impute::ImputeArgs),
    Score(commands::score::ScoreArgs),
    Encode(commands::encode::EncodeArgs),
    Traverse(commands::traverse::TraverseArgs),
    Interpolate(commands::interpolate::InterpolateArgs),
    Map(commands::map::MapArgs),
    Evaluate(commands::evaluate::EvaluateArgs),
    Inspect(commands::inspect::InspectArgs),
    Demo(commands::demo::DemoArgs),
    Presets(commands::presets::PresetsArgs),
}

/// The run that a verb uses.
#[derive(Args, Debug)]
pub(crate) struct RunArg {
    /// Run folder, as written by `elbo train`
    #[arg(value_name = "RUN", value_hint = ValueHint::DirPath)]
    pub(crate) run: PathBuf,
    /// Device to compute on, such as cpu or cuda:1 [default: the one it was trained on]
    #[arg(long, value_name = "DEVICE", display_order = 100)]
    pub(crate) device: Option<String>,
}

impl RunArg {
    /// Opens the run, to compute on `threads` threads.
    pub(crate) fn open(&self, threads: usize) -> Result<Model, elbo::Error> {
        let options = ModelOptions {
            device: self.device.clone(),
            threads,
        };
        Model::open_with(&self.run, &options)
    }
}

/// The data that a verb reads.
#[derive(Args, Debug)]
pub(crate) struct DataArg {
    /// Data to read: a path or builtin:NAME
    #[arg(value_name = "DATA", value_hint = ValueHint::AnyPath)]
    pub(crate) data: String,
}

/// Where the result is written.
#[derive(Args, Debug)]
pub(crate) struct OutArgs {
    /// File or folder to write; its ending selects the format
    #[arg(long, short, value_name = "OUT", value_hint = ValueHint::AnyPath)]
    pub(crate) out: PathBuf,
    /// Replace an existing output
    #[arg(long)]
    pub(crate) force: bool,
}

impl From<OutArgs> for OutputOptions {
    fn from(OutArgs { out: path, force }: OutArgs) -> Self {
        Self { path, force }
    }
}

/// One part of the records.
#[derive(Args, Debug)]
pub(crate) struct PartArg {
    /// Only the K-th of N parts of the records, to share the work among N machines. All parts together, in order,
    /// hold the same records as one call without --part
    #[arg(long, value_name = "K/N", value_parser = part)]
    pub(crate) part: Option<Part>,
}

fn part(text: &str) -> Result<Part, String> {
    text.parse::<Part>()
        .map_err(|_| "write K/N: the K-th of N parts, counted from 1, such as 2/8".to_owned())
}

fn kinds() -> String {
    format!(
        "Kind of a column of a table: {}; a date may have its format, as in when=date:%d.%m.%Y; may be repeated",
        FieldType::LISTED
    )
}

/// How data are read.
#[derive(Args, Debug)]
#[command(next_help_heading = "Reading data")]
pub(crate) struct DataArgs {
    /// Size of the pictures: a side such as 64, or width x height such as 64x48
    #[arg(long, value_name = "SIZE")]
    pub(crate) size: Option<String>,
    /// How pictures of another shape are fitted to that size
    #[arg(long, value_parser = PossibleValuesParser::new(["crop", "pad", "stretch"]))]
    pub(crate) fit: Option<String>,
    /// Label of a picture or a text: its outermost sub-folder, or all folders on the way to it
    #[arg(long, value_parser = PossibleValuesParser::new(["folder", "path"]))]
    pub(crate) labels: Option<String>,
    /// Stop at the first broken record instead of skipping it
    #[arg(long)]
    pub(crate) strict: bool,
    /// Number of records of built-in data
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) records: Option<String>,
    #[arg(long, value_name = "name=kind", help = kinds())]
    pub(crate) field: Vec<String>,
    /// Word that means a missing value, in every column; none: only empty cells are missing; may be repeated
    #[arg(long, value_name = "WORD", allow_hyphen_values = true)]
    pub(crate) missing: Vec<String>,
}

impl DataArgs {
    /// The flags as settings of a config.
    pub(crate) fn settings(self) -> impl Iterator<Item = (String, String)> {
        given_flags([
            ("data.size", self.size),
            ("data.fit", self.fit),
            ("data.labels", self.labels),
            ("data.strict", self.strict.then(|| "true".to_owned())),
            ("data.records", self.records),
            (
                "data.fields",
                (!self.field.is_empty()).then(|| self.field.join(",")),
            ),
            (
                "data.missing",
                (!self.missing.is_empty()).then(|| self.missing.join(",")),
            ),
        ])
    }
}

/// The flags that were typed, as settings; flags that were not typed are left out.
pub(crate) fn given_flags<const N: usize>(
    flags: [(&'static str, Option<String>); N],
) -> impl Iterator<Item = (String, String)> {
    flags
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value?)))
}

/// Reads `name=value`; the value may hold further `=`. In `name>=value` and the like the sign belongs to the value.
pub(crate) fn name_value(text: &str) -> Result<(String, String), String> {
    let sign = text.find(['=', '<', '>']).unwrap_or(0);
    let (name, value) = text.split_at(sign);
    let value = value.strip_prefix('=').unwrap_or(value);
    match name.trim() {
        "" => Err("write `name=value`".to_owned()),
        name => Ok((name.to_owned(), value.to_owned())),
    }
}

/// Reads the name of a split.
pub(crate) fn split_parser() -> impl TypedValueParser<Value = Split> {
    PossibleValuesParser::new(["train", "validation", "test"]).map(|name| match name.as_str() {
        "train" => Split::Train,
        "validation" => Split::Validation,
        _ => Split::Test,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_grammar_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_name_and_its_value_part_at_the_first_sign() {
        assert_eq!(name_value("label=a=b"), Ok(("label".into(), "a=b".into())));
        assert_eq!(name_value(" smile =yes"), Ok(("smile".into(), "yes".into())));
        assert_eq!(name_value("age>=65"), Ok(("age".into(), ">=65".into())));
        assert_eq!(name_value("age < 30"), Ok(("age".into(), "< 30".into())));
        assert_eq!(name_value("smile="), Ok(("smile".into(), String::new())));
        assert!(name_value("smile").is_err() && name_value("=yes").is_err());
        assert!(name_value(">3").is_err() && name_value("").is_err());
    }
}
