//! A flag or a number that is given: its value and whether it is there. Nothing is learned here.

use burn::module::Module;
use burn::tensor::Tensor;

use crate::{Field, Value};

/// (value, 1) where given, (0, 0) where not.
#[derive(Module, Debug)]
pub struct ScalarEmbedding {
    #[module(skip)]
    width: usize,
}

impl Default for ScalarEmbedding {
    fn default() -> Self {
        Self { width: 2 }
    }
}

impl ScalarEmbedding {
    /// Width of the embedding: the value and the bit.
    pub fn width(&self) -> usize {
        self.width
    }

    /// # Shapes
    /// `[batch, 1]` values to `[batch, 2]`.
    pub fn embed(&self, field: &Field) -> Tensor<2> {
        let Value::Scalar(value) = &field.value else {
            unreachable!("the config's kinds decide both the embedding and the values")
        };
        Tensor::cat(vec![value.clone() * field.given.clone(), field.given.clone()], 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_close, rows};

    #[test]
    fn a_missing_zero_differs_from_a_given_one_and_other_values_are_ignored() {
        let field = Field {
            value: Value::Scalar(rows([[0.5], [0.0], [9.0]])),
            given: rows([[1.0], [1.0], [0.0]]),
        };
        assert_close(
            &ScalarEmbedding::default().embed(&field),
            &[0.5, 1.0, 0.0, 1.0, 0.0, 0.0],
            0.0,
        );
    }
}
