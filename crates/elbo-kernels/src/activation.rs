//! The nonlinearity fused behind a linear map.

use burn::tensor::{Tensor, activation};
use serde::{Deserialize, Serialize};

/// An elementwise nonlinearity y = f(z) whose derivative is a function of its output y.
///
/// Only such functions are offered: the backward pass needs y alone, so z is never stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// y = z, dy/dz = 1.
    #[default]
    Identity,
    /// y = max(z, 0), dy/dz = 1 where y > 0, else 0.
    Relu,
    /// y = tanh z, dy/dz = 1 - y².
    Tanh,
}

impl Activation {
    /// f(z) on plain tensors.
    pub fn apply<const D: usize>(self, z: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Identity => z,
            Self::Relu => activation::relu(z),
            Self::Tanh => z.tanh(),
        }
    }
}
