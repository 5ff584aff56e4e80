//! Utility: how well a judge that learned from generated rows predicts a field of real rows (Esteban et al. 2017).

use serde::Serialize;

use super::auroc::Ranking;
use super::boosting::{Judge, Target};
use super::interval::Estimate;
use super::table::Table;
use super::{Chance, FEWEST, Measured, Tables};
use crate::error::Error;
use crate::readout::{Values, r_squared};

/// Most levels of a target that are told apart; the rarer ones are one class together, which is not scored.
const LEVELS: usize = 20;
/// Fewest held-out rows of a level that is scored.
const ROWS: usize = 5;

/// How well a field is predicted by a judge that learned from generated rows, and by one that learned from real rows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Utility {
    /// What is measured.
    pub measure: UtilityMeasure,
    /// Learned from generated rows.
    pub generated: Estimate,
    /// Learned from training rows.
    pub real: Estimate,
    /// What knowing nothing of a row gives.
    pub chance: f64,
    /// Generated rows that were learned.
    pub generated_rows: usize,
    /// Training rows that were learned.
    pub training_rows: usize,
    /// Held-out rows that were predicted.
    pub held_out_rows: usize,
    /// How it was measured.
    pub protocol: String,
}

/// What a [`Utility`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UtilityMeasure {
    /// Area under the ROC curve; of more than two levels the mean of each against all others, by how many rows have it.
    Auroc,
    /// R² = 1 − Σ(y − ŷ)² / Σ(y − ȳ)².
    RSquared,
}

/// What is predicted: the numbers, or the classes that levels become.
struct Question {
    /// The class of each level; none for numbers.
    classes: Option<Vec<usize>>,
    /// How many classes there are, and how many of them are scored: the first.
    count: usize,
    scored: usize,
}

/// How useful generated rows are to predict the field at position `target`, beside training rows. Rows that do not have the
/// field are left out.
///
/// # Errors
/// [`Error::Cancelled`]
pub fn utility(tables: Tables<'_>, target: usize, chance: &Chance) -> Result<Measured<Utility>, Error> {
    let with_target = |table: &Table| known(table, target);
    let (generated, training) = (with_target(tables.generated), with_target(tables.training));
    let held_out = with_target(tables.held_out);
    let counts = [
        ("generated", generated.rows()),
        ("training", training.rows()),
        ("held-out", held_out.rows()),
    ];
    if let Some((which, rows)) = counts.iter().find(|(_, rows)| *rows < FEWEST) {
        return Ok(Measured::too_few(which, *rows));
    }
    let values = &held_out.columns()[target].values;
    let learned = [&generated, &training].map(|table| &table.columns()[target].values);
    let Some(question) = Question::new(values, learned) else {
        let too_few = format!(
            "{} held-out rows, in which no two values occur {ROWS} times each",
            held_out.rows()
        );
        return Ok(Measured::TooFew { too_few });
    };
    let learn = |table: &Table| question.judged(table, &held_out, target, chance);
    let (of_generated, of_training) = rayon::join(|| learn(&generated), || learn(&training));
    let measure = match question.classes {
        None => UtilityMeasure::RSquared,
        Some(_) => UtilityMeasure::Auroc,
    };
    Ok(Measured::Value(Utility {
        measure,
        generated: of_generated?,
        real: of_training?,
        chance: if measure == UtilityMeasure::Auroc {
            0.5
        } else {
            0.0
        },
        generated_rows: generated.rows(),
        training_rows: training.rows(),
        held_out_rows: held_out.rows(),
        protocol: protocol(&question, [generated.rows(), training.rows(), held_out.rows()]),
    }))
}

fn protocol(question: &Question, [generated, training, held_out]: [usize; 3]) -> String {
    let what = match (&question.classes, question.scored) {
        (None, _) => "R²".to_owned(),
        (Some(_), 2) if question.count == 2 => "AUROC".to_owned(),
        (Some(_), scored) => {
            format!("mean AUROC of {scored} levels, each against all others and by its rows,")
        }
    };
    format!(
        "{what} of boosted trees that learned from {generated} generated rows (real: {training} training rows), \
         on {held_out} held-out rows"
    )
}

/// The rows that have a value of a field.
fn known(table: &Table, field: usize) -> Table {
    let known: Vec<usize> = match &table.columns()[field].values {
        Values::Number(values) => places(values.iter().map(Option::is_some)),
        values @ (Values::Flag(_) | Values::Category { .. }) => {
            places(values.codes().iter().map(Option::is_some))
        }
    };
    table.take(&known)
}

fn places(wanted: impl Iterator<Item = bool>) -> Vec<usize> {
    wanted
        .enumerate()
        .filter_map(|(place, wanted)| wanted.then_some(place))
        .collect()
}

impl Question {
    /// What can be asked of these held-out values, of which others are learned; `None` if they hardly vary.
    fn new(values: &Values, learned: [&Values; 2]) -> Option<Self> {
        if let Values::Number(values) = values {
            let first = values.first()?;
            let varies = values.iter().any(|value| value != first);
            return varies.then_some(Self {
                classes: None,
                count: 0,
                scored: 0,
            });
        }
        let mut counts = vec![0; values.levels().len()];
        values
            .codes()
            .into_iter()
            .flatten()
            .for_each(|code| counts[code] += 1);
        let mut common: Vec<usize> = (0..counts.len()).filter(|level| counts[*level] >= ROWS).collect();
        common.sort_by_key(|level| std::cmp::Reverse(counts[*level]));
        common.truncate(LEVELS);
        // In the order of the levels.
        common.sort_unstable();
        let scored = common.len();
        let class = |level| {
            common
                .iter()
                .position(|common| *common == level)
                .unwrap_or(scored)
        };
        let tables = learned.into_iter().chain([values]);
        let mut occurring = tables.flat_map(Values::codes).flatten();
        let others = usize::from(occurring.any(|code| class(code) == scored));
        (scored >= 2).then(|| Self {
            classes: Some((0..counts.len()).map(class).collect()),
            count: scored + others,
            scored,
        })
    }

    fn target(&self, values: &Values) -> Target {
        match (values, &self.classes) {
            (Values::Number(values), _) => Target::Numbers(values.iter().flatten().copied().collect()),
            (values, classes) => {
                let class = |code: usize| classes.as_ref().map_or(0, |classes| classes[code]);
                let classes = values.codes().into_iter().flatten().map(class).collect();
                Target::Classes(classes, self.count)
            }
        }
    }

    /// How well a judge that learns from `table` predicts the held-out rows.
    fn judged(
        &self,
        table: &Table,
        held_out: &Table,
        target: usize,
        chance: &Chance,
    ) -> Result<Estimate, Error> {
        let learned = self.target(&table.columns()[target].values);
        let judge = Judge::fit(&table.without(target), &learned, chance)?;
        let found = judge.predict(&held_out.without(target));
        let estimate = match self.target(&held_out.columns()[target].values) {
            Target::Numbers(truth) => {
                let pairs: Vec<(f64, f64)> = truth
                    .into_iter()
                    .zip(found)
                    .map(|(y, found)| (y, found[0]))
                    .collect();
                Estimate::resampled(pairs.len(), chance.seed, |weight| {
                    weighted_r_squared(&pairs, weight)
                })
            }
            Target::Classes(truth, _) => self.mean_auroc(&truth, &found, chance.seed),
        };
        // The truth varies.
        Ok(estimate.unwrap_or(Estimate::share(0.0, 0)))
    }

    /// The mean of the AUROC of each scored level against all others, by how many rows have it.
    fn mean_auroc(&self, truth: &[usize], found: &[Vec<f64>], seed: u64) -> Option<Estimate> {
        let asked = match self.count {
            2 => 1..2,
            _ => 0..self.scored,
        };
        let rankings = asked.map(|class| {
            let scores: Vec<f64> = found.iter().map(|p| p[class]).collect();
            (class, Ranking::new(&scores))
        });
        let rankings: Vec<(usize, Ranking)> = rankings.collect();
        let mean = |weight: &[f64]| {
            let (mut sum, mut rows) = (0.0, 0.0);
            for (class, ranking) in &rankings {
                let yes = |row: usize| truth[row] == *class;
                let share: f64 = (0..truth.len())
                    .filter(|row| yes(*row))
                    .map(|row| weight[row])
                    .sum();
                if let Some(area) = ranking.auroc(yes, weight) {
                    sum += share * area;
                    rows += share;
                }
            }
            (rows > 0.0).then(|| sum / rows)
        };
        Some(Estimate::resampled(truth.len(), seed, mean)?.within(0.0, 1.0))
    }
}

/// R² where each pair of (truth, prediction) counts several times.
fn weighted_r_squared(pairs: &[(f64, f64)], weight: &[f64]) -> Option<f64> {
    let again = pairs
        .iter()
        .zip(weight)
        .flat_map(|(pair, times)| std::iter::repeat_n(*pair, *times as usize));
    r_squared(&again.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::testing::{levels, numbers, uniform};

    /// y depends on x as `y` says.
    fn table(n: usize, seed: u64, y: impl Fn(f64) -> f64) -> Table {
        let x = uniform(n, seed);
        let y = x.iter().map(|x| y(*x));
        Table::new(vec![numbers("y", y), numbers("x", x.clone())]).unwrap()
    }

    fn measured(generated: &Table, training: &Table, held_out: &Table) -> Measured<Utility> {
        let tables = Tables {
            generated,
            training,
            held_out,
        };
        utility(tables, 0, &Chance::new(0)).unwrap()
    }

    #[test]
    fn a_relation_that_generated_rows_keep_is_useful_and_one_that_they_lose_is_not() {
        let (training, held_out) = (table(600, 1, |x| 3.0 * x), table(200, 2, |x| 3.0 * x));
        let found = measured(&table(600, 3, |x| 3.0 * x), &training, &held_out);
        let kept = found.value().unwrap();
        assert_eq!((kept.measure, kept.chance), (UtilityMeasure::RSquared, 0.0));
        assert!(kept.generated.value > 0.99 && kept.real.value > 0.99, "{kept:?}");
        // y = 3 − 3 x: R² = 1 − 4 Var(3x) / Var(3x).
        let turned = measured(&table(600, 3, |x| 3.0 - 3.0 * x), &training, &held_out);
        let turned = turned.value().unwrap();
        assert!((turned.generated.value + 3.0).abs() < 0.3, "{turned:?}");
        assert_eq!(turned.real, kept.real);
    }

    #[test]
    fn levels_are_judged_by_their_rows() {
        let of = |n: usize, seed: u64, turn: u32| {
            let x = uniform(n, seed);
            let y = x.iter().map(|x| ((x * 3.0) as u32 + turn) % 3);
            Table::new(vec![levels("y", 4, y), numbers("x", x.clone())]).unwrap()
        };
        let found = measured(&of(600, 1, 0), &of(600, 2, 1), &of(200, 3, 0));
        let found = found.value().unwrap();
        assert_eq!((found.measure, found.chance), (UtilityMeasure::Auroc, 0.5));
        assert!(found.generated.value > 0.99, "{found:?}");
        // The fourth level does not occur. Each level gets the highest score where another one is: of the two others, one is below it, one equal.
        assert!(found.real.value < 0.5, "{found:?}");
        assert!(found.protocol.contains("3 levels"), "{found:?}");
    }

    #[test]
    fn constant_generated_rows_teach_nothing() {
        let flag = |n: usize, seed: u64, y: fn(f64) -> bool| {
            let x = uniform(n, seed);
            let y = x.iter().map(|x| u32::from(y(*x)));
            Table::new(vec![levels("y", 3, y), numbers("x", x.clone())]).unwrap()
        };
        let half = |x: f64| x > 0.5;
        let found = measured(&flag(300, 1, |_| true), &flag(300, 2, half), &flag(100, 3, half));
        let found = found.value().unwrap();
        assert!(found.protocol.starts_with("AUROC of boosted trees"), "{found:?}");
        assert!((found.generated.value - 0.5).abs() < 1e-12, "{found:?}");
        assert!(found.real.value > 0.99, "{found:?}");
        let constant = measured(&flag(300, 1, half), &flag(300, 2, half), &flag(100, 3, |_| true));
        assert!(constant.value().is_none(), "{constant:?}");
    }
}
