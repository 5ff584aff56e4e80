//! One source of settings: a preset, a config file, the command line. Each value is checked here, so that an
//! error can name the place where the value is written.

use std::fmt;
use std::path::{Path, PathBuf};

use elbo_core::device_kind;
use serde::Deserialize;
use toml::de::{DeTable, DeValue, ValueDeserializer};
use toml::{Spanned, Table, Value};

use super::keys;
use super::place::{self, FIELDS, Place, shortened};
use super::presets;
use crate::Error;
use crate::run::file;

/// Largest config file that is read.
const MAX_FILE: u64 = 1 << 20;

/// Where a setting is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In the calling program.
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

/// One setting of a source, with a value that it takes.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) place: Place,
    pub(crate) value: Value,
}

impl Entry {
    fn new(place: Place, value: Value, origin: &Origin) -> Result<Self, Error> {
        let key = place.key;
        let entry = Self { place, value };
        let value = &entry.value;
        // Whether the device exists is checked before computing: the run may come from another machine.
        if let ("training.device", Some(device)) = (key.path, value.as_str()) {
            return match device_kind(device) {
                Ok(_) => Ok(entry),
                Err(why) => Err(Error::NoDevice {
                    device: shortened(device),
                    why,
                }),
            };
        }
        if entry.is_auto() || key.takes.fits(value) {
            return Ok(entry);
        }
        Err(Error::BadSetting {
            setting: entry.place.to_string(),
            value: shortened(&value.to_string()),
            origin: origin.clone(),
            key,
            nearest: key.takes.nearest(value),
        })
    }

    /// Writes the value where it belongs in a whole config.
    pub(crate) fn write_into(self, config: &mut Table) {
        let Place { field, key } = &self.place;
        let sections = match field {
            Some(field) => vec![FIELDS, field],
            None => vec![key.section()],
        };
        let section = sections.into_iter().try_fold(config, |table, name| {
            let section = table.entry(name).or_insert_with(|| Table::new().into());
            section.as_table_mut()
        });
        if let Some(section) = section {
            section.insert(key.name().to_owned(), self.value);
        }
    }

    /// Whether the choice is left to the program.
    pub(crate) fn is_auto(&self) -> bool {
        self.place.key.auto && self.value.as_str() == Some("auto")
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
        let entry = |(name, text): &(String, String)| {
            let place = Place::parse(name, &origin)?;
            let value = match text.as_str() {
                "auto" if place.key.auto => Value::String("auto".to_owned()),
                text => place.key.takes.read(text),
            };
            Entry::new(place, value, &origin)
        };
        Ok(Self {
            entries: flags.iter().map(entry).collect::<Result<_, _>>()?,
        })
    }

    /// The settings of a config that a program built, as its [`toml::Table`].
    pub(crate) fn table(table: &Table) -> Result<Self, Error> {
        let origin = Origin::Program;
        let mut entries = Vec::new();
        for (section, values) in table {
            for (name, value) in values.as_table().into_iter().flatten() {
                if section != FIELDS {
                    let place = Place::of_run(&format!("{section}.{name}"), &origin)?;
                    entries.push(Entry::new(place, value.clone(), &origin)?);
                    continue;
                }
                for (key, value) in value.as_table().into_iter().flatten() {
                    let place = Place::of_field(name, key, &origin)?;
                    entries.push(Entry::new(place, value.clone(), &origin)?);
                }
            }
        }
        Ok(Self { entries })
    }

    /// `origin` is the place of a setting whose first byte in the text is the argument.
    fn parse(text: &str, path: &Path, origin: impl Fn(usize) -> Origin) -> Result<Self, Error> {
        let reading = Reading {
            origin: &origin,
            broken: &|error| Error::ConfigSyntax {
                path: path.to_path_buf(),
                line: line_of(text, error.span().map_or(0, |span| span.start)),
                reason: error.message().replace('\n', ", "),
            },
        };
        let mut entries = Vec::new();
        for (section, values) in DeTable::parse(text).map_err(reading.broken)?.into_inner() {
            let (at, name) = (section.span().start, section.as_ref().as_ref());
            let DeValue::Table(values) = values.into_inner() else {
                return Err(place::unknown(name, origin(at)));
            };
            match name {
                FIELDS => reading.fields(values, &mut entries)?,
                name if keys::sections().contains(&name) => reading.section(name, values, &mut entries)?,
                name => return Err(place::unknown_section(name, origin(at))),
            }
        }
        Ok(Self { entries })
    }
}

/// The reading of one text of TOML.
struct Reading<'a> {
    origin: &'a dyn Fn(usize) -> Origin,
    broken: &'a dyn Fn(toml::de::Error) -> Error,
}

impl Reading<'_> {
    fn section(&self, section: &str, values: DeTable<'_>, entries: &mut Vec<Entry>) -> Result<(), Error> {
        for (name, value) in values {
            let origin = (self.origin)(name.span().start);
            let place = Place::of_run(&format!("{section}.{}", name.as_ref()), &origin)?;
            entries.push(Entry::new(place, self.value(value)?, &origin)?);
        }
        Ok(())
    }

    /// The sections of fields, `[fields.NAME]`.
    fn fields(&self, fields: DeTable<'_>, entries: &mut Vec<Entry>) -> Result<(), Error> {
        for (field, values) in fields {
            let (at, field) = (field.span().start, field.as_ref());
            let DeValue::Table(values) = values.into_inner() else {
                return Err(place::unknown_in_fields(
                    &place::quoted_name(field),
                    (self.origin)(at),
                ));
            };
            for (name, value) in values {
                let origin = (self.origin)(name.span().start);
                if value.as_ref().is_table() {
                    return Err(place::nested(field, name.as_ref(), origin));
                }
                let place = Place::of_field(field, name.as_ref(), &origin)?;
                entries.push(Entry::new(place, self.value(value)?, &origin)?);
            }
        }
        Ok(())
    }

    fn value(&self, value: Spanned<DeValue<'_>>) -> Result<Value, Error> {
        Value::deserialize(ValueDeserializer::from(value)).map_err(self.broken)
    }
}

/// The line of a byte of the text, counted from 1.
fn line_of(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
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
            "`training.epochs = 0`, as written on the command line, is not possible: it takes a whole number of at least 1, or `auto`"
        );
        assert_eq!(
            message("training.schedule", "cosin"),
            "`training.schedule = \"cosin\"`, as written on the command line, is not possible: \
             it takes one of `constant`, `cosine`, `step`, or `auto`; did you mean `cosine`?"
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
