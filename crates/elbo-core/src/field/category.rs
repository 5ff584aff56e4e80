//! The embedding of a category: a learned vector for each level, and one for "not observed".

use burn::module::{Module, Param};
use burn::tensor::Tensor;

use crate::{Field, Init};

/// Learned embedding of a category.
#[derive(Module, Debug)]
pub struct CategoryEmbedding {
    /// `[levels + 1, width]`; the last row is "not observed".
    table: Param<Tensor<2>>,
}

/// Size of a one-hot code's entry. It is large, so that the networks use a given category before the latents
/// learn it: generated digits match the requested label more often, and the bound is better, than with 2 or
/// with random entries.
const ONE_HOT: f32 = 4.0;

impl CategoryEmbedding {
    /// A table for `levels` levels, of the requested width but never wider than a one-hot code. If it is that
    /// wide it begins as such a code, so that no two levels begin alike; otherwise with entries in ±1.
    pub fn init(levels: usize, width: usize, init: &mut Init) -> Self {
        let rows = levels + 1;
        let shape = [rows, width.min(rows)];
        let table = if width < rows {
            init.fan_in(shape, 1)
        } else {
            let entry = |place: usize| {
                if place / rows == place % rows {
                    ONE_HOT
                } else {
                    0.0
                }
            };
            init.values((0..rows * rows).map(entry).collect(), shape)
        };
        Self { table }
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
        let missing = field.observed.clone().equal_elem(0.0).squeeze_dim(1);
        table.select(0, field.value.codes().mask_fill(missing, not_given))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Value;
    use crate::testing::{assert_close, codes, device, rows};
    use elbo_kernels::Precision;

    /// Three levels; entry i of the table is i.
    fn counting() -> CategoryEmbedding {
        // fan_in(…, 1) maps u to 2u − 1
        let mut uniform = |n: usize| (0..n).map(|i| (i as f32 + 1.0) / 2.0).collect();
        CategoryEmbedding::init(
            3,
            2,
            &mut Init {
                uniform: &mut uniform,
                device: &device(),
                precision: Precision::F32,
            },
        )
    }

    #[test]
    fn each_level_has_its_row_and_the_last_row_is_not_given() {
        let field = Field {
            value: Value::Category(codes(&[2, 0, 1])),
            observed: rows([[1.0], [0.0], [1.0]]),
        };
        assert_close(&counting().embed(&field), &[4.0, 5.0, 6.0, 7.0, 2.0, 3.0], 1e-6);
    }

    #[test]
    fn the_value_of_a_missing_level_is_ignored() {
        let embed = |code| {
            counting().embed(&Field {
                value: Value::Category(codes(&[code])),
                observed: rows([[0.0]]),
            })
        };
        for code in [0, 1, 2] {
            assert_close(&embed(code), &[6.0, 7.0], 1e-6);
        }
    }

    #[test]
    fn a_table_of_full_width_begins_as_a_one_hot_code() {
        let mut init = Init {
            uniform: &mut |_| panic!("no noise is needed"),
            device: &device(),
            precision: Precision::F32,
        };
        let table = CategoryEmbedding::init(2, 16, &mut init).table.val();
        assert_close(&table, &[4.0, 0.0, 0.0, 0.0, 4.0, 0.0, 0.0, 0.0, 4.0], 0.0);
    }

    #[test]
    fn no_table_is_wider_than_a_one_hot_code() {
        let mut init = Init {
            uniform: &mut |n| vec![0.0; n],
            device: &device(),
            precision: Precision::F32,
        };
        assert_eq!(CategoryEmbedding::init(3, 16, &mut init).width(), 4);
        assert_eq!(CategoryEmbedding::init(30, 16, &mut init).width(), 16);
    }
}
