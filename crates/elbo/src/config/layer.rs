//! One source of settings: a preset, a config file, the command line. Each value is checked here,
//! where it is still known where it was written.

use std::fmt;
use std::path::{Path, PathBuf};

use elbo_core::device_kind;
use elbo_data::error::nearest;
use serde::Deserialize;
use toml::de::{DeTable, DeValue, ValueDeserializer};
use toml::{Spanned, Value};

use super::keys::{self, KEYS, Key};
use super::presets;
use crate::Error;
use crate::run_dir::file;

/// Largest config file that is read.
const MAX_FILE: u64 = 1 << 20;
/// Longest value that an error shows.
const SHOWN: usize = 60;

/// Where a setting is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In the program that calls.
    Program,
    /// In a preset.
    Preset(String),
    /// In a line of a file, counted from 1.
    File(PathBuf, usize),
    /// On the command line.
    CommandLine,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Program => write!(f, "in the program"),
            Self::Preset(name) => write!(f, "in the preset `{name}`"),
            Self::File(path, line) => write!(f, "in line {line} of `{}`", path.display()),
            Self::CommandLine => write!(f, "on the command line"),
        }
    }
}

/// One setting of a source, known and possible.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: &'static Key,
    pub(crate) value: Value,
}

impl Entry {
    fn new(key: &'static Key, value: Value, origin: &Origin) -> Result<Self, Error> {
        let entry = Self { key, value };
        match &entry.value {
            // Whether there is such a device is asked when it is to compute: a run may have been
            // trained on another machine.
            Value::String(device) if key.path == "training.device" => match device_kind(device) {
                Ok(_) => Ok(entry),
                Err(why) => Err(Error::NoDevice {
                    device: shortened(device),
                    why,
                }),
            },
            value if entry.is_auto() || key.takes.fits(value) => Ok(entry),
            value => Err(Error::BadSetting {
                key: key.path,
                value: shortened(&value.to_string()),
                origin: origin.clone(),
                takes: key.describe(),
                nearest: key.takes.nearest(value),
            }),
        }
    }

    /// Whether the choice is left to the program.
    pub(crate) fn is_auto(&self) -> bool {
        self.key.auto && self.value.as_str() == Some("auto")
    }
}

/// The settings of one source.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layer {
    pub(crate) entries: Vec<Entry>,
}

impl Layer {
    pub(crate) fn preset(name: &str) -> Result<Self, Error> {
        let text = presets::text(name)?;
        Self::parse(text, Path::new(name), |_| Origin::Preset(name.to_owned()))
    }

    pub(crate) fn file(path: &Path) -> Result<Self, Error> {
        Self::toml(&file::read_text(path, MAX_FILE)?, path)
    }

    pub(crate) fn toml(text: &str, path: &Path) -> Result<Self, Error> {
        Self::parse(text, path, |at| {
            Origin::File(path.to_path_buf(), line_of(text, at))
        })
    }

    pub(crate) fn command_line(flags: &[(String, String)]) -> Result<Self, Error> {
        let origin = Origin::CommandLine;
        let entry = |(path, text): &(String, String)| {
            let key = known(path, &origin)?;
            let value = match text.as_str() {
                "auto" if key.auto => Value::String("auto".to_owned()),
                text => key.takes.read(text),
            };
            Entry::new(key, value, &origin)
        };
        Ok(Self {
            entries: flags.iter().map(entry).collect::<Result<_, _>>()?,
        })
    }

    /// The settings of a program's own [`toml::Table`].
    pub(crate) fn table(table: &toml::Table) -> Result<Self, Error> {
        let mut entries = Vec::new();
        for (section, values) in table {
            for (name, value) in values.as_table().into_iter().flatten() {
                let key = known(&format!("{section}.{name}"), &Origin::Program)?;
                entries.push(Entry::new(key, value.clone(), &Origin::Program)?);
            }
        }
        Ok(Self { entries })
    }

    /// `origin` says where the byte of the text is that a setting begins at.
    fn parse(text: &str, path: &Path, origin: impl Fn(usize) -> Origin) -> Result<Self, Error> {
        let broken = |error: toml::de::Error| Error::ConfigSyntax {
            path: path.to_path_buf(),
            line: line_of(text, error.span().map_or(0, |span| span.start)),
            reason: error.message().replace('\n', ", "),
        };
        let mut entries = Vec::new();
        for (section, values) in DeTable::parse(text).map_err(broken)?.into_inner() {
            let at = section.span().start;
            let DeValue::Table(values) = values.into_inner() else {
                return Err(unknown(section.as_ref(), origin(at)));
            };
            if !keys::sections().contains(&section.as_ref().as_ref()) {
                return Err(unknown(section.as_ref(), origin(at)));
            }
            for (name, value) in values {
                let origin = origin(name.span().start);
                let key = known(&format!("{}.{}", section.as_ref(), name.as_ref()), &origin)?;
                entries.push(Entry::new(key, to_value(value).map_err(broken)?, &origin)?);
            }
        }
        Ok(Self { entries })
    }
}

fn to_value(value: Spanned<DeValue<'_>>) -> Result<Value, toml::de::Error> {
    Value::deserialize(ValueDeserializer::from(value))
}

fn known(path: &str, origin: &Origin) -> Result<&'static Key, Error> {
    keys::find(path).ok_or_else(|| unknown(path, origin.clone()))
}

/// The error about a key that there is not; a key without its section is compared by name.
fn unknown(path: &str, origin: Origin) -> Error {
    let by_name = || {
        let name = nearest(path, KEYS.iter().map(Key::name))?;
        KEYS.iter()
            .find(|key| key.name() == name)
            .map(|key| key.path.to_owned())
    };
    let nearest = match path.contains('.') {
        true => nearest(path, KEYS.iter().map(|key| key.path)),
        false => by_name(),
    };
    Error::UnknownSetting {
        key: shortened(path),
        origin,
        nearest,
    }
}

/// The line of a byte of the text, counted from 1.
fn line_of(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(key: &str, value: &str) -> String {
        Layer::command_line(&[(key.to_owned(), value.to_owned())])
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn a_bad_value_says_what_the_setting_takes() {
        assert_eq!(
            message("training.epochs", "0"),
            "`training.epochs = 0`, as written on the command line, is not possible: it takes a whole number of at least 1"
        );
        assert_eq!(
            message("training.schedule", "cosin"),
            "`training.schedule = \"cosin\"`, as written on the command line, is not possible: \
             it takes one of `constant`, `cosine`, `step`; did you mean `cosine`?"
        );
    }

    #[test]
    fn an_unknown_key_is_compared_with_the_known_ones() {
        assert!(message("network.hiden", "5").ends_with("did you mean `network.hidden`?"));
        assert!(message("learning_rat", "5").ends_with("did you mean `training.learning_rate`?"));
        assert_eq!(
            message("qqq", "5"),
            "there is no setting `qqq`, as written on the command line"
        );
    }

    #[test]
    fn a_device_is_known_by_its_name_whether_or_not_it_is_there() {
        assert_eq!(
            message("training.device", "tpu"),
            "`training.device = \"tpu\"` is not possible: no device is called that"
        );
        let elsewhere = [("training.device".to_owned(), "cuda:7".to_owned())];
        assert!(Layer::command_line(&elsewhere).is_ok());
    }

    #[test]
    fn a_long_value_is_cut() {
        let text = message("training.schedule", &"é".repeat(5000));
        assert!(text.len() < 400 && text.contains('…'), "{text}");
    }

    #[test]
    fn a_preset_with_an_unknown_name_is_refused() {
        let error = Layer::preset("flax-mnits").unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no preset `flax-mnits`; did you mean `flax-mnist`?"
        );
    }

    #[test]
    fn text_that_is_no_toml_is_an_error_with_its_line() {
        for text in [
            "[",
            "[data]\nx",
            "[data]\nseed = 1\nseed = 2",
            "\0",
            "[data]\nseed = 99999999999999999999",
        ] {
            assert!(Layer::toml(text, Path::new("a.toml")).is_err(), "{text}");
        }
        let error = Layer::toml("[data]\nseed = 1\nseed = 2", Path::new("a.toml"))
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("line 3 of `a.toml` cannot be read"), "{error}");
    }
}
