//! Sums of blocks in the order of their fields.

use burn::backend::{Backend, TensorMetadata, tensor::FloatTensor};

use super::num::columns;
use crate::sums::Blocks;

/// Σ p_i x_i of the blocks before each field.
pub(crate) fn sums_before<B: Backend>(
    x: FloatTensor<B>,
    present: FloatTensor<B>,
    blocks: Blocks,
) -> FloatTensor<B> {
    let [_, inputs] = x.shape().dims();
    let width = inputs / blocks.count;
    let mut sum = zeros::<B>(&x, width);
    let mut sums = vec![None; blocks.in_order.len()];
    for (field, own) in &blocks.in_order {
        sums[*field] = Some(sum.clone());
        for block in own {
            let x = columns::<B>(&x, block * width, width);
            let p = columns::<B>(&present, *block, 1);
            sum = B::float_add(sum, B::float_mul(x, p));
        }
    }
    B::float_cat(sums.into_iter().flatten().collect(), 1)
}

/// The gradients of the fields behind each block's own, times p_i.
pub(crate) fn sums_before_grad<B: Backend>(
    grad: FloatTensor<B>,
    present: FloatTensor<B>,
    blocks: Blocks,
) -> FloatTensor<B> {
    let [_, outputs] = grad.shape().dims();
    let width = outputs / blocks.in_order.len();
    let mut sum = zeros::<B>(&grad, width);
    let mut gradients = vec![None; blocks.count];
    for (field, own) in blocks.in_order.iter().rev() {
        for block in own {
            let p = columns::<B>(&present, *block, 1);
            gradients[*block] = Some(B::float_mul(sum.clone(), p));
        }
        sum = B::float_add(sum, columns::<B>(&grad, field * width, width));
    }
    B::float_cat(gradients.into_iter().flatten().collect(), 1)
}

/// No sum yet, for each row of `like`.
fn zeros<B: Backend>(like: &FloatTensor<B>, width: usize) -> FloatTensor<B> {
    B::float_mul_scalar(columns::<B>(like, 0, width), 0.0.into())
}
