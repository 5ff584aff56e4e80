//! The modelled and the given fields, from the names in `data.model` and `data.given`.

use elbo_core::Region;
use elbo_data::{Field, Schema};

use crate::Error;

/// In place of the names of given fields: an any-conditional model. In training, each step draws anew for each record
/// which fields are given, so that one model samples from every conditional distribution.
pub const ANY: &str = "any";
/// In place of the names of modelled fields: every field that is not given.
pub const ALL: &str = "all";

/// A field in one of its roles.
#[derive(Clone, Copy)]
pub(super) struct Role<'a> {
    pub(super) field: &'a Field,
    /// The pixels of an image that the role concerns.
    pub(super) region: Region,
}

/// The fields of a model, by role.
pub(super) struct Roles<'a> {
    pub(super) modelled: Vec<Role<'a>>,
    pub(super) given: Vec<Role<'a>>,
}

/// Whether these names make the model any-conditional.
pub(crate) fn is_any(given: &[String]) -> bool {
    matches!(given, [any] if any == ANY)
}

/// The names of fields in a list that was cut at its commas: pieces that name no field are joined again where that, or
/// what is in quotes then, gives a field.
pub(super) fn whole_names(schema: &Schema, names: &[String]) -> Vec<String> {
    let known = |name: &str| schema.fields.iter().any(|field| field.name == name);
    let (mut whole, mut rest) = (Vec::new(), names);
    while let Some(first) = rest.first() {
        let joined = |pieces: usize| {
            let names = [",", ", "].map(|comma| rest[..pieces].join(comma));
            let found = names.iter().map(|name| unquoted(name)).find(|name| known(name))?;
            Some((found.to_owned(), pieces))
        };
        let found = (1..=rest.len()).find_map(joined).filter(|_| !known(first));
        let (name, pieces) = found.unwrap_or_else(|| (first.clone(), 1));
        whole.push(name);
        rest = &rest[pieces..];
    }
    whole
}

fn unquoted(name: &str) -> &str {
    let inner = name.strip_prefix('"').and_then(|name| name.strip_suffix('"'));
    inner.unwrap_or(name)
}

/// The roles that `model` and `given` assign to a schema's fields. Without `model`, the pictures are modelled if there
/// are any, else all fields that are not given.
pub(super) fn roles<'a>(
    schema: &'a Schema,
    model: Option<&[String]>,
    given: &[String],
) -> Result<Roles<'a>, Error> {
    if is_any(given) && schema.fields.iter().all(|field| field.name != ANY) {
        let all = [ALL.to_owned()];
        let modelled = modelled(schema, Some(model.unwrap_or(&all)), &[])?;
        let given = modelled.clone();
        return Ok(Roles { modelled, given });
    }
    let given = given
        .iter()
        .map(|name| role(schema, name))
        .collect::<Result<Vec<_>, _>>()?;
    let modelled = modelled(schema, model, &given)?;
    check(&modelled, &given)?;
    Ok(Roles { modelled, given })
}

/// The field, or part of a field, of this name: `image:left` is the left half of `image`.
fn role<'a>(schema: &'a Schema, name: &str) -> Result<Role<'a>, Error> {
    let whole = |field| Role {
        field,
        region: Region::Whole,
    };
    let Some((name, part)) = name
        .rsplit_once(':')
        .filter(|_| schema.fields.iter().all(|field| field.name != name))
    else {
        return Ok(whole(schema.field(name)?.1));
    };
    let (_, field) = schema.field(name)?;
    match Region::named(part).filter(|_| field.kind.image().is_some()) {
        Some(region) => Ok(Role { field, region }),
        None => Err(Error::NoRegion {
            field: name.to_owned(),
            part: part.to_owned(),
            kind: field.kind.name(),
        }),
    }
}

/// The modelled fields; of an image with a given part, the rest.
fn modelled<'a>(
    schema: &'a Schema,
    names: Option<&[String]>,
    given: &[Role<'a>],
) -> Result<Vec<Role<'a>>, Error> {
    let fields = match names {
        Some(names) if names != [ALL] => {
            let named = names.iter().map(|name| Ok(schema.field(name)?.1));
            named.collect::<Result<Vec<_>, Error>>()?
        }
        names => usual(schema, given, names.is_some()),
    };
    if fields.is_empty() {
        return Err(Error::NothingToModel {
            fields: schema.fields.iter().map(|field| field.name.clone()).collect(),
        });
    }
    let rest = |field: &Field| {
        let part = given.iter().find(|role| role.field.name == field.name);
        part.and_then(|role| role.region.rest()).unwrap_or_default()
    };
    let role = |field: &'a Field| Role {
        region: rest(field),
        field,
    };
    Ok(fields.into_iter().map(role).collect())
}

/// The fields that are modelled unless `data.model` names others: if `all`, every usable field that is not wholly
/// given; else only the pictures, if there are any.
fn usual<'a>(schema: &'a Schema, given: &[Role<'a>], all: bool) -> Vec<&'a Field> {
    let whole = |field: &Field| {
        let mut given = given.iter().filter(|role| role.region.is_whole());
        given.any(|role| role.field.name == field.name)
    };
    let ignored = |field: &Field| field.kind.is_ignored();
    let usable = |field: &&Field| !ignored(field) && !whole(field);
    let usable: Vec<&Field> = schema.fields.iter().filter(usable).collect();
    let picture = |field: &&Field| field.kind.image().is_some();
    match usable.iter().any(picture) && !all {
        true => usable.into_iter().filter(picture).collect(),
        false => usable,
    }
}

/// Whether every field has one role; the parts of an image may have one each.
fn check(modelled: &[Role], given: &[Role]) -> Result<(), Error> {
    let roles = modelled.iter().map(|role| (role, "modelled"));
    let mut seen: Vec<(&Role, &'static str)> = Vec::new();
    for (role, name) in roles.chain(given.iter().map(|role| (role, "given"))) {
        let same = |other: &&(&Role, &'static str)| {
            let parts = other.0.region.rest().is_some() && other.1 != name;
            other.0.field.name == role.field.name && !parts
        };
        if let Some((_, first)) = seen.iter().find(same) {
            let second = if *first == name { "named again" } else { name };
            return Err(Error::FieldTwice {
                field: role.field.name.clone(),
                first,
                second,
            });
        }
        seen.push((role, name));
    }
    Ok(())
}
