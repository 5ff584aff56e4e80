//! Images as x: features for the encoder, and the likelihood heads.

use burn::module::{Module, Param};
use burn::tensor::Tensor;

use crate::distribution::{Bernoulli, DiagonalGaussian, DiscretizedLogistic};
use crate::network::{ConvDecoder, ConvEncoder, Dense};
use crate::{ImageLikelihood, ImageShape, Init, NetworkConfig, NetworkKind};

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

/// Size of a dense head's first weights, as a share of the usual: it begins with every pixel undecided.
const FIRST_SCALE: f32 = 0.03;
/// A standard deviation of one tenth of the pixel range to begin with.
const INITIAL_LOGVAR: f32 = -4.605_170_2;
/// A scale of one twentieth of the pixel range: about the same standard deviation.
const INITIAL_LOG_SCALE: f32 = -2.995_732_3;
/// Least spreads: a hundredth of a level. Without them a constant pixel drives the density to infinity.
const MIN_LOGVAR: f32 = 2.0 * MIN_LOG_SCALE;
const MIN_LOG_SCALE: f32 = -10.146_434;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Activation;
    use crate::testing::{assert_close, device, rows, tensor, uniform, values};
    use elbo_kernels::Precision;

    const SHAPE: ImageShape = ImageShape {
        height: 2,
        width: 1,
        channels: 3,
    };

    fn network(kind: NetworkKind) -> NetworkConfig {
        NetworkConfig {
            kind,
            hidden: vec![],
            channels: vec![2],
            residual_blocks: 0,
            activation: Activation::Relu,
            embedding: 1,
            precision: Precision::F32,
        }
    }

    fn head(likelihood: ImageLikelihood) -> ImageHead {
        let mut init = Init {
            uniform: &mut |n| uniform(1, n),
            device: &device(),
            precision: Precision::F32,
        };
        ImageHead::init(&network(NetworkKind::Dense), SHAPE, likelihood, 1, &mut init)
    }

    #[test]
    fn the_named_spreads_are_what_their_comments_say() {
        assert!((INITIAL_LOGVAR.exp().sqrt() - 0.1).abs() < 1e-7);
        assert!((INITIAL_LOG_SCALE.exp() - 0.05).abs() < 1e-7);
        assert!((MIN_LOGVAR.exp().sqrt() / (0.01 / 255.0) - 1.0).abs() < 1e-5);
        assert!((MIN_LOG_SCALE.exp() / (0.01 / 255.0) - 1.0).abs() < 1e-5);
    }

    #[test]
    fn a_bernoulli_encoder_takes_pixels_as_they_are_and_others_centre_them() {
        let mut init = Init {
            uniform: &mut |n| uniform(1, n),
            device: &device(),
            precision: Precision::F32,
        };
        let mut features = |likelihood| {
            let encoder = ImageEncoder::init(&network(NetworkKind::Dense), SHAPE, likelihood, &mut init);
            encoder.forward(rows([[0.0, 0.25, 0.5, 0.75, 1.0, 0.0]]))
        };
        assert_close(
            &features(ImageLikelihood::Bernoulli),
            &[0.0, 0.25, 0.5, 0.75, 1.0, 0.0],
            0.0,
        );
        assert_close(
            &features(ImageLikelihood::Gaussian),
            &[-1.0, -0.5, 0.0, 0.5, 1.0, -1.0],
            0.0,
        );
    }

    #[test]
    fn each_likelihood_has_its_distribution_and_spread() {
        let forward = |likelihood| head(likelihood).forward(rows([[0.0], [1.0]]));
        assert!(matches!(
            forward(ImageLikelihood::Bernoulli),
            ImageDistribution::Bernoulli(_)
        ));
        let ImageDistribution::Gaussian(p) = forward(ImageLikelihood::Gaussian) else {
            panic!()
        };
        assert_eq!((p.mean.dims(), p.logvar.dims()), ([2, 6], [1, 1]));
        let ImageDistribution::Gaussian(p) = forward(ImageLikelihood::GaussianPerPixel) else {
            panic!()
        };
        assert_eq!((p.mean.dims(), p.logvar.dims()), ([2, 6], [1, 6]));
        let ImageDistribution::DiscretizedLogistic(p) = forward(ImageLikelihood::DiscretizedLogistic) else {
            panic!()
        };
        assert_eq!((p.mean.dims(), p.log_scale.dims()), ([2, 6], [1, 6]));
    }

    #[test]
    fn each_channel_has_its_own_scale_at_every_pixel() {
        let mut head = head(ImageLikelihood::DiscretizedLogistic);
        head.spread = Some(Param::from_tensor(rows([[-1.0, -2.0, -3.0]])));
        let ImageDistribution::DiscretizedLogistic(p) = head.around(rows([[0.0; 6]])) else {
            panic!()
        };
        // channels are the fastest axis
        assert_close(&p.log_scale, &[-1.0, -2.0, -3.0, -1.0, -2.0, -3.0], 0.0);
        // an output of zero means half-way up the range
        assert_close(&p.mean, &[0.5; 6], 0.0);
    }

    #[test]
    fn a_spread_cannot_shrink_to_nothing() {
        let mut gaussian = head(ImageLikelihood::Gaussian);
        gaussian.spread = Some(Param::from_tensor(rows([[-100.0]])));
        let ImageDistribution::Gaussian(p) = gaussian.around(rows([[0.0; 6]])) else {
            panic!()
        };
        assert_close(&p.logvar, &[f64::from(MIN_LOGVAR)], 0.0);
        let mut logistic = head(ImageLikelihood::DiscretizedLogistic);
        logistic.spread = Some(Param::from_tensor(rows([[-100.0; 3]])));
        let ImageDistribution::DiscretizedLogistic(p) = logistic.around(rows([[0.0; 6]])) else {
            panic!()
        };
        assert_close(&p.log_scale, &[f64::from(MIN_LOG_SCALE); 6], 0.0);
        let log_prob = values(&p.log_prob(rows([[0.0, 0.2, 0.4, 0.6, 0.8, 1.0]])));
        assert!(log_prob[0].is_finite(), "{log_prob:?}");
    }

    #[test]
    fn pictures_stay_in_range_and_take_the_noise_they_name() {
        let location = || rows([[-9.0, -0.25, 0.0, 0.25, 9.0, 0.0]]);
        for (likelihood, noise) in [
            (ImageLikelihood::Bernoulli, DrawNoise::Uniform),
            (ImageLikelihood::Gaussian, DrawNoise::Normal),
            (ImageLikelihood::DiscretizedLogistic, DrawNoise::Uniform),
        ] {
            let p = head(likelihood).around(location());
            assert_eq!(p.noise(), noise);
            let pictures = [p.mean(), p.sample(tensor(uniform(1, 6), [1, 6]))];
            assert!(
                pictures
                    .iter()
                    .all(|x| values(x).iter().all(|x| (0.0..=1.0).contains(x)))
            );
        }
        let ImageDistribution::Gaussian(p) = head(ImageLikelihood::Gaussian).around(location()) else {
            panic!()
        };
        let mean = ImageDistribution::Gaussian(p).mean();
        assert_close(&mean, &[0.0, 0.25, 0.5, 0.75, 1.0, 0.5], 1e-6);
    }
}
