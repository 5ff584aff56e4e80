//! Whole training steps, from a batch on the device to updated weights: the noise of the posterior, the
//! loss, its backward pass and Adam.
//!
//! `cargo bench --workspace --bench step`. `bench/peers/compare.py` sets these beside PyTorch.

use burn::tensor::{Tensor, TensorData};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion};
use elbo::{Events, threads};
use elbo_core::optimizer::Optimizer;
use elbo_core::{
    Activation, Adam, Field, FieldKind, FieldSpec, Fields, ImageLikelihood, ImageShape, Init, Model,
    ModelConfig, NetworkConfig, NetworkKind, Objective, Precision, PriorKind, Region, Value,
};
use elbo_data::noise::{Noise, Purpose};

/// The allocator of the program: the system's gives big tensors fresh pages every time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn noise() -> Noise {
    Noise::new(1)
}

/// A model of images and the size of its batches.
#[derive(Clone, Copy)]
struct Case {
    name: &'static str,
    /// Height, width, channels.
    image: [usize; 3],
    hidden: [Option<usize>; 2],
    /// Of convolutions; none for a dense model.
    channels: &'static [usize],
    latent: usize,
    batch: usize,
    precision: Precision,
}

const CASES: [Case; 4] = [
    Case {
        name: "dense-784-400-20",
        image: [28, 28, 1],
        hidden: [Some(400), None],
        channels: &[],
        latent: 20,
        batch: 128,
        precision: Precision::F32,
    },
    Case {
        name: "dense-784-500-500-50",
        image: [28, 28, 1],
        hidden: [Some(500); 2],
        channels: &[],
        latent: 50,
        batch: 512,
        precision: Precision::F32,
    },
    Case {
        name: "conv-1x32x32",
        image: [32, 32, 1],
        hidden: [None; 2],
        channels: &[32, 64, 128],
        latent: 32,
        batch: 128,
        precision: Precision::F32,
    },
    Case {
        name: "conv-3x64x64",
        image: [64, 64, 3],
        hidden: [None; 2],
        channels: &[32, 64, 128, 256],
        latent: 64,
        batch: 64,
        precision: Precision::F32,
    },
];

impl Case {
    fn config(&self) -> ModelConfig {
        let [height, width, channels] = self.image;
        let shape = ImageShape {
            height,
            width,
            channels,
        };
        let likelihood = ImageLikelihood::Bernoulli;
        let kind = FieldKind::Image {
            shape,
            likelihood,
            region: Region::Whole,
        };
        ModelConfig {
            x: vec![FieldSpec {
                name: "image".into(),
                kind,
            }],
            y: vec![],
            latent: self.latent,
            network: NetworkConfig {
                kind: if self.channels.is_empty() {
                    NetworkKind::Dense
                } else {
                    NetworkKind::Conv
                },
                hidden: self.hidden.into_iter().flatten().collect(),
                channels: self.channels.to_vec(),
                residual_blocks: 0,
                activation: Activation::Relu,
                embedding: 16,
                chain: 0,
                components: 8,
                number_steps: 0,
                precision: self.precision,
            },
            prior: PriorKind::Standard,
        }
    }

    /// What takes one step of training at each call.
    fn training(&self) -> impl FnMut() {
        let device = elbo_core::device("cpu")
            .expect("there is always a CPU")
            .autodiff();
        let mut stream = 0;
        let mut uniform = |n| {
            stream += 1;
            noise().uniform(Purpose::Init, 0, &[stream], n)
        };
        let mut init = Init::new(&mut uniform, &device);
        let mut model = Model::init(&self.config(), &mut init).expect("the cases above are possible");
        let mut optimizer = Optimizer::new(Adam::default(), None);
        let rows: Vec<u64> = (0..self.batch as u64).collect();
        let size = self.image.iter().product();
        let tensor = |draws: Vec<f32>, width| {
            Tensor::<2>::from_data(
                TensorData::new(draws, [rows.len(), width]),
                &device.clone().inner(),
            )
        };
        let pixels = tensor(noise().uniform(Purpose::Builtin, 0, &rows, size), size);
        let x = Fields(vec![Field {
            value: Value::Image(pixels),
            observed: tensor(vec![1.0; rows.len()], 1),
        }]);
        let (latent, mut step, rows) = (self.latent, 0, rows.clone());
        move || {
            step += 1;
            let eps = noise().normal(Purpose::Posterior, step, &rows, latent);
            let eps = Tensor::from_data(
                TensorData::new(eps, [rows.len(), latent]),
                &device.clone().inner(),
            );
            let loss = Objective::default().loss(&model, &x, &Fields::none(), eps, 1.0);
            assert!(loss.total.clone().into_scalar::<f32>().is_finite());
            let done = optimizer.step(&mut model, loss.total.backward(), 1e-3);
            assert!(done.is_ok());
        }
    }
}

/// How the cost of a step grows: each size of a step is varied while the others stay.
fn scaling() -> Vec<(String, Case)> {
    let [dense, _, conv, _] = CASES;
    let batch = [16, 32, 64, 128, 256, 512].map(|batch| (format!("batch/{batch}"), Case { batch, ..dense }));
    let width = [100, 200, 400, 800, 1600].map(|width| {
        let hidden = [Some(width), None];
        (format!("width/{width}"), Case { hidden, ..dense })
    });
    let latent = [2, 8, 32, 128, 512].map(|latent| (format!("latent/{latent}"), Case { latent, ..dense }));
    let image = [16, 32, 64, 96].map(|side| {
        let image = [side, side, 1];
        (format!("image/{side}"), Case { image, ..conv })
    });
    [batch.to_vec(), width.to_vec(), latent.to_vec(), image.to_vec()].concat()
}

/// Times steps of a case in a group, on as many threads.
fn bench(group: &mut BenchmarkGroup<WallTime>, name: &str, case: &Case, threads: usize) {
    let id = BenchmarkId::new(name, format!("{threads}-threads"));
    group.bench_function(id, |bencher| {
        let mut step = case.training();
        let timed = threads::within(threads, &Events::silent(), |_| {
            bencher.iter(&mut step);
            Ok(())
        });
        timed.expect("threads can be started");
    });
}

fn main() {
    let mut criterion = Criterion::default().sample_size(20).configure_from_args();
    let mut group = criterion.benchmark_group("step");
    for case in &CASES {
        for threads in [1, 2] {
            bench(&mut group, case.name, case, threads);
        }
    }
    group.finish();
    let mut group = criterion.benchmark_group("step-bf16");
    for case in CASES {
        let precision = Precision::Bf16;
        bench(&mut group, case.name, &Case { precision, ..case }, 2);
    }
    group.finish();
    for (name, case) in scaling() {
        let (what, size) = name.split_once('/').unwrap_or((&name, ""));
        let mut group = criterion.benchmark_group(format!("scaling-{what}"));
        for threads in [1, 2] {
            bench(&mut group, size, &case, threads);
        }
        group.finish();
    }
    criterion.final_summary();
}
