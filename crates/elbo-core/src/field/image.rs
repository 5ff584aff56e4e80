//! Images: features for the encoder, the embedding of a given image, and the likelihood heads.

use burn::module::{Module, Param};
use burn::tensor::{Int, Tensor, TensorData};

use crate::distribution::{Bernoulli, DiagonalGaussian, DiscretizedLogistic};
use crate::network::{ConvDecoder, ConvEncoder, Dense};
use crate::{ImageLikelihood, ImageShape, Init, NetworkConfig, NetworkKind, Region};

/// Pixels to features.
#[derive(Module, Debug)]
pub struct ImageEncoder {
    /// None for a dense network, whose features are the pixels.
    conv: Option<ConvEncoder>,
    /// Gray or two-valued pixels enter as they are, as in the published protocols; others in ±1.
    #[module(skip)]
    centred: bool,
    /// 1 at the pixels of the region and 0 elsewhere; none for the whole image.
    #[module(skip)]
    mask: Option<Vec<f32>>,
    #[module(skip)]
    width: usize,
}

impl ImageEncoder {
    /// The encoder of an image field.
    pub fn init(
        config: &NetworkConfig,
        shape: ImageShape,
        likelihood: ImageLikelihood,
        region: Region,
        init: &mut Init,
    ) -> Self {
        let conv = (config.kind == NetworkKind::Conv).then(|| ConvEncoder::init(config, shape, init));
        Self {
            conv,
            centred: likelihood != ImageLikelihood::Bernoulli,
            mask: (!region.is_whole()).then(|| mask(&region.places(&shape), shape.len())),
            width: config.features(&shape),
        }
    }

    /// Width of the features.
    pub fn width(&self) -> usize {
        self.width
    }

    /// # Shapes
    /// `[batch, height · width · channels]` in [0, 1] to `[batch, features]`.
    pub fn forward(&self, pixels: Tensor<2>) -> Tensor<2> {
        let pixels = if self.centred { pixels * 2.0 - 1.0 } else { pixels };
        let pixels = match &self.mask {
            Some(mask) => {
                let mask = TensorData::new(mask.clone(), [1, mask.len()]);
                pixels.clone() * Tensor::from_data(mask, &pixels.device())
            }
            None => pixels,
        };
        match &self.conv {
            Some(conv) => conv.forward(pixels),
            None => pixels,
        }
    }
}

fn mask(places: &[usize], len: usize) -> Vec<f32> {
    let mut mask = vec![0.0; len];
    places.iter().for_each(|place| mask[*place] = 1.0);
    mask
}

/// The embedding of a given image: its features through one layer, and whether it is observed.
#[derive(Module, Debug)]
pub struct ImageEmbedding {
    features: ImageEncoder,
    dense: Dense,
    #[module(skip)]
    width: usize,
}

impl ImageEmbedding {
    /// The embedding of the region of a given image.
    pub fn init(
        config: &NetworkConfig,
        shape: ImageShape,
        likelihood: ImageLikelihood,
        region: Region,
        init: &mut Init,
    ) -> Self {
        let features = ImageEncoder::init(config, shape, likelihood, region, init);
        let width = config.given_width();
        Self {
            dense: Dense::init(features.width(), width, config.activation, init),
            features,
            width,
        }
    }

    /// Width of the embedding: its values and the mask.
    pub fn width(&self) -> usize {
        self.width + 1
    }

    /// # Shapes
    /// pixels `[batch, height · width · channels]` and observed `[batch, 1]` to `[batch, width]`.
    pub fn embed(&self, pixels: Tensor<2>, observed: Tensor<2>) -> Tensor<2> {
        let values = self.dense.forward(self.features.forward(pixels)) * observed.clone();
        Tensor::cat(vec![values, observed], 1)
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
    /// Indices of the modelled values; none if all are modelled.
    #[module(skip)]
    places: Option<Vec<usize>>,
}

/// Scale of a dense head's initial weights: every pixel begins near the middle of its range.
const FIRST_SCALE: f32 = 0.03;
/// An initial standard deviation of one tenth of the pixel range.
const INITIAL_LOGVAR: f32 = -4.605_170_2;
/// An initial scale of one twentieth of the pixel range: about the same standard deviation.
const INITIAL_LOG_SCALE: f32 = -2.995_732_3;
/// The smallest spreads: a hundredth of a level. Without a limit a constant pixel drives the density to
/// infinity.
const MIN_LOGVAR: f32 = 2.0 * MIN_LOG_SCALE;
const MIN_LOG_SCALE: f32 = -10.146_434;

impl ImageHead {
    /// The head of an image field, fed by `inputs` hidden units.
    pub fn init(
        config: &NetworkConfig,
        shape: ImageShape,
        likelihood: ImageLikelihood,
        region: Region,
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
        let features = config.features(&shape);
        let (dense, conv) = match config.kind {
            NetworkKind::Dense => (
                Dense::output(inputs, vec![0.0; features], FIRST_SCALE, init),
                None,
            ),
            NetworkKind::Conv => (
                Dense::init(inputs, features, config.activation, init),
                Some(ConvDecoder::init(config, shape, init)),
            ),
        };
        Self {
            dense,
            conv,
            spread,
            likelihood,
            places: (!region.is_whole()).then(|| region.places(&shape)),
        }
    }

    /// Indices of the modelled values; none if all are modelled.
    pub(crate) fn places(&self) -> Option<Tensor<1, Int>> {
        let places: Vec<i32> = self.places.as_ref()?.iter().map(|place| *place as i32).collect();
        let len = places.len();
        Some(Tensor::from_data(
            TensorData::new(places, [len]),
            &self.dense.device(),
        ))
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
        // A layer's initial output is near 0: the middle of the pixel range is a better start.
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
    /// Each value is 0 or 1.
    Bernoulli(Bernoulli),
    /// A density over pixels in [0, 1].
    Gaussian(DiagonalGaussian),
    /// Probabilities of the 256 levels.
    DiscretizedLogistic(DiscretizedLogistic),
}

/// Which noise sampling from a likelihood takes.
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

    /// The distribution of the values at these indices.
    pub(crate) fn at(&self, places: &Tensor<1, Int>) -> Self {
        let select = |values: &Tensor<2>| match values.dims() {
            [_, 1] => values.clone(),
            _ => values.clone().select(1, places.clone()),
        };
        match self {
            Self::Bernoulli(p) => Self::Bernoulli(Bernoulli {
                logits: select(&p.logits),
            }),
            Self::Gaussian(p) => Self::Gaussian(DiagonalGaussian {
                mean: select(&p.mean),
                logvar: select(&p.logvar),
            }),
            Self::DiscretizedLogistic(p) => Self::DiscretizedLogistic(DiscretizedLogistic {
                mean: select(&p.mean),
                log_scale: select(&p.log_scale),
            }),
        }
    }

    /// The expected image, `[batch, d]`, in [0, 1].
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

    /// A sampled image, `[batch, d]`, in [0, 1], from noise of [`Self::noise`]'s kind.
    pub fn sample(&self, noise: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Bernoulli(p) => p.sample(noise),
            Self::Gaussian(p) => p.reparameterize(noise).clamp(0.0, 1.0),
            Self::DiscretizedLogistic(p) => p.sample(noise),
        }
    }
}

#[cfg(test)]
mod tests;
