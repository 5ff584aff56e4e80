//! How much of an attribute can be read from latent units: linear and logistic read-outs, and correlations.
//!
//! A read-out is fitted on some records and scored on others. Everything is plain f64 in a fixed order, so
//! equal inputs give equal bytes.

mod association;
mod attribute;
mod column;
mod linear;
mod logistic;
mod score;

pub use association::{Association, Statistic, associate, association};
pub use attribute::{Attribute, Values};
pub use score::{Measure, Score, balanced_accuracy, r_squared};

use linear::Linear;
use logistic::Logistic;

/// Latent means (or any features) of some records: one row per record.
#[derive(Clone, Copy, Debug)]
pub struct Units<'a> {
    /// Row after row.
    pub values: &'a [f32],
    /// Units per row.
    pub width: usize,
}

impl<'a> Units<'a> {
    /// How many whole rows there are.
    pub fn rows(&self) -> usize {
        self.values.len().checked_div(self.width).unwrap_or(0)
    }

    /// One record's units.
    fn row(&self, row: usize) -> &'a [f32] {
        &self.values[row * self.width..(row + 1) * self.width]
    }

    /// One unit in every record.
    fn unit(&self, unit: usize) -> impl Iterator<Item = f64> + 'a {
        let (values, width) = (self.values, self.width);
        (0..self.rows()).map(move |row| f64::from(values[row * width + unit]))
    }
}

/// Predicts one attribute from latent units.
///
/// A number is read by ridge least squares, a flag or category by multinomial logistic regression in which
/// every level weighs the same, however rare. Units are standardised first, by the rows of the fit.
#[derive(Clone, Debug)]
pub struct Readout {
    scaling: Scaling,
    head: Head,
}

#[derive(Clone, Debug)]
enum Head {
    Number(Linear),
    Flag(Logistic),
    Category(Logistic, Vec<String>),
}

impl Readout {
    /// Fits a read-out of `attribute` on those rows of `units` where it is observed and all units are finite.
    ///
    /// `None` without such rows, or if the attribute has the same value in all of them.
    pub fn fit(units: Units<'_>, attribute: &Attribute) -> Option<Self> {
        let usable = |row: &usize| units.row(*row).iter().all(|value| value.is_finite());
        let rows = units.rows().min(attribute.values.len());
        let rows: Vec<usize> = (0..rows).filter(usable).collect();
        let scaling = Scaling::fit(units, &rows);
        let levels = |rows: &[usize]| {
            let (rows, y) = given(rows, attribute.values.codes());
            let levels = attribute.values.levels().len();
            Logistic::fit(&scaling.design(units, &rows), &y, levels)
        };
        let head = match &attribute.values {
            Values::Number(values) => {
                let (rows, y) = given(
                    &rows,
                    values.iter().map(|value| value.filter(|value| value.is_finite())),
                );
                Head::Number(Linear::fit(&scaling.design(units, &rows), &y)?)
            }
            Values::Flag(_) => Head::Flag(levels(&rows)?),
            Values::Category { levels: names, .. } => Head::Category(levels(&rows)?, names.clone()),
        };
        Some(Self { scaling, head })
    }

    /// The prediction for each row; not observed where a unit is not finite or the width differs.
    pub fn predict(&self, units: Units<'_>) -> Values {
        let rows = || {
            (0..units.rows()).map(|row| {
                let row = units.row(row);
                let fits = row.len() == self.scaling.mean.len() && row.iter().all(|value| value.is_finite());
                fits.then(|| self.scaling.apply(row))
            })
        };
        match &self.head {
            Head::Number(model) => Values::Number(rows().map(|x| Some(model.predict(&x?))).collect()),
            Head::Flag(model) => Values::Flag(rows().map(|x| Some(model.predict(&x?) == 1)).collect()),
            Head::Category(model, levels) => {
                let codes = rows().map(|x| Some(model.predict(&x?) as u32)).collect();
                Values::Category {
                    levels: levels.clone(),
                    codes,
                }
            }
        }
    }

    /// How well the read-out predicts `attribute` on rows it was not fitted on: R² or balanced accuracy.
    ///
    /// `None` where that is not defined: another kind of attribute, no observed value, or a constant number.
    /// Levels are matched by name.
    pub fn score(&self, units: Units<'_>, attribute: &Attribute) -> Option<Score> {
        score::score(&self.predict(units), &attribute.values)
    }
}

/// The rows for which there is a value, and those values.
fn given<T>(rows: &[usize], values: impl IntoIterator<Item = Option<T>>) -> (Vec<usize>, Vec<T>) {
    let mut values: Vec<Option<T>> = values.into_iter().collect();
    rows.iter()
        .filter_map(|row| Some((*row, values.get_mut(*row)?.take()?)))
        .unzip()
}

/// Brings every unit to mean 0 and standard deviation 1; a constant unit to 0.
#[derive(Clone, Debug)]
struct Scaling {
    mean: Vec<f64>,
    scale: Vec<f64>,
}

impl Scaling {
    fn fit(units: Units<'_>, rows: &[usize]) -> Self {
        let n = rows.len().max(1) as f64;
        let average = |unit: usize, f: &dyn Fn(f64) -> f64| {
            rows.iter()
                .map(|row| f(f64::from(units.row(*row)[unit])))
                .sum::<f64>()
                / n
        };
        let mean: Vec<f64> = (0..units.width)
            .map(|unit| average(unit, &|value| value))
            .collect();
        let scale = mean.iter().enumerate().map(|(unit, mean)| {
            let deviation = average(unit, &|value| (value - mean).powi(2)).sqrt();
            if deviation > 1e-12 * mean.abs() {
                1.0 / deviation
            } else {
                0.0
            }
        });
        let scale = scale.collect();
        Self { mean, scale }
    }

    fn apply(&self, row: &[f32]) -> Vec<f64> {
        let unit = |((value, mean), scale): ((&f32, &f64), &f64)| (f64::from(*value) - mean) * scale;
        row.iter().zip(&self.mean).zip(&self.scale).map(unit).collect()
    }

    fn design(&self, units: Units<'_>, rows: &[usize]) -> Design {
        Design {
            values: rows.iter().flat_map(|row| self.apply(units.row(*row))).collect(),
            width: units.width,
        }
    }
}

/// Standardised units, row after row.
#[derive(Debug)]
struct Design {
    values: Vec<f64>,
    width: usize,
}

impl Design {
    /// The row `i`; a design without units has empty rows.
    fn row(&self, i: usize) -> &[f64] {
        &self.values[i * self.width..(i + 1) * self.width]
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A fixed stream of numbers in [-1, 1) with period 2^32 (the generator of Numerical Recipes).
    fn noise(n: usize, mut state: u32) -> Vec<f32> {
        let next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state as f32 / 2f32.powi(31) - 1.0
        };
        std::iter::repeat_with(next).take(n).collect()
    }

    fn number(values: impl IntoIterator<Item = f64>) -> Attribute {
        Attribute {
            name: "a".into(),
            values: Values::Number(values.into_iter().map(Some).collect()),
        }
    }

    fn halves(values: &[f32], width: usize) -> (Units<'_>, Units<'_>) {
        let (a, b) = values.split_at(values.len() / 2);
        (Units { values: a, width }, Units { values: b, width })
    }

    #[test]
    fn an_exact_linear_relation_is_read_exactly() {
        let x = noise(400, 1);
        let (train, test) = halves(&x, 2);
        let line = |units: Units<'_>| {
            number(
                (0..units.rows())
                    .map(|row| 3.0 - 2.0 * f64::from(units.row(row)[0]) + f64::from(units.row(row)[1])),
            )
        };
        let readout = Readout::fit(train, &line(train)).unwrap();
        let score = readout.score(test, &line(test)).unwrap();
        assert_eq!(score.measure, Measure::RSquared);
        assert!((score.value - 1.0).abs() < 1e-9, "{}", score.value);
    }

    #[test]
    fn an_independent_number_is_not_read() {
        let (x, y) = (noise(8000, 1), noise(4000, 2));
        let (train, test) = halves(&x, 2);
        let (a, b) = y.split_at(2000);
        let of = |values: &[f32]| number(values.iter().map(|value| f64::from(*value)));
        let score = Readout::fit(train, &of(a)).unwrap().score(test, &of(b)).unwrap();
        // The expected R² is about -d/n = -2/2000; its spread is of the same size.
        assert!(score.value.abs() < 0.01, "{}", score.value);
    }

    #[test]
    fn separable_classes_are_read_without_error_however_rare() {
        let x = noise(600, 3);
        let (train, test) = halves(&x, 1);
        // Three levels along one unit, the last of which a twentieth of the rows has.
        let levels: Vec<String> = ["low", "middle", "high"].map(String::from).to_vec();
        let of = |units: Units<'_>| {
            let code = |x: f64| {
                Some(if x < -0.3 {
                    0
                } else if x < 0.9 {
                    1
                } else {
                    2
                })
            };
            let codes = units.unit(0).map(code).collect();
            Attribute {
                name: "level".into(),
                values: Values::Category {
                    levels: levels.clone(),
                    codes,
                },
            }
        };
        // Thin the rows near the two borders so that a gap separates the levels.
        let apart = |units: Units<'_>| -> Vec<f32> {
            units
                .values
                .iter()
                .copied()
                .filter(|x| (x + 0.3).abs() > 0.1 && (x - 0.9).abs() > 0.03)
                .collect()
        };
        let (train, test) = (apart(train), apart(test));
        let (train, test) = (
            Units {
                values: &train,
                width: 1,
            },
            Units {
                values: &test,
                width: 1,
            },
        );
        let score = Readout::fit(train, &of(train))
            .unwrap()
            .score(test, &of(test))
            .unwrap();
        assert_eq!(
            score,
            Score {
                measure: Measure::BalancedAccuracy,
                value: 1.0
            }
        );
    }

    #[test]
    fn rows_that_are_not_given_or_not_finite_are_left_out() {
        let x = [0.0, 1.0, 2.0, 3.0, f32::NAN, 9.0];
        let units = Units { values: &x, width: 1 };
        let values = vec![Some(0.0), Some(2.0), None, Some(6.0), Some(1.0), Some(f64::NAN)];
        let readout = Readout::fit(
            units,
            &Attribute {
                name: "a".into(),
                values: Values::Number(values),
            },
        )
        .unwrap();
        let Values::Number(predicted) = readout.predict(units) else {
            panic!("a number is read as a number")
        };
        assert!((predicted[2].unwrap() - 4.0).abs() < 1e-4, "y = 2 x");
        assert_eq!(predicted[4], None);
    }

    #[test]
    fn there_is_nothing_to_learn_from_nothing_or_from_one_value() {
        let x = noise(10, 1);
        let units = Units { values: &x, width: 1 };
        assert!(
            Readout::fit(
                Units {
                    values: &[],
                    width: 0
                },
                &number([])
            )
            .is_none()
        );
        assert!(Readout::fit(units, &number([2.0; 10])).is_none());
        let flag = |values: [Option<bool>; 10]| Attribute {
            name: "f".into(),
            values: Values::Flag(values.to_vec()),
        };
        assert!(Readout::fit(units, &flag([None; 10])).is_none());
        assert!(Readout::fit(units, &flag([Some(true); 10])).is_none());
    }

    #[test]
    fn standardised_units_have_mean_zero_and_deviation_one() {
        let units = Units {
            values: &[1.0, 5.0, 3.0, 5.0],
            width: 2,
        };
        let scaling = Scaling::fit(units, &[0, 1]);
        // (1, 3): mean 2, deviation 1; the constant 5 becomes 0.
        assert_eq!(scaling.apply(units.row(0)), [-1.0, 0.0]);
        assert_eq!(scaling.apply(units.row(1)), [1.0, 0.0]);
    }
}
