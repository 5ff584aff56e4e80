//! Rules while the fields of records are drawn in turn: what the known ones leave to the next.
//!
//! So the fields behind it see values that agree with each other. If rules were kept in finished records alone, a date
//! would get its own weekday, but what depends on the weekday would still be that of another.

use std::collections::{BTreeMap, HashMap};

use arrow::array::{Array, ArrayRef, BooleanArray, StringArray};
use arrow::compute::kernels::zip::zip;

use super::Keeper;
use super::columns::{self, with_rows};
use super::levels::Lookup;
use crate::error::DataError;
use crate::schema::Field;

/// The levels of the values that determine others.
#[derive(Debug, Default)]
pub(super) struct Codes {
    level: HashMap<String, u32>,
    /// The training records of each level.
    records: HashMap<u32, u64>,
}

impl Codes {
    /// Adds the values of a field in one rule that it does not know from another, with how many training records have each;
    /// none if they are not of the field.
    pub(super) fn add<'a>(
        &mut self,
        field: &Field,
        values: impl Iterator<Item = (&'a str, u64)>,
    ) -> Option<()> {
        let mut new: BTreeMap<&str, u64> = BTreeMap::new();
        for (text, n) in values.filter(|(text, _)| !self.level.contains_key(*text)) {
            *new.entry(text).or_default() += n;
        }
        let arrow = field.kind.arrow_field(&field.name);
        let texts = StringArray::from_iter_values(new.keys());
        let array = columns::from_texts(texts, arrow.data_type()).ok()?;
        let column = field.kind.encode(&arrow, &array).ok()?;
        for (row, (text, n)) in new.into_iter().enumerate() {
            let level = column.level(row).filter(|_| column.observed[row])?;
            self.level.insert(text.to_owned(), level);
            *self.records.entry(level).or_default() += n;
        }
        Some(())
    }
}

/// The values that a field can have in a record.
#[derive(Clone, Debug)]
pub struct Left<'a> {
    /// Each with its level, and how many training records have it.
    values: Vec<(&'a str, u32, u64)>,
    /// The share of each level's training records that these values have.
    shares: Vec<(u32, f64)>,
}

impl<'a> Left<'a> {
    fn new(values: &[(&'a str, u64)], codes: &Codes) -> Option<Self> {
        let known = values.iter().filter_map(|(value, n)| {
            let level = codes.level.get(*value)?;
            Some((*value, *level, *n))
        });
        let values: Vec<_> = known.collect();
        let mut records: HashMap<u32, u64> = HashMap::new();
        for (_, level, n) in &values {
            *records.entry(*level).or_default() += n;
        }
        let share = |(level, n): (u32, u64)| {
            let all = codes.records.get(&level).copied().unwrap_or(n);
            (level, n as f64 / all.max(1) as f64)
        };
        let mut shares: Vec<(u32, f64)> = records.into_iter().map(share).collect();
        shares.sort_unstable_by_key(|(level, _)| *level);
        (!values.is_empty()).then_some(Self { values, shares })
    }

    /// The probabilities of a field's levels where one of these values, or the level `missing`, is all that is possible.
    /// As they are where none of them is.
    #[must_use]
    pub fn within(&self, p: Vec<f64>, missing: Option<u32>) -> Vec<f64> {
        let mut left = vec![0.0; p.len()];
        let kept = self
            .shares
            .iter()
            .copied()
            .chain(missing.map(|level| (level, 1.0)));
        for (level, share) in kept {
            if let Some((left, p)) = left.get_mut(level as usize).zip(p.get(level as usize)) {
                *left = p * share;
            }
        }
        let all: f64 = left.iter().sum();
        if !(all > 0.0 && all.is_finite()) {
            return p;
        }
        left.iter_mut().for_each(|left| *left /= all);
        left
    }

    /// One of the values of a level, as often as in the training records; `uniform` is in [0, 1).
    fn of_level(&self, level: u32, uniform: f32) -> Option<&'a str> {
        let own = || self.values.iter().filter(|(_, own, _)| *own == level);
        let all: u64 = own().map(|(_, _, n)| n).sum();
        let mut left = f64::from(uniform) * all as f64;
        let chosen = own().find(|(_, _, n)| {
            left -= *n as f64;
            left < 0.0
        });
        chosen.or_else(|| own().next_back()).map(|(value, _, _)| *value)
    }
}

/// The values of a field in some records.
#[derive(Debug)]
struct Values {
    texts: Option<StringArray>,
    numbers: Vec<f64>,
}

/// Some records whose fields are drawn in turn.
#[derive(Debug)]
pub struct InTurn<'a> {
    keeper: &'a Keeper,
    /// Which fields of the rules are looked up, and which are added.
    looked_up: Vec<bool>,
    added: Vec<bool>,
    /// By field of the rules, where it is known or drawn.
    known: Vec<Option<Values>>,
    /// Values that are known from the start, and where.
    fixed: Vec<Option<(ArrayRef, BooleanArray)>>,
}

impl Keeper {
    /// Records whose fields will be drawn in turn.
    pub fn in_turn(&self) -> InTurn<'_> {
        InTurn {
            keeper: self,
            looked_up: self.marked(self.looked_up()),
            added: self.marked(self.added()),
            known: self.fields.iter().map(|_| None).collect(),
            fixed: self.fields.iter().map(|_| None).collect(),
        }
    }
}

impl<'a> InTurn<'a> {
    /// The place of a field of the schema among those that rules look up or add.
    fn place(&self, field: usize) -> Option<usize> {
        let place = self.keeper.fields.iter().position(|(own, _)| *own == field)?;
        (self.looked_up[place] || self.added[place]).then_some(place)
    }

    /// Whether rules say anything about a field of the schema while it is drawn.
    pub fn concerns(&self, field: usize) -> bool {
        self.place(field).is_some()
    }

    /// Values of a field that are known from the start, where `observed` says so.
    ///
    /// # Errors
    /// As [`Keeper::mend`].
    pub fn fix(&mut self, field: usize, values: ArrayRef, observed: &[bool]) -> Result<(), DataError> {
        let Some(place) = self.place(field).filter(|_| observed.contains(&true)) else {
            return Ok(());
        };
        let fixed = BooleanArray::from(observed.to_vec());
        // What is not known is null.
        let none = arrow::array::new_null_array(values.data_type(), values.len());
        self.known[place] = Some(self.values(place, &zip(&fixed, &values, &none)?)?);
        self.fixed[place] = Some((values, fixed));
        Ok(())
    }

    fn values(&self, place: usize, array: &ArrayRef) -> Result<Values, DataError> {
        let (_, field) = &self.keeper.fields[place];
        let texts = self.looked_up[place].then(|| columns::texts(&field.kind, array));
        Ok(Values {
            texts: texts.transpose()?,
            numbers: match self.added[place] {
                true => self.keeper.numbers_of(place, array)?,
                false => Vec::new(),
            },
        })
    }

    fn text(&self, place: usize, row: usize) -> Option<&str> {
        let texts = self.known[place].as_ref()?.texts.as_ref()?;
        texts.is_valid(row).then(|| texts.value(row))
    }

    fn number(&self, place: usize, row: usize) -> f64 {
        let numbers = self.known[place].as_ref().map(|values| &values.numbers);
        numbers
            .and_then(|numbers| numbers.get(row))
            .copied()
            .unwrap_or(f64::NAN)
    }

    /// What each of so many records leaves of a field that determines what is known already; none where that is all.
    pub fn left(&self, field: usize, records: usize) -> Vec<Option<Left<'a>>> {
        let keeper = self.keeper;
        let Some(place) = self.place(field) else {
            return Vec::new();
        };
        let Some(codes) = keeper.codes.get(&place) else {
            return Vec::new();
        };
        let lookups = keeper.lookups.iter();
        let lookups = lookups.filter(|lookup| lookup.by.contains(&place) && self.known[lookup.of].is_some());
        let lookups: Vec<&Lookup> = lookups.collect();
        if lookups.is_empty() {
            return Vec::new();
        }
        let of_row = |row: usize| {
            let mut of_all: Option<Vec<(&'a str, u64)>> = None;
            for lookup in &lookups {
                let Some(values) = self.back(lookup, place, row) else {
                    continue;
                };
                match &mut of_all {
                    None => of_all = Some(values),
                    Some(all) => {
                        let fits: HashMap<&str, u64> = values.into_iter().collect();
                        all.retain(|(value, _)| fits.contains_key(value));
                    }
                }
            }
            Left::new(&of_all?, codes)
        };
        (0..records).map(of_row).collect()
    }

    /// The values of a field that determine what a record has; none where that, or another field that determines it
    /// too, is not known.
    fn back(&self, lookup: &'a Lookup, place: usize, row: usize) -> Option<Vec<(&'a str, u64)>> {
        let of = self.text(lookup.of, row)?;
        let others = lookup.by.iter().filter(|by| **by != place);
        others
            .into_iter()
            .map(|by| self.text(*by, row))
            .collect::<Option<Vec<_>>>()?;
        let at = lookup.by.iter().position(|by| *by == place)?;
        Some(lookup.back(at, of, |at| self.text(lookup.by[at], row)))
    }

    /// The drawn `values` of a field with those in place of them that rules settle, and the levels of the latter by
    /// record: one of those that are `left`, of the level that was drawn there, what is looked up, or a total. `drawn`: the
    /// levels that were drawn, and draws uniform in [0, 1).
    ///
    /// # Errors
    /// As [`Keeper::mend`].
    pub fn settle(
        &mut self,
        field: usize,
        values: ArrayRef,
        left: &[Option<Left<'_>>],
        drawn: Option<(&[u32], &[f32])>,
    ) -> Result<(ArrayRef, Vec<(usize, u32)>), DataError> {
        let Some(place) = self.place(field) else {
            return Ok((values, Vec::new()));
        };
        let mut texts: Vec<Option<String>> = vec![None; values.len()];
        if let Some((levels, uniforms)) = drawn {
            for (row, left) in left.iter().enumerate() {
                let value = left
                    .as_ref()
                    .and_then(|left| left.of_level(levels[row], uniforms[row]));
                texts[row] = value.map(str::to_owned);
            }
        }
        for lookup in self.keeper.lookups.iter().filter(|lookup| lookup.of == place) {
            for (row, text) in texts.iter_mut().enumerate() {
                let of = lookup.of(lookup.by.iter().map(|by| self.text(*by, row)));
                *text = of.map(str::to_owned).or(text.take());
            }
        }
        let (values, looked_up) = self.with_texts(place, values, texts)?;
        let (mut values, mut levels) = self.with_totals(place, values)?;
        levels.extend(looked_up);
        if let Some((known, fixed)) = &self.fixed[place] {
            values = zip(fixed, known, &values)?;
        }
        self.known[place] = Some(self.values(place, &values)?);
        Ok((values, levels))
    }

    fn with_texts(
        &self,
        place: usize,
        values: ArrayRef,
        texts: Vec<Option<String>>,
    ) -> Result<(ArrayRef, Vec<(usize, u32)>), DataError> {
        let rows = texts.iter().enumerate();
        let rows: Vec<usize> = rows
            .filter(|(row, text)| text.is_some() && values.is_valid(*row))
            .map(|(row, _)| row)
            .collect();
        let texts: Vec<&String> = rows.iter().filter_map(|row| texts[*row].as_ref()).collect();
        let texts = StringArray::from_iter_values(texts);
        let settled = columns::from_texts(texts, values.data_type())?;
        self.replaced(place, values, &rows, settled)
    }

    /// The values with the totals of what is known. A part of a total is not computed: all that the others lack would fall on
    /// it, however small it is.
    fn with_totals(
        &self,
        place: usize,
        values: ArrayRef,
    ) -> Result<(ArrayRef, Vec<(usize, u32)>), DataError> {
        let field = &self.keeper.fields[place].1;
        let sum = self.keeper.sums.iter().find(|sum| sum.total == place);
        let Some((number, sum)) = field.number().zip(sum) else {
            return Ok((values, Vec::new()));
        };
        let total = |row: usize| -> f64 { sum.parts.iter().map(|part| self.number(*part, row)).sum() };
        let known = (0..values.len()).map(|row| (row, total(row)));
        let known = known.filter(|(row, total)| values.is_valid(*row) && total.is_finite());
        let (rows, totals): (Vec<usize>, Vec<f64>) =
            known.map(|(row, total)| (row, number.settled(total))).unzip();
        let column = number.encoded(totals.into_iter().map(Some));
        let settled = field.kind.decode(&field.name, &column.values, None)?;
        self.replaced(place, values, &rows, settled)
    }

    /// The values with others in some rows, and the levels of these.
    fn replaced(
        &self,
        place: usize,
        values: ArrayRef,
        rows: &[usize],
        others: ArrayRef,
    ) -> Result<(ArrayRef, Vec<(usize, u32)>), DataError> {
        if rows.is_empty() {
            return Ok((values, Vec::new()));
        }
        let (_, field) = &self.keeper.fields[place];
        let column = field.kind.encode(&field.kind.arrow_field(&field.name), &others)?;
        let levels = rows.iter().enumerate();
        let levels = levels.filter_map(|(at, row)| Some((*row, column.level(at)?)));
        Ok((with_rows(&values, rows, &others)?, levels.collect()))
    }
}
