//! Images as x: features for the encoder, and the likelihood heads.

use burn::module::{Module, Param};
use burn::tensor::Tensor;

use crate::distribution::{Bernoulli, DiagonalGaussian, DiscretizedLogistic};
use crate::network::{ConvDecoder, ConvEncoder, Dense};
use crate::{Activation, ImageLikelihood, ImageShape, Init, NetworkConfig, NetworkKind};

/// Pixels to features.
#[derive(Module, Debug)]
pub struct ImageEncoder {
    /// None for a dense network, whose features are the pixels.
    conv: Option<ConvEncoder>,
    /// Gray or two-valued pixels enter as they are, as in the published protocols; others in ±1.
    #[module(skip)]
    centred: bool,
}

impl ImageEncoder {
    /// The encoder of an image field.
    pub fn init(
        config: &NetworkConfig,
        shape: ImageShape,
        likelihood: ImageLikelihood,
        init: &mut Init,
    ) -> Self {
        let conv = (config.kind == NetworkKind::Conv).then(|| ConvEncoder::init(config, shape, init));
        Self {
            conv,
            centred: likelihood != ImageLikelihood::Bernoulli,
        }
    }

    /// # Shapes
    /// `[batch, height · width · channels]` in [0, 1] to `[batch, features]`.
    pub fn forward(&self, pixels: Tensor<2>) -> Tensor<2> {
        let pixels = if self.centred { pixels * 2.0 - 1.0 } else { pixels };
        match &self.conv {
            Some(conv) => conv.forward(pixels),
            None => pixels,
        }
    }
}

/// Features to p(image | z, y).
#[derive(Module, Debug)]
pub struct ImageHead {
    /// From the decoder's hidden layer to the image (dense) or to the seed of the convolutions.
    dense: Dense,
    conv: Option<ConvDecoder>,
    /// Learned spread: the log-variance, `[1, 1]` or `[1, d]`, or the log-scale of each channel,
    /// `[1, channels]`. A Bernoulli has none.
    spread: Option<Param<Tensor<2>>>,
    #[module(skip)]
    likelihood: ImageLikelihood,
}

/// A standard deviation of one tenth of the pixel range to begin with.
const INITIAL_LOGVAR: f32 = -4.605_170_2;
/// A scale of one twentieth of the pixel range: about the same standard deviation.
const INITIAL_LOG_SCALE: f32 = -2.995_732_3;
/// Least spreads: a hundredth of a level. Without them a constant pixel drives the density to infinity.
const MIN_LOGVAR: f32 = -20.292_35;
const MIN_LOG_SCALE: f32 = -10.146_175;

impl ImageHead {
    /// The head of an image field, fed by `inputs` hidden units.
    pub fn init(
        config: &NetworkConfig,
        shape: ImageShape,
        likelihood: ImageLikelihood,
        inputs: usize,
        init: &mut Init,
    ) -> Self {
        let spread = match likelihood {
            ImageLikelihood::Bernoulli => None,
            ImageLikelihood::Gaussian => Some(init.constant([1, 1], INITIAL_LOGVAR)),
            ImageLikelihood::GaussianPerPixel => Some(init.constant([1, shape.len()], INITIAL_LOGVAR)),
            ImageLikelihood::DiscretizedLogistic => {
                Some(init.constant([1, shape.channels], INITIAL_LOG_SCALE))
            }
        };
        let (conv, activation) = match config.kind {
            NetworkKind::Dense => (None, Activation::Identity),
            NetworkKind::Conv => (Some(ConvDecoder::init(config, shape, init)), config.activation),
        };
        Self {
            dense: Dense::init(inputs, config.features(&shape), activation, init),
            conv,
            spread,
            likelihood,
        }
    }

    /// # Shapes
    /// `[batch, inputs]` to a distribution over `[batch, height · width · channels]`.
    pub fn forward(&self, hidden: Tensor<2>) -> ImageDistribution {
        let features = self.dense.forward(hidden);
        let location = match &self.conv {
            Some(conv) => conv.forward(features),
            None => features,
        };
        self.around(location)
    }

    fn around(&self, location: Tensor<2>) -> ImageDistribution {
        let Some(spread) = self.spread.as_ref().map(Param::val) else {
            return ImageDistribution::Bernoulli(Bernoulli { logits: location });
        };
        // A layer's output is near 0 to begin with: half-way up the pixel range is a better start.
        let mean = location + 0.5;
        if self.likelihood != ImageLikelihood::DiscretizedLogistic {
            let logvar = spread.clamp_min(MIN_LOGVAR);
            return ImageDistribution::Gaussian(DiagonalGaussian { mean, logvar });
        }
        let pixels = mean.dims()[1] / spread.dims()[1];
        let log_scale = spread.clamp_min(MIN_LOG_SCALE).repeat_dim(1, pixels);
        ImageDistribution::DiscretizedLogistic(DiscretizedLogistic { mean, log_scale })
    }
}

/// p(image | z, y).
#[derive(Clone, Debug)]
pub enum ImageDistribution {
    /// Coins.
    Bernoulli(Bernoulli),
    /// A density over pixels in [0, 1].
    Gaussian(DiagonalGaussian),
    /// Probabilities of the 256 levels.
    DiscretizedLogistic(DiscretizedLogistic),
}

/// Which noise a likelihood's draw needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DrawNoise {
    /// Uniform in [0, 1).
    Uniform,
    /// Standard normal.
    Normal,
}

impl ImageDistribution {
    /// Log-likelihood of the pixels, `[batch]`, in nats.
    pub fn log_prob(&self, x: Tensor<2>) -> Tensor<1> {
        match self {
            Self::Bernoulli(p) => p.log_prob(x),
            Self::Gaussian(p) => p.log_prob(x),
            Self::DiscretizedLogistic(p) => p.log_prob(x),
        }
    }

    /// The expected picture, `[batch, d]`, in [0, 1].
    pub fn mean(&self) -> Tensor<2> {
        match self {
            Self::Bernoulli(p) => p.mean(),
            Self::Gaussian(p) => p.mean.clone().clamp(0.0, 1.0),
            Self::DiscretizedLogistic(p) => p.mean(),
        }
    }

    /// The noise that [`Self::sample`] takes.
    pub fn noise(&self) -> DrawNoise {
        match self {
            Self::Gaussian(_) => DrawNoise::Normal,
            Self::Bernoulli(_) | Self::DiscretizedLogistic(_) => DrawNoise::Uniform,
        }
    }

    /// A draw of the picture, `[batch, d]`, in [0, 1], from noise of [`Self::noise`]'s kind.
    pub fn sample(&self, noise: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Bernoulli(p) => p.sample(noise),
            Self::Gaussian(p) => p.reparameterize(noise).clamp(0.0, 1.0),
            Self::DiscretizedLogistic(p) => p.sample(noise),
        }
    }
}
