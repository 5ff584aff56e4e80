//! Every setting is checked here, once: a model can be built from settings that pass; an error gives the
//! reason.

use super::kind::counted;
use super::{
    FieldKind, FieldSpec, ImageShape, ModelConfig, NetworkConfig, NetworkKind, NumberBin, PriorKind,
    TextShape,
};
use crate::CoreError;
use crate::distribution::tokens::UNKNOWN;

/// Widest layer that is built: a config file asking for more is a mistake or an attack.
const MAX_WIDTH: usize = 65_536;
/// Most components of a mixture, and most ramps over a number's range.
const MAX_PARTS: usize = 256;
/// Most layers of one kind.
const MAX_LAYERS: usize = 32;
/// Most values in an image.
const MAX_IMAGE: usize = 1 << 24;
/// Most values in one layer's output for one image: 1 GiB of f32.
const MAX_ACTIVATIONS: usize = 1 << 28;
/// Most weights of a model: 4 GiB of f32, before the optimiser's two moments.
const MAX_WEIGHTS: u128 = 1 << 30;
/// Tokens of every vocabulary that are not part of a text: padding, begin, end and unknown.
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
        if self.prior == PriorKind::Mixture && self.y.iter().any(|field| !self.x.contains(field)) {
            let reason = "it is the prior of records of which nothing is given, and a field is always given";
            return Err(CoreError::setting("prior", "mixture", reason));
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
        let fits = |smaller: fn(&mut Self)| {
            let mut other = self.clone();
            smaller(&mut other);
            other.weights() <= MAX_WEIGHTS
        };
        let (network, latent) = (&self.network, self.latent);
        // The setting that alone makes it too large, if there is one.
        Err(match () {
            () if fits(|other| other.network.chain = 0) => {
                CoreError::setting("network.chain", network.chain, reason)
            }
            () if fits(|other| other.network.embedding = 1) => {
                CoreError::setting("network.embedding", network.embedding, reason)
            }
            () if fits(|other| other.latent = 1) => CoreError::setting("latent", latent, reason),
            () if fits(|other| other.network.channels.fill(1)) => {
                CoreError::setting("network.channels", &network.channels, reason)
            }
            () => CoreError::setting("network.hidden", &network.hidden, reason),
        })
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
        check_few("network.components", self.components, 1)?;
        check_few("network.number_steps", self.number_steps, 0)?;
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

    /// Whether networks for this field can be built, modelled or given.
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
            kind @ FieldKind::Number { .. } => check_levels(field, kind.levels()),
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

    /// Whether all strided layers leave a pixel of the image, and no layer's output is enormous.
    fn check_strides(&self, shape: &ImageShape) -> Result<(), CoreError> {
        let depth = self.channels.len();
        let refuse = |reason| Err(CoreError::setting("network.channels", &self.channels, reason));
        if shape.height.min(shape.width) >> depth == 0 {
            let verb = if depth == 1 { "needs" } else { "need" };
            return refuse(format!(
                "{3} {verb} images of at least {0}×{0} pixels, these are {1}×{2}",
                1_u64 << depth,
                shape.height,
                shape.width,
                counted(depth, "strided layer")
            ));
        }
        let outputs = self.channels.iter().zip(1..);
        let values =
            outputs.map(|(channels, level)| (shape.height >> level) * (shape.width >> level) * channels);
        match values.max().filter(|values| *values > MAX_ACTIVATIONS) {
            Some(values) => refuse(format!(
                "a layer would output {values} values for one image, at most {MAX_ACTIVATIONS}"
            )),
            None => Ok(()),
        }
    }
}

/// Whether networks can be told of a bin.
fn sound(bin: &NumberBin) -> bool {
    (0.0..=1.0).contains(&bin.share) && bin.centre.is_finite()
}

/// Whether a likelihood of this modelled field exists.
fn check_modelled(field: &FieldSpec) -> Result<(), CoreError> {
    match &field.kind {
        FieldKind::Number { bins, .. } if bins.is_empty() => Err(CoreError::setting(
            &field.name,
            format_args!("0 bins"),
            "a number that is modelled needs a bin",
        )),
        FieldKind::Number { bins, .. } if !bins.iter().all(sound) => Err(CoreError::setting(
            &field.name,
            format_args!("{bins:?}"),
            "a bin needs a share from 0 to 1, and a centre",
        )),
        FieldKind::Number { .. }
        | FieldKind::Image { .. }
        | FieldKind::Text(_)
        | FieldKind::Category { .. }
        | FieldKind::Flag { .. } => Ok(()),
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
            format_args!("{}", counted(vocabulary, "token")),
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

/// Whether there are from `least` to [`MAX_PARTS`] of something.
fn check_few(name: &str, parts: usize, least: usize) -> Result<(), CoreError> {
    match (least..=MAX_PARTS).contains(&parts) {
        true => Ok(()),
        false => Err(CoreError::setting(
            name,
            parts,
            format!("it must be between {least} and {MAX_PARTS}"),
        )),
    }
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
mod tests;
