//! Every setting: its key, what it takes, and what it means. Checks, hints and the comments of a
//! saved config all come from this one list.

use std::ops::Bound::{Excluded, Included, Unbounded};

use super::takes::Takes::{self, Names, OneOf, Real, Size, Text, Whole, Wholes, YesNo};

/// One setting.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// Its section and name, as in `network.hidden`.
    pub path: &'static str,
    /// The values it can have.
    pub takes: Takes,
    /// Whether it may be `"auto"`, which leaves the choice to the program.
    pub auto: bool,
    /// What it means, to follow "is".
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

    /// The part before the point.
    pub fn section(&self) -> &'static str {
        self.path.split_once('.').map_or("", |(section, _)| section)
    }

    /// The part after the point.
    pub fn name(&self) -> &'static str {
        self.path.split_once('.').map_or(self.path, |(_, name)| name)
    }

    /// What it takes, in words.
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

/// The sections, in order.
pub fn sections() -> Vec<&'static str> {
    let mut sections: Vec<_> = KEYS.iter().map(Key::section).collect();
    sections.dedup();
    sections
}

/// No limit but that of the number's type.
const MANY: i64 = i64::MAX;

/// All settings, section by section, in the order in which they are saved.
pub static KEYS: &[Key] = &[
    Key::new(
        "data.source",
        Text,
        "where the records are: a path, or `builtin:NAME`",
    ),
    Key::new(
        "data.given",
        Names,
        "the fields that are given to the model, or `any`; none for a plain VAE. A part of a picture is `image:left`",
    ),
    Key::or_auto(
        "data.model",
        Names,
        "the fields that are modelled, or `all` that are not given; auto: pictures if there are any, else all",
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
        "1 (gray), 3 (colour) or 4 (colour and alpha); auto: from the files",
    ),
    Key::new(
        "data.strict",
        YesNo,
        "whether a broken record stops the reading instead of being skipped",
    ),
    Key::or_auto(
        "data.records",
        Whole(1..=1_000_000_000),
        "how many records built-in data have; auto: their own default",
    ),
    Key::new(
        "data.binarize",
        OneOf(&["none", "once", "each"]),
        "whether pixels become black or white, by a coin whose chance of white is their brightness: thrown once, or at each read",
    ),
    Key::new(
        "data.fields",
        Names,
        "columns of tables with what they are, where that is not what their values look like: \"age=number\"; \
         category, number, flag, date, text or ignore",
    ),
    Key::or_auto(
        "data.tokenizer",
        OneOf(&["characters", "bpe", "words"]),
        "what a token of a text is; auto: characters of short texts, pieces of longer ones",
    ),
    Key::or_auto(
        "data.vocabulary",
        Whole(5..=65_536),
        "the most tokens of a text's vocabulary; auto: as many as the texts can teach",
    ),
    Key::new(
        "data.validation",
        Real(Excluded(0.0), Excluded(1.0)),
        "the share of the records to validate on, where the files do not say",
    ),
    Key::new(
        "data.test",
        Real(Included(0.0), Excluded(1.0)),
        "the share of the records to test on, where the files do not say",
    ),
    Key::new(
        "data.seed",
        Whole(0..=MANY),
        "the seed of the division, of binarisation and of built-in data",
    ),
    Key::new(
        "data.max_pixels",
        Whole(1..=MANY),
        "the number of pixels above which a picture is refused",
    ),
    Key::new(
        "data.cache_mb",
        Whole(0..=1 << 20),
        "the memory for decoded records, in MiB",
    ),
    Key::new("model.latent", Whole(1..=65_536), "the number of latent units"),
    Key::or_auto(
        "model.likelihood",
        OneOf(&[
            "bernoulli",
            "gaussian",
            "gaussian-per-pixel",
            "discretized-logistic",
        ]),
        "p(x|z,y) of the pictures; auto: from the data",
    ),
    Key::or_auto(
        "model.prior",
        OneOf(&["standard", "learned"]),
        "p(z|y): N(0, I), or learned from what is given; auto: learned where something is given",
    ),
    Key::or_auto(
        "network.kind",
        OneOf(&["dense", "conv"]),
        "the family of networks; auto: from the pictures' size",
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
        "the width of the layer through which a category, flag or number that is modelled sees those before it; \
         0: they are independent, given the latents; auto: 64 where there are several",
    ),
    Key::or_auto(
        "network.text_channels",
        Whole(1..=65_536),
        "the width of the layers of a text's networks; auto: from its vocabulary",
    ),
    Key::or_auto(
        "network.text_layers",
        Whole(1..=32),
        "the convolutions along a text, of the encoder and of the decoder; auto: from its vocabulary",
    ),
    Key::new(
        "network.precision",
        OneOf(&["f32", "bf16"]),
        "what the layers multiply: f32 numbers, or numbers rounded to bf16 (faster where the processor has \
         AVX512-BF16; sums and weights stay f32)",
    ),
    Key::new(
        "network.embedding",
        Whole(1..=65_536),
        "the width of the learned vector of a category, and of the bin of a modelled number",
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
        "the nats of each latent unit that cost nothing; auto: 0.1 where a text is modelled, else 0",
    ),
    Key::new(
        "objective.samples",
        Whole(1..=10_000),
        "the posterior samples of the importance-weighted bound; 1 is the ELBO",
    ),
    Key::or_auto(
        "objective.warmup",
        OneOf(&["none", "linear", "cyclical"]),
        "how beta rises from 0: not, once, or again and again; auto: once where more than whole pictures is modelled",
    ),
    Key::or_auto(
        "objective.warmup_epochs",
        Real(Excluded(0.0), Unbounded),
        "the epochs of that rise, or of a cycle; auto: a quarter of all, at most 10",
    ),
    Key::new(
        "objective.given_dropout",
        Real(Included(0.0), Excluded(1.0)),
        "the chance that a given field is hidden in training, so that it may be left out when sampling",
    ),
    Key::new(
        "objective.word_dropout",
        Real(Included(0.0), Excluded(1.0)),
        "the chance that a text's decoder is not shown a token in training, so that the latents tell more",
    ),
    Key::new(
        "training.epochs",
        Whole(1..=MANY),
        "the number of passes over the training records",
    ),
    Key::or_auto(
        "training.batch",
        Whole(1..=1 << 24),
        "the records of a step; auto: 128, or one in 32 of fewer than 4,096 records, but at least 16",
    ),
    Key::new(
        "training.learning_rate",
        Real(Excluded(0.0), Unbounded),
        "the learning rate of Adam",
    ),
    Key::new(
        "training.schedule",
        OneOf(&["constant", "cosine", "step"]),
        "how the learning rate changes",
    ),
    Key::new(
        "training.milestones",
        Wholes(1..=MANY),
        "the epochs after which the rate drops (`step` only), ascending",
    ),
    Key::new(
        "training.decay",
        Real(Excluded(0.0), Included(1.0)),
        "the factor of each drop (`step` only)",
    ),
    Key::new(
        "training.lr_warmup_steps",
        Whole(0..=MANY),
        "the steps over which the learning rate rises at the start",
    ),
    Key::new(
        "training.weight_decay",
        Real(Included(0.0), Unbounded),
        "the L2 penalty, added to the gradient times the weight",
    ),
    Key::new(
        "training.clip_norm",
        Real(Included(0.0), Unbounded),
        "the largest norm of a gradient that is applied; 0: any",
    ),
    Key::new(
        "training.patience",
        Whole(0..=MANY),
        "the epochs without improvement, once beta has risen, after which training stops; 0: none",
    ),
    Key::new(
        "training.seed",
        Whole(0..=MANY),
        "the seed of weights, order and noise",
    ),
    Key::new(
        "training.threads",
        Whole(0..=1024),
        "the number of threads, which changes no result; 0: one for each core",
    ),
    Key::new(
        "training.device",
        Text,
        "what computes: `cpu`, or `cuda`, `metal`, `vulkan`, `webgpu` of a build that has it; `cuda:1` is the second",
    ),
];

#[cfg(test)]
mod tests;
