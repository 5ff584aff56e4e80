//! A field as values that dense layers take: as x for the encoder, as y for encoder, decoder and prior.

use burn::module::Module;
use burn::tensor::Tensor;

use super::category::CategoryEmbedding;
use super::flag::FlagEmbedding;
use super::image::{ImageEmbedding, ImageEncoder};
use super::number::{NumberCode, NumberEmbedding};
use super::text::TextEmbedding;
use crate::network::SequenceEncoder;
use crate::{Field, FieldKind, FieldSpec, Init, NetworkConfig, Value};

/// How one field becomes values. Images and texts that are modelled enter with all their features; given
/// ones, which every layer sees, through a layer of their own.
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
    /// A modelled number.
    Number(NumberEmbedding),
    /// A given number.
    GivenNumber(NumberCode),
}

impl Embedding {
    /// Of a modelled field.
    pub(crate) fn modelled(field: &FieldSpec, network: &NetworkConfig, init: &mut Init) -> Self {
        match &field.kind {
            FieldKind::Image {
                shape,
                likelihood,
                region,
            } => Self::Image(ImageEncoder::init(network, *shape, *likelihood, *region, init)),
            FieldKind::Text(shape) => Self::Text(SequenceEncoder::init(*shape, init)),
            FieldKind::Number { log_widths } => {
                Self::Number(NumberEmbedding::init(log_widths.len(), network.embedding, init))
            }
            FieldKind::Flag { .. } | FieldKind::Category { .. } => Self::given(field, network, init),
        }
    }

    /// Of a given field.
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
            FieldKind::Number { log_widths } => Self::GivenNumber(NumberCode::new(log_widths.len())),
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
            Self::Number(number) => number.width(),
            Self::GivenNumber(number) => number.width(),
        }
    }

    /// What is not given leaves no trace but that it is not given.
    ///
    /// # Shapes
    /// A field of a batch to `[batch, width]`.
    pub fn embed(&self, field: &Field) -> Tensor<2> {
        let given = field.given.clone();
        match (self, &field.value) {
            (Self::Image(image), Value::Image(pixels)) => image.forward(pixels.clone()) * given,
            (Self::GivenImage(image), Value::Image(pixels)) => image.embed(pixels.clone(), given),
            (Self::Text(text), Value::Text { tokens, .. }) => text.forward(tokens.clone()) * given,
            (Self::GivenText(text), Value::Text { tokens, .. }) => text.embed(tokens.clone(), given),
            (Self::Category(category), _) => category.embed(field),
            (Self::Flag(flag), _) => flag.embed(field),
            (Self::Number(number), _) => number.embed(field),
            (Self::GivenNumber(number), _) => number.embed(field),
            _ => unreachable!("the config's kinds decide both the embedding and the values"),
        }
    }
}
