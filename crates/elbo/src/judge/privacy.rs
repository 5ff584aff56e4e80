//! Whether generated rows are those of the training set: copies, and rows nearer to it than chance would have them.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Serialize;

use super::coordinates::{Points, Ranks};
use super::interval::Estimate;
use super::table::Table;
use super::{Chance, MOST_COMPARED, Measured, Tables};
use crate::error::Error;
use crate::readout::Values;

/// How near generated rows are to the training rows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Privacy {
    /// Generated rows nearer to a training row than to a held-out row.
    pub closer: Measured<Closer>,
    /// Distances to training rows.
    pub nearest: Measured<Nearest>,
    /// Rows that are equal to a training row.
    pub copies: Measured<Copies>,
}

/// The share of generated rows that are nearer to a training row than to a held-out row.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Closer {
    /// The share; 0.5 where training rows are no nearer than any others.
    pub generated: Estimate,
    /// What copies of training rows give: (1 + n / N) / 2 if n of N training rows are compared, the others being no
    /// nearer than held-out rows.
    pub of_copies: f64,
    /// How it was measured.
    pub protocol: String,
}

/// Distances to the nearest training row, from 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Nearest {
    /// Of generated rows.
    pub generated: Distances,
    /// Of held-out rows.
    pub real: Distances,
    /// How they were measured.
    pub protocol: String,
}

/// Distances of some rows to training rows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Distances {
    /// To the nearest.
    pub distance: Low,
    /// To the nearest, divided by that to the second nearest; 1 where both are 0.
    pub ratio: Low,
}

/// The lower end and the middle of some numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Low {
    /// The 5 % quantile.
    pub low: f64,
    /// The median.
    pub median: f64,
}

/// The share of rows that are equal to a training row in every field.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Copies {
    /// Of generated rows.
    pub generated: Estimate,
    /// Of held-out rows: how far the data repeat themselves.
    pub real: Estimate,
    /// How it was measured.
    pub protocol: String,
}

/// How near generated rows are to training rows, beside held-out rows.
///
/// # Errors
/// [`Error::Cancelled`]
pub fn privacy(tables: Tables<'_>, chance: &Chance) -> Result<Privacy, Error> {
    let counts = [
        ("generated", tables.generated.rows()),
        ("training", tables.training.rows()),
        ("held-out", tables.held_out.rows()),
    ];
    let near = Near {
        ranks: Ranks::fit(tables.training),
        tables,
        chance,
    };
    Ok(Privacy {
        closer: Measured::of_enough(&counts, || near.closer())?,
        nearest: Measured::of_enough(&counts, || near.nearest())?,
        copies: Measured::of_enough(&counts, || Ok(copies(tables)))?,
    })
}

struct Near<'a> {
    tables: Tables<'a>,
    ranks: Ranks,
    chance: &'a Chance,
}

impl Near<'_> {
    fn some(&self, table: &Table, count: usize, branch: u64) -> Points {
        self.ranks.points(&self.chance.sample(table, count, branch))
    }

    fn closer(&self) -> Result<Closer, Error> {
        let Tables {
            generated,
            training,
            held_out,
        } = self.tables;
        let n = training.rows().min(held_out.rows()).min(MOST_COMPARED);
        let rows = generated.rows().min(MOST_COMPARED);
        let points = self.some(generated, rows, 9);
        let to = |table: &Table, branch| points.two_nearest(&self.some(table, n, branch), self.chance);
        let (to_training, to_held_out) = (to(training, 10)?, to(held_out, 11)?);
        let won = to_training
            .iter()
            .zip(&to_held_out)
            .map(|([a, _], [b, _])| match () {
                () if a < b => 1.0,
                () if a > b => 0.0,
                () => 0.5,
            });
        Ok(Closer {
            generated: Estimate::share(won.sum(), rows),
            of_copies: (1.0 + n as f64 / training.rows() as f64) / 2.0,
            protocol: format!(
                "share of {rows} generated rows whose nearest of {n} training rows is nearer than their nearest of {n} held-out \
                 rows, equal distances by half; Gower distance of ranks and levels"
            ),
        })
    }

    fn nearest(&self) -> Result<Nearest, Error> {
        let Tables {
            generated,
            training,
            held_out,
        } = self.tables;
        let n = training.rows().min(MOST_COMPARED);
        let rows = [generated, held_out].map(|table| table.rows().min(MOST_COMPARED));
        let training = self.some(training, n, 10);
        let of = |table, count, branch| {
            let found = self
                .some(table, count, branch)
                .two_nearest(&training, self.chance);
            found.map(|found| Distances::of(&found))
        };
        Ok(Nearest {
            generated: of(generated, rows[0], 9)?,
            real: of(held_out, rows[1], 11)?,
            protocol: format!(
                "Gower distance of {} generated rows (real: {} held-out rows) to the nearest of {n} training rows, and its ratio \
                 to the distance of the second nearest",
                rows[0], rows[1]
            ),
        })
    }
}

impl Distances {
    fn of(nearest: &[[f32; 2]]) -> Self {
        let ratio = |[first, second]: &[f32; 2]| match *second > 0.0 {
            true => f64::from(first / second),
            false => 1.0,
        };
        Self {
            distance: Low::of(nearest.iter().map(|[first, _]| f64::from(*first))),
            ratio: Low::of(nearest.iter().map(ratio)),
        }
    }
}

impl Low {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = values.collect();
        sorted.sort_by(f64::total_cmp);
        let quantile = |share: f64| {
            let place = (share * sorted.len() as f64) as usize;
            sorted
                .get(place.min(sorted.len().saturating_sub(1)))
                .copied()
                .unwrap_or(0.0)
        };
        Self {
            low: quantile(0.05),
            median: quantile(0.5),
        }
    }
}

fn copies(tables: Tables<'_>) -> Copies {
    let known: HashSet<u64> = keys(tables.training).collect();
    let share = |table: &Table| {
        let copies = keys(table).filter(|key| known.contains(key)).count();
        Estimate::share(copies as f64, table.rows())
    };
    Copies {
        generated: share(tables.generated),
        real: share(tables.held_out),
        protocol: format!(
            "share of {} generated rows (real: {} held-out rows) that are equal to one of {} training rows in all fields",
            tables.generated.rows(),
            tables.held_out.rows(),
            tables.training.rows()
        ),
    }
}

/// A number for each row: equal rows have the same, and others, but for one pair in 2^64, another.
fn keys(table: &Table) -> impl Iterator<Item = u64> + '_ {
    let codes: Vec<Vec<Option<u64>>> = table
        .columns()
        .iter()
        .map(|column| cells(&column.values))
        .collect();
    (0..table.rows()).map(move |row| {
        let mut hasher = DefaultHasher::new();
        codes.iter().for_each(|cells| cells[row].hash(&mut hasher));
        hasher.finish()
    })
}

fn cells(values: &Values) -> Vec<Option<u64>> {
    match values {
        // −0 and 0 are the same number.
        Values::Number(values) => values
            .iter()
            .map(|value| value.map(|value| (value + 0.0).to_bits()))
            .collect(),
        values @ (Values::Flag(_) | Values::Category { .. }) => {
            let codes = values.codes().into_iter();
            codes.map(|code| code.map(|code| code as u64)).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::testing::{levels, numbers, uniform};

    fn table(n: usize, seed: u64) -> Table {
        let codes = uniform(n, seed + 1).into_iter().map(|x| (x * 3.0) as u32);
        Table::new(vec![numbers("a", uniform(n, seed)), levels("b", 3, codes)]).unwrap()
    }

    fn measured(generated: &Table, training: &Table) -> (f64, Nearest, Copies) {
        let held_out = table(400, 50);
        let tables = Tables {
            generated,
            training,
            held_out: &held_out,
        };
        let found = privacy(tables, &Chance::new(0)).unwrap();
        (
            found.closer.value().unwrap().generated.value,
            found.nearest.value().unwrap().clone(),
            found.copies.value().unwrap().clone(),
        )
    }

    #[test]
    fn the_training_rows_themselves_are_copies() {
        let training = table(400, 10);
        let (closer, nearest, copies) = measured(&training, &training);
        assert_eq!((closer, copies.generated.value), (1.0, 1.0));
        // A quarter of the training rows has as many rows as are held out: 1/4 are copies, and half of the others nearer.
        let held_out = table(100, 50);
        let tables = Tables {
            generated: &training,
            training: &training,
            held_out: &held_out,
        };
        let found = privacy(tables, &Chance::new(0)).unwrap();
        let closer = found.closer.value().unwrap();
        assert_eq!(closer.of_copies, 0.625);
        assert!((closer.generated.value - 0.625).abs() < 0.08, "{closer:?}");
        assert_eq!(
            (nearest.generated.distance.median, nearest.generated.ratio.median),
            (0.0, 0.0)
        );
        assert!(nearest.real.distance.median > 0.0 && copies.real.value == 0.0);
    }

    #[test]
    fn other_rows_of_the_same_distribution_are_as_near_to_both() {
        let (closer, nearest, copies) = measured(&table(400, 30), &table(400, 10));
        // Standard error of a share of 400: 0.025; that of which sets lie nearer adds to it.
        assert!((closer - 0.5).abs() < 0.12, "{closer}");
        let ratio = nearest.generated.distance.median / nearest.real.distance.median;
        assert!((ratio - 1.0).abs() < 0.3, "{nearest:?}");
        assert_eq!(copies.generated.value, 0.0);
    }

    #[test]
    fn data_that_repeat_themselves_say_so() {
        let training = Table::new(vec![levels("a", 2, (0..100).map(|row| row % 2))]).unwrap();
        let tables = Tables {
            generated: &training,
            training: &training,
            held_out: &training,
        };
        let found = privacy(tables, &Chance::new(0)).unwrap();
        assert_eq!(found.copies.value().unwrap().real.value, 1.0);
        assert_eq!(found.closer.value().unwrap().generated.value, 0.5);
        // Nearest and second nearest are the same row twice.
        assert_eq!(found.nearest.value().unwrap().generated.ratio.low, 1.0);
    }

    #[test]
    fn quantiles_by_hand() {
        let low = Low::of((0..100).map(f64::from));
        assert_eq!((low.low, low.median), (5.0, 50.0));
    }
}
