//! Multinomial logistic regression, fitted by L-BFGS (Liu and Nocedal 1989) from zero.

use std::collections::VecDeque;

use super::{Design, dot};

/// Penalty on the squared weights of standardised units: keeps separable levels' weights finite.
const PENALTY: f64 = 1e-4;
/// L-BFGS: pairs remembered, steps at most, and the largest slope at which the minimum counts as found.
const MEMORY: usize = 10;
const STEPS: usize = 500;
const FLAT: f64 = 1e-7;

/// p(level | x) = softmax over levels of (weights · x + intercept).
#[derive(Clone, Debug)]
pub(super) struct Logistic {
    /// One row per level: its weights, then its intercept.
    weights: Vec<f64>,
    levels: usize,
}

impl Logistic {
    /// `None` unless two levels occur. Every level that does weighs the same: each row by 1 / its level's count.
    pub(super) fn fit(x: &Design, y: &[usize], levels: usize) -> Option<Self> {
        let mut counts = vec![0.0; levels];
        y.iter().for_each(|level| counts[*level] += 1.0);
        let present = counts.iter().filter(|count| **count > 0.0).count();
        let row_weights: Vec<f64> = y
            .iter()
            .map(|level| 1.0 / (counts[*level] * present as f64))
            .collect();
        (present >= 2).then(|| Self::minimise(x, y, &row_weights, levels, PENALTY))
    }

    fn minimise(x: &Design, y: &[usize], row_weights: &[f64], levels: usize, penalty: f64) -> Self {
        let objective = |weights: &[f64]| loss(weights, x, y, row_weights, levels, penalty);
        Self {
            weights: lbfgs(vec![0.0; levels * (x.width + 1)], objective),
            levels,
        }
    }

    /// log p(level | x) up to a constant.
    fn scores(&self, x: &[f64]) -> Vec<f64> {
        scores(&self.weights, x, self.levels)
    }

    /// The most likely level; of equals the first.
    pub(super) fn predict(&self, x: &[f64]) -> usize {
        let scores = self.scores(x);
        (0..self.levels).fold(
            0,
            |best, level| if scores[level] > scores[best] { level } else { best },
        )
    }
}

fn scores(weights: &[f64], x: &[f64], levels: usize) -> Vec<f64> {
    let stride = x.len() + 1;
    (0..levels)
        .map(|level| {
            let row = &weights[level * stride..(level + 1) * stride];
            dot(&row[..x.len()], x) + row[x.len()]
        })
        .collect()
}

/// Σ_i weight_i · −log p(y_i | x_i) + penalty/2 · |w|² without the intercepts, and its gradient.
fn loss(
    weights: &[f64],
    x: &Design,
    y: &[usize],
    row_weights: &[f64],
    levels: usize,
    penalty: f64,
) -> (f64, Vec<f64>) {
    let (d, stride) = (x.width, x.width + 1);
    let (mut total, mut gradient) = (0.0, vec![0.0; weights.len()]);
    for (i, (level, row_weight)) in y.iter().zip(row_weights).enumerate() {
        let scores = scores(weights, x.row(i), levels);
        let top = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let log_sum = top + scores.iter().map(|score| (score - top).exp()).sum::<f64>().ln();
        total += row_weight * (log_sum - scores[*level]);
        for (k, score) in scores.iter().enumerate() {
            let slope = row_weight * ((score - log_sum).exp() - f64::from(u8::from(k == *level)));
            let row = &mut gradient[k * stride..(k + 1) * stride];
            row[..d]
                .iter_mut()
                .zip(x.row(i))
                .for_each(|(g, x)| *g += slope * x);
            row[d] += slope;
        }
    }
    for (i, (g, w)) in gradient.iter_mut().zip(weights).enumerate() {
        if i % stride < d {
            total += 0.5 * penalty * w * w;
            *g += penalty * w;
        }
    }
    (total, gradient)
}

/// The minimum of a smooth convex function that returns its value and gradient.
fn lbfgs(mut x: Vec<f64>, objective: impl Fn(&[f64]) -> (f64, Vec<f64>)) -> Vec<f64> {
    let mut pairs: VecDeque<(Vec<f64>, Vec<f64>)> = VecDeque::with_capacity(MEMORY + 1);
    let (mut value, mut gradient) = objective(&x);
    for _ in 0..STEPS {
        if gradient.iter().all(|slope| slope.abs() < FLAT) {
            break;
        }
        let direction = direction(&pairs, &gradient);
        let Some((next, below, slopes)) = step(&x, value, &gradient, &direction, &objective) else {
            break;
        };
        let difference = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<f64>>();
        let (s, y) = (difference(&next, &x), difference(&slopes, &gradient));
        if dot(&s, &y) > 1e-12 * dot(&y, &y) {
            pairs.push_back((s, y));
        }
        if pairs.len() > MEMORY {
            pairs.pop_front();
        }
        (x, value, gradient) = (next, below, slopes);
    }
    x
}

/// −H·gradient, with H the inverse curvature that the pairs of (step, change of gradient) show.
fn direction(pairs: &VecDeque<(Vec<f64>, Vec<f64>)>, gradient: &[f64]) -> Vec<f64> {
    let add =
        |to: &mut [f64], share: f64, from: &[f64]| to.iter_mut().zip(from).for_each(|(t, f)| *t += share * f);
    let mut r: Vec<f64> = gradient.iter().map(|slope| -slope).collect();
    let mut shares = Vec::with_capacity(pairs.len());
    for (s, y) in pairs.iter().rev() {
        let share = dot(s, &r) / dot(s, y);
        add(&mut r, -share, y);
        shares.push(share);
    }
    if let Some((s, y)) = pairs.back() {
        let curvature = dot(s, y) / dot(y, y);
        r.iter_mut().for_each(|value| *value *= curvature);
    }
    for ((s, y), share) in pairs.iter().zip(shares.into_iter().rev()) {
        let back = dot(y, &r) / dot(s, y);
        add(&mut r, share - back, s);
    }
    r
}

/// The first of 1, 1/2, 1/4… of `direction` that lowers the value enough (Armijo); `None` if none does.
fn step(
    x: &[f64],
    value: f64,
    gradient: &[f64],
    direction: &[f64],
    objective: &impl Fn(&[f64]) -> (f64, Vec<f64>),
) -> Option<(Vec<f64>, f64, Vec<f64>)> {
    let slope = dot(gradient, direction);
    let mut length = 1.0;
    for _ in 0..40 {
        let next: Vec<f64> = x.iter().zip(direction).map(|(x, d)| x + length * d).collect();
        let (below, slopes) = objective(&next);
        if below <= value + 1e-4 * length * slope {
            return Some((next, below, slopes));
        }
        length /= 2.0;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odds_by_hand() {
        // x = 0: one yes in four; x = 1: three yes in four. Without a penalty the fit is exact:
        // p(yes | 0) = 1/4 and p(yes | 1) = 3/4, log odds ∓ ln 3.
        let x = Design {
            values: vec![0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0],
            width: 1,
        };
        let y = [1, 0, 0, 0, 1, 1, 1, 0];
        let fit = Logistic::minimise(&x, &y, &[1.0 / 8.0; 8], 2, 0.0);
        for (x, odds) in [(0.0, -(3f64.ln())), (1.0, 3f64.ln())] {
            let scores = fit.scores(&[x]);
            assert!((scores[1] - scores[0] - odds).abs() < 1e-5, "{scores:?}");
        }
        assert_eq!((fit.predict(&[0.0]), fit.predict(&[1.0])), (0, 1));
    }

    #[test]
    fn the_gradient_is_the_slope_of_the_loss() {
        let x = Design {
            values: vec![0.3, -1.0, 0.7, 0.2, -0.4, 1.1],
            width: 2,
        };
        let weights: Vec<f64> = (0..9).map(|i| (f64::from(i) * 0.7).sin()).collect();
        let at = |weights: &[f64]| loss(weights, &x, &[0, 2, 1], &[0.5, 0.2, 0.3], 3, 0.1);
        for i in 0..weights.len() {
            let mut moved = weights.clone();
            let ends = [1e-5, -2e-5].map(|by| {
                moved[i] += by;
                at(&moved).0
            });
            // Central differences are exact to the square of the step: about 1e-10.
            assert!(((ends[0] - ends[1]) / 2e-5 - at(&weights).1[i]).abs() < 1e-8);
        }
    }

    #[test]
    fn a_level_that_never_occurs_is_never_predicted() {
        let x = Design {
            values: vec![-1.0, 1.0],
            width: 1,
        };
        let fit = Logistic::fit(&x, &[0, 2], 3).unwrap();
        assert_eq!([-1.0, -0.1, 0.1, 1.0].map(|x| fit.predict(&[x])), [0, 0, 2, 2]);
        assert!(Logistic::fit(&x, &[1, 1], 3).is_none());
    }

    #[test]
    fn no_units_leave_the_intercepts() {
        let x = Design {
            values: Vec::new(),
            width: 0,
        };
        assert_eq!(
            Logistic::fit(&x, &[0, 1, 1], 2).unwrap().predict(&[]),
            0,
            "levels weigh the same"
        );
    }
}
