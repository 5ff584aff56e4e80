//! `encode`: the posterior mean and standard deviation of each record, as a table.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use elbo_data::arrow::array::{ArrayRef, Float32Array, StringArray};
use elbo_data::arrow::record_batch::RecordBatch;
use elbo_data::{atomic, sink};
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

/// Writes `record, mean_0 …, std_0 …` for each record; an `.npy` has the numbers alone.
///
/// # Errors
/// No trained run, data that the model cannot read, or an output that cannot be written.
pub fn encode(settings: &EncodeSettings, progress: &dyn Progress) -> Result<EncodeReport, Error> {
    check_table(&settings.out, settings.force)?;
    threads::within(settings.threads, || {
        let trained = Trained::open(&settings.run)?;
        let batches = trained.records(Some(&settings.data))?;
        let rows: Vec<u64> = (0..batches.source.len()).collect();
        let latents = trained.encode(&batches, &rows, false, progress)?;
        let names = latents
            .rows
            .iter()
            .map(|row| batches.source.name_of(*row))
            .collect();
        let with_names = extension(&settings.out).as_deref() != Some("npy");
        let table = table(&latents, with_names.then_some(names))?;
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

fn table(latents: &Latents, names: Option<Vec<String>>) -> Result<RecordBatch, Error> {
    let mut columns: Vec<(String, ArrayRef)> = Vec::new();
    if let Some(names) = names {
        columns.push(("record".to_owned(), Arc::new(StringArray::from(names))));
    }
    for (name, values) in [("mean", &latents.mean), ("std", &latents.std)] {
        for unit in 0..latents.width {
            let column: Float32Array = values.iter().skip(unit).step_by(latents.width).copied().collect();
            columns.push((format!("{name}_{unit}"), Arc::new(column)));
        }
    }
    RecordBatch::try_from_iter(columns).map_err(|error| Error::Data(error.into()))
}
