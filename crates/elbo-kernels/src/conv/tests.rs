//! Convolutions against their twins: geometries, strides, precisions, threads.

use super::*;
use crate::testing::*;

type Op = fn(Tensor<4>, Tensor<4>, Tensor<1>, ConvGeometry, Activation) -> Tensor<4>;

fn conv2d(x: Tensor<4>, w: Tensor<4>, b: Tensor<1>, geometry: ConvGeometry, f: Activation) -> Tensor<4> {
    super::conv2d(x, w, b, geometry, f, Precision::F32)
}

fn conv_transpose2d(
    x: Tensor<4>,
    w: Tensor<4>,
    b: Tensor<1>,
    geometry: ConvGeometry,
    f: Activation,
) -> Tensor<4> {
    super::conv_transpose2d(x, w, b, geometry, f, Precision::F32)
}

fn down_in_bf16(
    x: Tensor<4>,
    w: Tensor<4>,
    b: Tensor<1>,
    geometry: ConvGeometry,
    f: Activation,
) -> Tensor<4> {
    super::conv2d(x, w, b, geometry, f, Precision::Bf16)
}

fn up_in_bf16(x: Tensor<4>, w: Tensor<4>, b: Tensor<1>, geometry: ConvGeometry, f: Activation) -> Tensor<4> {
    super::conv_transpose2d(x, w, b, geometry, f, Precision::Bf16)
}

fn geometry(stride: usize, padding: usize, output_padding: usize) -> ConvGeometry {
    let both = |n| [n, n];
    ConvGeometry {
        stride: both(stride),
        padding: both(padding),
        output_padding: both(output_padding),
    }
}

/// y and the gradients of x, W and b.
fn run(op: Op, [x, w]: &[Tensor<4>; 2], co: usize, geometry: ConvGeometry, f: Activation) -> Vec<Vec<f32>> {
    let (x, w, b) = (leaf(x), leaf(w), leaf(&random([co], 3)));
    let y = op(x.clone(), w.clone(), b.clone(), geometry, f);
    with_gradients(y, |g| vec![gradient(&x, g), gradient(&w, g), gradient(&b, g)])
}

/// [batch, h, w, ci, co, kernel] and the geometry: even, odd, uncovered borders, no padding,
/// padding beyond the kernel's reach, and more than one tile.
fn cases() -> Vec<([usize; 6], ConvGeometry)> {
    vec![
        ([2, 8, 8, 3, 5, 4], geometry(2, 1, 0)),
        ([3, 7, 9, 2, 3, 3], geometry(2, 1, 0)),
        ([1, 5, 6, 1, 1, 3], geometry(1, 1, 0)),
        ([2, 10, 8, 4, 2, 2], geometry(3, 0, 0)),
        ([1, 1, 1, 3, 2, 5], geometry(2, 4, 0)),
        ([2, 6, 5, 2, 7, 1], geometry(1, 0, 0)),
        ([4, 32, 32, 16, 24, 4], geometry(2, 1, 0)),
    ]
}

#[test]
fn convolution_matches_the_twin() {
    for ([batch, h, w, ci, co, k], geometry) in cases() {
        let inputs = [random([batch, h, w, ci], 1), random([k, k, ci, co], 2)];
        for f in [Activation::Identity, Activation::Relu, Activation::Tanh] {
            let got = run(conv2d, &inputs, co, geometry, f);
            assert_near(&got, &run(conv2d_reference, &inputs, co, geometry, f), 1e-5);
        }
    }
}

#[test]
fn transposed_convolution_matches_the_twin() {
    let mut cases = cases();
    cases.push(([2, 4, 5, 3, 2, 3], geometry(2, 1, 1)));
    cases.push(([2, 4, 4, 2, 3, 3], geometry(3, 0, 2)));
    for ([batch, h, w, ci, co, k], geometry) in cases {
        if geometry.wide_size([h, w], [k, k]) == [0, 0] {
            continue;
        }
        let inputs = [random([batch, h, w, ci], 1), random([k, k, co, ci], 2)];
        for f in [Activation::Identity, Activation::Relu] {
            let got = run(conv_transpose2d, &inputs, co, geometry, f);
            assert_near(
                &got,
                &run(conv_transpose2d_reference, &inputs, co, geometry, f),
                1e-5,
            );
        }
    }
}

#[test]
fn bf16_matches_the_twin_where_it_rounds_nothing() {
    let f = Activation::Identity;
    for ([batch, h, w, ci, co, k], geometry) in cases() {
        let inputs = [coarse([batch, h, w, ci], 1), coarse([k, k, ci, co], 2)];
        let got = run(down_in_bf16, &inputs, co, geometry, f);
        assert_near(&got, &run(conv2d_reference, &inputs, co, geometry, f), 1e-5);
        if geometry.wide_size([h, w], [k, k]) != [0, 0] {
            let inputs = [coarse([batch, h, w, ci], 1), coarse([k, k, co, ci], 2)];
            let got = run(up_in_bf16, &inputs, co, geometry, f);
            let want = run(conv_transpose2d_reference, &inputs, co, geometry, f);
            assert_near(&got, &want, 1e-5);
        }
    }
}

#[test]
fn every_small_geometry_matches_the_twin() {
    for (size, k, stride, padding) in (1..5)
        .flat_map(|size| (1..4).map(move |k| (size, k)))
        .flat_map(|(size, k)| (1..4).map(move |stride| (size, k, stride)))
        .flat_map(|(size, k, stride)| (0..k).map(move |padding| (size, k, stride, padding)))
    {
        let (geometry, f) = (geometry(stride, padding, stride - 1), Activation::Identity);
        let x = random([2, size, size + 1, 2], 1);
        if geometry.narrow_size([size, size + 1], [k, k])[0] > 0 {
            let inputs = [x.clone(), random([k, k, 2, 3], 2)];
            let got = run(conv2d, &inputs, 3, geometry, f);
            assert_near(&got, &run(conv2d_reference, &inputs, 3, geometry, f), 1e-5);
        }
        if geometry.wide_size([size, size + 1], [k, k])[0] > 0 {
            let inputs = [x, random([k, k, 3, 2], 2)];
            let got = run(conv_transpose2d, &inputs, 3, geometry, f);
            assert_near(
                &got,
                &run(conv_transpose2d_reference, &inputs, 3, geometry, f),
                1e-5,
            );
        }
    }
}

#[test]
fn height_and_width_are_told_apart() {
    let geometry = ConvGeometry {
        stride: [1, 2],
        padding: [2, 0],
        output_padding: [0, 1],
    };
    let inputs = [random([2, 5, 8, 2], 1), random([3, 2, 2, 3], 2)];
    let f = Activation::Relu;
    let got = run(conv2d, &inputs, 3, geometry, f);
    assert_near(&got, &run(conv2d_reference, &inputs, 3, geometry, f), 1e-5);
    let inputs = [random([2, 5, 8, 3], 1), random([3, 2, 2, 3], 2)];
    let got = run(conv_transpose2d, &inputs, 2, geometry, f);
    assert_near(
        &got,
        &run(conv_transpose2d_reference, &inputs, 2, geometry, f),
        1e-5,
    );
}

#[test]
fn reads_strided_inputs_and_empty_ones() {
    let inputs = [random([2, 8, 8, 3], 1), random([4, 4, 3, 5], 2)];
    let (geometry, f) = (geometry(2, 1, 0), Activation::Relu);
    let got = run(conv2d, &inputs.each_ref().map(strided), 5, geometry, f);
    assert_eq!(got, run(conv2d, &inputs, 5, geometry, f));
    let inputs = [random([0, 8, 8, 3], 1), random([4, 4, 3, 5], 2)];
    let none = vec![vec![], vec![], vec![0.0; 240], vec![0.0; 5]];
    assert_eq!(run(conv2d, &inputs, 5, geometry, f), none);
    let inputs = [random([0, 8, 8, 3], 1), random([4, 4, 5, 3], 2)];
    assert_eq!(run(conv_transpose2d, &inputs, 5, geometry, f), none);
}

#[test]
fn threads_do_not_change_bits() {
    let (geometry, f) = (geometry(2, 1, 0), Activation::Relu);
    let inputs = [random([9, 32, 32, 8], 1), random([4, 4, 8, 16], 2)];
    assert_thread_independent(|| run(conv2d, &inputs, 16, geometry, f));
    let inputs = [random([9, 16, 16, 16], 1), random([4, 4, 8, 16], 2)];
    assert_thread_independent(|| run(conv_transpose2d, &inputs, 8, geometry, f));
    assert_thread_independent(|| run(up_in_bf16, &inputs, 8, geometry, f));
}

#[test]
fn a_record_does_not_see_the_others() {
    let (x, w, b) = (random([6, 16, 16, 3], 1), random([4, 4, 3, 8], 2), random([8], 3));
    let changed = x
        .clone()
        .slice_assign([0..5, 0..16, 0..16, 0..3], random([5, 16, 16, 3], 8));
    let last = |x| {
        let y = conv2d(x, w.clone(), b.clone(), geometry(2, 1, 0), Activation::Relu);
        values(y)[5 * 8 * 8 * 8..].to_vec()
    };
    assert_eq!(last(x), last(changed));
}
