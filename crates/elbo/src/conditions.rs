//! The condition of records that do not exist yet: what a person asks for, and what is left open.

mod file;
mod marginal;

use elbo_data::noise::{Noise, Purpose};
use elbo_data::{Column, Field, Kind, Schema, Value};

use crate::config::CheckedConfig;
use crate::error::Error;
use crate::trained::Trained;
use marginal::{can_be_drawn, marginal};

/// Text that asks for every level of a category, or both values of a flag, in turn.
pub const EVERY: &str = "*";

/// A given field that cannot be drawn by itself and that the model never saw left open.
pub(crate) fn must_be_given<'a>(config: &CheckedConfig, schema: &'a Schema) -> Option<&'a Field> {
    let given = config.model.y.iter();
    let mut fields = given.filter_map(|field| Some(schema.field(&field.name).ok()?.1));
    fields.find(|field| !config.may_leave_open() && !can_be_drawn(&field.kind))
}

/// How one given field gets its value.
enum Wanted {
    /// The same for every record.
    Fixed(Value),
    /// Each level in turn.
    Every(u32),
    /// Some values, each for a share of the records; the rest is left open or drawn.
    Shares(Vec<(Value, f64)>),
    /// One for each record.
    Rows(Vec<Value>),
    /// Drawn as often as in the training records: the model never saw this field left open.
    Drawn,
}

/// The condition of any number of records.
pub(crate) struct Conditions<'a> {
    trained: &'a Trained,
    wanted: Vec<Wanted>,
    /// Places of the fields that were asked for.
    asked: Vec<usize>,
    noise: Noise,
    /// What the person should know.
    pub warnings: Vec<String>,
}

impl<'a> Conditions<'a> {
    /// Understands `field=value` requests.
    ///
    /// # Errors
    /// A field that the model is not given, or a value that the field cannot have.
    pub(crate) fn parse(
        trained: &'a Trained,
        requests: &[(String, String)],
        noise: Noise,
    ) -> Result<Self, Error> {
        let (wanted, warnings) = trained.wanted(requests)?;
        Ok(Self::filled_up(trained, wanted, warnings, noise))
    }

    /// What nobody asked for is left open where the model can do without it, and drawn elsewhere.
    fn filled_up(
        trained: &'a Trained,
        wanted: Vec<Option<Wanted>>,
        mut warnings: Vec<String>,
        noise: Noise,
    ) -> Self {
        let open = trained.config.may_leave_open();
        if !open {
            let places = (0..wanted.len()).filter(|place| wanted[*place].is_none());
            warnings.extend(trained.warn_not_given(places));
        }
        let left_out = || match open {
            true => Wanted::Fixed(Value::NotGiven),
            false => Wanted::Drawn,
        };
        let asked = (0..wanted.len())
            .filter(|place| wanted[*place].is_some())
            .collect();
        Self {
            trained,
            asked,
            wanted: wanted
                .into_iter()
                .map(|wanted| wanted.unwrap_or_else(left_out))
                .collect(),
            noise,
            warnings,
        }
    }

    /// Understands requests that change records: what nobody asked for stays as it is.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub(crate) fn of_changes(trained: &'a Trained, requests: &[(String, String)]) -> Result<Self, Error> {
        let (wanted, warnings) = trained.wanted(requests)?;
        Ok(Self {
            warnings,
            ..Self::filled_up(trained, wanted, Vec::new(), Noise::new(0))
        })
    }

    /// Places among the given fields of those that were asked for.
    pub(crate) fn asked(&self) -> &[usize] {
        &self.asked
    }

    /// The columns of records `0..n`; record i's values do not depend on n.
    pub(crate) fn columns(&self, n: usize) -> Result<Vec<Column>, Error> {
        let places = self.trained.y_fields.iter().zip(&self.wanted).enumerate();
        let columns = places.map(|(place, (field, wanted))| {
            if let Wanted::Fixed(Value::NotGiven) = wanted {
                return Ok(self.trained.schema.left_open(*field, n)?);
            }
            let kind = &self.trained.schema.fields[*field].kind;
            let values = (0..n as u64).map(|row| self.value(kind, place, wanted, row));
            let values: Vec<Value> = values.collect();
            Ok(self.trained.schema.column(*field, &values)?)
        });
        columns.collect()
    }

    fn value(&self, kind: &Kind, place: usize, wanted: &Wanted, row: u64) -> Value {
        match wanted {
            Wanted::Fixed(value) => value.clone(),
            Wanted::Every(levels) => nth_level(kind, (row % u64::from(*levels)) as u32),
            Wanted::Rows(values) => values.get(row as usize).cloned().unwrap_or(Value::NotGiven),
            Wanted::Drawn => marginal(kind, self.draw(place, row, 0)),
            Wanted::Shares(shares) => self.share(kind, place, shares, row),
        }
    }

    fn share(&self, kind: &Kind, place: usize, shares: &[(Value, f64)], row: u64) -> Value {
        let mut left = f64::from(self.draw(place, row, 0));
        for (value, share) in shares {
            left -= share;
            if left < 0.0 {
                return value.clone();
            }
        }
        match self.trained.config.may_leave_open() {
            true => Value::NotGiven,
            false => marginal(kind, self.draw(place, row, 1)),
        }
    }

    fn draw(&self, place: usize, row: u64, which: usize) -> f32 {
        self.noise
            .uniform(Purpose::GivenDropout, place as u64, &[row], which + 1)[which]
    }
}

impl Trained {
    /// Of given fields that nobody gave and the model never saw left open, which are drawn and which are missed.
    fn warn_not_given(&self, places: impl Iterator<Item = usize>) -> Vec<String> {
        let fields = places.map(|place| &self.schema.fields[self.y_fields[place]]);
        let (drawn, missed): (Vec<_>, Vec<_>) = fields.partition(|field| can_be_drawn(&field.kind));
        let named = |fields: &[&Field]| {
            let names: Vec<_> = fields.iter().map(|field| format!("`{}`", field.name)).collect();
            names.join(", ")
        };
        let drawn = (!drawn.is_empty()).then(|| {
            let drawn = named(&drawn);
            format!("not given, so drawn as often as in the training records: {drawn}")
        });
        let missed = missed.first().map(|first| {
            let (missed, first) = (named(&missed), &first.name);
            format!(
                "not given, though the model never learnt to do without: {missed}; give it with `--given {first}=…`, \
                 or train with `--set objective.given_dropout=0.1`"
            )
        });
        drawn.into_iter().chain(missed).collect()
    }

    /// What is wanted of each given field, and warnings.
    fn wanted(&self, requests: &[(String, String)]) -> Result<(Vec<Option<Wanted>>, Vec<String>), Error> {
        let mut warnings = Vec::new();
        let mut wanted: Vec<Option<Wanted>> = self.config.model.y.iter().map(|_| None).collect();
        for (name, text) in requests {
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

    fn want(&self, name: &str, text: &str, warnings: &mut Vec<String>) -> Result<Wanted, Error> {
        let (_, field) = self.schema.field(name)?;
        if text == EVERY {
            match &field.kind {
                Kind::Category(category) => return Ok(Wanted::Every(category.levels.len() as u32)),
                Kind::Flag(_) => return Ok(Wanted::Every(2)),
                _ => {}
            }
        }
        let whole = self.value_of(name, text, warnings);
        let share = text.rsplit_once(':').filter(|_| whole.is_err());
        let share = share.and_then(|(value, share)| Some((value, share.trim().parse::<f64>().ok()?)));
        let Some((value, share)) = share else {
            return match whole? {
                Value::NotGiven if !self.config.may_leave_open() => Ok(Wanted::Drawn),
                value => Ok(Wanted::Fixed(value)),
            };
        };
        let shares = vec![(self.value_of(name, value, warnings)?, share)];
        check_shares(name, &shares)?;
        Ok(Wanted::Shares(shares))
    }

    /// The value that a text stands for.
    fn value_of(&self, name: &str, text: &str, warnings: &mut Vec<String>) -> Result<Value, Error> {
        let (field, _) = self.schema.field(name)?;
        let parsed = self.schema.parse_value(field, text)?;
        warnings.extend(parsed.warning);
        Ok(parsed.value)
    }
}

fn check_shares(name: &str, shares: &[(Value, f64)]) -> Result<(), Error> {
    let sum: f64 = shares.iter().map(|(_, share)| share).sum();
    let sound = shares.iter().all(|(_, share)| *share >= 0.0 && share.is_finite());
    match sound && sum <= 1.0 + 1e-9 {
        true => Ok(()),
        false => Err(Error::bad_argument(
            "--given",
            format!("{name}=…:{sum}"),
            "shares from 0 to 1 that add up to at most 1",
        )),
    }
}

fn nth_level(kind: &Kind, n: u32) -> Value {
    match kind {
        Kind::Flag(_) => Value::Flag(n == 1),
        _ => Value::Category(n),
    }
}
