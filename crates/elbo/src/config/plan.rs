//! How a model is trained: as set, or chosen from what is modelled and from the number of records.

use elbo_core::FieldSpec;
use elbo_core::schedule::LearningRate;
use elbo_data::Field;

use super::sections::{ModelSection, NetworkSection, TrainingSection};

/// A table of fewer records is small: its networks are smaller, and learn more slowly.
const SMALL: usize = 1000;
/// Below this, the batches of a small table are small too.
const VERY_SMALL: usize = 300;
/// A table of fewer records than the first learns slowly, and one of as many as the second fast.
const SLOW: usize = 3000;
const FAST: usize = 10_000;
/// Latent units of a table, and of other models.
const LATENT: [usize; 2] = [8, 32];
/// Share of the features that are dropped in a step, of a small table and of a large one.
const DROPOUT: [f64; 2] = [0.2, 0.0];
/// A table whose records have so many tokens in texts, on average, is trained in half as many steps.
const TOKENS: f64 = 16.0;
/// Steps of the training of a small table, for each record, and their limits.
const STEPS_A_RECORD: u64 = 8;
const SMALL_STEPS: [u64; 2] = [2000, 4000];
/// Steps of the training of a table of fewer records than this, and of a larger one.
const MIDDLE: usize = 5000;
const STEPS: [u64; 2] = [5000, 3000];
/// Share of the steps in which the fields of a table that learns slowly are predicted in a random order, and of others.
const SHUFFLED: [f64; 2] = [0.8, 0.5];
/// Passes over a table of very many records.
const LEAST_EPOCHS: u64 = 5;
/// Steps without improvement that end the training of a table.
const PATIENCE_STEPS: u64 = 800;
/// Checks of the validation without improvement that are waited for at least.
const LEAST_PATIENCE: u64 = 8;
/// Passes over the records of other models.
const EPOCHS: u64 = 20;

/// What is modelled, as far as the training depends on it.
#[derive(Clone, Copy)]
pub(super) struct Scale {
    /// Whether the records are rows of a table ([`is_table`]).
    pub(super) table: bool,
    /// Tokens of all texts of a record, on average.
    pub(super) tokens: f64,
    /// Records to train on.
    pub(super) records: usize,
}

impl Scale {
    pub(super) fn new<'a>(modelled: impl IntoIterator<Item = &'a Field>, records: usize) -> Self {
        let modelled: Vec<&Field> = modelled.into_iter().collect();
        let texts = modelled.iter().map(|field| {
            let missing = field.missing as f64 / field.records.max(1) as f64;
            let mean = field.kind.text().map_or(0.0, |text| text.lengths.mean());
            mean * (1.0 - missing)
        });
        Self {
            tokens: texts.sum(),
            table: is_table(&modelled),
            records,
        }
    }

    /// Steps of the training of a table.
    fn table_steps(self) -> u64 {
        let [least, most] = SMALL_STEPS;
        let small = STEPS_A_RECORD
            .saturating_mul(self.records as u64)
            .clamp(least, most);
        self.steps(match self.records {
            ..SMALL => small,
            SMALL..MIDDLE => STEPS[0],
            _ => STEPS[1],
        })
    }

    /// How many steps take the time of so many steps of a table without texts.
    fn steps(self, steps: u64) -> u64 {
        (steps as f64 / (1.0 + self.tokens / TOKENS)).ceil() as u64
    }

    fn small(self) -> bool {
        self.records < SMALL
    }

    /// The first of two values for a small table, the second for a larger one.
    fn pick<T>(self, [small, large]: [T; 2]) -> T {
        if self.small() { small } else { large }
    }

    pub(super) fn latent(self, section: &ModelSection) -> usize {
        let [table, other] = LATENT;
        section.latent.unwrap_or(if self.table { table } else { other })
    }

    /// Records of a step in a table; none of other models.
    pub(super) fn batch(self) -> Option<usize> {
        let usual = if self.records < VERY_SMALL {
            32
        } else {
            self.pick([64, 256])
        };
        // A quarter of a very small table, so that there are several steps in a pass.
        self.table
            .then(|| usual.min((self.records / 4).max(8)).min(self.records))
    }

    /// Width of the layers of a field, components of a number, and ramps as which it is seen.
    pub(super) fn field_networks(self, section: &NetworkSection, modelled: &[FieldSpec]) -> [usize; 3] {
        let with_levels = modelled.iter().filter(|field| field.kind.levels() > 0).count();
        let chain = if with_levels > 1 { self.pick([32, 64]) } else { 0 };
        [
            section.chain.unwrap_or(chain),
            section.components.unwrap_or(self.pick([3, 8])),
            section.number_steps.unwrap_or(self.pick([0, 32])),
        ]
    }

    /// Widths of the dense layers of a table; none of other models.
    pub(super) fn hidden(self) -> Option<Vec<usize>> {
        self.table.then(|| vec![128, 128])
    }

    /// The training with every choice made, for steps of `batch` records.
    pub(super) fn plan(self, section: &TrainingSection, batch: usize) -> Plan {
        let per_epoch = self.records.div_ceil(batch.max(1)).max(1) as u64;
        let usual = match self.table {
            true => Plan {
                epochs: self.table_steps().div_ceil(per_epoch).max(LEAST_EPOCHS),
                learning_rate: match self.records {
                    ..SLOW => 1e-3,
                    SLOW..FAST => 2e-3,
                    _ => 3e-3,
                },
                schedule: LearningRate::Cosine,
                lr_warmup_steps: 50,
                patience: self.steps(PATIENCE_STEPS).div_ceil(per_epoch).max(LEAST_PATIENCE),
                averaging: 0.99,
                shuffled_fields: SHUFFLED[usize::from(self.records >= SLOW)],
                dropout: self.pick(DROPOUT),
            },
            false => Plan {
                epochs: EPOCHS,
                learning_rate: 1e-3,
                schedule: LearningRate::Constant,
                lr_warmup_steps: 0,
                patience: 0,
                averaging: 0.0,
                shuffled_fields: 0.0,
                dropout: 0.0,
            },
        };
        Plan {
            epochs: section.epochs.unwrap_or(usual.epochs),
            learning_rate: section.learning_rate.unwrap_or(usual.learning_rate),
            schedule: section.schedule.unwrap_or(usual.schedule),
            lr_warmup_steps: section.lr_warmup_steps.unwrap_or(usual.lr_warmup_steps),
            patience: section.patience.unwrap_or(usual.patience),
            averaging: section.averaging.unwrap_or(usual.averaging),
            shuffled_fields: section.shuffled_fields.unwrap_or(usual.shuffled_fields),
            dropout: section.dropout.unwrap_or(usual.dropout),
        }
    }
}

/// Whether records with these fields are rows of a table: no field is a picture, and fewer are texts than are not.
fn is_table(modelled: &[&Field]) -> bool {
    let texts = modelled.iter().filter(|field| field.kind.text().is_some());
    let levels = modelled.iter().filter(|field| field.levels() > 0).count();
    let texts = texts.count();
    texts + levels == modelled.len() && texts < levels
}

/// How a model is trained.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// Passes over the training records.
    pub epochs: u64,
    /// Adam's learning rate.
    pub learning_rate: f64,
    /// How the rate changes.
    pub schedule: LearningRate,
    /// Steps over which the rate rises.
    pub lr_warmup_steps: u64,
    /// Epochs without improvement that end the training; 0: no limit.
    pub patience: u64,
    /// Decay of the running mean of the weights; 0: none.
    pub averaging: f64,
    /// Share of the steps in which fields with levels are predicted in a random order.
    pub shuffled_fields: f64,
    /// Share of the features of fields with levels that are dropped in a step.
    pub dropout: f64,
}

impl Plan {
    /// The section of the settings with these choices written out.
    pub(super) fn into_section(self, section: &TrainingSection, batch: usize) -> TrainingSection {
        TrainingSection {
            epochs: Some(self.epochs),
            batch: Some(batch),
            learning_rate: Some(self.learning_rate),
            schedule: Some(self.schedule),
            lr_warmup_steps: Some(self.lr_warmup_steps),
            patience: Some(self.patience),
            averaging: Some(self.averaging),
            shuffled_fields: Some(self.shuffled_fields),
            dropout: Some(self.dropout),
            ..section.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// Of 100 training records, as many of which have no value.
    fn field(missing: u64, mut field: Value) -> Field {
        field["name"] = "field".into();
        field["missing"] = missing.into();
        field["records"] = 100.into();
        serde_json::from_value(field).unwrap()
    }

    fn flag() -> Field {
        field(
            0,
            json!({ "kind": "flag", "counts": [50, 50], "spelling": "boolean" }),
        )
    }

    /// Texts of 20 tokens on average.
    fn text(missing: u64) -> Field {
        let texts = 100 - missing;
        field(
            missing,
            json!({ "kind": "text", "longest": 30, "cut": 0,
                "lengths": { "texts": texts, "total": 20 * texts, "longest": 30 },
                "tokenizer": { "tokens": "characters", "characters": ["a", "b"] } }),
        )
    }

    fn plan(fields: &[Field], records: usize) -> Plan {
        let scale = Scale::new(fields, records);
        scale.plan(&TrainingSection::default(), scale.batch().unwrap_or(32))
    }

    #[test]
    fn a_table_with_a_column_of_texts_is_a_table() {
        let two = [flag(), flag()];
        let table = plan(&two, 5000);
        // A fifth of the records have 20 tokens, 4 on average: 3,000/(1 + 4/16) = 2,400 steps, 20 in an epoch.
        let with_texts = plan(&[flag(), flag(), text(80)], 5000);
        assert_eq!((table.epochs, with_texts.epochs), (150, 120));
        assert_eq!((table.patience, with_texts.patience), (40, 32));
        let same = Plan {
            epochs: table.epochs,
            patience: table.patience,
            ..with_texts
        };
        assert_eq!(same, table);
    }

    #[test]
    fn texts_with_a_label_are_no_table() {
        for fields in [&[text(0)][..], &[text(0), flag()]] {
            assert_eq!(plan(fields, 5000).epochs, EPOCHS);
            assert!(Scale::new(fields, 5000).batch().is_none());
        }
    }
}
