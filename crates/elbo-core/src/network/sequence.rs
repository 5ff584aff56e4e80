//! Sequences of tokens: their embedding, convolutions along them, and features of a whole sequence.
//!
//! Between layers a sequence is an image of one row, `[batch, 1, length, channels]`.

use burn::module::{Module, Param};
use burn::tensor::{Int, Tensor};
use elbo_kernels::Activation;

use super::conv::Conv;
use crate::config::text::KERNEL;
use crate::distribution::tokens::written;
use crate::{Init, TextShape};

/// Below any feature.
const LOWEST: f32 = -1e9;

/// A learned vector for each token.
#[derive(Module, Debug)]
pub(crate) struct TokenEmbedding {
    /// `[vocabulary, channels]`.
    table: Param<Tensor<2>>,
}

impl TokenEmbedding {
    /// A table that begins with entries in ±1.
    pub(crate) fn init(vocabulary: usize, channels: usize, init: &mut Init) -> Self {
        Self {
            table: init.fan_in([vocabulary, channels], 1),
        }
    }

    /// # Shapes
    /// `[batch, length]` to `[batch, 1, length, channels]`.
    pub(crate) fn forward(&self, tokens: Tensor<2, Int>) -> Tensor<4> {
        let (table, [batch, length]) = (self.table.val(), tokens.dims());
        let [_, channels] = table.dims();
        table
            .select(0, tokens.reshape([batch * length]))
            .reshape([batch, 1, length, channels])
    }
}

/// Tokens to features: residual convolutions, then means and a maximum over the positions of the text.
#[derive(Module, Debug)]
pub struct SequenceEncoder {
    embedding: TokenEmbedding,
    layers: Vec<Conv>,
    #[module(skip)]
    channels: usize,
}

impl SequenceEncoder {
    /// The encoder of a text field.
    pub fn init(shape: TextShape, init: &mut Init) -> Self {
        let channels = shape.channels;
        let embedding = TokenEmbedding::init(shape.vocabulary, channels, init);
        let layer = |_| Conv::along(channels, KERNEL, KERNEL / 2, Activation::Relu, init);
        Self {
            embedding,
            layers: (0..shape.layers).map(layer).collect(),
            channels,
        }
    }

    /// Width of the features.
    pub fn width(&self) -> usize {
        3 * self.channels
    }

    /// Padding changes nothing; the features of an empty row are zero.
    ///
    /// # Shapes
    /// `[batch, length]` to `[batch, width]`.
    pub fn forward(&self, tokens: Tensor<2, Int>) -> Tensor<2> {
        let [batch, length] = tokens.dims();
        let mask = written(&tokens);
        let places = mask.clone().reshape([batch, 1, length, 1]);
        let x = self.embedding.forward(tokens) * places.clone();
        // A layer's output at the padding must not reach the text through the next layer.
        let x = self
            .layers
            .iter()
            .fold(x, |x, layer| (x.clone() + layer.forward(x)) * places.clone());
        pool(x, mask)
    }
}

/// Two means that give more weight to the text's beginning and to its end, so that order matters, and the
/// maximum: `[batch, 1, length, channels]` and a mask `[batch, length]` to `[batch, 3 · channels]`.
fn pool(x: Tensor<4>, mask: Tensor<2>) -> Tensor<2> {
    let [batch, _, length, channels] = x.dims();
    let device = x.device();
    let count = mask.clone().sum_dim(1);
    let share = mask.clone() / count.clone().clamp_min(1.0);
    let place = Tensor::<1, Int>::arange(0..length as i64, &device).float() + 0.5;
    let late = place.reshape([1, length]) * share.clone() * share.clone();
    let weights = Tensor::stack::<3>(vec![share - late.clone(), late], 1);
    let x = x.reshape([batch, length, channels]);
    let means = weights.matmul(x.clone()).reshape([batch, 2 * channels]);
    let outside = (mask.reshape([batch, length, 1]) - 1.0) * -LOWEST;
    let max = (x + outside).max_dim(1).reshape([batch, channels]);
    Tensor::cat(vec![means, max * count.clamp_max(1.0)], 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_close, device, rows, tensor, uniform, values};
    use burn::tensor::TensorData;

    fn encoder() -> SequenceEncoder {
        let (device, mut draws) = (device(), 0);
        let mut noise = |n| {
            draws += 1;
            uniform(draws, n)
        };
        let shape = TextShape {
            vocabulary: 9,
            channels: 6,
            layers: 2,
        };
        SequenceEncoder::init(shape, &mut Init::new(&mut noise, &device))
    }

    fn encode(tokens: &[i32]) -> Vec<f64> {
        let tokens = TensorData::new(tokens.to_vec(), [1, tokens.len()]);
        values(&encoder().forward(Tensor::from_data(tokens, &device())))
    }

    #[test]
    fn pooling_by_hand() {
        // Two positions of three: their middles at ¼ and ¾ of the text.
        let x = tensor([4.0, -8.0, 8.0, -16.0, 99.0, 99.0], [1, 1, 3, 2]);
        let pooled = pool(x, rows([[1.0, 1.0, 0.0]]));
        // (¾ 4 + ¼ 8)/2 and twice as much; (¼ 4 + ¾ 8)/2 and twice as much; the maxima
        assert_close(&pooled, &[2.5, -5.0, 3.5, -7.0, 8.0, -8.0], 1e-6);
    }

    #[test]
    fn padding_never_matters() {
        let short = encode(&[5, 6, 7, 2]);
        let padded = encode(&[5, 6, 7, 2, 0, 0, 0, 0, 0]);
        for (short, padded) in short.iter().zip(&padded) {
            assert!((short - padded).abs() < 1e-6, "{short} {padded}");
        }
    }

    #[test]
    fn the_order_matters() {
        // The same neighbours on both sides, and in the middle the far ends exchanged.
        let (one, other) = (
            encode(&[5, 6, 7, 8, 7, 6, 5, 4, 3, 4, 5, 2]),
            encode(&[5, 4, 3, 4, 5, 6, 7, 8, 7, 6, 5, 2]),
        );
        assert!(one.iter().zip(&other).any(|(a, b)| (a - b).abs() > 1e-3));
    }

    #[test]
    fn no_text_has_no_features() {
        assert!(encode(&[0, 0, 0]).iter().all(|feature| *feature == 0.0));
    }
}
