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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_close, device, rows, uniform};

    #[test]
    fn a_layer_is_an_affine_map_and_its_activation() {
        // Over fan-in 4, u becomes u − ½: the weights are ½, ¼, −½, 0 in one column, the bias −¼.
        let mut draws = vec![vec![1.0, 0.75, 0.0, 0.5], vec![0.25]].into_iter();
        let mut uniform = |_| draws.next().unwrap();
        let layer = Dense::init(
            4,
            1,
            Activation::Relu,
            &mut Init {
                uniform: &mut uniform,
                device: &device(),
            },
        );
        // ½ + ½ − ½ − ¼ = ¼, and −½ − ¼ < 0
        let y = layer.forward(rows([[1.0, 2.0, 1.0, 9.0], [0.0, 0.0, 1.0, 9.0]]));
        assert_close(&y, &[0.25, 0.0], 1e-6);
    }

    #[test]
    fn a_chain_without_layers_changes_nothing() {
        let mut init = Init {
            uniform: &mut |n| uniform(1, n),
            device: &device(),
        };
        let chain = Mlp::init(3, &[], Activation::Relu, &mut init);
        assert_eq!(chain.width(), 3);
        assert_close(&chain.forward(rows([[-1.0, 2.0, 3.0]])), &[-1.0, 2.0, 3.0], 0.0);
    }

    #[test]
    fn a_chain_has_the_width_of_its_last_layer() {
        let mut init = Init {
            uniform: &mut |n| uniform(1, n),
            device: &device(),
        };
        let chain = Mlp::init(3, &[5, 2], Activation::Tanh, &mut init);
        assert_eq!(chain.width(), 2);
        assert_eq!(chain.forward(rows([[0.0; 3]; 4])).dims(), [4, 2]);
    }
}
