//! How a new model's weights are drawn.

use burn::module::Param;
use burn::tensor::{Device, Tensor, TensorData};

/// A source of initial weights: uniform noise from outside, and the device they live on.
pub struct Init<'a> {
    /// Gives that many draws uniform in [0, 1).
    pub uniform: &'a mut dyn FnMut(usize) -> Vec<f32>,
    /// Where the weights live.
    pub device: &'a Device,
}

impl Init<'_> {
    /// Weights uniform in ±1/√fan_in, the default of PyTorch's layers
    /// (He et al. 2015, with gain √(1/3)), so that published protocols can be followed.
    pub fn fan_in<const D: usize>(&mut self, shape: [usize; D], fan_in: usize) -> Param<Tensor<D>> {
        let bound = 1.0 / (fan_in.max(1) as f32).sqrt();
        let draws = (self.uniform)(shape.iter().product());
        self.parameter(
            draws.into_iter().map(|u| (2.0 * u - 1.0) * bound).collect(),
            shape,
        )
    }

    /// Every weight the same.
    pub fn constant<const D: usize>(&self, shape: [usize; D], value: f32) -> Param<Tensor<D>> {
        self.parameter(vec![value; shape.iter().product()], shape)
    }

    fn parameter<const D: usize>(&self, values: Vec<f32>, shape: [usize; D]) -> Param<Tensor<D>> {
        Param::from_tensor(Tensor::from_data(TensorData::new(values, shape), self.device))
    }
}
