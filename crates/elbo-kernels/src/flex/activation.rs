//! Bias and activation behind a product, and the way back through them.

use burn_flex::FlexTensor;
use rayon::prelude::*;

use super::{
    rows::{rows_per_piece, sum_in_order},
    tensor::{contiguous, tensor, values},
};
use crate::{Activation, flex::math::tanh};

/// y = f(z + b) on one row or on several of `bias.len()` numbers each.
pub(super) fn finish(z: &mut [f32], bias: &[f32], f: Activation) {
    match f {
        Activation::Identity => add_bias(z, bias),
        Activation::Relu => add_bias_relu(z, bias),
        Activation::Tanh => add_bias_tanh(z, bias),
    }
}

vectorised! {
    /// y = tanh z, in place.
    pub(super) fn tanh_in_place(z: &mut [f32]) {
        for z in z {
            *z = tanh(*z);
        }
    }
}

vectorised! {
    fn add_bias(z: &mut [f32], bias: &[f32]) {
        each(z, bias, |z| z);
    }
}

vectorised! {
    fn add_bias_relu(z: &mut [f32], bias: &[f32]) {
        // Not `max`, which would turn NaN into 0 and hide it.
        each(z, bias, |z| if z < 0.0 { 0.0 } else { z });
    }
}

vectorised! {
    fn add_bias_tanh(z: &mut [f32], bias: &[f32]) {
        each(z, bias, tanh);
    }
}

#[inline(always)]
fn each(z: &mut [f32], bias: &[f32], f: impl Fn(f32) -> f32) {
    for row in z.chunks_exact_mut(bias.len().max(1)) {
        for (z, b) in row.iter_mut().zip(bias) {
            *z = f(*z + b);
        }
    }
}

/// dz = dy f'(y) and its sum over all axes but the last.
pub(super) fn gradient(g: FlexTensor, y: FlexTensor, f: Activation) -> (FlexTensor, FlexTensor) {
    let (mut g, y) = (contiguous(g), contiguous(y));
    let width = g.layout().shape().as_slice().last().copied().unwrap_or(1);
    let rows = values(&y).len() / width.max(1);
    let piece = rows_per_piece(rows, width) * width.max(1);
    let mut sums = vec![0.0; values(&y).len().div_ceil(piece) * width];
    let parts = sums.par_chunks_mut(width.max(1));
    if f == Activation::Identity {
        parts
            .zip(values(&g).par_chunks(piece))
            .for_each(|(sum, g)| add_rows(g, sum));
    } else {
        let pieces = g
            .storage_mut()
            .par_chunks_mut(piece)
            .zip(values(&y).par_chunks(piece));
        parts.zip(pieces).for_each(|(sum, (g, y))| match f {
            Activation::Tanh => tanh_gradient(g, y, sum),
            Activation::Relu | Activation::Identity => relu_gradient(g, y, sum),
        });
    }
    (g, tensor(sum_in_order(&sums, width), [width]))
}

vectorised! {
    fn add_rows(g: &[f32], sum: &mut [f32]) {
        for g in g.chunks_exact(sum.len().max(1)) {
            for (sum, g) in sum.iter_mut().zip(g) {
                *sum += g;
            }
        }
    }
}

vectorised! {
    fn relu_gradient(g: &mut [f32], y: &[f32], sum: &mut [f32]) {
        scale_rows(g, y, sum, |g, y| if y > 0.0 { g } else { 0.0 });
    }
}

vectorised! {
    fn tanh_gradient(g: &mut [f32], y: &[f32], sum: &mut [f32]) {
        scale_rows(g, y, sum, |g, y| g * (1.0 - y * y));
    }
}

#[inline(always)]
fn scale_rows(g: &mut [f32], y: &[f32], sum: &mut [f32], f: impl Fn(f32, f32) -> f32) {
    let width = sum.len().max(1);
    for (g, y) in g.chunks_exact_mut(width).zip(y.chunks_exact(width)) {
        for ((g, y), sum) in g.iter_mut().zip(y).zip(sum.iter_mut()) {
            *g = f(*g, *y);
            *sum += *g;
        }
    }
}
