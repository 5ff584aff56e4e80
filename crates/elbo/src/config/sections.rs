//! The sections of a config file and their defaults. The list of keys, [`super::keys`], explains each setting to
//! users.

use elbo_core::schedule::{BetaWarmup, LearningRate};
use elbo_core::{Activation, ImageLikelihood, NetworkKind, Precision, PriorKind};
use elbo_data::Binarize;
use elbo_data::options::{FieldType, Labels, TypedField};
use elbo_data::{Fit, ImageSize, OpenOptions, Rule, SplitConfig, TokenizerKind};
use serde::{Deserialize, Serialize};

/// `[data]`: the data, and which fields are modelled and given.
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
    /// Which folders of a picture or a text are its label.
    pub labels: Labels,
    /// Whether a broken record is an error; otherwise it is skipped.
    pub strict: bool,
    /// Number of records of built-in data; `None`: their own default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub records: Option<u64>,
    /// When gray pixels are replaced by black or white, for fields without a setting of their own.
    pub binarize: Binarize,
    /// Kinds of columns of tables, where their values suggest another; [`FieldSection::kind`] wins over it.
    pub fields: Vec<TypedField>,
    /// Words that stand for missing values in every column; with `none` among them no others do.
    pub missing: Vec<String>,
    /// What always holds between fields, also in new records; `None`: what holds in the training records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<Vec<Rule>>,
    /// The tokens of a text; `None`: chosen from the texts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokenizer: Option<TokenizerKind>,
    /// Largest number of tokens in a vocabulary; `None`: chosen from the amount of text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vocabulary: Option<usize>,
    /// Share of the records to validate on.
    pub validation: f64,
    /// Share of the records to test on.
    pub test: f64,
    /// Seed of the split, of binarisation and of built-in data.
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
            labels: options.labels,
            strict: options.strict,
            records: options.records,
            binarize: Binarize::None,
            fields: Vec::new(),
            missing: Vec::new(),
            rules: None,
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
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelSection {
    /// Number of latent units; `None`: chosen from the modelled fields.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latent: Option<usize>,
    /// p(x|z,y) of pictures without a likelihood of their own; `None`: chosen from the data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub likelihood: Option<ImageLikelihood>,
    /// p(z|y); `None`: learned if any field is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prior: Option<PriorKind>,
}

/// `[fields.NAME]`: the settings of one field, which win over those for all fields.
///
/// ```
/// use elbo::config::{FieldSection, FieldType};
/// let age = FieldSection { kind: Some(FieldType::Number), ..Default::default() };
/// assert_eq!(age.likelihood, None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FieldSection {
    /// The kind of a column of a table; `None`: as [`DataSection::fields`], or as its values suggest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<FieldType>,
    /// When this picture's gray pixels are replaced by black or white; `None`: as [`DataSection::binarize`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub binarize: Option<Binarize>,
    /// p(x|z,y) of this picture; `None`: as [`ModelSection::likelihood`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub likelihood: Option<ImageLikelihood>,
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
    /// Width of the embedding of a category, and of a modelled number.
    pub embedding: usize,
    /// Width of the layers that make p(x|z,y) autoregressive over fields with levels; 0: without them; `None`: chosen
    /// from the fields and the number of records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chain: Option<usize>,
    /// Components of the mixture that a number's distribution is; `None`: chosen from the number of records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub components: Option<usize>,
    /// Ramps over a number's range as which networks see it; `None`: chosen from the number of records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number_steps: Option<usize>,
    /// Width of the layers of a text's networks; `None`: chosen from its vocabulary.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text_channels: Option<usize>,
    /// Convolutions along a text, of the encoder and of the decoder; `None`: chosen from its vocabulary.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text_layers: Option<usize>,
    /// The numbers that the layers multiply.
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
            components: None,
            number_steps: None,
            text_channels: None,
            text_layers: None,
            precision: Precision::F32,
        }
    }
}

/// `[objective]`: the loss.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ObjectiveSection {
    /// Weight of the rate.
    pub beta: f64,
    /// Weight of the distortion.
    pub distortion_weight: f64,
    /// Rate that is free of cost, in nats for each latent unit; `None`: chosen from the modelled fields.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub free_bits: Option<f64>,
    /// Weight of the discrepancy between the posteriors of all records and the prior; `None`: chosen with the free bits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discrepancy: Option<f64>,
    /// Weight of the auxiliary decoder's bound; `None`: chosen with the free bits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auxiliary: Option<f64>,
    /// Posterior samples of the importance-weighted bound; 1 is the ELBO.
    pub samples: usize,
    /// How β rises; `None`: chosen from the modelled fields.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warmup: Option<BetaWarmup>,
    /// Epochs of the rise, or of a cycle; `None`: a quarter of all, at most 10.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warmup_epochs: Option<f64>,
    /// Probability that a given field is hidden in a training step.
    pub given_dropout: f64,
    /// Probability that a token is hidden from the decoder in a training step.
    pub word_dropout: f64,
}

impl Default for ObjectiveSection {
    fn default() -> Self {
        let objective = elbo_core::Objective::default();
        Self {
            beta: objective.beta,
            distortion_weight: objective.distortion_weight,
            free_bits: None,
            discrepancy: None,
            auxiliary: None,
            samples: objective.samples,
            warmup: None,
            warmup_epochs: None,
            given_dropout: 0.0,
            word_dropout: 0.0,
        }
    }
}

/// `[training]`: the optimisation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainingSection {
    /// Passes over the training records; `None`: chosen from their number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epochs: Option<u64>,
    /// Records of a step; `None`: chosen from their number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch: Option<usize>,
    /// Adam's learning rate; `None`: chosen from the fields and the number of records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<f64>,
    /// How the rate changes; `None`: chosen from the fields.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<LearningRate>,
    /// Epochs at which the rate drops.
    pub milestones: Vec<u64>,
    /// Factor of each drop.
    pub decay: f64,
    /// Steps over which the rate rises; `None`: chosen from the fields.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lr_warmup_steps: Option<u64>,
    /// L2 penalty of the weights.
    pub weight_decay: f64,
    /// Largest norm of the gradient; a longer one is scaled down; 0: no limit.
    pub clip_norm: f64,
    /// Epochs without improvement that end the training; 0: no limit; `None`: chosen from the fields.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patience: Option<u64>,
    /// Decay of the running mean of the weights, which is validated and kept; 0: the weights themselves; `None`: chosen
    /// from the fields.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub averaging: Option<f64>,
    /// Share of the records whose fields with levels are predicted in a random order in a step; `None`: chosen from the
    /// fields.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shuffled_fields: Option<f64>,
    /// Share of the features of fields with levels that are dropped in a step; `None`: chosen from the fields.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dropout: Option<f64>,
    /// Seed of weights, order and noise.
    pub seed: u64,
    /// Threads; 0: one for each core.
    pub threads: usize,
    /// The device, such as `cpu` or `cuda:1`.
    pub device: String,
}

impl Default for TrainingSection {
    fn default() -> Self {
        Self {
            epochs: None,
            batch: None,
            learning_rate: None,
            schedule: None,
            milestones: Vec::new(),
            decay: 0.1,
            lr_warmup_steps: None,
            weight_decay: 0.0,
            clip_norm: 0.0,
            patience: None,
            averaging: None,
            shuffled_fields: None,
            dropout: None,
            seed: 0,
            threads: 0,
            device: "cpu".to_owned(),
        }
    }
}
