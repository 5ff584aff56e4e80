//! The choices that are made for the user where a setting says `auto`, each with a note.

use elbo_core::field::text::TextShape;
use elbo_core::schedule::BetaWarmup;
use elbo_core::{
    FieldKind, FieldSpec, ImageLikelihood, ImageShape, NetworkConfig, NetworkKind, Precision, PriorKind,
    bf16_is_fast,
};
use elbo_data::kind::image::{Binarize, ImageStats};
use elbo_data::kind::text::Text;
use elbo_data::{ImageSize, Kind};

use super::RunConfig;
use super::roles::Role;
use super::sections::{DataSection, NetworkSection, ObjectiveSection};
use crate::Error;

/// Pictures of at most this many values need no convolutions: 32×32 gray.
const DENSE_VALUES: usize = 1024;
/// Where strided convolutions stop: features of 4×4 still know left from right.
const SMALLEST_SIDE: usize = 4;
/// Channels after the first strided convolution; each later one doubles them.
const FIRST_CHANNELS: usize = 32;
/// Channels beyond which they double no more.
const MOST_CHANNELS: usize = 256;

/// Most epochs of the usual warm-up.
const WARMUP_EPOCHS: f64 = 10.0;
/// Nats of each latent unit that cost nothing where a text is modelled: its decoder could do without latents.
const FREE_BITS: f64 = 0.1;
/// Usual width of the layer between fields.
const CHAIN: usize = 64;
/// Largest vocabulary that counts as one of characters.
const SMALL_VOCABULARY: usize = 512;

/// The least and the most records of a step, where there are that many.
const BATCH: [usize; 2] = [16, 128];
/// Steps of an epoch that there should be.
const STEPS: usize = 32;

/// The records of a step: as set, or the usual number, of `records` to train on.
pub(super) fn batch(set: Option<usize>, records: usize) -> Result<usize, Error> {
    match set {
        Some(batch) if batch > records => Err(Error::BatchTooLarge {
            batch: batch as u64,
            records: records as u64,
        }),
        Some(batch) => Ok(batch),
        None => Ok((records / STEPS).clamp(BATCH[0], BATCH[1]).min(records)),
    }
}

/// The shape of a picture field.
pub(super) fn shape(stats: &ImageStats) -> ImageShape {
    ImageShape {
        height: stats.height,
        width: stats.width,
        channels: stats.channels,
    }
}

/// The shapes of the picture fields.
pub(super) fn images<'a>(roles: impl Iterator<Item = &'a Role<'a>>) -> Vec<ImageShape> {
    let shape = |role: &Role| match &role.field.kind {
        Kind::Image(stats) => Some(shape(stats)),
        _ => None,
    };
    roles.filter_map(shape).collect()
}

/// What keeps the latents in use while the rest of the model learns faster than they do.
pub(super) struct Guards {
    pub(super) warmup: BetaWarmup,
    pub(super) warmup_epochs: f64,
    pub(super) free_bits: f64,
}

/// The guards against unused latents: as set, or those that what is modelled needs. Whole pictures use latents of
/// themselves, the rest of a picture is told well by the part that is given; the importance-weighted bound has no
/// rate to weigh, but free bits.
pub(super) fn guards(section: &ObjectiveSection, modelled: &[FieldSpec], epochs: u64) -> Guards {
    let is = |kind: fn(&FieldKind) -> bool| modelled.iter().any(|field| kind(&field.kind));
    let rising = section.samples == 1 && !modelled.iter().all(|field| is_whole_picture(&field.kind));
    let text = is(|kind| matches!(kind, FieldKind::Text(_)));
    let usual = if rising {
        BetaWarmup::Linear
    } else {
        BetaWarmup::None
    };
    Guards {
        warmup: section.warmup.unwrap_or(usual),
        warmup_epochs: section
            .warmup_epochs
            .unwrap_or((epochs as f64 / 4.0).min(WARMUP_EPOCHS)),
        free_bits: section.free_bits.unwrap_or(if text { FREE_BITS } else { 0.0 }),
    }
}

fn is_whole_picture(kind: &FieldKind) -> bool {
    matches!(kind, FieldKind::Image { region, .. } if region.is_whole())
}

/// The width of the layer through which fields with levels see one another: as set, or the usual where there are
/// several.
pub(super) fn chain(section: &NetworkSection, modelled: &[FieldSpec]) -> usize {
    let with_levels = modelled.iter().filter(|field| field.kind.levels() > 0).count();
    section.chain.unwrap_or(if with_levels > 1 { CHAIN } else { 0 })
}

/// The networks of a text field: as set, or those that its vocabulary asks for.
pub(super) fn text(section: &NetworkSection, text: &Text) -> TextShape {
    let vocabulary = text.tokenizer.size();
    let small = vocabulary <= SMALL_VOCABULARY;
    TextShape {
        vocabulary,
        channels: section.text_channels.unwrap_or(if small { 64 } else { 128 }),
        layers: section.text_layers.unwrap_or(if small { 4 } else { 3 }),
    }
}

/// p(x|z,y) of a picture field: as set, or the one that suits its values.
pub(super) fn likelihood(
    config: &RunConfig,
    name: &str,
    stats: &ImageStats,
    notes: &mut Vec<String>,
) -> Result<ImageLikelihood, Error> {
    let binarize = config.data.binarize;
    match config.model.likelihood {
        Some(likelihood) if binarize != Binarize::None && likelihood != ImageLikelihood::Bernoulli => {
            Err(Error::Conflict {
                first: "data.binarize".to_owned(),
                second: "model.likelihood".to_owned(),
                reason: "pixels that are black or white are scored by `bernoulli`",
            })
        }
        Some(likelihood) => Ok(likelihood),
        None => {
            let (likelihood, why) = suited(stats, binarize);
            notes.push(format!("`{name}` is scored by {why}"));
            Ok(likelihood)
        }
    }
}

/// p(z|y): as set, or learned where something is given. Latents often carry some of what is given too;
/// a prior that knows it draws only latents that agree with what was asked for.
pub(super) fn prior(set: Option<PriorKind>, given: &[FieldSpec]) -> PriorKind {
    set.unwrap_or(match given {
        [] => PriorKind::Standard,
        _ => PriorKind::Learned,
    })
}

/// The likelihood that suits pixels of this kind, and why.
fn suited(stats: &ImageStats, binarize: Binarize) -> (ImageLikelihood, &'static str) {
    if binarize != Binarize::None {
        (ImageLikelihood::Bernoulli, "Bernoulli: its pixels are binarised")
    } else if stats.two_valued {
        (
            ImageLikelihood::Bernoulli,
            "Bernoulli: its pixels have two values",
        )
    } else if stats.channels == 1 {
        let why = "Bernoulli: gray pixels count as shares of ink, by the cross-entropy; \
                   `--set model.likelihood=discretized-logistic` scores their 256 levels instead";
        (ImageLikelihood::Bernoulli, why)
    } else {
        (
            ImageLikelihood::DiscretizedLogistic,
            "the discretised logistic: its pixels are 8-bit colour",
        )
    }
}

/// The likelihood that all picture fields share, if they do.
pub(super) fn common_likelihood(fields: &[FieldSpec]) -> Option<ImageLikelihood> {
    let mut likelihoods = fields.iter().filter_map(|field| match field.kind {
        FieldKind::Image { likelihood, .. } => Some(likelihood),
        _ => None,
    });
    let first = likelihoods.next()?;
    likelihoods.all(|likelihood| likelihood == first).then_some(first)
}

/// The networks: as set, or those that suit the largest picture.
pub(super) fn network(
    section: &NetworkSection,
    images: &[ImageShape],
    notes: &mut Vec<String>,
) -> NetworkConfig {
    let largest = images.iter().map(ImageShape::len).max().unwrap_or(0);
    let side = images
        .iter()
        .map(|shape| shape.height.min(shape.width))
        .min()
        .unwrap_or(0);
    let kind = section
        .kind
        .unwrap_or(match largest > DENSE_VALUES && side >= 2 * SMALLEST_SIDE {
            true => NetworkKind::Conv,
            false => NetworkKind::Dense,
        });
    let config = match kind {
        NetworkKind::Dense => dense(section, notes),
        NetworkKind::Conv => conv(section, side),
    };
    if section.precision == Precision::Bf16 && !bf16_is_fast() {
        notes.push(
            "this processor has no AVX512-BF16: `network.precision = \"bf16\"` rounds numbers here, and \
             makes nothing faster"
                .to_owned(),
        );
    }
    if section.kind.is_none() {
        notes.push(match kind {
            NetworkKind::Dense => format!("the network is dense, of widths {:?}", config.hidden),
            NetworkKind::Conv => format!(
                "the network is convolutional, of {:?} channels and then widths {:?}",
                config.channels, config.hidden
            ),
        });
    }
    config
}

fn dense(section: &NetworkSection, notes: &mut Vec<String>) -> NetworkConfig {
    if section
        .channels
        .as_ref()
        .is_some_and(|channels| !channels.is_empty())
        || section.residual_blocks > 0
    {
        notes.push(
            "`network.channels` and `network.residual_blocks` change nothing: the network is dense"
                .to_owned(),
        );
    }
    NetworkConfig {
        kind: NetworkKind::Dense,
        hidden: section.hidden.clone().unwrap_or_else(|| vec![512]),
        channels: Vec::new(),
        residual_blocks: 0,
        activation: section.activation,
        embedding: section.embedding,
        chain: section.chain.unwrap_or(0),
        precision: section.precision,
    }
}

fn conv(section: &NetworkSection, side: usize) -> NetworkConfig {
    NetworkConfig {
        kind: NetworkKind::Conv,
        hidden: section.hidden.clone().unwrap_or_else(|| vec![256]),
        channels: section.channels.clone().unwrap_or_else(|| channels(side)),
        residual_blocks: section.residual_blocks,
        activation: section.activation,
        embedding: section.embedding,
        chain: section.chain.unwrap_or(0),
        precision: section.precision,
    }
}

/// Doubling channels while halving the side, to features of 4 to 7 pixels a side.
fn channels(side: usize) -> Vec<usize> {
    let halvings = (side / SMALLEST_SIDE).max(2).ilog2();
    (0..halvings)
        .map(|layer| (FIRST_CHANNELS << layer.min(16)).min(MOST_CHANNELS))
        .collect()
}

/// Size and channels of the pictures, where one size fits all picture fields, so that later data
/// are brought to it too.
pub(super) fn picture_form(data: &mut DataSection, images: &[ImageShape]) {
    let Some(first) = images
        .first()
        .filter(|first| images.iter().all(|shape| shape == *first))
    else {
        return;
    };
    data.size.get_or_insert(ImageSize {
        height: first.height,
        width: first.width,
    });
    data.channels.get_or_insert(first.channels as u8);
}

#[cfg(test)]
mod tests {
    use elbo_core::Region;

    use super::*;

    fn gray(side: usize) -> ImageShape {
        ImageShape {
            height: side,
            width: side,
            channels: 1,
        }
    }

    #[test]
    fn channels_double_while_the_side_halves_to_four() {
        // 64 / 2^4 = 4; 128 / 2^5 = 4; 48 / 2^3 = 6; 16 / 2^2 = 4.
        assert_eq!(channels(64), [32, 64, 128, 256]);
        assert_eq!(channels(128), [32, 64, 128, 256, 256]);
        assert_eq!(channels(48), [32, 64, 128]);
        assert_eq!(channels(16), [32, 64]);
        assert_eq!(channels(9), [32]);
    }

    #[test]
    fn small_pictures_are_dense_and_large_ones_convolutional() {
        let kind = |images: &[ImageShape]| network(&NetworkSection::default(), images, &mut Vec::new()).kind;
        // 28² = 784 ≤ 1024 = 32² < 33² = 1089.
        assert_eq!(kind(&[gray(28)]), NetworkKind::Dense);
        assert_eq!(kind(&[gray(32)]), NetworkKind::Dense);
        assert_eq!(kind(&[gray(33)]), NetworkKind::Conv);
        assert_eq!(kind(&[gray(8), gray(64)]), NetworkKind::Conv);
        // A ribbon has no second dimension to convolve over.
        assert_eq!(
            kind(&[ImageShape {
                height: 2,
                width: 4000,
                channels: 1
            }]),
            NetworkKind::Dense
        );
    }

    #[test]
    fn beta_rises_where_more_than_whole_pictures_is_modelled() {
        let warmup = |samples, kinds: &[FieldKind]| {
            let section = ObjectiveSection {
                samples,
                ..Default::default()
            };
            let modelled: Vec<_> = kinds
                .iter()
                .map(|kind| FieldSpec {
                    name: String::new(),
                    kind: kind.clone(),
                })
                .collect();
            guards(&section, &modelled, 20).warmup
        };
        let picture = |region| FieldKind::Image {
            shape: gray(28),
            likelihood: ImageLikelihood::Bernoulli,
            region,
        };
        let whole = picture(Region::Whole);
        assert_eq!(warmup(1, std::slice::from_ref(&whole)), BetaWarmup::None);
        assert_eq!(warmup(1, &[picture(Region::Left)]), BetaWarmup::Linear);
        assert_eq!(
            warmup(1, &[whole, FieldKind::Flag { missing: false }]),
            BetaWarmup::Linear
        );
        assert_eq!(warmup(5, &[picture(Region::Left)]), BetaWarmup::None);
    }

    #[test]
    fn a_dense_network_says_that_it_has_no_channels() {
        let section = NetworkSection {
            kind: Some(NetworkKind::Dense),
            channels: Some(vec![3]),
            ..Default::default()
        };
        let mut notes = Vec::new();
        assert_eq!(network(&section, &[gray(28)], &mut notes).channels, [0usize; 0]);
        assert_eq!(notes.len(), 1);
    }
}
