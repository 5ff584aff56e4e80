//! The full name of a setting: `network.hidden`, or `fields.NAME.kind` in the section of a field. A field's name
//! stands in quotes, as in TOML, where it holds a dot: `fields."a.b".kind`.

use std::fmt;

use elbo_data::error::nearest;
use serde::Deserialize;

use super::keys::{self, FIELD_KEYS, KEYS, Key};
use super::layer::Origin;
use crate::Error;

/// The section whose parts are the sections of single fields.
pub(super) const FIELDS: &str = "fields";
/// Longest name or value that an error shows.
const SHOWN: usize = 60;

/// A known setting, of the run or of one field.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The field that it is a setting of; `None`: of the run.
    pub(crate) field: Option<String>,
    pub(crate) key: &'static Key,
}

impl Place {
    /// The setting called `name`, as written on a command line.
    pub(super) fn parse(name: &str, origin: &Origin) -> Result<Self, Error> {
        match name.strip_prefix(FIELDS).and_then(|rest| rest.strip_prefix('.')) {
            Some(rest) => of_field(rest).ok_or_else(|| unknown_in_fields(rest, origin.clone())),
            None => Self::of_run(name, origin),
        }
    }

    /// The setting of the run called `name`.
    pub(super) fn of_run(name: &str, origin: &Origin) -> Result<Self, Error> {
        let key = keys::find(name).ok_or_else(|| unknown(name, origin.clone()))?;
        Ok(Self { field: None, key })
    }

    /// The setting called `name` in the section of `field`.
    pub(super) fn of_field(field: &str, name: &str, origin: &Origin) -> Result<Self, Error> {
        match keys::find_for_field(name) {
            Some(key) => Ok(Self {
                field: Some(field.to_owned()),
                key,
            }),
            None => Err(Error::UnknownSetting {
                key: shortened(&format!("{FIELDS}.{}.{name}", quoted_name(field))),
                origin: origin.clone(),
                nearest: nearest(name, FIELD_KEYS.iter().map(Key::name)).map(|name| setting(field, &name)),
            }),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.field {
            Some(field) => f.write_str(&setting(field, self.key.name())),
            None => f.write_str(self.key.path),
        }
    }
}

/// The full name of a setting in a field's section.
pub(super) fn setting(field: &str, name: &str) -> String {
    format!("{FIELDS}.{}.{name}", quoted_name(field))
}

/// A field's name as a key of TOML: in quotes, unless it consists of letters, digits, `-` and `_`.
pub(super) fn quoted_name(name: &str) -> String {
    let line = toml::Table::from_iter([(name.to_owned(), true.into())]).to_string();
    line.trim_end().trim_end_matches(" = true").to_owned()
}

/// The setting `NAME.key`. A bare name may hold any character but a dot and a quote.
fn of_field(rest: &str) -> Option<Place> {
    let (name, key) = rest.rsplit_once('.')?;
    let name = match name.starts_with(['"', '\'']) {
        true => unquoted(name)?,
        false if name.is_empty() || name.contains('.') => return None,
        false => name.to_owned(),
    };
    let key = keys::find_for_field(key)?;
    let field = Some(name);
    Some(Place { field, key })
}

fn unquoted(name: &str) -> Option<String> {
    let value = toml::de::ValueDeserializer::parse(name).ok()?;
    String::deserialize(value).ok()
}

/// The error about a key that does not exist; a key without its section is compared by name.
pub(super) fn unknown(name: &str, origin: Origin) -> Error {
    let by_name = || {
        let found = nearest(name, KEYS.iter().map(Key::name))?;
        let key = KEYS.iter().find(|key| key.name() == found)?;
        Some(key.path.to_owned())
    };
    let nearest = match name.contains('.') {
        true => nearest(name, KEYS.iter().map(|key| key.path)),
        false => by_name(),
    };
    Error::UnknownSetting {
        key: shortened(name),
        origin,
        nearest,
    }
}

/// The error about a section that does not exist.
pub(super) fn unknown_section(name: &str, origin: Origin) -> Error {
    Error::UnknownSetting {
        key: shortened(name),
        origin,
        nearest: nearest(name, keys::sections().into_iter().chain([FIELDS])),
    }
}

/// The error about `fields.rest`, which is no setting of a field.
pub(super) fn unknown_in_fields(rest: &str, origin: Origin) -> Error {
    let (name, key) = rest.rsplit_once('.').unwrap_or((rest, ""));
    let name = unquoted(name).unwrap_or_else(|| name.to_owned());
    let meant = match keys::find_for_field(key) {
        Some(_) => Some(key.to_owned()),
        None => nearest(key, FIELD_KEYS.iter().map(Key::name)),
    };
    Error::UnknownSetting {
        key: shortened(&format!("{FIELDS}.{rest}")),
        origin,
        nearest: meant.map(|key| setting(&name, &key)),
    }
}

/// The error about a section within that of `field`: the dot of a field's name lacks its quotes.
pub(super) fn nested(field: &str, name: &str, origin: Origin) -> Error {
    let whole = format!("{field}.{name}");
    Error::UnknownSetting {
        key: shortened(&format!("{FIELDS}.{}.{}", quoted_name(field), quoted_name(name))),
        origin,
        nearest: Some(format!("{FIELDS}.{}", quoted_name(&whole))),
    }
}

/// The beginning of a text that may be long.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str) -> Option<(String, String)> {
        let place = Place::parse(name, &Origin::CommandLine).ok()?;
        Some((place.field.clone()?, place.to_string()))
    }

    #[test]
    fn a_field_is_named_bare_or_in_quotes() {
        let both = |field: &str, setting: &str| Some((field.to_owned(), setting.to_owned()));
        assert_eq!(read("fields.age.kind"), both("age", "fields.age.kind"));
        assert_eq!(
            read("fields.hair colour.kind"),
            both("hair colour", "fields.\"hair colour\".kind")
        );
        assert_eq!(read("fields.\"a.b\".kind"), both("a.b", "fields.\"a.b\".kind"));
        assert_eq!(read("fields.'a.b'.kind"), both("a.b", "fields.\"a.b\".kind"));
        assert_eq!(read("network.hidden"), None);
    }

    #[test]
    fn every_name_survives_its_quotes() {
        for name in [
            "age", "a.b", "a b", "é", "a\"b", "a'b", "a\nb", "a = true", "", "\\", "1",
        ] {
            let setting = setting(name, "kind");
            assert_eq!(
                read(&setting),
                Some((name.to_owned(), setting.clone())),
                "{setting}"
            );
        }
    }

    #[test]
    fn an_unknown_setting_of_a_field_names_the_nearest() {
        let message = |name: &str| Place::parse(name, &Origin::CommandLine).unwrap_err().to_string();
        assert_eq!(
            message("fields.age.knd"),
            "there is no setting `fields.age.knd`, as written on the command line; did you mean `fields.age.kind`?"
        );
        assert!(message("fields.a.b.kind").ends_with("did you mean `fields.\"a.b\".kind`?"));
        assert!(message("fields.age").ends_with("as written on the command line"));
    }
}
