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
    steps: u64,
    /// First and second moment of each weight, flat, by the weight's path.
    moments: BTreeMap<String, AdamMoments<1>>,
}

/// A gradient that cannot be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NonFiniteGradient;

impl Optimizer {
    /// A fresh optimiser.
    pub fn new(adam: Adam, clip_norm: Option<f64>) -> Self {
        Self {
            adam,
            clip_norm,
            steps: 0,
            moments: BTreeMap::new(),
        }
    }

    /// One update, in place. Returns the norm of the gradient before clipping.
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
        self.steps += 1;
        let scale = match self.clip_norm {
            Some(limit) if norm > limit => limit / norm,
            _ => 1.0,
        };
        // The mapper wants the model itself, and the update is in place only if nobody else holds it.
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

    /// The state as named arrays `<weight>.first` and `<weight>.second`, and the steps taken.
    pub fn state(&self) -> (u64, Arrays) {
        let arrays = self.moments.iter().flat_map(|(name, moments)| {
            [
                (format!("{name}.first"), to_array(&moments.m)),
                (format!("{name}.second"), to_array(&moments.v)),
            ]
        });
        (self.steps, arrays.collect())
    }

    /// The same optimiser with the state of [`Self::state`].
    ///
    /// # Errors
    /// The name of an array that is not half of a pair, or not finite.
    pub fn with_state(mut self, steps: u64, mut arrays: Arrays, device: &Device) -> Result<Self, String> {
        self.steps = steps;
        self.moments.clear();
        while let Some((name, first)) = arrays.pop_first() {
            let weight = name
                .strip_suffix(".first")
                .ok_or_else(|| name.clone())?
                .to_owned();
            let second = arrays
                .remove(&format!("{weight}.second"))
                .ok_or_else(|| name.clone())?;
            if first.values.len() != second.values.len() || !finite(&first) || !finite(&second) {
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
        let Optimizer {
            adam, steps, moments, ..
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
