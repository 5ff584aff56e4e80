//! Convolutions by the backend's, which takes images `[batch, channels, height, width]` and
//! weights `[narrow, wide, kh, kw]`: views of ours with the axes in another order.

use burn::{
    backend::{Backend, TensorMetadata, tensor::FloatTensor},
    tensor::{
        DType,
        ops::{ConvOptions, ConvTransposeOptions},
    },
};

use super::dense::activate;
use crate::{Activation, ConvGeometry};

/// f(x ⋆ W + b).
pub(crate) fn conv2d<B: Backend>(
    x: FloatTensor<B>,
    weight: FloatTensor<B>,
    bias: FloatTensor<B>,
    geometry: ConvGeometry,
    f: Activation,
) -> FloatTensor<B> {
    activate::<B>(down::<B>(x, weight, Some(bias), geometry), f)
}

/// f(x ⋆ᵀ W + b).
pub(crate) fn conv_transpose2d<B: Backend>(
    x: FloatTensor<B>,
    weight: FloatTensor<B>,
    bias: FloatTensor<B>,
    geometry: ConvGeometry,
    f: Activation,
) -> FloatTensor<B> {
    let extra = geometry.output_padding;
    activate::<B>(up::<B>(x, weight, Some(bias), extra, geometry), f)
}

/// x ⋆ W.
pub(crate) fn conv_down<B: Backend>(
    wide: FloatTensor<B>,
    weight: FloatTensor<B>,
    geometry: ConvGeometry,
) -> FloatTensor<B> {
    down::<B>(wide, weight, None, geometry)
}

/// x ⋆ᵀ W onto a wide image of this size. Its rows and columns that no step of the kernel covers are the
/// backend's output padding.
pub(crate) fn conv_up<B: Backend>(
    narrow: FloatTensor<B>,
    weight: FloatTensor<B>,
    wide: [usize; 2],
    geometry: ConvGeometry,
) -> FloatTensor<B> {
    let ([_, h, w, _], [kh, kw, _, _]) = (narrow.shape().dims(), weight.shape().dims());
    let uncovered = ConvGeometry {
        output_padding: [0, 0],
        ..geometry
    };
    let covered = uncovered.wide_size([h, w], [kh, kw]);
    let extra = std::array::from_fn(|i| wide[i].saturating_sub(covered[i]));
    up::<B>(narrow, weight, None, extra, geometry)
}

/// The gradient of ⟨narrow, wide ⋆ W⟩ with respect to W.
pub(crate) fn conv_grad_weight<B: Backend>(
    wide: FloatTensor<B>,
    narrow: FloatTensor<B>,
    [kh, kw]: [usize; 2],
    geometry: ConvGeometry,
) -> FloatTensor<B> {
    let channels = |image: &FloatTensor<B>| image.shape()[3];
    // The backend uses only the shape of W.
    let shape = [channels(&narrow), channels(&wide), kh, kw];
    let weight = B::float_empty(shape.into(), &wide.device(), DType::F32.into());
    let (wide, narrow) = (planes::<B>(wide), planes::<B>(narrow));
    let grad = B::conv2d_weight_backward(wide, weight, narrow, options(geometry));
    B::float_permute(grad, &[2, 3, 1, 0])
}

fn down<B: Backend>(
    wide: FloatTensor<B>,
    weight: FloatTensor<B>,
    bias: Option<FloatTensor<B>>,
    geometry: ConvGeometry,
) -> FloatTensor<B> {
    let (wide, weight) = (planes::<B>(wide), filters::<B>(weight));
    pixels::<B>(B::conv2d(wide, weight, bias, options(geometry)))
}

fn up<B: Backend>(
    narrow: FloatTensor<B>,
    weight: FloatTensor<B>,
    bias: Option<FloatTensor<B>>,
    extra: [usize; 2],
    geometry: ConvGeometry,
) -> FloatTensor<B> {
    let options = ConvTransposeOptions::new(geometry.stride, geometry.padding, extra, [1, 1], 1);
    let (narrow, weight) = (planes::<B>(narrow), filters::<B>(weight));
    pixels::<B>(B::conv_transpose2d(narrow, weight, bias, options))
}

fn options(geometry: ConvGeometry) -> ConvOptions<2> {
    ConvOptions::new(geometry.stride, geometry.padding, [1, 1], 1)
}

/// `[batch, height, width, channels]` to `[batch, channels, height, width]`.
fn planes<B: Backend>(image: FloatTensor<B>) -> FloatTensor<B> {
    B::float_permute(image, &[0, 3, 1, 2])
}

/// The way back from [`planes`].
fn pixels<B: Backend>(image: FloatTensor<B>) -> FloatTensor<B> {
    B::float_permute(image, &[0, 2, 3, 1])
}

/// `[kh, kw, wide, narrow]` to `[narrow, wide, kh, kw]`.
fn filters<B: Backend>(weight: FloatTensor<B>) -> FloatTensor<B> {
    B::float_permute(weight, &[3, 2, 0, 1])
}
