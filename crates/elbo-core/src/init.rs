//! Initial weights of a new model.

use burn::module::Param;
use burn::tensor::{Device, Tensor, TensorData};
use elbo_kernels::Precision;

/// A source of initial weights: uniform noise from outside, and the device they live on.
pub struct Init<'a> {
    /// Returns that many numbers, uniform in [0, 1).
    pub uniform: &'a mut dyn FnMut(usize) -> Vec<f32>,
    /// Where the weights live.
    pub device: &'a Device,
    /// The precision of the layers' products; [`crate::Model::init`] takes it from the config.
    pub(crate) precision: Precision,
}

impl<'a> Init<'a> {
    /// Weights from `uniform` on `device`.
    pub fn new(uniform: &'a mut dyn FnMut(usize) -> Vec<f32>, device: &'a Device) -> Self {
        Self {
            uniform,
            device,
            precision: Precision::F32,
        }
    }
}

impl Init<'_> {
    /// Weights uniform in ±1/√fan_in, the default of PyTorch's layers
    /// (He et al. 2015, with gain √(1/3)), so that published protocols can be followed.
    pub fn fan_in<const D: usize>(&mut self, shape: [usize; D], fan_in: usize) -> Param<Tensor<D>> {
        self.scaled(shape, fan_in, |_| 1.0)
    }

    /// The same, each weight times `scale` of its place in row-major order.
    pub fn scaled<const D: usize>(
        &mut self,
        shape: [usize; D],
        fan_in: usize,
        scale: impl Fn(usize) -> f32,
    ) -> Param<Tensor<D>> {
        let bound = 1.0 / (fan_in.max(1) as f32).sqrt();
        let draws = (self.uniform)(shape.iter().product()).into_iter().enumerate();
        let weights = draws.map(|(place, u)| (2.0 * u - 1.0) * bound * scale(place));
        self.values(weights.collect(), shape)
    }

    /// Every weight the same.
    pub fn constant<const D: usize>(&self, shape: [usize; D], value: f32) -> Param<Tensor<D>> {
        self.values(vec![value; shape.iter().product()], shape)
    }

    /// These weights.
    pub fn values<const D: usize>(&self, values: Vec<f32>, shape: [usize; D]) -> Param<Tensor<D>> {
        Param::from_tensor(Tensor::from_data(TensorData::new(values, shape), self.device))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{device, mean_and_error, uniform, values};

    #[test]
    fn fan_in_fills_its_interval() {
        let mut init = Init {
            uniform: &mut |n| uniform(1, n),
            device: &device(),
            precision: Precision::F32,
        };
        let weights = values(&init.fan_in([100, 100], 100).val());
        // ±1/√100, with the variance of a uniform distribution, bound²/3
        assert!(weights.iter().all(|w| w.abs() <= 0.1));
        let squares: Vec<_> = weights.iter().map(|w| w * w).collect();
        let (variance, error) = mean_and_error(&squares);
        assert!((variance - 0.01 / 3.0).abs() < 4.0 * error, "{variance}");
        let (mean, error) = mean_and_error(&weights);
        assert!(mean.abs() < 4.0 * error, "{mean}");
    }

    #[test]
    fn the_ends_of_the_noise_are_the_ends_of_the_interval() {
        let mut init = Init {
            uniform: &mut |_| vec![0.0, 0.5],
            device: &device(),
            precision: Precision::F32,
        };
        assert_eq!(values(&init.fan_in([2], 4).val()), [-0.5, 0.0]);
    }

    #[test]
    fn constants_take_no_noise() {
        let init = Init {
            uniform: &mut |_| panic!("no noise is needed"),
            device: &device(),
            precision: Precision::F32,
        };
        assert_eq!(values(&init.constant([1, 2], 3.0).val()), [3.0, 3.0]);
    }
}
