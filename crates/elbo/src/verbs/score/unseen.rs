//! The surprise at a level that was never seen in training.

use std::collections::BTreeMap;

use elbo_core::decoder::Likelihood;
use elbo_data::kind::category::Category;
use elbo_data::noise::Purpose;

use super::surprise::{Samples, Scores};
use crate::model::batches::Observations;
use crate::model::opened::Opened;
use crate::model::tensors::to_host;
use crate::verbs::evaluate::LogMean;

/// For each x field in which some record has an unseen level: those records' places among the affected records.
type Affected = BTreeMap<usize, Vec<usize>>;

impl Opened {
    /// Adds to the scores what the levels say that were never seen in training. The model has no probability for such
    /// a level. As a value of its field it surprises as much as its chance is small ([`Category::new_level`]). In −log p
    /// of its record it counts as at least as surprising as the least likely level that the model knows would be in its
    /// place, min_l p(l | z, the fields before it), and at most as likely as one new level among n training records,
    /// 1 / (n + 1). Each record's mean is over samples of z from the posterior given its other fields.
    pub(super) fn add_unseen(&self, usual: &Observations, scores: &mut Scores, samples: &Samples) {
        let mut places: Vec<usize> = Vec::new();
        let mut affected = Affected::new();
        for (record, field) in self.unseen_cells(usual) {
            let place = places.iter().position(|place| *place == record);
            let place = place.unwrap_or_else(|| {
                places.push(record);
                places.len() - 1
            });
            affected.entry(field).or_default().push(place);
            scores.unseen[record].push(self.config.model.x[field].name.clone());
            let chance = self.new_level(field);
            scores.chance[record] = scores.chance[record].min(chance);
            scores.fields[field][record] = -chance.ln();
        }
        if places.is_empty() {
            return;
        }
        let nats = self.least_likely(&usual.take(&places), &affected, samples);
        for ((field, record), nats) in nats {
            let (record, nats) = (places[record], nats.max(self.novelty(field)));
            scores.records[record] += nats;
        }
    }

    /// The chance that a record shows a new level of a field: of a category by those seen once; a flag has none, so that
    /// it is that after n records without, 1 / (n + 1).
    fn new_level(&self, field: usize) -> f64 {
        let field = &self.schema.fields[self.x_fields[field]];
        let never = || 1.0 / (field.records as f64 + 1.0);
        field.kind.category().map_or_else(never, Category::new_level)
    }

    /// −ln of the chance 1 / (n + 1) that a record shows a new level after n without.
    fn novelty(&self, field: usize) -> f64 {
        let field = &self.schema.fields[self.x_fields[field]];
        let seen = field.kind.category().map_or(field.records, Category::records);
        (seen as f64 + 1.0).ln()
    }

    /// −ln of the chance of the least likely level, by field and record.
    fn least_likely(
        &self,
        records: &Observations,
        affected: &Affected,
        samples: &Samples,
    ) -> BTreeMap<(usize, usize), f64> {
        let (n, upload, latent) = (records.rows.len(), self.upload(), self.network.latent());
        let (x, y) = (upload.fields(&records.x), upload.fields(&records.y));
        let known = self.known_levels(n, &records.y, Some(&records.x));
        let mut least: BTreeMap<(usize, usize), LogMean> = BTreeMap::new();
        for (first, k) in samples.groups(self, n) {
            let eps = samples
                .noise
                .normal(Purpose::Importance, 2 * first, &records.rows, k * latent);
            let (x, y) = (x.clone().repeat_each(k), y.clone().repeat_each(k));
            let z = self.network.draw_posterior(&x, &y, upload.rows(eps, n * k));
            let p = self.network.likelihood(z, &y);
            self.add_least(&p, &known, affected, k, &mut least);
        }
        let nats = least.into_iter().map(|(cell, mean)| (cell, -mean.value()));
        nats.collect()
    }

    /// Goes through the fields with levels in turn, each given the known levels of those before it.
    fn add_least(
        &self,
        p: &Likelihood,
        known: &[Vec<Option<u32>>],
        affected: &Affected,
        k: usize,
        least: &mut BTreeMap<(usize, usize), LogMean>,
    ) {
        let Some(levels) = &p.levels else { return };
        let mut one_by_one = levels.one_by_one(None);
        let fields = self.x_fields.iter().enumerate();
        let fields = fields.filter(|(_, field)| self.has_levels(**field));
        for ((place, field), known) in fields.zip(known) {
            let width = self.schema.fields[*field].levels();
            if let Some(records) = affected.get(&place) {
                let logits = to_host(one_by_one.logits());
                for record in records {
                    let rows = logits.chunks_exact(width).skip(record * k).take(k);
                    let mean = least.entry((place, *record)).or_default();
                    rows.for_each(|row| mean.add(least_log_p(row)));
                }
            }
            let codes = known.iter().map(|level| level.unwrap_or(width as u32));
            let codes: Vec<u32> = codes.flat_map(|level| std::iter::repeat_n(level, k)).collect();
            one_by_one.choose(self.upload().codes(&codes));
        }
    }
}

/// ln of the smallest of exp(l) / Σ exp(l).
fn least_log_p(logits: &[f32]) -> f64 {
    let logits = || logits.iter().copied().map(f64::from);
    let max = logits().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = logits().map(|logit| (logit - max).exp()).sum();
    logits().fold(f64::INFINITY, f64::min) - max - sum.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_likely_level_has_a_finite_surprise() {
        // ⅛ ⅜ ½
        let logits = [1.0_f32, 3.0, 4.0].map(f32::ln);
        assert!((least_log_p(&logits) - 0.125_f64.ln()).abs() < 1e-6);
        assert_eq!(least_log_p(&[0.0, -1e4]), -1e4);
    }
}
