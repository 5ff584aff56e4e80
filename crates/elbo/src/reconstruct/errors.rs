//! How far reconstructions are from records, field by field.

use elbo_data::Kind;
use elbo_data::arrow::array::{Array, ArrayRef, AsArray};
use elbo_data::arrow::compute::cast;
use elbo_data::arrow::datatypes::{DataType, Float64Type};
use elbo_data::arrow::record_batch::RecordBatch;
use elbo_data::arrow::util::display::array_value_to_string;
use elbo_data::column::image_pixels;
use serde::Serialize;

use crate::error::Error;
use crate::trained::Trained;

/// The average error of one field.
#[derive(Clone, Debug, Serialize)]
pub struct FieldError {
    /// The field.
    pub field: String,
    /// What is averaged: `mean squared error` of pixel values scaled to [0, 1], `mean absolute error` of numbers in
    /// their units, or `share that differs`.
    pub measure: &'static str,
    /// The average over the records where the field is known.
    pub value: f64,
}

/// The error of each modelled field.
pub(super) fn of(
    trained: &Trained,
    originals: &RecordBatch,
    reconstructions: &RecordBatch,
) -> Result<Vec<FieldError>, Error> {
    let fields = trained.x_fields.iter().map(|position| {
        let field = &trained.schema.fields[*position];
        let (a, b) = (originals.column(*position), reconstructions.column(*position));
        let (measure, value) = match &field.kind {
            Kind::Image(_) => ("mean squared error", squared(image_pixels(a), image_pixels(b))),
            Kind::Number(_) => ("mean absolute error", absolute(a, b)?),
            _ => ("share that differs", differing(a, b)?),
        };
        Ok(FieldError {
            field: field.name.clone(),
            measure,
            value,
        })
    });
    fields.collect()
}

fn squared(a: &[u8], b: &[u8]) -> f64 {
    let pairs = a.iter().zip(b);
    let squares = pairs.map(|(a, b)| ((f64::from(*a) - f64::from(*b)) / 255.0).powi(2));
    squares.sum::<f64>() / a.len().max(1) as f64
}

fn absolute(a: &ArrayRef, b: &ArrayRef) -> Result<f64, Error> {
    let numbers = |array| cast(array, &DataType::Float64).map_err(|error| Error::Data(error.into()));
    let (a, b) = (numbers(a)?, numbers(b)?);
    let (a, b) = (a.as_primitive::<Float64Type>(), b.as_primitive::<Float64Type>());
    let errors: Vec<f64> = a
        .iter()
        .zip(b)
        .filter_map(|(a, b)| Some((a? - b?).abs()))
        .collect();
    Ok(errors.iter().sum::<f64>() / errors.len().max(1) as f64)
}

fn differing(a: &ArrayRef, b: &ArrayRef) -> Result<f64, Error> {
    let known: Vec<usize> = (0..a.len()).filter(|row| a.is_valid(*row)).collect();
    let text =
        |array: &ArrayRef, row| array_value_to_string(array, row).map_err(|error| Error::Data(error.into()));
    let mut differing = 0;
    for row in &known {
        differing += usize::from(text(a, *row)? != text(b, *row)?);
    }
    Ok(differing as f64 / known.len().max(1) as f64)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use elbo_data::arrow::array::{Int64Array, StringArray};

    #[test]
    fn errors_by_hand_leave_out_what_is_not_known() {
        let a: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None, Some(5)]));
        let b: ArrayRef = Arc::new(Int64Array::from(vec![Some(2), Some(9), Some(2)]));
        // (1 + 3) / 2
        assert_eq!(absolute(&a, &b).unwrap(), 2.0);
        let a: ArrayRef = Arc::new(StringArray::from(vec![Some("x"), Some("y"), None, Some("z")]));
        let b: ArrayRef = Arc::new(StringArray::from(vec!["x", "z", "z", "z"]));
        assert_eq!(differing(&a, &b).unwrap(), 1.0 / 3.0);
        // (1² + 0) / 2
        assert_eq!(squared(&[255, 7], &[0, 7]), 0.5);
    }
}
