//! Several dense layers side by side.

use burn::backend::{Backend, TensorMetadata, tensor::FloatTensor};

use super::dense::activate;
use super::num::columns;
use crate::Activation;

/// f([x_i W_i] + b).
pub(crate) fn dense_blocks<B: Backend>(
    x: FloatTensor<B>,
    weight: FloatTensor<B>,
    base: FloatTensor<B>,
    widths: Vec<usize>,
    f: Activation,
) -> FloatTensor<B> {
    let [k, _] = weight.shape().dims();
    let products = each(k, &widths).map(|(inputs, start, width)| {
        let own = columns::<B>(&weight, start, width);
        B::float_matmul(columns::<B>(&x, inputs, k), own)
    });
    activate::<B>(B::float_add(B::float_cat(products.collect(), 1), base), f)
}

/// x_iᵀ g_i side by side.
pub(crate) fn dense_blocks_grad_weight<B: Backend>(
    x: FloatTensor<B>,
    grad: FloatTensor<B>,
    widths: Vec<usize>,
) -> FloatTensor<B> {
    let [_, inputs] = x.shape().dims();
    let k = inputs / widths.len().max(1);
    let products = each(k, &widths).map(|(inputs, start, width)| {
        let own = B::float_transpose(columns::<B>(&x, inputs, k));
        B::float_matmul(own, columns::<B>(&grad, start, width))
    });
    B::float_cat(products.collect(), 1)
}

/// g_i W_iᵀ side by side.
pub(crate) fn dense_blocks_grad_input<B: Backend>(
    grad: FloatTensor<B>,
    weight: FloatTensor<B>,
    widths: Vec<usize>,
) -> FloatTensor<B> {
    let products = each(0, &widths).map(|(_, start, width)| {
        let own = B::float_transpose(columns::<B>(&weight, start, width));
        B::float_matmul(columns::<B>(&grad, start, width), own)
    });
    B::float_cat(products.collect(), 1)
}

/// The first column of each block's input, and the first and the number of its output.
fn each(k: usize, widths: &[usize]) -> impl Iterator<Item = (usize, usize, usize)> {
    let mut start = 0;
    widths.iter().enumerate().map(move |(block, width)| {
        start += width;
        (block * k, start - width, *width)
    })
}
