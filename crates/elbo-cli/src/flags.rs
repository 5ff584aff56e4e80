//! From the library's settings to the flags of this command line.
//!
//! The library has no flags, so its messages name settings in backticks, such as `OutputOptions::force` or
//! `training.batch = 16`. This module replaces each by the matching flag, such as `--force`.

/// The flag of each setting of a request that the library's texts name.
const SETTINGS: &[(&str, &str)] = &[
    ("EditRequest::given", "--given"),
    ("EditRequest::n", "-n"),
    ("EvaluateRequest::generated", "--generated"),
    ("EvaluateRequest::limit", "--limit"),
    ("EvaluateRequest::privacy", "--privacy"),
    ("EvaluateRequest::samples", "--samples"),
    ("EvaluateRequest::split", "--split"),
    ("EvaluateRequest::utility", "--utility"),
    ("ImputeRequest::draws", "--draws"),
    ("InterpolateRequest::from", "--from"),
    ("InterpolateRequest::steps", "--steps"),
    ("InterpolateRequest::to", "--to"),
    ("MapRequest::colour_by", "--colour-by"),
    ("ModelOptions::device", "--device"),
    ("ModelOptions::threads", "--threads"),
    ("OpenOptions::fields", "--field"),
    ("OpenOptions::labels", "--labels"),
    ("OpenOptions::size", "--size"),
    ("OpenOptions::strict", "--strict"),
    ("OutputOptions::force", "--force"),
    ("OutputOptions::path", "--out"),
    ("Part", "--part"),
    ("ReconstructRequest::n", "-n"),
    ("SampleRequest::given", "--given"),
    ("SampleRequest::n", "-n"),
    ("SampleRequest::rows", "--given-file"),
    ("SampleRequest::temperature", "--temperature"),
    ("Sampling::temperature", "--text-temperature"),
    ("Sampling::top_k", "--top-k"),
    ("Sampling::top_p", "--top-p"),
    ("ScoreRequest::false_alarms", "--false-alarms"),
    ("ScoreRequest::samples", "--samples"),
    ("TraverseRequest::from", "--from"),
    ("TraverseRequest::given", "--given"),
    ("TraverseRequest::range", "--range"),
    ("TraverseRequest::steps", "--steps"),
    ("TraverseRequest::units", "--units"),
    ("elbo::inspect", "elbo inspect"),
    ("train::resume", "elbo train --resume"),
];

/// The flag of each key of the config that has one; the others go through `--set`.
const KEYS: &[(&str, &str)] = &[
    ("data.fit", "--fit"),
    ("data.given", "--given"),
    ("data.labels", "--labels"),
    ("data.model", "--model"),
    ("data.records", "--records"),
    ("data.size", "--size"),
    ("model.latent", "--latent"),
    ("network.precision", "--precision"),
    ("objective.beta", "--beta"),
    ("training.batch", "--batch"),
    ("training.device", "--device"),
    ("training.epochs", "--epochs"),
    ("training.learning_rate", "--lr"),
    ("training.seed", "--seed"),
    ("training.threads", "--threads"),
];

/// An error's text with flags in place of the settings of a request. The keys of a config keep their names, since a
/// file may set them.
pub(crate) fn in_error(text: &str) -> String {
    translated(text, setting)
}

/// A hint or a note with flags in place of all settings. A key of the config is translated only with a value, since
/// then it is advice to follow; alone it only names the key.
pub(crate) fn in_advice(text: &str) -> String {
    translated(text, |words| setting(words).or_else(|| key(words)))
}

/// The text with each part in backticks replaced by its flag, if `flag` finds one.
fn translated(text: &str, flag: impl Fn(&str) -> Option<String>) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    // The parts at odd positions are in backticks, unless the last backtick is not closed.
    let literal = |place: usize| place % 2 == 1 && place + 1 < parts.len();
    let part = |(place, part): (usize, &&str)| match flag(part).filter(|_| literal(place)) {
        Some(flag) => flag,
        None => (*part).to_owned(),
    };
    parts.iter().enumerate().map(part).collect::<Vec<_>>().join("`")
}

/// `Type::name`, `Type::name = value` or `function(value)` as a flag. A name without `::` needs a value: alone it may be
/// the name of a field.
fn setting(words: &str) -> Option<String> {
    let call = words.strip_suffix(')').and_then(|words| words.split_once('('));
    match words.split_once(" = ").or(call) {
        Some((name, value)) => Some(format!("{} {}", found(SETTINGS, name)?, unquoted(value))),
        None => found(SETTINGS, words)
            .filter(|_| words.contains("::"))
            .map(str::to_owned),
    }
}

/// `key = value` as a flag; a key without its own flag is set through `--set`.
fn key(words: &str) -> Option<String> {
    let (name, value) = words.split_once(" = ")?;
    let value = unquoted(value);
    if let Some(flag) = found(KEYS, name) {
        return Some(format!("{flag} {value}"));
    }
    elbo::config::keys::find(name).map(|key| format!("--set {}={value}", key.path))
}

fn found(table: &[(&str, &'static str)], name: &str) -> Option<&'static str> {
    table
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, flag)| *flag)
}

/// A value as it is typed in a shell.
fn unquoted(value: &str) -> &str {
    let inner = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    inner.unwrap_or(value)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "a test may read the sources")]

    use std::path::{Path, PathBuf};

    use clap::CommandFactory;

    use super::*;
    use crate::args::Cli;

    #[test]
    fn settings_become_flags() {
        for (text, expected) in [
            (
                "replace it with `OutputOptions::force`",
                "replace it with `--force`",
            ),
            (
                "`SampleRequest::n` cannot be `0`: it takes at least 1",
                "`-n` cannot be `0`: it takes at least 1",
            ),
            ("use `ModelOptions::device = \"cpu\"`", "use `--device cpu`"),
            (
                "use `OutputOptions::path = a b`, or not",
                "use `--out a b`, or not",
            ),
            (
                "continue with `train::resume(runs/a)`",
                "continue with `elbo train --resume runs/a`",
            ),
            (
                "an unclosed `OutputOptions::force",
                "an unclosed `OutputOptions::force",
            ),
            ("OutputOptions::force", "OutputOptions::force"),
            ("`a` OutputOptions::force `b`", "`a` OutputOptions::force `b`"),
            (
                "there is no field `Other::name`",
                "there is no field `Other::name`",
            ),
            ("there is no field `Part`", "there is no field `Part`"),
            ("name another: `Part = left`", "name another: `--part left`"),
        ] {
            assert_eq!(in_error(text), expected);
            assert_eq!(in_advice(text), expected);
        }
    }

    #[test]
    fn a_key_with_a_value_is_something_to_do_in_a_hint_and_a_fact_in_an_error() {
        let own = "choose at most 39: `training.batch = 39`";
        assert_eq!(in_error(own), own);
        assert_eq!(in_advice(own), "choose at most 39: `--batch 39`");
        let set = "`model.likelihood = \"gaussian\"` is another";
        assert_eq!(in_advice(set), "`--set model.likelihood=gaussian` is another");
        let named = "`training.batch`: the number of records in a step";
        assert_eq!(in_advice(named), named);
        let unknown = "`label = 7` is given";
        assert_eq!(in_advice(unknown), unknown);
    }

    /// All flags, of every verb.
    fn flags() -> Vec<String> {
        let mut flags = Vec::new();
        for command in Cli::command().get_subcommands() {
            for flag in command.get_arguments() {
                flags.extend(flag.get_long().map(|long| format!("--{long}")));
                flags.extend(flag.get_short().map(|short| format!("-{short}")));
            }
        }
        let global = Cli::command();
        flags.extend(
            global
                .get_arguments()
                .filter_map(|flag| Some(format!("--{}", flag.get_long()?))),
        );
        flags
    }

    #[test]
    fn every_flag_of_the_tables_exists() {
        let flags = flags();
        for (name, flag) in SETTINGS.iter().chain(KEYS) {
            let flag = flag.rsplit(' ').next().unwrap();
            if !flag.starts_with('-') {
                // The name of a verb.
                continue;
            }
            assert!(flags.iter().any(|known| known == flag), "{name}: {flag}");
        }
    }

    #[test]
    fn every_key_of_the_table_exists() {
        for (key, _) in KEYS {
            assert!(elbo::config::keys::find(key).is_some(), "{key}");
        }
    }

    fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => sources(&path, found),
                false => found.push(path),
            }
        }
    }

    /// The settings that a line of code names at the start of a literal, or in backticks: `Type::name`.
    fn named(line: &str) -> impl Iterator<Item = &str> {
        line.split(['`', '"']).skip(1).filter_map(|part| {
            let end = part.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'));
            let name = &part[..end.unwrap_or(part.len())];
            let (owner, setting) = name.split_once("::")?;
            let words = |text: &str| !text.is_empty() && !text.contains(':');
            (words(owner) && words(setting)).then_some(name)
        })
    }

    /// Functions that the libraries' own panics name, and what a command line cannot ask for.
    const NO_SETTINGS: [&str; 3] = ["ModelConfig::check", "DecodeRequest::z", "Data::with"];

    /// Whether a line may hold a part of a message: neither a comment nor an attribute for serde.
    fn is_message(line: &str) -> bool {
        let line = line.trim_start();
        !line.starts_with("//") && !line.starts_with("#[serde(")
    }

    #[test]
    fn the_table_has_every_setting_that_the_libraries_name() {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let mut files = Vec::new();
        for library in ["elbo", "elbo-core", "elbo-data"] {
            sources(&crates.join(library).join("src"), &mut files);
        }
        let mut count = 0;
        for file in files
            .iter()
            .filter(|file| file.extension().is_some_and(|end| end == "rs"))
        {
            let text = std::fs::read_to_string(file).unwrap();
            for line in text.lines().filter(|line| is_message(line)) {
                for name in named(line).filter(|name| !NO_SETTINGS.contains(name)) {
                    assert!(found(SETTINGS, name).is_some(), "{name} in {}", file.display());
                    count += 1;
                }
            }
        }
        // At least those of the hints about runs.
        assert!(count > 4, "{count}");
    }
}
