//! The diagonal Gaussian log-density.

use std::f64::consts::PI;

use burn::{
    backend::{
        Autodiff, Dispatch, TensorMetadata,
        autodiff::{
            checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
            grads::Gradients,
            ops::{Backward, Ops, OpsKind},
        },
        tensor::FloatTensor,
    },
    tensor::Tensor,
};

use crate::{
    ops::{VaeGrads, VaeOps},
    shape::check_broadcast,
};

/// log N(x; mean, e^logvar) = -½ Σ_d (log 2π + logvar + (x - mean)² e^-logvar), in nats, per row.
///
/// Differentiable in all three; where `logvar` is broadcast its gradient is summed in an order
/// fixed by the shapes. e^-logvar is held to [1.6e-38, 1.7e38].
/// Worst error: 2e-6 of the sum of the terms' magnitudes.
///
/// # Shapes
/// - `mean`, `x`: `[batch, d]`
/// - `logvar`: `[batch, d]`, `[1, d]` or `[1, 1]`
/// - output: `[batch]`
///
/// # Panics
/// If the shapes do not fit.
pub fn gaussian_log_prob(mean: Tensor<2>, logvar: Tensor<2>, x: Tensor<2>) -> Tensor<1> {
    check_broadcast("gaussian_log_prob", &mean, &logvar, &x);
    let _span = span!("gaussian_log_prob forward", "{}", x.dims()[1]);
    let (mean, logvar, x) = (mean.into_dispatch(), logvar.into_dispatch(), x.into_dispatch());
    Tensor::from_dispatch(<Dispatch as VaeOps>::gaussian_log_prob(mean, logvar, x))
}

/// The plain-tensor twin of [`gaussian_log_prob`].
pub fn reference(mean: Tensor<2>, logvar: Tensor<2>, x: Tensor<2>) -> Tensor<1> {
    let squared = (x - mean).square() * logvar.clone().neg().exp();
    let log_p = (squared + logvar + (2.0 * PI).ln()) * -0.5;
    log_p.sum_dim(1).squeeze_dim(1)
}

#[derive(Debug)]
struct Gaussian;

impl<B: VaeGrads> Backward<B, 3> for Gaussian {
    /// mean, logvar, x.
    type State = (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>);

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let ([to_mean, to_logvar, to_x], (mean, logvar, x)) = (ops.parents, ops.state);
        let _span = span!("gaussian_log_prob backward", "{}", x.shape()[1]);
        let (by_mean, by_logvar) = B::gaussian_grad(mean, logvar, x, grad);
        if let Some(node) = to_x {
            grads.register::<B>(node.id, B::float_neg(by_mean.clone()));
        }
        if let Some(node) = to_mean {
            grads.register::<B>(node.id, by_mean);
        }
        if let Some(node) = to_logvar {
            grads.register::<B>(node.id, by_logvar);
        }
    }
}

/// The operation on the autodiff backend.
pub(crate) fn tracked<B: VaeGrads, C: CheckpointStrategy>(
    mean: FloatTensor<Autodiff<B, C>>,
    logvar: FloatTensor<Autodiff<B, C>>,
    x: FloatTensor<Autodiff<B, C>>,
) -> FloatTensor<Autodiff<B, C>> {
    let nodes = [mean.node(), logvar.node(), x.node()];
    let (mean, logvar, x) = (mean.into_primitive(), logvar.into_primitive(), x.into_primitive());
    let log_p = B::gaussian_log_prob(mean.clone(), logvar.clone(), x.clone());
    match Gaussian.prepare::<C>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(prep) => prep.finish((mean, logvar, x), log_p),
        OpsKind::UnTracked(prep) => prep.finish(log_p),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    type Op = fn(Tensor<2>, Tensor<2>, Tensor<2>) -> Tensor<1>;

    /// log p(x) and the gradients of mean, logvar and x.
    fn run(op: Op, [mean, logvar, x]: &[Tensor<2>; 3]) -> Vec<Vec<f32>> {
        let (mean, logvar, x) = (leaf(mean), leaf(logvar), leaf(x));
        let log_p = op(mean.clone(), logvar.clone(), x.clone());
        with_gradients(log_p, |g| {
            vec![gradient(&mean, g), gradient(&logvar, g), gradient(&x, g)]
        })
    }

    fn inputs([batch, d]: [usize; 2], logvar: [usize; 2]) -> [Tensor<2>; 3] {
        [
            random([batch, d], 1),
            random(logvar, 2) * 3.0,
            random([batch, d], 3),
        ]
    }

    #[test]
    fn closed_forms() {
        let log_p = |mean: f32, logvar: f32, x: f32| {
            let one = |v| from_values(vec![v], [1, 1]);
            values(gaussian_log_prob(one(mean), one(logvar), one(x)))[0]
        };
        let at_mean = -0.5 * (2.0 * PI).ln() as f32;
        assert!((log_p(0.0, 0.0, 0.0) - at_mean).abs() < 1e-7);
        assert!((log_p(1.0, 0.0, 3.0) - (at_mean - 2.0)).abs() < 1e-6); // (3 - 1)² / 2 = 2
        let log_4 = 4.0_f32.ln(); // σ = 2: the density halves, and (3 - 1)² / 8 = ½
        assert!((log_p(1.0, log_4, 3.0) - (at_mean - 2.0_f32.ln() - 0.5)).abs() < 1e-6);
    }

    #[test]
    fn errors_are_within_the_stated_bound() {
        let inputs = inputs([20, 1000], [20, 1000]);
        let got = values(gaussian_log_prob(
            inputs[0].clone(),
            inputs[1].clone(),
            inputs[2].clone(),
        ));
        let [mean, logvar, x] = inputs.map(values);
        for (row, got) in got.into_iter().enumerate() {
            let (mut log_p, mut size) = (0.0, 0.0);
            for i in row * 1000..(row + 1) * 1000 {
                let [mean, logvar, x] = [mean[i], logvar[i], x[i]].map(f64::from);
                let squared = (x - mean).powi(2) / logvar.exp();
                log_p -= 0.5 * ((2.0 * PI).ln() + logvar + squared);
                size += 0.5 * ((2.0 * PI).ln() + logvar.abs() + squared);
            }
            assert!((f64::from(got) - log_p).abs() <= 2e-6 * size);
        }
    }

    #[test]
    fn matches_the_twin_however_logvar_is_broadcast() {
        for shape in [[1, 1], [3, 31], [2, 32], [5, 33], [2, 513], [64, 784]] {
            let [batch, d] = shape;
            for logvar in [[1, 1], [1, d], [batch, d], [batch, 1]] {
                let inputs = inputs(shape, logvar);
                let got = run(gaussian_log_prob, &inputs);
                assert_near(&got, &run(reference, &inputs), 1e-5);
            }
        }
    }

    #[test]
    fn reads_strided_inputs_and_empty_ones() {
        let inputs_ = inputs([6, 50], [6, 50]);
        let got = run(gaussian_log_prob, &inputs_.each_ref().map(strided));
        assert_eq!(got, run(gaussian_log_prob, &inputs_));
        let got = run(gaussian_log_prob, &inputs([0, 4], [1, 4]));
        assert_eq!(got, vec![vec![], vec![], vec![0.0; 4], vec![]]);
        let [mean, logvar, x] = inputs([3, 0], [1, 1]);
        assert_eq!(values(gaussian_log_prob(mean, logvar, x)), vec![0.0; 3]);
    }

    #[test]
    fn threads_do_not_change_bits() {
        for logvar in [[1, 1], [1, 784], [131, 784]] {
            let inputs = inputs([131, 784], logvar);
            assert_thread_independent(|| run(gaussian_log_prob, &inputs));
        }
    }

    #[test]
    fn a_row_does_not_see_the_others() {
        let [mean, logvar, x] = inputs([40, 784], [1, 1]);
        let changed = mean.clone().slice_assign([0..7, 0..784], random([7, 784], 8));
        let tail = |mean| values(gaussian_log_prob(mean, logvar.clone(), x.clone()))[7..].to_vec();
        assert_eq!(tail(mean), tail(changed));
    }
}
