//! A dense layer of its own for each of several fields, all computed at once.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use elbo_kernels::{Activation, dense_blocks};

use crate::Init;

/// f(x_i W_i + b_i) for each field i, side by side. A table may have thousands of fields: their weights are one matrix,
/// and their products one operation.
#[derive(Module, Debug)]
pub(crate) struct FieldLayers {
    /// The W_i side by side, `[inputs, Σ widths]`.
    weight: Param<Tensor<2>>,
    /// The b_i side by side, `[1, Σ widths]`; none where they are 0 and stay so.
    bias: Option<Param<Tensor<2>>>,
    /// How many values each layer puts out.
    #[module(skip)]
    widths: Vec<usize>,
    #[module(skip)]
    activation: Activation,
}

impl FieldLayers {
    /// Layers from `inputs` values of each field to so many.
    pub(crate) fn init(inputs: usize, widths: Vec<usize>, activation: Activation, init: &mut Init) -> Self {
        let outputs = widths.iter().sum();
        Self {
            weight: init.fan_in([inputs, outputs], inputs),
            bias: Some(init.fan_in([1, outputs], inputs)),
            widths,
            activation,
        }
    }

    /// Layers that put out the parameters of distributions, so without an activation: the outputs of each field begin near
    /// its biases, the weights at `scale` times the default size.
    pub(crate) fn output(inputs: usize, biases: &[Vec<f32>], scale: f32, init: &mut Init) -> Self {
        let widths: Vec<usize> = biases.iter().map(Vec::len).collect();
        let outputs = widths.iter().sum();
        Self {
            weight: init.scaled([inputs, outputs], inputs, |_| scale),
            bias: Some(init.values(biases.concat(), [1, outputs])),
            widths,
            activation: Activation::Identity,
        }
    }

    /// Linear maps of `inputs` values of each of so many fields to `width` values, whose weights begin within ± `scale`.
    pub(crate) fn linear([inputs, fields, width]: [usize; 3], scale: f32, init: &mut Init) -> Self {
        Self {
            weight: init.scaled([inputs, fields * width], 1, |_| scale),
            bias: None,
            widths: vec![width; fields],
            activation: Activation::Identity,
        }
    }

    /// # Shapes
    /// `[batch, fields · inputs]` to `[batch, Σ widths]`.
    pub(crate) fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let weight = self.weight.val();
        let base = match &self.bias {
            Some(bias) => bias.val(),
            None => Tensor::zeros([1, weight.dims()[1]], &weight.device()),
        };
        dense_blocks(x, weight, base, &self.widths, self.activation)
    }

    /// The layer of one field.
    ///
    /// # Shapes
    /// `[batch, inputs]` to `[batch, width]`.
    pub(crate) fn one(&self, field: usize, x: Tensor<2>) -> Tensor<2> {
        let (start, width) = (self.widths[..field].iter().sum(), self.widths[field]);
        let own = |all: &Param<Tensor<2>>| all.val().narrow(1, start, width);
        let base = match &self.bias {
            Some(bias) => own(bias),
            None => Tensor::zeros([1, width], &x.device()),
        };
        dense_blocks(x, own(&self.weight), base, &[width], self.activation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_close, device, rows, tensor, uniform, values};

    #[test]
    fn each_field_has_an_affine_map_of_its_own() {
        let (device, mut noise) = (device(), |_| vec![0.5, 0.0, 1.0, 0.75]);
        // Over fan-in 2, u becomes (2 u − 1)/√2 at scale √2: the weights are 0, 1 of one field and −1, ½ of the other.
        let layers = FieldLayers::output(
            2,
            &[vec![0.25], vec![-1.0]],
            2.0_f32.sqrt(),
            &mut Init::new(&mut noise, &device),
        );
        let y = layers.forward(rows([[1.0, 2.0, 3.0, 4.0]]));
        // 0 + 2 + ¼ and −3 + 2 − 1
        assert_close(&y, &[2.25, -2.0], 1e-6);
        assert_close(&layers.one(1, rows([[3.0, 4.0]])), &[-2.0], 1e-6);
    }

    #[test]
    fn one_layer_is_its_part_of_all() {
        let (device, mut seed) = (device(), 0);
        let mut noise = |n| {
            seed += 1;
            uniform(seed, n)
        };
        let mut init = Init::new(&mut noise, &device);
        let layers = FieldLayers::init(5, vec![4, 1, 3], Activation::Relu, &mut init);
        let x = tensor(uniform(9, 2 * 15), [2, 15]);
        let all = layers.forward(x.clone());
        for (field, (start, width)) in [(0, 4), (4, 1), (5, 3)].into_iter().enumerate() {
            let own = layers.one(field, x.clone().narrow(1, 5 * field, 5));
            assert_close(&own, &values(&all.clone().narrow(1, start, width)), 1e-6);
        }
    }
}
