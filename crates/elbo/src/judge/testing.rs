//! Small tables for tests.

use crate::readout::{Attribute, Values};

/// A field of numbers.
pub(super) fn numbers(name: &str, values: impl IntoIterator<Item = f64>) -> Attribute {
    Attribute {
        name: name.to_owned(),
        values: Values::Number(values.into_iter().map(Some).collect()),
    }
}

/// A category of so many levels.
pub(super) fn levels(name: &str, count: usize, codes: impl IntoIterator<Item = u32>) -> Attribute {
    Attribute {
        name: name.to_owned(),
        values: Values::Category {
            levels: (0..count).map(|level| format!("level {level}")).collect(),
            codes: codes.into_iter().map(Some).collect(),
        },
    }
}

/// `n` numbers, uniform in [0, 1): another sequence for another seed.
pub(super) fn uniform(n: usize, seed: u64) -> Vec<f64> {
    let noise = elbo_data::noise::Noise::new(seed);
    let draws = noise.uniform(elbo_data::noise::Purpose::Builtin, 0, &[0], n);
    draws.into_iter().map(f64::from).collect()
}
