//! Sums of blocks in the order of their fields, one pass over the blocks each way.

use burn_flex::FlexTensor;
use rayon::prelude::*;

use super::{
    rows::rows_per_piece,
    tensor::{contiguous, dims, tensor, values},
};
use crate::sums::Blocks;

/// Σ p_i x_i of the blocks before each field.
pub(super) fn before(x: FlexTensor, present: FlexTensor, blocks: &Blocks) -> FlexTensor {
    let (x, present) = (contiguous(x), contiguous(present));
    let [batch, columns] = dims(&x);
    let (width, outputs) = (
        columns / blocks.count,
        columns / blocks.count * blocks.in_order.len(),
    );
    let rows = rows_per_piece(batch, columns);
    let mut out = vec![0.0; batch * outputs];
    let inputs = values(&x)
        .par_chunks((rows * columns).max(1))
        .zip(values(&present).par_chunks(rows * blocks.count));
    let pieces = out.par_chunks_mut((rows * outputs).max(1)).zip(inputs);
    pieces.for_each(|(out, (x, present))| before_rows(out, x, present, width, blocks));
    tensor(out, [batch, outputs])
}

/// The gradient of each block: p_i times the gradients of all fields behind its own.
pub(super) fn grad(grad: FlexTensor, present: FlexTensor, blocks: &Blocks) -> FlexTensor {
    let (grad, present) = (contiguous(grad), contiguous(present));
    let [batch, outputs] = dims(&grad);
    let width = outputs / blocks.in_order.len();
    let columns = width * blocks.count;
    let rows = rows_per_piece(batch, columns);
    let mut out = vec![0.0; batch * columns];
    let inputs = values(&grad)
        .par_chunks((rows * outputs).max(1))
        .zip(values(&present).par_chunks(rows * blocks.count));
    let pieces = out.par_chunks_mut((rows * columns).max(1)).zip(inputs);
    pieces.for_each(|(out, (grad, present))| grad_rows(out, grad, present, width, blocks));
    tensor(out, [batch, columns])
}

vectorised! {
    fn before_rows(out: &mut [f32], x: &[f32], present: &[f32], width: usize, blocks: &Blocks) {
        let mut sum = vec![0.0; width];
        let out = out.chunks_exact_mut(width * blocks.in_order.len());
        let inputs = x.chunks_exact(width * blocks.count).zip(present.chunks_exact(blocks.count));
        for (out, (x, present)) in out.zip(inputs) {
            sum.fill(0.0);
            for (field, own) in &blocks.in_order {
                out[field * width..(field + 1) * width].copy_from_slice(&sum);
                for block in own {
                    let p = present[*block];
                    let x = &x[block * width..(block + 1) * width];
                    for (sum, x) in sum.iter_mut().zip(x) {
                        *sum += p * x;
                    }
                }
            }
        }
    }
}

vectorised! {
    fn grad_rows(out: &mut [f32], grad: &[f32], present: &[f32], width: usize, blocks: &Blocks) {
        let mut sum = vec![0.0; width];
        let out = out.chunks_exact_mut(width * blocks.count);
        let inputs = grad.chunks_exact(width * blocks.in_order.len()).zip(present.chunks_exact(blocks.count));
        for (out, (grad, present)) in out.zip(inputs) {
            sum.fill(0.0);
            for (field, own) in blocks.in_order.iter().rev() {
                for block in own {
                    let p = present[*block];
                    let out = &mut out[block * width..(block + 1) * width];
                    for (out, sum) in out.iter_mut().zip(&sum) {
                        *out = p * sum;
                    }
                }
                let grad = &grad[field * width..(field + 1) * width];
                for (sum, grad) in sum.iter_mut().zip(grad) {
                    *sum += grad;
                }
            }
        }
    }
}
