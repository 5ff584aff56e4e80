//! The condition of records that do not exist yet: what a person asks for, and what is left open.

use elbo_data::noise::{Noise, Purpose};
use elbo_data::{Column, Kind, Value};

use crate::error::Error;
use crate::trained::Trained;

/// Text that asks for every level of a category, or both values of a flag, in turn.
pub const EVERY: &str = "*";

/// How one given field gets its value.
enum Wanted {
    /// The same for every record.
    Fixed(Value),
    /// Each level in turn.
    Every(u32),
    /// Drawn as often as in the training records: the model never saw this field left open.
    Drawn,
}

/// The condition of any number of records.
pub(crate) struct Conditions<'a> {
    trained: &'a Trained,
    wanted: Vec<Wanted>,
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
        let mut warnings = Vec::new();
        let mut wanted: Vec<_> = trained.config.model.y.iter().map(|_| None).collect();
        for (name, text) in requests {
            let place = trained.given_place(name)?;
            wanted[place] = Some(trained.want(name, text, &mut warnings)?);
        }
        let hides = trained.config.given_dropout > 0.0;
        let fields = trained.config.model.y.iter().zip(&wanted);
        let open: Vec<_> = fields
            .filter(|(_, wanted)| wanted.is_none() && !hides)
            .map(|(field, _)| format!("`{}`", field.name))
            .collect();
        if !open.is_empty() {
            warnings.push(format!(
                "not given, so drawn as often as in the training records: {}",
                open.join(", ")
            ));
        }
        let left_out = || {
            if hides {
                Wanted::Fixed(Value::NotGiven)
            } else {
                Wanted::Drawn
            }
        };
        let wanted = wanted
            .into_iter()
            .map(|wanted| wanted.unwrap_or_else(left_out))
            .collect();
        Ok(Self {
            trained,
            wanted,
            noise,
            warnings,
        })
    }

    /// The columns of records `0..n`; record i's values do not depend on n.
    pub(crate) fn columns(&self, n: usize) -> Result<Vec<Column>, Error> {
        let fields = self.trained.config.model.y.iter().zip(&self.wanted).enumerate();
        fields
            .map(|(place, (field, wanted))| {
                let (position, field) = self.trained.schema.field(&field.name)?;
                let values = (0..n as u64).map(|row| match wanted {
                    Wanted::Fixed(value) => *value,
                    Wanted::Every(levels) => nth_level(&field.kind, (row % u64::from(*levels)) as u32),
                    Wanted::Drawn => marginal(&field.kind, self.draw(place, row)),
                });
                Ok(self
                    .trained
                    .schema
                    .column(position, &values.collect::<Vec<_>>())?)
            })
            .collect()
    }

    fn draw(&self, place: usize, row: u64) -> (f32, f32) {
        let step = place as u64;
        let uniform = self.noise.uniform(Purpose::GivenDropout, step, &[row], 1)[0];
        (
            uniform,
            self.noise.normal(Purpose::GivenDropout, step, &[row], 1)[0],
        )
    }
}

impl Trained {
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
        let (index, field) = self.schema.field(name)?;
        if text == EVERY {
            match &field.kind {
                Kind::Category(category) => return Ok(Wanted::Every(category.levels.len() as u32)),
                Kind::Flag(_) => return Ok(Wanted::Every(2)),
                _ => {}
            }
        }
        let parsed = self.schema.parse_value(index, text)?;
        warnings.extend(parsed.warning);
        if parsed.value == Value::NotGiven && self.config.given_dropout == 0.0 {
            return Ok(Wanted::Drawn);
        }
        Ok(Wanted::Fixed(parsed.value))
    }
}

fn nth_level(kind: &Kind, n: u32) -> Value {
    match kind {
        Kind::Flag(_) => Value::Flag(n == 1),
        _ => Value::Category(n),
    }
}

/// A draw of one field by itself, from its statistics in the training records.
fn marginal(kind: &Kind, (uniform, normal): (f32, f32)) -> Value {
    match kind {
        Kind::Category(category) => {
            let total: u64 = category.counts.iter().sum();
            let mut left = (f64::from(uniform) * total as f64) as u64;
            let level = category.counts.iter().position(|count| {
                let here = left < *count;
                left = left.saturating_sub(*count);
                here
            });
            Value::Category(level.unwrap_or(0) as u32)
        }
        Kind::Flag(flag) => {
            let [no, yes] = flag.counts.map(|count| count as f64);
            Value::Flag(f64::from(uniform) * (no + yes) < yes)
        }
        Kind::Number(number) => {
            Value::Number(normal.clamp(number.standardise(number.min), number.standardise(number.max)))
        }
        Kind::Image(_) | Kind::Ignored { .. } => Value::NotGiven,
    }
}
