//! The embedding of a flag: its value, and whether it is observed. It has no weights.

use burn::module::Module;
use burn::tensor::Tensor;

use crate::Field;

/// (yes, observed) for each record, and, if the flag has that level, whether it is known to be missing; all 0
/// where not observed.
#[derive(Module, Debug)]
pub struct FlagEmbedding {
    #[module(skip)]
    missing: bool,
}

impl FlagEmbedding {
    /// `missing`: whether the flag has the level "known to be missing".
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
        let (value, observed) = (field.value.flags(), field.observed.clone());
        if !self.missing {
            return Tensor::cat(vec![value * observed.clone(), observed], 1);
        }
        let is = |level: f32| value.clone().equal_elem(level).float() * observed.clone();
        Tensor::cat(vec![is(1.0), observed.clone(), is(2.0)], 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Value;
    use crate::testing::{assert_close, rows};

    #[test]
    fn a_missing_no_differs_from_a_given_one_and_other_values_are_ignored() {
        let field = Field {
            value: Value::Flag(rows([[1.0], [0.0], [9.0]])),
            observed: rows([[1.0], [1.0], [0.0]]),
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
            observed: rows([[1.0], [1.0], [1.0], [0.0]]),
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
