//! Host columns to device tensors and back.

use burn::tensor::{Bool, Device, Int, Tensor, TensorData};
use elbo_core::distribution::tokens::{END, PAD};
use elbo_core::{Field, Fields, Value};
use elbo_data::{Column, Values};

use crate::error::Error;

/// Puts host values on one device.
#[derive(Clone)]
pub(crate) struct Upload {
    device: Device,
    /// Every text is padded to at least so many tokens.
    text: usize,
}

impl Upload {
    /// Onto `device`, texts being padded to the longest among them.
    pub(crate) fn new(device: Device) -> Self {
        Self { device, text: 0 }
    }

    /// The same, but texts are padded to at least `text` tokens, so that the result for one text does not depend on
    /// the others.
    pub(crate) fn padding(self, text: usize) -> Self {
        Self { text, ..self }
    }

    /// Fields of a batch.
    pub(crate) fn fields(&self, columns: &[Column]) -> Fields {
        Fields(columns.iter().map(|column| self.field(column)).collect())
    }

    fn field(&self, column: &Column) -> Field {
        let rows = column.observed.len();
        let value = match &column.values {
            Values::Image(pixels) => {
                let values = pixels.iter().map(|byte| f32::from(*byte) / 255.0).collect();
                Value::Image(self.rows(values, rows))
            }
            Values::Text(texts) => Value::Text {
                tokens: self.tokens(texts, &column.observed),
                withheld: None,
                groups: None,
            },
            Values::Category(codes) => Value::Category(self.codes(codes)),
            Values::Flag(flags) => {
                Value::Flag(self.rows(flags.iter().copied().map(f32::from).collect(), rows))
            }
            Values::Number(numbers) => Value::Number {
                z: self.rows(numbers.z.clone(), rows),
                bin: self.codes(&numbers.bins),
                within: Box::new(self.rows(numbers.within.clone(), rows)),
            },
        };
        Field {
            value,
            observed: self.rows(column.observed.iter().copied().map(f32::from).collect(), rows),
        }
    }

    /// Each text's tokens, its end, and padding; padding alone for a text that is not observed.
    fn tokens(&self, texts: &[Vec<u32>], observed: &[bool]) -> Tensor<2, Int> {
        let longest = texts.iter().map(Vec::len).max().unwrap_or(0).max(self.text) + 1;
        let mut tokens = vec![PAD; texts.len() * longest];
        let rows = tokens.chunks_exact_mut(longest).zip(texts);
        for ((row, text), _) in rows.zip(observed).filter(|(_, observed)| **observed) {
            row.iter_mut()
                .zip(text)
                .for_each(|(place, token)| *place = *token as i32);
            row[text.len()] = END;
        }
        Tensor::from_data(TensorData::new(tokens, [texts.len(), longest]), &self.device)
    }

    /// Level numbers, `[rows]`.
    pub(crate) fn codes(&self, codes: &[u32]) -> Tensor<1, Int> {
        let codes: Vec<i64> = codes.iter().map(|code| i64::from(*code)).collect();
        let length = codes.len();
        Tensor::from_data(TensorData::new(codes, [length]), &self.device)
    }

    /// A row-major mask as `[rows, …]`.
    pub(crate) fn mask(&self, mask: Vec<bool>, rows: usize) -> Tensor<2, Bool> {
        let width = mask.len() / rows.max(1);
        Tensor::from_data(TensorData::new(mask, [rows, width]), &self.device)
    }

    /// Row-major values as `[rows, …]`.
    pub(crate) fn rows(&self, values: Vec<f32>, rows: usize) -> Tensor<2> {
        let width = values.len() / rows.max(1);
        Tensor::from_data(TensorData::new(values, [rows, width]), &self.device)
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
