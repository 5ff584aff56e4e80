//! Adam in one pass over parameter, gradient and both moments, in place where a buffer is unique.

use burn_flex::FlexTensor;
use rayon::prelude::*;

use super::tensor::{contiguous, values};
use crate::adam::AdamScalars;

/// Elements worth a thread of their own: some 20 µs, bound by memory.
const PIECE: usize = 1 << 14;

/// The parameter and its moments after one step.
pub(super) fn step(
    param: FlexTensor,
    grad: FlexTensor,
    m: FlexTensor,
    v: FlexTensor,
    scalars: AdamScalars,
) -> (FlexTensor, FlexTensor, FlexTensor) {
    let (mut param, grad) = (contiguous(param), contiguous(grad));
    let (mut m, mut v) = (contiguous(m), contiguous(v));
    let outputs = param.storage_mut().par_chunks_mut(PIECE).zip(
        m.storage_mut()
            .par_chunks_mut(PIECE)
            .zip(v.storage_mut().par_chunks_mut(PIECE)),
    );
    let pieces = outputs.zip(values(&grad).par_chunks(PIECE));
    pieces.for_each(|((param, (m, v)), grad)| step_piece(param, m, v, grad, scalars));
    (param, m, v)
}

vectorised! {
    fn step_piece(param: &mut [f32], m: &mut [f32], v: &mut [f32], grad: &[f32], s: AdamScalars) {
        let moments = m.iter_mut().zip(v.iter_mut());
        for ((param, (m, v)), grad) in param.iter_mut().zip(moments).zip(grad) {
            let g = grad * s.grad_scale + s.weight_decay * *param;
            *m = s.beta1 * *m + s.one_minus_beta1 * g;
            *v = s.beta2 * *v + s.one_minus_beta2 * (g * g);
            *param -= s.step_size * (*m / (v.sqrt() * s.inverse_root_correction2 + s.epsilon));
        }
    }
}
