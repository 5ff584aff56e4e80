//! Convolution and transposed convolution of NHWC images, bias and nonlinearity fused.

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
    tensor::{
        Tensor, module,
        ops::{ConvOptions, ConvTransposeOptions},
    },
};

use crate::{
    Activation, ConvGeometry, Precision,
    ops::{VaeGrads, VaeOps},
};

/// y = f(x ⋆ W + b), the cross-correlation that deep learning calls convolution.
///
/// Differentiable in `x`, `weight` and `bias`; a gradient that is not needed is not computed.
/// Worst error against exact arithmetic: that of [`crate::dense()`] with k = kh kw ci.
///
/// # Shapes
/// - `x`: `[batch, h, w, ci]`
/// - `weight`: `[kh, kw, ci, co]`
/// - `bias`: `[co]`
/// - output: `[batch, oh, ow, co]`, oh = ⌊(h + 2 padding - kh) / stride⌋ + 1
///
/// # Panics
/// If the channels do not fit, or a stride is 0.
pub fn conv2d(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Tensor<1>,
    geometry: ConvGeometry,
    activation: Activation,
    precision: Precision,
) -> Tensor<4> {
    check(
        "conv2d",
        geometry,
        [x.dims()[3], bias.dims()[0]],
        [weight.dims()[2], weight.dims()[3]],
    );
    let ([_, h, w, from], [to]) = (x.dims(), bias.dims());
    let _span = span!("conv2d forward", "{h}×{w}×{from} → {to}");
    let (x, weight, bias) = (x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch());
    Tensor::from_dispatch(<Dispatch as VaeOps>::conv2d_fused(
        x, weight, bias, geometry, activation, precision,
    ))
}

/// The plain-tensor twin of [`conv2d`].
pub fn conv2d_reference(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Tensor<1>,
    geometry: ConvGeometry,
    activation: Activation,
) -> Tensor<4> {
    let options = ConvOptions::new(geometry.stride, geometry.padding, [1, 1], 1);
    let y = module::conv2d(
        x.permute([0, 3, 1, 2]),
        weight.permute([3, 2, 0, 1]),
        Some(bias),
        options,
    );
    activation.apply(y.permute([0, 2, 3, 1]))
}

/// y = f(x ⋆ᵀ W + b), the transpose of [`conv2d`] as a linear map: it widens an image.
///
/// Differentiable in `x`, `weight` and `bias`; a gradient that is not needed is not computed.
/// Worst error against exact arithmetic: that of [`crate::dense()`] with k = kh kw ci.
///
/// # Shapes
/// - `x`: `[batch, h, w, ci]`
/// - `weight`: `[kh, kw, co, ci]`
/// - `bias`: `[co]`
/// - output: `[batch, oh, ow, co]`, oh = (h - 1) stride - 2 padding + kh + output_padding
///
/// # Panics
/// If the channels do not fit, a stride is 0, or an output padding is not below its stride.
pub fn conv_transpose2d(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Tensor<1>,
    geometry: ConvGeometry,
    activation: Activation,
    precision: Precision,
) -> Tensor<4> {
    check(
        "conv_transpose2d",
        geometry,
        [bias.dims()[0], x.dims()[3]],
        [weight.dims()[2], weight.dims()[3]],
    );
    let ([_, h, w, from], [to]) = (x.dims(), bias.dims());
    let _span = span!("conv_transpose2d forward", "{h}×{w}×{from} → {to}");
    let (x, weight, bias) = (x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch());
    Tensor::from_dispatch(<Dispatch as VaeOps>::conv_transpose2d_fused(
        x, weight, bias, geometry, activation, precision,
    ))
}

/// The plain-tensor twin of [`conv_transpose2d`].
pub fn conv_transpose2d_reference(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Tensor<1>,
    geometry: ConvGeometry,
    activation: Activation,
) -> Tensor<4> {
    let options = ConvTransposeOptions::new(
        geometry.stride,
        geometry.padding,
        geometry.output_padding,
        [1, 1],
        1,
    );
    let y = module::conv_transpose2d(
        x.permute([0, 3, 1, 2]),
        weight.permute([3, 2, 0, 1]),
        Some(bias),
        options,
    );
    activation.apply(y.permute([0, 2, 3, 1]))
}

/// Panics unless the `[wide, narrow]` channels of images and weight agree and the geometry is sound.
fn check(op: &str, geometry: ConvGeometry, images: [usize; 2], weight: [usize; 2]) {
    assert_eq!(
        images, weight,
        "`{op}`: wide and narrow channels of the images and of `weight`"
    );
    let ConvGeometry {
        stride,
        output_padding,
        ..
    } = geometry;
    assert!(stride.iter().all(|&s| s > 0), "`{op}`: a stride of {stride:?}");
    let below = output_padding.iter().zip(&stride).all(|(o, s)| o < s);
    assert!(
        below,
        "`{op}`: an output padding of {output_padding:?} with a stride of {stride:?}"
    );
}

/// Which way an operation runs: a convolution goes down from wide to narrow images, a transposed
/// one up. Both use the same weight `[kh, kw, wide, narrow]`, and one is the other's input gradient.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Direction {
    Down,
    Up,
}

#[derive(Debug)]
struct Conv;

/// The saved inputs of a convolution's backward pass.
#[derive(Clone, Debug)]
struct State<T> {
    direction: Direction,
    x: T,
    weight: T,
    y: T,
    /// Size of x and of the kernel.
    sizes: [[usize; 2]; 2],
    geometry: ConvGeometry,
    activation: Activation,
    precision: Precision,
}

impl<B: VaeGrads> Backward<B, 3> for Conv {
    type State = State<FloatTensor<B>>;

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let [to_x, to_weight, to_bias] = ops.parents;
        let State {
            direction,
            x,
            weight,
            y,
            sizes: [size, kernel],
            geometry,
            activation,
            precision,
        } = ops.state;
        let ([h, w], [_, _, wide, narrow]) = (size, weight.shape().dims());
        let _span = match direction {
            Direction::Down => span!("conv2d backward", "{h}×{w}×{wide} → {narrow}"),
            Direction::Up => span!("conv_transpose2d backward", "{h}×{w}×{narrow} → {wide}"),
        };
        let grad = grads.consume::<B>(&ops.node);
        let (grad, by_bias) = B::activation_grad(grad, y, activation);
        if let Some(node) = to_bias {
            grads.register::<B>(node.id, by_bias);
        }
        if let Some(node) = to_weight {
            let (wide, narrow) = match direction {
                Direction::Down => (x, grad.clone()),
                Direction::Up => (grad.clone(), x),
            };
            grads.register::<B>(
                node.id,
                B::conv_grad_weight(wide, narrow, kernel, geometry, precision),
            );
        }
        if let Some(node) = to_x {
            let by_x = match direction {
                Direction::Down => B::conv_up(grad, weight, size, geometry, precision),
                Direction::Up => B::conv_down(grad, weight, geometry, precision),
            };
            grads.register::<B>(node.id, by_x);
        }
    }
}

/// Either operation on the autodiff backend.
pub(crate) fn tracked<B: VaeGrads, C: CheckpointStrategy>(
    direction: Direction,
    x: FloatTensor<Autodiff<B, C>>,
    weight: FloatTensor<Autodiff<B, C>>,
    bias: FloatTensor<Autodiff<B, C>>,
    geometry: ConvGeometry,
    activation: Activation,
    precision: Precision,
) -> FloatTensor<Autodiff<B, C>> {
    let nodes = [x.node(), weight.node(), bias.node()];
    let (x, weight, bias) = (x.into_primitive(), weight.into_primitive(), bias.into_primitive());
    let ([_, h, w, _], [kh, kw, _, _]) = (x.shape().dims::<4>(), weight.shape().dims::<4>());
    let y = match direction {
        Direction::Down => B::conv2d_fused(x.clone(), weight.clone(), bias, geometry, activation, precision),
        Direction::Up => {
            B::conv_transpose2d_fused(x.clone(), weight.clone(), bias, geometry, activation, precision)
        }
    };
    match Conv.prepare::<C>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(prep) => {
            let sizes = [[h, w], [kh, kw]];
            prep.finish(
                State {
                    direction,
                    x,
                    weight,
                    y: y.clone(),
                    sizes,
                    geometry,
                    activation,
                    precision,
                },
                y,
            )
        }
        OpsKind::UnTracked(prep) => prep.finish(y),
    }
}

#[cfg(test)]
mod tests;
