//! The condition y: embedded once, then joined to the input of every dense layer of encoder and decoder,
//! and read by the prior.

use burn::module::Module;
use burn::tensor::Tensor;

use crate::field::category::CategoryEmbedding;
use crate::field::scalar::ScalarEmbedding;
use crate::fields::repeat_each;
use crate::{FieldKind, FieldSpec, Fields, Init};

/// The embedding of each given field.
#[derive(Module, Debug)]
pub struct Condition {
    embeddings: Vec<Embedding>,
}

#[derive(Module, Debug)]
enum Embedding {
    Category(CategoryEmbedding),
    Scalar(ScalarEmbedding),
}

/// y as the networks see it: all embeddings side by side, or nothing at all for a plain VAE.
#[derive(Clone, Debug)]
pub struct Embedded(pub(crate) Option<Tensor<2>>);

impl Condition {
    /// An embedding for each given field; categories get `width` values.
    pub fn init(y: &[FieldSpec], width: usize, init: &mut Init) -> Self {
        let embedding = |field: &FieldSpec| match field.kind {
            FieldKind::Category { levels } => {
                Embedding::Category(CategoryEmbedding::init(levels, width, init))
            }
            FieldKind::Flag | FieldKind::Number => Embedding::Scalar(ScalarEmbedding::default()),
            FieldKind::Image { .. } => unreachable!("refused by ModelConfig::check"),
        };
        Self {
            embeddings: y.iter().map(embedding).collect(),
        }
    }

    /// Width of the embedded condition; 0 for a plain VAE.
    pub fn width(&self) -> usize {
        self.embeddings.iter().map(Embedding::width).sum()
    }

    /// # Shapes
    /// Fields of a batch, in the config's order, to `[batch, width]`.
    pub fn embed(&self, y: &Fields) -> Embedded {
        let parts: Vec<_> = self
            .embeddings
            .iter()
            .zip(&y.0)
            .map(|(embedding, field)| match embedding {
                Embedding::Category(category) => category.embed(field),
                Embedding::Scalar(scalar) => scalar.embed(field),
            })
            .collect();
        Embedded((!parts.is_empty()).then(|| Tensor::cat(parts, 1)))
    }
}

impl Embedding {
    fn width(&self) -> usize {
        match self {
            Self::Category(category) => category.width(),
            Self::Scalar(scalar) => scalar.width(),
        }
    }
}

impl Embedded {
    /// Nothing is given.
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

    /// The condition alone, where there is one.
    pub fn tensor(&self) -> Option<Tensor<2>> {
        self.0.clone()
    }

    /// Each record's condition `times` times in a row.
    pub fn repeat_each(&self, times: usize) -> Self {
        Self(self.0.clone().map(|y| repeat_each(y, times)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_close, codes, device, rows, uniform};
    use crate::{Field, Value};
    use elbo_kernels::Precision;

    fn condition(kinds: &[FieldKind]) -> Condition {
        let y: Vec<_> = kinds
            .iter()
            .map(|kind| FieldSpec {
                name: "y".into(),
                kind: *kind,
            })
            .collect();
        Condition::init(
            &y,
            4,
            &mut Init {
                uniform: &mut |n| uniform(1, n),
                device: &device(),
                precision: Precision::F32,
            },
        )
    }

    #[test]
    fn nothing_given_leaves_the_input_alone() {
        let plain = condition(&[]);
        let y = plain.embed(&Fields::none());
        assert_eq!(plain.width(), 0);
        assert!(y.tensor().is_none());
        assert_close(&y.repeat_each(3).join(rows([[1.0, 2.0]])), &[1.0, 2.0], 0.0);
    }

    #[test]
    fn fields_stand_side_by_side_after_the_input() {
        let condition = condition(&[FieldKind::Number, FieldKind::Flag]);
        let given = rows([[1.0], [1.0]]);
        let y = Fields(vec![
            Field {
                value: Value::Scalar(rows([[-2.0], [0.5]])),
                given: given.clone(),
            },
            Field {
                value: Value::Scalar(rows([[0.0], [1.0]])),
                given,
            },
        ]);
        let joined = condition.embed(&y).join(rows([[7.0], [8.0]]));
        assert_eq!(condition.width(), 4);
        assert_close(&joined, &[7.0, -2.0, 1.0, 0.0, 1.0, 8.0, 0.5, 1.0, 1.0, 1.0], 0.0);
    }

    #[test]
    fn repeating_keeps_the_draws_of_a_record_together() {
        let condition = condition(&[FieldKind::Number]);
        let given = rows([[1.0], [1.0]]);
        let y = Fields(vec![Field {
            value: Value::Scalar(rows([[3.0], [4.0]])),
            given,
        }]);
        let repeated = condition.embed(&y).repeat_each(2).tensor().unwrap();
        assert_close(&repeated, &[3.0, 1.0, 3.0, 1.0, 4.0, 1.0, 4.0, 1.0], 0.0);
    }

    #[test]
    fn a_category_is_as_wide_as_its_table() {
        // min(4, 2 + 1) for the first, min(4, 9 + 1) for the second, 2 for the number
        let condition = condition(&[
            FieldKind::Category { levels: 2 },
            FieldKind::Category { levels: 9 },
            FieldKind::Number,
        ]);
        let given = || rows([[1.0]]);
        let y = Fields(vec![
            Field {
                value: Value::Category(codes(&[1])),
                given: given(),
            },
            Field {
                value: Value::Category(codes(&[8])),
                given: given(),
            },
            Field {
                value: Value::Scalar(rows([[0.0]])),
                given: given(),
            },
        ]);
        assert_eq!(condition.width(), 3 + 4 + 2);
        assert_eq!(condition.embed(&y).tensor().unwrap().dims(), [1, 9]);
    }
}
