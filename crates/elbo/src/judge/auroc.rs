//! The area under the receiver operating characteristic, by ranks.

/// Records in the order of a score.
pub(super) struct Ranking {
    order: Vec<usize>,
    /// Whether a record has the score of the one before it.
    tied: Vec<bool>,
}

impl Ranking {
    pub(super) fn new(scores: &[f64]) -> Self {
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by(|a, b| scores[*a].total_cmp(&scores[*b]).then(a.cmp(b)));
        let before = |place: usize| place > 0 && scores[order[place]] == scores[order[place - 1]];
        let tied = (0..order.len()).map(before).collect();
        Self { order, tied }
    }

    /// P(score of a `yes` > score of a no) + ½ P(equal), where record i counts `weight[i]` times (Mann and Whitney 1947).
    /// `None` without a record of either.
    pub(super) fn auroc(&self, yes: impl Fn(usize) -> bool, weight: &[f64]) -> Option<f64> {
        let (mut below, mut noes, mut yeses, mut won) = (0.0, 0.0, 0.0, 0.0);
        // Yeses and noes of the score at hand.
        let mut here = (0.0, 0.0);
        for (row, tied) in self.order.iter().zip(&self.tied) {
            if !tied {
                won += here.0 * (below + here.1 / 2.0);
                below += here.1;
                here = (0.0, 0.0);
            }
            match yes(*row) {
                true => {
                    here.0 += weight[*row];
                    yeses += weight[*row];
                }
                false => {
                    here.1 += weight[*row];
                    noes += weight[*row];
                }
            }
        }
        won += here.0 * (below + here.1 / 2.0);
        (yeses > 0.0 && noes > 0.0).then(|| won / (yeses * noes))
    }
}

/// The chance that a score tells a yes from a no: P(score of a yes > score of a no) + ½ P(equal).
/// `None` without a record of either.
///
/// ```
/// // Of the four pairs of a yes and a no, two are in order and one is tied.
/// let area = elbo::judge::auroc(&[0.9, 0.4, 0.4, 0.6], &[true, true, false, false]);
/// assert_eq!(area, Some(2.5 / 4.0));
/// ```
pub fn auroc(scores: &[f64], yes: &[bool]) -> Option<f64> {
    let yes = |row: usize| yes.get(row).is_some_and(|yes| *yes);
    Ranking::new(scores).auroc(yes, &vec![1.0; scores.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        // Pairs (yes, no): (3, 1), (3, 2), (2, 1) are in order, (2, 2) is tied.
        let area = auroc(&[3.0, 2.0, 1.0, 2.0], &[true, true, false, false]);
        assert_eq!(area, Some(3.5 / 4.0));
        assert_eq!(auroc(&[1.0, 1.0, 1.0], &[true, false, true]), Some(0.5));
        assert_eq!(auroc(&[1.0, 2.0], &[true, true]), None);
        assert_eq!(auroc(&[], &[]), None);
    }

    #[test]
    fn a_weight_counts_a_record_several_times() {
        let ranking = Ranking::new(&[1.0, 3.0, 2.0]);
        // The yes at 3 beats the no at 2; the yes at 1, twice, does not: 1 of 3 pairs.
        let area = ranking.auroc(|row| row < 2, &[2.0, 1.0, 1.0]);
        assert_eq!(area, Some(1.0 / 3.0));
    }
}
