//! Properties of a field's kind.

use super::{FieldKind, ImageSpec, TextShape};

/// The largest number of entries of a number's code ([`code_steps`]). Twice as many made answers noisier.
const MAX_CODE_STEPS: usize = 64;

/// Number of entries of the code of a number with `levels` bins: one for each step from bin to bin, up to a
/// limit.
pub(crate) fn code_steps(levels: usize) -> usize {
    levels.saturating_sub(1).min(MAX_CODE_STEPS)
}

/// A number of things, as in "1 level" and "2 levels".
pub(super) fn counted(n: usize, thing: &str) -> String {
    format!("{n} {thing}{}", if n == 1 { "" } else { "s" })
}

impl FieldKind {
    /// The kind's name in messages.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Image { .. } => "image",
            Self::Text(_) => "text",
            Self::Category { .. } => "category",
            Self::Flag { .. } => "flag",
            Self::Number { .. } => "number",
        }
    }

    /// The settings of an image; none for any other kind.
    pub fn image(&self) -> Option<ImageSpec> {
        match self {
            Self::Image {
                shape,
                likelihood,
                region,
            } => Some(ImageSpec {
                shape: *shape,
                likelihood: *likelihood,
                region: *region,
            }),
            Self::Text(_) | Self::Category { .. } | Self::Flag { .. } | Self::Number { .. } => None,
        }
    }

    /// The settings of a text; none for any other kind.
    pub fn text(&self) -> Option<&TextShape> {
        match self {
            Self::Text(shape) => Some(shape),
            Self::Image { .. } | Self::Category { .. } | Self::Flag { .. } | Self::Number { .. } => None,
        }
    }

    /// Number of levels of its categorical distribution; 0 for an image or a text, which have none.
    pub fn levels(&self) -> usize {
        match self {
            Self::Image { .. } | Self::Text(_) => 0,
            Self::Category { levels } => *levels,
            Self::Flag { missing } => 2 + usize::from(*missing),
            Self::Number { bins, .. } if bins.is_empty() => 0,
            Self::Number { bins, missing } => bins.len() + usize::from(*missing),
        }
    }

    /// The likelihood of a modelled field of this kind, in words.
    ///
    /// ```
    /// use elbo_core::FieldKind;
    /// let colour = FieldKind::Category { levels: 3 };
    /// assert_eq!(colour.describe_likelihood(), "categorical over 3 levels");
    /// ```
    pub fn describe_likelihood(&self) -> String {
        match self {
            Self::Image {
                likelihood, region, ..
            } => {
                let part = if region.is_whole() { "all" } else { region.name() };
                format!("{likelihood:?}, {part} pixels")
            }
            Self::Text(shape) => {
                format!(
                    "categorical over {}, one by one",
                    counted(shape.vocabulary, "token")
                )
            }
            Self::Number { bins, .. } => {
                format!("mixture of logistics over {}", counted(bins.len(), "bin"))
            }
            Self::Category { .. } | Self::Flag { .. } => {
                format!("categorical over {}", counted(self.levels(), "level"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ImageLikelihood, ImageShape, NumberBin, Region};

    #[test]
    fn each_kind_is_described_by_its_likelihood() {
        let image = |region| FieldKind::Image {
            shape: ImageShape {
                height: 2,
                width: 2,
                channels: 1,
            },
            likelihood: ImageLikelihood::GaussianPerPixel,
            region,
        };
        let text = FieldKind::Text(TextShape {
            vocabulary: 90,
            channels: 4,
            layers: 1,
        });
        let bin = NumberBin {
            share: 1.0,
            centre: 0.0,
            single: false,
        };
        let number = FieldKind::Number {
            bins: vec![bin; 7],
            missing: true,
        };
        for (kind, expected) in [
            (image(Region::Whole), "GaussianPerPixel, all pixels"),
            (image(Region::TopLeft), "GaussianPerPixel, top-left pixels"),
            (text, "categorical over 90 tokens, one by one"),
            (number, "mixture of logistics over 7 bins"),
            (FieldKind::Flag { missing: true }, "categorical over 3 levels"),
            (FieldKind::Category { levels: 1 }, "categorical over 1 level"),
        ] {
            assert_eq!(kind.describe_likelihood(), expected);
        }
    }
}
