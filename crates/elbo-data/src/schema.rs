//! What the fields of a data set are, with the statistics fitted to its training records.
//!
//! A schema is saved with the model: it encodes new records as the training records were encoded
//! and turns generated values back into the units and types of the data.

mod fit;
mod gaps;
mod missing;
mod stored;
mod values;

use arrow::array::{Array, ArrayRef, new_null_array};
use arrow::datatypes::Field as ArrowField;
use arrow::util::display::array_value_to_string;
use serde::{Deserialize, Serialize};

use crate::batch::{Batch, Column, Unseen, Values};
use crate::error::DataError;
use crate::kind::{self, Kind, Parsed, Value};
use crate::layout::Layout;
use crate::noise::Noise;
use crate::rules::{self, Kept, Rule};
use crate::source::{Read, Source, names};

/// The version of schema that is written and read.
pub const VERSION: u32 = 3;
/// The most fields that a schema may have.
const MAX_FIELDS: usize = 10_000;
/// What a user types for a value that is known to be missing.
const MISSING: &str = "missing";
/// The most bytes that a field's name may have.
const MAX_NAME: usize = 1000;

/// The fields of a data set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schema {
    /// Version of this form; see [`VERSION`].
    pub version: u32,
    /// The fields, in the order of the source's columns.
    pub fields: Vec<Field>,
    /// What always holds between them, also in new records.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub rules: Vec<Kept>,
    /// How the file that was read lays out its cells, if not as most do.
    #[serde(skip_serializing_if = "Layout::is_usual", default)]
    pub layout: Layout,
}

/// One field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// Its name in the data.
    pub name: String,
    /// How many training records have no value.
    pub missing: u64,
    /// Whether the gaps are independent of all other fields, as far as the training records tell. "Missing" is then no
    /// level of the field: gaps are left open, and new records get as many at random.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub missing_by_chance: bool,
    /// How many training records were read.
    pub records: u64,
    /// What tables of text hold in the place of a missing value, where it is a word.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub missing_word: Option<String>,
    /// The type of the column in data that know types, as Arrow calls it, where its kind has another.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub stored: Option<String>,
    /// What it holds.
    #[serde(flatten)]
    pub kind: Kind,
}

pub(crate) use fit::{CHUNK, Reader, fit_texts};

impl Schema {
    /// Position and description of the field called `name`, if it can be used.
    ///
    /// # Errors
    /// [`DataError::UnknownField`] with the nearest name; [`DataError::IgnoredField`] with the reason.
    pub fn field(&self, name: &str) -> Result<(usize, &Field), DataError> {
        let found = self
            .fields
            .iter()
            .enumerate()
            .find(|(_, field)| field.name == name);
        match found {
            Some((position, field)) => match field.kind.ignored() {
                Some(ignored) => Err(DataError::ignored(name, &ignored.reason)),
                None => Ok((position, field)),
            },
            None => Err(self.unknown_field(name)),
        }
    }

    /// This schema with rules between its fields: those that a person `states`, or else those that the records `rows` of
    /// `source` keep, as long as `go_on` says so.
    ///
    /// # Errors
    /// As [`rules::find`], and as [`rules::check`] for those that are stated.
    pub fn with_rules(
        self,
        source: &dyn Source,
        rows: &[u64],
        stated: Option<&[Rule]>,
        go_on: &dyn Fn() -> bool,
    ) -> Result<Self, DataError> {
        let fields = self.fields.iter().map(|field| (field.name.as_str(), &field.kind));
        let fields: Vec<_> = fields.collect();
        let rules = match stated {
            Some(stated) => rules::check(source, &fields, stated, rows, go_on)?,
            None => rules::find(source, &fields, rows, go_on)?,
        };
        Ok(Self { rules, ..self })
    }

    fn unknown_field(&self, name: &str) -> DataError {
        let usable = self.fields.iter().filter(|field| !field.kind.is_ignored());
        let known: Vec<String> = usable.map(|field| field.name.clone()).collect();
        DataError::unknown_field(name, known)
    }

    fn at(&self, field: usize) -> Result<&Field, DataError> {
        self.fields
            .get(field)
            .ok_or_else(|| self.unknown_field(&format!("field {field}")))
    }

    /// The columns of these fields as the model takes them; columns are found by name.
    ///
    /// # Errors
    /// [`DataError::UnknownField`] for a column that does not exist; [`DataError::FieldType`] and
    /// [`DataError::NotFlag`] for one of another kind; [`DataError::IgnoredField`].
    pub fn encode(&self, read: &Read, fields: &[usize]) -> Result<Batch, DataError> {
        let mut columns = Vec::with_capacity(fields.len());
        let mut unseen = Vec::new();
        for field in fields {
            let Field { name, kind, .. } = self.at(*field)?;
            let arrow = read.batch.schema();
            let (position, arrow_field) = arrow
                .column_with_name(name)
                .ok_or_else(|| DataError::unknown_field(name, names(&arrow)))?;
            let array = read.batch.column(position);
            let mut column = kind.encode(arrow_field, array)?;
            if kind.category().is_some() {
                unseen.extend(not_seen(name, array, &column, &read.rows));
            }
            self.at(*field)?.mark_missing(&mut column, array);
            columns.push(column);
        }
        Ok(Batch {
            rows: read.rows.clone(),
            columns,
            problems: read.problems.clone(),
            unseen,
        })
    }

    /// The positions in `source` of the columns of these fields, for [`Source::read_columns`].
    ///
    /// # Errors
    /// [`DataError::UnknownField`] where the source lacks one.
    pub fn columns_in(&self, source: &dyn Source, fields: &[usize]) -> Result<Vec<usize>, DataError> {
        let arrow = source.arrow_schema();
        let position = |field: &usize| {
            let name = &self.at(*field)?.name;
            let found = arrow.index_of(name);
            found.map_err(|_| DataError::unknown_field(name, names(&arrow)))
        };
        fields.iter().map(position).collect()
    }

    /// The values in `rows` of a field that is not modelled: its one value, further values of an
    /// identifier, or nulls. Codes are drawn from `noise` by the number of the row; they are all different.
    ///
    /// # Errors
    /// [`DataError::UnknownField`] where there is no such field.
    pub fn refill(&self, field: usize, rows: &[u64], noise: Noise) -> Result<ArrayRef, DataError> {
        match self.at(field)?.kind.ignored() {
            Some(ignored) => ignored.fill(rows, noise),
            None => Ok(new_null_array(self.arrow_field(field)?.data_type(), rows.len())),
        }
    }

    /// What new records hold in columns of identifiers, a note for each.
    pub fn notes(&self) -> Vec<String> {
        let note = |field: &Field| field.kind.note(&field.name);
        self.fields.iter().filter_map(note).collect()
    }

    /// A column of `n` values of a field, all unobserved.
    ///
    /// # Errors
    /// [`DataError::IgnoredField`]
    pub fn left_open(&self, field: usize, n: usize) -> Result<Column, DataError> {
        let field = self.at(field)?;
        Ok(Column {
            values: field.fillers(n)?,
            observed: vec![false; n],
        })
    }

    /// The Arrow column that [`Schema::decode`] gives of a field.
    ///
    /// # Errors
    /// [`DataError::UnknownField`] where there is no such field.
    pub fn arrow_field(&self, field: usize) -> Result<ArrowField, DataError> {
        let Field {
            name,
            kind,
            missing_word,
            ..
        } = self.at(field)?;
        let word = missing_word.as_deref();
        Ok(kind::with_missing_word(kind.arrow_field(name), word))
    }

    /// Reads a value as the user types it. Nothing and `?` leave it open, `missing` and the word of the field's missing
    /// cells mean that it is known to be missing, in a field that was missing in training.
    ///
    /// # Errors
    /// [`DataError::UnknownLevel`] with the nearest level, [`DataError::NotFlag`],
    /// [`DataError::NotNumber`], [`DataError::OutOfRange`] for a number more than a whole range
    /// outside what was seen (a warning comes with one that is less far out), [`DataError::NotWritten`], [`DataError::NotPicture`].
    pub fn parse_value(&self, field: usize, text: &str) -> Result<Parsed, DataError> {
        let field = self.at(field)?;
        let words = [Some(MISSING), field.missing_word.as_deref()];
        let missing = (field.can_miss() || field.missing_by_chance) && words.contains(&Some(text.trim()));
        match field.kind.parse(&field.name, text) {
            // Unless a level has that name.
            Err(_) if missing => Ok(Value::Missing.into()),
            Ok(Parsed {
                value: Value::Text(_),
                ..
            }) if missing => Ok(Value::Missing.into()),
            parsed => parsed,
        }
    }

    /// The column of a field that holds these values.
    ///
    /// # Errors
    /// [`DataError::FieldType`] for a value of another kind.
    pub fn column(&self, field: usize, values: &[Value]) -> Result<Column, DataError> {
        let description = self.at(field)?;
        let wrong = |value: &Value| DataError::FieldType {
            field: description.name.clone(),
            expected: description.kind.name().to_owned(),
            found: format!("the value {value:?}"),
        };
        let mut column = self.left_open(field, values.len())?;
        for (row, value) in values.iter().enumerate() {
            match (&mut column.values, value) {
                (_, Value::Unobserved) => continue,
                (_, Value::Missing) if description.missing_by_chance => {
                    description.leave_out(&mut column.values, row);
                    continue;
                }
                (_, Value::Missing) => match description.set_missing(&mut column.values, row) {
                    true => {}
                    false => return Err(wrong(value)),
                },
                (Values::Category(levels), Value::Category(level)) => levels[row] = *level,
                (Values::Flag(flags), Value::Flag(flag)) => flags[row] = u8::from(*flag),
                (Values::Text(texts), Value::Text(tokens)) => texts[row].clone_from(tokens),
                (Values::Image(pixels), Value::Image(picture))
                    if pixels.len() == values.len() * picture.len() =>
                {
                    pixels[row * picture.len()..(row + 1) * picture.len()].copy_from_slice(picture);
                }
                (Values::Number(numbers), Value::Number { value, z, bin }) => {
                    (numbers.value[row], numbers.z[row], numbers.bins[row]) = (*value, *z, *bin);
                    numbers.within[row] = description
                        .number()
                        .map_or(0.0, |number| number.log_density(*bin, *value));
                }
                _ => return Err(wrong(value)),
            }
            column.observed[row] = true;
        }
        Ok(column)
    }

    /// The schema as JSON.
    ///
    /// # Errors
    /// [`DataError::SchemaJson`], which no fitted schema meets.
    pub fn to_json(&self) -> Result<String, DataError> {
        serde_json::to_string_pretty(self).map_err(|source| DataError::SchemaJson { source })
    }

    /// Reads what [`Schema::to_json`] wrote, trusting none of it.
    ///
    /// # Errors
    /// [`DataError::SchemaVersion`], [`DataError::SchemaJson`], [`DataError::SchemaDamaged`].
    pub fn from_json(text: &str) -> Result<Self, DataError> {
        #[derive(Deserialize)]
        struct Probe {
            version: u64,
        }
        let json = |source| DataError::SchemaJson { source };
        let Probe { version } = serde_json::from_str(text).map_err(json)?;
        if version != u64::from(VERSION) {
            return Err(DataError::SchemaVersion {
                found: version,
                known: VERSION,
            });
        }
        let schema: Self = serde_json::from_str(text).map_err(json)?;
        schema.check()?;
        Ok(schema)
    }

    fn check(&self) -> Result<(), DataError> {
        let damaged = |field: &str, reason: String| {
            Err(DataError::SchemaDamaged {
                field: field.chars().take(80).collect(),
                reason,
            })
        };
        if self.fields.is_empty() || self.fields.len() > MAX_FIELDS {
            return damaged("", format!("there are {} fields", self.fields.len()));
        }
        let mut names = std::collections::HashSet::new();
        let usable = |name: &&str| self.field(name).is_ok_and(|(_, field)| field.kind.has_levels());
        if let Some(kept) = self
            .rules
            .iter()
            .find(|kept| !kept.rule.fields().iter().all(usable))
        {
            return damaged("", format!("the rule `{}` is about other fields", kept.rule));
        }
        for Field { name, kind, .. } in &self.fields {
            if name.len() > MAX_NAME {
                return damaged(name, format!("its name has {} bytes", name.len()));
            } else if !names.insert(name) {
                return damaged(name, "it occurs twice".to_owned());
            } else if let Some(reason) = kind.damage() {
                return damaged(name, reason);
            }
        }
        Ok(())
    }
}

/// The values of a category that the schema does not know.
fn not_seen(field: &str, array: &ArrayRef, column: &Column, rows: &[u64]) -> Vec<Unseen> {
    let odd = (0..array.len()).filter(|row| array.is_valid(*row) && !column.observed[*row]);
    odd.map(|row| Unseen {
        row: rows[row],
        field: field.to_owned(),
        level: array_value_to_string(array, row).unwrap_or_default(),
    })
    .collect()
}

#[cfg(test)]
mod tests;
