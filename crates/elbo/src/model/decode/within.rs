//! Conditions that are only known to lie in a set: their values, drawn from the model itself.

use std::sync::Arc;

use elbo_core::field::levels::Levels;
use elbo_data::noise::{Noise, Purpose};
use elbo_data::{Column, DataError, Value};

use crate::model::conditions::ValueSet;
use crate::model::latents::windows;
use crate::model::opened::Opened;

/// Candidates among which each record chooses.
const CANDIDATES: u64 = 64;
/// The branch of the noise that the candidates have to themselves.
const BRANCH: u64 = 1;

/// The sets of one given field, record by record; none where its value is known or left open.
type Sets = Vec<Option<Arc<ValueSet>>>;

/// A field with sets.
struct Restricted<'a> {
    /// Its place among the modelled fields, and among the given ones.
    x: usize,
    y: usize,
    sets: &'a Sets,
}

/// The levels of one candidate of a record.
#[derive(Clone, Default)]
struct Kept {
    score: f64,
    /// A level of each restricted field.
    levels: Vec<u32>,
}

impl Opened {
    /// The conditions `y` of up to a chunk of records with these numbers, with a value of each set S_1 … S_m that a
    /// record has: v_1 … v_m ~ p(v_1 … v_m | y, v_1 ∈ S_1 … v_m ∈ S_m).
    ///
    /// No record is drawn in vain. Each of K candidates draws z_k ~ p(z | y), then field after field as the decoder
    /// does: a field without a set from p(x_f | z_k, x_<f), one with a set from p(v_j | z_k, x_<j, v_j ∈ S_j). All
    /// candidates then lie in the sets, likely or not, and one of them is chosen with probability w_k / Σ w, where
    ///
    /// w_k = Π_j P(S_j | z_k, x_<j)
    ///
    /// (sequential importance resampling: Rubin 1987, Kong et al. 1994). For a single set this is a draw from
    /// Σ_k P(v, S | z_k) / Σ_k P(S | z_k). The bias falls as 1/K.
    ///
    /// # Errors
    /// [`DataError::FieldType`] for a value of another kind, which no set holds.
    pub(crate) fn draw_within(
        &self,
        mut y: Vec<Column>,
        sets: &[Sets],
        rows: &[u64],
        noise: Noise,
    ) -> Result<Vec<Column>, DataError> {
        let noise = noise.branch(BRANCH);
        let restricted = self.restricted(sets);
        let kept = self.candidates(&y, &restricted, rows, noise);
        for (place, Restricted { y: given, sets, .. }) in restricted.iter().enumerate() {
            let position = self.y_fields[*given];
            let field = &self.schema.fields[position];
            let within = noise.uniform(Purpose::Conditions, CANDIDATES + *given as u64, rows, 1);
            let values = sets.iter().zip(&kept).zip(within);
            let values = values.map(|((set, kept), within)| match set {
                Some(set) => set.value_in(field, kept.levels[place], within),
                None => Value::Unobserved,
            });
            let drawn = self.schema.column(position, &values.collect::<Vec<_>>())?;
            y[*given] = y[*given].over(&drawn)?;
        }
        Ok(y)
    }

    /// The fields with sets, in the order of the decoder.
    fn restricted<'a>(&self, sets: &'a [Sets]) -> Vec<Restricted<'a>> {
        let fields = self.x_fields.iter().enumerate();
        let fields = fields.filter_map(|(x, field)| {
            let y = self.y_fields.iter().position(|given| given == field)?;
            let sets = &sets[y];
            sets.iter()
                .any(Option::is_some)
                .then_some(Restricted { x, y, sets })
        });
        fields.collect()
    }

    /// The chosen candidate of each record.
    fn candidates(
        &self,
        y: &[Column],
        restricted: &[Restricted<'_>],
        rows: &[u64],
        noise: Noise,
    ) -> Vec<Kept> {
        let size = self.filled(rows.len());
        let y = windows(y, &(0..rows.len()), size);
        let known = self.known_levels(size, &y, None);
        let y = self.upload().fields(&y);
        let prior = self.network.prior(&y, size, &self.device);
        let mut kept = vec![Kept::default(); rows.len()];
        for candidate in 0..CANDIDATES {
            let eps = noise.normal(Purpose::Prior, candidate, rows, self.network.latent());
            let z = prior.draw(self.chunk_of(eps, size), 1.0);
            let Some(p) = self.network.likelihood(z, &y).levels else {
                break;
            };
            let mut filled_up = rows.to_vec();
            filled_up.resize(size, 0);
            let uniforms = |x: usize| {
                noise.uniform(
                    Purpose::Likelihood,
                    CANDIDATES * x as u64 + candidate,
                    &filled_up,
                    1,
                )
            };
            let drawn = self.candidate(&p, &known, restricted, uniforms);
            let gumbels = noise.uniform(Purpose::Conditions, candidate, rows, 1);
            for ((kept, drawn), uniform) in kept.iter_mut().zip(drawn).zip(gumbels) {
                kept.keep_better(drawn, uniform);
            }
        }
        kept
    }

    /// One candidate of each record, whose score is ln w.
    fn candidate(
        &self,
        p: &Levels,
        known: &[Vec<Option<u32>>],
        restricted: &[Restricted<'_>],
        uniforms: impl Fn(usize) -> Vec<f32>,
    ) -> Vec<Kept> {
        let last = restricted.last().map_or(0, |field| field.x);
        let mut table = self.level_table(p, known);
        let mut drawn = Vec::new();
        let fields = self.x_fields.iter().enumerate().take(last + 1);
        for (x, field) in fields.filter(|(_, field)| self.has_levels(**field)) {
            let found = restricted.iter().find(|field| field.x == x);
            let sets = found.map_or(&[][..], |field| field.sets);
            let levels = table.draw_within(&self.schema.fields[*field], sets, &uniforms(x));
            drawn.resize(levels.len(), Kept::default());
            for (drawn, (level, mass)) in drawn.iter_mut().zip(levels).filter(|_| found.is_some()) {
                drawn.levels.push(level);
                drawn.score += mass.ln();
            }
        }
        drawn
    }
}

impl Kept {
    /// Keeps the candidate that has the higher score once a Gumbel variate is added to each: so candidate k wins with
    /// probability w_k / Σ w (Maddison et al. 2014), and none but the winner need be remembered.
    fn keep_better(&mut self, other: Self, uniform: f32) {
        let score = other.score - (-f64::from(uniform).ln()).ln();
        if self.levels.is_empty() || score > self.score {
            *self = Self { score, ..other };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_win_as_often_as_their_weights_say() {
        // weights ⅛, ⅜ and ½ of the sum; 20,000 rows
        let weights = [0.5_f64, 1.5, 2.0];
        let rows: Vec<u64> = (0..20_000).collect();
        let mut kept = vec![Kept::default(); rows.len()];
        for (candidate, weight) in (0..).zip(weights) {
            let uniforms = Noise::new(3).uniform(Purpose::Conditions, candidate, &rows, 1);
            for (kept, uniform) in kept.iter_mut().zip(uniforms) {
                let drawn = Kept {
                    score: weight.ln(),
                    levels: vec![candidate as u32],
                };
                kept.keep_better(drawn, uniform);
            }
        }
        for (candidate, weight) in (0..).zip(weights) {
            let won = kept.iter().filter(|kept| kept.levels == [candidate]).count() as f64;
            let share = weight / 4.0;
            // Four standard errors of a binomial share.
            let error = 4.0 * (share * (1.0 - share) / rows.len() as f64).sqrt();
            assert!(
                (won / rows.len() as f64 - share).abs() < error,
                "{candidate}: {won}"
            );
        }
    }
}
