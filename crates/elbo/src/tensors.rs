//! Host columns to device tensors and back.

use burn::tensor::{Device, Int, Tensor, TensorData};
use elbo_core::{Field, Fields, Value};
use elbo_data::{Column, Values};

use crate::error::Error;

/// Puts host values on one device.
#[derive(Clone)]
pub(crate) struct Upload(pub Device);

impl Upload {
    /// Fields of a batch.
    pub(crate) fn fields(&self, columns: &[Column]) -> Fields {
        Fields(columns.iter().map(|column| self.field(column)).collect())
    }

    fn field(&self, column: &Column) -> Field {
        let rows = column.given.len();
        let value = match &column.values {
            Values::Image(pixels) => {
                let values = pixels.iter().map(|byte| f32::from(*byte) / 255.0).collect();
                Value::Image(self.rows(values, rows))
            }
            Values::Category(codes) => Value::Category(self.codes(codes)),
            Values::Flag(flags) => {
                Value::Scalar(self.rows(flags.iter().copied().map(f32::from).collect(), rows))
            }
            Values::Number(numbers) => Value::Scalar(self.rows(numbers.clone(), rows)),
        };
        Field {
            value,
            given: self.rows(column.given.iter().copied().map(f32::from).collect(), rows),
        }
    }

    fn codes(&self, codes: &[u32]) -> Tensor<1, Int> {
        let codes: Vec<i64> = codes.iter().map(|code| i64::from(*code)).collect();
        let length = codes.len();
        Tensor::from_data(TensorData::new(codes, [length]), &self.0)
    }

    /// Row-major values as `[rows, …]`.
    pub(crate) fn rows(&self, values: Vec<f32>, rows: usize) -> Tensor<2> {
        let width = values.len() / rows.max(1);
        Tensor::from_data(TensorData::new(values, [rows, width]), &self.0)
    }
}

/// The values of a tensor on the host, row-major.
pub(crate) fn to_host<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor
        .into_data()
        .try_to_vec()
        .unwrap_or_else(|_| unreachable!("every float tensor here is f32"))
}

/// The device that a config names.
pub(crate) fn open_device(name: &str) -> Result<Device, Error> {
    elbo_core::device(name).map_err(|why| Error::NoDevice {
        device: name.to_owned(),
        why,
    })
}
