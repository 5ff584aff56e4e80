//! The choices that replace `auto`, each with a note to the user.

use elbo_core::TextShape;
use elbo_core::schedule::BetaWarmup;
use elbo_core::{
    FieldKind, FieldSpec, ImageShape, NetworkConfig, NetworkKind, Precision, PriorKind, bf16_is_fast,
};
use elbo_data::kind::text::Text;

use super::plan::Scale;
use super::sections::{NetworkSection, ObjectiveSection};

/// Pictures of at most this many values need no convolutions: 32×32 gray.
const DENSE_VALUES: usize = 1024;
/// Smallest side of the features of strided convolutions: at 4×4 they still have positions.
const SMALLEST_SIDE: usize = 4;
/// Channels after the first strided convolution; each later one doubles them.
const FIRST_CHANNELS: usize = 32;
/// Largest number of channels; they no longer double beyond it.
const MOST_CHANNELS: usize = 256;

/// Most epochs of the usual warm-up.
const WARMUP_EPOCHS: f64 = 10.0;
/// Rate that is free of cost, in nats for each latent unit, if a text is modelled: its decoder is autoregressive and
/// could do without latents.
const FREE_BITS: f64 = 0.1;
/// Rate of all latents together that is free of cost in a table, whose fields predict one another.
const TABLE_NATS: f64 = 3.0;
/// Weight of the discrepancy there. On 4,800 wines (`docs/tables.md`) the C2ST is 0.616 without it, 0.609 at 30, 0.585 at
/// this and 0.580 without free nats.
const TABLE_DISCREPANCY: f64 = 300.0;
/// Weight of the auxiliary decoder there. A larger one makes better embeddings and worse samples (`docs/tables.md`).
const TABLE_AUXILIARY: f64 = 0.1;
/// Largest vocabulary that counts as one of characters.
const SMALL_VOCABULARY: usize = 512;

/// The smallest and the largest usual batch.
const BATCH: [usize; 2] = [16, 128];
/// Usual steps of an epoch, within the limits of the batch.
const STEPS: usize = 32;

/// The number of records in a step: as set, or chosen from the number of `records` to train on.
pub(super) fn batch(set: Option<usize>, scale: Scale, notes: &mut Vec<String>) -> usize {
    let records = scale.records;
    match set {
        Some(batch) if batch > records => {
            notes.push(format!(
                "a step takes all {records} records to train on, not `training.batch = {batch}`"
            ));
            records
        }
        Some(batch) => batch,
        None => scale
            .batch()
            .unwrap_or((records / STEPS).clamp(BATCH[0], BATCH[1]).min(records)),
    }
}

/// The settings that keep the latents in use at the start, when the rest of the model learns faster than they do.
pub(super) struct Guards {
    pub(super) warmup: BetaWarmup,
    pub(super) warmup_epochs: f64,
    pub(super) free_bits: f64,
    pub(super) discrepancy: f64,
    pub(super) auxiliary: f64,
}

/// The guards against unused latents: as set, or chosen from the modelled fields. A model of whole pictures uses its
/// latents without them. Other fields can be predicted from one another, or from the given part of a picture, so that
/// a model could ignore its latents. The importance-weighted bound has free bits, but no rate for β to weigh.
pub(super) fn guards(
    section: &ObjectiveSection,
    (modelled, given): (&[FieldSpec], &[FieldSpec]),
    (scale, latent): (Scale, usize),
    epochs: u64,
) -> Guards {
    let all = |holds: fn(&FieldKind) -> bool| modelled.iter().all(|field| holds(&field.kind));
    // Where a field is always given, free nats would go to what a record lacks, which p(z|y) cannot know.
    let table = is_open_table(scale, (modelled, given));
    let rising = section.samples == 1 && !table && !all(is_whole_picture);
    let text = modelled.iter().any(|field| field.kind.text().is_some());
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
        free_bits: section.free_bits.unwrap_or(match (table, text) {
            (true, _) => TABLE_NATS / latent as f64,
            (false, true) => FREE_BITS,
            (false, false) => 0.0,
        }),
        discrepancy: section
            .discrepancy
            .unwrap_or(if table { TABLE_DISCREPANCY } else { 0.0 }),
        auxiliary: section
            .auxiliary
            .unwrap_or(if table { TABLE_AUXILIARY } else { 0.0 }),
    }
}

fn is_whole_picture(kind: &FieldKind) -> bool {
    kind.image().is_some_and(|image| image.region.is_whole())
}

/// The networks of a text field: as set, or chosen from the size of its vocabulary.
pub(super) fn text(section: &NetworkSection, text: &Text) -> TextShape {
    let vocabulary = text.tokenizer.size();
    let small = vocabulary <= SMALL_VOCABULARY;
    TextShape {
        vocabulary,
        channels: section.text_channels.unwrap_or(if small { 64 } else { 128 }),
        layers: section.text_layers.unwrap_or(if small { 4 } else { 3 }),
    }
}

/// p(z|y): as set, or learned if any field is given. Latents often carry information about the given fields too;
/// a learned prior samples only latents that agree with them. In a table in which nothing need be given it is a mixture
/// in the end: the rows that are unlike most others have latents that N(0, I) hardly ever draws.
pub(super) fn prior(
    set: Option<PriorKind>,
    (modelled, given): (&[FieldSpec], &[FieldSpec]),
    scale: Scale,
) -> PriorKind {
    set.unwrap_or(match given {
        given if is_open_table(scale, (modelled, given)) => PriorKind::Mixture,
        [] => PriorKind::Standard,
        _ => PriorKind::Learned,
    })
}

/// Whether records are rows of a table in which no field is always given.
fn is_open_table(scale: Scale, (modelled, given): (&[FieldSpec], &[FieldSpec])) -> bool {
    scale.table && given.iter().all(|field| modelled.contains(field))
}

/// The networks: as set, or chosen from the largest picture.
pub(super) fn network(
    section: &NetworkSection,
    images: &[ImageShape],
    scale: Scale,
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
        NetworkKind::Dense => dense(section, scale, notes),
        NetworkKind::Conv => conv(section, side),
    };
    if section.precision == Precision::Bf16 && !bf16_is_fast() {
        notes.push(
            "this processor has no AVX512-BF16: here `bf16` rounds numbers without making anything faster"
                .to_owned(),
        );
    }
    if section.kind.is_none() {
        notes.push(match kind {
            NetworkKind::Dense => format!("the network is dense, with widths {:?}", config.hidden),
            NetworkKind::Conv => format!(
                "the network is convolutional, with {:?} channels and then widths {:?}",
                config.channels, config.hidden
            ),
        });
    }
    config
}

fn dense(section: &NetworkSection, scale: Scale, notes: &mut Vec<String>) -> NetworkConfig {
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
        hidden: section
            .hidden
            .clone()
            .or_else(|| scale.hidden())
            .unwrap_or_else(|| vec![512]),
        channels: Vec::new(),
        residual_blocks: 0,
        activation: section.activation,
        embedding: section.embedding,
        chain: 0,
        components: 1,
        number_steps: 0,
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
        chain: 0,
        components: 1,
        number_steps: 0,
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

#[cfg(test)]
mod tests {
    use elbo_core::{ImageLikelihood, Region};

    use super::*;

    const PICTURES: Scale = Scale {
        table: false,
        tokens: 0.0,
        records: 1000,
    };

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
        let section = NetworkSection::default();
        let kind = |images: &[ImageShape]| network(&section, images, PICTURES, &mut Vec::new()).kind;
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
    fn beta_rises_where_pictures_in_part_or_beside_other_fields_are_modelled() {
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
            let scale = Scale {
                table: kinds.iter().all(|kind| kind.levels() > 0),
                ..PICTURES
            };
            guards(&section, (&modelled, &[]), (scale, 8), 20).warmup
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
        // Of a table's latents some nats are free instead.
        assert_eq!(warmup(1, &[FieldKind::Flag { missing: false }]), BetaWarmup::None);
    }

    #[test]
    fn a_dense_network_notes_that_it_has_no_channels() {
        let section = NetworkSection {
            kind: Some(NetworkKind::Dense),
            channels: Some(vec![3]),
            ..Default::default()
        };
        let mut notes = Vec::new();
        assert_eq!(
            network(&section, &[gray(28)], PICTURES, &mut notes).channels,
            [0usize; 0]
        );
        assert_eq!(notes.len(), 1);
    }
}
