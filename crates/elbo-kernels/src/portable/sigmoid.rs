//! The logistic function.

use burn::backend::{Backend, tensor::FloatTensor};

use super::num::Num;

/// 1 / (1 + e^-z).
pub(crate) fn sigmoid<B: Backend>(z: FloatTensor<B>) -> FloatTensor<B> {
    Num::<B>(z).sigmoid().0
}
