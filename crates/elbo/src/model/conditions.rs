//! Conditions of records to generate: the user's requests, such as `age=37`, as columns of y. This is where they are parsed.

mod copied;
mod parse;
mod set;
mod syntax;
mod table;

use std::sync::Arc;

use elbo_data::noise::{Noise, Purpose};
use elbo_data::{Column, Field, Kind, Schema, Value};

use crate::config::CheckedConfig;
use crate::error::Error;
use crate::events::Warning;
use crate::model::opened::Opened;
pub(crate) use copied::Copied;
pub(crate) use set::ValueSet;
pub use syntax::request_text;

/// Text that asks for every level of a category, or both values of a flag, in turn.
pub const EVERY: &str = "*";

/// The first given field that a user must set: it cannot be drawn from frequencies, and the model never learned to do
/// without it.
pub(crate) fn must_be_given<'a>(config: &CheckedConfig, schema: &'a Schema) -> Option<&'a Field> {
    let given = config.model.y.iter();
    let mut fields = given.filter_map(|field| Some(schema.field(&field.name).ok()?.1));
    fields.find(|field| !config.may_leave_open() && !field.kind.can_be_drawn())
}

/// What is asked of a field in a record.
#[derive(Clone)]
enum Asked {
    Value(Value),
    /// Some value of a set.
    Within(Arc<ValueSet>),
}

/// Nothing is asked.
const OPEN: Asked = Asked::Value(Value::Unobserved);

impl Asked {
    /// The value, left open where it is to be drawn from a set, and that set.
    fn parts(self) -> (Value, Option<Arc<ValueSet>>) {
        match self {
            Self::Value(value) => (value, None),
            Self::Within(set) => (Value::Unobserved, Some(set)),
        }
    }
}

/// How one given field gets its value.
enum Wanted {
    /// The same for every record.
    Fixed(Asked),
    /// These, each in turn.
    Every(Vec<Value>),
    /// Some values, each for a share of the records; the rest is left open or drawn.
    Shares(Vec<(Asked, f64)>),
    /// One for each record.
    Rows(Vec<Asked>),
    /// Drawn from the frequencies of the training records: this field was never hidden in training.
    Drawn,
}

impl Wanted {
    /// All that may be asked of a record.
    fn all(&self) -> Vec<&Asked> {
        match self {
            Self::Fixed(asked) => vec![asked],
            Self::Shares(shares) => shares.iter().map(|(asked, _)| asked).collect(),
            Self::Rows(rows) => rows.iter().collect(),
            Self::Every(_) | Self::Drawn => Vec::new(),
        }
    }
}

/// The condition of any number of records.
pub(crate) struct Conditions {
    opened: Arc<Opened>,
    wanted: Vec<Wanted>,
    /// Positions of the requested fields.
    asked: Vec<usize>,
    noise: Noise,
    /// Warnings to the user.
    pub warnings: Vec<Warning>,
}

impl Conditions {
    /// Parses `field=value` requests.
    ///
    /// # Errors
    /// A field that the model is not given, or a value that the field cannot have.
    pub(crate) fn parse(
        opened: &Arc<Opened>,
        requests: &[(String, String)],
        noise: Noise,
    ) -> Result<Self, Error> {
        let (wanted, warnings) = opened.wanted(requests)?;
        Ok(Self::filled_up(opened, wanted, warnings, noise))
    }

    /// A field without a request is left open if the model was trained with it hidden, else drawn.
    fn filled_up(
        opened: &Arc<Opened>,
        wanted: Vec<Option<Wanted>>,
        mut warnings: Vec<Warning>,
        noise: Noise,
    ) -> Self {
        let open = opened.config.may_leave_open();
        if !open {
            let places = (0..wanted.len()).filter(|place| wanted[*place].is_none());
            warnings.extend(opened.warn_not_given(places));
        }
        let left_out = || match open {
            true => Wanted::Fixed(OPEN),
            false => Wanted::Drawn,
        };
        let asked = (0..wanted.len())
            .filter(|place| wanted[*place].is_some())
            .collect();
        Self {
            opened: Arc::clone(opened),
            asked,
            wanted: wanted
                .into_iter()
                .map(|wanted| wanted.unwrap_or_else(left_out))
                .collect(),
            noise,
            warnings,
        }
    }

    /// Parses requests that change records: fields without a request keep their values.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub(crate) fn of_changes(opened: &Arc<Opened>, requests: &[(String, String)]) -> Result<Self, Error> {
        let (wanted, warnings) = opened.wanted(requests)?;
        Ok(Self {
            warnings,
            ..Self::filled_up(opened, wanted, Vec::new(), Noise::new(0))
        })
    }

    /// The same, if no field is asked to have some value of a set.
    ///
    /// # Errors
    /// [`Error::OneValue`] for the first such field.
    pub(crate) fn of_single_values(self) -> Result<Self, Error> {
        let mut all = self.wanted.iter().flat_map(Wanted::all);
        match all.find_map(|asked| asked.clone().parts().1) {
            Some(set) => Err(Error::OneValue {
                request: set.request.clone(),
            }),
            None => Ok(self),
        }
    }

    /// Positions of the requested fields among the given ones.
    pub(crate) fn asked(&self) -> &[usize] {
        &self.asked
    }

    /// The columns of the records with these numbers, up to a chunk of them; a record's values depend on its number
    /// alone.
    pub(crate) fn columns(&self, rows: &[u64]) -> Result<Vec<Column>, Error> {
        let places = self.opened.y_fields.iter().enumerate();
        let columns = places.map(|(place, field)| {
            let (values, sets): (Vec<Value>, Vec<_>) =
                rows.iter().map(|row| self.asked_of(place, *row).parts()).unzip();
            Ok((self.opened.schema.column(*field, &values)?, sets))
        });
        let (columns, sets): (_, Vec<_>) = columns.collect::<Result<Vec<_>, Error>>()?.into_iter().unzip();
        match sets.iter().flatten().any(Option::is_some) {
            true => Ok(self.opened.draw_within(columns, &sets, rows, self.noise)?),
            false => Ok(columns),
        }
    }

    /// As [`Self::columns`] of the records `0..n`.
    pub(crate) fn first(&self, n: usize) -> Result<Vec<Column>, Error> {
        self.columns(&(0..n as u64).collect::<Vec<_>>())
    }

    /// What is asked of the field in this place; of sets only those that the model itself has to draw from.
    fn asked_of(&self, place: usize, row: u64) -> Asked {
        let position = self.opened.y_fields[place];
        let field = &self.opened.schema.fields[position];
        let asked = match &self.wanted[place] {
            Wanted::Fixed(asked) => asked.clone(),
            Wanted::Every(values) => {
                Asked::Value(values[(row % values.len().max(1) as u64) as usize].clone())
            }
            Wanted::Rows(rows) => rows.get(row as usize).cloned().unwrap_or(OPEN),
            Wanted::Drawn => Asked::Value(marginal(&field.kind, self.draw(place, row, 0))),
            Wanted::Shares(shares) => self.share(&field.kind, place, shares, row),
        };
        match &asked {
            Asked::Within(set) if !self.opened.x_fields.contains(&position) => {
                Asked::Value(set.marginal(field, [1, 2].map(|which| self.draw(place, row, which))))
            }
            Asked::Within(_) | Asked::Value(_) => asked,
        }
    }

    fn share(&self, kind: &Kind, place: usize, shares: &[(Asked, f64)], row: u64) -> Asked {
        let mut left = f64::from(self.draw(place, row, 0));
        for (asked, share) in shares {
            left -= share;
            if left < 0.0 {
                return asked.clone();
            }
        }
        match self.opened.config.may_leave_open() {
            true => OPEN,
            false => Asked::Value(marginal(kind, self.draw(place, row, 1))),
        }
    }

    fn draw(&self, place: usize, row: u64, which: usize) -> f32 {
        self.noise
            .uniform(Purpose::Conditions, place as u64, &[row], which + 1)[which]
    }
}

/// A value drawn from the frequencies of the training records; none for pictures and texts, which are not kept.
fn marginal(kind: &Kind, uniform: f32) -> Value {
    kind.marginal(uniform).unwrap_or(Value::Unobserved)
}

impl Opened {
    /// Warnings about given fields without a request that were never hidden in training: which of them are drawn, and
    /// which cannot be.
    fn warn_not_given(&self, places: impl Iterator<Item = usize>) -> Vec<Warning> {
        let fields = places.map(|place| &self.schema.fields[self.y_fields[place]]);
        let (drawn, missed): (Vec<_>, Vec<_>) = fields.partition(|field| field.kind.can_be_drawn());
        let names = |fields: Vec<&Field>| -> Vec<String> {
            fields.into_iter().map(|field| field.name.clone()).collect()
        };
        let (drawn, missed) = (names(drawn), names(missed));
        let mut warnings = Vec::new();
        if !drawn.is_empty() {
            warnings.push(Warning::Drawn { fields: drawn });
        }
        if !missed.is_empty() {
            warnings.push(Warning::NotGiven { fields: missed });
        }
        warnings
    }

    /// What is wanted of each given field, and warnings.
    fn wanted(&self, requests: &[(String, String)]) -> Result<(Vec<Option<Wanted>>, Vec<Warning>), Error> {
        let mut warnings = Vec::new();
        let mut wanted: Vec<Option<Wanted>> = self.config.model.y.iter().map(|_| None).collect();
        for (name, text) in requests {
            let (name, text) = &syntax::split(|name| self.schema.field(name).is_ok(), name, text);
            let place = self.given_place(name)?;
            let new = self.want(name, text, &mut warnings)?;
            wanted[place] = Some(match (wanted[place].take(), new) {
                (Some(Wanted::Shares(mut shares)), Wanted::Shares(more)) => {
                    shares.extend(more);
                    check_shares(name, &shares)?;
                    Wanted::Shares(shares)
                }
                (_, new) => new,
            });
        }
        Ok((wanted, warnings))
    }

    fn given_place(&self, name: &str) -> Result<usize, Error> {
        // The schema knows the name or suggests one; it may still be no condition of this model.
        self.schema.field(name)?;
        let place = self.config.model.y.iter().position(|field| field.name == name);
        place.ok_or_else(|| Error::NotGiven {
            field: name.to_owned(),
            given: self
                .config
                .model
                .y
                .iter()
                .map(|field| field.name.clone())
                .collect(),
        })
    }

    fn want(&self, name: &str, text: &str, warnings: &mut Vec<Warning>) -> Result<Wanted, Error> {
        let (_, field) = self.schema.field(name)?;
        if text == EVERY
            && let Some(values) = field.kind.every_value()
        {
            return Ok(Wanted::Every(values));
        }
        let whole = self.asked(name, text, warnings);
        let share = text.rsplit_once(':').filter(|_| whole.is_err());
        let share = share.and_then(|(value, share)| Some((value, share.trim().parse::<f64>().ok()?)));
        let Some((value, share)) = share else {
            let asked = whole?;
            let open = matches!(asked, Asked::Value(Value::Unobserved));
            return Ok(match open && !self.config.may_leave_open() {
                true => Wanted::Drawn,
                false => Wanted::Fixed(asked),
            });
        };
        let asked = match (self.asked(name, value, warnings), whole) {
            // The colon was that of a time.
            (Err(_), Err(whole)) if matches!(field.kind, Kind::Date(_) | Kind::Time(_)) => return Err(whole),
            (asked, _) => asked?,
        };
        let shares = vec![(asked, share)];
        check_shares(name, &shares)?;
        Ok(Wanted::Shares(shares))
    }

    /// What a text asks of a field: a value if it is one, else some value of a set.
    fn asked(&self, name: &str, text: &str, warnings: &mut Vec<Warning>) -> Result<Asked, Error> {
        let (position, field) = self.schema.field(name)?;
        if field.levels() == 0 && syntax::is_range_of_numbers(text) {
            return Err(parse::no_ranges(field, text));
        }
        match self.schema.parse_value(position, text) {
            Ok(parsed) => {
                warnings.extend(parsed.warning.map(Warning::Request));
                Ok(Asked::Value(parsed.value))
            }
            Err(_) if field.levels() > 0 && syntax::is_set(text) => {
                Ok(Asked::Within(Arc::new(parse::set(&self.schema, position, text)?)))
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn check_shares(name: &str, shares: &[(Asked, f64)]) -> Result<(), Error> {
    let sum: f64 = shares.iter().map(|(_, share)| share).sum();
    let sound = shares.iter().all(|(_, share)| *share >= 0.0 && share.is_finite());
    match sound && sum <= 1.0 + 1e-9 {
        true => Ok(()),
        false => Err(Error::bad_argument(
            "SampleRequest::given",
            format!("{name}=…:{sum}"),
            "shares from 0 to 1 that add up to at most 1",
        )),
    }
}
