//! The values of a table as a judge sees them: a small number, its bin, for each.

use super::table::Table;
use crate::readout::Values;

/// Bins of a field; the first is for what is missing.
pub(super) const BINS: usize = 256;
/// The bin of missing values.
pub(super) const MISSING: u8 = 0;

/// How the values of each field are binned.
#[derive(Clone, Debug)]
pub(super) struct Bins(Vec<Binning>);

#[derive(Clone, Debug)]
enum Binning {
    /// Bin i + 1 holds the numbers above border i − 1, up to border i.
    Number(Vec<f64>),
    /// Bin i + 1 holds level i; the last holds all levels that are left.
    Levels(usize),
}

/// The bins of some rows.
#[derive(Clone, Debug)]
pub(super) struct Matrix {
    /// Row after row.
    values: Vec<u8>,
    /// The fields, and how many bins each has.
    pub fields: Vec<Binned>,
}

/// How a field is binned.
#[derive(Clone, Copy, Debug)]
pub(super) struct Binned {
    pub bins: usize,
    /// Whether bins have an order, apart from the one for what is missing.
    pub ordered: bool,
}

impl Bins {
    /// As the rows of `table` suggest it: a number that takes up to 255 values has a bin for each, else all bins have about as many
    /// rows.
    pub(super) fn fit(table: &Table) -> Self {
        let binning = |values: &Values| match values {
            Values::Number(values) => Binning::Number(borders(values.iter().flatten().copied())),
            Values::Flag(_) | Values::Category { .. } => Binning::Levels(values.levels().len().min(BINS - 1)),
        };
        Self(
            table
                .columns()
                .iter()
                .map(|column| binning(&column.values))
                .collect(),
        )
    }

    /// The bins of the rows of a table of the same fields.
    pub(super) fn apply(&self, table: &Table) -> Matrix {
        let mut values = vec![MISSING; self.0.len() * table.rows()];
        for (field, (binning, column)) in self.0.iter().zip(table.columns()).enumerate() {
            let bins = binning.apply(&column.values);
            for (row, bin) in bins.into_iter().enumerate() {
                values[row * self.0.len() + field] = bin;
            }
        }
        Matrix {
            values,
            fields: self.0.iter().map(Binning::shape).collect(),
        }
    }
}

impl Binning {
    fn shape(&self) -> Binned {
        match self {
            Self::Number(borders) => Binned {
                bins: borders.len() + 2,
                ordered: true,
            },
            Self::Levels(levels) => Binned {
                bins: levels + 1,
                ordered: false,
            },
        }
    }

    fn apply(&self, values: &Values) -> Vec<u8> {
        match (self, values) {
            (Self::Number(borders), Values::Number(values)) => {
                let bin = |value: f64| 1 + borders.partition_point(|border| *border < value) as u8;
                values.iter().map(|value| value.map_or(MISSING, bin)).collect()
            }
            (Self::Levels(levels), values) => {
                let bin = |code: usize| 1 + code.min(levels.saturating_sub(1)) as u8;
                values
                    .codes()
                    .into_iter()
                    .map(|code| code.map_or(MISSING, bin))
                    .collect()
            }
            (Self::Number(_), _) => vec![MISSING; values.len()],
        }
    }
}

impl Matrix {
    /// The bins of a row.
    pub(super) fn row(&self, row: usize) -> &[u8] {
        &self.values[row * self.fields.len()..(row + 1) * self.fields.len()]
    }

    pub(super) fn bin(&self, row: usize, field: usize) -> u8 {
        self.values[row * self.fields.len() + field]
    }
}

/// Between neighbours among the different values, or among as many of their quantiles as there are bins.
fn borders(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let mut different = sorted.clone();
    different.dedup();
    let most = BINS - 2;
    if different.len() <= most + 1 {
        return different
            .windows(2)
            .map(|pair| pair[0].midpoint(pair[1]))
            .collect();
    }
    let mut borders: Vec<f64> = (1..=most)
        .map(|i| sorted[i * sorted.len() / (most + 1)])
        .collect();
    borders.dedup();
    borders
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::testing::{levels, numbers, uniform};
    use crate::readout::Attribute;

    #[test]
    fn few_values_have_a_bin_each_and_what_is_missing_another() {
        let gaps = Attribute {
            name: "a".into(),
            values: Values::Number(vec![Some(5.0), None, Some(1.0), Some(5.0)]),
        };
        let table = Table::new(vec![gaps, levels("b", 3, [2, 0, 0, 1])]).unwrap();
        let matrix = Bins::fit(&table).apply(&table);
        assert_eq!(matrix.row(0), [2, 3]);
        assert_eq!(matrix.row(1), [0, 1]);
        assert_eq!(matrix.row(2), [1, 1]);
        assert_eq!((matrix.fields[0].bins, matrix.fields[1].bins), (3, 4));
    }

    #[test]
    fn many_values_share_bins_of_like_size() {
        let table = Table::new(vec![numbers("a", uniform(5100, 1))]).unwrap();
        let matrix = Bins::fit(&table).apply(&table);
        let mut counts = vec![0; matrix.fields[0].bins];
        (0..5100).for_each(|row| counts[usize::from(matrix.bin(row, 0))] += 1);
        assert_eq!((counts.len(), counts[0]), (BINS, 0));
        // 5100 rows in 255 bins: 20 each.
        assert!(
            counts[1..].iter().all(|count| (18..=22).contains(count)),
            "{counts:?}"
        );
    }

    #[test]
    fn more_levels_than_bins_share_the_last() {
        let table = Table::new(vec![levels("b", 300, [0, 253, 254, 299])]).unwrap();
        let matrix = Bins::fit(&table).apply(&table);
        let bins: Vec<u8> = (0..4).map(|row| matrix.bin(row, 0)).collect();
        assert_eq!(bins, [1, 254, 255, 255]);
    }
}
