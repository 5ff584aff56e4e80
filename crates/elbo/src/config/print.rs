//! A config file that explains itself: every setting, its meaning as a comment above it.

use std::fmt::Write;

use toml::{Table, Value};

use super::keys::{self, KEYS, Key};
use crate::Error;

/// `table` as commented TOML, in the order of [`KEYS`]; what it leaves open is written as `"auto"`.
pub(super) fn commented(table: &Table) -> Result<String, Error> {
    let mut text =
        String::from("# All settings of the run. Read it back with `elbo train DATA --config FILE`.\n");
    for section in keys::sections() {
        let written = write!(text, "\n[{section}]\n").and_then(|()| {
            let keys = KEYS.iter().filter(|key| key.section() == section);
            keys.filter_map(|key| Some((key, value(table, key)?)))
                .try_for_each(|(key, value)| writeln!(text, "# {}\n{} = {value}", key.about, key.name()))
        });
        written.map_err(|error| Error::Unwritable {
            reason: error.to_string(),
        })?;
    }
    Ok(text)
}

fn value(table: &Table, key: &Key) -> Option<Value> {
    let value = table
        .get(key.section())
        .and_then(|section| section.get(key.name()))
        .cloned();
    value.or_else(|| key.auto.then(|| Value::String("auto".to_owned())))
}
