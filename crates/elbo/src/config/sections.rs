//! The sections of a config file and their defaults. What each key means stands in `keys`.

use elbo_core::schedule::{BetaWarmup, LearningRate};
use elbo_core::{Activation, ImageLikelihood, NetworkKind, Precision, PriorKind};
use elbo_data::kind::image::Binarize;
use elbo_data::options::TypedField;
use elbo_data::{Fit, ImageSize, OpenOptions, SplitConfig, TokenizerKind};
use serde::{Deserialize, Serialize};

/// `[data]`: what is read, and which fields are modelled and given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DataSection {
    /// A path or `builtin:NAME`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Fields that are given.
    pub given: Vec<String>,
    /// Fields that are modelled; `None`: those that hold pictures, or else all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<Vec<String>>,
    /// Size of every picture; `None`: found from the files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<ImageSize>,
    /// How pictures of another shape are brought to that size.
    pub fit: Fit,
    /// Values in a pixel; `None`: found from the files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channels: Option<u8>,
    /// Whether a broken record is an error.
    pub strict: bool,
    /// Number of records of built-in data; `None`: their own default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub records: Option<u64>,
    /// Whether pixels become black or white.
    pub binarize: Binarize,
    /// Columns of tables that are taken for something else than their values look like.
    pub fields: Vec<TypedField>,
    /// What a token of a text is; `None`: chosen from the texts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokenizer: Option<TokenizerKind>,
    /// The most tokens of a vocabulary; `None`: as many as the texts can teach.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vocabulary: Option<usize>,
    /// Share of the records to validate on.
    pub validation: f64,
    /// Share of the records to test on.
    pub test: f64,
    /// Seed of the division, of binarisation and of built-in data.
    pub seed: u64,
    /// Pictures of more pixels are refused.
    pub max_pixels: u64,
    /// Memory for decoded records, in MiB.
    pub cache_mb: u64,
}

impl Default for DataSection {
    fn default() -> Self {
        let (options, split) = (OpenOptions::default(), SplitConfig::default());
        Self {
            source: None,
            given: Vec::new(),
            model: None,
            size: options.size,
            fit: options.fit,
            channels: options.channels,
            strict: options.strict,
            records: options.records,
            binarize: Binarize::None,
            fields: Vec::new(),
            tokenizer: None,
            vocabulary: None,
            validation: split.validation,
            test: split.test,
            seed: options.seed,
            max_pixels: options.max_pixels,
            cache_mb: options.cache_bytes >> 20,
        }
    }
}

/// `[model]`: latents, likelihood and prior.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelSection {
    /// Number of latent units.
    pub latent: usize,
    /// p(x|z,y) of the pictures; `None`: chosen from the data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub likelihood: Option<ImageLikelihood>,
    /// p(z|y); `None`: learned where something is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prior: Option<PriorKind>,
}

impl Default for ModelSection {
    fn default() -> Self {
        Self {
            latent: 32,
            likelihood: None,
            prior: None,
        }
    }
}

/// `[network]`: the networks' shape; the decoder mirrors the encoder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NetworkSection {
    /// Dense or convolutional; `None`: chosen from the pictures' size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<NetworkKind>,
    /// Widths of the fully connected layers; `None`: chosen from the kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hidden: Option<Vec<usize>>,
    /// Channels after each strided convolution; `None`: chosen from the pictures' size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channels: Option<Vec<usize>>,
    /// Residual blocks after each strided convolution.
    pub residual_blocks: usize,
    /// The nonlinearity of every hidden layer.
    pub activation: Activation,
    /// Width of the learned vector of a category, and of the bin of a modelled number.
    pub embedding: usize,
    /// Width of the layer through which a field with levels sees those before it; `None`: chosen from the fields.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chain: Option<usize>,
    /// Width of the layers of a text's networks; `None`: chosen from its vocabulary.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text_channels: Option<usize>,
    /// Convolutions along a text, of the encoder and of the decoder; `None`: chosen from its vocabulary.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text_layers: Option<usize>,
    /// What the layers multiply.
    pub precision: Precision,
}

impl Default for NetworkSection {
    fn default() -> Self {
        Self {
            kind: None,
            hidden: None,
            channels: None,
            residual_blocks: 0,
            activation: Activation::Relu,
            embedding: 16,
            chain: None,
            text_channels: None,
            text_layers: None,
            precision: Precision::F32,
        }
    }
}

/// `[objective]`: what is minimised.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ObjectiveSection {
    /// Weight of the rate.
    pub beta: f64,
    /// Weight of the distortion.
    pub distortion_weight: f64,
    /// Nats per latent unit that cost nothing; `None`: chosen from what is modelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub free_bits: Option<f64>,
    /// Posterior samples of the importance-weighted bound; 1 is the ELBO.
    pub samples: usize,
    /// How β rises; `None`: chosen from what is modelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warmup: Option<BetaWarmup>,
    /// Epochs of the rise, or of a cycle; `None`: a quarter of all, at most 10.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warmup_epochs: Option<f64>,
    /// Chance that a given field is hidden in a training step.
    pub given_dropout: f64,
    /// Chance that the decoder is not shown a token in a training step.
    pub word_dropout: f64,
}

impl Default for ObjectiveSection {
    fn default() -> Self {
        let objective = elbo_core::Objective::default();
        Self {
            beta: objective.beta,
            distortion_weight: objective.distortion_weight,
            free_bits: None,
            samples: objective.samples,
            warmup: None,
            warmup_epochs: None,
            given_dropout: 0.0,
            word_dropout: 0.0,
        }
    }
}

/// `[training]`: how it is minimised.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainingSection {
    /// Passes over the training records.
    pub epochs: u64,
    /// Records of a step; `None`: chosen from their number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch: Option<usize>,
    /// Adam's learning rate.
    pub learning_rate: f64,
    /// How the rate changes.
    pub schedule: LearningRate,
    /// Epochs at which the rate drops.
    pub milestones: Vec<u64>,
    /// Factor of each drop.
    pub decay: f64,
    /// Steps over which the rate rises.
    pub lr_warmup_steps: u64,
    /// L2 penalty of the weights.
    pub weight_decay: f64,
    /// Largest norm of the gradient that is applied; 0: any.
    pub clip_norm: f64,
    /// Epochs without improvement before training stops; 0: never.
    pub patience: u64,
    /// Seed of weights, order and noise.
    pub seed: u64,
    /// Threads; 0: one for each core.
    pub threads: usize,
    /// What computes.
    pub device: String,
}

impl Default for TrainingSection {
    fn default() -> Self {
        Self {
            epochs: 20,
            batch: None,
            learning_rate: 1e-3,
            schedule: LearningRate::Constant,
            milestones: Vec::new(),
            decay: 0.1,
            lr_warmup_steps: 0,
            weight_decay: 0.0,
            clip_norm: 0.0,
            patience: 0,
            seed: 0,
            threads: 0,
            device: "cpu".to_owned(),
        }
    }
}
