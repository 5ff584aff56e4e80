//! The networks of a text field: their shape, and their number of weights, computed before anything is
//! allocated.

use serde::{Deserialize, Serialize};

use crate::distribution::tokens::NEVER_WRITTEN;

/// Kernel size of a text's convolutions. In the same time, four layers of size 3 learn names better than three
/// of size 5 (2.00 against 2.04 nats a character after 15 s).
pub(crate) const KERNEL: usize = 3;

/// The shape of a text field's networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextShape {
    /// Number of tokens, special ones included.
    pub vocabulary: usize,
    /// Width of every layer.
    pub channels: usize,
    /// Convolutions of the encoder, and of the decoder.
    pub layers: usize,
}

impl TextShape {
    /// Width of the encoder's features.
    pub fn features(&self) -> usize {
        self.channels.saturating_mul(3)
    }

    /// Weights of the encoder. Wide integers: a hostile config may ask for more than 64 bits can count.
    pub fn encoder_weights(&self) -> u128 {
        let [vocabulary, channels, layers] = self.wide();
        vocabulary * channels + layers * self.convolution()
    }

    /// Weights of an embedding of `width` values and a mask.
    pub fn embedding_weights(&self, width: usize) -> u128 {
        self.encoder_weights() + (self.features() as u128 + 1) * width as u128
    }

    /// Weights of the head, fed by `inputs` hidden units.
    pub fn head_weights(&self, inputs: u128) -> u128 {
        let [vocabulary, channels, layers] = self.wide();
        let back = (channels + 1) * channels;
        let shifts = (inputs + 1) * (layers + 1) * channels;
        let output = (channels + 1) * vocabulary.saturating_sub(NEVER_WRITTEN as u128);
        vocabulary * channels + layers * (self.convolution() + back) + shifts + output
    }

    fn convolution(&self) -> u128 {
        let [_, channels, _] = self.wide();
        (KERNEL as u128 * channels + 1) * channels
    }

    fn wide(&self) -> [u128; 3] {
        [self.vocabulary, self.channels, self.layers].map(|n| n as u128)
    }
}

#[cfg(test)]
mod tests {
    use burn::module::Module;

    use super::*;
    use crate::Init;
    use crate::field::text::{TextEmbedding, TextHead};
    use crate::network::SequenceEncoder;
    use crate::testing::{device, uniform};

    #[test]
    fn the_count_is_the_number_of_weights_that_are_built() {
        let shape = TextShape {
            vocabulary: 11,
            channels: 6,
            layers: 3,
        };
        let (device, mut noise) = (device(), |n| uniform(1, n));
        let mut init = Init::new(&mut noise, &device);
        let encoder = SequenceEncoder::init(shape, &mut init);
        assert_eq!(encoder.width(), shape.features());
        assert_eq!(encoder.num_params() as u128, shape.encoder_weights());
        let embedding = TextEmbedding::init(shape, 5, &mut init);
        assert_eq!(embedding.num_params() as u128, shape.embedding_weights(5));
        let head = TextHead::init(shape, 7, &mut init);
        assert_eq!(head.num_params() as u128, shape.head_weights(7));
    }
}
