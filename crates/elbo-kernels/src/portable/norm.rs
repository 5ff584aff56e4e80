//! The squared Euclidean norm.

use burn::backend::{Backend, tensor::FloatTensor};

use super::num::Num;

/// Σ t², one number.
pub(crate) fn sum_of_squares<B: Backend>(t: FloatTensor<B>) -> FloatTensor<B> {
    B::float_sum(Num::<B>(t).square().0)
}
