//! One step of Adam, in one pass and in place.

use burn::{backend::Dispatch, tensor::Tensor};

use crate::ops::UpdateOps;

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

/// The constants of one step, computed from [`Adam`] in f64.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AdamScalars {
    pub(crate) beta1: f32,
    pub(crate) one_minus_beta1: f32,
    pub(crate) beta2: f32,
    pub(crate) one_minus_beta2: f32,
    pub(crate) inverse_root_correction2: f32,
    pub(crate) epsilon: f32,
    pub(crate) weight_decay: f32,
    pub(crate) grad_scale: f32,
    pub(crate) step_size: f32,
}

impl AdamScalars {
    fn new(step: u64, lr: f64, grad_scale: f32, adam: &Adam) -> Self {
        let correction = |beta: f64| 1.0 - beta.powf(step as f64);
        Self {
            beta1: adam.beta1 as f32,
            one_minus_beta1: (1.0 - adam.beta1) as f32,
            beta2: adam.beta2 as f32,
            one_minus_beta2: (1.0 - adam.beta2) as f32,
            inverse_root_correction2: correction(adam.beta2).sqrt().recip() as f32,
            epsilon: adam.epsilon as f32,
            weight_decay: adam.weight_decay as f32,
            grad_scale,
            step_size: (lr / correction(adam.beta1)) as f32,
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
/// With g = `grad_scale` ∇ + `weight_decay` θ and t = `step`, which counts from 1:
/// m ← β₁ m + (1 - β₁) g, v ← β₂ v + (1 - β₂) g²,
/// θ ← θ - lr / (1 - β₁ᵗ) · m / (√v / √(1 - β₂ᵗ) + ε).
///
/// A buffer that no one else holds is changed in place. All tensors are taken without autodiff and
/// the result carries none. Worst error: 1e-6 of the step, besides the rounding of θ.
///
/// # Shapes
/// All of one shape.
///
/// # Panics
/// If the shapes differ or `step` is 0.
pub fn adam_step<const D: usize>(
    param: Tensor<D>,
    grad: Tensor<D>,
    state: &mut AdamMoments<D>,
    step: u64,
    lr: f64,
    grad_scale: f32,
    adam: &Adam,
) -> Tensor<D> {
    assert!(step > 0, "`adam_step`: `step` counts from 1");
    for dims in [grad.dims(), state.m.dims(), state.v.dims()] {
        assert_eq!(
            dims,
            param.dims(),
            "`adam_step`: shapes of `param`, `grad` and the moments"
        );
    }
    let _span = span!("adam", "all weights");
    let empty = Tensor::empty([0; D], &param.device().inner());
    // Taken out, not cloned: a moment shared with `state` could not be changed in place.
    let m = std::mem::replace(&mut state.m, empty.clone()).inner();
    let v = std::mem::replace(&mut state.v, empty).inner();
    let (param, m, v) = <Dispatch as UpdateOps>::adam(
        param.inner().into_dispatch(),
        grad.inner().into_dispatch(),
        m.into_dispatch(),
        v.into_dispatch(),
        AdamScalars::new(step, lr, grad_scale, adam),
    );
    *state = AdamMoments {
        m: Tensor::from_dispatch(m),
        v: Tensor::from_dispatch(v),
    };
    Tensor::from_dispatch(param)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn two_steps_by_hand() {
        let mut state = AdamMoments::zeros_like(&from_values(vec![1.0], [1]));
        let param = from_values(vec![1.0], [1]);
        // g = 0.5: m = 0.05, v = 0.00025; corrected 0.5 and 0.25, so the step is lr (but for ε).
        let param = adam_step(
            param,
            from_values(vec![0.5], [1]),
            &mut state,
            1,
            0.1,
            1.0,
            &Adam::default(),
        );
        assert!((values(param.clone())[0] - 0.9).abs() < 1e-6);
        // g = 2 * -0.5: m = 0.045 - 0.1 = -0.055, v = 0.00024975 + 0.001 = 0.00124975;
        // corrected -0.055 / 0.19 and 0.00124975 / 0.001999; 0.9 + 0.1 * 0.289474 / 0.790689.
        let param = adam_step(
            param,
            from_values(vec![-0.5], [1]),
            &mut state,
            2,
            0.1,
            2.0,
            &Adam::default(),
        );
        assert!((values(param)[0] - 0.936_610_4).abs() < 1e-6);
        assert!((values(state.m)[0] + 0.055).abs() < 1e-8);
        assert!((values(state.v)[0] - 0.001_249_75).abs() < 1e-9);
    }

    /// Parameter and moments after three steps with weight decay and clipping.
    fn run(fused: bool, n: usize) -> Vec<Vec<f32>> {
        let adam = Adam {
            weight_decay: 0.1,
            ..Adam::default()
        };
        let op = if fused { adam_step::<1> } else { reference::<1> };
        let mut param = random([n], 1);
        let mut state = AdamMoments::zeros_like(&param);
        for step in 1..=3 {
            param = op(param, random([n], 10 + step), &mut state, step, 0.01, 0.7, &adam);
        }
        vec![values(param), values(state.m), values(state.v)]
    }

    #[test]
    fn matches_the_twin() {
        for n in [0, 1, 7, 33, 40_000] {
            assert_near(&run(true, n), &run(false, n), 1e-6);
        }
    }

    #[test]
    fn threads_do_not_change_bits() {
        assert_thread_independent(|| run(true, 100_003));
    }

    #[test]
    fn shared_buffers_are_left_alone() {
        let (param, grad) = (random([100], 1), random([100], 2));
        let mut state = AdamMoments::zeros_like(&param);
        let before = (param.clone(), state.clone());
        let after = adam_step(param, grad, &mut state, 1, 0.1, 1.0, &Adam::default());
        assert_eq!(values(before.0.clone()), numbers(100, 1));
        assert_ne!(values(after), numbers(100, 1));
        assert_eq!(values(before.1.m), vec![0.0; 100]);
    }
}
