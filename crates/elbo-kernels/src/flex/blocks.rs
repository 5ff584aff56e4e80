//! Several products side by side, on columns of their own.

use std::ops::Range;

use burn_flex::FlexTensor;

use super::{
    activation,
    gemm::{Matrix, Part, products},
    tensor::{contiguous, dims, tensor, values},
};
use crate::Activation;

/// f([x_i W_i] + b).
pub(super) fn forward(
    x: FlexTensor,
    weight: FlexTensor,
    base: FlexTensor,
    widths: &[usize],
    f: Activation,
) -> FlexTensor {
    let (x, weight, base) = (contiguous(x), contiguous(weight), contiguous(base));
    let ([batch, _], [k, outputs], [rows, _]) = (dims(&x), dims(&weight), dims(&base));
    let (x, weight, base) = (Matrix::of(&x), Matrix::of(&weight), values(&base));
    let parts = each(k, widths).map(|(inputs, own)| Part {
        a: x.columns(&inputs),
        b: weight.columns(&own),
        start: own.start,
    });
    let y = products(
        [batch, outputs],
        &parts.collect::<Vec<_>>(),
        |row, columns, out| {
            let start = if rows == 1 { 0 } else { row * outputs };
            activation::finish(out, &base[start + columns.start..start + columns.end], f);
        },
    );
    tensor(y, [batch, outputs])
}

/// x_iᵀ g_i side by side.
pub(super) fn grad_weight(x: FlexTensor, grad: FlexTensor, widths: &[usize]) -> FlexTensor {
    let (x, grad) = (contiguous(x), contiguous(grad));
    let ([_, columns], [_, outputs]) = (dims(&x), dims(&grad));
    let k = columns / widths.len().max(1);
    let (x, grad) = (Matrix::of(&x), Matrix::of(&grad));
    let parts = each(k, widths).map(|(inputs, own)| Part {
        a: x.columns(&inputs).t(),
        b: grad.columns(&own),
        start: own.start,
    });
    let parts: Vec<_> = parts.collect();
    tensor(products([k, outputs], &parts, |_, _, _| {}), [k, outputs])
}

/// g_i W_iᵀ side by side.
pub(super) fn grad_input(grad: FlexTensor, weight: FlexTensor, widths: &[usize]) -> FlexTensor {
    let (grad, weight) = (contiguous(grad), contiguous(weight));
    let ([batch, _], [k, _]) = (dims(&grad), dims(&weight));
    let (grad, weight) = (Matrix::of(&grad), Matrix::of(&weight));
    let parts = each(k, widths).map(|(inputs, own)| Part {
        a: grad.columns(&own),
        b: weight.columns(&own).t(),
        start: inputs.start,
    });
    let (parts, columns) = (parts.collect::<Vec<_>>(), k * widths.len());
    tensor(products([batch, columns], &parts, |_, _, _| {}), [batch, columns])
}

/// The columns of each block's input and output.
fn each(k: usize, widths: &[usize]) -> impl Iterator<Item = (Range<usize>, Range<usize>)> {
    let mut start = 0;
    widths.iter().enumerate().map(move |(block, width)| {
        start += width;
        (block * k..(block + 1) * k, start - width..start)
    })
}
