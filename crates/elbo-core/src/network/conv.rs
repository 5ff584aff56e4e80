//! Convolutional image networks: 4×4 stride-2 layers that halve the image, and their mirror.
//!
//! Images are `[batch, height, width, channels]` between layers, flat at both ends.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use elbo_kernels::{Activation, ConvGeometry, Precision, conv_transpose2d, conv2d};

use crate::{ImageShape, Init, NetworkConfig};

/// Side of the strided layers' kernels: with stride 2 and padding 1, size n becomes ⌊n/2⌋.
const STRIDED_KERNEL: usize = 4;

/// A convolution with its bias and activation, plain or transposed.
#[derive(Module, Debug)]
pub(crate) struct Conv {
    weight: Param<Tensor<4>>,
    bias: Param<Tensor<1>>,
    #[module(skip)]
    geometry: ConvGeometry,
    #[module(skip)]
    activation: Activation,
    #[module(skip)]
    precision: Precision,
}

impl Conv {
    fn halving(inputs: usize, outputs: usize, activation: Activation, init: &mut Init) -> Self {
        let fan_in = STRIDED_KERNEL * STRIDED_KERNEL * inputs;
        Self {
            weight: init.fan_in([STRIDED_KERNEL, STRIDED_KERNEL, inputs, outputs], fan_in),
            bias: init.fan_in([outputs], fan_in),
            geometry: ConvGeometry {
                stride: [2, 2],
                padding: [1, 1],
                output_padding: [0, 0],
            },
            activation,
            precision: init.precision,
        }
    }

    /// `odd`: 1 for each side along which the doubled image has one more row or column.
    fn doubling(
        inputs: usize,
        outputs: usize,
        odd: [usize; 2],
        activation: Activation,
        init: &mut Init,
    ) -> Self {
        // Every output pixel is reached by a quarter of the kernel.
        let fan_in = STRIDED_KERNEL * STRIDED_KERNEL * inputs / 4;
        Self {
            weight: init.fan_in([STRIDED_KERNEL, STRIDED_KERNEL, outputs, inputs], fan_in),
            bias: init.fan_in([outputs], fan_in),
            geometry: ConvGeometry {
                stride: [2, 2],
                padding: [1, 1],
                output_padding: odd,
            },
            activation,
            precision: init.precision,
        }
    }

    fn keeping(channels: usize, activation: Activation, init: &mut Init) -> Self {
        Self {
            weight: init.fan_in([3, 3, channels, channels], 9 * channels),
            bias: init.fan_in([channels], 9 * channels),
            geometry: ConvGeometry {
                stride: [1, 1],
                padding: [1, 1],
                output_padding: [0, 0],
            },
            activation,
            precision: init.precision,
        }
    }

    /// Along images of one row, each of its `kernel` weights a square matrix over the channels, with `padding`
    /// zeros at both ends.
    pub(crate) fn along(
        channels: usize,
        kernel: usize,
        padding: usize,
        activation: Activation,
        init: &mut Init,
    ) -> Self {
        let fan_in = kernel * channels;
        Self {
            weight: init.fan_in([1, kernel, channels, channels], fan_in),
            bias: init.fan_in([channels], fan_in),
            geometry: ConvGeometry {
                stride: [1, 1],
                padding: [0, padding],
                output_padding: [0, 0],
            },
            activation,
            precision: init.precision,
        }
    }

    /// # Shapes
    /// `[batch, height, width, inputs]` to `[batch, height, width, outputs]` of the geometry's size.
    pub(crate) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        conv2d(
            x,
            self.weight.val(),
            self.bias.val(),
            self.geometry,
            self.activation,
            self.precision,
        )
    }

    fn transposed(&self, x: Tensor<4>) -> Tensor<4> {
        conv_transpose2d(
            x,
            self.weight.val(),
            self.bias.val(),
            self.geometry,
            self.activation,
            self.precision,
        )
    }
}

/// x + conv(activation(conv(x))) (He et al. 2016, with the activation inside the branch only).
#[derive(Module, Debug)]
struct Residual {
    first: Conv,
    second: Conv,
}

impl Residual {
    fn stack(blocks: usize, channels: usize, activation: Activation, init: &mut Init) -> Vec<Self> {
        (0..blocks)
            .map(|_| Self {
                first: Conv::keeping(channels, activation, init),
                second: Conv::keeping(channels, Activation::Identity, init),
            })
            .collect()
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        x.clone() + self.second.forward(self.first.forward(x))
    }
}

/// One resolution of the encoder or the decoder.
#[derive(Module, Debug)]
struct Stage {
    conv: Conv,
    residual: Vec<Residual>,
}

/// An image to features: each stage halves the image.
#[derive(Module, Debug)]
pub struct ConvEncoder {
    stages: Vec<Stage>,
    #[module(skip)]
    shape: ImageShape,
}

impl ConvEncoder {
    /// The stages that `config.channels` asks for, on images of `shape`.
    pub fn init(config: &NetworkConfig, shape: ImageShape, init: &mut Init) -> Self {
        let mut inputs = shape.channels;
        let stages = config.channels.iter().map(|&outputs| {
            let conv = Conv::halving(
                std::mem::replace(&mut inputs, outputs),
                outputs,
                config.activation,
                init,
            );
            Stage {
                conv,
                residual: Residual::stack(config.residual_blocks, outputs, config.activation, init),
            }
        });
        Self {
            stages: stages.collect(),
            shape,
        }
    }

    /// # Shapes
    /// `[batch, height · width · channels]` to `[batch, features]`.
    pub fn forward(&self, pixels: Tensor<2>) -> Tensor<2> {
        let [batch, _] = pixels.dims();
        let ImageShape {
            height,
            width,
            channels,
        } = self.shape;
        let image = pixels.reshape([batch, height, width, channels]);
        let features = self.stages.iter().fold(image, |h, stage| {
            stage
                .residual
                .iter()
                .fold(stage.conv.forward(h), |h, block| block.forward(h))
        });
        features.flatten(1, 3)
    }
}

/// Features to an image: the encoder's mirror, each stage doubles the image.
#[derive(Module, Debug)]
pub struct ConvDecoder {
    stages: Vec<Stage>,
    #[module(skip)]
    seed: ImageShape,
}

impl ConvDecoder {
    /// The mirror of [`ConvEncoder::init`] for the same config and shape.
    pub fn init(config: &NetworkConfig, shape: ImageShape, init: &mut Init) -> Self {
        let depth = config.channels.len();
        let deepest = config.channels.last().copied().unwrap_or(shape.channels);
        let stages = (0..depth).rev().map(|level| {
            let inputs = config.channels[level];
            // The residual blocks come before the doubling: the mirror of the encoder's order.
            let residual = Residual::stack(config.residual_blocks, inputs, config.activation, init);
            let odd = [(shape.height >> level) & 1, (shape.width >> level) & 1];
            let conv = match level {
                0 => Conv::doubling(inputs, shape.channels, odd, Activation::Identity, init),
                _ => Conv::doubling(inputs, config.channels[level - 1], odd, config.activation, init),
            };
            Stage { conv, residual }
        });
        let stages = stages.collect();
        Self {
            stages,
            seed: ImageShape {
                height: shape.height >> depth,
                width: shape.width >> depth,
                channels: deepest,
            },
        }
    }

    /// # Shapes
    /// `[batch, features]` to `[batch, height · width · channels]`.
    pub fn forward(&self, features: Tensor<2>) -> Tensor<2> {
        let [batch, _] = features.dims();
        let ImageShape {
            height,
            width,
            channels,
        } = self.seed;
        let seed = features.reshape([batch, height, width, channels]);
        let image = self.stages.iter().fold(seed, |h, stage| {
            stage
                .conv
                .transposed(stage.residual.iter().fold(h, |h, block| block.forward(h)))
        });
        image.flatten(1, 3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NetworkKind;
    use crate::testing::{assert_close, device, tensor, uniform, values};

    fn config(channels: &[usize], residual_blocks: usize) -> NetworkConfig {
        NetworkConfig {
            kind: NetworkKind::Conv,
            hidden: vec![],
            channels: channels.to_vec(),
            residual_blocks,
            activation: Activation::Relu,
            embedding: 1,
            chain: 0,
            components: 8,
            number_steps: 0,
            precision: Precision::F32,
        }
    }

    #[test]
    fn the_decoder_mirrors_the_encoder_at_any_size() {
        let mut init = Init {
            uniform: &mut |n| uniform(1, n),
            device: &device(),
            precision: Precision::F32,
        };
        let config = config(&[2, 3, 4], 1);
        for (height, width, channels) in [
            (16, 16, 1),
            (17, 23, 3),
            (40, 19, 4),
            (31, 32, 1),
            (8, 39, 3),
            (15, 9, 3),
        ] {
            let shape = ImageShape {
                height,
                width,
                channels,
            };
            let pixels = tensor(uniform(2, 2 * shape.len()), [2, shape.len()]);
            let features = ConvEncoder::init(&config, shape, &mut init).forward(pixels);
            assert_eq!(features.dims(), [2, (height / 8) * (width / 8) * 4], "{shape:?}");
            assert_eq!(config.features(&shape), features.dims()[1], "{shape:?}");
            let image = ConvDecoder::init(&config, shape, &mut init).forward(features);
            assert_eq!(image.dims(), [2, shape.len()], "{shape:?}");
            assert!(values(&image).iter().all(|value| value.is_finite()));
        }
    }

    #[test]
    fn residual_blocks_of_zero_weights_change_nothing() {
        let mut zeros = Init {
            uniform: &mut |n| vec![0.5; n],
            device: &device(),
            precision: Precision::F32,
        };
        let block = Residual::stack(1, 2, Activation::Relu, &mut zeros).remove(0);
        let x = tensor(uniform(1, 3 * 4 * 2), [1, 3, 4, 2]);
        assert_close(&block.forward(x.clone()), &values(&x), 0.0);
    }

    #[test]
    fn a_halving_convolution_sums_its_window() {
        // Over fan-in 16, u = 1 becomes ¼ and u = ½ becomes 0: the kernel is all ¼, the bias 0.
        let mut draws = vec![vec![1.0; 16], vec![0.5]].into_iter();
        let mut uniform = |_| draws.next().unwrap();
        let conv = Conv::halving(
            1,
            1,
            Activation::Identity,
            &mut Init {
                uniform: &mut uniform,
                device: &device(),
                precision: Precision::F32,
            },
        );
        // Ones: a window at a corner covers 3·3 of them, at an edge 3·4, in the middle 4·4.
        let y = conv.forward(tensor([1.0; 36], [1, 6, 6, 1]));
        assert_eq!(y.dims(), [1, 3, 3, 1]);
        assert_close(&y, &[2.25, 3.0, 2.25, 3.0, 4.0, 3.0, 2.25, 3.0, 2.25], 1e-6);
    }

    #[test]
    fn a_doubling_convolution_spreads_each_pixel_over_its_window() {
        // Over fan-in 16/4, u = 1 becomes ½.
        let mut draws = vec![vec![1.0; 16], vec![0.5]].into_iter();
        let mut uniform = |_| draws.next().unwrap();
        let mut init = Init {
            uniform: &mut uniform,
            device: &device(),
            precision: Precision::F32,
        };
        let conv = Conv::doubling(1, 1, [0, 1], Activation::Identity, &mut init);
        // One pixel becomes 2 rows and 2 + 1 columns, all within its 4×4 window: ½ everywhere.
        let y = conv.transposed(tensor([1.0], [1, 1, 1, 1]));
        assert_eq!(y.dims(), [1, 2, 3, 1]);
        assert_close(&y, &[0.5; 6], 1e-6);
    }
}
