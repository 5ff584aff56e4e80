//! What a model is: its fields, its networks, its prior. Saved with every run.

mod check;
mod count;
mod kind;
mod region;
pub(crate) mod text;

use serde::{Deserialize, Serialize};

pub(crate) use kind::code_steps;
pub use text::TextShape;

use elbo_kernels::{Activation, Precision};

/// Height, width and channels of an image; pixels are laid out in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageShape {
    /// Rows of pixels.
    pub height: usize,
    /// Pixels in a row.
    pub width: usize,
    /// Values in a pixel: 1 (gray), 3 (colour) or 4 (colour and alpha).
    pub channels: usize,
}

impl ImageShape {
    /// Number of values in one image, `height · width · channels`.
    ///
    /// ```
    /// let mnist = elbo_core::ImageShape { height: 28, width: 28, channels: 1 };
    /// assert_eq!(mnist.len(), 784);
    /// ```
    pub fn len(&self) -> usize {
        // A shape may come from a hostile file: its product must not wrap around to something small.
        self.height
            .saturating_mul(self.width)
            .saturating_mul(self.channels)
    }

    /// Whether the image has no values at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// p(x|z,y) of an image, for pixels scaled to [0, 1].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ImageLikelihood {
    /// Each value is 0 or 1; gray values are scored with the cross-entropy.
    Bernoulli,
    /// Normal with one learned variance for the whole image.
    Gaussian,
    /// Normal with a learned variance for each pixel and channel.
    GaussianPerPixel,
    /// Logistic integrated over each of the 256 levels, a learned scale for each channel.
    DiscretizedLogistic,
}

/// Which pixels of an image a field holds: a rectangle, or all pixels outside one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Region {
    /// Every pixel.
    #[default]
    Whole,
    /// The left half.
    Left,
    /// The right half.
    Right,
    /// The upper half.
    Top,
    /// The lower half.
    Bottom,
    /// The upper left quarter.
    TopLeft,
    /// The upper right quarter.
    TopRight,
    /// The lower left quarter.
    BottomLeft,
    /// The lower right quarter.
    BottomRight,
    /// All but the upper left quarter.
    NotTopLeft,
    /// All but the upper right quarter.
    NotTopRight,
    /// All but the lower left quarter.
    NotBottomLeft,
    /// All but the lower right quarter.
    NotBottomRight,
}

/// The kind of a field and what the model must know of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum FieldKind {
    /// An image, or a part of one.
    Image {
        /// Its size.
        shape: ImageShape,
        /// Its likelihood when modelled.
        likelihood: ImageLikelihood,
        /// The pixels that it holds; the whole image by default.
        #[serde(default, skip_serializing_if = "Region::is_whole")]
        region: Region,
    },
    /// A text.
    Text(TextShape),
    /// One of a fixed set of levels; "known to be missing" may be one of them.
    Category {
        /// Number of levels.
        levels: usize,
    },
    /// Yes or no.
    Flag {
        /// Whether "known to be missing" is a third level.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        missing: bool,
    },
    /// A number: its standardised value, and the bin that holds it.
    Number {
        /// Its bins, ascending; none for a number that is only given and has no bins.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        bins: Vec<NumberBin>,
        /// Whether "known to be missing" is one more level.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        missing: bool,
    },
}

/// A bin of a number: a part of its range, or one value of its own.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumberBin {
    /// Its share of the training records. What all bins leave is the share of those without a value.
    pub share: f32,
    /// The mean of its values, standardised.
    pub centre: f32,
    /// Whether it holds one value alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub single: bool,
}

/// The settings of an image field, [`FieldKind::Image`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageSpec {
    /// Size of the whole image.
    pub shape: ImageShape,
    /// Its likelihood if it is modelled.
    pub likelihood: ImageLikelihood,
    /// The pixels that the field holds.
    pub region: Region,
}

/// One field of a record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldSpec {
    /// Its name, as in the data.
    pub name: String,
    /// Its kind.
    #[serde(flatten)]
    pub kind: FieldKind,
}

/// Which family of networks encodes and decodes images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NetworkKind {
    /// Fully connected layers on the flattened image.
    Dense,
    /// Strided convolutions, mirrored by transposed ones in the decoder.
    Conv,
}

/// The usual number of components.
fn components() -> usize {
    8
}

/// The networks' shape. The decoder mirrors the encoder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkConfig {
    /// Dense or convolutional.
    pub kind: NetworkKind,
    /// Widths of the fully connected layers, from the data to the latents.
    pub hidden: Vec<usize>,
    /// Channels after each 4×4 stride-2 convolution (`conv` only).
    pub channels: Vec<usize>,
    /// Residual blocks after each strided convolution (`conv` only).
    pub residual_blocks: usize,
    /// The nonlinearity of every hidden layer.
    pub activation: Activation,
    /// Width of the learned vector of a given category.
    pub embedding: usize,
    /// Width of the layers that make fields with levels autoregressive: each depends on those before it. 0
    /// makes them independent given z and y.
    #[serde(default)]
    pub chain: usize,
    /// Components of the mixture that a number's distribution is.
    #[serde(default = "components")]
    pub components: usize,
    /// Ramps over a number's range as which the networks of other fields see it.
    #[serde(default)]
    pub number_steps: usize,
    /// The precision of matrix products and convolutions; f32 by default.
    #[serde(default)]
    pub precision: Precision,
}

/// p(z|y).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PriorKind {
    /// N(0, I), independent of y.
    Standard,
    /// A diagonal Gaussian whose mean and variance are a network's function of y.
    Learned,
    /// As the others while the model is trained: learned if there is y. Then a mixture of the posteriors of training
    /// records takes its place for records of which nothing is given ([`crate::prior::MixturePrior`]).
    Mixture,
}

/// Everything that determines a model's shape. The example is at the top of the [crate].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// The modelled fields.
    pub x: Vec<FieldSpec>,
    /// The given fields; none for a plain VAE.
    pub y: Vec<FieldSpec>,
    /// Number of latent units.
    pub latent: usize,
    /// The networks.
    pub network: NetworkConfig,
    /// The prior of the latents.
    pub prior: PriorKind,
}

impl NetworkConfig {
    /// Width of an image's features where they meet the fully connected layers: every value of the
    /// image, or of the deepest convolution's output, ⌊height/2ⁿ⌋ · ⌊width/2ⁿ⌋ · channels.
    pub fn features(&self, shape: &ImageShape) -> usize {
        match self.kind {
            NetworkKind::Dense => shape.len(),
            NetworkKind::Conv => {
                let depth = self.channels.len();
                (shape.height >> depth) * (shape.width >> depth) * self.channels.last().copied().unwrap_or(0)
            }
        }
    }

    /// Width of the layer that embeds a given image or text, and of the sum of the vectors of modelled levels: that of
    /// the layer next to the data.
    pub fn given_width(&self) -> usize {
        self.hidden.first().copied().unwrap_or(self.embedding)
    }
}
