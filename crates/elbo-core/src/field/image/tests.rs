//! What holds of images as x and as y.

use super::*;
use crate::Activation;
use crate::testing::{assert_close, device, rows, tensor, uniform, values};
use elbo_kernels::Precision;

const SHAPE: ImageShape = ImageShape {
    height: 2,
    width: 1,
    channels: 3,
};

fn network(kind: NetworkKind) -> NetworkConfig {
    NetworkConfig {
        kind,
        hidden: vec![],
        channels: vec![2],
        residual_blocks: 0,
        activation: Activation::Relu,
        embedding: 1,
        chain: 0,
        components: 8,
        number_steps: 0,
        precision: Precision::F32,
    }
}

fn head(likelihood: ImageLikelihood) -> ImageHead {
    let mut init = Init {
        uniform: &mut |n| uniform(1, n),
        device: &device(),
        precision: Precision::F32,
    };
    ImageHead::init(
        &network(NetworkKind::Dense),
        SHAPE,
        likelihood,
        Region::Whole,
        1,
        &mut init,
    )
}

#[test]
fn the_named_spreads_are_what_their_comments_say() {
    assert!((INITIAL_LOGVAR.exp().sqrt() - 0.1).abs() < 1e-7);
    assert!((INITIAL_LOG_SCALE.exp() - 0.05).abs() < 1e-7);
    assert!((MIN_LOGVAR.exp().sqrt() / (0.01 / 255.0) - 1.0).abs() < 1e-5);
    assert!((MIN_LOG_SCALE.exp() / (0.01 / 255.0) - 1.0).abs() < 1e-5);
}

#[test]
fn a_bernoulli_encoder_takes_pixels_as_they_are_and_others_centre_them() {
    let mut init = Init {
        uniform: &mut |n| uniform(1, n),
        device: &device(),
        precision: Precision::F32,
    };
    let mut features = |likelihood| {
        let encoder = ImageEncoder::init(
            &network(NetworkKind::Dense),
            SHAPE,
            likelihood,
            Region::Whole,
            &mut init,
        );
        encoder.forward(rows([[0.0, 0.25, 0.5, 0.75, 1.0, 0.0]]))
    };
    assert_close(
        &features(ImageLikelihood::Bernoulli),
        &[0.0, 0.25, 0.5, 0.75, 1.0, 0.0],
        0.0,
    );
    assert_close(
        &features(ImageLikelihood::Gaussian),
        &[-1.0, -0.5, 0.0, 0.5, 1.0, -1.0],
        0.0,
    );
}

#[test]
fn each_likelihood_has_its_distribution_and_spread() {
    let forward = |likelihood| head(likelihood).forward(rows([[0.0], [1.0]]));
    assert!(matches!(
        forward(ImageLikelihood::Bernoulli),
        ImageDistribution::Bernoulli(_)
    ));
    let ImageDistribution::Gaussian(p) = forward(ImageLikelihood::Gaussian) else {
        panic!()
    };
    assert_eq!((p.mean.dims(), p.logvar.dims()), ([2, 6], [1, 1]));
    let ImageDistribution::Gaussian(p) = forward(ImageLikelihood::GaussianPerPixel) else {
        panic!()
    };
    assert_eq!((p.mean.dims(), p.logvar.dims()), ([2, 6], [1, 6]));
    let ImageDistribution::DiscretizedLogistic(p) = forward(ImageLikelihood::DiscretizedLogistic) else {
        panic!()
    };
    assert_eq!((p.mean.dims(), p.log_scale.dims()), ([2, 6], [1, 6]));
}

#[test]
fn each_channel_has_its_own_scale_at_every_pixel() {
    let mut head = head(ImageLikelihood::DiscretizedLogistic);
    head.spread = Some(Param::from_tensor(rows([[-1.0, -2.0, -3.0]])));
    let ImageDistribution::DiscretizedLogistic(p) = head.around(rows([[0.0; 6]])) else {
        panic!()
    };
    // channels are the fastest axis
    assert_close(&p.log_scale, &[-1.0, -2.0, -3.0, -1.0, -2.0, -3.0], 0.0);
    // an output of zero means half-way up the range
    assert_close(&p.mean, &[0.5; 6], 0.0);
}

#[test]
fn a_spread_cannot_shrink_to_nothing() {
    let mut gaussian = head(ImageLikelihood::Gaussian);
    gaussian.spread = Some(Param::from_tensor(rows([[-100.0]])));
    let ImageDistribution::Gaussian(p) = gaussian.around(rows([[0.0; 6]])) else {
        panic!()
    };
    assert_close(&p.logvar, &[f64::from(MIN_LOGVAR)], 0.0);
    let mut logistic = head(ImageLikelihood::DiscretizedLogistic);
    logistic.spread = Some(Param::from_tensor(rows([[-100.0; 3]])));
    let ImageDistribution::DiscretizedLogistic(p) = logistic.around(rows([[0.0; 6]])) else {
        panic!()
    };
    assert_close(&p.log_scale, &[f64::from(MIN_LOG_SCALE); 6], 0.0);
    let log_prob = values(&p.log_prob(rows([[0.0, 0.2, 0.4, 0.6, 0.8, 1.0]])));
    assert!(log_prob[0].is_finite(), "{log_prob:?}");
}

#[test]
fn pictures_stay_in_range_and_take_the_noise_they_name() {
    let location = || rows([[-9.0, -0.25, 0.0, 0.25, 9.0, 0.0]]);
    for (likelihood, noise) in [
        (ImageLikelihood::Bernoulli, DrawNoise::Uniform),
        (ImageLikelihood::Gaussian, DrawNoise::Normal),
        (ImageLikelihood::DiscretizedLogistic, DrawNoise::Uniform),
    ] {
        let p = head(likelihood).around(location());
        assert_eq!(p.noise(), noise);
        let pictures = [p.mean(), p.sample(tensor(uniform(1, 6), [1, 6]))];
        assert!(
            pictures
                .iter()
                .all(|x| values(x).iter().all(|x| (0.0..=1.0).contains(x)))
        );
    }
    let ImageDistribution::Gaussian(p) = head(ImageLikelihood::Gaussian).around(location()) else {
        panic!()
    };
    let mean = ImageDistribution::Gaussian(p).mean();
    assert_close(&mean, &[0.0, 0.25, 0.5, 0.75, 1.0, 0.5], 1e-6);
}

#[test]
fn a_part_is_scored_alone_and_embedded_without_the_rest() {
    let p = head(ImageLikelihood::GaussianPerPixel).around(rows([[0.0, 0.1, 0.2, 0.3, 0.4, 0.5]]));
    // the lower of two pixels: values 3, 4 and 5
    let places = Region::Bottom.places(&SHAPE);
    assert_eq!(places, [3, 4, 5]);
    let places = Tensor::from_data(TensorData::new(vec![3, 4, 5], [3]), &device());
    let pixels = rows([[9.0, 9.0, 9.0, 0.8, 0.9, 1.0]]);
    // at the mean: three times −½ ln 2π σ², σ = 0.1
    let expected = -1.5 * (2.0 * std::f64::consts::PI * 0.01).ln();
    let found = p.at(&places).log_prob(pixels.clone().select(1, places));
    assert_close(&found, &[expected], 1e-4);
    let (device, mut noise) = (device(), |n| uniform(1, n));
    let mut init = Init::new(&mut noise, &device);
    let network = network(NetworkKind::Dense);
    let part = ImageEncoder::init(
        &network,
        SHAPE,
        ImageLikelihood::Bernoulli,
        Region::Bottom,
        &mut init,
    );
    assert_close(&part.forward(pixels), &[0.0, 0.0, 0.0, 0.8, 0.9, 1.0], 1e-6);
}
