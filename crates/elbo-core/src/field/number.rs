//! A number as values: itself, whether it is there, and where it stands among its bins.

use burn::module::Module;
use burn::tensor::{Tensor, TensorData};

use crate::{Field, Value};

/// The standardised number and a bit, both 0 where it is not given, beside a code of its bin: the number goes on
/// smoothly beyond what was seen, the code lets any shape be followed within it.
///
/// Entry j of the code of bin b is height · (t − mean), with t = clamp(b − j, 0, 1) the piecewise linear encoding of
/// Gorishniy et al. (2022, section 3.2) and mean its mean over bins that are equally likely, where "not given" stands.
/// Neighbours differ in one entry, which few records have otherwise near an end: a sharp change there is found soon.
/// The code is not learned: vectors of bins that were learned took the noise of the few records in each for truth
/// (asked of `builtin:people`, worst total variation 0.12 to 0.16, not 0.09).
#[derive(Module, Debug)]
pub struct NumberEmbedding {
    #[module(skip)]
    levels: usize,
}

/// Height of a step of the code.
const HEIGHT: f32 = 2.0;

impl NumberEmbedding {
    /// Of a number with so many bins; with at most one there is no code.
    pub fn new(levels: usize) -> Self {
        Self { levels }
    }

    /// Width of the embedding.
    pub fn width(&self) -> usize {
        2 + self.steps()
    }

    fn steps(&self) -> usize {
        self.levels.saturating_sub(1)
    }

    /// # Shapes
    /// `[batch, 1]` numbers and `[batch]` bins to `[batch, width]`.
    pub fn embed(&self, field: &Field) -> Tensor<2> {
        let Value::Number { z, bin } = &field.value else {
            unreachable!("the config's kinds decide both the embedding and the values")
        };
        let given = field.given.clone();
        let mut parts = vec![z.clone() * given.clone(), given.clone()];
        if self.steps() > 0 {
            let bin = bin.clone().float().unsqueeze_dim(1);
            let row = |entry: fn(f32, f32) -> f32| {
                let steps = self.steps();
                let entries = (0..steps)
                    .map(|j| entry(j as f32, steps as f32))
                    .collect::<Vec<f32>>();
                Tensor::<2>::from_data(TensorData::new(entries, [1, steps]), &given.device())
            };
            let ramp = (bin - row(|j, _| j)).clamp(0.0, 1.0);
            let mean = row(|j, steps| 1.0 - (j + 1.0) / (steps + 1.0));
            parts.push((ramp - mean) * given * HEIGHT);
        }
        Tensor::cat(parts, 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_close, codes, rows};

    fn field() -> Field {
        Field {
            value: Value::Number {
                z: rows([[0.5], [-2.0], [9.0]]),
                bin: codes(&[1, 0, 1]),
            },
            given: rows([[1.0], [1.0], [0.0]]),
        }
    }

    #[test]
    fn without_bins_it_is_the_number_and_a_bit() {
        let embedding = NumberEmbedding::new(0);
        assert_eq!(embedding.width(), 2);
        assert_close(&embedding.embed(&field()), &[0.5, 1.0, -2.0, 1.0, 0.0, 0.0], 0.0);
    }

    #[test]
    fn the_code_steps_up_from_bin_to_bin_around_0() {
        // Bins 1, 0 and 2 of four; the third is not given. Of four equally likely bins 3/4, 2/4, 1/4 are above.
        let mut field = field();
        field.value = Value::Number {
            z: rows([[0.5], [-2.0], [9.0]]),
            bin: codes(&[1, 0, 2]),
        };
        let embedding = NumberEmbedding::new(4);
        assert_eq!(embedding.width(), 5);
        #[rustfmt::skip]
        let expected = [
            0.5, 1.0, 0.5, -1.0, -0.5,
            -2.0, 1.0, -1.5, -1.0, -0.5,
            0.0, 0.0, 0.0, 0.0, 0.0,
        ];
        assert_close(&embedding.embed(&field), &expected, 1e-6);
    }

    #[test]
    fn a_code_is_0_on_average_over_its_bins() {
        let embedding = NumberEmbedding::new(7);
        let field = Field {
            value: Value::Number {
                z: rows([[0.0]; 7]),
                bin: codes(&[0, 1, 2, 3, 4, 5, 6]),
            },
            given: rows([[1.0]; 7]),
        };
        let mean = embedding.embed(&field).mean_dim(0);
        assert_close(&mean, &[0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], 1e-6);
    }
}
