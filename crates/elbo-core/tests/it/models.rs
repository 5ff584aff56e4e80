//! Small models and batches for the tests.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Tensor};
use elbo_core::parameters::{Array, Arrays};
use elbo_core::{
    Activation, Field, FieldKind, FieldSpec, Fields, ImageLikelihood, ImageShape, Init, Model, ModelConfig,
    NetworkConfig, NetworkKind, Precision, PriorKind, Region, Value,
};

use crate::testing::{codes, device, normal, tensor, uniform};

/// A dense VAE of 3×2 gray images with two latent units.
pub(crate) fn plain() -> ModelConfig {
    let shape = ImageShape {
        height: 3,
        width: 2,
        channels: 1,
    };
    ModelConfig {
        x: vec![spec(
            "image",
            FieldKind::Image {
                shape,
                likelihood: ImageLikelihood::Bernoulli,
                region: Region::Whole,
            },
        )],
        y: vec![],
        latent: 2,
        network: NetworkConfig {
            kind: NetworkKind::Dense,
            hidden: vec![8, 5],
            channels: vec![],
            residual_blocks: 0,
            activation: Activation::Tanh,
            embedding: 3,
            chain: 0,
            components: 8,
            number_steps: 0,
            precision: Precision::F32,
        },
        prior: PriorKind::Standard,
    }
}

/// The same, given a category of four levels, a flag and a number, with a learned prior.
pub(crate) fn conditional() -> ModelConfig {
    let y = vec![
        spec("label", FieldKind::Category { levels: 4 }),
        spec("bold", FieldKind::Flag { missing: false }),
        spec(
            "angle",
            FieldKind::Number {
                bins: vec![],
                missing: false,
            },
        ),
    ];
    ModelConfig {
        y,
        prior: PriorKind::Learned,
        ..plain()
    }
}

pub(crate) fn spec(name: &str, kind: FieldKind) -> FieldSpec {
    FieldSpec {
        name: name.into(),
        kind,
    }
}

/// A model with random weights.
pub(crate) fn build(config: &ModelConfig, seed: u64) -> Model {
    build_on(&device(), config, seed)
}

/// The same model on any device.
pub(crate) fn build_on(device: &Device, config: &ModelConfig, seed: u64) -> Model {
    let mut stream = seed << 32;
    let mut draws = |n| {
        stream += 1;
        uniform(stream, n)
    };
    Model::init(config, &mut Init::new(&mut draws, device)).unwrap()
}

/// Records of [`plain`] or [`conditional`].
#[derive(Clone, Debug)]
pub(crate) struct Records {
    pub(crate) pixels: Vec<[f32; 6]>,
    /// Label, bold, angle.
    pub(crate) conditions: Vec<(i32, f32, f32)>,
    /// Which of the three are observed.
    pub(crate) observed: Vec<[f32; 3]>,
}

impl Records {
    /// `n` records, every value observed.
    pub(crate) fn random(n: usize, seed: u64) -> Self {
        let u = uniform(seed, 9 * n);
        let pixels = u.chunks_exact(9).map(|u| std::array::from_fn(|i| u[i])).collect();
        let condition = |u: &[f32]| ((u[6] * 4.0) as i32, (u[7] * 2.0).floor(), 4.0 * u[8] - 2.0);
        Self {
            pixels,
            conditions: u.chunks_exact(9).map(condition).collect(),
            observed: vec![[1.0; 3]; n],
        }
    }

    /// These records in this order, or some of them.
    pub(crate) fn select(&self, order: &[usize]) -> Self {
        Self {
            pixels: order.iter().map(|&i| self.pixels[i]).collect(),
            conditions: order.iter().map(|&i| self.conditions[i]).collect(),
            observed: order.iter().map(|&i| self.observed[i]).collect(),
        }
    }

    pub(crate) fn x(&self) -> Fields {
        let n = self.pixels.len();
        images(tensor(self.pixels.concat(), [n, 6]))
    }

    pub(crate) fn y(&self) -> Fields {
        let n = self.conditions.len();
        let column = |values: Vec<f32>| tensor(values, [n, 1]);
        let observed = |i: usize| column(self.observed.iter().map(|observed| observed[i]).collect());
        let labels: Vec<_> = self.conditions.iter().map(|y| y.0).collect();
        Fields(vec![
            Field {
                value: Value::Category(codes(&labels)),
                observed: observed(0),
            },
            Field {
                value: Value::Flag(column(self.conditions.iter().map(|y| y.1).collect())),
                observed: observed(1),
            },
            Field {
                value: number(column(self.conditions.iter().map(|y| y.2).collect())),
                observed: observed(2),
            },
        ])
    }
}

/// Numbers without bins, `[batch, 1]`.
pub(crate) fn number(z: Tensor<2>) -> Value {
    let [batch, _] = z.dims();
    Value::Number {
        within: Box::new(z.zeros_like()),
        z,
        bin: codes(&vec![0; batch]),
    }
}

/// A batch of one image field, none missing.
pub(crate) fn images(pixels: Tensor<2>) -> Fields {
    let [batch, _] = pixels.dims();
    Fields(vec![Field {
        value: Value::Image(pixels),
        observed: Tensor::ones([batch, 1], &device()),
    }])
}

/// Standard normal noise, `[rows, latent]`.
pub(crate) fn eps(seed: u64, rows: usize, latent: usize) -> Tensor<2> {
    tensor(normal(seed, rows * latent), [rows, latent])
}

/// The gradient of every weight that has one, by the weight's name.
pub(crate) fn gradients(model: &Model, gradients: &Gradients) -> Arrays {
    let mut reader = Reader {
        gradients,
        path: Vec::new(),
        arrays: Arrays::new(),
    };
    model.visit(&mut reader);
    reader.arrays
}

struct Reader<'a> {
    gradients: &'a Gradients,
    path: Vec<String>,
    arrays: Arrays,
}

impl ModuleVisitor for Reader<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = param.val().grad(self.gradients) {
            let values = gradient.to_data().try_to_vec().unwrap();
            self.arrays.insert(
                self.path.join("."),
                Array {
                    shape: gradient.dims().to_vec(),
                    values,
                },
            );
        }
    }
}
