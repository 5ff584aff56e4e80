//! One step of Adam, in one pass and in place.

use burn::tensor::Tensor;

/// The constants of Adam (Kingma & Ba 2015, algorithm 1).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam {
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
    /// L2 penalty: `weight_decay` θ is added to the gradient (torch's `Adam`, not `AdamW`).
    pub weight_decay: f64,
}

impl Default for Adam {
    fn default() -> Self {
        Self {
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.0,
        }
    }
}

/// The running moments of one parameter's gradient, of the parameter's shape.
#[derive(Clone, Debug)]
pub struct AdamMoments<const D: usize> {
    /// Decayed mean of the gradient.
    pub m: Tensor<D>,
    /// Decayed mean of the squared gradient.
    pub v: Tensor<D>,
}

impl<const D: usize> AdamMoments<D> {
    /// The moments before the first step: zero.
    pub fn zeros_like(param: &Tensor<D>) -> Self {
        let zeros = || param.clone().inner().zeros_like();
        Self {
            m: zeros(),
            v: zeros(),
        }
    }
}

/// θ after one Adam step; `state` is advanced.
///
/// `step` counts from 1. All tensors are taken without autodiff and the result carries none.
pub fn adam_step<const D: usize>(
    param: Tensor<D>,
    grad: Tensor<D>,
    state: &mut AdamMoments<D>,
    step: u64,
    lr: f64,
    grad_scale: f32,
    adam: &Adam,
) -> Tensor<D> {
    reference(param, grad, state, step, lr, grad_scale, adam)
}

/// The plain-tensor twin of [`adam_step`].
pub fn reference<const D: usize>(
    param: Tensor<D>,
    grad: Tensor<D>,
    state: &mut AdamMoments<D>,
    step: u64,
    lr: f64,
    grad_scale: f32,
    adam: &Adam,
) -> Tensor<D> {
    let (param, grad) = (param.inner(), grad.inner());
    let g = grad * grad_scale + param.clone() * adam.weight_decay;
    state.m = state.m.clone().inner() * adam.beta1 + g.clone() * (1.0 - adam.beta1);
    state.v = state.v.clone().inner() * adam.beta2 + g.square() * (1.0 - adam.beta2);
    let correction1 = 1.0 - adam.beta1.powf(step as f64);
    let correction2 = 1.0 - adam.beta2.powf(step as f64);
    let denominator = state.v.clone().sqrt() / correction2.sqrt() + adam.epsilon;
    param - state.m.clone() / denominator * (lr / correction1)
}
