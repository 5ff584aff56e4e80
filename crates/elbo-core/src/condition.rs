//! The condition y: embedded once, then joined to the encoder's, the decoder's and the prior's input.

use burn::module::Module;
use burn::tensor::Tensor;

use crate::field::category::CategoryEmbedding;
use crate::field::scalar::ScalarEmbedding;
use crate::fields::repeat_each;
use crate::{FieldKind, FieldSpec, Fields, Init};

/// The embedding of each given field.
#[derive(Module, Debug)]
pub struct Condition {
    embeddings: Vec<Embedding>,
}

#[derive(Module, Debug)]
enum Embedding {
    Category(CategoryEmbedding),
    Scalar(ScalarEmbedding),
}

/// y as the networks see it: all embeddings side by side, or nothing at all for a plain VAE.
#[derive(Clone, Debug)]
pub struct Embedded(Option<Tensor<2>>);

impl Condition {
    /// An embedding for each given field; categories get `width` values.
    pub fn init(y: &[FieldSpec], width: usize, init: &mut Init) -> Self {
        let embedding = |field: &FieldSpec| match field.kind {
            FieldKind::Category { levels } => {
                Embedding::Category(CategoryEmbedding::init(levels, width, init))
            }
            FieldKind::Flag | FieldKind::Number => Embedding::Scalar(ScalarEmbedding::default()),
            FieldKind::Image { .. } => unreachable!("refused by ModelConfig::check"),
        };
        Self {
            embeddings: y.iter().map(embedding).collect(),
        }
    }

    /// Width of the embedded condition; 0 for a plain VAE.
    pub fn width(&self) -> usize {
        self.embeddings.iter().map(Embedding::width).sum()
    }

    /// # Shapes
    /// Fields of a batch, in the config's order, to `[batch, width]`.
    pub fn embed(&self, y: &Fields) -> Embedded {
        let parts: Vec<_> = self
            .embeddings
            .iter()
            .zip(&y.0)
            .map(|(embedding, field)| match embedding {
                Embedding::Category(category) => category.embed(field),
                Embedding::Scalar(scalar) => scalar.embed(field),
            })
            .collect();
        Embedded((!parts.is_empty()).then(|| Tensor::cat(parts, 1)))
    }
}

impl Embedding {
    fn width(&self) -> usize {
        match self {
            Self::Category(category) => category.width(),
            Self::Scalar(scalar) => scalar.width(),
        }
    }
}

impl Embedded {
    /// The condition beside `h`: `[batch, d]` to `[batch, d + width]`.
    pub fn join(&self, h: Tensor<2>) -> Tensor<2> {
        match &self.0 {
            Some(y) => Tensor::cat(vec![h, y.clone()], 1),
            None => h,
        }
    }

    /// The condition alone, where there is one.
    pub fn tensor(&self) -> Option<Tensor<2>> {
        self.0.clone()
    }

    /// Each record's condition `times` times in a row.
    pub fn repeat_each(&self, times: usize) -> Self {
        Self(self.0.clone().map(|y| repeat_each(y, times)))
    }
}
