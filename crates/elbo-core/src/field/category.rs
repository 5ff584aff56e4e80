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

/// Size of a one-hot code's entry. Large, so that what is given is used before the latents could learn it:
/// digits on request come out as asked more often, and the bound is better, than with 2 or from random entries.
const ONE_HOT: f32 = 4.0;

/// Height of the waves of ordered levels, which are as far apart then as one-hot codes.
const WAVE: f32 = 3.0;

impl CategoryEmbedding {
    /// A table for `levels` levels, as wide as asked but never wider than a one-hot code. It begins as such
    /// a code where it has the width, so that no two levels begin alike; else with entries in ±1.
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

    /// A table for levels in an order, such as the bins of a number: entry j of the vector of a level a share t up
    /// the order begins as a sine or cosine of t, of a frequency that rises with j from half a period to one in four
    /// levels (Gorishniy et al. 2022, section 3.3). So neighbours begin alike, and yet can be told apart: what is
    /// asked of `builtin:people` is nearer to the truth than from random entries (worst total variation 0.10, not 0.13);
    /// numbers that are only modelled (Adult) are not, so they keep random ones.
    pub fn ordered(levels: usize, width: usize, init: &mut Init) -> Self {
        let rows = levels + 1;
        if width < 4 || width >= rows {
            return Self::init(levels, width, init);
        }
        let steps = (width / 2 - 1) as f32;
        let entry = |place: usize| {
            let (level, j) = (place / width, place % width);
            let t = (level as f32 + 0.5) / levels as f32;
            let frequency = 0.5 * (levels as f32 / 2.0).powf((j / 2).min(width / 2 - 1) as f32 / steps);
            let angle = std::f32::consts::TAU * frequency * t;
            match (level < levels, j % 2) {
                (false, _) => 0.0,
                (true, 0) => WAVE * angle.sin(),
                (true, _) => WAVE * angle.cos(),
            }
        };
        let table = init.values((0..rows * width).map(entry).collect(), [rows, width]);
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
        let Value::Category(codes) = &field.value else {
            unreachable!("the config's kinds decide both the embedding and the values")
        };
        let missing = field.given.clone().equal_elem(0.0).squeeze_dim(1);
        table.select(0, codes.clone().mask_fill(missing, not_given))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_close, codes, device, rows, values};
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
            given: rows([[1.0], [0.0], [1.0]]),
        };
        assert_close(&counting().embed(&field), &[4.0, 5.0, 6.0, 7.0, 2.0, 3.0], 1e-6);
    }

    #[test]
    fn neighbours_in_an_order_begin_alike_and_not_the_same() {
        let (device, mut none) = (device(), |_| panic!("no noise is needed"));
        let mut init = Init::new(&mut none, &device);
        let table = CategoryEmbedding::ordered(40, 16, &mut init).table.val();
        assert_eq!(table.dims(), [41, 16]);
        let rows: Vec<Vec<f64>> = values(&table).chunks_exact(16).map(<[f64]>::to_vec).collect();
        let apart = |a: usize, b: usize| -> f64 {
            let squares = rows[a].iter().zip(&rows[b]).map(|(a, b)| (a - b).powi(2));
            squares.sum::<f64>().sqrt()
        };
        for level in 1..20 {
            let (near, far) = (apart(level, level + 1), apart(level, level + 15));
            assert!(near > 1.0 && near < far, "{level}: {near} {far}");
        }
        // "not given" says nothing, and few levels are one-hot codes
        assert_eq!(rows[40], [0.0; 16]);
        assert_eq!(CategoryEmbedding::ordered(3, 16, &mut init).width(), 4);
    }

    #[test]
    fn the_value_of_a_missing_level_is_ignored() {
        let embed = |code| {
            counting().embed(&Field {
                value: Value::Category(codes(&[code])),
                given: rows([[0.0]]),
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
