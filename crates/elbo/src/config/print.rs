//! A config file that explains itself: every setting, below a comment with its meaning.

use std::fmt::Write;

use toml::{Table, Value};

use super::keys::{self, FIELD_KEYS, KEYS, Key};
use super::place::{FIELDS, quoted_name};
use crate::Error;

/// `table` as commented TOML, in the order of [`KEYS`]; what it leaves to the program is written as `"auto"`.
pub(super) fn commented(table: &Table) -> Result<String, Error> {
    let mut text =
        String::from("# All settings of the run. Read it back with `elbo train DATA --config FILE`.\n");
    for section in keys::sections() {
        let keys = KEYS.iter().filter(|key| key.section() == section);
        write_section(&mut text, section, keys, |key| {
            let value = table.get(section).and_then(|values| values.get(key.name()));
            value.cloned().or_else(|| key.auto.then(|| "auto".into()))
        })?;
    }
    // A field's section has only what is set: the rest holds for all fields.
    for (name, values) in table.get(FIELDS).and_then(Value::as_table).into_iter().flatten() {
        let section = format!("{FIELDS}.{}", quoted_name(name));
        write_section(&mut text, &section, FIELD_KEYS.iter(), |key| {
            values.get(key.name()).cloned()
        })?;
    }
    Ok(text)
}

/// The keys of a section that have a value, each below its meaning.
fn write_section<'a>(
    text: &mut String,
    section: &str,
    mut keys: impl Iterator<Item = &'a Key>,
    value: impl Fn(&Key) -> Option<Value>,
) -> Result<(), Error> {
    let written = write!(text, "\n[{section}]\n").and_then(|()| {
        keys.try_for_each(|key| match value(key) {
            Some(value) => writeln!(text, "# {}\n{} = {value}", key.about, key.name()),
            None => Ok(()),
        })
    });
    written.map_err(|error| Error::Unwritable {
        reason: error.to_string(),
    })
}
