//! Levels that were not seen in training: one warning for each field, whatever the verb.

use std::collections::BTreeMap;

use elbo_data::{Batch, Source, Unseen};

use crate::events::{Events, Warning};

/// The first such value of each field, and how many there were.
#[derive(Default)]
pub(crate) struct Tally(BTreeMap<String, (u64, Unseen)>);

impl Tally {
    pub(crate) fn add(&mut self, batch: &Batch) {
        for unseen in &batch.unseen {
            let entry = self.0.entry(unseen.field.clone());
            entry.or_insert_with(|| (0, unseen.clone())).0 += 1;
        }
    }

    pub(crate) fn warn(&self, source: &dyn Source, events: &Events) {
        for (field, (count, first)) in &self.0 {
            events.warn(Warning::UnseenLevels {
                field: field.clone(),
                count: *count,
                level: first.level.clone(),
                place: source.name_of(first.row),
            });
        }
    }
}
