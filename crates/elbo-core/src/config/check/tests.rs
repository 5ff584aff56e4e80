//! Settings that no model can be built from, and their errors.

use super::*;
use crate::{Activation, ImageLikelihood, Precision, Region};

fn image(height: usize, width: usize, channels: usize) -> FieldSpec {
    let shape = ImageShape {
        height,
        width,
        channels,
    };
    FieldSpec {
        name: "image".into(),
        kind: FieldKind::Image {
            shape,
            likelihood: ImageLikelihood::Bernoulli,
            region: Region::Whole,
        },
    }
}

fn category(levels: usize) -> FieldSpec {
    FieldSpec {
        name: "label".into(),
        kind: FieldKind::Category { levels },
    }
}

/// A config of a small convolutional CVAE that passes.
fn good() -> ModelConfig {
    ModelConfig {
        x: vec![image(16, 16, 1)],
        y: vec![category(10)],
        latent: 2,
        network: NetworkConfig {
            kind: NetworkKind::Conv,
            hidden: vec![8],
            channels: vec![4, 8],
            residual_blocks: 1,
            activation: Activation::Relu,
            embedding: 4,
            chain: 0,
            components: 8,
            number_steps: 0,
            precision: Precision::F32,
        },
        prior: PriorKind::Learned,
    }
}

/// The message for the good config after one change.
#[track_caller]
fn refusal(change: impl FnOnce(&mut ModelConfig)) -> String {
    let mut config = good();
    change(&mut config);
    config.check().unwrap_err().to_string()
}

#[test]
fn the_config_that_the_others_spoil_is_good() {
    assert_eq!(good().check(), Ok(()));
}

#[test]
fn widths_are_between_one_and_the_limit() {
    let reason = "is not possible: it must be between 1 and 65536";
    assert_eq!(refusal(|c| c.latent = 0), format!("`latent = 0` {reason}"));
    assert_eq!(
        refusal(|c| c.latent = 65_537),
        format!("`latent = 65537` {reason}")
    );
    assert_eq!(
        refusal(|c| c.network.hidden = vec![8, 0]),
        format!("`network.hidden = 0` {reason}")
    );
    assert_eq!(
        refusal(|c| c.network.channels = vec![0]),
        format!("`network.channels = 0` {reason}")
    );
    assert_eq!(
        refusal(|c| c.network.embedding = 0),
        format!("`network.embedding = 0` {reason}")
    );
}

#[test]
fn layers_are_few() {
    assert_eq!(
        refusal(|c| c.network.hidden = vec![1; 33]),
        "`network.hidden = 33 layers` is not possible: at most 32 layers"
    );
    assert_eq!(
        refusal(|c| c.network.channels = vec![1; 33]),
        "`network.channels = 33 layers` is not possible: at most 32 layers"
    );
    assert_eq!(
        refusal(|c| c.network.residual_blocks = 33),
        "`network.residual_blocks = 33` is not possible: at most 32"
    );
}

#[test]
fn something_is_modelled() {
    assert_eq!(
        refusal(|c| c.x.clear()),
        "`x = []` is not possible: a model needs a field to model"
    );
}

/// A number whose bins have these shares.
fn number(shares: &[f32]) -> FieldSpec {
    let bin = |share: &f32| NumberBin {
        share: *share,
        centre: 0.0,
        single: false,
    };
    FieldSpec {
        name: "age".into(),
        kind: FieldKind::Number {
            bins: shares.iter().map(bin).collect(),
            missing: false,
        },
    }
}

#[test]
fn a_number_needs_bins_to_be_modelled_but_not_to_be_given() {
    assert_eq!(
        refusal(|c| c.x.push(number(&[]))),
        "`age = 0 bins` is not possible: a number that is modelled needs a bin"
    );
    assert!(refusal(|c| c.x.push(number(&[f32::NAN]))).contains("a bin needs a share"));
    let mut config = good();
    config.y.push(number(&[]));
    config.x.push(number(&[0.0, 1.0]));
    config.x.push(category(3));
    assert_eq!(config.check(), Ok(()));
}

#[test]
fn a_text_has_tokens_and_layers_that_can_be_built() {
    let text = |vocabulary, channels, layers| FieldSpec {
        name: "text".into(),
        kind: FieldKind::Text(TextShape {
            vocabulary,
            channels,
            layers,
        }),
    };
    assert_eq!(
        refusal(|c| c.x.push(text(4, 8, 1))),
        "`text = 4 tokens` is not possible: a vocabulary has more than 4 tokens and at most 65536"
    );
    assert!(refusal(|c| c.y.push(text(9, 0, 1))).contains("between 1 and 65536"));
    assert!(refusal(|c| c.x.push(text(9, 8, 33))).contains("at most 32 layers"));
    let mut config = good();
    config.x.push(text(9, 8, 2));
    assert_eq!(config.check(), Ok(()));
}

#[test]
fn images_have_a_size_that_can_be_built() {
    let reason = "is not possible: images have 1, 3 or 4 channels and at most 16777216 values";
    assert_eq!(
        refusal(|c| c.x = vec![image(0, 16, 1)]),
        format!("`image = 0×16×1` {reason}")
    );
    assert_eq!(
        refusal(|c| c.x = vec![image(16, 16, 2)]),
        format!("`image = 16×16×2` {reason}")
    );
    assert_eq!(
        refusal(|c| c.x = vec![image(4096, 4097, 1)]),
        format!("`image = 4096×4097×1` {reason}")
    );
    // height · width is 2^64, which wraps to 0
    let side = 1 << 32;
    assert_eq!(
        refusal(|c| c.x = vec![image(side, side, 1)]),
        format!("`image = 4294967296×4294967296×1` {reason}")
    );
}

#[test]
fn images_survive_every_halving() {
    assert_eq!(
        refusal(|c| c.network.channels.clear()),
        "`network.channels = []` is not possible: a convolutional network needs a layer"
    );
    assert_eq!(
        refusal(|c| c.x = vec![image(16, 3, 1)]),
        "`network.channels = [4, 8]` is not possible: 2 strided layers need images of at least 4×4 pixels, \
         these are 16×3"
    );
    // the deepest network allowed: the shift must not overflow
    assert!(refusal(|c| c.network.channels = vec![1; 32]).contains("at least 4294967296×4294967296 pixels"));
}

#[test]
fn layers_make_a_sensible_number_of_values() {
    // 2048 · 2048 · 65 = 272,629,760 > 2^28
    assert_eq!(
        refusal(|c| {
            c.x = vec![image(4096, 4096, 1)];
            c.network.channels = vec![65, 1];
        }),
        "`network.channels = [65, 1]` is not possible: a layer would output 272629760 values for one image, \
         at most 268435456"
    );
}

#[test]
fn a_dense_network_ignores_the_channels() {
    let mut config = good();
    config.network.kind = NetworkKind::Dense;
    config.network.channels = vec![4; 10];
    assert_eq!(config.check(), Ok(()));
}

#[test]
fn conditions_are_small_and_not_empty() {
    assert_eq!(
        refusal(|c| c.y = vec![category(0)]),
        "`label = 0 levels` is not possible: a category needs a level"
    );
    assert!(refusal(|c| c.y = vec![image(2, 2, 1)]).contains("2 strided layers need images"));
}

#[test]
fn a_learned_prior_needs_a_condition() {
    assert_eq!(
        refusal(|c| c.y.clear()),
        "`prior = \"learned\"` is not possible: it is learned from what is given, and nothing is given"
    );
}

#[test]
fn a_mixture_needs_records_of_which_nothing_is_given() {
    assert_eq!(
        refusal(|c| c.prior = PriorKind::Mixture),
        "`prior = \"mixture\"` is not possible: it is the prior of records of which nothing is given, and a field is \
         always given"
    );
    for given in [vec![], vec![category(10)]] {
        let mut config = good();
        config.x.push(category(10));
        (config.y, config.prior) = (given, PriorKind::Mixture);
        config.check().unwrap();
    }
}

#[test]
fn the_model_is_not_enormous() {
    // 2 · 65,536² = 8,590 million weights between the two layers, there and back, and 19 million more
    assert_eq!(
        refusal(|c| c.network.hidden = vec![65_536, 65_536]),
        "`network.hidden = [65536, 65536]` is not possible: the model would have 8609 million weights, \
         at most 1073 million are built"
    );
    // 3 · 3 · 65,536² weights in each convolution of a residual block
    assert!(
        refusal(|c| {
            c.network.channels = vec![65_536];
            c.x = vec![image(2, 2, 1)];
        })
        .starts_with("`network.channels = [65536]` is not possible: the model would have")
    );
    let chain = refusal(|c| {
        c.network.chain = 65_536;
        c.x = vec![category(255)];
    });
    assert!(
        chain.starts_with("`network.chain = 65536` is not possible"),
        "{chain}"
    );
    assert!(refusal(|c| c.y = vec![category(usize::MAX)]).contains("at most 65536"));
}
