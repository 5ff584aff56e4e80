//! How good predictions are: R² for numbers, balanced accuracy for levels.

use serde::{Deserialize, Serialize};

use super::Values;

/// What a [`Score`] measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// [`r_squared`].
    RSquared,
    /// [`balanced_accuracy`].
    BalancedAccuracy,
}

/// A read-out's quality on rows it was not fitted on; 1 is perfect.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// What is measured.
    pub measure: Measure,
    /// At most 1.
    pub value: f64,
}

/// R² = 1 − Σ(y − ŷ)² / Σ(y − ȳ)²: the share of the variance that is explained, negative where the
/// mean would have been the better guess. `pairs` are (truth, prediction); `None` if the truth is constant.
pub fn r_squared(pairs: &[(f64, f64)]) -> Option<f64> {
    let mean = pairs.iter().map(|pair| pair.0).sum::<f64>() / pairs.len() as f64;
    let total: f64 = pairs.iter().map(|pair| (pair.0 - mean).powi(2)).sum();
    let missed: f64 = pairs.iter().map(|pair| (pair.0 - pair.1).powi(2)).sum();
    (total > 0.0).then(|| 1.0 - missed / total)
}

/// The mean over the levels that occur of the share of their records that are found. `pairs` are (truth,
/// prediction); `None` if there are none.
pub fn balanced_accuracy(pairs: &[(usize, usize)]) -> Option<f64> {
    let levels = pairs.iter().map(|pair| pair.0 + 1).max()?;
    let mut counts = vec![(0.0, 0.0); levels];
    for (truth, prediction) in pairs {
        counts[*truth].0 += f64::from(u8::from(truth == prediction));
        counts[*truth].1 += 1.0;
    }
    let shares: Vec<f64> = counts
        .iter()
        .filter(|count| count.1 > 0.0)
        .map(|count| count.0 / count.1)
        .collect();
    Some(shares.iter().sum::<f64>() / shares.len() as f64)
}

/// The score of `predicted` against `truth` over the rows where both are observed.
pub(super) fn score(predicted: &Values, truth: &Values) -> Option<Score> {
    if let (Values::Number(predicted), Values::Number(truth)) = (predicted, truth) {
        let both = |(y, p): (&Option<f64>, &Option<f64>)| y.filter(|y| y.is_finite()).zip(*p);
        let pairs: Vec<(f64, f64)> = truth.iter().zip(predicted).filter_map(both).collect();
        return Some(Score {
            measure: Measure::RSquared,
            value: r_squared(&pairs)?,
        });
    }
    if std::mem::discriminant(predicted) != std::mem::discriminant(truth) {
        return None;
    }
    let (known, names) = (truth.levels(), predicted.levels());
    // A prediction that the truth has no name for is wrong, whatever the truth is.
    let renamed: Vec<usize> = names
        .iter()
        .map(|name| known.iter().position(|level| level == name).unwrap_or(usize::MAX))
        .collect();
    let both = |(y, p): (Option<usize>, Option<usize>)| Some((y?, renamed[p?]));
    let pairs: Vec<(usize, usize)> = truth
        .codes()
        .into_iter()
        .zip(predicted.codes())
        .filter_map(both)
        .collect();
    Some(Score {
        measure: Measure::BalancedAccuracy,
        value: balanced_accuracy(&pairs)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r_squared_by_hand() {
        assert_eq!(r_squared(&[(1.0, 1.0), (3.0, 3.0)]), Some(1.0));
        assert_eq!(
            r_squared(&[(1.0, 2.0), (3.0, 2.0)]),
            Some(0.0),
            "the mean explains nothing"
        );
        // Σ(y-2)² = 2, Σ(y-ŷ)² = 1/4 + 1/4: 1 - 1/4.
        assert_eq!(r_squared(&[(1.0, 1.5), (3.0, 2.5)]), Some(0.75));
        assert_eq!(r_squared(&[(1.0, 3.0), (3.0, 1.0)]), Some(-3.0), "8 / 2");
        assert_eq!(r_squared(&[(2.0, 1.0)]), None);
        assert_eq!(r_squared(&[]), None);
    }

    #[test]
    fn balanced_accuracy_by_hand() {
        // Three of four zeros and the only two found: (3/4 + 1) / 2; level 1 does not occur.
        let pairs = [(0, 0), (0, 0), (0, 0), (0, 2), (2, 2)];
        assert_eq!(balanced_accuracy(&pairs), Some(0.875));
        assert_eq!(balanced_accuracy(&[]), None);
    }

    #[test]
    fn levels_are_matched_by_name() {
        let of = |levels: [&str; 2], codes: [u32; 2]| Values::Category {
            levels: levels.map(String::from).to_vec(),
            codes: codes.map(Some).to_vec(),
        };
        let found = |p: Values, y: Values| score(&p, &y).map(|score| score.value);
        assert_eq!(found(of(["a", "b"], [0, 1]), of(["b", "a"], [1, 0])), Some(1.0));
        assert_eq!(found(of(["a", "x"], [0, 1]), of(["b", "a"], [1, 0])), Some(0.5));
        assert_eq!(
            found(Values::Flag(vec![Some(true)]), Values::Number(vec![Some(1.0)])),
            None
        );
    }
}
