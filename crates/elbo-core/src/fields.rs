//! The values of a batch of records, on the device.

use burn::tensor::{Int, Tensor};

/// The values of one field for a batch.
#[derive(Clone, Debug)]
pub enum Value {
    /// Pixels in [0, 1], `[batch, height · width · channels]`.
    Image(Tensor<2>),
    /// Level numbers, `[batch]`.
    Category(Tensor<1, Int>),
    /// A flag (0 or 1) or a standardised number, `[batch, 1]`.
    Scalar(Tensor<2>),
}

/// One field of a batch: its values, and for which records they are there.
#[derive(Clone, Debug)]
pub struct Field {
    /// The values; where not given they are ignored, but must be finite.
    pub value: Value,
    /// 1 where the value is there, 0 where it is missing or withheld, `[batch, 1]`.
    pub given: Tensor<2>,
}

/// Some fields of a batch, in the order of the model's config.
#[derive(Clone, Debug, Default)]
pub struct Fields(pub Vec<Field>);

impl Fields {
    /// No fields: the condition of a plain VAE.
    pub fn none() -> Self {
        Self::default()
    }

    /// Each record `times` times in a row: `[batch · times, …]`.
    pub fn repeat_each(&self, times: usize) -> Self {
        Self(self.0.iter().map(|field| field.repeat_each(times)).collect())
    }
}

impl Field {
    fn repeat_each(&self, times: usize) -> Self {
        let value = match &self.value {
            Value::Image(pixels) => Value::Image(repeat_each(pixels.clone(), times)),
            Value::Scalar(scalar) => Value::Scalar(repeat_each(scalar.clone(), times)),
            Value::Category(codes) => {
                let [batch] = codes.dims();
                Value::Category(
                    codes
                        .clone()
                        .reshape([batch, 1])
                        .repeat_dim(1, times)
                        .reshape([batch * times]),
                )
            }
        };
        Self {
            value,
            given: repeat_each(self.given.clone(), times),
        }
    }
}

/// Each row `times` times in a row: `[batch, d]` to `[batch · times, d]`.
pub(crate) fn repeat_each(rows: Tensor<2>, times: usize) -> Tensor<2> {
    let [batch, d] = rows.dims();
    rows.reshape([batch, 1, d])
        .repeat_dim(1, times)
        .reshape([batch * times, d])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_close, codes, rows, values};

    #[test]
    fn every_kind_repeats_record_by_record() {
        let given = rows([[1.0], [0.0]]);
        let fields = Fields(vec![
            Field {
                value: Value::Image(rows([[0.1, 0.2], [0.3, 0.4]])),
                given: given.clone(),
            },
            Field {
                value: Value::Category(codes(&[7, 8])),
                given: given.clone(),
            },
            Field {
                value: Value::Scalar(rows([[1.5], [2.5]])),
                given,
            },
        ]);
        let repeated = fields.repeat_each(2);
        let [image, category, scalar] = repeated.0.as_slice() else {
            panic!("three fields")
        };
        let Value::Image(pixels) = &image.value else {
            panic!("an image")
        };
        assert_close(pixels, &[0.1, 0.2, 0.1, 0.2, 0.3, 0.4, 0.3, 0.4], 1e-6);
        let Value::Category(codes) = &category.value else {
            panic!("a category")
        };
        assert_eq!(values(&codes.clone().float()), [7.0, 7.0, 8.0, 8.0]);
        let Value::Scalar(number) = &scalar.value else {
            panic!("a number")
        };
        assert_close(number, &[1.5, 1.5, 2.5, 2.5], 0.0);
        for field in &repeated.0 {
            assert_close(&field.given, &[1.0, 1.0, 0.0, 0.0], 0.0);
        }
    }
}
