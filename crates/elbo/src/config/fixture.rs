//! Schemas and configs that the tests of this crate share.

use elbo_core::schedule::{BetaWarmup, LearningRate};
use elbo_core::{ImageLikelihood, NetworkKind};
use elbo_data::kind::number::{Bin, Grid, Number};
use elbo_data::options::FieldType;
use elbo_data::{Binarize, Schema, TokenizerKind};

use super::{FieldSection, RunConfig};

/// A schema with an `image` of `[height, width, channels]`, a `label` of three levels, a flag
/// `smile`, a number `age` and a `name` that cannot be used.
pub(crate) fn schema([height, width, channels]: [usize; 3], two_valued: bool) -> Schema {
    let image = serde_json::json!({
        "kind": "image", "height": height, "width": width, "channels": channels,
        "two_valued": two_valued, "min": 0, "max": 255, "mean": 33.5, "seen": 9,
    });
    let of = |name: &str, mut field: serde_json::Value| {
        field["name"] = name.into();
        field["missing"] = 0.into();
        field["records"] = 9.into();
        field
    };
    let fields = [
        of("image", image),
        of(
            "label",
            serde_json::json!({ "kind": "category", "levels": ["a", "b", "c"], "counts": [3, 3, 3] }),
        ),
        of(
            "smile",
            serde_json::json!({ "kind": "flag", "counts": [4, 5], "spelling": "boolean" }),
        ),
        of(
            "age",
            serde_json::json!({ "kind": "number", "mean": 40.5, "std": 10.25, "min": 18.0, "max": 91.0, "integer": true,
                "grid": { "decimals": 0, "step": 1, "offset": 0 }, "bins": [{ "low": 18.0, "high": 40.0, "count": 4 }, { "low": 41.0, "high": 91.0, "count": 5 }] }),
        ),
        of(
            "name",
            serde_json::json!({ "kind": "ignored", "reason": "every record has another value" }),
        ),
    ];
    serde_json::from_value(serde_json::json!({ "version": 3, "fields": fields })).unwrap()
}

/// The whole numbers from 0 to 99 in this many bins of equal width.
pub(crate) fn hundred_numbers(bins: u32) -> Number {
    let width = 100 / bins;
    let bin = |place: u32| Bin {
        low: f64::from(place * width),
        high: f64::from((place + 1) * width - 1),
        count: 10,
    };
    Number {
        mean: 50.0,
        std: 30.0,
        none_twice: false,
        min: 0.0,
        max: 99.0,
        integer: true,
        grid: Some(Grid {
            decimals: 0,
            step: 1,
            offset: 0,
        }),
        notation: None,
        repeated: Vec::new(),
        spread: 0.0,
        bins: (0..bins).map(bin).collect(),
    }
}

/// A config that leaves no choice to the program.
pub(crate) fn full() -> RunConfig {
    let mut config = RunConfig::default();
    config.data.source = Some("builtin:faces".into());
    config.data.given = vec!["label".into()];
    config.data.model = Some(vec!["image".into()]);
    config.data.size = "28".parse().ok();
    config.data.channels = Some(1);
    config.data.records = Some(100);
    config.data.tokenizer = Some(TokenizerKind::Characters);
    config.data.vocabulary = Some(100);
    config.data.rules = Some(Vec::new());
    config.model.likelihood = Some(ImageLikelihood::Bernoulli);
    config.model.latent = Some(32);
    config.model.prior = Some(elbo_core::PriorKind::Learned);
    config.network.kind = Some(NetworkKind::Dense);
    config.network.hidden = Some(vec![64]);
    config.network.channels = Some(vec![]);
    config.network.chain = Some(0);
    config.network.components = Some(8);
    config.network.number_steps = Some(0);
    config.network.text_channels = Some(8);
    config.network.text_layers = Some(1);
    config.objective.free_bits = Some(0.0);
    config.objective.discrepancy = Some(0.0);
    config.objective.auxiliary = Some(0.0);
    config.objective.warmup = Some(BetaWarmup::None);
    config.objective.warmup_epochs = Some(5.0);
    config.training.batch = Some(64);
    config.training.epochs = Some(20);
    config.training.learning_rate = Some(1e-3);
    config.training.schedule = Some(LearningRate::Constant);
    config.training.lr_warmup_steps = Some(0);
    config.training.patience = Some(0);
    config.training.averaging = Some(0.0);
    config.training.shuffled_fields = Some(0.0);
    config.training.dropout = Some(0.0);
    let image = FieldSection {
        kind: Some(FieldType::Category),
        binarize: Some(Binarize::Once),
        likelihood: Some(ImageLikelihood::Bernoulli),
    };
    config.fields.insert("image".into(), image);
    config
}
