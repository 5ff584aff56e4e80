//! Helpers that the tests of all operations share.

use burn::tensor::{Device, Tensor, TensorData};

use crate::{BUILT_DEVICES, device};

/// Reproducible numbers in (-1, 1) with no visible pattern.
pub(crate) fn numbers(n: usize, seed: u64) -> Vec<f32> {
    // SplitMix64 (Steele et al. 2014), one output per element.
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    (0..n)
        .map(|_| (next() >> 40) as f32 / 8_388_608.0 - 1.0)
        .collect()
}

/// [`numbers`] that bf16 holds exactly.
pub(crate) fn coarse_numbers(n: usize, seed: u64) -> Vec<f32> {
    let cut = |number: f32| f32::from_bits(number.to_bits() & 0xffff_0000);
    numbers(n, seed).into_iter().map(cut).collect()
}

/// A tensor of [`coarse_numbers`].
pub(crate) fn coarse<const D: usize>(shape: [usize; D], seed: u64) -> Tensor<D> {
    from_values(coarse_numbers(shape.iter().product(), seed), shape)
}

/// A tensor of [`numbers`].
pub(crate) fn random<const D: usize>(shape: [usize; D], seed: u64) -> Tensor<D> {
    from_values(numbers(shape.iter().product(), seed), shape)
}

pub(crate) fn from_values<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values, shape), &Device::flex())
}

/// `t` as a parameter.
pub(crate) fn leaf<const D: usize>(t: &Tensor<D>) -> Tensor<D> {
    t.clone().autodiff().require_grad()
}

/// The same numbers, stored with the first and last axis swapped.
pub(crate) fn strided<const D: usize>(t: &Tensor<D>) -> Tensor<D> {
    let swapped = t.clone().swap_dims(0, D - 1);
    let shape = swapped.dims();
    from_values(values(swapped), shape).swap_dims(0, D - 1)
}

pub(crate) fn values<const D: usize>(t: Tensor<D>) -> Vec<f32> {
    t.into_data().iter::<f32>().collect()
}

/// Value and gradients of `sum(y * c)`, for c of [`coarse_numbers`]: every output with its own weight.
pub(crate) fn with_gradients<const D: usize>(
    y: Tensor<D>,
    gradients: impl FnOnce(&burn::tensor::Gradients) -> Vec<Vec<f32>>,
) -> Vec<Vec<f32>> {
    let weights = coarse(y.dims(), 99).to_device(&y.device().inner()).autodiff();
    let value = values(y.clone().inner());
    let mut all = vec![value];
    all.extend(gradients(&(y * weights).sum().backward()));
    all
}

/// The gradient at a [`leaf`].
pub(crate) fn gradient<const D: usize>(t: &Tensor<D>, gradients: &burn::tensor::Gradients) -> Vec<f32> {
    values(t.grad(gradients).expect("every leaf of these tests is used"))
}

/// Asserts |got - want| <= tolerance * max |want|, for each of the lists.
pub(crate) fn assert_near(got: &[Vec<f32>], want: &[Vec<f32>], tolerance: f32) {
    assert_eq!(got.len(), want.len());
    for (which, (got, want)) in got.iter().zip(want).enumerate() {
        assert_eq!(got.len(), want.len(), "length of output {which}");
        let size = want.iter().fold(0.0_f32, |size, w| size.max(w.abs()));
        for (i, (g, w)) in got.iter().zip(want).enumerate() {
            assert!(
                (g - w).abs() <= tolerance * size,
                "output {which}, element {i}: {g} for {w}"
            );
        }
    }
}

/// The devices besides the CPU that this build and this machine have, the first of each kind; prints which
/// kinds are missing.
pub(crate) fn other_devices() -> Vec<Device> {
    let others: Vec<_> = BUILT_DEVICES.iter().filter(|kind| **kind != "cpu").collect();
    if others.is_empty() {
        println!("skipped: this build computes on the CPU alone");
    }
    let found = others.into_iter().filter_map(|kind| match device(kind) {
        Ok(device) => Some(device),
        Err(why) => {
            println!("skipped on `{kind}`: {why:?}");
            None
        }
    });
    found.collect()
}

/// Asserts that `f` gives on every device what it gives on the CPU, as [`assert_near`] does.
pub(crate) fn assert_device_independent(tolerance: f32, f: impl Fn(&Device) -> Vec<Vec<f32>>) {
    let want = f(&Device::flex());
    for device in other_devices() {
        assert_near(&f(&device), &want, tolerance);
    }
}

/// Asserts that `f` gives the same bits on one, two and three threads.
pub(crate) fn assert_thread_independent(f: impl Fn() -> Vec<Vec<f32>> + Sync) {
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let all = pool.expect("a small pool").install(&f);
        let bits = |list: &Vec<f32>| list.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        all.iter().map(bits).collect::<Vec<_>>()
    };
    let one = on(1);
    assert!(
        one == on(2) && one == on(3),
        "bits depend on the number of threads"
    );
}
