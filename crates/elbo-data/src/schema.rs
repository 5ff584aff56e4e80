//! What the fields of a data set are, with the statistics fitted to its training records.
//!
//! A schema is saved with the model: it encodes new records as the training records were encoded
//! and turns what the model makes back into the units and types of the data.

use arrow::array::ArrayRef;
use arrow::datatypes::Field as ArrowField;
use rand_core::Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::batch::{Batch, Column, Numbers, Values};
use crate::error::{DataError, nearest};
use crate::kind::{Fitter, Kind, Parsed, Value};
use crate::noise::{Noise, Purpose};
use crate::source::{Read, Source};

/// The version of schema that is written and read.
pub const VERSION: u32 = 2;
/// The most fields that a schema may have.
const MAX_FIELDS: usize = 10_000;
/// The most bytes that a field's name may have.
const MAX_NAME: usize = 1000;
/// Statistics of pictures are taken from at most this many training records.
const PICTURES_SEEN: usize = 2000;
/// Records read at a time while fitting, without and with pictures: bounds the memory.
const CHUNK: [usize; 2] = [8192, 128];

/// The fields of a data set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schema {
    /// Version of this form; see [`VERSION`].
    pub version: u32,
    /// The fields, in the order of the source's columns.
    pub fields: Vec<Field>,
}

/// One field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// Its name in the data.
    pub name: String,
    /// How many training records have no value.
    pub missing: u64,
    /// How many training records were looked at.
    pub records: u64,
    /// What it holds.
    #[serde(flatten)]
    pub kind: Kind,
}

impl Schema {
    /// Finds out the kind of each field of `source` and fits its statistics to the rows `train`.
    ///
    /// Attributes are read from every row; pictures from a subset of at most 2,000 that `noise`
    /// chooses, which is enough to tell their range of bytes.
    ///
    /// # Errors
    /// What goes wrong on reading.
    pub fn fit(source: &dyn Source, train: &[u64], noise: Noise) -> Result<Self, DataError> {
        let arrow = source.arrow_schema();
        let mut fitters: Vec<Fitter> = arrow.fields().iter().map(|field| Fitter::new(field)).collect();
        let subset = subset(train, PICTURES_SEEN, noise);
        for pictures in [false, true] {
            let columns: Vec<usize> = (0..fitters.len())
                .filter(|i| fitters[*i].is_image() == pictures)
                .collect();
            let rows = if pictures { &subset } else { train };
            for chunk in rows
                .chunks(CHUNK[usize::from(pictures)])
                .filter(|_| !columns.is_empty())
            {
                let read = source.read_columns(chunk, &columns)?;
                push(&mut fitters, &columns, &read);
            }
        }
        let names = arrow.fields().iter().map(|field| field.name().clone());
        let fields = names.zip(fitters).map(|(name, fitter)| Field {
            name,
            missing: fitter.missing(),
            records: fitter.records(),
            kind: fitter.finish(),
        });
        Ok(Self {
            version: VERSION,
            fields: fields.collect(),
        })
    }

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
            Some((
                _,
                Field {
                    kind: Kind::Ignored { reason },
                    ..
                },
            )) => Err(DataError::IgnoredField {
                name: name.to_owned(),
                reason: reason.clone(),
            }),
            Some(found) => Ok(found),
            None => Err(self.unknown_field(name)),
        }
    }

    fn unknown_field(&self, name: &str) -> DataError {
        let usable = self
            .fields
            .iter()
            .filter(|field| !matches!(field.kind, Kind::Ignored { .. }));
        let known: Vec<String> = usable.map(|field| field.name.clone()).collect();
        let nearest = nearest(name, known.iter().map(String::as_str));
        DataError::UnknownField {
            name: name.to_owned(),
            nearest,
            known,
        }
    }

    fn at(&self, field: usize) -> Result<&Field, DataError> {
        self.fields
            .get(field)
            .ok_or_else(|| self.unknown_field(&format!("field {field}")))
    }

    /// The columns of these fields as the model takes them; columns are found by name.
    ///
    /// # Errors
    /// [`DataError::UnknownField`] for a column that is not there; [`DataError::FieldType`] and
    /// [`DataError::NotFlag`] for one of another kind; [`DataError::IgnoredField`].
    pub fn encode(&self, read: &Read, fields: &[usize]) -> Result<Batch, DataError> {
        let mut columns = Vec::with_capacity(fields.len());
        for field in fields {
            let Field { name, kind, .. } = self.at(*field)?;
            let arrow = read.batch.schema();
            let (position, arrow_field) = arrow.column_with_name(name).ok_or_else(|| {
                let known: Vec<String> = arrow.fields().iter().map(|f| f.name().clone()).collect();
                let nearest = nearest(name, known.iter().map(String::as_str));
                DataError::UnknownField {
                    name: name.clone(),
                    nearest,
                    known,
                }
            })?;
            columns.push(kind.encode(arrow_field, read.batch.column(position))?);
        }
        Ok(Batch {
            rows: read.rows.clone(),
            columns,
            problems: read.problems.clone(),
        })
    }

    /// The positions in `source` of the columns of these fields, for [`Source::read_columns`].
    ///
    /// # Errors
    /// [`DataError::UnknownField`] where the source lacks one.
    pub fn columns_in(&self, source: &dyn Source, fields: &[usize]) -> Result<Vec<usize>, DataError> {
        let arrow = source.arrow_schema();
        let known = || {
            arrow
                .fields()
                .iter()
                .map(|field| field.name().clone())
                .collect::<Vec<_>>()
        };
        let position = |field: &usize| {
            let name = &self.at(*field)?.name;
            arrow.index_of(name).map_err(|_| {
                let nearest = nearest(name, known().iter().map(String::as_str));
                DataError::UnknownField {
                    name: name.clone(),
                    nearest,
                    known: known(),
                }
            })
        };
        fields.iter().map(position).collect()
    }

    /// Values of a field, back in the units and the type of the data.
    ///
    /// # Errors
    /// [`DataError::FieldType`] for values of another kind; [`DataError::Shape`] for torn pictures.
    pub fn decode(&self, field: usize, values: &Values) -> Result<ArrayRef, DataError> {
        let Field { name, kind, .. } = self.at(field)?;
        kind.decode(name, values)
    }

    /// As [`Schema::decode`], with one uniform draw in [0, 1) for each value: a number is drawn within
    /// its bin, and a rare level in proportion to the training counts.
    ///
    /// # Errors
    /// As [`Schema::decode`]; [`DataError::Shape`] for another number of draws.
    pub fn draw(&self, field: usize, values: &Values, uniforms: &[f32]) -> Result<ArrayRef, DataError> {
        let Field { name, kind, .. } = self.at(field)?;
        let len = match values {
            Values::Category(levels) => levels.len(),
            Values::Number(numbers) => numbers.bins.len(),
            Values::Flag(_) | Values::Image(_) => uniforms.len(),
        };
        if len != uniforms.len() {
            return Err(DataError::Shape {
                found: uniforms.len(),
                shape: vec![len],
            });
        }
        kind.draw(name, values, uniforms)
    }

    /// Numbers in the units of the data, rounded as its numbers are, in the type of its column.
    ///
    /// # Errors
    /// [`DataError::FieldType`] for a field of another kind.
    pub fn decode_numbers(&self, field: usize, values: &[f64]) -> Result<ArrayRef, DataError> {
        let Field { name, kind, .. } = self.at(field)?;
        match kind {
            Kind::Number(number) => Ok(number.array(values.iter().copied())),
            _ => Err(DataError::FieldType {
                field: name.clone(),
                expected: kind.name().to_owned(),
                found: "number".to_owned(),
            }),
        }
    }

    /// The Arrow column that [`Schema::decode`] makes of a field.
    ///
    /// # Errors
    /// [`DataError::UnknownField`] where there is no such field.
    pub fn arrow_field(&self, field: usize) -> Result<ArrowField, DataError> {
        let Field { name, kind, .. } = self.at(field)?;
        Ok(kind.arrow_field(name))
    }

    /// Reads a value as the user types it. Nothing and `?` mean "not given".
    ///
    /// # Errors
    /// [`DataError::UnknownLevel`] with the nearest level, [`DataError::NotFlag`],
    /// [`DataError::NotNumber`], [`DataError::OutOfRange`] for a number more than a whole range
    /// outside what was seen (a warning comes with one that is less far out), [`DataError::NotText`].
    pub fn parse_value(&self, field: usize, text: &str) -> Result<Parsed, DataError> {
        let Field { name, kind, .. } = self.at(field)?;
        kind.parse(name, text)
    }

    /// The column of a field that holds these values.
    ///
    /// # Errors
    /// [`DataError::FieldType`] for a value of another kind.
    pub fn column(&self, field: usize, values: &[Value]) -> Result<Column, DataError> {
        let Field { name, kind, .. } = self.at(field)?;
        let wrong = |value: &Value| DataError::FieldType {
            field: name.clone(),
            expected: kind.name().to_owned(),
            found: format!("the value {value:?}"),
        };
        let mut column = match kind {
            Kind::Category(_) => Values::Category(Vec::new()),
            Kind::Flag(_) => Values::Flag(Vec::new()),
            Kind::Number(_) => Values::Number(Numbers::default()),
            Kind::Image(_) | Kind::Ignored { .. } => return Err(wrong(&Value::NotGiven)),
        };
        for value in values {
            match (&mut column, value) {
                (Values::Category(levels), Value::Category(level)) => levels.push(*level),
                (Values::Category(levels), Value::NotGiven) => levels.push(0),
                (Values::Flag(flags), Value::Flag(flag)) => flags.push(*flag),
                (Values::Flag(flags), Value::NotGiven) => flags.push(false),
                (Values::Number(numbers), Value::Number { z, bin }) => numbers.push(*z, *bin),
                (Values::Number(numbers), Value::NotGiven) => numbers.push(0.0, 0),
                _ => return Err(wrong(value)),
            }
        }
        let given = values.iter().map(|value| *value != Value::NotGiven).collect();
        Ok(Column {
            values: column,
            given,
        })
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
        for Field { name, kind, .. } in &self.fields {
            if name.is_empty() || name.len() > MAX_NAME {
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

/// Shows each of the `columns` that were read to its fitter, on all threads.
fn push(fitters: &mut [Fitter], columns: &[usize], read: &Read) {
    let mut arrays = vec![None; fitters.len()];
    for (column, array) in columns.iter().zip(read.batch.columns()) {
        arrays[*column] = Some(array);
    }
    let pairs = fitters.par_iter_mut().zip(arrays);
    pairs.for_each(|(fitter, array)| array.into_iter().for_each(|array| fitter.push(array)));
}

/// At most `n` of `rows`, each as likely as any other, ascending (Knuth's selection sampling).
fn subset(rows: &[u64], n: usize, noise: Noise) -> Vec<u64> {
    let mut stream = noise.stream(Purpose::Subset, 0, 0);
    let mut chosen = Vec::with_capacity(n.min(rows.len()));
    for (place, row) in rows.iter().enumerate() {
        let left = (rows.len() - place) as u128;
        let needed = (n - chosen.len()) as u128;
        // Chosen with probability needed/left: the top 64 bits of u * left are uniform in 0..left.
        if (u128::from(stream.next_u64()) * left) >> 64 < needed {
            chosen.push(*row);
        }
    }
    chosen
}

#[cfg(test)]
mod tests;
