//! Classifier two-sample test: whether a judge tells generated rows from real ones (Lopez-Paz and Oquab 2017).

use rayon::prelude::*;
use serde::Serialize;

use super::auroc::Ranking;
use super::boosting::{Judge, Target};
use super::interval::Estimate;
use super::table::Table;
use super::{Chance, MOST_COMPARED, Measured, Tables};
use crate::error::Error;

/// Parts of the rows, each scored by a judge that learned from the others.
const FOLDS: usize = 5;

/// How well a judge tells rows apart: an AUROC, 0.5 where it cannot.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct C2st {
    /// Generated from held-out rows.
    pub generated: Estimate,
    /// Training from held-out rows: what real rows give.
    pub real: Estimate,
    /// Rows of each kind.
    pub rows: usize,
    /// How it was measured.
    pub protocol: String,
}

/// How well a judge tells generated from held-out rows, beside training from held-out rows.
///
/// # Errors
/// [`Error::Cancelled`]
pub fn c2st(tables: Tables<'_>, chance: &Chance) -> Result<Measured<C2st>, Error> {
    let Tables {
        generated,
        training,
        held_out,
    } = tables;
    let rows = [generated, training, held_out].map(Table::rows);
    let n = rows.into_iter().fold(MOST_COMPARED, usize::min);
    let counts = [
        ("generated", rows[0]),
        ("training", rows[1]),
        ("held-out", rows[2]),
    ];
    Measured::of_enough(&counts, || {
        let held_out = chance.sample(held_out, n, 1);
        let told = |table: &Table, branch| told(&chance.sample(table, n, branch), &held_out, chance);
        let (of_generated, of_training) = rayon::join(|| told(generated, 2), || told(training, 3));
        Ok(C2st {
            generated: of_generated?,
            real: of_training?,
            rows: n,
            protocol: format!(
                "AUROC of boosted trees that tell the rows from {n} held-out rows, {FOLDS}-fold cross-validated, {n} of each; \
                 real: training rows"
            ),
        })
    })
}

/// The cross-validated AUROC of telling the rows of `a` from as many of `b`.
fn told(a: &Table, b: &Table, chance: &Chance) -> Result<Estimate, Error> {
    let (both, n) = (a.and(b), a.rows());
    let parts = [chance.some_of(n, n, 4), chance.some_of(n, n, 5)];
    let fold = |fold: usize| {
        let inside = |place: &usize| place % FOLDS == fold;
        let pick = |wanted: bool| -> Vec<usize> {
            let a = (0..n)
                .filter(|place| inside(place) == wanted)
                .map(|place| parts[0][place]);
            let b = (0..n)
                .filter(|place| inside(place) == wanted)
                .map(|place| n + parts[1][place]);
            a.chain(b).collect()
        };
        let (learned, scored) = (pick(false), pick(true));
        let classes = learned.iter().map(|row| usize::from(*row < n)).collect();
        let judge = Judge::fit(&both.take(&learned), &Target::Classes(classes, 2), chance)?;
        let scores = judge.predict(&both.take(&scored)).into_iter().map(|p| p[1]);
        Ok(scored.into_iter().zip(scores).collect::<Vec<_>>())
    };
    let folds = (0..FOLDS).into_par_iter().map(fold);
    let folds = folds.collect::<Result<Vec<_>, Error>>()?;
    let mut scores = vec![0.0; 2 * n];
    folds
        .into_iter()
        .flatten()
        .for_each(|(row, score)| scores[row] = score);
    let ranking = Ranking::new(&scores);
    let area = |weight: &[f64]| ranking.auroc(|row| row < n, weight);
    let area = Estimate::resampled(2 * n, chance.seed, area);
    // There are rows of both kinds.
    Ok(area.map_or(Estimate::share(0.0, 0), |area| area.within(0.0, 1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::testing::{numbers, uniform};

    fn table(n: usize, seed: u64, shift: f64) -> Table {
        let a = uniform(n, seed);
        let b = a.iter().zip(uniform(n, seed + 1)).map(|(a, b)| a + b + shift);
        Table::new(vec![numbers("b", b), numbers("a", a.clone())]).unwrap()
    }

    fn measured(generated: &Table) -> C2st {
        let (training, held_out) = (table(400, 10, 0.0), table(300, 20, 0.0));
        let tables = Tables {
            generated,
            training: &training,
            held_out: &held_out,
        };
        c2st(tables, &Chance::new(0)).unwrap().value().unwrap().clone()
    }

    #[test]
    fn rows_of_the_same_distribution_cannot_be_told() {
        let found = measured(&table(400, 30, 0.0));
        assert_eq!(found.rows, 300);
        // The standard error of an AUROC of 300 against 300 without a difference: √(601 / (12 · 300 · 300)) = 0.024.
        assert!((found.generated.value - 0.5).abs() < 0.1, "{found:?}");
        assert!((found.real.value - 0.5).abs() < 0.1, "{found:?}");
    }

    #[test]
    fn independent_fields_with_the_right_margins_are_told() {
        let right = table(400, 30, 0.0);
        let other = table(400, 40, 0.0);
        let columns = vec![right.columns()[0].clone(), other.columns()[1].clone()];
        let found = measured(&Table::new(columns).unwrap());
        // No field alone tells them. scikit-learn's gradient boosting finds 0.66 to 0.70 of 300 rows, in two seeds.
        assert!((0.58..0.75).contains(&found.generated.value), "{found:?}");
        assert!(found.generated.from > 0.5, "{found:?}");
    }

    #[test]
    fn rows_elsewhere_are_told_at_once() {
        assert!(measured(&table(400, 30, 9.0)).generated.value > 0.99);
    }

    #[test]
    fn few_rows_say_so() {
        let few = table(49, 1, 0.0);
        let tables = Tables {
            generated: &few,
            training: &few,
            held_out: &few,
        };
        let found = c2st(tables, &Chance::new(0)).unwrap();
        let json = serde_json::to_string(&found).unwrap();
        assert_eq!(json, r#"{"too_few":"49 generated rows; at least 50 are needed"}"#);
    }
}
