//! Fully connected layers.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use elbo_kernels::{Activation, Precision, dense};

use super::Embedded;
use crate::Init;

/// `activation(x W + b)`.
#[derive(Module, Debug)]
pub struct Dense {
    weight: Param<Tensor<2>>,
    bias: Param<Tensor<1>>,
    #[module(skip)]
    activation: Activation,
    #[module(skip)]
    precision: Precision,
}

impl Dense {
    /// A layer from `inputs` to `outputs` values.
    pub fn init(inputs: usize, outputs: usize, activation: Activation, init: &mut Init) -> Self {
        Self::scaled(inputs, outputs, activation, init, |_| 1.0)
    }

    /// A layer that outputs the parameters of a distribution, so without an activation: its output begins near
    /// `bias`, its weights at `scale` times the default size.
    pub fn output(inputs: usize, bias: Vec<f32>, scale: f32, init: &mut Init) -> Self {
        let outputs = bias.len();
        Self {
            weight: init.scaled([inputs, outputs], inputs, |_| scale),
            bias: init.values(bias, [outputs]),
            activation: Activation::Identity,
            precision: init.precision,
        }
    }

    /// A layer whose weights begin at `scale` of their input times the default size.
    pub(crate) fn scaled(
        inputs: usize,
        outputs: usize,
        activation: Activation,
        init: &mut Init,
        scale: impl Fn(usize) -> f32,
    ) -> Self {
        Self {
            weight: init.scaled([inputs, outputs], inputs, |place| scale(place / outputs)),
            bias: init.fan_in([outputs], inputs),
            activation,
            precision: init.precision,
        }
    }

    /// Where its weights live.
    pub(crate) fn device(&self) -> Device {
        self.bias.val().device()
    }

    /// `width` of its outputs, from `start` on.
    ///
    /// # Shapes
    /// `[batch, inputs]` to `[batch, width]`.
    pub(crate) fn part(&self, x: Tensor<2>, start: usize, width: usize) -> Tensor<2> {
        let weight = self.weight.val().narrow(1, start, width);
        let bias = self.bias.val().narrow(0, start, width);
        dense(x, weight, bias, self.activation, self.precision)
    }

    /// # Shapes
    /// `[batch, inputs]` to `[batch, outputs]`.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let (weight, bias) = (self.weight.val(), self.bias.val());
        dense(x, weight, bias, self.activation, self.precision)
    }
}

/// Dense layers one after the other, each followed by the same activation. The condition is part of every
/// layer's input, so the hidden units need not carry it through.
#[derive(Module, Debug)]
pub struct Mlp {
    layers: Vec<Dense>,
    #[module(skip)]
    width: usize,
}

impl Mlp {
    /// Layers from `inputs` values through each of `widths`, beside a condition of `condition` values; without
    /// widths the identity. The first layer's weights begin at `scale` of their input times the default size.
    pub fn init(
        inputs: usize,
        condition: usize,
        widths: &[usize],
        activation: Activation,
        init: &mut Init,
        scale: impl Fn(usize) -> f32,
    ) -> Self {
        let mut width = inputs;
        let mut layers = Vec::new();
        for &next in widths {
            let first = layers.is_empty();
            let scale = |input| if first { scale(input) } else { 1.0 };
            layers.push(Dense::scaled(width + condition, next, activation, init, scale));
            width = next;
        }
        Self { layers, width }
    }

    /// Width of the output.
    pub fn width(&self) -> usize {
        self.width
    }

    /// # Shapes
    /// `[batch, inputs]` to `[batch, width]`.
    pub fn forward(&self, x: Tensor<2>, y: &Embedded) -> Tensor<2> {
        self.layers.iter().fold(x, |x, layer| layer.forward(y.join(x)))
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
                precision: Precision::F32,
            },
        );
        // ½ + ½ − ½ − ¼ = ¼, and −½ − ¼ < 0
        let y = layer.forward(rows([[1.0, 2.0, 1.0, 9.0], [0.0, 0.0, 1.0, 9.0]]));
        assert_close(&y, &[0.25, 0.0], 1e-6);
    }

    /// A source of exactly these draws, one list for each array of weights.
    fn drawing(draws: Vec<Vec<f32>>) -> impl FnMut(usize) -> Vec<f32> {
        let mut draws = draws.into_iter();
        move |_| draws.next().unwrap()
    }

    #[test]
    fn an_output_layer_begins_near_its_bias() {
        let mut init = Init {
            uniform: &mut drawing(vec![vec![1.0]]),
            device: &device(),
            precision: Precision::F32,
        };
        let layer = Dense::output(1, vec![3.0], 0.25, &mut init);
        assert_close(&layer.forward(rows([[0.0], [8.0]])), &[3.0, 5.0], 1e-6);
    }

    #[test]
    fn every_layer_sees_the_condition() {
        // The first layer is 0, so only the second's weight for y, 1/√2, is left.
        let zeros = || vec![0.5];
        let mut init = Init {
            uniform: &mut drawing(vec![vec![0.5, 0.5], zeros(), vec![0.5, 1.0], zeros()]),
            device: &device(),
            precision: Precision::F32,
        };
        let chain = Mlp::init(1, 1, &[1, 1], Activation::Relu, &mut init, |_| 1.0);
        let y = Embedded {
            all: Some(rows([[2.0]])),
            apart: None,
            levels: None,
        };
        assert_close(&chain.forward(rows([[9.0]]), &y), &[2.0_f64.sqrt()], 1e-6);
    }

    #[test]
    fn the_first_layer_is_scaled_input_by_input() {
        // Weights ½ over fan-in 4, where u = 1.
        let mut init = Init {
            uniform: &mut drawing(vec![vec![1.0; 4], vec![0.5]]),
            device: &device(),
            precision: Precision::F32,
        };
        let scale = |input| if input < 2 { 0.5 } else { 1.0 };
        let chain = Mlp::init(4, 0, &[1], Activation::Identity, &mut init, scale);
        let y = chain.forward(
            rows([[4.0, 0.0, 0.0, 0.0], [0.0, 0.0, 4.0, 0.0]]),
            &Embedded::none(),
        );
        assert_close(&y, &[1.0, 2.0], 1e-6);
    }

    #[test]
    fn a_chain_without_layers_changes_nothing() {
        let mut init = Init {
            uniform: &mut |n| uniform(1, n),
            device: &device(),
            precision: Precision::F32,
        };
        let chain = Mlp::init(3, 0, &[], Activation::Relu, &mut init, |_| 1.0);
        assert_eq!(chain.width(), 3);
        assert_close(
            &chain.forward(rows([[-1.0, 2.0, 3.0]]), &Embedded::none()),
            &[-1.0, 2.0, 3.0],
            0.0,
        );
    }

    #[test]
    fn a_chain_has_the_width_of_its_last_layer() {
        let mut init = Init {
            uniform: &mut |n| uniform(1, n),
            device: &device(),
            precision: Precision::F32,
        };
        let chain = Mlp::init(3, 0, &[5, 2], Activation::Tanh, &mut init, |_| 1.0);
        assert_eq!(chain.width(), 2);
        assert_eq!(
            chain.forward(rows([[0.0; 3]; 4]), &Embedded::none()).dims(),
            [4, 2]
        );
    }
}
