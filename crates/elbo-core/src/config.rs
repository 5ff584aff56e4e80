//! What a model is: its fields, its networks, its prior. Saved with every run.

use serde::{Deserialize, Serialize};

use crate::{Activation, CoreError};

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
    pub fn len(&self) -> usize {
        self.height * self.width * self.channels
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
    /// Each value is a coin; gray values are scored with the cross-entropy.
    Bernoulli,
    /// Normal with one learned variance for the whole image.
    Gaussian,
    /// Normal with a learned variance for each pixel and channel.
    GaussianPerPixel,
    /// Logistic integrated over each of the 256 levels, a learned scale for each channel.
    DiscretizedLogistic,
}

/// The kind of a field and what the model must know of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum FieldKind {
    /// A picture.
    Image {
        /// Its size.
        shape: ImageShape,
        /// Its likelihood when modelled.
        likelihood: ImageLikelihood,
    },
    /// One of a fixed set of levels.
    Category {
        /// How many levels there are.
        levels: usize,
    },
    /// Yes or no.
    Flag,
    /// A real number, standardised.
    Number,
}

impl FieldKind {
    /// The kind's name in messages.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Image { .. } => "image",
            Self::Category { .. } => "category",
            Self::Flag => "flag",
            Self::Number => "number",
        }
    }
}

/// One field of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Width of the learned embedding of a category that is given.
    pub embedding: usize,
}

/// p(z|y).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PriorKind {
    /// N(0, I), whatever is given.
    Standard,
    /// A diagonal Gaussian whose mean and variance are a network's function of y.
    Learned,
}

/// Everything that determines a model's shape.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// Widest layer that is built: a config file asking for more is a mistake or an attack.
const MAX_WIDTH: usize = 65_536;
/// Most layers of one kind.
const MAX_LAYERS: usize = 64;
/// Most values in an image.
const MAX_IMAGE: usize = 1 << 24;
/// Most weights of a model: 4 GiB of f32, before the optimiser's two moments.
const MAX_WEIGHTS: u128 = 1 << 30;

impl ModelConfig {
    /// Checks every setting, so that building the model cannot fail.
    ///
    /// # Errors
    /// The first setting that no model can be built from.
    pub fn check(&self) -> Result<(), CoreError> {
        check_width("latent", self.latent)?;
        self.network.check()?;
        if self.x.is_empty() {
            return Err(CoreError::setting("x", "[]", "a model needs a field to model"));
        }
        for field in &self.x {
            let FieldKind::Image { shape, .. } = field.kind else {
                return Err(role_error(field, "modelled yet: only images can"));
            };
            self.network.check_image(&shape)?;
        }
        for field in &self.y {
            match field.kind {
                FieldKind::Image { .. } => return Err(role_error(field, "given yet")),
                FieldKind::Category { levels: 0 } => {
                    return Err(CoreError::setting(
                        &field.name,
                        "no levels",
                        "a category needs a level",
                    ));
                }
                _ => {}
            }
        }
        if self.prior == PriorKind::Learned && self.y.is_empty() {
            return Err(CoreError::setting(
                "prior",
                "learned",
                "it is learned from what is given, and nothing is given",
            ));
        }
        if self.weights() > MAX_WEIGHTS {
            return Err(CoreError::setting(
                "network.hidden",
                &self.network.hidden,
                format!(
                    "the model would have {} million weights, at most {} million are built",
                    self.weights() / 1_000_000,
                    MAX_WEIGHTS / 1_000_000
                ),
            ));
        }
        Ok(())
    }

    /// An upper bound of the number of weights, for the size limit alone.
    fn weights(&self) -> u128 {
        let widest = self.network.hidden.iter().copied().max().unwrap_or(self.latent) as u128;
        let data: u128 = self
            .x
            .iter()
            .map(|field| match field.kind {
                FieldKind::Image { shape, .. } => self.network.features(&shape) as u128,
                _ => 1,
            })
            .sum();
        let levels: u128 = self
            .y
            .iter()
            .map(|field| match field.kind {
                FieldKind::Category { levels } => (levels as u128 + 1) * self.network.embedding as u128,
                _ => 2,
            })
            .sum();
        let channels: u128 = self
            .network
            .channels
            .windows(2)
            .map(|c| (c[0] * c[1]) as u128 * (32 + 36 * self.network.residual_blocks as u128))
            .sum();
        2 * data * widest + 2 * self.network.hidden.len() as u128 * widest * widest + levels + channels
    }
}

impl NetworkConfig {
    fn check(&self) -> Result<(), CoreError> {
        check_widths("network.hidden", &self.hidden)?;
        check_widths("network.channels", &self.channels)?;
        check_width("network.embedding", self.embedding)?;
        if self.residual_blocks > MAX_LAYERS {
            return Err(CoreError::setting(
                "network.residual_blocks",
                self.residual_blocks,
                format!("at most {MAX_LAYERS}"),
            ));
        }
        if self.kind == NetworkKind::Conv && self.channels.is_empty() {
            return Err(CoreError::setting(
                "network.channels",
                "[]",
                "a convolutional network needs a layer",
            ));
        }
        Ok(())
    }

    fn check_image(&self, shape: &ImageShape) -> Result<(), CoreError> {
        if shape.is_empty() || shape.len() > MAX_IMAGE || !matches!(shape.channels, 1 | 3 | 4) {
            return Err(CoreError::setting(
                "image",
                shape,
                format!("images have 1, 3 or 4 channels and at most {MAX_IMAGE} values"),
            ));
        }
        if self.kind == NetworkKind::Conv && shape.height.min(shape.width) >> self.channels.len() == 0 {
            return Err(CoreError::setting(
                "network.channels",
                &self.channels,
                format!(
                    "{} strided layers need images of at least {} pixels, these are {}×{}",
                    self.channels.len(),
                    1usize << self.channels.len().min(63),
                    shape.width,
                    shape.height
                ),
            ));
        }
        Ok(())
    }

    /// Width of an image's features where they meet the fully connected layers.
    pub fn features(&self, shape: &ImageShape) -> usize {
        match self.kind {
            NetworkKind::Dense => shape.len(),
            NetworkKind::Conv => {
                let depth = self.channels.len();
                (shape.height >> depth) * (shape.width >> depth) * self.channels.last().copied().unwrap_or(0)
            }
        }
    }
}

fn check_width(name: &str, width: usize) -> Result<(), CoreError> {
    if width == 0 || width > MAX_WIDTH {
        return Err(CoreError::setting(
            name,
            width,
            format!("it must be between 1 and {MAX_WIDTH}"),
        ));
    }
    Ok(())
}

fn check_widths(name: &str, widths: &[usize]) -> Result<(), CoreError> {
    if widths.len() > MAX_LAYERS {
        return Err(CoreError::setting(
            name,
            widths.len(),
            format!("at most {MAX_LAYERS} layers"),
        ));
    }
    widths.iter().try_for_each(|width| check_width(name, *width))
}

fn role_error(field: &FieldSpec, role: &'static str) -> CoreError {
    CoreError::Role {
        field: field.name.clone(),
        kind: field.kind.name(),
        role,
    }
}
