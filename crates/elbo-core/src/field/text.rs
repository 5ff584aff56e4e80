//! Texts: the embedding of a given text, and the likelihood head of a modelled one.
//!
//! A text is a row of tokens, then [`END`](crate::distribution::tokens::END), then padding. A missing text is
//! padding alone.

mod beam;
mod generate;
mod groups;

use burn::module::Module;
use burn::tensor::{Bool, Int, Tensor};
use elbo_kernels::Activation;

use crate::distribution::Tokens;
use crate::distribution::tokens::{inputs, written};
use crate::network::{CausalStack, Dense, SequenceEncoder};
use crate::{Init, TextShape};

pub use groups::TextGroups;
pub(crate) use groups::{Part, Texts};

/// The embedding of a given text: its features through one layer, and whether it is observed.
#[derive(Module, Debug)]
pub struct TextEmbedding {
    features: SequenceEncoder,
    dense: Dense,
    #[module(skip)]
    width: usize,
}

impl TextEmbedding {
    /// An embedding of `width` values and the mask.
    pub fn init(shape: TextShape, width: usize, init: &mut Init) -> Self {
        let features = SequenceEncoder::init(shape, init);
        Self {
            dense: Dense::init(features.width(), width, Activation::Tanh, init),
            features,
            width,
        }
    }

    /// Width of the embedding: its values and the mask.
    pub fn width(&self) -> usize {
        self.width + 1
    }

    /// # Shapes
    /// observed `[batch, 1]` to `[batch, width]`.
    pub(crate) fn embed(&self, texts: Texts<'_>, observed: Tensor<2>) -> Tensor<2> {
        let features = texts.each(|texts| self.features.forward(texts.tokens));
        let values = self.dense.forward(features) * observed.clone();
        Tensor::cat(vec![values, observed], 1)
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
    /// Log-likelihood of the texts, `[batch]`, in nats; 0 for padding alone. Tokens in `withheld` are
    /// predicted like all others but hidden from the predictions after them, so that the latents must carry
    /// more (word dropout).
    ///
    /// # Shapes
    /// tokens, withheld: `[batch, length]`.
    pub fn log_prob(&self, tokens: Tensor<2, Int>, withheld: Option<Tensor<2, Bool>>) -> Tensor<1> {
        let mut context = self.stack.begin(self.hidden.clone());
        let logits = self.stack.forward(inputs(tokens.clone(), withheld), &mut context);
        let mask = written(&tokens);
        Tokens { logits }.log_prob(tokens, mask)
    }

    /// As [`Self::log_prob`].
    pub(crate) fn log_prob_of(&self, texts: Texts<'_>) -> Tensor<1> {
        let log_prob = |part: Part<'_>| {
            let hidden = match part.places {
                Some(places) => self.hidden.clone().select(0, places.clone()),
                None => self.hidden.clone(),
            };
            let p = Self {
                stack: self.stack.clone(),
                hidden,
            };
            p.log_prob(part.tokens, part.withheld).unsqueeze_dim(1)
        };
        texts.each(log_prob).squeeze_dim(1)
    }
}

#[cfg(test)]
mod tests;
