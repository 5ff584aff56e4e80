//! Makes generated records keep rules, and changes as little as possible of them.
//!
//! What is determined is looked up, what is a sum is computed, what follows another number is drawn near it, and of two
//! numbers in the wrong order one is moved to the nearest allowed value of its column. A value that is known never
//! changes: then the other side of the rule does. Each record is changed by itself, so that it does not depend on the
//! others.

mod families;
mod follow;
mod in_turn;
mod levels;
mod numbers;

use std::collections::{BTreeMap, HashMap};

use arrow::array::{Array, ArrayRef, StringArray};

use super::columns::{self, from_texts, numbers, texts, with_rows};
use super::sums::Tolerance;
use super::{Kept, Rule};
use crate::error::DataError;
use crate::kind::number::Number;
use crate::schema::{Field, Schema};
use families::Families;
pub use follow::Draws;
use in_turn::Codes;
pub use in_turn::{InTurn, Left};
use levels::Lookup;
pub(super) use levels::joined;
use numbers::{Order, Sum};

/// Rounds until the rules of a record no longer change anything, at most.
const ROUNDS: usize = 6;

/// How firmly a value stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hold {
    /// It was generated.
    #[default]
    Free,
    /// It is better not changed: it is as in the data, or a rule has made it so.
    Kept,
    /// It was moved because it had to be.
    Moved,
    /// It is known, and never changes.
    Fixed,
}

/// How far records are changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Only values that others determine: those that are looked up, and totals.
    Determined,
    /// Whatever a rule needs.
    Any,
}

/// Rules, ready to be applied to generated records.
#[derive(Debug, Default)]
pub struct Keeper {
    /// The fields that they are about, and the positions of these in a record.
    fields: Vec<(usize, Field)>,
    lookups: Vec<Lookup>,
    sums: Vec<Sum>,
    orders: Vec<Order>,
    families: Families,
    /// The levels of the values of the fields that determine others, by their place.
    codes: HashMap<usize, Codes>,
}

impl Keeper {
    /// The rules of a schema. Those about fields that it lacks, or that are of other kinds, are left out.
    pub fn new(schema: &Schema) -> Self {
        let mut keeper = Self::default();
        for kept in &schema.rules {
            keeper.add(schema, kept);
        }
        let computed = keeper.computed();
        keeper.families.arrange(&computed);
        keeper
    }

    /// Whether there are no rules.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    fn add(&mut self, schema: &Schema, kept: &Kept) -> Option<()> {
        let usable = |name: &&str| schema.field(name).is_ok_and(|(_, field)| field.kind.has_levels());
        if !kept.rule.fields().iter().all(usable) {
            return None;
        }
        let mut place = |name: &String| self.place(schema, name);
        match &kept.rule {
            Rule::AtMost { low, high, strict } => {
                let (low, high) = (place(low)?, place(high)?);
                let numbers = [low, high].map(|place| self.fields[place].1.number().is_some());
                if numbers == [true; 2] {
                    self.orders.push(Order {
                        low,
                        high,
                        strict: *strict,
                    });
                }
            }
            Rule::Sum { parts, total } => {
                let parts: Vec<usize> = parts.iter().map(&mut place).collect::<Option<_>>()?;
                let total = place(total)?;
                let numbers = parts
                    .iter()
                    .chain([&total])
                    .map(|place| self.fields[*place].1.number());
                let numbers: Vec<&Number> = numbers.collect::<Option<_>>()?;
                let decimals = numbers.iter().map(|number| Some(number.grid?.decimals));
                let tolerance = Tolerance::of(decimals);
                self.sums.push(Sum {
                    parts,
                    total,
                    tolerance,
                });
            }
            Rule::Determines { by, of, .. } => {
                let by: Vec<usize> = by.iter().map(&mut place).collect::<Option<_>>()?;
                let of = place(of)?;
                for (at, place) in by.iter().enumerate() {
                    let values = kept.pairs.iter();
                    let values = values.filter_map(|(by, _, n)| Some((levels::part(by, at)?, *n)));
                    let codes = self.codes.entry(*place).or_default();
                    codes.add(&self.fields[*place].1, values);
                }
                self.lookups.push(Lookup::new(by, of, &kept.pairs));
            }
            Rule::Follows { by, of } => {
                let places = [place(by)?, place(of)?];
                let fields = places.map(|place| &self.fields[place].1);
                self.families.add(places, fields, &kept.differences)?;
            }
        }
        Some(())
    }

    /// The place of a field among those of the rules.
    fn place(&mut self, schema: &Schema, name: &str) -> Option<usize> {
        if let Some(place) = self.fields.iter().position(|(_, field)| field.name == *name) {
            return Some(place);
        }
        let (position, field) = schema.field(name).ok()?;
        self.fields.push((position, field.clone()));
        Some(self.fields.len() - 1)
    }

    /// Changes the `columns` of some records, in the order of the schema, until they keep the rules; `held` says for
    /// each field how firmly each value stands, and is empty where all are free. Returns which values changed, in the
    /// same form. What contradicts itself, as known values may, stays.
    ///
    /// # Errors
    /// [`DataError::FieldType`] and [`DataError::Arrow`] for columns that are not of the schema.
    pub fn mend(
        &self,
        columns: &mut [ArrayRef],
        held: &[Vec<Hold>],
        change: Change,
    ) -> Result<Vec<Vec<bool>>, DataError> {
        let mut work = Work::new(self, columns, held, change);
        work.mend()?;
        Ok(work.changed())
    }

    /// As [`Self::mend`], after numbers that follow others are drawn near them; the middle of what is possible where
    /// there are no `draws`.
    ///
    /// # Errors
    /// As [`Self::mend`].
    pub fn make(
        &self,
        columns: &mut [ArrayRef],
        held: &[Vec<Hold>],
        change: Change,
        draws: Option<Draws>,
    ) -> Result<Vec<Vec<bool>>, DataError> {
        let mut work = Work::new(self, columns, held, Change::Determined);
        if !self.families.is_empty() {
            // What is followed may be computed.
            work.mend()?;
            work.follow(draws)?;
        }
        work.change = change;
        work.mend()?;
        Ok(work.changed())
    }

    /// Which records break a rule.
    ///
    /// # Errors
    /// As [`Self::mend`].
    pub fn broken(&self, columns: &[ArrayRef]) -> Result<Vec<bool>, DataError> {
        let mut broken = vec![false; columns.first().map_or(0, |column| column.len())];
        for lookup in &self.lookups {
            let by = lookup.by.iter().map(|by| self.texts(columns, *by));
            let (by, of) = (
                by.collect::<Result<Vec<_>, _>>()?,
                self.texts(columns, lookup.of)?,
            );
            for (row, broken) in broken.iter_mut().enumerate() {
                *broken |= !lookup.holds(&by, &of, row);
            }
        }
        let values = self.numbers(columns, &self.compared())?;
        for (row, broken) in broken.iter_mut().enumerate() {
            let value = |place: usize| values[place].get(row).copied().unwrap_or(f64::NAN);
            *broken |= !self.adds_up(value);
        }
        Ok(broken)
    }

    /// Whether the numbers of a record are the sums that they should be, and in order.
    fn adds_up(&self, value: impl Fn(usize) -> f64) -> bool {
        self.sums.iter().all(|sum| sum.holds(&value)) && self.orders.iter().all(|order| order.holds(&value))
    }

    fn texts(&self, columns: &[ArrayRef], place: usize) -> Result<StringArray, DataError> {
        let (position, field) = &self.fields[place];
        texts(&field.kind, &columns[*position])
    }

    /// Which fields are compared or added.
    fn compared(&self) -> Vec<bool> {
        let orders = self.orders.iter().flat_map(|order| [order.low, order.high]);
        self.marked(orders.chain(self.added()))
    }

    /// The fields that are in sums, and in lookups.
    fn added(&self) -> impl Iterator<Item = usize> {
        self.sums.iter().flat_map(Sum::places)
    }

    fn looked_up(&self) -> impl Iterator<Item = usize> {
        self.lookups.iter().flat_map(Lookup::places)
    }

    fn marked(&self, places: impl Iterator<Item = usize>) -> Vec<bool> {
        let mut marked = vec![false; self.fields.len()];
        places.for_each(|place| marked[place] = true);
        marked
    }

    /// Which fields other rules look up or compute.
    fn computed(&self) -> Vec<bool> {
        self.marked(self.added().chain(self.looked_up()))
    }

    /// The numbers of the fields that are `used`; none of others.
    fn numbers(&self, columns: &[ArrayRef], used: &[bool]) -> Result<Vec<Vec<f64>>, DataError> {
        let of_field = |(place, (position, _)): (usize, &(usize, Field))| match used[place] {
            true => self.numbers_of(place, &columns[*position]),
            false => Ok(Vec::new()),
        };
        self.fields.iter().enumerate().map(of_field).collect()
    }

    /// The numbers of a column of the field in this place.
    fn numbers_of(&self, place: usize, column: &ArrayRef) -> Result<Vec<f64>, DataError> {
        let (_, field) = &self.fields[place];
        numbers(&field.kind, &field.kind.arrow_field(&field.name), column)
    }
}

/// Records while they are changed.
struct Work<'a> {
    keeper: &'a Keeper,
    columns: &'a mut [ArrayRef],
    holds: Vec<Vec<Hold>>,
    changed: Vec<Vec<bool>>,
    change: Change,
}

impl<'a> Work<'a> {
    fn new(keeper: &'a Keeper, columns: &'a mut [ArrayRef], held: &[Vec<Hold>], change: Change) -> Self {
        let records = columns.first().map_or(0, |column| column.len());
        let holds = keeper
            .fields
            .iter()
            .map(|(position, _)| match held.get(*position) {
                Some(held) if held.len() == records => held.clone(),
                _ => vec![Hold::Free; records],
            });
        Self {
            changed: vec![vec![false; records]; keeper.fields.len()],
            holds: holds.collect(),
            keeper,
            columns,
            change,
        }
    }

    /// Which values have changed, by field of the schema; nothing of fields that have not.
    fn changed(self) -> Vec<Vec<bool>> {
        let mut changed = vec![Vec::new(); self.columns.len()];
        for ((position, _), own) in self.keeper.fields.iter().zip(self.changed) {
            if own.contains(&true) {
                changed[*position] = own;
            }
        }
        changed
    }

    fn mend(&mut self) -> Result<(), DataError> {
        for _ in 0..ROUNDS {
            let looked_up = self.look_up()?;
            if !(self.calculate()? || looked_up) {
                break;
            }
        }
        Ok(())
    }

    /// Draws numbers that follow others.
    fn follow(&mut self, draws: Option<Draws>) -> Result<(), DataError> {
        let used = self.keeper.families.used(self.keeper.fields.len());
        let numbers = self.keeper.numbers(self.columns, &used)?;
        let mut updates: Vec<Vec<(usize, f64)>> = vec![Vec::new(); numbers.len()];
        for row in 0..self.columns.first().map_or(0, |column| column.len()) {
            let before: Vec<f64> = numbers
                .iter()
                .map(|values| values.get(row).copied().unwrap_or(f64::NAN))
                .collect();
            let holds = self.holds.iter().map(|holds| holds[row]).collect();
            let after = self
                .keeper
                .families
                .drawn(&before, holds, draws.and_then(|draws| draws.of(row)));
            for (place, (before, after)) in before.into_iter().zip(after).enumerate() {
                if before != after && !after.is_nan() {
                    updates[place].push((row, after));
                }
            }
        }
        self.write(updates)?;
        Ok(())
    }

    /// Looks up what is determined; whether anything changed.
    fn look_up(&mut self) -> Result<bool, DataError> {
        let mut any = false;
        for lookup in &self.keeper.lookups {
            let by = lookup.by.iter().map(|by| self.keeper.texts(self.columns, *by));
            let by = by.collect::<Result<Vec<_>, _>>()?;
            let of = self.keeper.texts(self.columns, lookup.of)?;
            let mut updates: BTreeMap<usize, Vec<(usize, String)>> = BTreeMap::new();
            for row in 0..of.len() {
                let hold = |place: usize| self.holds[place][row];
                for (place, value) in lookup.change(&by, &of, row, hold, self.change) {
                    updates.entry(place).or_default().push((row, value.to_owned()));
                }
                for place in lookup.places() {
                    self.holds[place][row] = self.holds[place][row].max(Hold::Kept);
                }
            }
            for (place, updates) in updates {
                any = true;
                let (rows, values): (Vec<usize>, Vec<String>) = updates.into_iter().unzip();
                let data_type = self.columns[self.keeper.fields[place].0].data_type().clone();
                self.replace(place, &rows, &from_texts(values.into(), &data_type)?)?;
            }
        }
        Ok(any)
    }

    /// Computes sums and moves numbers; whether anything changed.
    fn calculate(&mut self) -> Result<bool, DataError> {
        if self.keeper.sums.is_empty() && self.keeper.orders.is_empty() {
            return Ok(false);
        }
        let numbers = self.keeper.numbers(self.columns, &self.keeper.compared())?;
        let records = self.columns.first().map_or(0, |column| column.len());
        let mut updates: Vec<Vec<(usize, f64)>> = vec![Vec::new(); numbers.len()];
        for row in 0..records {
            let value = |values: &Vec<f64>| values.get(row).copied().unwrap_or(f64::NAN);
            if self.keeper.adds_up(|place| value(&numbers[place])) {
                continue;
            }
            let mut record = numbers::Record {
                keeper: self.keeper,
                values: numbers.iter().map(value).collect(),
                holds: self.holds.iter().map(|holds| holds[row]).collect(),
            };
            record.settle(self.change);
            for (place, (new, old)) in record.values.iter().zip(&numbers).enumerate() {
                self.holds[place][row] = record.holds[place];
                if old.get(row).is_some_and(|old| old != new && !old.is_nan()) {
                    updates[place].push((row, *new));
                }
            }
        }
        self.write(updates)
    }

    /// Writes the numbers of some rows of each field; whether there are any.
    fn write(&mut self, updates: Vec<Vec<(usize, f64)>>) -> Result<bool, DataError> {
        let any = updates.iter().any(|updates| !updates.is_empty());
        for (place, updates) in updates
            .into_iter()
            .enumerate()
            .filter(|(_, updates)| !updates.is_empty())
        {
            let (rows, values): (Vec<usize>, Vec<f64>) = updates.into_iter().unzip();
            let field = &self.keeper.fields[place].1;
            let values = field
                .number()
                .map(|number| number.encoded(values.into_iter().map(Some)));
            if let Some(column) = values {
                self.replace(
                    place,
                    &rows,
                    &field.kind.decode(&field.name, &column.values, None)?,
                )?;
            }
        }
        Ok(any)
    }

    /// Puts values in the place of those of some rows.
    fn replace(&mut self, place: usize, rows: &[usize], values: &ArrayRef) -> Result<(), DataError> {
        if rows.is_empty() {
            return Ok(());
        }
        let column = &mut self.columns[self.keeper.fields[place].0];
        rows.iter().for_each(|row| self.changed[place][*row] = true);
        *column = with_rows(column, rows, values)?;
        Ok(())
    }
}
