//! Fully connected layers.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use elbo_kernels::{Activation, dense};

use crate::Init;

/// `activation(x W + b)`.
#[derive(Module, Debug)]
pub struct Dense {
    weight: Param<Tensor<2>>,
    bias: Param<Tensor<1>>,
    #[module(skip)]
    activation: Activation,
}

impl Dense {
    /// A layer from `inputs` to `outputs` values.
    pub fn init(inputs: usize, outputs: usize, activation: Activation, init: &mut Init) -> Self {
        Self {
            weight: init.fan_in([inputs, outputs], inputs),
            bias: init.fan_in([outputs], inputs),
            activation,
        }
    }

    /// # Shapes
    /// `[batch, inputs]` to `[batch, outputs]`.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        dense(x, self.weight.val(), self.bias.val(), self.activation)
    }
}

/// A chain of dense layers, each followed by the same activation.
#[derive(Module, Debug)]
pub struct Mlp {
    layers: Vec<Dense>,
    #[module(skip)]
    width: usize,
}

impl Mlp {
    /// Layers from `inputs` through each of `widths`; no widths, no change.
    pub fn init(inputs: usize, widths: &[usize], activation: Activation, init: &mut Init) -> Self {
        let mut width = inputs;
        let layers = widths
            .iter()
            .map(|&next| Dense::init(std::mem::replace(&mut width, next), next, activation, init))
            .collect();
        Self { layers, width }
    }

    /// Width of the output.
    pub fn width(&self) -> usize {
        self.width
    }

    /// # Shapes
    /// `[batch, inputs]` to `[batch, width]`.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.layers.iter().fold(x, |x, layer| layer.forward(x))
    }
}
