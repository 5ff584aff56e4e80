//! Values of fields with levels, from the logits of all of them.

use std::sync::Arc;

use elbo_core::field::levels::{Levels, OneByOne, Seen};
use elbo_data::arrow::array::ArrayRef;
use elbo_data::kind::mode;
use elbo_data::rules::{InTurn, Left};
use elbo_data::{Column, DataError, Field, Schema};

use super::{Draw, Drawing};
use crate::model::CHUNK;
use crate::model::conditions::ValueSet;
use crate::model::opened::Opened;
use crate::model::tensors::to_host;

/// The distributions of a chunk of rows, field after field: each field sees the levels of those before it.
pub(super) struct LevelTable<'a> {
    odds: Odds<'a>,
    /// The known level of each field with levels in each row; the level behind the last says that the field is not
    /// modelled there. None where a level is to be drawn.
    known: &'a [Vec<Option<u32>>],
    /// Whether every field sees the known levels, also those of later fields.
    ahead: bool,
    /// Rules that the values keep while they are drawn; none where they are not.
    rules: Option<InTurn<'a>>,
    next: usize,
}

/// The source of the probabilities.
enum Odds<'a> {
    /// A likelihood, whose fields are gone through in turn.
    Likelihood(Box<OneByOne<'a>>, &'a Opened),
    /// Probabilities of each field's levels, row-major; 0 in rows where the level is known.
    Given(&'a [Vec<f64>]),
}

/// The probabilities of a field's levels in each row; none where its level is known.
pub(super) type Distributions = Vec<Option<Vec<f64>>>;

impl<'a> LevelTable<'a> {
    /// Of a likelihood whose levels are to be drawn. Fields that were learned in any order see all that is known
    /// (`ahead`), others what is known of the fields before them.
    pub(super) fn drawing(
        levels: &'a Levels,
        known: &'a [Vec<Option<u32>>],
        ahead: Option<Seen>,
        opened: &'a Opened,
    ) -> Self {
        Self {
            odds: Odds::Likelihood(Box::new(levels.one_by_one(ahead.as_ref())), opened),
            known,
            ahead: ahead.is_some(),
            rules: None,
            next: 0,
        }
    }

    /// Of probabilities, `[CHUNK, levels]` for each field.
    pub(super) fn of(probabilities: &'a [Vec<f64>]) -> Self {
        Self {
            odds: Odds::Given(probabilities),
            known: &[],
            ahead: false,
            rules: None,
            next: 0,
        }
    }

    /// The same, whose values keep these rules while they are drawn.
    pub(super) fn by_rules(self, rules: Option<InTurn<'a>>) -> Self {
        Self { rules, ..self }
    }

    /// The values of the next field, which is the schema's `field`; `noise` gives two draws for each row: the
    /// first falls on a level, the second on a value of it.
    pub(super) fn next(
        &mut self,
        schema: &Schema,
        field: usize,
        drawing: &Drawing,
        noise: impl FnOnce() -> Vec<f32>,
    ) -> Result<ArrayRef, DataError> {
        let described = &schema.fields[field];
        let mut rows = self.probabilities(described, drawing.missing);
        let left = self.left(field, rows.len());
        for (p, left) in rows.iter_mut().zip(&left) {
            if let (Some(own), Some(left)) = (p.as_mut(), left) {
                *own = left.within(std::mem::take(own), described.missing_level());
            }
        }
        if drawing.draw == Draw::Mean {
            let levels: Vec<u32> = rows.iter().map(|p| p.as_deref().map_or(0, mode)).collect();
            // What is known is laid over what is expected.
            let anything = normalised(vec![1.0; described.levels()]);
            let rows = rows.into_iter().map(|p| p.unwrap_or_else(|| anything.clone()));
            let rows: Vec<Vec<f64>> = rows.collect();
            let values = schema.decode(field, &schema.expected(field, &rows)?)?;
            return self.settle(field, (values, levels), &left, None);
        }
        let noise = noise();
        let (levels, within) = (Self::levels(rows, drawing, &noise), within(&noise));
        let values = schema.draw(field, &described.levels_column(levels.clone())?, &within)?;
        self.settle(field, (values, levels), &left, Some(&within))
    }

    /// What the rules leave of the next field in each of so many rows.
    fn left(&self, field: usize, rows: usize) -> Vec<Option<Left<'a>>> {
        let rules = self.rules.as_ref();
        rules.map_or(Vec::new(), |rules| rules.left(field, rows))
    }

    /// Goes on to the next field with these values and levels, but for what the rules settle.
    fn settle(
        &mut self,
        field: usize,
        (mut values, mut levels): (ArrayRef, Vec<u32>),
        left: &[Option<Left<'_>>],
        within: Option<&[f32]>,
    ) -> Result<ArrayRef, DataError> {
        if let Some(rules) = &mut self.rules {
            let drawn = within.map(|within| (&levels[..], within));
            let (settled, changed) = rules.settle(field, values, left, drawn)?;
            values = settled;
            changed.into_iter().for_each(|(row, level)| levels[row] = level);
        }
        self.choose(levels);
        Ok(values)
    }

    /// As [`Self::next`] with a sample of each value, as the column that the encoder would read.
    pub(super) fn next_column(
        &mut self,
        schema: &Schema,
        field: usize,
        drawing: &Drawing,
        noise: &[f32],
    ) -> Result<Column, DataError> {
        let described = &schema.fields[field];
        let rows = self.probabilities(described, drawing.missing);
        let levels = Self::levels(rows, drawing, noise);
        self.choose(levels.clone());
        schema.draw_column(field, &described.levels_column(levels)?, &within(noise))
    }

    /// A draw of a level from each row of probabilities.
    fn levels(rows: Distributions, drawing: &Drawing, noise: &[f32]) -> Vec<u32> {
        let level = |p, u| pick(&sharpened(p, drawing.sampling.temperature), u);
        let drawn = rows.into_iter().zip(noise.iter().step_by(2));
        drawn.map(|(p, u)| p.map_or(0, |p| level(p, *u))).collect()
    }

    /// A draw of the next field's level in each row: of p(level | S), with P(S), where the row has a set S, else of
    /// p(level), with 1; any level where one is known. `uniforms` has one draw for each row.
    pub(super) fn draw_within(
        &mut self,
        field: &Field,
        sets: &[Option<Arc<ValueSet>>],
        uniforms: &[f32],
    ) -> Vec<(u32, f64)> {
        let rows = self.probabilities(field, true);
        let rows = rows.into_iter().zip(uniforms).enumerate();
        let drawn = rows.map(|(row, (p, uniform))| {
            let Some(p) = p else {
                return (0, 1.0);
            };
            let (p, mass) = match sets.get(row) {
                Some(Some(set)) => set.restrict(&p),
                _ => (p, 1.0),
            };
            (pick(&p, *uniform), mass)
        });
        let drawn: Vec<(u32, f64)> = drawn.collect();
        self.choose(drawn.iter().map(|(level, _)| *level).collect());
        drawn
    }

    /// The probabilities of the next field's levels, and a draw of each row's level.
    pub(super) fn draw(&mut self, field: &Field, drawing: &Drawing, noise: &[f32]) -> Distributions {
        let rows = self.probabilities(field, drawing.missing);
        let levels = rows.iter().zip(noise.iter().step_by(2));
        let levels = levels.map(|(p, u)| p.as_ref().map_or(0, |p| pick(p, *u)));
        self.choose(levels.collect());
        rows
    }

    /// The distributions of the next field's levels; `missing`: whether a value may be missing.
    fn probabilities(&self, field: &Field, missing: bool) -> Distributions {
        let width = field.levels();
        // The last level of a field that can be missing says that it is.
        let kept = width - usize::from(field.can_miss() && !missing);
        match &self.odds {
            Odds::Likelihood(fields, opened) => self.in_open_rows(fields, opened, |logits| {
                let rows = logits.chunks_exact(width);
                rows.map(|row| probabilities(&row[..kept])).collect()
            }),
            Odds::Given(fields) => {
                let rows = fields[self.next].chunks_exact(width).map(|row| &row[..kept]);
                let is_known = |row: &[f64]| row.iter().all(|p| *p == 0.0);
                rows.map(|row| (!is_known(row)).then(|| normalised(row.to_vec())))
                    .collect()
            }
        }
    }

    /// The distributions in the rows whose level is not known, `of` their logits: no network is asked for others.
    fn in_open_rows(
        &self,
        fields: &OneByOne<'_>,
        opened: &Opened,
        of: impl Fn(Vec<f32>) -> Vec<Vec<f64>>,
    ) -> Distributions {
        let known = self.known.get(self.next).map_or(&[][..], Vec::as_slice);
        let open: Vec<usize> = (0..known.len()).filter(|row| known[*row].is_none()).collect();
        if known.len() <= CHUNK && open.len() == known.len() {
            return of(to_host(fields.logits())).into_iter().map(Some).collect();
        }
        let mut rows = vec![None; known.len()];
        for piece in open.chunks(CHUNK) {
            let mut places: Vec<u32> = piece.iter().map(|row| *row as u32).collect();
            places.resize(opened.filled(piece.len()), places[0]);
            let logits = fields.logits_at(&opened.upload().codes(&places));
            for (row, p) in piece.iter().zip(of(to_host(logits))) {
                rows[*row] = Some(p);
            }
        }
        rows
    }

    /// Goes on to the next field: these levels were drawn, and hold where none is known.
    fn choose(&mut self, mut levels: Vec<u32>) {
        let known = self.known.get(self.next);
        self.next += 1;
        let Odds::Likelihood(fields, opened) = &mut self.odds else {
            return;
        };
        if let Some(known) = known {
            if self.ahead && known.iter().all(Option::is_some) {
                return fields.pass();
            }
            let not_again = fields.levels() as u32;
            let seen = |known: u32| if self.ahead { not_again } else { known };
            let known = levels.iter_mut().zip(known);
            known.for_each(|(level, known)| *level = known.map_or(*level, seen));
        }
        fields.choose(opened.upload().codes(&levels));
    }
}

impl Opened {
    /// The levels of a chunk of records, to be drawn from `p` where they are not known.
    pub(super) fn level_table<'a>(&'a self, p: &'a Levels, known: &'a [Vec<Option<u32>>]) -> LevelTable<'a> {
        let in_any_order = self.config.plan.shuffled_fields > 0.0;
        let ahead = (in_any_order && !known.is_empty()).then(|| self.seen(known));
        LevelTable::drawing(p, known, ahead, self)
    }

    /// The known levels, as the networks see them.
    fn seen(&self, known: &[Vec<Option<u32>>]) -> Seen {
        let fields = self.x_fields.iter().filter(|field| self.has_levels(**field));
        let widths: Vec<u32> = fields
            .map(|field| self.schema.fields[*field].levels() as u32)
            .collect();
        let rows = known.first().map_or(0, Vec::len);
        let cells = (0..rows).flat_map(|row| {
            known
                .iter()
                .zip(&widths)
                .map(move |(of, width)| (of[row], *width))
        });
        let cells = cells.map(|(level, width)| level.filter(|level| *level < width));
        let cells: Vec<Option<u32>> = cells.collect();
        let of = |value: fn(u32) -> f32| {
            let values = cells.iter().map(|level| level.map_or(0.0, value)).collect();
            self.upload().rows(values, rows)
        };
        Seen::new(of(|level| level as f32), of(|_| 1.0))
    }
}

/// The second of each row's two draws: the place of a value within its level.
fn within(noise: &[f32]) -> Vec<f32> {
    noise.iter().skip(1).step_by(2).copied().collect()
}

/// exp(l) / Σ exp(l).
pub(crate) fn probabilities(logits: &[f32]) -> Vec<f64> {
    let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    normalised(logits.iter().map(|logit| f64::from(logit - max).exp()).collect())
}

pub(crate) fn normalised(mut weights: Vec<f64>) -> Vec<f64> {
    let sum: f64 = weights.iter().sum();
    weights.iter_mut().for_each(|weight| *weight /= sum);
    weights
}

/// p^(1/temperature), normalised: a temperature below 1 favours likely levels, and 0 leaves only the most likely one.
fn sharpened(p: Vec<f64>, temperature: f32) -> Vec<f64> {
    if temperature == 1.0 {
        return p;
    }
    let max = p.iter().copied().fold(0.0, f64::max);
    let power = |p: &f64| match temperature <= 0.0 {
        true => f64::from(u8::from(*p == max)),
        false => (p / max).powf(1.0 / f64::from(temperature)),
    };
    normalised(p.iter().map(power).collect())
}

/// The level on which a draw uniform in [0, 1) falls.
pub(crate) fn pick(p: &[f64], uniform: f32) -> u32 {
    let mut left = f64::from(uniform);
    let found = p.iter().position(|p| {
        left -= p;
        left < 0.0
    });
    found.unwrap_or_else(|| mode(p) as usize) as u32
}

#[cfg(test)]
mod tests {
    use elbo_data::Kind;
    use elbo_data::kind::category::Category;

    use super::*;

    #[test]
    fn a_set_takes_its_share_of_each_level() {
        // of ¼ ½ ¼ the first and the last: ½, and each of the two half of it
        let field = Field {
            name: "job".to_owned(),
            missing: 0,
            missing_by_chance: false,
            records: 3,
            missing_word: None,
            stored: None,
            kind: Kind::Category(Category {
                levels: ["a", "b", "c"].map(str::to_owned).into(),
                counts: vec![1; 3],
                data_type: None,
                rare: None,
            }),
        };
        let set = Some(Arc::new(ValueSet::new(
            &field,
            String::new(),
            &[0, 2],
            Vec::new(),
        )));
        let probabilities = [[0.25, 0.5, 0.25].repeat(3)];
        let drawn =
            |sets: &[_], uniforms: &[f32]| LevelTable::of(&probabilities).draw_within(&field, sets, uniforms);
        assert_eq!(
            drawn(&[set.clone(), set, None], &[0.49, 0.51, 0.51]),
            [(0, 0.5), (2, 0.5), (1, 1.0)]
        );
        assert_eq!(drawn(&[], &[0.2, 0.5, 0.8]), [(0, 1.0), (1, 1.0), (2, 1.0)]);
    }

    #[test]
    fn draws_fall_on_levels_as_often_as_they_are_likely() {
        // ¼ ½ ¼, and a grid of a hundred draws
        let p = probabilities(&[0.0, 2f32.ln(), 0.0]);
        let mut counts = [0; 3];
        for step in 0..100 {
            counts[pick(&p, (step as f32 + 0.5) / 100.0) as usize] += 1;
        }
        assert_eq!(counts, [25, 50, 25]);
        assert_eq!(mode(&p), 1);
        assert_eq!(mode(&[0.5, 0.5]), 0);
    }
}
