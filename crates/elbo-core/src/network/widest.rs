//! How wide the layers of some networks are.

use burn::module::{ModuleVisitor, Param};
use burn::tensor::Tensor;

/// The sizes of some networks' layers.
#[derive(Default)]
pub(crate) struct Widest {
    /// Inputs of the widest dense layer, or rows of the longest table.
    pub(crate) inputs: usize,
    convolutions: usize,
}

impl Widest {
    /// Whether there are no convolutions.
    pub(crate) fn only_dense(&self) -> bool {
        self.convolutions == 0
    }
}

impl ModuleVisitor for Widest {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        match D {
            0 | 1 => {}
            2 => self.inputs = self.inputs.max(param.val().dims()[0]),
            _ => self.convolutions += 1,
        }
    }
}
