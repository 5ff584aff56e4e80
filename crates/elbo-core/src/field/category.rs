//! A category that is given: a learned vector for each level, and one for "not given".

use burn::module::{Module, Param};
use burn::tensor::Tensor;

use crate::{Field, Init, Value};

/// Learned embedding of a category.
#[derive(Module, Debug)]
pub struct CategoryEmbedding {
    /// `[levels + 1, width]`; the last row is "not given".
    table: Param<Tensor<2>>,
}

impl CategoryEmbedding {
    /// A table for `levels` levels, as wide as asked but never wider than a one-hot code.
    pub fn init(levels: usize, width: usize, init: &mut Init) -> Self {
        let width = width.min(levels + 1);
        // fan-in 1: entries in ±1, the size of a one-hot code's
        Self {
            table: init.fan_in([levels + 1, width], 1),
        }
    }

    /// Width of the embedding.
    pub fn width(&self) -> usize {
        self.table.val().dims()[1]
    }

    /// # Shapes
    /// `[batch]` level numbers to `[batch, width]`.
    pub fn embed(&self, field: &Field) -> Tensor<2> {
        let table = self.table.val();
        let not_given = table.dims()[0] as i64 - 1;
        let Value::Category(codes) = &field.value else {
            unreachable!("the config's kinds decide both the embedding and the values")
        };
        let missing = field.given.clone().equal_elem(0.0).squeeze_dim(1);
        table.select(0, codes.clone().mask_fill(missing, not_given))
    }
}
