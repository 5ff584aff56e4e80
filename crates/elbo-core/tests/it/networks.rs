//! Every kind of network, at sizes that do not divide evenly: shapes, finite terms, and a gradient
//! for every weight.

use elbo_core::decoder::FieldDistribution;
use elbo_core::{
    FieldKind, Fields, ImageLikelihood, ImageShape, ModelConfig, NetworkConfig, NetworkKind, Objective,
    PriorKind, Region,
};

use crate::models::{Records, build, conditional, eps, gradients, images, plain, spec};
use crate::testing::{tensor, uniform, values};

pub(crate) const LIKELIHOODS: [ImageLikelihood; 4] = [
    ImageLikelihood::Bernoulli,
    ImageLikelihood::Gaussian,
    ImageLikelihood::GaussianPerPixel,
    ImageLikelihood::DiscretizedLogistic,
];

pub(crate) fn convolutional(
    shape: ImageShape,
    likelihood: ImageLikelihood,
    residual_blocks: usize,
) -> ModelConfig {
    let network = NetworkConfig {
        kind: NetworkKind::Conv,
        hidden: vec![6],
        channels: vec![3, 4],
        residual_blocks,
        ..plain().network
    };
    ModelConfig {
        x: vec![spec(
            "image",
            FieldKind::Image {
                shape,
                likelihood,
                region: Region::Whole,
            },
        )],
        network,
        ..plain()
    }
}

/// Levels of 8-bit pixels.
pub(crate) fn pictures(shape: ImageShape, batch: usize) -> Fields {
    let levels = uniform(1, batch * shape.len())
        .into_iter()
        .map(|u| (u * 255.0).round() / 255.0);
    images(tensor(levels.collect::<Vec<_>>(), [batch, shape.len()]))
}

#[test]
fn a_picture_comes_back_in_its_own_size() {
    let sizes = [(16, 16), (17, 16), (16, 19), (21, 40), (39, 23), (40, 33)];
    for (index, (height, width)) in sizes.into_iter().enumerate() {
        for channels in [1, 3, 4] {
            let shape = ImageShape {
                height,
                width,
                channels,
            };
            let likelihood = LIKELIHOODS[(index + channels) % 4];
            let model = build(&convolutional(shape, likelihood, index % 3), 1);
            let x = pictures(shape, 2);
            let elbo = model.elbo(&x, &Fields::none(), eps(1, 2, 2));
            assert_eq!((elbo.distortion.dims(), elbo.rate_per_unit.dims()), ([2], [2, 2]));
            assert!(
                values(&elbo.value()).iter().all(|elbo| elbo.is_finite()),
                "{shape:?} {likelihood:?}"
            );
            let FieldDistribution::Image { image: p, .. } =
                &model.likelihood(eps(1, 2, 2), &Fields::none()).fields[0]
            else {
                panic!("an image")
            };
            assert_eq!(p.mean().dims(), [2, shape.len()], "{shape:?} {likelihood:?}");
        }
    }
}

#[test]
fn every_weight_of_every_likelihood_has_a_gradient() {
    let shape = ImageShape {
        height: 9,
        width: 6,
        channels: 3,
    };
    for likelihood in LIKELIHOODS {
        let model = build(&convolutional(shape, likelihood, 1), 2);
        let x = pictures(shape, 3);
        check_gradients(&model, &x, &Fields::none(), Objective::default());
    }
}

#[test]
fn every_weight_of_a_conditional_model_has_a_gradient() {
    let model = build(&conditional(), 3);
    let mut records = Records::random(8, 3);
    // Every level, and a missing one for the last row of the table.
    for (row, condition) in records.conditions.iter_mut().enumerate() {
        condition.0 = row as i32 % 4;
    }
    records.observed[7] = [0.0; 3];
    for samples in [1, 3] {
        check_gradients(
            &model,
            &records.x(),
            &records.y(),
            Objective {
                samples,
                ..Objective::default()
            },
        );
    }
}

#[test]
fn without_distortion_the_decoder_learns_nothing() {
    let model = build(&plain(), 4);
    let objective = Objective {
        distortion_weight: 0.0,
        ..Objective::default()
    };
    let loss = objective.loss(
        &model,
        &Records::random(4, 4).x(),
        &Fields::none(),
        eps(4, 4, 2),
        1.0,
    );
    for (name, gradient) in gradients(&model, &loss.total.backward()) {
        let learns = gradient.values.iter().any(|value| *value != 0.0);
        assert_eq!(learns, name.starts_with("encoder"), "{name}");
    }
}

pub(crate) fn check_gradients(model: &elbo_core::Model, x: &Fields, y: &Fields, objective: Objective) {
    let batch = x.0[0].observed.dims()[0];
    let loss = objective.loss(model, x, y, eps(5, batch * objective.samples, 2), 1.0);
    let gradients = gradients(model, &loss.total.backward());
    let weights = model.weights();
    // The auxiliary decoder learns where it has a weight.
    let auxiliary = objective.auxiliary > 0.0 && objective.samples == 1;
    let seen = weights
        .keys()
        .filter(|name| auxiliary || !name.starts_with("auxiliary."));
    assert_eq!(gradients.keys().collect::<Vec<_>>(), seen.collect::<Vec<_>>());
    for (name, gradient) in &gradients {
        assert_eq!(gradient.shape, weights[name].shape, "{name}");
        assert!(gradient.values.iter().all(|value| value.is_finite()), "{name}");
        assert!(gradient.values.iter().any(|value| *value != 0.0), "{name}");
    }
}

#[test]
fn a_learned_prior_is_as_wide_as_the_layer_next_to_the_latents() {
    let weights = build(&conditional(), 1).weights();
    // y is 3 (embedding) + 2 + 2 wide; the last hidden layer 5; mean and log-variance of 2 units
    assert_eq!(weights["prior.learned.hidden.layers.0.weight"].shape, [7, 5]);
    assert_eq!(weights["prior.learned.head.dense.weight"].shape, [5, 4]);
    let standard = ModelConfig {
        prior: PriorKind::Standard,
        ..conditional()
    };
    assert!(
        build(&standard, 1)
            .weights()
            .keys()
            .all(|name| !name.starts_with("prior"))
    );
}
