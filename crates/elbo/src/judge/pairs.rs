//! Errors of pairs of fields: how far the association of two is from that in the training rows.

use rayon::prelude::*;
use serde::Serialize;

use super::coordinates::{MISSING, Ranks};
use super::margins::{compared, total_variation};
use super::table::Table;
use super::{Chance, Measured, Tables};
use crate::error::Error;
use crate::readout::Values;

/// Most pairs that are compared; of more, so many are drawn.
const PAIRS: usize = 2_000;
/// Bins of a number beside a category, and levels of a category; rarer levels share the last.
const BINS: usize = 10;
const LEVELS: usize = 20;
/// Cells of a side of a table of counts, one of them for what is missing.
const SIDE: usize = LEVELS + 1;
/// Pairs that are named.
const WORST: usize = 10;

/// The errors of all pairs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Pairs {
    /// Their mean, of generated rows.
    pub generated: f64,
    /// The same of held-out rows: what chance alone gives as many real rows.
    pub real: f64,
    /// The pairs with the largest errors of generated rows, up to ten.
    pub worst: Vec<PairError>,
    /// How many pairs were compared.
    pub pairs: usize,
    /// Rows that are compared with the training rows.
    pub rows: usize,
    /// How it was measured.
    pub protocol: String,
}

/// The error of one pair, from 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PairError {
    /// The fields.
    pub fields: [String; 2],
    /// Of generated rows.
    pub generated: f64,
    /// Of held-out rows.
    pub real: f64,
}

/// The error of each pair of fields of generated rows, beside that of as many held-out rows.
///
/// # Errors
/// [`Error::Cancelled`]
pub fn pairs(tables: Tables<'_>, chance: &Chance) -> Result<Measured<Pairs>, Error> {
    let (counts, n) = compared(tables);
    Measured::of_enough(&counts, || {
        let kinds = Kinds::fit(tables.training);
        let seen = |table: &Table| kinds.see(table);
        let training = seen(tables.training);
        let generated = seen(&chance.sample(tables.generated, n, 6));
        let held_out = seen(&chance.sample(tables.held_out, n, 7));
        let chosen = chosen(tables.training.columns().len(), chance);
        let name = |field: usize| tables.training.columns()[field].name.clone();
        let error = |(a, b): &(usize, usize)| {
            chance.check()?;
            let truth = training.association(*a, *b);
            Ok(PairError {
                fields: [name(*a), name(*b)],
                generated: generated.association(*a, *b).distance(&truth),
                real: held_out.association(*a, *b).distance(&truth),
            })
        };
        let mut errors = chosen.par_iter().map(error).collect::<Result<Vec<_>, Error>>()?;
        let mean =
            |of: fn(&PairError) -> f64| errors.iter().map(of).sum::<f64>() / errors.len().max(1) as f64;
        let (of_generated, of_real, pairs) =
            (mean(|pair| pair.generated), mean(|pair| pair.real), errors.len());
        errors.sort_by(|a, b| b.generated.total_cmp(&a.generated));
        errors.truncate(WORST);
        Ok(Pairs {
            generated: of_generated,
            real: of_real,
            worst: errors,
            pairs,
            rows: n,
            protocol: format!(
                "mean over {pairs} pairs of half the difference of rank correlations of two numbers, else of the total variation \
                 of both fields together (numbers in tenths, the {} commonest levels), of {n} rows from {} training rows; \
                 real: held-out rows",
                LEVELS - 1,
                tables.training.rows()
            ),
        })
    })
}

/// The pairs of so many fields, or some of them.
fn chosen(fields: usize, chance: &Chance) -> Vec<(usize, usize)> {
    let all = fields * fields.saturating_sub(1) / 2;
    let mut chosen = chance.some_of(all, PAIRS, 8);
    chosen.sort_unstable();
    // Pair i is (a, b) with b < a and i = a (a − 1) / 2 + b.
    let pair = |i: usize| {
        let a = (1..fields)
            .take_while(|a| a * (a - 1) / 2 <= i)
            .last()
            .unwrap_or(1);
        (i - a * (a - 1) / 2, a)
    };
    chosen.into_iter().map(pair).collect()
}

/// What the fields of the training rows are.
struct Kinds {
    ranks: Ranks,
    /// For each category the cell of each level.
    cells: Vec<Option<Vec<u8>>>,
}

/// A table as the pairs of its fields are compared.
struct Seen {
    /// The rank of each number; none of a category.
    ranks: Vec<Option<Vec<f32>>>,
    /// The cell of each value.
    cells: Vec<Vec<u8>>,
}

enum Association {
    /// Of the ranks of two numbers.
    Correlation(f64),
    /// The share of the rows in each cell.
    Shares(Vec<f64>),
}

impl Kinds {
    fn fit(training: &Table) -> Self {
        let cells = |values: &Values| match values {
            Values::Number(_) => None,
            values @ (Values::Flag(_) | Values::Category { .. }) => Some(cells(values)),
        };
        Self {
            ranks: Ranks::fit(training),
            cells: training
                .columns()
                .iter()
                .map(|column| cells(&column.values))
                .collect(),
        }
    }

    fn see(&self, table: &Table) -> Seen {
        let columns = table.columns().iter().enumerate();
        let (ranks, cells) = columns
            .map(|(field, column)| match &self.cells[field] {
                None => {
                    let ranks = self.ranks.coordinate(field, &column.values);
                    let cells = ranks.iter().map(|rank| tenth(*rank)).collect();
                    (Some(ranks), cells)
                }
                Some(cells) => {
                    let cell = |code: Option<usize>| {
                        code.map_or(LEVELS as u8, |code| {
                            cells.get(code).copied().unwrap_or(LEVELS as u8 - 1)
                        })
                    };
                    (None, column.values.codes().into_iter().map(cell).collect())
                }
            })
            .unzip();
        Seen { ranks, cells }
    }
}

/// The cell of a rank.
fn tenth(rank: f32) -> u8 {
    match rank == MISSING {
        true => LEVELS as u8,
        false => ((rank * BINS as f32) as u8).min(BINS as u8 - 1),
    }
}

/// A cell for each of the commonest levels, and one for all others.
fn cells(values: &Values) -> Vec<u8> {
    let mut counts = vec![0usize; values.levels().len()];
    values
        .codes()
        .into_iter()
        .flatten()
        .for_each(|code| counts[code] += 1);
    let mut order: Vec<usize> = (0..counts.len()).collect();
    order.sort_by_key(|level| std::cmp::Reverse(counts[*level]));
    let mut cells = vec![0; counts.len()];
    for (place, level) in order.into_iter().enumerate() {
        cells[level] = place.min(LEVELS - 1) as u8;
    }
    cells
}

impl Seen {
    fn association(&self, a: usize, b: usize) -> Association {
        if let (Some(a), Some(b)) = (&self.ranks[a], &self.ranks[b]) {
            return Association::Correlation(correlation(a, b));
        }
        let one = 1.0 / self.cells[a].len().max(1) as f64;
        let mut shares = vec![0.0; SIDE * SIDE];
        for (a, b) in self.cells[a].iter().zip(&self.cells[b]) {
            shares[usize::from(*a) * SIDE + usize::from(*b)] += one;
        }
        Association::Shares(shares)
    }
}

impl Association {
    fn distance(&self, other: &Self) -> f64 {
        match (self, other) {
            (Self::Correlation(a), Self::Correlation(b)) => (a - b).abs() / 2.0,
            (Self::Shares(a), Self::Shares(b)) => total_variation(a, b),
            (Self::Correlation(_), Self::Shares(_)) | (Self::Shares(_), Self::Correlation(_)) => 1.0,
        }
    }
}

/// Of the rows where both are known; 0 where one is constant.
fn correlation(a: &[f32], b: &[f32]) -> f64 {
    let known = a.iter().zip(b).filter(|(a, b)| **a != MISSING && **b != MISSING);
    let known: Vec<(f64, f64)> = known.map(|(a, b)| (f64::from(*a), f64::from(*b))).collect();
    let n = known.len().max(1) as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| known.iter().map(of).sum::<f64>() / n;
    let (mean_a, mean_b) = (mean(|pair| pair.0), mean(|pair| pair.1));
    let (mut aa, mut ab, mut bb) = (0.0, 0.0, 0.0);
    for (a, b) in &known {
        aa += (a - mean_a).powi(2);
        ab += (a - mean_a) * (b - mean_b);
        bb += (b - mean_b).powi(2);
    }
    if aa > 0.0 && bb > 0.0 {
        ab / (aa * bb).sqrt()
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::testing::{levels, numbers, uniform};

    #[test]
    fn all_pairs_are_chosen_once_if_they_are_few() {
        assert_eq!(
            chosen(4, &Chance::new(0)),
            [(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)]
        );
        assert_eq!(chosen(1, &Chance::new(0)), []);
        let many = chosen(100, &Chance::new(0));
        assert_eq!(many.len(), PAIRS);
        assert!(many.iter().all(|(a, b)| a < b && *b < 100));
    }

    #[test]
    fn associations_that_are_turned_round() {
        let x = uniform(200, 1);
        // b follows a in the training rows, and is turned round in the others; c is a half of a, then its other half.
        let table = |turned: bool| {
            let b = x.iter().map(|x| if turned { -x } else { *x });
            let c = x.iter().map(|x| u32::from((*x > 0.5) != turned));
            Table::new(vec![numbers("a", x.clone()), numbers("b", b), levels("c", 2, c)]).unwrap()
        };
        let (straight, turned) = (table(false), table(true));
        let tables = Tables {
            generated: &turned,
            training: &straight,
            held_out: &straight,
        };
        let found = pairs(tables, &Chance::new(0)).unwrap();
        let found = found.value().unwrap();
        let of = |a: &str, b: &str| {
            let pair = found.worst.iter().find(|pair| pair.fields == [a, b]);
            pair.unwrap().generated
        };
        // a and b: |1 − (−1)| / 2, but the ranks of −x among x are all 0, so nothing is correlated: 1/2.
        assert!((of("a", "b") - 0.5).abs() < 1e-9, "{found:?}");
        // a and c: no cell is shared, but those that the middle tenths may touch.
        assert!(of("a", "c") > 0.9, "{found:?}");
        assert_eq!((found.real, found.pairs), (0.0, 3));
    }
}
