//! The logistic function, in place.

use burn_flex::FlexTensor;
use rayon::prelude::*;

use super::{math::exp, tensor::contiguous};
use crate::sigmoid::LOWEST;

/// Numbers worth a thread of their own: some 10 µs.
const PIECE: usize = 1 << 14;

/// 1 / (1 + e^-z), or 0 below [`LOWEST`].
pub(super) fn sigmoid(z: FlexTensor) -> FlexTensor {
    let mut z = contiguous(z);
    z.storage_mut().par_chunks_mut(PIECE).for_each(sigmoid_piece);
    z
}

vectorised! {
    fn sigmoid_piece(z: &mut [f32]) {
        for z in z {
            // `exp` is limited to e^88; an impossible outcome must have probability 0.
            let p = 1.0 / (1.0 + exp(-*z));
            *z = if *z < LOWEST { 0.0 } else { p };
        }
    }
}
