//! Ridge least squares, solved by Cholesky's factors of the normal equations.

use super::{Design, dot};

/// Penalty on the squared weights of standardised units, per row: too small to bias R² (by about 1e-6),
/// large enough for units that repeat each other.
const RIDGE: f64 = 1e-6;

/// y ≈ intercept + weights · x.
#[derive(Clone, Debug)]
pub(super) struct Linear {
    weights: Vec<f64>,
    intercept: f64,
}

impl Linear {
    /// `None` for no rows, or if all of `y` is one value.
    pub(super) fn fit(x: &Design, y: &[f64]) -> Option<Self> {
        let first = y.first()?;
        if y.iter().all(|value| value == first) {
            return None;
        }
        Self::ridge(x, y, RIDGE * y.len() as f64)
    }

    /// Minimises Σ (y − b − w·x)² + `penalty` |w|²: with centred columns, (XᵀX + penalty·I) w = Xᵀy.
    fn ridge(x: &Design, y: &[f64], penalty: f64) -> Option<Self> {
        let (n, d) = (y.len() as f64, x.width);
        let mean_y = y.iter().sum::<f64>() / n;
        let mut mean_x = vec![0.0; d];
        for i in 0..y.len() {
            mean_x
                .iter_mut()
                .zip(x.row(i))
                .for_each(|(mean, value)| *mean += value / n);
        }
        let (mut gram, mut moment) = (vec![0.0; d * d], vec![0.0; d]);
        let mut row = vec![0.0; d];
        for (i, y) in y.iter().enumerate() {
            row.iter_mut()
                .zip(x.row(i))
                .zip(&mean_x)
                .for_each(|((centred, x), mean)| *centred = x - mean);
            for a in 0..d {
                moment[a] += row[a] * (y - mean_y);
                for b in 0..=a {
                    gram[a * d + b] += row[a] * row[b];
                }
            }
        }
        (0..d).for_each(|a| gram[a * d + a] += penalty);
        let weights = solve(gram, moment)?;
        let intercept = mean_y - dot(&weights, &mean_x);
        Some(Self { weights, intercept })
    }

    pub(super) fn predict(&self, x: &[f64]) -> f64 {
        self.intercept + dot(&self.weights, x)
    }
}

/// x with A x = b, for a symmetric positive definite A of which only the lower triangle is read.
///
/// A = L Lᵀ, then L u = b downwards and Lᵀ x = u upwards. `None` if A is not positive definite.
fn solve(mut a: Vec<f64>, mut b: Vec<f64>) -> Option<Vec<f64>> {
    let d = b.len();
    for i in 0..d {
        for j in 0..=i {
            let rest = a[i * d + j] - dot(&a[i * d..i * d + j], &a[j * d..j * d + j]);
            a[i * d + j] = if i == j { rest.sqrt() } else { rest / a[j * d + j] };
        }
        if !(a[i * d + i] > 0.0 && a[i * d + i].is_finite()) {
            return None;
        }
        b[i] = (b[i] - dot(&a[i * d..i * d + i], &b[..i])) / a[i * d + i];
    }
    for i in (0..d).rev() {
        b[i] /= a[i * d + i];
        for j in 0..i {
            b[j] -= a[i * d + j] * b[i];
        }
    }
    Some(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_of_two_solved_by_hand() {
        // [4 2; 2 3] x = [10; 8]: x = (1/8) [3 -2; -2 4] [10; 8] = [14/8; 12/8]. The upper 99 is not read.
        let x = solve(vec![4.0, 99.0, 2.0, 3.0], vec![10.0, 8.0]).unwrap();
        assert!((x[0] - 1.75).abs() < 1e-12 && (x[1] - 1.5).abs() < 1e-12, "{x:?}");
        assert_eq!(
            solve(vec![1.0, 0.0, 2.0, 4.0], vec![1.0, 1.0]),
            None,
            "singular: 1 * 4 = 2 * 2"
        );
    }

    #[test]
    fn least_squares_by_hand() {
        // (0,1), (1,2), (2,4): slope Σ(x-1)(y-7/3) / Σ(x-1)² = 3/2, intercept 7/3 - 3/2 = 5/6.
        let x = Design {
            values: vec![0.0, 1.0, 2.0],
            width: 1,
        };
        let line = Linear::ridge(&x, &[1.0, 2.0, 4.0], 0.0).unwrap();
        assert!((line.weights[0] - 1.5).abs() < 1e-12 && (line.intercept - 5.0 / 6.0).abs() < 1e-12);
        // A penalty of 2 beside Σ(x-1)² = 2 halves the slope.
        let line = Linear::ridge(&x, &[1.0, 2.0, 4.0], 2.0).unwrap();
        assert!((line.weights[0] - 0.75).abs() < 1e-12);
    }

    #[test]
    fn two_units_by_hand() {
        // y = 1 + 2 a - 3 b on the corners of a square.
        let x = Design {
            values: vec![0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 1.0, 1.0],
            width: 2,
        };
        let plane = Linear::ridge(&x, &[1.0, 3.0, -2.0, 0.0], 0.0).unwrap();
        assert!((plane.weights[0] - 2.0).abs() < 1e-12 && (plane.weights[1] + 3.0).abs() < 1e-12);
        assert!((plane.predict(&[2.0, 1.0]) - 2.0).abs() < 1e-12);
    }

    #[test]
    fn units_that_repeat_each_other_share_the_weight() {
        let x = Design {
            values: vec![-1.0, -1.0, 1.0, 1.0],
            width: 2,
        };
        let twins = Linear::fit(&x, &[-2.0, 2.0]).unwrap();
        assert!((twins.weights[0] - 1.0).abs() < 1e-3 && (twins.weights[1] - 1.0).abs() < 1e-3);
    }
}
