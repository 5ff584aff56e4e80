//! How far reconstructions are from records, field by field.

use std::sync::Arc;

use elbo_data::{Column, Schema};
use serde::Serialize;

use crate::model::opened::Opened;

/// The average error of one field.
#[derive(Clone, Debug, Serialize)]
pub struct FieldError {
    /// The field.
    pub field: String,
    /// What is averaged: `mean squared error` of pixel values scaled to [0, 1], `mean absolute error` of numbers and
    /// times in their units, or `share that differs`.
    pub measure: &'static str,
    /// The average over the records where the field is observed.
    pub value: f64,
}

/// Sums over records of the errors of each modelled field.
#[derive(Clone, Debug)]
pub(super) struct Sums {
    schema: Arc<Schema>,
    /// The position of each modelled field, the sum of its errors, and how many there are.
    fields: Vec<(usize, f64, u64)>,
}

impl Sums {
    pub(super) fn new(opened: &Opened) -> Self {
        Self {
            schema: Arc::clone(&opened.schema),
            fields: opened.x_fields.iter().map(|field| (*field, 0.0, 0)).collect(),
        }
    }

    /// Adds records and their reconstructions. Errors are added one by one, so that the sums do not depend on how the
    /// records come in batches.
    pub(super) fn add(&mut self, before: &[Column], after: &[Column]) {
        for ((field, sum, count), (before, after)) in self.fields.iter_mut().zip(before.iter().zip(after)) {
            for error in self.schema.fields[*field].errors(before, after) {
                *sum += error;
                *count += 1;
            }
        }
    }

    pub(super) fn means(&self) -> Vec<FieldError> {
        let fields = self.fields.iter().map(|(field, sum, count)| {
            let field = &self.schema.fields[*field];
            FieldError {
                field: field.name.clone(),
                measure: field.kind.error_measure(),
                value: sum / (*count).max(1) as f64,
            }
        });
        fields.collect()
    }
}
