//! The logistic function.

use burn::backend::{Backend, tensor::FloatTensor};

use super::num::Num;
use crate::sigmoid::LOWEST;

/// 1 / (1 + e^-z), or 0 below [`LOWEST`].
pub(crate) fn sigmoid<B: Backend>(z: FloatTensor<B>) -> FloatTensor<B> {
    let z = Num::<B>(z);
    (z.clone().above(LOWEST) * z.sigmoid()).0
}
