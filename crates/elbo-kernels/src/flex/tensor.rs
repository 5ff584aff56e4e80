//! Between `flex` tensors and slices of numbers.

use burn::tensor::{Bytes, DType, Shape};
use burn_flex::{FlexTensor, Layout};

/// `t` with its elements in order and nothing else in its buffer; keeps a unique buffer unique.
pub(super) fn contiguous(t: FlexTensor) -> FlexTensor {
    let exact = t.bytes().len() == t.layout().num_elements() * size_of::<f32>();
    if exact && t.layout().start_offset() == 0 && t.is_contiguous() {
        t
    } else {
        t.to_contiguous()
    }
}

/// The elements of a contiguous tensor.
pub(super) fn values(t: &FlexTensor) -> &[f32] {
    t.storage()
}

/// A tensor over `values`.
pub(super) fn tensor(values: Vec<f32>, shape: impl Into<Shape>) -> FlexTensor {
    FlexTensor::new(
        Bytes::from_elems(values),
        Layout::contiguous(shape.into()),
        DType::F32,
    )
}

/// The shape, of a rank the operation's signature has fixed.
pub(super) fn dims<const D: usize>(t: &FlexTensor) -> [usize; D] {
    t.layout().shape().dims()
}
