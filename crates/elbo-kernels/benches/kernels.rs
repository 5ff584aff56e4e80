//! Timings of the kernels on the shapes of the models we train, beside their plain-tensor twins.
//!
//! `cargo bench -p elbo-kernels`. With the program's allocator, and everything inside the rayon pool, as
//! training is.

use std::hint::black_box;

use burn::tensor::{Device, Distribution, Tensor};
use criterion::{BatchSize, BenchmarkGroup, Criterion, Throughput, measurement::WallTime};
use elbo_kernels::*;

/// The allocator of the program: the system's gives big tensors fresh pages every time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn random<const D: usize>(shape: [usize; D]) -> Tensor<D> {
    Tensor::random(shape, Distribution::Uniform(-1.0, 1.0), &Device::flex())
}

fn leaf<const D: usize>(shape: [usize; D]) -> Tensor<D> {
    (random(shape) * 0.05).autodiff().require_grad()
}

/// Times `forward` alone, and the backward pass of its sum.
fn both<const D: usize>(group: &mut BenchmarkGroup<WallTime>, name: &str, forward: impl Fn() -> Tensor<D>) {
    group.bench_function(format!("{name}/forward"), |b| b.iter(|| black_box(forward())));
    group.bench_function(format!("{name}/backward"), |b| {
        let weights = random(forward().dims()).autodiff();
        let loss = || (forward() * weights.clone()).sum();
        b.iter_batched(loss, |loss| black_box(loss.backward()), BatchSize::PerIteration);
    });
}

/// The most arithmetic that products reach here: what the share of a step is measured by.
fn peak(c: &mut Criterion) {
    let (a, b, zero) = (random([2048, 2048]), random([2048, 2048]), random([2048]) * 0.0);
    let mut group = c.benchmark_group("peak");
    group.throughput(Throughput::Elements(2 * 2048_u64.pow(3)));
    group.bench_function("product of 2048x2048", |bencher| {
        bencher.iter(|| {
            black_box(dense(
                a.clone(),
                b.clone(),
                zero.clone(),
                Activation::Identity,
                Precision::F32,
            ))
        });
    });
}

fn dense_layer(c: &mut Criterion) {
    let mut group = c.benchmark_group("dense 128x784x400 relu");
    let (x, w, b) = (random([128, 784]).autodiff(), leaf([784, 400]), leaf([400]));
    let input = || (x.clone(), w.clone(), b.clone());
    both(&mut group, "fused", || {
        let (x, w, b) = input();
        dense(x, w, b, Activation::Relu, Precision::F32)
    });
    both(&mut group, "twin", || {
        let (x, w, b) = input();
        reference::dense(x, w, b, Activation::Relu)
    });
}

const HALVE: ConvGeometry = ConvGeometry {
    stride: [2, 2],
    padding: [1, 1],
    output_padding: [0, 0],
};

fn conv_layers(c: &mut Criterion) {
    for (size, ci, co, tracked) in [(64, 3, 32, false), (32, 32, 64, true), (16, 64, 128, true)] {
        let mut group = c.benchmark_group(format!("conv {size}x{size}x{ci} to {co}, 4x4 s2, batch 64"));
        let x = random([64, size, size, ci]).autodiff();
        let x = if tracked { x.require_grad() } else { x };
        let (w, b) = (leaf([4, 4, ci, co]), leaf([co]));
        both(&mut group, "fused", || {
            conv2d(
                x.clone(),
                w.clone(),
                b.clone(),
                HALVE,
                Activation::Relu,
                Precision::F32,
            )
        });
        both(&mut group, "twin", || {
            reference::conv2d(x.clone(), w.clone(), b.clone(), HALVE, Activation::Relu)
        });
    }
    let mut group = c.benchmark_group("conv transposed 32x32x32 to 3, 4x4 s2, batch 64");
    let (x, w, b) = (leaf([64, 32, 32, 32]), leaf([4, 4, 3, 32]), leaf([3]));
    both(&mut group, "fused", || {
        conv_transpose2d(
            x.clone(),
            w.clone(),
            b.clone(),
            HALVE,
            Activation::Identity,
            Precision::F32,
        )
    });
}

fn likelihoods(c: &mut Criterion) {
    let mut group = c.benchmark_group("likelihood");
    let (logits, x) = (leaf([128, 784]), random([128, 784]).abs());
    both(&mut group, "bernoulli 128x784", || {
        bernoulli_log_prob(logits.clone(), x.clone())
    });
    both(&mut group, "bernoulli 128x784 twin", || {
        reference::bernoulli_log_prob(logits.clone(), x.clone().autodiff())
    });
    let (mean, scale, x) = (leaf([64, 12288]), leaf([1, 1]), random([64, 12288]).abs());
    both(&mut group, "gaussian 64x12288", || {
        gaussian_log_prob(mean.clone(), scale.clone(), x.clone())
    });
    both(&mut group, "logistic 64x12288", || {
        discretized_logistic_log_prob(mean.clone(), scale.clone(), x.clone())
    });
}

/// The numbers of a table: eight components for each of eleven fields.
fn mixtures(c: &mut Criterion) {
    let mut group = c.benchmark_group("mixture of logistics 256x11x24");
    let (parameters, low) = (leaf([256, 11, 24]), random([256, 11]).autodiff());
    let high = low.clone() + random([256, 11]).abs().autodiff();
    both(&mut group, "fused", || {
        mixture_log_mass(parameters.clone(), low.clone(), high.clone())
    });
    both(&mut group, "twin", || {
        reference::mixture_log_mass(parameters.clone(), low.clone(), high.clone())
    });
}

/// The two sides of the latents, and pixels of what is sampled.
fn latents(c: &mut Criterion) {
    let mut group = c.benchmark_group("latents");
    let [mean, logvar] = [leaf([128, 20]), leaf([128, 20])];
    let (zero, eps) = (random([128, 20]).autodiff() * 0.0, random([128, 20]).autodiff());
    let cat = |(z, kl)| Tensor::cat(vec![z, kl], 1);
    type Op = fn(MeanLogvar, MeanLogvar, Tensor<2>) -> (Tensor<2>, Tensor<2>);
    let ops: [(&str, Op); 2] = [("fused", sample_and_kl), ("twin", reference::sample_and_kl)];
    for (name, op) in ops {
        both(&mut group, &format!("sample_and_kl 128x20 {name}"), || {
            let (q, p) = ([mean.clone(), logvar.clone()], [zero.clone(), zero.clone()]);
            cat(op(q, p, eps.clone()))
        });
    }
    let z = random([64, 784]);
    group.bench_function("sigmoid 64x784 fused", |b| {
        b.iter(|| black_box(sigmoid(z.clone())))
    });
    group.bench_function("sigmoid 64x784 twin", |b| {
        b.iter(|| black_box(reference::sigmoid(z.clone())));
    });
}

fn optimiser(c: &mut Criterion) {
    let mut group = c.benchmark_group("optimiser, one million parameters");
    let grad = random([1_000_000]);
    let mut state = AdamMoments::zeros_like(&grad);
    let mut param = Some(random([1_000_000]));
    group.bench_function("adam", |b| {
        b.iter(|| {
            let old = param.take().unwrap_or_else(|| grad.clone());
            param = Some(adam_step(
                old,
                grad.clone(),
                &mut state,
                1,
                1e-3,
                1.0,
                &Adam::default(),
            ));
        });
    });
    group.bench_function("sum of squares", |b| b.iter(|| sum_of_squares(grad.clone())));
}

fn main() {
    rayon::scope(|_| {
        let mut c = Criterion::default().sample_size(10).configure_from_args();
        peak(&mut c);
        dense_layer(&mut c);
        conv_layers(&mut c);
        likelihoods(&mut c);
        mixtures(&mut c);
        latents(&mut c);
        optimiser(&mut c);
        c.final_summary();
    });
}
