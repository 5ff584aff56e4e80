//! The logistic function, from log-odds to probabilities.

use burn::{
    backend::{
        Autodiff, Dispatch,
        autodiff::{
            checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
            grads::Gradients,
            ops::{Backward, Ops, OpsKind},
        },
        tensor::FloatTensor,
    },
    tensor::{Tensor, activation},
};

use crate::ops::{VaeGrads, VaeOps};

/// p = 1 / (1 + e^-z), element by element. Differentiable. Worst error: 3 ULP; below z = -87, where p is
/// no normal number, it is 0.
pub fn sigmoid(z: Tensor<2>) -> Tensor<2> {
    let _span = span!("sigmoid forward", "{}", z.dims()[1]);
    Tensor::from_dispatch(<Dispatch as VaeOps>::sigmoid_fused(z.into_dispatch()))
}

/// The log-odds below which a probability is 0.
pub(crate) const LOWEST: f32 = -87.0;

/// The plain-tensor twin of [`sigmoid`].
pub fn reference(z: Tensor<2>) -> Tensor<2> {
    activation::sigmoid(z)
}

#[derive(Debug)]
struct Sigmoid;

impl<B: VaeGrads> Backward<B, 1> for Sigmoid {
    /// p.
    type State = FloatTensor<B>;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let ([to_z], p) = (ops.parents, ops.state);
        if let Some(node) = to_z {
            // dp/dz = p (1 - p)
            let slope = B::float_sub(p.clone(), B::float_mul(p.clone(), p));
            grads.register::<B>(node.id, B::float_mul(grad, slope));
        }
    }
}

/// The operation on the autodiff backend.
pub(crate) fn tracked<B: VaeGrads, C: CheckpointStrategy>(
    z: FloatTensor<Autodiff<B, C>>,
) -> FloatTensor<Autodiff<B, C>> {
    let nodes = [z.node()];
    let p = B::sigmoid_fused(z.into_primitive());
    match Sigmoid.prepare::<C>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(prep) => prep.finish(p.clone(), p),
        OpsKind::UnTracked(prep) => prep.finish(p),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    fn run(op: fn(Tensor<2>) -> Tensor<2>, z: &Tensor<2>) -> Vec<Vec<f32>> {
        let z = leaf(z);
        with_gradients(op(z.clone()), |g| vec![gradient(&z, g)])
    }

    #[test]
    fn matches_the_twin_around_vector_widths() {
        for shape in [[1, 1], [3, 7], [2, 16], [5, 33], [64, 784]] {
            let z = random(shape, 1) * 20.0;
            assert_near(&run(sigmoid, &z), &run(reference, &z), 1e-5);
            assert_eq!(run(sigmoid, &strided(&z)), run(sigmoid, &z));
        }
        assert!(values(sigmoid(random([0, 4], 1))).is_empty());
    }

    #[test]
    fn errors_are_within_the_stated_bound() {
        let z: Vec<f32> = (-860_000..860_000).map(|i| i as f32 * 1e-4).collect();
        let p = values(sigmoid(from_values(z.clone(), [z.len() / 4, 4])));
        for (z, p) in z.into_iter().zip(p) {
            let exact = 1.0 / (1.0 + (-f64::from(z)).exp());
            let ulp = f64::from((exact as f32).next_up() - exact as f32);
            assert!((f64::from(p) - exact).abs() <= 3.0 * ulp, "{z}: {p} for {exact}");
        }
    }

    #[test]
    fn the_ends_are_zero_and_one_and_nan_stays() {
        let p = values(sigmoid(from_values(
            vec![f32::NEG_INFINITY, 0.0, f32::INFINITY, f32::NAN],
            [1, 4],
        )));
        assert!(p[..3] == [0.0, 0.5, 1.0] && p[3].is_nan());
    }

    #[test]
    fn threads_do_not_change_bits() {
        let z = random([131, 784], 1);
        assert_thread_independent(|| run(sigmoid, &z));
    }
}
