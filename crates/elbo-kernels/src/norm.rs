//! The squared Euclidean norm, for gradient clipping.

use burn::{backend::Dispatch, tensor::Tensor};

use crate::ops::UpdateOps;

/// Σ t², added in f64 in an order that depends on the shape alone. Exact to some 1e-15 of it.
pub fn sum_of_squares<const D: usize>(t: Tensor<D>) -> f64 {
    let _span = span!("norm of the gradient", "all weights");
    let sum = <Dispatch as UpdateOps>::sum_of_squares(t.inner().into_dispatch());
    Tensor::<1>::from_dispatch(sum).into_data().iter::<f64>().sum()
}

/// The plain-tensor twin of [`sum_of_squares`].
pub fn reference<const D: usize>(t: Tensor<D>) -> f64 {
    f64::from(t.inner().square().sum().into_scalar::<f32>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn squares_of_the_first_integers() {
        // Σ i², i < n, is (n - 1) n (2n - 1) / 6; exact in f64.
        for n in [0_usize, 1, 15, 16, 17, 2000] {
            let t = from_values((0..n).map(|i| i as f32).collect(), [n]);
            let want = n.saturating_sub(1) * n * (2 * n).saturating_sub(1) / 6;
            assert_eq!(sum_of_squares(t), want as f64);
        }
    }

    #[test]
    fn matches_the_twin() {
        let t = random([300, 500], 1);
        let (got, want) = (sum_of_squares(strided(&t)), reference(t));
        assert!((got - want).abs() < 1e-5 * want);
    }

    #[test]
    fn threads_do_not_change_bits() {
        let t = random([200_001], 1);
        assert_thread_independent(|| {
            let sum = sum_of_squares(t.clone()).to_bits();
            vec![vec![
                f32::from_bits(sum as u32),
                f32::from_bits((sum >> 32) as u32),
            ]]
        });
    }
}
