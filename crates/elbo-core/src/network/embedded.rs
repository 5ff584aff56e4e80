//! The embedded condition y, an input of the layers.

use burn::tensor::Tensor;

use crate::field::vectors::Seen;
use crate::fields::repeat_each;

/// The condition, as the networks take it in.
#[derive(Clone, Debug)]
pub struct Embedded {
    /// The embeddings of all given fields side by side; none for a plain VAE.
    pub(crate) all: Option<Tensor<2>>,
    /// The given ones of the modelled fields with levels; none where no field is both.
    pub(crate) levels: Option<Seen>,
}

impl Embedded {
    /// No field is given.
    pub fn none() -> Self {
        Self {
            all: None,
            levels: None,
        }
    }

    /// The condition beside `h`: `[batch, d]` to `[batch, d + width]`.
    pub fn join(&self, h: Tensor<2>) -> Tensor<2> {
        match &self.all {
            Some(y) => Tensor::cat(vec![h, y.clone()], 1),
            None => h,
        }
    }

    /// The embeddings alone; none for a plain VAE.
    pub fn tensor(&self) -> Option<Tensor<2>> {
        self.all.clone()
    }

    /// Each record's condition `times` times in a row.
    pub fn repeat_each(&self, times: usize) -> Self {
        Self {
            all: self.all.clone().map(|y| repeat_each(y, times)),
            levels: self.levels.as_ref().map(|levels| levels.repeat_each(times)),
        }
    }
}
