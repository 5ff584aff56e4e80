//! The embedded condition y, an input of the layers.

use burn::tensor::Tensor;

use crate::fields::repeat_each;

/// The embeddings of all given fields side by side; none for a plain VAE.
#[derive(Clone, Debug)]
pub struct Embedded(pub(crate) Option<Tensor<2>>);

impl Embedded {
    /// No field is given.
    pub fn none() -> Self {
        Self(None)
    }

    /// The condition beside `h`: `[batch, d]` to `[batch, d + width]`.
    pub fn join(&self, h: Tensor<2>) -> Tensor<2> {
        match &self.0 {
            Some(y) => Tensor::cat(vec![h, y.clone()], 1),
            None => h,
        }
    }

    /// The condition alone; none for a plain VAE.
    pub fn tensor(&self) -> Option<Tensor<2>> {
        self.0.clone()
    }

    /// Each record's condition `times` times in a row.
    pub fn repeat_each(&self, times: usize) -> Self {
        Self(self.0.clone().map(|y| repeat_each(y, times)))
    }
}
