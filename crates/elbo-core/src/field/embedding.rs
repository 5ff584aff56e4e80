//! Embeddings: each field as a vector, as x for the encoder, as y for encoder, decoder and prior.

use burn::module::Module;
use burn::tensor::Tensor;

use super::category::CategoryEmbedding;
use super::flag::FlagEmbedding;
use super::image::{ImageEmbedding, ImageEncoder};
use super::number::NumberCode;
use super::text::TextEmbedding;
use crate::network::SequenceEncoder;
use crate::{Field, FieldKind, FieldSpec, Init, NetworkConfig};

/// The embedding of one field. A modelled image or text is embedded by all its features. A given one is an
/// input of every layer, so a layer of its own reduces its features first.
#[derive(Module, Debug)]
pub enum Embedding {
    /// A modelled image.
    Image(ImageEncoder),
    /// A given image.
    GivenImage(ImageEmbedding),
    /// A modelled text.
    Text(SequenceEncoder),
    /// A given text.
    GivenText(TextEmbedding),
    /// A category.
    Category(CategoryEmbedding),
    /// A flag.
    Flag(FlagEmbedding),
    /// A given number.
    GivenNumber(NumberCode),
}

impl Embedding {
    /// The embedding of a modelled image or text; none of a field with levels.
    pub(crate) fn modelled(field: &FieldSpec, network: &NetworkConfig, init: &mut Init) -> Option<Self> {
        match &field.kind {
            FieldKind::Image {
                shape,
                likelihood,
                region,
            } => Some(Self::Image(ImageEncoder::init(
                network,
                *shape,
                *likelihood,
                *region,
                init,
            ))),
            FieldKind::Text(shape) => Some(Self::Text(SequenceEncoder::init(*shape, init))),
            FieldKind::Number { .. } | FieldKind::Flag { .. } | FieldKind::Category { .. } => None,
        }
    }

    /// The embedding of a given field.
    pub(crate) fn given(field: &FieldSpec, network: &NetworkConfig, init: &mut Init) -> Self {
        match &field.kind {
            FieldKind::Image {
                shape,
                likelihood,
                region,
            } => Self::GivenImage(ImageEmbedding::init(network, *shape, *likelihood, *region, init)),
            FieldKind::Text(shape) => {
                Self::GivenText(TextEmbedding::init(*shape, network.given_width(), init))
            }
            FieldKind::Flag { missing } => Self::Flag(FlagEmbedding::new(*missing)),
            kind @ FieldKind::Number { .. } => Self::GivenNumber(NumberCode::new(kind.levels())),
            FieldKind::Category { levels } => {
                Self::Category(CategoryEmbedding::init(*levels, network.embedding, init))
            }
        }
    }

    /// Number of values.
    pub fn width(&self) -> usize {
        match self {
            Self::Image(image) => image.width(),
            Self::GivenImage(image) => image.width(),
            Self::Text(text) => text.width(),
            Self::GivenText(text) => text.width(),
            Self::Category(category) => category.width(),
            Self::Flag(flag) => flag.width(),
            Self::GivenNumber(number) => number.width(),
        }
    }

    /// The embedding does not depend on values that are not observed.
    ///
    /// # Shapes
    /// A field of a batch to `[batch, width]`.
    pub fn embed(&self, field: &Field) -> Tensor<2> {
        let observed = field.observed.clone();
        match self {
            Self::Image(image) => image.forward(field.value.pixels()) * observed,
            Self::GivenImage(image) => image.embed(field.value.pixels(), observed),
            Self::Text(text) => field.value.text().each(|texts| text.forward(texts.tokens)) * observed,
            Self::GivenText(text) => text.embed(field.value.text(), observed),
            Self::Category(category) => category.embed(field),
            Self::Flag(flag) => flag.embed(field),
            Self::GivenNumber(number) => number.embed(field),
        }
    }
}
