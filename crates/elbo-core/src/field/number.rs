//! A number as values: itself, and a learned vector for the bin that it falls into.

use burn::module::Module;
use burn::tensor::{Int, Tensor};

use super::category::CategoryEmbedding;
use crate::{Field, Value};

/// The standardised number, 0 where not given, beside the vector of its bin: the one goes on smoothly beyond
/// what was seen, the other follows any shape within it.
#[derive(Module, Debug)]
pub struct NumberEmbedding {
    /// None for a number without bins: a bit says then whether it is given.
    bins: Option<CategoryEmbedding>,
}

impl NumberEmbedding {
    /// With the vectors of the bins, where there are any.
    pub fn new(bins: Option<CategoryEmbedding>) -> Self {
        Self { bins }
    }

    /// Width of the embedding.
    pub fn width(&self) -> usize {
        1 + self.bins.as_ref().map_or(1, CategoryEmbedding::width)
    }

    /// # Shapes
    /// `[batch, 1]` numbers and `[batch]` bins to `[batch, width]`.
    pub fn embed(&self, field: &Field) -> Tensor<2> {
        let Value::Number { z, bin } = &field.value else {
            unreachable!("the config's kinds decide both the embedding and the values")
        };
        let z = z.clone() * field.given.clone();
        let rest = match &self.bins {
            Some(bins) => bins.vectors(bin.clone(), field),
            None => field.given.clone(),
        };
        Tensor::cat(vec![z, rest], 1)
    }
}

impl CategoryEmbedding {
    /// The vectors of these levels where the field is given, "not given" elsewhere.
    fn vectors(&self, levels: Tensor<1, Int>, field: &Field) -> Tensor<2> {
        self.embed(&Field {
            value: Value::Category(levels),
            given: field.given.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Init;
    use crate::testing::{assert_close, codes, device, rows};

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
        let embedding = NumberEmbedding::new(None);
        assert_eq!(embedding.width(), 2);
        assert_close(&embedding.embed(&field()), &[0.5, 1.0, -2.0, 1.0, 0.0, 0.0], 0.0);
    }

    #[test]
    fn with_bins_it_stands_before_its_bins_vector() {
        // Two bins and "not given" have one-hot codes of size 4 to begin with.
        let (device, mut none) = (device(), |_| panic!("no noise is needed"));
        let bins = CategoryEmbedding::init(2, 16, &mut Init::new(&mut none, &device));
        let embedding = NumberEmbedding::new(Some(bins));
        assert_eq!(embedding.width(), 4);
        #[rustfmt::skip]
        let expected = [
            0.5, 0.0, 4.0, 0.0,
            -2.0, 4.0, 0.0, 0.0,
            0.0, 0.0, 0.0, 4.0,
        ];
        assert_close(&embedding.embed(&field()), &expected, 0.0);
    }
}
