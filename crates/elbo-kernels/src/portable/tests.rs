//! The portable operations on the CPU's backend against its kernels: these tests need no other device.

use burn::{
    backend::{Flex, tensor::FloatTensor},
    tensor::Tensor,
};

use crate::{
    Activation, ConvGeometry,
    adam::AdamScalars,
    ops::{UpdateOps, VaeGrads, VaeOps},
    portable,
    testing::*,
};

const F32: crate::Precision = crate::Precision::F32;

type Primitive = FloatTensor<Flex>;

/// The tensor as its backend has it.
fn raw<const D: usize>(t: &Tensor<D>) -> Primitive {
    let primitive = t.clone().try_into_primitive::<Flex>();
    primitive.expect("the tests' tensors are the CPU's")
}

fn numbers_of<const D: usize>(t: Primitive) -> Vec<f32> {
    values(Tensor::<D>::from_primitive::<Flex>(t))
}

fn pair<const D: usize, const E: usize>((a, b): (Primitive, Primitive)) -> Vec<Vec<f32>> {
    vec![numbers_of::<D>(a), numbers_of::<E>(b)]
}

const ACTIVATIONS: [Activation; 3] = [Activation::Identity, Activation::Relu, Activation::Tanh];

#[test]
fn a_dense_layer() {
    let (x, w, b) = (random([5, 33], 1), random([33, 8], 2), random([8], 3));
    let (y, g) = (random([5, 8], 4), random([5, 8], 5));
    for f in ACTIVATIONS {
        let got = portable::dense::<Flex>(raw(&x), raw(&w), raw(&b), f);
        let want = Flex::dense(raw(&x), raw(&w), raw(&b), f, F32);
        assert_near(&[numbers_of::<2>(got)], &[numbers_of::<2>(want)], 1e-6);
        let got = portable::activation_grad::<Flex>(raw(&g), raw(&y), f);
        let want = Flex::activation_grad(raw(&g), raw(&y), f);
        assert_near(&pair::<2, 1>(got), &pair::<2, 1>(want), 1e-6);
    }
    let got = (
        portable::dense_grad_weight::<Flex>(raw(&x), raw(&g)),
        portable::dense_grad_input::<Flex>(raw(&g), raw(&w)),
    );
    let want = (
        Flex::dense_grad_weight(raw(&x), raw(&g), F32),
        Flex::dense_grad_input(raw(&g), raw(&w), F32),
    );
    assert_near(&pair::<2, 2>(got), &pair::<2, 2>(want), 1e-6);
}

/// Even, odd and uneven sizes, uncovered borders, and padding beyond the kernel's reach:
/// the wide image, the kernel, and the geometry.
fn geometries() -> Vec<([usize; 2], [usize; 2], ConvGeometry)> {
    let geometry = |stride, padding, output_padding| ConvGeometry {
        stride,
        padding,
        output_padding,
    };
    vec![
        ([8, 8], [4, 4], geometry([2, 2], [1, 1], [0, 0])),
        ([7, 9], [3, 3], geometry([2, 2], [1, 1], [0, 0])),
        ([10, 8], [2, 2], geometry([3, 3], [0, 0], [1, 2])),
        ([5, 8], [3, 2], geometry([1, 2], [2, 0], [0, 1])),
        ([1, 1], [5, 5], geometry([2, 2], [4, 4], [0, 0])),
    ]
}

#[test]
fn convolutions_and_their_gradients() {
    for (size, kernel, geometry) in geometries() {
        let ([h, w], [kh, kw], [oh, ow]) = (size, kernel, geometry.narrow_size(size, kernel));
        let wide = raw(&random([2, h, w, 3], 1));
        let weight = raw(&random([kh, kw, 3, 4], 2));
        let narrow = raw(&random([2, oh, ow, 4], 3));
        let [to_narrow, to_wide] = [raw(&random([4], 4)), raw(&random([3], 5))];
        let f = Activation::Relu;
        let got = [
            portable::conv2d::<Flex>(wide.clone(), weight.clone(), to_narrow.clone(), geometry, f),
            portable::conv_transpose2d::<Flex>(narrow.clone(), weight.clone(), to_wide.clone(), geometry, f),
            portable::conv_down::<Flex>(wide.clone(), weight.clone(), geometry),
            portable::conv_up::<Flex>(narrow.clone(), weight.clone(), size, geometry),
            portable::conv_grad_weight::<Flex>(wide.clone(), narrow.clone(), kernel, geometry),
        ];
        let want = [
            Flex::conv2d_fused(wide.clone(), weight.clone(), to_narrow, geometry, f, F32),
            Flex::conv_transpose2d_fused(narrow.clone(), weight.clone(), to_wide, geometry, f, F32),
            Flex::conv_down(wide.clone(), weight.clone(), geometry, F32),
            Flex::conv_up(narrow.clone(), weight, size, geometry, F32),
            Flex::conv_grad_weight(wide, narrow, kernel, geometry, F32),
        ];
        let [got, want] = [got, want].map(|all| all.map(numbers_of::<4>));
        assert_near(&got, &want, 1e-6);
    }
}

#[test]
fn levels() {
    let widths = vec![1, 7, 40];
    let logits = raw(&(random([5, 48], 1) * 20.0));
    let levels = [0.0, 6.0, 39.0].repeat(5);
    let (levels, g) = (raw(&from_values(levels, [5, 3])), raw(&random([5, 3], 3)));
    let got = portable::categorical_log_prob::<Flex>(logits.clone(), levels.clone(), widths.clone());
    let want = Flex::categorical_log_prob(logits.clone(), levels.clone(), widths.clone());
    assert_near(&[numbers_of::<2>(got)], &[numbers_of::<2>(want)], 2e-6);
    let got = portable::categorical_grad::<Flex>(logits.clone(), levels.clone(), widths.clone(), g.clone());
    let want = Flex::categorical_grad(logits, levels, widths, g);
    assert_near(&[numbers_of::<2>(got)], &[numbers_of::<2>(want)], 2e-6);
}

#[test]
fn the_bernoulli_likelihood() {
    let logits = raw(&(random([6, 50], 1) * 100.0));
    let (x, g) = (raw(&random([6, 50], 2).abs()), raw(&random([6], 3)));
    let got = portable::bernoulli_log_prob::<Flex>(logits.clone(), x.clone());
    let want = Flex::bernoulli_log_prob(logits.clone(), x.clone());
    assert_near(&[numbers_of::<1>(got)], &[numbers_of::<1>(want)], 1e-6);
    let got = portable::bernoulli_grad::<Flex>(logits.clone(), x.clone(), g.clone());
    let want = Flex::bernoulli_grad(logits, x, g);
    assert_near(&[numbers_of::<2>(got)], &[numbers_of::<2>(want)], 1e-6);
}

#[test]
fn the_gaussian_likelihood_however_logvar_is_broadcast() {
    for shape in [[1, 1], [1, 50], [6, 50], [6, 1]] {
        let (mean, x) = (raw(&random([6, 50], 1)), raw(&random([6, 50], 3)));
        let (logvar, g) = (raw(&(random(shape, 2) * 3.0)), raw(&random([6], 4)));
        let got = portable::gaussian_log_prob::<Flex>(mean.clone(), logvar.clone(), x.clone());
        let want = Flex::gaussian_log_prob(mean.clone(), logvar.clone(), x.clone());
        assert_near(&[numbers_of::<1>(got)], &[numbers_of::<1>(want)], 1e-6);
        let got = portable::gaussian_grad::<Flex>(mean.clone(), logvar.clone(), x.clone(), g.clone());
        let want = Flex::gaussian_grad(mean, logvar, x, g);
        assert_near(&pair::<2, 2>(got), &pair::<2, 2>(want), 2e-6);
    }
}

#[test]
fn an_impossible_variance_stays_finite() {
    let one = |v| raw(&from_values(vec![v], [1, 1]));
    for logvar in [-200.0, 200.0] {
        let got = portable::gaussian_log_prob::<Flex>(one(1.0), one(logvar), one(1.0));
        assert!(numbers_of::<1>(got)[0].is_finite());
    }
}

#[test]
fn the_logistic_likelihood_from_thin_bins_to_wide_ones() {
    // Scales from e^-8, where a bin is 12 of them wide, to e^7, where it is 4e-6.
    for shape in [[1, 1], [1, 50], [6, 50], [6, 1]] {
        for centre in [-7.0, -5.0, -2.0, 6.0] {
            let level = |v: f32| (v.abs() * 255.0).round() / 255.0;
            let levels = numbers(300, 3).into_iter().map(level).collect();
            let (mean, x) = (raw(&random([6, 50], 1).abs()), raw(&from_values(levels, [6, 50])));
            let (scale, g) = (raw(&(random(shape, 2) + centre)), raw(&random([6], 4)));
            let got = portable::discretized_logistic_log_prob::<Flex>(mean.clone(), scale.clone(), x.clone());
            let want = Flex::discretized_logistic_log_prob(mean.clone(), scale.clone(), x.clone());
            assert_near(&[numbers_of::<1>(got)], &[numbers_of::<1>(want)], 2e-6);
            let got = portable::discretized_logistic_grad::<Flex>(
                mean.clone(),
                scale.clone(),
                x.clone(),
                g.clone(),
            );
            let want = Flex::discretized_logistic_grad(mean, scale, x, g);
            assert_near(&pair::<2, 2>(got), &pair::<2, 2>(want), 1e-5);
        }
    }
}

#[test]
fn the_mass_of_intervals_from_thin_ones_to_wide_ones() {
    for width in [1e-5, 1e-2, 1.0, 30.0] {
        let parameters = raw(&(random([6, 11, 9], 1) * 3.0));
        let ends = |by: f32, every: usize, end: f32| {
            let end = |(i, v): (usize, f32)| if i % every == 0 { end } else { v + by };
            raw(&from_values(
                numbers(66, 2).into_iter().enumerate().map(end).collect(),
                [6, 11],
            ))
        };
        let (low, high) = (ends(0.0, 5, -1e4), ends(width, 7, 1e4));
        let g = raw(&random([6, 11], 3));
        let got = portable::mixture_log_mass::<Flex>(parameters.clone(), low.clone(), high.clone());
        let want = Flex::mixture_log_mass(parameters.clone(), low.clone(), high.clone());
        assert_near(&[numbers_of::<2>(got)], &[numbers_of::<2>(want)], 2e-6);
        let got = portable::mixture_grad::<Flex>(parameters.clone(), low.clone(), high.clone(), g.clone());
        let want = Flex::mixture_grad(parameters, low, high, g);
        assert_near(&[numbers_of::<3>(got)], &[numbers_of::<3>(want)], 1e-5);
    }
}

#[test]
fn extreme_mixtures_stay_finite() {
    let row = |values: [f32; 6]| raw(&from_values(values.repeat(4), [1, 4, 6]));
    let low = raw(&from_values(vec![-1e4, -1.0, 0.0, 9000.0], [1, 4]));
    let high = raw(&from_values(vec![0.5, 1e4, 0.0, 9001.0], [1, 4]));
    let g = raw(&random([1, 4], 1));
    for size in [-1e4, 1e4] {
        let parameters = row([size, -size, size, -size, -1e4, 1e4]);
        let value = portable::mixture_log_mass::<Flex>(parameters.clone(), low.clone(), high.clone());
        let grad = portable::mixture_grad::<Flex>(parameters, low.clone(), high.clone(), g.clone());
        let all = [numbers_of::<2>(value), numbers_of::<3>(grad)].concat();
        assert!(all.iter().all(|v| v.is_finite()), "{all:?}");
    }
}

#[test]
fn a_draw_from_the_posterior_and_its_divergence() {
    let shape = [6, 50];
    let parameters = || [1, 2, 3, 4].map(|seed| raw(&(random(shape, seed) * 3.0)));
    let (eps, g) = (raw(&random(shape, 5)), raw(&random([2, 6, 50], 6)));
    let [mean, logvar, prior_mean, prior_logvar] = parameters();
    let got = portable::sample_and_kl::<Flex>(parameters(), eps.clone());
    let want = Flex::sample_and_kl(mean, logvar, prior_mean, prior_logvar, eps.clone());
    assert_near(&[numbers_of::<3>(got)], &[numbers_of::<3>(want)], 1e-6);
    let got = portable::sample_and_kl_grad::<Flex>(parameters(), eps.clone(), g.clone());
    let want = Flex::sample_and_kl_grad(parameters(), eps, g);
    let [got, want] = [got, want].map(|all| all.map(numbers_of::<2>));
    assert_near(&got, &want, 2e-6);
}

#[test]
fn probabilities() {
    let z = random([6, 50], 1) * 100.0;
    let got = portable::sigmoid::<Flex>(raw(&z));
    let want = Flex::sigmoid_fused(raw(&z));
    assert_near(&[numbers_of::<2>(got)], &[numbers_of::<2>(want)], 1e-6);
}

#[test]
fn the_update_and_the_norm() {
    let scalars = AdamScalars {
        beta1: 0.9,
        one_minus_beta1: 0.1,
        beta2: 0.999,
        one_minus_beta2: 0.001,
        inverse_root_correction2: 31.6,
        epsilon: 1e-8,
        weight_decay: 0.1,
        grad_scale: 0.7,
        step_size: 0.1,
    };
    let [param, grad, m] = [1, 2, 3].map(|seed| raw(&random([7, 5], seed)));
    let v = raw(&random([7, 5], 4).abs());
    let got = portable::adam::<Flex>(param.clone(), grad.clone(), m.clone(), v.clone(), scalars);
    let want = Flex::adam(param, grad.clone(), m, v, scalars);
    let all = |(a, b, c)| [a, b, c].map(numbers_of::<2>);
    assert_near(&all(got), &all(want), 1e-6);
    let got = numbers_of::<1>(portable::sum_of_squares::<Flex>(grad.clone()))[0];
    let want = numbers_of::<1>(Flex::sum_of_squares(grad))[0];
    assert!((got - want).abs() < 1e-6 * want);
}

#[test]
fn dense_blocks() {
    let widths = vec![5, 1, 8];
    let (x, w, b) = (random([6, 12], 1), random([4, 14], 2), random([1, 14], 3));
    let g = random([6, 14], 4);
    for f in ACTIVATIONS {
        let got = portable::dense_blocks::<Flex>(raw(&x), raw(&w), raw(&b), widths.clone(), f);
        let want = Flex::dense_blocks(raw(&x), raw(&w), raw(&b), widths.clone(), f);
        assert_near(&[numbers_of::<2>(got)], &[numbers_of::<2>(want)], 1e-6);
    }
    let got = (
        portable::dense_blocks_grad_weight::<Flex>(raw(&x), raw(&g), widths.clone()),
        portable::dense_blocks_grad_input::<Flex>(raw(&g), raw(&w), widths.clone()),
    );
    let want = (
        Flex::dense_blocks_grad_weight(raw(&x), raw(&g), widths.clone()),
        Flex::dense_blocks_grad_input(raw(&g), raw(&w), widths),
    );
    assert_near(&pair::<2, 2>(got), &pair::<2, 2>(want), 1e-6);
}
