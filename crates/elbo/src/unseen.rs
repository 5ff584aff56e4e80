//! Levels that were not seen in training: said once for each field, whatever the verb.

use std::collections::BTreeMap;

use elbo_data::{Batch, Source, Unseen};

use crate::progress::Progress;

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

    pub(crate) fn warn(&self, source: &dyn Source, progress: &dyn Progress) {
        for (field, (count, first)) in &self.0 {
            let place = source.name_of(first.row);
            let level = &first.level;
            progress.warn(&format!(
                "`{field}` has {count} values that were not seen in training, first `{level}` in {place}: they count \
                 as not known"
            ));
        }
    }
}
