//! `encode`: the posterior mean and standard deviation of each record, as a table.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use elbo_data::arrow::array::{ArrayRef, Float32Array, StringArray};
use elbo_data::arrow::record_batch::RecordBatch;
use elbo_data::column::image_shape;
use elbo_data::{Source, atomic, sink};
use serde::Serialize;

use crate::error::Error;
use crate::latents::Latents;
use crate::output::{existing, extension};
use crate::progress::Progress;
use crate::threads;
use crate::trained::Trained;

/// What to encode.
#[derive(Clone, Debug)]
pub struct EncodeSettings {
    /// The run folder.
    pub run: PathBuf,
    /// The records.
    pub data: String,
    /// A `.csv`, `.parquet` or `.npy` file.
    pub out: PathBuf,
    /// Replace what is there.
    pub force: bool,
    /// Threads; 0 for one a core.
    pub threads: usize,
    /// What computes; none for what the run was trained on.
    pub device: Option<String>,
}

/// What was encoded.
#[derive(Clone, Debug, Serialize)]
pub struct EncodeReport {
    /// Where it is.
    pub out: PathBuf,
    /// How many records.
    pub n: usize,
    /// Number of latent units; the table has a mean and a std column for each.
    pub latent: usize,
}

/// Writes `record`, what is known of it beside the picture, `mean_0 …` and `std_0 …` for each record;
/// an `.npy` has the means and deviations alone.
///
/// # Errors
/// No trained run, data that the model cannot read, or an output that cannot be written.
pub fn encode(settings: &EncodeSettings, progress: &dyn Progress) -> Result<EncodeReport, Error> {
    check_table(&settings.out, settings.force)?;
    threads::within(settings.threads, || {
        let trained = Trained::open(&settings.run, settings.device.as_deref())?;
        let batches = trained.records(Some(&settings.data))?;
        let rows: Vec<u64> = (0..batches.source.len()).collect();
        let latents = trained.encode(&batches, &rows, false, progress)?;
        let numbers_only = extension(&settings.out).as_deref() == Some("npy");
        let mut columns = match numbers_only {
            true => Vec::new(),
            false => known(batches.source.as_ref(), &latents.rows)?,
        };
        columns.extend(posteriors(&latents));
        let table = RecordBatch::try_from_iter(columns).map_err(|error| Error::Data(error.into()))?;
        sink::write_table(&settings.out, &table, existing(settings.force))?;
        Ok(EncodeReport {
            out: settings.out.clone(),
            n: latents.rows.len(),
            latent: latents.width,
        })
    })
}

fn check_table(path: &Path, force: bool) -> Result<(), Error> {
    match extension(path).as_deref() {
        Some("csv" | "parquet" | "npy") => Ok(atomic::check(path, existing(force))?),
        _ => Err(Error::bad_argument(
            "--out",
            path.display(),
            "a `.csv`, `.parquet` or `.npy` file",
        )),
    }
}

/// The name of each record, and its fields that are no pictures, as they are in the data.
fn known(source: &dyn Source, rows: &[u64]) -> Result<Vec<(String, ArrayRef)>, Error> {
    let names = rows.iter().map(|row| source.name_of(*row));
    let mut columns: Vec<(String, ArrayRef)> = vec![(
        "record".to_owned(),
        Arc::new(names.map(Some).collect::<StringArray>()),
    )];
    let schema = source.arrow_schema();
    let fields: Vec<usize> = (0..schema.fields().len())
        .filter(|field| image_shape(schema.field(*field)).is_none())
        .collect();
    let read = source.read_columns(rows, &fields)?.batch;
    for (field, values) in read.schema().fields().iter().zip(read.columns()) {
        columns.push((free_name(field.name(), &columns), values.clone()));
    }
    Ok(columns)
}

/// A field may have the name of a column of ours.
fn free_name(name: &str, taken: &[(String, ArrayRef)]) -> String {
    let ours = |name: &str| {
        let unit = name.strip_prefix("mean_").or_else(|| name.strip_prefix("std_"));
        unit.is_some_and(|unit| unit.parse::<usize>().is_ok())
    };
    let mut free = name.to_owned();
    while ours(&free) || taken.iter().any(|(taken, _)| *taken == free) {
        free.push('_');
    }
    free
}

fn posteriors(latents: &Latents) -> Vec<(String, ArrayRef)> {
    let unit = |values: &[f32], unit: usize| -> ArrayRef {
        let values = values.iter().skip(unit).step_by(latents.width).copied();
        Arc::new(values.collect::<Float32Array>())
    };
    let means = (0..latents.width).map(|i| (format!("mean_{i}"), unit(&latents.mean, i)));
    let stds = (0..latents.width).map(|i| (format!("std_{i}"), unit(&latents.std, i)));
    means.chain(stds).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_does_not_take_the_name_of_a_column_of_ours() {
        let taken: Vec<(String, ArrayRef)> =
            vec![("record".to_owned(), Arc::new(Float32Array::from(vec![0.0])))];
        for (name, free) in [
            ("smile", "smile"),
            ("record", "record_"),
            ("mean_3", "mean_3_"),
            ("mean_age", "mean_age"),
        ] {
            assert_eq!(free_name(name, &taken), free);
        }
    }
}
