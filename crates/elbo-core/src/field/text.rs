//! Texts: features for the encoder, the embedding of one that is given, and the likelihood head.
//!
//! A text is a row of tokens with [`END`](crate::distribution::tokens::END) behind the last and padding
//! behind that; a missing one is padding alone.

mod beam;
mod count;
mod generate;

use burn::module::Module;
use burn::tensor::{Bool, Int, Tensor};
use elbo_kernels::Activation;
use serde::{Deserialize, Serialize};

use crate::Init;
use crate::distribution::Tokens;
use crate::distribution::tokens::{inputs, written};
use crate::network::{CausalStack, Dense, SequenceEncoder};

/// What the networks of a text field must know.
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

/// A text that is given, as values: its features through one layer, and whether it is there.
#[derive(Module, Debug)]
pub struct TextEmbedding {
    features: SequenceEncoder,
    dense: Dense,
    #[module(skip)]
    width: usize,
}

impl TextEmbedding {
    /// An embedding of `width` values and the bit.
    pub fn init(shape: TextShape, width: usize, init: &mut Init) -> Self {
        let features = SequenceEncoder::init(shape, init);
        Self {
            dense: Dense::init(features.width(), width, Activation::Tanh, init),
            features,
            width,
        }
    }

    /// Width of the embedding: its values and the bit.
    pub fn width(&self) -> usize {
        self.width + 1
    }

    /// # Shapes
    /// tokens `[batch, length]` and given `[batch, 1]` to `[batch, width]`.
    pub fn embed(&self, tokens: Tensor<2, Int>, given: Tensor<2>) -> Tensor<2> {
        let values = self.dense.forward(self.features.forward(tokens)) * given.clone();
        Tensor::cat(vec![values, given], 1)
    }
}

/// Features to p(text | z, y).
#[derive(Module, Debug)]
pub struct TextHead {
    stack: CausalStack,
}

impl TextHead {
    /// The head of a text field, fed by `inputs` hidden units.
    pub fn init(shape: TextShape, inputs: usize, init: &mut Init) -> Self {
        Self {
            stack: CausalStack::init(shape, inputs, init),
        }
    }

    /// # Shapes
    /// `[batch, inputs]` to a distribution over texts.
    pub fn forward(&self, hidden: Tensor<2>) -> TextDistribution {
        TextDistribution {
            stack: self.stack.clone(),
            hidden,
        }
    }
}

/// p(text | z, y) = Π p(token | tokens before it, z, y), [`END`](crate::distribution::tokens::END) included.
#[derive(Clone, Debug)]
pub struct TextDistribution {
    stack: CausalStack,
    /// `[batch, inputs]`.
    hidden: Tensor<2>,
}

impl TextDistribution {
    /// Log-likelihood of the texts, `[batch]`, in nats; 0 for padding alone. Tokens that `withheld` names are
    /// predicted as all others but not shown to those behind them, so that the latents have to tell more.
    ///
    /// # Shapes
    /// tokens, withheld: `[batch, length]`.
    pub fn log_prob(&self, tokens: Tensor<2, Int>, withheld: Option<Tensor<2, Bool>>) -> Tensor<1> {
        let mut context = self.stack.begin(self.hidden.clone());
        let logits = self.stack.forward(inputs(tokens.clone(), withheld), &mut context);
        let mask = written(&tokens);
        Tokens { logits }.log_prob(tokens, mask)
    }
}

#[cfg(test)]
mod tests;
