//! The dense layer, and the backward pass of every nonlinearity.

use burn::backend::{Backend, TensorMetadata, tensor::FloatTensor};

use super::num::Num;
use crate::Activation;

/// f(x W + b).
pub(crate) fn dense<B: Backend>(
    x: FloatTensor<B>,
    weight: FloatTensor<B>,
    bias: FloatTensor<B>,
    f: Activation,
) -> FloatTensor<B> {
    let [n] = bias.shape().dims();
    let bias = B::float_reshape(bias, [1, n].into());
    activate::<B>(B::float_add(B::float_matmul(x, weight), bias), f)
}

/// f(z).
pub(super) fn activate<B: Backend>(z: FloatTensor<B>, f: Activation) -> FloatTensor<B> {
    match f {
        Activation::Identity => z,
        Activation::Relu => B::relu(z),
        Activation::Tanh => B::float_tanh(z),
    }
}

/// The gradient before the activation, and its sum over all axes but the last.
pub(crate) fn activation_grad<B: Backend>(
    grad: FloatTensor<B>,
    y: FloatTensor<B>,
    f: Activation,
) -> (FloatTensor<B>, FloatTensor<B>) {
    let grad = match f {
        Activation::Identity => grad,
        Activation::Relu => B::relu_backward(y, grad),
        Activation::Tanh => (Num::<B>(grad) * (-Num(y).square() + 1.0)).0,
    };
    let shape = grad.shape();
    let channels = shape[shape.num_dims() - 1];
    let rows = shape.num_elements() / channels.max(1);
    let sum = B::float_sum_dim(Num::<B>(grad.clone()).reshape([rows, channels]), 0);
    (grad, Num::<B>(sum).reshape([channels]))
}

/// xᵀ grad.
pub(crate) fn dense_grad_weight<B: Backend>(x: FloatTensor<B>, grad: FloatTensor<B>) -> FloatTensor<B> {
    B::float_matmul(B::float_transpose(x), grad)
}

/// grad Wᵀ.
pub(crate) fn dense_grad_input<B: Backend>(grad: FloatTensor<B>, weight: FloatTensor<B>) -> FloatTensor<B> {
    B::float_matmul(grad, B::float_transpose(weight))
}
