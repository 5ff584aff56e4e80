//! Several dense layers side by side, each on columns of its own.

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
    Activation,
    ops::{VaeGrads, VaeOps},
};

/// y = f([x_1 W_1, …, x_m W_m] + b), for m blocks x_i of k columns each: a dense layer whose weights are a
/// block-diagonal matrix, of which only the blocks are stored.
///
/// Block i puts out `widths[i]` columns. Differentiable in `x`, `weight` and `base`; a gradient that is not needed is not
/// computed. Worst error against exact arithmetic: k roundings, (k + 2) 2⁻²⁴ Σ |x W| per element.
///
/// # Shapes
/// - `x`: `[batch, m k]`
/// - `weight`: `[k, Σ widths]`, the W_i side by side
/// - `base`: b, `[1, Σ widths]`, or one for each row, `[batch, Σ widths]`
/// - output: `[batch, Σ widths]`
///
/// # Panics
/// If the shapes do not fit.
pub fn dense_blocks(
    x: Tensor<2>,
    weight: Tensor<2>,
    base: Tensor<2>,
    widths: &[usize],
    activation: Activation,
) -> Tensor<2> {
    let ([batch, columns], [k, outputs], [rows, of_base]) = (x.dims(), weight.dims(), base.dims());
    assert!(
        columns == k * widths.len()
            && outputs == widths.iter().sum::<usize>()
            && of_base == outputs
            && (rows == 1 || rows == batch),
        "`dense_blocks`: `x` is {:?}, `weight` is {:?}, `base` is {:?}, for widths {widths:?}",
        [batch, columns],
        [k, outputs],
        [rows, of_base]
    );
    let _span = span!("dense_blocks forward", "{}x{k} → {outputs}", widths.len());
    Tensor::from_dispatch(<Dispatch as VaeOps>::dense_blocks(
        x.into_dispatch(),
        weight.into_dispatch(),
        base.into_dispatch(),
        widths.to_vec(),
        activation,
    ))
}

/// The plain-tensor twin of [`dense_blocks`].
pub fn reference(
    x: Tensor<2>,
    weight: Tensor<2>,
    base: Tensor<2>,
    widths: &[usize],
    activation: Activation,
) -> Tensor<2> {
    let [k, _] = weight.dims();
    let mut start = 0;
    let blocks = widths.iter().enumerate().map(|(block, width)| {
        let own = weight.clone().narrow(1, start, *width);
        start += width;
        x.clone().narrow(1, block * k, k).matmul(own)
    });
    activation.apply(Tensor::cat(blocks.collect(), 1) + base)
}

#[derive(Debug)]
struct DenseBlocks;

impl<B: VaeGrads> Backward<B, 3> for DenseBlocks {
    /// x, W, y, whether there is one b for all rows, the widths, and f.
    type State = (
        FloatTensor<B>,
        FloatTensor<B>,
        FloatTensor<B>,
        bool,
        Vec<usize>,
        Activation,
    );

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let [to_x, to_weight, to_base] = ops.parents;
        let (x, weight, y, shared, widths, activation) = ops.state;
        let [k, outputs] = weight.shape().dims();
        let _span = span!("dense_blocks backward", "{}x{k} → {outputs}", widths.len());
        let grad = grads.consume::<B>(&ops.node);
        let (grad, by_column) = B::activation_grad(grad, y, activation);
        if let Some(node) = to_base {
            let of_base = match shared {
                true => B::float_reshape(by_column, [1, outputs].into()),
                false => grad.clone(),
            };
            grads.register::<B>(node.id, of_base);
        }
        if let Some(node) = to_weight {
            let of_weight = B::dense_blocks_grad_weight(x, grad.clone(), widths.clone());
            grads.register::<B>(node.id, of_weight);
        }
        if let Some(node) = to_x {
            grads.register::<B>(node.id, B::dense_blocks_grad_input(grad, weight, widths));
        }
    }
}

/// The operation on the autodiff backend.
pub(crate) fn tracked<B: VaeGrads, C: CheckpointStrategy>(
    x: FloatTensor<Autodiff<B, C>>,
    weight: FloatTensor<Autodiff<B, C>>,
    base: FloatTensor<Autodiff<B, C>>,
    widths: Vec<usize>,
    activation: Activation,
) -> FloatTensor<Autodiff<B, C>> {
    let nodes = [x.node(), weight.node(), base.node()];
    let (x, weight, base) = (x.into_primitive(), weight.into_primitive(), base.into_primitive());
    let shared = base.shape()[0] == 1;
    let y = B::dense_blocks(x.clone(), weight.clone(), base, widths.clone(), activation);
    match DenseBlocks.prepare::<C>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(prep) => prep.finish((x, weight, y.clone(), shared, widths, activation), y),
        OpsKind::UnTracked(prep) => prep.finish(y),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    type Op = fn(Tensor<2>, Tensor<2>, Tensor<2>, &[usize], Activation) -> Tensor<2>;

    /// x and W of so many rows and k.
    fn inputs(batch: usize, k: usize, widths: &[usize]) -> (Tensor<2>, Tensor<2>) {
        (
            random([batch, k * widths.len()], 1),
            random([k, widths.iter().sum()], 2),
        )
    }

    /// y and the gradients of x, W and b, which has so many rows.
    fn run(
        op: Op,
        (x, weight): &(Tensor<2>, Tensor<2>),
        rows: usize,
        widths: &[usize],
        f: Activation,
    ) -> Vec<Vec<f32>> {
        let (x, weight) = (leaf(x), leaf(weight));
        let base = leaf(&random([rows, weight.dims()[1]], 3));
        let y = op(x.clone(), weight.clone(), base.clone(), widths, f);
        with_gradients(y, |g| {
            vec![gradient(&x, g), gradient(&weight, g), gradient(&base, g)]
        })
    }

    const WIDTHS: [&[usize]; 4] = [&[1], &[5, 1, 17], &[8; 4], &[33, 2, 40, 7, 64]];

    #[test]
    fn two_blocks_by_hand() {
        // (1 2)(3 4)ᵀ = 11, and (5 6) times the columns (1 0) and (0 −1): 5 and −6
        let y = dense_blocks(
            from_values(vec![1.0, 2.0, 5.0, 6.0], [1, 4]),
            from_values(vec![3.0, 1.0, 0.0, 4.0, 0.0, -1.0], [2, 3]),
            from_values(vec![0.5, 0.0, 1.0], [1, 3]),
            &[1, 2],
            Activation::Relu,
        );
        assert_eq!(values(y), [11.5, 5.0, 0.0]);
    }

    #[test]
    fn matches_the_twin_around_vector_widths() {
        for widths in WIDTHS {
            for (batch, k) in [(1, 1), (3, 7), (64, 33), (200, 64)] {
                let inputs = inputs(batch, k, widths);
                for f in [Activation::Identity, Activation::Relu, Activation::Tanh] {
                    for rows in [1, batch] {
                        let got = run(dense_blocks, &inputs, rows, widths, f);
                        assert_near(&got, &run(reference, &inputs, rows, widths, f), 1e-5);
                    }
                }
            }
        }
    }

    #[test]
    fn threads_do_not_change_bits() {
        let widths = [64; 20];
        let inputs = inputs(256, 64, &widths);
        assert_thread_independent(|| run(dense_blocks, &inputs, 256, &widths, Activation::Relu));
    }

    #[test]
    fn reads_strided_inputs_and_empty_ones() {
        let widths = [3, 5];
        let (x, weight) = inputs(6, 4, &widths);
        let got = run(
            dense_blocks,
            &(strided(&x), strided(&weight)),
            1,
            &widths,
            Activation::Relu,
        );
        assert_eq!(got, run(dense_blocks, &(x, weight), 1, &widths, Activation::Relu));
        let none = run(dense_blocks, &inputs(0, 4, &widths), 1, &widths, Activation::Tanh);
        assert_eq!(none, vec![vec![], vec![], vec![0.0; 32], vec![0.0; 8]]);
    }

    #[test]
    fn few_rows_are_the_first_of_many() {
        for widths in WIDTHS {
            for k in [1, 7, 64, 128] {
                let (x, weight) = inputs(64, k, widths);
                let base = random([1, weight.dims()[1]], 3);
                let y = |x| {
                    values(dense_blocks(
                        x,
                        weight.clone(),
                        base.clone(),
                        widths,
                        Activation::Tanh,
                    ))
                };
                let (many, outputs) = (y(x.clone()), weight.dims()[1]);
                for few in [2, 8, 16] {
                    assert_eq!(
                        y(x.clone().narrow(0, 0, few)),
                        many[..few * outputs],
                        "{few} rows, {k}"
                    );
                }
            }
        }
    }
}
