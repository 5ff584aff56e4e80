//! One step of Adam.

use burn::backend::{Backend, tensor::FloatTensor};

use super::num::Num;
use crate::adam::AdamScalars;

/// The parameter and its moments after one step.
pub(crate) fn adam<B: Backend>(
    param: FloatTensor<B>,
    grad: FloatTensor<B>,
    m: FloatTensor<B>,
    v: FloatTensor<B>,
    s: AdamScalars,
) -> (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>) {
    let (param, grad, m, v) = (Num::<B>(param), Num(grad), Num(m), Num(v));
    let g = grad * s.grad_scale + param.clone() * s.weight_decay;
    let m = m * s.beta1 + g.clone() * s.one_minus_beta1;
    let v = v * s.beta2 + g.square() * s.one_minus_beta2;
    let root = v.clone().sqrt() * s.inverse_root_correction2;
    let param = param - m.clone() / (root + s.epsilon) * s.step_size;
    (param.0, m.0, v.0)
}
