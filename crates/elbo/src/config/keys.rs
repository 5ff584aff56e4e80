//! Every setting: its key, its possible values, and its meaning. Checks, hints and the comments of a
//! saved config all come from this one list.

use std::ops::Bound::{Excluded, Included, Unbounded};

use elbo_data::options::FieldType;

use super::takes::Takes::{self, Kinds, Names, OneOf, Real, Rules, Size, Text, Whole, Wholes, YesNo};

/// One setting.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// Its section and name, as in `network.hidden`; `fields.NAME.kind` for a setting that each field has.
    pub path: &'static str,
    /// The values that it takes.
    pub takes: Takes,
    /// Whether it may be `"auto"`, which leaves the choice to the program.
    pub auto: bool,
    /// What it means, to follow the name and a colon.
    pub about: &'static str,
}

impl Key {
    const fn new(path: &'static str, takes: Takes, about: &'static str) -> Self {
        Self {
            path,
            takes,
            auto: false,
            about,
        }
    }

    const fn or_auto(path: &'static str, takes: Takes, about: &'static str) -> Self {
        Self {
            path,
            takes,
            auto: true,
            about,
        }
    }

    /// The part before the last dot.
    pub fn section(&self) -> &'static str {
        self.path.rsplit_once('.').map_or("", |(section, _)| section)
    }

    /// The part after the last dot.
    pub fn name(&self) -> &'static str {
        self.path.rsplit_once('.').map_or(self.path, |(_, name)| name)
    }

    /// The values that it takes, in words.
    pub fn describe(&self) -> String {
        let takes = self.takes.describe();
        if self.auto {
            format!("{takes}, or `auto`")
        } else {
            takes
        }
    }
}

/// The setting of this path.
pub fn find(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.path == path)
}

/// The setting of this name in the section of a field.
pub fn find_for_field(name: &str) -> Option<&'static Key> {
    FIELD_KEYS.iter().find(|key| key.name() == name)
}

/// The sections, in order, without those of fields.
pub fn sections() -> Vec<&'static str> {
    let mut sections: Vec<_> = KEYS.iter().map(Key::section).collect();
    sections.dedup();
    sections
}

/// No limit but that of the number's type.
const MANY: i64 = i64::MAX;

/// The likelihoods of a picture, by name.
const LIKELIHOODS: Takes = OneOf(&[
    "bernoulli",
    "gaussian",
    "gaussian-per-pixel",
    "discretized-logistic",
]);
/// When gray pixels become black or white.
const BINARIZE: Takes = OneOf(&["none", "once", "each"]);

/// The settings in the section of a single field, `[fields.NAME]`.
pub static FIELD_KEYS: &[Key] = &[
    Key::or_auto(
        "fields.NAME.kind",
        OneOf(&FieldType::NAMES),
        "the kind of this column of a table; auto: as `data.fields`, or as its values suggest",
    ),
    Key::or_auto(
        "fields.NAME.binarize",
        BINARIZE,
        "when this field's gray pixels are replaced by random black or white; auto: as `data.binarize`",
    ),
    Key::or_auto(
        "fields.NAME.likelihood",
        LIKELIHOODS,
        "p(x|z,y) of this picture; auto: as `model.likelihood`, or from the data",
    ),
];

/// All settings that are not of a single field, section by section, in the order in which they are saved.
pub static KEYS: &[Key] = &[
    Key::new(
        "data.source",
        Text,
        "the location of the records: a path, or `builtin:NAME`",
    ),
    Key::new(
        "data.given",
        Names,
        "the fields that are given to the model (none: a plain VAE), or `any` for an any-conditional model; `image:left` is a part of a picture",
    ),
    Key::or_auto(
        "data.model",
        Names,
        "the fields that are modelled, or `all` that are not given; auto: the pictures if there are any, else all",
    ),
    Key::or_auto(
        "data.size",
        Size,
        "the size of every picture, as a side or \"WIDTHxHEIGHT\"; auto: from the files",
    ),
    Key::new(
        "data.fit",
        OneOf(&["crop", "pad", "stretch"]),
        "how a picture of another shape is brought to that size",
    ),
    Key::or_auto(
        "data.channels",
        Whole(1..=4),
        "the values of a pixel: 1 (gray), 3 (colour) or 4 (colour and alpha); auto: from the files",
    ),
    Key::new(
        "data.labels",
        OneOf(&["folder", "path"]),
        "the label of a picture or a text: its outermost sub-folder, or all folders on the way to it",
    ),
    Key::new(
        "data.strict",
        YesNo,
        "whether a broken record is an error; otherwise it is skipped",
    ),
    Key::or_auto(
        "data.records",
        Whole(1..=1_000_000_000),
        "the number of records of built-in data; auto: their own default",
    ),
    Key::new(
        "data.binarize",
        BINARIZE,
        "when gray pixels are replaced by black or white, at random, white with a probability equal to the brightness: never, once, or at each reading",
    ),
    Key::new(
        "data.fields",
        Kinds,
        "the kinds of columns of tables, where their values suggest another, as in \"age=number\"; `fields.NAME.kind` sets one",
    ),
    Key::new(
        "data.missing",
        Names,
        "words that stand for missing values in every column of a table, beside `NA` and the like in columns of numbers, dates and flags; `none` among them makes those values",
    ),
    Key::or_auto(
        "data.rules",
        Rules,
        "what always holds between fields, also in new records, as in \"start <= end\", \"price + tax = total\" and \"city -> state\"; auto: what holds in all training records",
    ),
    Key::or_auto(
        "data.tokenizer",
        OneOf(&["characters", "bpe", "words"]),
        "the tokens of a text; auto: characters of short texts, byte pairs of longer ones",
    ),
    Key::or_auto(
        "data.vocabulary",
        Whole(5..=65_536),
        "the largest number of tokens in a text's vocabulary; auto: from the amount of text",
    ),
    Key::new(
        "data.validation",
        Real(Excluded(0.0), Excluded(1.0)),
        "the share of the records to validate on, unless the files define the split",
    ),
    Key::new(
        "data.test",
        Real(Included(0.0), Excluded(1.0)),
        "the share of the records to test on, unless the files define the split",
    ),
    Key::new(
        "data.seed",
        Whole(0..=MANY),
        "the seed of the split, of binarisation and of built-in data",
    ),
    Key::new(
        "data.max_pixels",
        Whole(1..=MANY),
        "the largest number of pixels of a picture; a larger one is refused",
    ),
    Key::new(
        "data.cache_mb",
        Whole(0..=1 << 20),
        "the memory for decoded records, in MiB",
    ),
    Key::or_auto(
        "model.latent",
        Whole(1..=65_536),
        "the number of latent units; auto: 8 for a table, else 32",
    ),
    Key::or_auto(
        "model.likelihood",
        LIKELIHOODS,
        "p(x|z,y) of the pictures; auto: from the data",
    ),
    Key::or_auto(
        "model.prior",
        OneOf(&["standard", "learned", "mixture"]),
        "p(z|y): N(0, I), or learned from the given fields; mixture: one of these in training, then, where nothing is given, a mixture of the posteriors of training records; auto: mixture in a table without fields that are always given, else learned if any field is given",
    ),
    Key::or_auto(
        "network.kind",
        OneOf(&["dense", "conv"]),
        "the kind of the networks; auto: from the size of the pictures",
    ),
    Key::or_auto(
        "network.hidden",
        Wholes(1..=65_536),
        "the widths of the fully connected layers, mirrored in the decoder",
    ),
    Key::or_auto(
        "network.channels",
        Wholes(1..=65_536),
        "the channels after each strided convolution, mirrored in the decoder",
    ),
    Key::new(
        "network.residual_blocks",
        Whole(0..=64),
        "the number of residual blocks after each strided convolution",
    ),
    Key::new(
        "network.activation",
        OneOf(&["relu", "tanh", "identity"]),
        "the nonlinearity of every hidden layer",
    ),
    Key::or_auto(
        "network.chain",
        Whole(0..=65_536),
        "the width of the layers that make p(x|z,y) autoregressive over categories, flags and numbers; 0: they are independent given the latents; auto: 64 if there are several, 32 below 1,000 records",
    ),
    Key::or_auto(
        "network.components",
        Whole(1..=256),
        "the number of logistic distributions that a number's is a mixture of; auto: 8, and 3 below 1,000 records",
    ),
    Key::or_auto(
        "network.number_steps",
        Whole(0..=256),
        "the number of ramps over its range as which networks see a number, beside the number itself; auto: 32, and none below 1,000 records",
    ),
    Key::or_auto(
        "network.text_channels",
        Whole(1..=65_536),
        "the width of the layers in the networks of a text; auto: from its vocabulary",
    ),
    Key::or_auto(
        "network.text_layers",
        Whole(1..=32),
        "the number of convolutions along a text, in the encoder and in the decoder; auto: from its vocabulary",
    ),
    Key::new(
        "network.precision",
        OneOf(&["f32", "bf16"]),
        "the numbers that the layers multiply: f32, or f32 rounded to bf16 (faster on a processor with AVX512-BF16; sums and weights stay f32)",
    ),
    Key::new(
        "network.embedding",
        Whole(1..=65_536),
        "the width of the embedding of a category, and of a modelled number",
    ),
    Key::new(
        "objective.beta",
        Real(Included(0.0), Unbounded),
        "the weight of the rate, KL(q(z|x,y) || p(z|y))",
    ),
    Key::new(
        "objective.distortion_weight",
        Real(Included(0.0), Unbounded),
        "the weight of the distortion, -log p(x|z,y)",
    ),
    Key::or_auto(
        "objective.free_bits",
        Real(Included(0.0), Unbounded),
        "the rate that is free of cost, in nats for each latent unit; auto: 0.1 if a text is modelled, a share of 3 nats in a table without fields that are always given, else 0",
    ),
    Key::or_auto(
        "objective.discrepancy",
        Real(Included(0.0), Unbounded),
        "the weight of the maximum mean discrepancy between the posteriors of all records together and the prior; auto: 300 in a table without fields that are always given, where it keeps free bits from spoiling what is drawn from the prior, else 0",
    ),
    Key::or_auto(
        "objective.auxiliary",
        Real(Included(0.0), Unbounded),
        "the weight of the bound of an auxiliary decoder, which predicts each field from the latents alone, so that these tell what many fields share; auto: 0.1 in a table without fields that are always given, else 0",
    ),
    Key::new(
        "objective.samples",
        Whole(1..=10_000),
        "the number of posterior samples of the importance-weighted bound; 1: the ELBO",
    ),
    Key::or_auto(
        "objective.warmup",
        OneOf(&["none", "linear", "cyclical"]),
        "how beta rises from 0: not at all, once, or in cycles; auto: once, unless only whole pictures, or only the fields of a table without fields that are always given, are modelled",
    ),
    Key::or_auto(
        "objective.warmup_epochs",
        Real(Excluded(0.0), Unbounded),
        "the number of epochs of that rise, or of a cycle; auto: a quarter of all epochs, at most 10",
    ),
    Key::new(
        "objective.given_dropout",
        Real(Included(0.0), Excluded(1.0)),
        "the probability that a given field is hidden in a training step; above 0, it may be left open when sampling",
    ),
    Key::new(
        "objective.word_dropout",
        Real(Included(0.0), Excluded(1.0)),
        "the probability that a token is hidden from a text's decoder in a training step; above 0, the latents carry more",
    ),
    Key::or_auto(
        "training.epochs",
        Whole(1..=MANY),
        "the number of passes over the training records; auto: 20, and for a table so many that there are 2,000 to 5,000 steps, or fewer with texts",
    ),
    Key::or_auto(
        "training.batch",
        Whole(1..=1 << 24),
        "the number of records in a step; auto: a 32nd of the training records, at least 16 and at most 128, and 32 to 256 for a table",
    ),
    Key::or_auto(
        "training.learning_rate",
        Real(Excluded(0.0), Unbounded),
        "the learning rate of Adam; auto: 0.001, 0.002 for a table of 3,000 records, and 0.003 for one of 10,000",
    ),
    Key::or_auto(
        "training.schedule",
        OneOf(&["constant", "cosine", "step"]),
        "how the learning rate changes during training; auto: constant, and cosine for a table",
    ),
    Key::new(
        "training.milestones",
        Wholes(1..=MANY),
        "the epochs after which the learning rate drops (`step` only), in ascending order",
    ),
    Key::new(
        "training.decay",
        Real(Excluded(0.0), Included(1.0)),
        "the factor of each drop (`step` only)",
    ),
    Key::or_auto(
        "training.lr_warmup_steps",
        Whole(0..=MANY),
        "the number of steps over which the learning rate rises at the start; auto: 0, and 50 for a table",
    ),
    Key::new(
        "training.weight_decay",
        Real(Included(0.0), Unbounded),
        "the L2 penalty: this times the weight is added to each gradient",
    ),
    Key::new(
        "training.clip_norm",
        Real(Included(0.0), Unbounded),
        "the largest norm of a gradient; a longer one is scaled down; 0: no limit",
    ),
    Key::or_auto(
        "training.patience",
        Whole(0..=MANY),
        "the number of epochs without improvement, after beta has risen, that end the training; 0: no limit; auto: 0, and 800 steps for a table",
    ),
    Key::or_auto(
        "training.averaging",
        Real(Included(0.0), Excluded(1.0)),
        "the decay, in a step, of the running mean of the weights that is validated and kept; 0: the weights themselves; auto: 0, and 0.99 for a table",
    ),
    Key::or_auto(
        "training.shuffled_fields",
        Real(Included(0.0), Included(1.0)),
        "the share of the steps in which categories, flags and numbers are predicted in a random order; auto: 0, 0.5 for a table, and 0.8 for one of fewer than 3,000 records",
    ),
    Key::or_auto(
        "training.dropout",
        Real(Included(0.0), Excluded(1.0)),
        "the share of the features of categories, flags and numbers that are dropped in a step; auto: 0, and 0.2 for a table of fewer than 1,000 records",
    ),
    Key::new(
        "training.seed",
        Whole(0..=MANY),
        "the seed of the weights, of the order of the records and of the noise",
    ),
    Key::new(
        "training.threads",
        Whole(0..=1024),
        "the number of threads, which changes no result; 0: one for each core",
    ),
    Key::new(
        "training.device",
        Text,
        "the device: `cpu`, or `cuda`, `metal`, `vulkan`, `webgpu` if the build has it; `cuda:1` is the second of its kind",
    ),
];

#[cfg(test)]
mod tests;
