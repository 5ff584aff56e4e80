//! A model's weights as named host arrays, for saving, loading and comparing.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Tensor, TensorData};

use crate::{CoreError, Model};

/// One tensor on the host, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Its dimensions.
    pub shape: Vec<usize>,
    /// Its values.
    pub values: Vec<f32>,
}

/// Tensors by their path in the model, as in `encoder.hidden.layers.0.weight`.
pub type Arrays = BTreeMap<String, Array>;

impl Model {
    /// All weights.
    pub fn weights(&self) -> Arrays {
        let mut reader = Reader::default();
        self.visit(&mut reader);
        reader.arrays
    }

    /// The same model with other weights.
    ///
    /// # Errors
    /// The first tensor, in the order of the networks, that is missing, of the wrong shape or
    /// length, or not finite; else any tensor that is not in the model.
    pub fn with_weights(self, weights: Arrays) -> Result<Self, CoreError> {
        let mut writer = Writer {
            path: Path::default(),
            arrays: weights,
            error: None,
        };
        let model = self.map(&mut writer);
        if let Some(error) = writer.error {
            return Err(error);
        }
        match writer.arrays.pop_first() {
            Some((name, _)) => Err(CoreError::UnknownTensor { name }),
            None => Ok(model),
        }
    }
}

/// The position of a visitor in the module tree.
#[derive(Default)]
pub(crate) struct Path(Vec<String>);

impl Path {
    pub(crate) fn enter(&mut self, name: &str) {
        self.0.push(name.to_owned());
    }

    pub(crate) fn exit(&mut self) {
        self.0.pop();
    }

    pub(crate) fn name(&self) -> String {
        self.0.join(".")
    }
}

/// The values of a tensor, row-major.
pub(crate) fn to_array<const D: usize>(tensor: &Tensor<D>) -> Array {
    let values = tensor.to_data().try_to_vec::<f32>();
    Array {
        shape: tensor.dims().to_vec(),
        values: values.unwrap_or_else(|_| unreachable!("the data was just converted to f32")),
    }
}

#[derive(Default)]
struct Reader {
    path: Path,
    arrays: Arrays,
}

impl ModuleVisitor for Reader {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.arrays.insert(self.path.name(), to_array(&param.val()));
    }
}

struct Writer {
    path: Path,
    arrays: Arrays,
    /// The first error.
    error: Option<CoreError>,
}

impl Writer {
    fn take(&mut self, expected: &[usize]) -> Result<Array, CoreError> {
        let name = self.path.name();
        let Some(array) = self.arrays.remove(&name) else {
            return Err(CoreError::MissingTensor { name });
        };
        if array.shape != expected {
            return Err(CoreError::Shape {
                name,
                found: array.shape,
                expected: expected.to_vec(),
            });
        }
        if array.values.len() != expected.iter().product::<usize>() {
            return Err(CoreError::Length {
                name,
                found: array.values.len(),
                shape: array.shape,
            });
        }
        if !array.values.iter().all(|value| value.is_finite()) {
            return Err(CoreError::NonFinite { name });
        }
        Ok(array)
    }
}

impl ModuleMapper for Writer {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        match self.take(&param.val().dims()) {
            Ok(array) => param.map(|old| {
                let tensor = Tensor::from_data(TensorData::new(array.values, array.shape), &old.device());
                tensor.set_require_grad(old.is_require_grad())
            }),
            Err(error) => {
                self.error.get_or_insert(error);
                param
            }
        }
    }
}
