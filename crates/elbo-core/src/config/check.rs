//! Every setting is checked here, once: what passes can be built, what fails says why.

use super::{FieldKind, FieldSpec, ImageShape, ModelConfig, NetworkConfig, NetworkKind, PriorKind};
use crate::CoreError;
use crate::distribution::tokens::UNKNOWN;
use crate::field::text::TextShape;

/// Widest layer that is built: a config file asking for more is a mistake or an attack.
const MAX_WIDTH: usize = 65_536;
/// Most layers of one kind.
const MAX_LAYERS: usize = 32;
/// Most values in an image.
const MAX_IMAGE: usize = 1 << 24;
/// Most values in one layer's output for one image: 1 GiB of f32.
const MAX_ACTIVATIONS: usize = 1 << 28;
/// Most weights of a model: 4 GiB of f32, before the optimiser's two moments.
const MAX_WEIGHTS: u128 = 1 << 30;
/// Tokens of every vocabulary that stand for no text: padding, begin, end and unknown.
const SPECIAL_TOKENS: usize = UNKNOWN as usize + 1;

impl ModelConfig {
    /// Checks every setting, so that building the model cannot fail.
    ///
    /// # Errors
    /// The first setting that no model can be built from.
    pub fn check(&self) -> Result<(), CoreError> {
        check_width("latent", self.latent)?;
        self.network.check()?;
        if self.x.is_empty() {
            return Err(CoreError::setting(
                "x",
                format_args!("[]"),
                "a model needs a field to model",
            ));
        }
        let mut fields = self.x.iter().chain(&self.y);
        fields.try_for_each(|field| self.network.check_field(field))?;
        self.x.iter().try_for_each(check_modelled)?;
        if self.prior == PriorKind::Learned && self.y.is_empty() {
            let reason = "it is learned from what is given, and nothing is given";
            return Err(CoreError::setting("prior", "learned", reason));
        }
        self.check_size()
    }

    fn check_size(&self) -> Result<(), CoreError> {
        let weights = self.weights();
        if weights <= MAX_WEIGHTS {
            return Ok(());
        }
        let million = |n: u128| n / 1_000_000;
        let reason = format!(
            "the model would have {} million weights, at most {} million are built",
            million(weights),
            million(MAX_WEIGHTS)
        );
        Err(CoreError::setting("network.hidden", &self.network.hidden, reason))
    }
}

impl NetworkConfig {
    fn check(&self) -> Result<(), CoreError> {
        check_widths("network.hidden", &self.hidden)?;
        check_widths("network.channels", &self.channels)?;
        check_width("network.embedding", self.embedding)?;
        if self.chain > 0 {
            check_width("network.chain", self.chain)?;
        }
        if self.residual_blocks > MAX_LAYERS {
            let reason = format!("at most {MAX_LAYERS}");
            return Err(CoreError::setting(
                "network.residual_blocks",
                self.residual_blocks,
                reason,
            ));
        }
        if self.kind == NetworkKind::Conv && self.channels.is_empty() {
            let reason = "a convolutional network needs a layer";
            return Err(CoreError::setting("network.channels", &self.channels, reason));
        }
        Ok(())
    }

    /// Whether a field of this kind can be built, modelled or given.
    fn check_field(&self, field: &FieldSpec) -> Result<(), CoreError> {
        match &field.kind {
            FieldKind::Image { shape, .. } => self.check_image(field, shape),
            FieldKind::Text(shape) => check_text(field, shape),
            FieldKind::Category { levels: 0 } => Err(CoreError::setting(
                &field.name,
                format_args!("0 levels"),
                "a category needs a level",
            )),
            FieldKind::Category { levels } => check_levels(field, *levels),
            FieldKind::Number { log_widths } => check_levels(field, log_widths.len()),
            FieldKind::Flag { .. } => Ok(()),
        }
    }

    fn check_image(&self, field: &FieldSpec, shape: &ImageShape) -> Result<(), CoreError> {
        let ImageShape {
            height,
            width,
            channels,
        } = shape;
        if shape.is_empty() || shape.len() > MAX_IMAGE || !matches!(channels, 1 | 3 | 4) {
            let reason = format!("images have 1, 3 or 4 channels and at most {MAX_IMAGE} values");
            return Err(CoreError::setting(
                &field.name,
                format_args!("{height}×{width}×{channels}"),
                reason,
            ));
        }
        match self.kind {
            NetworkKind::Dense => Ok(()),
            NetworkKind::Conv => self.check_strides(shape),
        }
    }

    /// Whether the image survives all halvings, and no layer's output is enormous.
    fn check_strides(&self, shape: &ImageShape) -> Result<(), CoreError> {
        let depth = self.channels.len();
        let refuse = |reason| Err(CoreError::setting("network.channels", &self.channels, reason));
        if shape.height.min(shape.width) >> depth == 0 {
            return refuse(format!(
                "{depth} strided layers need images of at least {0}×{0} pixels, these are {1}×{2}",
                1_u64 << depth,
                shape.height,
                shape.width
            ));
        }
        let outputs = self.channels.iter().zip(1..);
        let values =
            outputs.map(|(channels, level)| (shape.height >> level) * (shape.width >> level) * channels);
        match values.max().filter(|values| *values > MAX_ACTIVATIONS) {
            Some(values) => refuse(format!(
                "a layer would make {values} values of one image, at most {MAX_ACTIVATIONS}"
            )),
            None => Ok(()),
        }
    }
}

/// Whether a field that is modelled has anything to be scored.
fn check_modelled(field: &FieldSpec) -> Result<(), CoreError> {
    match &field.kind {
        FieldKind::Number { log_widths } if log_widths.is_empty() => Err(CoreError::setting(
            &field.name,
            format_args!("0 bins"),
            "a number that is modelled needs a bin",
        )),
        FieldKind::Number { log_widths } if log_widths.iter().any(|width| !width.is_finite()) => Err(
            CoreError::setting(&field.name, format_args!("{log_widths:?}"), "a bin needs a width"),
        ),
        _ => Ok(()),
    }
}

fn check_levels(field: &FieldSpec, levels: usize) -> Result<(), CoreError> {
    if levels > MAX_WIDTH {
        return Err(CoreError::setting(
            &field.name,
            format_args!("{levels} levels"),
            format!("at most {MAX_WIDTH}"),
        ));
    }
    Ok(())
}

fn check_text(field: &FieldSpec, shape: &TextShape) -> Result<(), CoreError> {
    let TextShape {
        vocabulary,
        channels,
        layers,
    } = *shape;
    if vocabulary <= SPECIAL_TOKENS || vocabulary > MAX_WIDTH {
        return Err(CoreError::setting(
            &field.name,
            format_args!("{vocabulary} tokens"),
            format!("a vocabulary has more than {SPECIAL_TOKENS} tokens and at most {MAX_WIDTH}"),
        ));
    }
    check_width(&field.name, channels)?;
    check_widths(&field.name, &vec![channels; layers.max(1)])
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
        let layers = format_args!("{} layers", widths.len());
        return Err(CoreError::setting(
            name,
            layers,
            format!("at most {MAX_LAYERS} layers"),
        ));
    }
    widths.iter().try_for_each(|width| check_width(name, *width))
}

#[cfg(test)]
mod tests {
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

    fn number(log_widths: Vec<f32>) -> FieldSpec {
        FieldSpec {
            name: "age".into(),
            kind: FieldKind::Number { log_widths },
        }
    }

    #[test]
    fn a_number_needs_bins_to_be_modelled_but_not_to_be_given() {
        assert_eq!(
            refusal(|c| c.x.push(number(vec![]))),
            "`age = 0 bins` is not possible: a number that is modelled needs a bin"
        );
        assert!(refusal(|c| c.x.push(number(vec![f32::NAN]))).contains("a bin needs a width"));
        let mut config = good();
        config.y.push(number(vec![]));
        config.x.push(number(vec![0.0, 1.0]));
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
        assert!(
            refusal(|c| c.network.channels = vec![1; 32]).contains("at least 4294967296×4294967296 pixels")
        );
    }

    #[test]
    fn layers_make_a_sensible_number_of_values() {
        // 2048 · 2048 · 65 = 272,629,760 > 2^28
        assert_eq!(
            refusal(|c| {
                c.x = vec![image(4096, 4096, 1)];
                c.network.channels = vec![65, 1];
            }),
            "`network.channels = [65, 1]` is not possible: a layer would make 272629760 values of one image, \
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
            .contains("million weights")
        );
        assert!(refusal(|c| c.y = vec![category(usize::MAX)]).contains("at most 65536"));
    }
}
