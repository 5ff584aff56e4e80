//! The embedded condition y, an input of the layers.

use burn::tensor::Tensor;

use crate::field::vectors::Seen;
use crate::fields::repeat_each;

/// The condition, as the networks take it in.
#[derive(Clone, Debug)]
pub struct Embedded {
    /// The embeddings of all given fields side by side; none for a plain VAE.
    pub(crate) all: Option<Tensor<2>>,
    /// Those of the fields that are never modelled; none where there are none.
    pub(crate) apart: Option<Tensor<2>>,
    /// The given ones of the modelled fields with levels; none where no field is both.
    pub(crate) levels: Option<Seen>,
}

impl Embedded {
    /// No field is given.
    pub fn none() -> Self {
        Self {
            all: None,
            apart: None,
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

    /// As the encoder sees it: without the fields that may be modelled, of which it sees all that are known, given or not.
    pub(crate) fn of_encoder(&self) -> Self {
        Self {
            all: self.apart.clone(),
            apart: None,
            levels: None,
        }
    }

    /// 1 for each record of which no level is given that could be modelled, else 0: `[batch, 1]` beside `z`.
    pub(crate) fn open(&self, z: &Tensor<2>) -> Tensor<2> {
        match &self.levels {
            Some(levels) => levels.observed.clone().sum_dim(1).equal_elem(0.0).float(),
            None => z.clone().narrow(1, 0, 1).ones_like(),
        }
    }

    /// Each record's condition `times` times in a row.
    pub fn repeat_each(&self, times: usize) -> Self {
        Self {
            all: self.all.clone().map(|y| repeat_each(y, times)),
            apart: self.apart.clone().map(|y| repeat_each(y, times)),
            levels: self.levels.as_ref().map(|levels| levels.repeat_each(times)),
        }
    }
}
