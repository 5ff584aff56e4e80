//! Adam over a model's weights, with clipping by the norm of the whole gradient.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use elbo_kernels::{Adam, AdamMoments, adam_step, sum_of_squares};

use crate::Model;
use crate::parameters::{Array, Arrays, Path, to_array};

/// Adam and its state (Kingma & Ba 2015, algorithm 1).
#[derive(Debug, Clone)]
pub struct Optimizer {
    adam: Adam,
    /// Largest norm of the gradient that is applied; larger ones are scaled down to it.
    clip_norm: Option<f64>,
    /// Decay of the running means of the weights in a step; 0: none are kept.
    averaging: f64,
    steps: u64,
    /// First and second moment of each weight, flat, by the weight's path.
    moments: BTreeMap<String, AdamMoments<1>>,
    /// The running mean of each weight, flat, by the weight's path.
    means: BTreeMap<String, Tensor<1>>,
}

/// The weights enter their running means after every so many steps.
const MEANS_EVERY: u64 = 5;
/// The running means look back no farther than this share of the steps so far.
const LOOKING_BACK: f64 = 5.0;

/// A gradient that cannot be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NonFiniteGradient;

impl Optimizer {
    /// A fresh optimiser.
    pub fn new(adam: Adam, clip_norm: Option<f64>) -> Self {
        Self {
            adam,
            clip_norm,
            averaging: 0.0,
            steps: 0,
            moments: BTreeMap::new(),
            means: BTreeMap::new(),
        }
    }

    /// The same, keeping running means of the weights with this decay in a step; 0: none.
    pub fn averaging(self, decay: f64) -> Self {
        Self {
            averaging: decay,
            ..self
        }
    }

    /// The model with the running means of its weights (Polyak & Juditsky 1992), where any are kept: they
    /// vary less from step to step, and mostly predict better.
    pub fn averaged(&self, model: &Model) -> Model {
        model.clone().map(&mut Averaged {
            means: &self.means,
            path: Path::default(),
        })
    }

    /// The decay of the running means at this step, if the weights enter them now.
    fn decay(&self) -> Option<f32> {
        if self.averaging <= 0.0 || !self.steps.is_multiple_of(MEANS_EVERY) {
            return None;
        }
        let early = 1.0 - 1.0 / (self.steps as f64 / LOOKING_BACK + 1.0);
        Some(self.averaging.min(early).powi(MEANS_EVERY as i32) as f32)
    }

    /// One update, in place: g ← g · min(1, clip/‖g‖), then Adam on every weight with that learning
    /// rate. Returns ‖g‖, the norm of the whole gradient before clipping.
    ///
    /// ```
    /// use burn::tensor::Tensor;
    /// use elbo_core::{Adam, Objective, optimizer::Optimizer};
    /// # use elbo_core::{Field, Fields, Init, Model, Value};
    /// # let config = r#"{"x": [{"name": "image", "kind": "image", "likelihood": "bernoulli",
    /// #     "shape": {"height": 2, "width": 2, "channels": 1}}], "y": [], "latent": 3, "prior": "standard",
    /// #     "network": {"kind": "dense", "hidden": [8], "channels": [], "residual_blocks": 0,
    /// #     "activation": "relu", "embedding": 1}}"#;
    /// # let device = elbo_core::device("cpu").unwrap().autodiff();
    /// # let mut uniform = |n| (0..n).map(|i| (i * 37 % 101) as f32 / 101.0).collect();
    /// # let mut init = Init::new(&mut uniform, &device);
    /// # let mut model = Model::init(&serde_json::from_str(config).unwrap(), &mut init).unwrap();
    /// # let value = Value::Image(Tensor::zeros([5, 4], &device));
    /// # let (x, y) = (Fields(vec![Field { value, observed: Tensor::ones([5, 1], &device) }]), Fields::none());
    /// let mut optimizer = Optimizer::new(Adam::default(), Some(5.0));
    /// let eps = || Tensor::zeros([5, 3], &device);
    /// let loss = |model: &Model| Objective::default().loss(model, &x, &y, eps(), 1.0).total;
    /// let before = loss(&model);
    /// let norm = optimizer.step(&mut model, before.clone().backward(), 1e-2).unwrap();
    /// assert!(norm > 0.0);
    /// assert!(loss(&model).into_scalar::<f32>() < before.into_scalar::<f32>());
    /// ```
    ///
    /// # Errors
    /// A gradient that is not finite; nothing is changed then.
    pub fn step(
        &mut self,
        model: &mut Model,
        mut gradients: Gradients,
        rate: f64,
    ) -> Result<f64, NonFiniteGradient> {
        let mut norm = Norm {
            gradients: &gradients,
            squares: 0.0,
        };
        model.visit(&mut norm);
        let norm = norm.squares.sqrt();
        if !norm.is_finite() {
            return Err(NonFiniteGradient);
        }
        // The count of a hostile file may be the largest possible.
        self.steps = self.steps.saturating_add(1);
        let scale = match self.clip_norm {
            Some(limit) if norm > limit => limit / norm,
            _ => 1.0,
        };
        // The mapper takes the model by value; the update is in place only if nothing else shares its tensors.
        replace_with::replace_with_or_abort(model, |model| {
            model.map(&mut Update {
                optimizer: self,
                path: Path::default(),
                gradients: &mut gradients,
                rate,
                scale: scale as f32,
            })
        });
        Ok(norm)
    }

    /// The state as named arrays `<weight>.first` and `<weight>.second`, with `<weight>.mean` where running means are
    /// kept, and the steps taken.
    pub fn state(&self) -> (u64, Arrays) {
        let arrays = self.moments.iter().flat_map(|(name, moments)| {
            [
                (format!("{name}.first"), to_array(&moments.m)),
                (format!("{name}.second"), to_array(&moments.v)),
            ]
        });
        let means = self.means.iter();
        let means = means.map(|(name, mean)| (format!("{name}.mean"), to_array(mean)));
        (self.steps, arrays.chain(means).collect())
    }

    /// The same optimiser with the state of [`Self::state`]. [`Self::fits`] checks it against a model.
    ///
    /// # Errors
    /// The name of an array that is not half of a pair, or that no moment can be equal to.
    pub fn with_state(mut self, steps: u64, mut arrays: Arrays, device: &Device) -> Result<Self, String> {
        self.steps = steps;
        self.moments.clear();
        self.means.clear();
        let means: Vec<String> = arrays
            .keys()
            .filter(|name| name.ends_with(".mean"))
            .cloned()
            .collect();
        for name in means {
            let mean = arrays.remove(&name).filter(finite).ok_or_else(|| name.clone())?;
            let weight = name.trim_end_matches(".mean").to_owned();
            self.means.insert(weight, flat(mean, device));
        }
        while let Some((name, first)) = arrays.pop_first() {
            let weight = name
                .strip_suffix(".first")
                .ok_or_else(|| name.clone())?
                .to_owned();
            let second = arrays
                .remove(&format!("{weight}.second"))
                .ok_or_else(|| name.clone())?;
            // A mean of squares is never negative; its root would turn every weight to NaN.
            let squares = second.values.iter().all(|value| *value >= 0.0);
            if first.values.len() != second.values.len() || !finite(&first) || !finite(&second) || !squares {
                return Err(name);
            }
            let moments = AdamMoments {
                m: flat(first, device),
                v: flat(second, device),
            };
            self.moments.insert(weight, moments);
        }
        Ok(self)
    }

    /// Whether the state belongs to the weights of `model`: [`Self::step`] relies on it.
    ///
    /// # Errors
    /// The name of a weight that is in the state but not in the model, or of another size.
    pub fn fits(&self, model: &Model) -> Result<(), String> {
        let weights = model.weights();
        let moments = self.moments.iter().map(|(name, moments)| (name, &moments.m));
        let mut all = moments.chain(&self.means);
        let stray = all.find(|(name, array)| {
            weights
                .get(*name)
                .is_none_or(|weight| weight.values.len() != array.dims()[0])
        });
        match stray {
            Some((name, _)) => Err(name.clone()),
            None => Ok(()),
        }
    }
}

fn finite(array: &Array) -> bool {
    array.values.iter().all(|value| value.is_finite())
}

fn flat(array: Array, device: &Device) -> Tensor<1> {
    let length = array.values.len();
    Tensor::from_data(TensorData::new(array.values, [length]), device)
}

/// Sums the squares of every gradient, in the order of the modules.
struct Norm<'a> {
    gradients: &'a Gradients,
    squares: f64,
}

impl ModuleVisitor for Norm<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = param.val().grad(self.gradients) {
            self.squares += sum_of_squares(gradient);
        }
    }
}

/// Applies Adam to every weight that has a gradient.
struct Update<'a> {
    optimizer: &'a mut Optimizer,
    path: Path,
    gradients: &'a mut Gradients,
    rate: f64,
    scale: f32,
}

impl ModuleMapper for Update<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, weight, mapper) = param.consume();
        let Some(gradient) = weight.grad_remove(self.gradients) else {
            return Param::from_mapped_value(id, weight, mapper);
        };
        let name = self.path.name();
        let decay = self.optimizer.decay();
        let Optimizer {
            adam,
            steps,
            moments,
            means,
            ..
        } = &mut *self.optimizer;
        let shape = weight.dims();
        let length = shape.iter().product::<usize>();
        let mut state = match moments.remove(&name) {
            Some(state) => AdamMoments {
                m: state.m.reshape(shape),
                v: state.v.reshape(shape),
            },
            None => AdamMoments {
                m: gradient.zeros_like(),
                v: gradient.zeros_like(),
            },
        };
        let updated = adam_step(
            weight.inner(),
            gradient,
            &mut state,
            *steps,
            self.rate,
            self.scale,
            adam,
        );
        if let Some(decay) = decay {
            let now = updated.clone().reshape([length]);
            let mean = match means.remove(&name) {
                Some(mean) => mean * decay + now * (1.0 - decay),
                None => now,
            };
            means.insert(name.clone(), mean);
        }
        moments.insert(
            name,
            AdamMoments {
                m: state.m.reshape([length]),
                v: state.v.reshape([length]),
            },
        );
        Param::from_mapped_value(id, Tensor::from_inner(updated).require_grad(), mapper)
    }
}

/// Puts running means in the places of the weights.
struct Averaged<'a> {
    means: &'a BTreeMap<String, Tensor<1>>,
    path: Path,
}

impl ModuleMapper for Averaged<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(mean) = self.means.get(&self.path.name()) else {
            return param;
        };
        let (id, weight, mapper) = param.consume();
        let mean = mean.clone().reshape(weight.dims());
        Param::from_mapped_value(id, Tensor::from_inner(mean).require_grad(), mapper)
    }
}
