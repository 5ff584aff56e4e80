//! Every operation and its gradients on each available device, against the CPU.
//!
//! Tolerances are of the largest element of each output: two devices add up products in different
//! orders, and the exponentials of a graphics card may be off by some units in the last place.

use burn::tensor::{Device, Tensor};

use crate::{
    Activation, Adam, AdamMoments, ConvGeometry, MIXTURE_END, Precision, adam_step, bernoulli_log_prob,
    categorical_log_prob, conv_transpose2d, conv2d, dense, dense_blocks, discretized_logistic_log_prob,
    gaussian_log_prob, mixture_log_mass, sample_and_kl, sigmoid, sum_of_squares, sums_before, testing::*,
};

/// A parameter of [`numbers`] on a device.
fn weights<const D: usize>(shape: [usize; D], seed: u64, device: &Device) -> Tensor<D> {
    leaf(&random(shape, seed).to_device(device))
}

/// Data in [0, 1], with zeros and ones among them, on a device; no gradient.
fn levels(shape: [usize; 2], device: &Device) -> Tensor<2> {
    let level = |v: f32| ((v * 140.0 + 128.0).clamp(0.0, 255.0).round()) / 255.0;
    let values = numbers(shape[0] * shape[1], 9).into_iter().map(level).collect();
    from_values(values, shape).to_device(device).autodiff()
}

#[test]
fn a_dense_layer_is_the_same() {
    for (batch, k, n) in [(1, 1, 1), (5, 33, 8), (64, 100, 65)] {
        for f in [Activation::Identity, Activation::Relu, Activation::Tanh] {
            assert_device_independent(2e-6, |device| {
                let x = weights([batch, k], 1, device);
                let (w, b) = (weights([k, n], 2, device), weights([n], 3, device));
                let y = dense(x.clone(), w.clone(), b.clone(), f, Precision::F32);
                with_gradients(y, |g| vec![gradient(&x, g), gradient(&w, g), gradient(&b, g)])
            });
        }
    }
}

#[test]
fn blocks_and_their_sums_are_the_same() {
    let widths = [5, 1, 8];
    assert_device_independent(2e-6, |device| {
        let x = weights([6, 12], 1, device);
        let (w, b) = (weights([4, 14], 2, device), weights([6, 14], 3, device));
        let y = dense_blocks(x.clone(), w.clone(), b.clone(), &widths, Activation::Relu);
        with_gradients(y, |g| vec![gradient(&x, g), gradient(&w, g), gradient(&b, g)])
    });
    assert_device_independent(2e-6, |device| {
        let x = weights([6, 12], 1, device);
        let y = sums_before(x.clone(), levels([6, 4], device), &[2, 0, 2, 1], &[1, 2, 0, 3]);
        with_gradients(y, |g| vec![gradient(&x, g)])
    });
}

#[test]
fn convolutions_are_the_same() {
    let geometry = |stride, padding, output_padding| ConvGeometry {
        stride,
        padding,
        output_padding,
    };
    for (size, kernel, geometry) in [
        ([8, 8], [4, 4], geometry([2, 2], [1, 1], [0, 0])),
        ([7, 9], [3, 3], geometry([2, 2], [1, 1], [0, 0])),
        ([5, 8], [3, 2], geometry([1, 2], [2, 0], [0, 1])),
    ] {
        let ([h, w], [kh, kw]) = (size, kernel);
        let f = Activation::Relu;
        assert_device_independent(2e-6, |device| {
            let x = weights([3, h, w, 2], 1, device);
            let (w, b) = (weights([kh, kw, 2, 5], 2, device), weights([5], 3, device));
            let y = conv2d(x.clone(), w.clone(), b.clone(), geometry, f, Precision::F32);
            with_gradients(y, |g| vec![gradient(&x, g), gradient(&w, g), gradient(&b, g)])
        });
        assert_device_independent(2e-6, |device| {
            let x = weights([3, h, w, 5], 1, device);
            let (w, b) = (weights([kh, kw, 2, 5], 2, device), weights([2], 3, device));
            let y = conv_transpose2d(x.clone(), w.clone(), b.clone(), geometry, f, Precision::F32);
            with_gradients(y, |g| vec![gradient(&x, g), gradient(&w, g), gradient(&b, g)])
        });
    }
}

#[test]
fn the_likelihood_of_levels_is_the_same() {
    assert_device_independent(2e-6, |device| {
        let logits = leaf(&(random([7, 12], 1) * 20.0).to_device(device));
        let levels = from_values([4.0, 6.0].repeat(7), [7, 2]).to_device(device);
        let log_p = categorical_log_prob(logits.clone(), levels, &[5, 7]);
        with_gradients(log_p, |g| vec![gradient(&logits, g)])
    });
}

#[test]
fn the_bernoulli_likelihood_is_the_same() {
    assert_device_independent(2e-6, |device| {
        let logits = leaf(&(random([7, 100], 1) * 30.0).to_device(device));
        let log_p = bernoulli_log_prob(logits.clone(), levels([7, 100], device));
        with_gradients(log_p, |g| vec![gradient(&logits, g)])
    });
}

#[test]
fn the_gaussian_likelihood_is_the_same() {
    for shape in [[1, 1], [1, 100], [7, 100]] {
        assert_device_independent(5e-6, |device| {
            let mean = weights([7, 100], 1, device);
            let logvar = leaf(&(random(shape, 2) * 3.0).to_device(device));
            let x = weights([7, 100], 3, device);
            let log_p = gaussian_log_prob(mean.clone(), logvar.clone(), x.clone());
            with_gradients(log_p, |g| {
                vec![gradient(&mean, g), gradient(&logvar, g), gradient(&x, g)]
            })
        });
    }
}

#[test]
fn the_logistic_likelihood_is_the_same() {
    for shape in [[1, 1], [1, 100], [7, 100]] {
        for centre in [-6.0, -3.0, 5.0] {
            assert_device_independent(1e-5, |device| {
                let mean = leaf(&random([7, 100], 1).abs().to_device(device));
                let log_scale = leaf(&(random(shape, 2) + centre).to_device(device));
                let x = levels([7, 100], device);
                let log_p = discretized_logistic_log_prob(mean.clone(), log_scale.clone(), x);
                with_gradients(log_p, |g| vec![gradient(&mean, g), gradient(&log_scale, g)])
            });
        }
    }
}

#[test]
fn the_mass_of_an_interval_is_the_same() {
    for width in [1e-4, 0.1, 10.0] {
        assert_device_independent(1e-5, |device| {
            let parameters = leaf(&(random([7, 11, 9], 1) * 3.0).to_device(device));
            let low = random([7, 11], 2).to_device(device).autodiff();
            // Half of them without a lower end.
            let bounded = low.clone() - low.clone().lower_elem(0.0).float() * MIXTURE_END * 2.0;
            let log_mass = mixture_log_mass(parameters.clone(), bounded, low + width);
            with_gradients(log_mass, |g| vec![gradient(&parameters, g)])
        });
    }
}

#[test]
fn a_draw_from_the_posterior_and_its_divergence_are_the_same() {
    assert_device_independent(2e-6, |device| {
        let [mean, logvar, prior_mean, prior_logvar] =
            [1, 2, 3, 4].map(|seed| weights([7, 20], seed, device));
        let eps = random([7, 20], 5).to_device(device).autodiff();
        let q = [mean.clone(), logvar.clone()];
        let p = [prior_mean.clone(), prior_logvar.clone()];
        let (z, kl) = sample_and_kl(q, p, eps);
        with_gradients(Tensor::cat(vec![z, kl], 1), |g| {
            [&mean, &logvar, &prior_mean, &prior_logvar]
                .map(|leaf| gradient(leaf, g))
                .into()
        })
    });
}

#[test]
fn probabilities_are_the_same() {
    assert_device_independent(2e-6, |device| {
        let z = leaf(&(random([7, 100], 1) * 20.0).to_device(device));
        with_gradients(sigmoid(z.clone()), |g| vec![gradient(&z, g)])
    });
}

#[test]
fn the_update_and_the_norm_are_the_same() {
    assert_device_independent(2e-6, |device| {
        let (mut param, adam) = (random([33, 7], 1).to_device(device), Adam::default());
        let mut state = AdamMoments::zeros_like(&param);
        for step in 1..=3 {
            let grad = random([33, 7], 10 + step).to_device(device);
            param = adam_step(param, grad, &mut state, step, 0.01, 0.7, &adam);
        }
        let norm = sum_of_squares(param.clone()) as f32;
        vec![values(param), values(state.m), values(state.v), vec![norm]]
    });
}
