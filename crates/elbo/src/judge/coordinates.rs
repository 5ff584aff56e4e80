//! Records as points: the distance of two is the mean over their fields of the difference of ranks, or of levels
//! (Gower 1971).

use rayon::prelude::*;

use super::Chance;
use super::table::Table;
use crate::error::Error;
use crate::readout::Values;

/// Fields that are added at a time.
const LANES: usize = 8;
/// Where a missing number lies: 1 or more from every rank, and 0 from another one that is missing.
pub(super) const MISSING: f32 = 2.0;
/// Points whose neighbours are sought between two looks at the request to stop.
const TOGETHER: usize = 64;

/// The ranks of the numbers of some training rows.
pub(super) struct Ranks(Vec<Vec<f64>>);

/// Points, row after row, filled up with zeros to whole lanes.
pub(super) struct Points {
    values: Vec<f32>,
    width: usize,
    fields: usize,
}

impl Ranks {
    pub(super) fn fit(training: &Table) -> Self {
        let sorted = |values: &Values| match values {
            Values::Number(values) => {
                let mut sorted: Vec<f64> = values.iter().flatten().copied().collect();
                sorted.sort_by(f64::total_cmp);
                sorted
            }
            Values::Flag(_) | Values::Category { .. } => Vec::new(),
        };
        Self(
            training
                .columns()
                .iter()
                .map(|column| sorted(&column.values))
                .collect(),
        )
    }

    /// A field of a table: numbers as their rank among the training rows, from 0 to 1, and levels as their position;
    /// [`MISSING`] and −1 are missing.
    pub(super) fn coordinate(&self, field: usize, values: &Values) -> Vec<f32> {
        match values {
            Values::Number(values) => {
                let rank = |value: f64| mid_rank(&self.0[field], value) as f32;
                values.iter().map(|value| value.map_or(MISSING, rank)).collect()
            }
            values @ (Values::Flag(_) | Values::Category { .. }) => {
                let codes = values.codes().into_iter();
                codes.map(|code| code.map_or(-1.0, |code| code as f32)).collect()
            }
        }
    }

    /// The points of a table of the same fields.
    pub(super) fn points(&self, table: &Table) -> Points {
        let fields = table.columns().len();
        let width = fields.next_multiple_of(LANES);
        let mut values = vec![0.0; width * table.rows()];
        for (field, column) in table.columns().iter().enumerate() {
            for (row, value) in self.coordinate(field, &column.values).into_iter().enumerate() {
                values[row * width + field] = value;
            }
        }
        Points {
            values,
            width,
            fields,
        }
    }
}

/// (share below + share up to) / 2
fn mid_rank(sorted: &[f64], value: f64) -> f64 {
    let below = sorted.partition_point(|other| *other < value);
    let up_to = sorted.partition_point(|other| *other <= value);
    (below + up_to) as f64 / (2 * sorted.len().max(1)) as f64
}

impl Points {
    fn rows(&self) -> impl IndexedParallelIterator<Item = &[f32]> {
        self.values.par_chunks_exact(self.width.max(1))
    }

    /// The distances of each point to the nearest and the second nearest of `others`.
    ///
    /// # Errors
    /// [`Error::Cancelled`]
    pub(super) fn two_nearest(&self, others: &Self, chance: &Chance) -> Result<Vec<[f32; 2]>, Error> {
        let nearest = |point: &[f32]| {
            let mut best = [f32::INFINITY; 2];
            for other in others.values.chunks_exact(self.width.max(1)) {
                let distance = sum_of_differences(point, other);
                if distance < best[1] {
                    best = [best[0].min(distance), best[0].max(distance)];
                }
            }
            best.map(|distance| distance / self.fields.max(1) as f32)
        };
        let found = self.rows().enumerate().map(|(row, point)| {
            if row % TOGETHER == 0 {
                chance.check()?;
            }
            Ok(nearest(point))
        });
        found.collect()
    }
}

/// Σ min(|a − b|, 1): two ranks differ by at most 1, two levels by 0 or 1.
fn sum_of_differences(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0; LANES];
    for (a, b) in a.chunks_exact(LANES).zip(b.chunks_exact(LANES)) {
        for lane in 0..LANES {
            sums[lane] += (a[lane] - b[lane]).abs().min(1.0);
        }
    }
    sums.into_iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::testing::{levels, numbers};
    use crate::readout::Attribute;

    #[test]
    fn distances_by_hand() {
        let gaps = Attribute {
            name: "c".into(),
            values: Values::Number(vec![Some(1.0), None, None]),
        };
        let columns = vec![numbers("a", [0.0, 10.0, 20.0]), levels("b", 9, [0, 8, 8]), gaps];
        let table = Table::new(columns).unwrap();
        let ranks = Ranks::fit(&table);
        assert_eq!(
            ranks.coordinate(0, &table.columns()[0].values),
            [1.0 / 6.0, 0.5, 5.0 / 6.0]
        );
        let points = ranks.points(&table);
        let found = points.two_nearest(&points, &Chance::new(0)).unwrap();
        // From the second row: itself; the third (1/3 + 0 + 0) / 3. From the first: itself; the second (1/3 + 1 + 1) / 3.
        assert!(
            (found[1][1] - 1.0 / 9.0).abs() < 1e-6 && found[1][0] == 0.0,
            "{found:?}"
        );
        assert!(
            (found[0][1] - 7.0 / 9.0).abs() < 1e-6 && found[0][0] == 0.0,
            "{found:?}"
        );
    }
}
