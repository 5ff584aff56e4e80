//! The settings of single fields: which values hold for a field, and whether the field can have them.

use std::collections::BTreeMap;

use elbo_data::options::TypedField;
use elbo_data::{Binarize, Schema};

use super::place::setting;
use super::roles::Roles;
use super::{FieldSection, RunConfig};
use crate::Error;

impl RunConfig {
    /// When the gray pixels of the field `name` are replaced by black or white.
    pub fn binarize_of(&self, name: &str) -> Binarize {
        binarize_of(&self.fields, name, self.data.binarize)
    }

    /// The kinds of columns that the settings fix; a later one wins over an earlier one.
    pub(super) fn typed_fields(&self) -> Vec<TypedField> {
        let own = self.fields.iter();
        let own = own.filter_map(|(name, field)| Some(TypedField::new(name, field.kind?)));
        self.data.fields.iter().cloned().chain(own).collect()
    }
}

/// A field's own setting, or the one for all fields.
pub(super) fn binarize_of(
    fields: &BTreeMap<String, FieldSection>,
    name: &str,
    for_all: Binarize,
) -> Binarize {
    fields
        .get(name)
        .and_then(|field| field.binarize)
        .unwrap_or(for_all)
}

/// Whether the data have each field with settings of its own, and only pictures have the settings of pictures.
pub(super) fn check(config: &RunConfig, schema: &Schema) -> Result<(), Error> {
    for (name, section) in &config.fields {
        let field = match schema.fields.iter().find(|field| field.name == *name) {
            Some(field) => field,
            // No such field: the schema's error has the nearest name.
            None => schema.field(name)?.1,
        };
        let set = picture_settings(section);
        if let (None, Some(key)) = (field.kind.image(), set.first()) {
            let pictures = schema.fields.iter().filter(|field| field.kind.image().is_some());
            return Err(Error::NotAPicture {
                setting: setting(name, key),
                field: name.clone(),
                kind: field.kind.name(),
                pictures: pictures.map(|field| field.name.clone()).collect(),
            });
        }
    }
    Ok(())
}

/// Notes on settings of fields that the model does not have.
pub(super) fn note_unused(config: &RunConfig, roles: &Roles, notes: &mut Vec<String>) {
    for (name, section) in &config.fields {
        let mut used = roles.modelled.iter().chain(&roles.given);
        if used.any(|role| role.field.name == *name) {
            continue;
        }
        for key in picture_settings(section) {
            notes.push(format!(
                "`{}` changes nothing: `{name}` is neither modelled nor given",
                setting(name, key)
            ));
        }
    }
}

/// The names of those settings of pictures that are set.
fn picture_settings(section: &FieldSection) -> Vec<&'static str> {
    let (binarize, likelihood) = (section.binarize.is_some(), section.likelihood.is_some());
    let all = [("binarize", binarize), ("likelihood", likelihood)];
    all.into_iter()
        .filter_map(|(name, set)| set.then_some(name))
        .collect()
}

#[cfg(test)]
mod tests;
