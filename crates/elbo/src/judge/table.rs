//! A table of numbers, flags and categories, field by field.

use crate::readout::Attribute;

/// Some fields of some records; each field has a value, or none, for each of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    columns: Vec<Attribute>,
    rows: usize,
}

impl Table {
    /// The rows of these fields; `None` if they do not have the same number of records.
    pub fn new(columns: Vec<Attribute>) -> Option<Self> {
        let rows = columns.first().map_or(0, |column| column.values.len());
        let even = columns.iter().all(|column| column.values.len() == rows);
        even.then_some(Self { columns, rows })
    }

    /// The fields.
    pub fn columns(&self) -> &[Attribute] {
        &self.columns
    }

    /// How many records there are.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The records at these positions, which all exist.
    pub fn take(&self, rows: &[usize]) -> Self {
        Self {
            columns: self.columns.iter().map(|column| column.take(rows)).collect(),
            rows: rows.len(),
        }
    }

    /// All fields but the one at this position.
    pub(super) fn without(&self, field: usize) -> Self {
        let others = self
            .columns
            .iter()
            .enumerate()
            .filter(|(place, _)| *place != field);
        Self {
            columns: others.map(|(_, column)| column.clone()).collect(),
            rows: self.rows,
        }
    }

    /// These records, and behind them those of a table of the same fields.
    pub(super) fn and(&self, other: &Self) -> Self {
        let both = self.columns.iter().zip(&other.columns);
        Self {
            columns: both.map(|(a, b)| a.and(b)).collect(),
            rows: self.rows + other.rows,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::testing::{levels, numbers};

    #[test]
    fn rows_are_taken_and_joined() {
        let table = Table::new(vec![numbers("a", [1.0, 2.0, 3.0]), levels("b", 2, [0, 1, 1])]).unwrap();
        let some = table.take(&[2, 0]);
        assert_eq!(some.columns(), [numbers("a", [3.0, 1.0]), levels("b", 2, [1, 0])]);
        let joined = some.and(&table.take(&[1]));
        assert_eq!(joined, table.take(&[2, 0, 1]));
        assert_eq!(table.without(0).columns(), [levels("b", 2, [0, 1, 1])]);
        assert_eq!(
            Table::new(vec![numbers("a", [1.0]), numbers("b", [1.0, 2.0])]),
            None
        );
    }
}
