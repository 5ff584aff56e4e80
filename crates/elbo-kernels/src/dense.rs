//! The dense layer y = f(x W + b), with its bias and nonlinearity fused behind the product.

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
    Activation, Precision,
    ops::{VaeGrads, VaeOps},
};

/// Rows of a [`dense`] layer of at most this many inputs have the same bits on the CPU in every batch of 2 to 64
/// rows: longer sums are cut into parts that depend on the size of the batch.
pub const STEADY_INPUTS: usize = 512;

/// y = f(x W + b).
///
/// Differentiable in `x`, `weight` and `bias`; a gradient that is not needed is not computed.
/// Worst error against exact arithmetic: k roundings, (k + 2) 2⁻²⁴ Σ |x W| per element, and with
/// [`Precision::Bf16`] 2⁻⁸ Σ |x W| more.
///
/// # Shapes
/// - `x`: `[batch, k]`
/// - `weight`: `[k, n]`
/// - `bias`: `[n]`
/// - output: `[batch, n]`
///
/// # Panics
/// If the shapes do not fit.
pub fn dense(
    x: Tensor<2>,
    weight: Tensor<2>,
    bias: Tensor<1>,
    activation: Activation,
    precision: Precision,
) -> Tensor<2> {
    assert_eq!(
        x.dims()[1],
        weight.dims()[0],
        "`dense`: columns of `x` and rows of `weight`"
    );
    assert_eq!(
        weight.dims()[1],
        bias.dims()[0],
        "`dense`: columns of `weight` and length of `bias`"
    );
    let [inputs, outputs] = weight.dims();
    let _span = span!("dense forward", "{inputs} → {outputs}");
    let (x, weight, bias) = (x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch());
    Tensor::from_dispatch(<Dispatch as VaeOps>::dense(
        x, weight, bias, activation, precision,
    ))
}

/// The plain-tensor twin of [`dense`].
pub fn reference(x: Tensor<2>, weight: Tensor<2>, bias: Tensor<1>, activation: Activation) -> Tensor<2> {
    activation.apply(x.matmul(weight) + bias.unsqueeze::<2>())
}

#[derive(Debug)]
struct Dense;

impl<B: VaeGrads> Backward<B, 3> for Dense {
    /// x, W, y = f(x W + b), f, and the precision.
    type State = (
        FloatTensor<B>,
        FloatTensor<B>,
        FloatTensor<B>,
        Activation,
        Precision,
    );

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let [to_x, to_weight, to_bias] = ops.parents;
        let (x, weight, y, activation, precision) = ops.state;
        let [inputs, outputs] = weight.shape().dims();
        let _span = span!("dense backward", "{inputs} → {outputs}");
        let grad = grads.consume::<B>(&ops.node);
        let (grad, by_bias) = B::activation_grad(grad, y, activation);
        if let Some(node) = to_bias {
            grads.register::<B>(node.id, by_bias);
        }
        if let Some(node) = to_weight {
            grads.register::<B>(node.id, B::dense_grad_weight(x, grad.clone(), precision));
        }
        if let Some(node) = to_x {
            grads.register::<B>(node.id, B::dense_grad_input(grad, weight, precision));
        }
    }
}

/// The operation on the autodiff backend.
pub(crate) fn tracked<B: VaeGrads, C: CheckpointStrategy>(
    x: FloatTensor<Autodiff<B, C>>,
    weight: FloatTensor<Autodiff<B, C>>,
    bias: FloatTensor<Autodiff<B, C>>,
    activation: Activation,
    precision: Precision,
) -> FloatTensor<Autodiff<B, C>> {
    let nodes = [x.node(), weight.node(), bias.node()];
    let (x, weight) = (x.into_primitive(), weight.into_primitive());
    let y = B::dense(
        x.clone(),
        weight.clone(),
        bias.into_primitive(),
        activation,
        precision,
    );
    match Dense.prepare::<C>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(prep) => prep.finish((x, weight, y.clone(), activation, precision), y),
        OpsKind::UnTracked(prep) => prep.finish(y),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    type Op = fn(Tensor<2>, Tensor<2>, Tensor<1>, Activation) -> Tensor<2>;

    fn dense(x: Tensor<2>, weight: Tensor<2>, bias: Tensor<1>, activation: Activation) -> Tensor<2> {
        super::dense(x, weight, bias, activation, Precision::F32)
    }

    fn in_bf16(x: Tensor<2>, weight: Tensor<2>, bias: Tensor<1>, activation: Activation) -> Tensor<2> {
        super::dense(x, weight, bias, activation, Precision::Bf16)
    }

    const SIZES: [(usize, usize, usize); 6] = [
        (1, 1, 1),
        (2, 7, 9),
        (3, 16, 31),
        (5, 33, 8),
        (64, 100, 65),
        (17, 1, 400),
    ];

    const ALL: [Activation; 3] = [Activation::Identity, Activation::Relu, Activation::Tanh];

    /// y and the gradients of x, W and b.
    fn run(op: Op, x: &Tensor<2>, weight: &Tensor<2>, activation: Activation) -> Vec<Vec<f32>> {
        let (x, weight) = (leaf(x), leaf(weight));
        let bias = leaf(&random([weight.dims()[1]], 3));
        let y = op(x.clone(), weight.clone(), bias.clone(), activation);
        with_gradients(y, |g| {
            vec![gradient(&x, g), gradient(&weight, g), gradient(&bias, g)]
        })
    }

    #[test]
    fn matches_the_twin_around_vector_widths() {
        for (batch, k, n) in SIZES {
            let (x, weight) = (random([batch, k], 1), random([k, n], 2));
            for activation in ALL {
                let got = run(dense, &x, &weight, activation);
                assert_near(&got, &run(reference, &x, &weight, activation), 1e-5);
            }
        }
    }

    #[test]
    fn bf16_matches_the_twin_where_it_rounds_nothing() {
        for (batch, k, n) in SIZES {
            let (x, weight) = (coarse([batch, k], 1), coarse([k, n], 2));
            let got = run(in_bf16, &x, &weight, Activation::Identity);
            assert_near(&got, &run(reference, &x, &weight, Activation::Identity), 1e-5);
        }
    }

    #[test]
    fn bf16_rounds_each_factor_once() {
        let (k, n) = (100, 40);
        let (x, weight, bias) = (random([7, k], 1), random([k, n], 2), random([n], 3));
        let magnitude = values(x.clone().abs().matmul(weight.clone().abs()));
        let want = values(dense(
            x.clone(),
            weight.clone(),
            bias.clone(),
            Activation::Identity,
        ));
        let got = values(in_bf16(x, weight, bias, Activation::Identity));
        let errors = got.iter().zip(&want).zip(&magnitude);
        assert!(
            errors
                .clone()
                .all(|((got, want), size)| (got - want).abs() <= size / 256.0)
        );
        assert!(errors.clone().any(|((got, want), _)| got != want));
    }

    #[test]
    fn bf16_is_independent_of_threads_strides_and_empty_batches() {
        let (x, weight) = (random([130, 783], 1), random([783, 401], 2));
        assert_thread_independent(|| run(in_bf16, &x, &weight, Activation::Relu));
        let got = run(in_bf16, &strided(&x), &strided(&weight), Activation::Relu);
        assert_eq!(got, run(in_bf16, &x, &weight, Activation::Relu));
        let got = run(in_bf16, &random([0, 3], 1), &random([3, 2], 2), Activation::Tanh);
        assert_eq!(got, vec![vec![], vec![], vec![0.0; 6], vec![0.0; 2]]);
    }

    #[test]
    fn reads_strided_inputs() {
        let (x, weight) = (random([6, 10], 1), random([10, 4], 2));
        let got = run(dense, &strided(&x), &strided(&weight), Activation::Relu);
        assert_eq!(got, run(dense, &x, &weight, Activation::Relu));
    }

    #[test]
    fn a_batch_of_nothing_has_zero_gradients() {
        let got = run(dense, &random([0, 3], 1), &random([3, 2], 2), Activation::Tanh);
        assert_eq!(got, vec![vec![], vec![], vec![0.0; 6], vec![0.0; 2]]);
    }

    #[test]
    fn threads_do_not_change_bits() {
        // 130 x 784 x 401 is cut into the most pieces, forward and backward.
        let (x, weight) = (random([130, 784], 1), random([784, 401], 2));
        assert_thread_independent(|| run(dense, &x, &weight, Activation::Relu));
    }

    #[test]
    fn a_row_does_not_see_the_others() {
        let (x, weight, bias) = (random([9, 300], 1), random([300, 50], 2), random([50], 3));
        let mut other = numbers(9 * 300, 7);
        other[4 * 300..5 * 300].copy_from_slice(&values(x.clone())[4 * 300..5 * 300]);
        let row = |x: Tensor<2>| {
            values(dense(x, weight.clone(), bias.clone(), Activation::Tanh))[4 * 50..5 * 50].to_vec()
        };
        assert_eq!(row(x), row(from_values(other, [9, 300])));
    }

    #[test]
    fn few_rows_are_the_first_of_many() {
        for (op, activation) in [(dense as Op, Activation::Tanh), (in_bf16, Activation::Relu)] {
            for k in [1, 2, 3, 7, 16, 33, 100, 511, STEADY_INPUTS] {
                for n in [1, 2, 5, 16, 17, 48, 64, 65, 128, 130, 400, 784, 1025, 3000] {
                    let (x, weight, bias) = (random([64, k], 1), random([k, n], 2), random([n], 3));
                    let y = |x| values(op(x, weight.clone(), bias.clone(), activation));
                    let many = y(x.clone());
                    for few in [2, 8, 16] {
                        assert!(
                            y(x.clone().narrow(0, 0, few)) == many[..few * n],
                            "{few} rows of 64, {k} to {n}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn not_a_number_is_not_hidden() {
        let y = dense(
            from_values(vec![f32::NAN], [1, 1]),
            from_values(vec![1.0], [1, 1]),
            from_values(vec![0.0], [1]),
            Activation::Relu,
        );
        assert!(values(y)[0].is_nan());
    }
}
