//! The choices for picture fields: their likelihood, and the form that they share.

use elbo_core::{FieldSpec, ImageLikelihood, ImageShape};
use elbo_data::kind::image::ImageStats;

use elbo_data::{Binarize, ImageSize};

use super::roles::Role;
use super::sections::DataSection;
use super::{RunConfig, place};
use crate::Error;

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
    roles
        .filter_map(|role| Some(shape(role.field.kind.image()?)))
        .collect()
}

/// p(x|z,y) of a picture field: as set for this field, as set for all, or chosen from its values.
pub(super) fn likelihood(
    config: &RunConfig,
    name: &str,
    stats: &ImageStats,
    notes: &mut Vec<String>,
) -> Result<ImageLikelihood, Error> {
    let binarize = config.binarize_of(name);
    let own = config.fields.get(name);
    let own_likelihood = own.and_then(|section| section.likelihood);
    match own_likelihood.or(config.model.likelihood) {
        Some(likelihood) if binarize != Binarize::None && likelihood != ImageLikelihood::Bernoulli => {
            let own_binarize = own.is_some_and(|section| section.binarize.is_some());
            Err(Error::Conflict {
                first: effective(own_binarize, name, "binarize", "data.binarize"),
                second: effective(own_likelihood.is_some(), name, "likelihood", "model.likelihood"),
                reason: "black and white pixels need the likelihood `bernoulli`",
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

/// The setting that holds for a field: its own, or the one for all fields.
fn effective(own: bool, name: &str, key: &str, for_all: &str) -> String {
    match own {
        true => place::setting(name, key),
        false => for_all.to_owned(),
    }
}

/// The likelihood that suits these pixels, and why.
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
                   `model.likelihood = \"discretized-logistic\"` scores their 256 levels instead";
        (ImageLikelihood::Bernoulli, why)
    } else {
        (
            ImageLikelihood::DiscretizedLogistic,
            "the discretised logistic: its pixels are 8-bit colour",
        )
    }
}

/// The likelihood to save for all pictures without one of their own: as set, or the chosen one if it was the same for
/// all. Read back, it must give every picture, modelled or given, the likelihood that it has now.
pub(super) fn common_likelihood(
    config: &RunConfig,
    x: &[FieldSpec],
    y: &[FieldSpec],
) -> Option<ImageLikelihood> {
    let chosen = |field: &FieldSpec| {
        let own = config.fields.get(&field.name).and_then(|own| own.likelihood);
        let likelihood = field.kind.image()?.likelihood;
        own.is_none().then_some(likelihood)
    };
    let first = x.iter().find_map(chosen);
    let mut all = x.iter().chain(y).filter_map(chosen);
    let common = first.filter(|first| all.all(|likelihood| likelihood == *first));
    config.model.likelihood.or(common)
}

/// Sets size and channels of the pictures if all picture fields share them, so that later data are brought to the
/// same form.
pub(super) fn set_form(data: &mut DataSection, images: &[ImageShape]) {
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
