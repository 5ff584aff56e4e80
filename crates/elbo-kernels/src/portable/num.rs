//! A backend's tensor with arithmetic operators, so that an operation reads as its formula.

use std::ops::{Add, Div, Mul, Neg, Sub};

use burn::backend::{Backend, TensorMetadata, get_or_init_device_settings, tensor::FloatTensor};
use burn::tensor::Slice;
use burn::tensor::{FloatDType, Shape};

/// A tensor of f32; axes of length 1 are broadcast.
pub(super) struct Num<B: Backend>(pub(super) FloatTensor<B>);

// Not derived: that would ask `B: Clone`.
impl<B: Backend> Clone for Num<B> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<B: Backend> Num<B> {
    pub(super) fn exp(self) -> Self {
        Self(B::float_exp(self.0))
    }

    /// e^-s of the logarithm of a scale, held to the CPU kernels' range: neither 0 nor infinite.
    pub(super) fn exp_neg_bounded(self) -> Self {
        (-self).clamp(-87.0, 88.0).exp()
    }

    pub(super) fn log(self) -> Self {
        Self(B::float_log(self.0))
    }

    pub(super) fn sqrt(self) -> Self {
        Self(B::float_sqrt(self.0))
    }

    pub(super) fn square(self) -> Self {
        self.clone() * self
    }

    pub(super) fn clamp(self, low: f32, high: f32) -> Self {
        Self(B::float_clamp(self.0, low.into(), high.into()))
    }

    pub(super) fn at_least(self, low: f32) -> Self {
        Self(B::float_clamp_min(self.0, low.into()))
    }

    pub(super) fn at_most(self, high: f32) -> Self {
        Self(B::float_clamp_max(self.0, high.into()))
    }

    /// 1 where an element is greater than `bound`, else 0.
    pub(super) fn above(self, bound: f32) -> Self {
        let bools = get_or_init_device_settings::<B>(&self.0.device()).bool_dtype;
        let above = B::float_greater_elem(self.0, bound.into(), bools);
        Self(B::bool_into_float(above, FloatDType::F32))
    }

    /// log(1 + e^z).
    pub(super) fn softplus(self) -> Self {
        let tail = Self(B::float_log1p((-Self(B::float_abs(self.0.clone()))).exp().0));
        self.at_least(0.0) + tail
    }

    /// 1 / (1 + e^-z). Never by way of infinity, which a shading language need not know.
    pub(super) fn sigmoid(self) -> Self {
        Self(B::float_recip(((-self).at_most(87.0).exp() + 1.0).0))
    }

    /// `[batch, d]` to the sum of each row, `[batch]`.
    pub(super) fn sum_rows(self) -> FloatTensor<B> {
        let [batch, _] = self.dims();
        Self(B::float_sum_dim(self.0, 1)).reshape([batch])
    }

    /// `[batch]` to a column, `[batch, 1]`.
    pub(super) fn column(tensor: FloatTensor<B>) -> Self {
        let [batch] = tensor.shape().dims();
        Self(Self(tensor).reshape([batch, 1]))
    }

    /// The sum over those axes along which `[rows, columns]` was broadcast.
    pub(super) fn sum_to(self, shape: [usize; 2]) -> FloatTensor<B> {
        let own: [usize; 2] = self.dims();
        let broadcast = (0..2).filter(|&axis| shape[axis] != own[axis]);
        broadcast.fold(self.0, B::float_sum_dim)
    }

    pub(super) fn reshape<const D: usize>(self, shape: [usize; D]) -> FloatTensor<B> {
        B::float_reshape(self.0, Shape::from(shape))
    }

    pub(super) fn dims<const D: usize>(&self) -> [usize; D] {
        self.0.shape().dims()
    }
}

impl<B: Backend> Neg for Num<B> {
    type Output = Self;

    fn neg(self) -> Self {
        Self(B::float_neg(self.0))
    }
}

macro_rules! arithmetic {
    ($sign:ident, $method:ident, $tensor:ident, $scalar:ident) => {
        impl<B: Backend> $sign for Num<B> {
            type Output = Self;

            fn $method(self, other: Self) -> Self {
                Self(B::$tensor(self.0, other.0))
            }
        }

        impl<B: Backend> $sign<f32> for Num<B> {
            type Output = Self;

            fn $method(self, other: f32) -> Self {
                Self(B::$scalar(self.0, other.into()))
            }
        }
    };
}

arithmetic!(Add, add, float_add, float_add_scalar);
arithmetic!(Sub, sub, float_sub, float_sub_scalar);
arithmetic!(Mul, mul, float_mul, float_mul_scalar);
arithmetic!(Div, div, float_div, float_div_scalar);

/// Some columns of a matrix.
pub(super) fn columns<B: Backend>(table: &FloatTensor<B>, start: usize, width: usize) -> FloatTensor<B> {
    let [rows, _] = table.shape().dims();
    let slices = [Slice::from(0..rows), Slice::from(start..start + width)];
    B::float_slice(table.clone(), &slices)
}
