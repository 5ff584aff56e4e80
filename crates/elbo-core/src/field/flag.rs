//! A flag as values: what it says, and whether that is known. Nothing is learned here.

use burn::module::Module;
use burn::tensor::Tensor;

use crate::{Field, Value};

/// (yes, given) for each record, and a bit for "known to be missing" where that can be; all 0 where not given.
#[derive(Module, Debug)]
pub struct FlagEmbedding {
    #[module(skip)]
    missing: bool,
}

impl FlagEmbedding {
    /// Of a flag that can be known to be `missing`, or cannot.
    pub fn new(missing: bool) -> Self {
        Self { missing }
    }

    /// Width of the embedding.
    pub fn width(&self) -> usize {
        2 + usize::from(self.missing)
    }

    /// # Shapes
    /// `[batch, 1]` values to `[batch, width]`.
    pub fn embed(&self, field: &Field) -> Tensor<2> {
        let Value::Flag(value) = &field.value else {
            unreachable!("the config's kinds decide both the embedding and the values")
        };
        let given = field.given.clone();
        if !self.missing {
            return Tensor::cat(vec![value.clone() * given.clone(), given], 1);
        }
        let is = |level: f32| value.clone().equal_elem(level).float() * given.clone();
        Tensor::cat(vec![is(1.0), given.clone(), is(2.0)], 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_close, rows};

    #[test]
    fn a_missing_no_differs_from_a_given_one_and_other_values_are_ignored() {
        let field = Field {
            value: Value::Flag(rows([[1.0], [0.0], [9.0]])),
            given: rows([[1.0], [1.0], [0.0]]),
        };
        assert_close(
            &FlagEmbedding::new(false).embed(&field),
            &[1.0, 1.0, 0.0, 1.0, 0.0, 0.0],
            0.0,
        );
    }

    #[test]
    fn known_to_be_missing_is_neither_no_nor_left_open() {
        let field = Field {
            value: Value::Flag(rows([[0.0], [1.0], [2.0], [2.0]])),
            given: rows([[1.0], [1.0], [1.0], [0.0]]),
        };
        #[rustfmt::skip]
        let expected = [
            0.0, 1.0, 0.0,
            1.0, 1.0, 0.0,
            0.0, 1.0, 1.0,
            0.0, 0.0, 0.0,
        ];
        assert_close(&FlagEmbedding::new(true).embed(&field), &expected, 0.0);
    }
}
