//! Convolution and transposed convolution of NHWC images, bias and nonlinearity fused.

use burn::tensor::{
    Tensor, module,
    ops::{ConvOptions, ConvTransposeOptions},
};

use crate::Activation;

/// How a kernel steps over an image, `[vertical, horizontal]` each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConvGeometry {
    /// Step of the kernel on the wide side, at least 1.
    pub stride: [usize; 2],
    /// Zeros added on both sides of the wide image.
    pub padding: [usize; 2],
    /// Transposed convolution only: extra rows and columns at the bottom and right, less than the stride.
    pub output_padding: [usize; 2],
}

/// y = f(x ⋆ W + b), the cross-correlation deep learning calls convolution.
///
/// # Shapes
/// - `x`: `[batch, h, w, ci]`
/// - `weight`: `[kh, kw, ci, co]`
/// - `bias`: `[co]`
/// - output: `[batch, oh, ow, co]`, oh = ⌊(h + 2 padding - kh) / stride⌋ + 1
pub fn conv2d(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Tensor<1>,
    geometry: ConvGeometry,
    activation: Activation,
) -> Tensor<4> {
    conv2d_reference(x, weight, bias, geometry, activation)
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
/// # Shapes
/// - `x`: `[batch, h, w, ci]`
/// - `weight`: `[kh, kw, co, ci]`
/// - `bias`: `[co]`
/// - output: `[batch, oh, ow, co]`, oh = (h - 1) stride - 2 padding + kh + output_padding
pub fn conv_transpose2d(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Tensor<1>,
    geometry: ConvGeometry,
    activation: Activation,
) -> Tensor<4> {
    conv_transpose2d_reference(x, weight, bias, geometry, activation)
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
