//! Helpers that tests share: host values to tensors and back, comparisons, seeded noise.
//!
//! Nothing of this crate is named here, because the integration tests include this very file.
#![allow(
    dead_code,
    reason = "the unit tests use one part of it, the integration tests another"
)]

use burn::tensor::{Device, Int, Tensor, TensorData};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, StandardNormal, StandardUniform};

/// The device of all tests, with gradients. The test `gradients_cost_nothing_in_value` checks that values are
/// the same without.
pub(crate) fn device() -> Device {
    Device::flex().autodiff()
}

/// A tensor of these values, row-major.
pub(crate) fn tensor<const D: usize>(values: impl Into<Vec<f32>>, shape: [usize; D]) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values.into(), shape), &device())
}

/// A matrix, written row by row.
pub(crate) fn rows<const R: usize, const C: usize>(rows: [[f32; C]; R]) -> Tensor<2> {
    tensor(rows.concat(), [R, C])
}

/// Level numbers.
pub(crate) fn codes(codes: &[i32]) -> Tensor<1, Int> {
    Tensor::from_data(TensorData::new(codes.to_vec(), [codes.len()]), &device())
}

/// A tensor's values on the host, row-major.
pub(crate) fn values<const D: usize>(tensor: &Tensor<D>) -> Vec<f64> {
    let values: Vec<f32> = tensor.to_data().try_to_vec().unwrap();
    values.into_iter().map(f64::from).collect()
}

/// Fails unless every value is within `tolerance` of the expected one.
#[track_caller]
pub(crate) fn assert_close<const D: usize>(found: &Tensor<D>, expected: &[f64], tolerance: f64) {
    assert_all_close(&values(found), expected, tolerance);
}

/// As [`assert_close`], for host values.
#[track_caller]
pub(crate) fn assert_all_close(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(
        found.len(),
        expected.len(),
        "{found:?} is not as long as {expected:?}"
    );
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        // A NaN is never close.
        assert!(
            (found - expected).abs() <= tolerance,
            "value {index} is {found}, expected {expected}"
        );
    }
}

/// `n` standard normal draws.
pub(crate) fn normal(seed: u64, n: usize) -> Vec<f32> {
    StandardNormal
        .sample_iter(ChaCha8Rng::seed_from_u64(seed))
        .take(n)
        .collect()
}

/// `n` draws uniform in [0, 1).
pub(crate) fn uniform(seed: u64, n: usize) -> Vec<f32> {
    StandardUniform
        .sample_iter(ChaCha8Rng::seed_from_u64(seed))
        .take(n)
        .collect()
}

/// Mean of the values, and its standard error.
pub(crate) fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, (variance / n).sqrt())
}
