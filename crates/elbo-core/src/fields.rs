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
