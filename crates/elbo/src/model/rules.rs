//! Rules of the data in generated records.
//!
//! A record that is sampled and breaks a rule is drawn again: what remains is distributed as the model's records that
//! keep the rules. What others determine needs no new draw, it is looked up or computed, and what follows another number
//! is drawn near it; and where a rule is still broken after some draws, as few values as possible are changed.

use elbo_data::arrow::array::ArrayRef;
use elbo_data::arrow::compute::interleave_record_batch;
use elbo_data::arrow::record_batch::RecordBatch;
use elbo_data::rules::{Change, Draws, Hold, InTurn};
use elbo_data::{Column, DataError};

use super::decode::{Draw, Drawing};
use super::latents::Codes;
use super::opened::Opened;
use crate::error::Error;

/// Draws of a record that breaks a rule, after the first.
const AGAIN: u64 = 8;
/// The first of the branches of a noise that these draws are from.
const BRANCH: u64 = 1 << 32;

impl Drawing {
    /// The noise of the rules of these records; none where nothing is random.
    pub(crate) fn draws<'a>(&self, rows: &'a [u64]) -> Option<Draws<'a>> {
        let noise = self.noise;
        (self.draw != Draw::Mean).then_some(Draws { noise, rows })
    }
}

impl Opened {
    /// Records that are generated from codes, so that they keep the rules; the conditions stay as they are.
    pub(crate) fn by_rules(&self, codes: &Codes, drawing: &Drawing) -> Result<RecordBatch, DataError> {
        let records = self.decode(codes, drawing)?;
        self.made(records, &codes.y, Change::Any, drawing.draws(&codes.rows))
    }

    /// The rules for the records of a chunk whose fields are drawn in turn, which know what is known of them; none where
    /// there are no rules.
    pub(super) fn in_turn(&self, codes: &Codes) -> Result<Option<InTurn<'_>>, DataError> {
        if self.keeper.is_empty() {
            return Ok(None);
        }
        let mut rules = self.keeper.in_turn();
        let given = self.y_fields.iter().zip(&codes.y);
        let known = self.x_fields.iter().zip(codes.known.iter().flatten());
        for (field, column) in given.chain(known) {
            if rules.concerns(*field) {
                rules.fix(*field, self.schema.decode(*field, column)?, &column.observed)?;
            }
        }
        Ok(Some(rules))
    }

    /// Generated records with what rules determine, or whatever they need.
    fn made(
        &self,
        records: RecordBatch,
        y: &[Column],
        change: Change,
        draws: Option<Draws>,
    ) -> Result<RecordBatch, DataError> {
        self.changed(records, y, |columns, held| {
            self.keeper.make(columns, held, change, draws)
        })
    }

    /// Records whose columns `change` has changed; it is told which values are fixed.
    fn changed<T>(
        &self,
        records: RecordBatch,
        y: &[Column],
        change: impl FnOnce(&mut [ArrayRef], &[Vec<Hold>]) -> Result<T, DataError>,
    ) -> Result<RecordBatch, DataError> {
        if self.keeper.is_empty() {
            return Ok(records);
        }
        let mut columns = records.columns().to_vec();
        change(&mut columns, &self.held(y, records.num_rows()))?;
        Ok(RecordBatch::try_new(records.schema(), columns)?)
    }

    /// The records with these numbers that `draw` gives, with their conditions; those that break a rule are drawn again,
    /// from other noise.
    pub(crate) fn drawn_by_rules(
        &self,
        rows: &[u64],
        drawing: Drawing,
        draw: impl Fn(&[u64], &Drawing) -> Result<(RecordBatch, Vec<Column>), Error>,
    ) -> Result<RecordBatch, Error> {
        let (mut records, y) = draw(rows, &drawing)?;
        if self.keeper.is_empty() {
            return Ok(records);
        }
        records = self.made(records, &y, Change::Determined, drawing.draws(rows))?;
        for again in 0..AGAIN {
            let broken = self.keeper.broken(records.columns())?;
            let places: Vec<usize> = (0..rows.len()).filter(|row| broken[*row]).collect();
            if places.is_empty() {
                return Ok(records);
            }
            let numbers: Vec<u64> = places.iter().map(|place| rows[*place]).collect();
            let other = Drawing {
                noise: drawing.noise.branch(BRANCH + again),
                ..drawing
            };
            let (others, y) = draw(&numbers, &other)?;
            let others = self.made(others, &y, Change::Determined, other.draws(&numbers))?;
            let mut from: Vec<(usize, usize)> = (0..rows.len()).map(|row| (0, row)).collect();
            for (at, place) in places.into_iter().enumerate() {
                from[place] = (1, at);
            }
            records = interleave_record_batch(&[&records, &others], &from).map_err(DataError::from)?;
        }
        let mended = self.changed(records, &y, |columns, held| {
            self.keeper.mend(columns, held, Change::Any)
        });
        Ok(mended?)
    }

    /// How firmly the values of each field stand: those that are given are fixed.
    fn held(&self, y: &[Column], records: usize) -> Vec<Vec<Hold>> {
        let mut held = vec![Vec::new(); self.schema.fields.len()];
        for (field, column) in self.y_fields.iter().zip(y) {
            let hold = |observed: &bool| if *observed { Hold::Fixed } else { Hold::Free };
            held[*field] = column.observed.iter().take(records).map(hold).collect();
        }
        held
    }
}
