//! A judge: gradient boosted trees (Friedman 2001), as good as a person would train without tuning.
//!
//! F_m = F_{m−1} + η Σ_leaves −G / (H + λ), with the slopes of the squared error for numbers, of the logistic loss for two
//! classes, and of the softmax loss for more. The number of rounds is chosen on a fifth of the rows; then all are learned.

use super::Chance;
use super::bins::{Bins, Matrix};
use super::table::Table;
use super::tree::{Slopes, Tree};
use crate::error::Error;

/// η, the share of each tree that is added.
const RATE: f64 = 0.1;
/// Most rounds.
const ROUNDS: usize = 200;
/// Rounds without a lower loss after which the search ends.
const PATIENCE: usize = 20;
/// One in so many rows chooses the number of rounds.
const CHOOSING: usize = 5;

/// What a judge learns, one value for each row.
#[derive(Clone, Debug)]
pub(super) enum Target {
    /// Numbers.
    Numbers(Vec<f64>),
    /// Classes, and how many there are: at least two.
    Classes(Vec<usize>, usize),
}

impl Target {
    fn len(&self) -> usize {
        match self {
            Self::Numbers(values) => values.len(),
            Self::Classes(classes, _) => classes.len(),
        }
    }

    /// Scores of a row: one, or one for each of more than two classes.
    fn outputs(&self) -> usize {
        match self {
            Self::Numbers(_) | Self::Classes(_, 2) => 1,
            Self::Classes(_, count) => *count,
        }
    }

    /// The score that all rows begin with: the mean, or the log odds, or log probabilities.
    fn base(&self, rows: &[u32]) -> Vec<f64> {
        let n = rows.len() as f64;
        match self {
            Self::Numbers(values) => {
                vec![rows.iter().map(|row| values[*row as usize]).sum::<f64>() / n.max(1.0)]
            }
            Self::Classes(classes, count) => {
                // Half a row more of each class, so that none is impossible.
                let mut counts = vec![0.5f64; *count];
                rows.iter().for_each(|row| counts[classes[*row as usize]] += 1.0);
                match count {
                    2 => vec![(counts[1] / counts[0]).ln()],
                    _ => counts
                        .iter()
                        .map(|k| (k / (n + 0.5 * *count as f64)).ln())
                        .collect(),
                }
            }
        }
    }

    /// The slopes of the loss at these scores, for each output.
    fn slopes(&self, scores: &[f64], outputs: usize) -> Vec<Slopes> {
        let none = || Slopes {
            g: vec![0.0; self.len()],
            h: vec![0.0; self.len()],
        };
        let mut slopes: Vec<Slopes> = (0..outputs).map(|_| none()).collect();
        for (row, scores) in scores.chunks_exact(outputs).enumerate() {
            match self {
                Self::Numbers(values) => {
                    slopes[0].g[row] = scores[0] - values[row];
                    slopes[0].h[row] = 1.0;
                }
                Self::Classes(classes, _) => {
                    for (output, p) in probabilities(scores).into_iter().enumerate() {
                        let class = if outputs == 1 { 1 } else { output };
                        slopes[output].g[row] = p - f64::from(u8::from(classes[row] == class));
                        slopes[output].h[row] = p * (1.0 - p);
                    }
                }
            }
        }
        slopes
    }

    /// The loss of a row.
    fn loss(&self, row: usize, scores: &[f64]) -> f64 {
        match self {
            Self::Numbers(values) => (values[row] - scores[0]).powi(2),
            Self::Classes(classes, _) => {
                let p = probabilities(scores);
                let p = match (p.len(), classes[row]) {
                    (1, 0) => 1.0 - p[0],
                    (1, _) => p[0],
                    (_, class) => p[class],
                };
                -p.max(1e-15).ln()
            }
        }
    }
}

/// That of the second of two classes, for one score; else of each class.
fn probabilities(scores: &[f64]) -> Vec<f64> {
    if let [score] = scores {
        return vec![1.0 / (1.0 + (-score).exp())];
    }
    let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = scores.iter().map(|score| (score - most).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|power| power / sum).collect()
}

/// Boosted trees that predict a target from the fields of a table.
pub(super) struct Judge {
    bins: Bins,
    ensemble: Ensemble,
    /// Number of classes; none for numbers.
    classes: Option<usize>,
}

#[derive(Default)]
struct Ensemble {
    base: Vec<f64>,
    /// For each round a tree for each output.
    rounds: Vec<Vec<Tree>>,
}

impl Judge {
    /// Learns `target` from the rows of `table`.
    ///
    /// # Errors
    /// [`Error::Cancelled`]
    pub(super) fn fit(table: &Table, target: &Target, chance: &Chance) -> Result<Self, Error> {
        let bins = Bins::fit(table);
        let matrix = bins.apply(table);
        let order = chance.some_of(table.rows(), table.rows(), 0);
        let order: Vec<u32> = order.into_iter().map(|row| row as u32).collect();
        let (choosing, learned) = order.split_at(order.len() / CHOOSING);
        let rounds = best_rounds(&matrix, target, learned, choosing, chance)?;
        let mut all = Boosting::new(&matrix, target, order);
        for _ in 0..rounds {
            chance.check()?;
            all.round();
        }
        Ok(Self {
            bins,
            ensemble: all.ensemble,
            classes: match target {
                Target::Numbers(_) => None,
                Target::Classes(_, count) => Some(*count),
            },
        })
    }

    /// For each row the number, or a score of each class: its probability.
    pub(super) fn predict(&self, table: &Table) -> Vec<Vec<f64>> {
        let matrix = self.bins.apply(table);
        let predict = |row: usize| {
            let scores = self.ensemble.scores(matrix.row(row));
            match self.classes {
                None => scores,
                Some(2) => {
                    let p = probabilities(&scores)[0];
                    vec![1.0 - p, p]
                }
                Some(_) => probabilities(&scores),
            }
        };
        (0..table.rows()).map(predict).collect()
    }
}

impl Ensemble {
    fn scores(&self, bins: &[u8]) -> Vec<f64> {
        let mut scores = self.base.clone();
        for trees in &self.rounds {
            let sums = scores.iter_mut().zip(trees);
            sums.for_each(|(score, tree)| *score += RATE * tree.value(bins));
        }
        scores
    }
}

/// The number of rounds with the lowest loss on rows that are not learned.
fn best_rounds(
    matrix: &Matrix,
    target: &Target,
    learned: &[u32],
    choosing: &[u32],
    chance: &Chance,
) -> Result<usize, Error> {
    let mut boosting = Boosting::new(matrix, target, learned.to_vec());
    let mut best = (0, boosting.loss(choosing));
    for round in 1..=ROUNDS {
        chance.check()?;
        boosting.round();
        boosting.follow(choosing);
        let loss = boosting.loss(choosing);
        if loss < best.1 {
            best = (round, loss);
        } else if round >= best.0 + PATIENCE {
            break;
        }
    }
    Ok(best.0)
}

/// Boosting under way.
struct Boosting<'a> {
    matrix: &'a Matrix,
    target: &'a Target,
    rows: Vec<u32>,
    outputs: usize,
    /// Of all rows, `[rows, outputs]`.
    scores: Vec<f64>,
    ensemble: Ensemble,
}

impl<'a> Boosting<'a> {
    fn new(matrix: &'a Matrix, target: &'a Target, rows: Vec<u32>) -> Self {
        let base = target.base(&rows);
        Self {
            matrix,
            target,
            rows,
            outputs: target.outputs(),
            scores: base.repeat(target.len()),
            ensemble: Ensemble {
                base,
                rounds: Vec::new(),
            },
        }
    }

    /// Adds a tree for each output.
    fn round(&mut self) {
        let slopes = self.target.slopes(&self.scores, self.outputs);
        let mut trees = Vec::with_capacity(self.outputs);
        for (output, slopes) in slopes.iter().enumerate() {
            let scores = &mut self.scores;
            let outputs = self.outputs;
            trees.push(Tree::grow(
                self.matrix,
                slopes,
                self.rows.clone(),
                |rows, value| {
                    for row in rows {
                        scores[*row as usize * outputs + output] += RATE * value;
                    }
                },
            ));
        }
        self.ensemble.rounds.push(trees);
    }

    /// Adds the last round to the scores of rows that are not learned.
    fn follow(&mut self, rows: &[u32]) {
        let Some(trees) = self.ensemble.rounds.last() else {
            return;
        };
        for row in rows.iter().map(|row| *row as usize) {
            for (output, tree) in trees.iter().enumerate() {
                self.scores[row * self.outputs + output] += RATE * tree.value(self.matrix.row(row));
            }
        }
    }

    /// The mean loss of some rows.
    fn loss(&self, rows: &[u32]) -> f64 {
        let loss = |row: &u32| {
            let row = *row as usize;
            let scores = &self.scores[row * self.outputs..(row + 1) * self.outputs];
            self.target.loss(row, scores)
        };
        rows.iter().map(loss).sum::<f64>() / rows.len().max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::auroc::auroc;
    use crate::judge::testing::{levels, numbers, uniform};
    use crate::readout::r_squared;

    fn fit(table: &Table, target: &Target) -> Judge {
        Judge::fit(table, target, &Chance::new(0)).unwrap()
    }

    #[test]
    fn a_step_is_learned() {
        let x = uniform(500, 1);
        let y: Vec<f64> = x.iter().map(|x| f64::from(u8::from(*x > 0.4))).collect();
        let table = Table::new(vec![numbers("x", x)]).unwrap();
        let judge = fit(&table, &Target::Numbers(y.clone()));
        let found = judge.predict(&table);
        // After m rounds a share (1 − η n / (n + λ))^m of each step is left; n is at least 200.
        let wrong = found
            .iter()
            .zip(&y)
            .filter(|(found, y)| (found[0] - **y).abs() > 0.01);
        // The two or three rows of the bin that the step divides.
        assert!(wrong.clone().count() <= 3, "{:?}", wrong.collect::<Vec<_>>());
    }

    #[test]
    fn two_classes_that_no_field_tells_alone_are_told_together() {
        let (a, b) = (uniform(2000, 1), uniform(2000, 2));
        let xor = |a: &f64, b: &f64| (*a > 0.5) != (*b > 0.5);
        let yes: Vec<bool> = a.iter().zip(&b).map(|(a, b)| xor(a, b)).collect();
        let table = Table::new(vec![numbers("a", a), numbers("b", b)]).unwrap();
        let (learned, other): (Vec<usize>, Vec<usize>) = (0..2000).partition(|row| row % 2 == 0);
        let classes = learned.iter().map(|row| usize::from(yes[*row])).collect();
        let judge = fit(&table.take(&learned), &Target::Classes(classes, 2));
        let scores: Vec<f64> = judge.predict(&table.take(&other)).iter().map(|p| p[1]).collect();
        let yes: Vec<bool> = other.iter().map(|row| yes[*row]).collect();
        assert!(auroc(&scores, &yes).unwrap() > 0.98);
    }

    #[test]
    fn three_classes_have_probabilities() {
        let codes: Vec<u32> = (0..600).map(|row| row % 3).collect();
        let table = Table::new(vec![levels("x", 3, codes.clone())]).unwrap();
        let classes = codes.iter().map(|code| (*code as usize + 1) % 3).collect();
        let judge = fit(&table, &Target::Classes(classes, 3));
        for (row, p) in judge.predict(&table).iter().take(3).enumerate() {
            assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            assert!(p[(row + 1) % 3] > 0.95, "{p:?}");
        }
    }

    #[test]
    fn nothing_is_learned_from_noise() {
        let table = Table::new(vec![numbers("a", uniform(1000, 1))]).unwrap();
        let y = uniform(1000, 2);
        let found = fit(&table, &Target::Numbers(y)).predict(&table);
        let other = uniform(1000, 3);
        let pairs: Vec<(f64, f64)> = other
            .iter()
            .zip(&found)
            .map(|(y, found)| (*y, found[0]))
            .collect();
        let r2 = r_squared(&pairs).unwrap();
        assert!(r2.abs() < 0.02, "{r2}");
    }

    #[test]
    fn a_class_of_no_row_and_a_table_of_no_field_do_no_harm() {
        let table = Table::new(vec![numbers("a", uniform(60, 1))]).unwrap();
        let judge = fit(&table, &Target::Classes(vec![0; 60], 2));
        // Half a row of 61: the log odds ln(0.5 / 60.5), and trees that find it lower still.
        assert!(judge.predict(&table).iter().all(|p| p[1] < 0.02));
        let judge = fit(&table.without(0), &Target::Numbers(uniform(60, 2)));
        assert!(
            judge
                .predict(&table.without(0))
                .iter()
                .all(|found| found.len() == 1)
        );
    }

    #[test]
    fn a_stop_is_heard() {
        let chance = Chance::new(0);
        chance.cancel.request();
        let table = Table::new(vec![numbers("a", uniform(100, 1))]).unwrap();
        let judge = Judge::fit(&table, &Target::Numbers(uniform(100, 2)), &chance);
        assert!(matches!(judge, Err(Error::Cancelled)));
    }
}
