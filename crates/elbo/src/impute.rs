//! `impute`: what records lack, filled in with what the model expects there, or with draws.

mod gibbs;
mod predictive;

use std::path::PathBuf;
use std::sync::Arc;

use elbo_data::arrow::array::{ArrayRef, UInt64Array};
use elbo_data::arrow::compute::{concat_batches, take_record_batch};
use elbo_data::arrow::record_batch::RecordBatch;
use elbo_data::noise::Noise;
use elbo_data::{DataError, Source};
use serde::Serialize;

use crate::batches::{Batches, Given, Host};
use crate::error::Error;
use crate::latents::append;
use crate::originals::{Originals, Stays};
use crate::output::Output;
use crate::progress::Progress;
use crate::threads;
use crate::trained::Trained;
use crate::unseen::Tally;

/// Records that are worked on at a time.
const RECORDS: usize = 4096;
/// Most draws of each record.
const MAX_DRAWS: usize = 10_000;

/// What to impute.
#[derive(Clone, Debug)]
pub struct ImputeSettings {
    /// The run folder.
    pub run: PathBuf,
    /// The records.
    pub data: String,
    /// So many draws of each record; none for what is expected: the mean of a number, the likeliest level.
    pub draws: Option<usize>,
    /// Seed of the draws.
    pub seed: u64,
    /// A table; of pictures a `.png` grid, an `.npy` array or a folder.
    pub out: PathBuf,
    /// Replace what is there.
    pub force: bool,
    /// Threads; 0 for one a core.
    pub threads: usize,
    /// What computes; none for what the run was trained on.
    pub device: Option<String>,
}

/// What was imputed.
#[derive(Clone, Debug, Serialize)]
pub struct ImputeReport {
    /// Where it is.
    pub out: PathBuf,
    /// How many records.
    pub n: usize,
    /// Draws of each; none for what is expected.
    pub draws: Option<usize>,
    /// How many values were filled in, by field.
    pub filled: Vec<(String, u64)>,
}

/// Fills in the modelled fields that records lack, or the part of a picture that the model does not know; what is
/// known stays as it is. With several draws each record stands in as many rows, behind its number and that of
/// the draw.
///
/// # Errors
/// No trained run, data that the model cannot read, or an output that cannot be written.
pub fn impute(settings: &ImputeSettings, progress: &dyn Progress) -> Result<ImputeReport, Error> {
    if settings
        .draws
        .is_some_and(|draws| !(1..=MAX_DRAWS).contains(&draws))
    {
        let draws = settings.draws.unwrap_or_default();
        return Err(Error::bad_argument("--draws", draws, "a number from 1 to 10000"));
    }
    let output = Output::check(&settings.out, settings.force)?;
    threads::within(settings.threads, || {
        let trained = Trained::open(&settings.run, settings.device.as_deref())?;
        output.suits(&trained)?;
        let batches = trained.records(Some(&settings.data))?;
        let host = trained.with_gaps(&batches, progress)?;
        let filled = trained.count_gaps(&host);
        let n = host.rows.len();
        let records = trained.imputed(&host, settings, progress)?;
        let records = trained.with_known(&records, batches.source.as_ref(), &host.rows)?;
        match settings.draws {
            None => output.write_parts(&trained, &records.schema(), n, |take| take(&records))?,
            Some(draws) => {
                let labels = numbered(n, draws);
                output.write_labelled(&trained, &by_record(&records, n, draws)?, labels)?;
            }
        }
        Ok(ImputeReport {
            out: settings.out.clone(),
            n,
            draws: settings.draws,
            filled,
        })
    })
}

/// The number of each record and of its draw, counted from 1.
fn numbered(n: usize, draws: usize) -> Vec<(&'static str, ArrayRef)> {
    let numbers = |value: fn(usize, usize) -> usize| -> ArrayRef {
        Arc::new(
            (0..n * draws)
                .map(|row| 1 + value(row, draws) as u64)
                .collect::<UInt64Array>(),
        )
    };
    vec![
        ("record", numbers(|row, draws| row / draws)),
        ("draw", numbers(|row, draws| row % draws)),
    ]
}

/// Rows draw by draw, brought into the order of the records.
fn by_record(records: &RecordBatch, n: usize, draws: usize) -> Result<RecordBatch, Error> {
    let order: UInt64Array = (0..n * draws)
        .map(|row| (row % draws * n + row / draws) as u64)
        .collect();
    take_record_batch(records, &order).map_err(|error| Error::Data(error.into()))
}

impl Trained {
    /// All records, what they lack being left open.
    fn with_gaps(&self, batches: &Batches, progress: &dyn Progress) -> Result<Host, Error> {
        let rows: Vec<u64> = (0..batches.source.len()).collect();
        let mut all = Host {
            rows: Vec::new(),
            x: Vec::new(),
            y: Vec::new(),
        };
        let mut unseen = Tally::default();
        for batch in batches.for_scoring(&rows, RECORDS)? {
            let mut batch = batch?;
            for problem in &batch.problems {
                progress.warn(&format!("{problem}: skipped"));
            }
            unseen.add(&batch);
            batches.forget_missing(&mut batch);
            let host = batches.host(&batch, Given::Known)?;
            append(&mut all.x, host.x)?;
            append(&mut all.y, host.y)?;
            all.rows.extend(host.rows);
        }
        unseen.warn(batches.source.as_ref(), progress);
        Ok(all)
    }

    /// What was imputed, draw after draw of the records `rows`, beside all that they say themselves.
    fn with_known(
        &self,
        imputed: &RecordBatch,
        source: &dyn Source,
        rows: &[u64],
    ) -> Result<RecordBatch, Error> {
        let known = Originals::new(self, source, rows, |_| Some(Stays::Known)).read(0, rows.len())?;
        let draws = imputed.num_rows() / rows.len().max(1);
        let draws = (0..draws).map(|draw| known.over(&imputed.slice(draw * rows.len(), rows.len())));
        let draws = draws.collect::<Result<Vec<_>, DataError>>()?;
        concat_batches(&imputed.schema(), &draws).map_err(|error| Error::Data(error.into()))
    }

    /// Whether what is known of a record is its condition: of a model of any fields, or of parts of images.
    fn knows_by_condition(&self) -> bool {
        self.config.given_any() || self.given_region().is_some()
    }

    /// How many values of each modelled field are to be filled in.
    fn count_gaps(&self, host: &Host) -> Vec<(String, u64)> {
        let fields = self.config.model.x.iter().enumerate();
        let counts = fields.map(|(place, field)| {
            let known = match self.config.given_any() {
                true => &host.y[place].given,
                false => &host.x[place].given,
            };
            let open = match self.given_region() {
                Some(_) => known.len(),
                None => known.iter().filter(|known| !**known).count(),
            };
            (field.name.clone(), open as u64)
        });
        counts.collect()
    }

    /// The records with every gap filled: as expected, or draw after draw.
    fn imputed(
        &self,
        host: &Host,
        settings: &ImputeSettings,
        progress: &dyn Progress,
    ) -> Result<RecordBatch, Error> {
        let noise = Noise::new(settings.seed);
        let total = host.rows.len() * settings.draws.unwrap_or(1);
        progress.begin("imputing", Some(total as u64));
        let records = match (self.knows_by_condition(), settings.draws) {
            (true, None) => self.expect(host, noise, progress),
            (true, Some(draws)) => self.draw(host, draws, noise, progress),
            (false, None) => self.walk_and_expect(host, noise, progress),
            (false, Some(draws)) => self.walk(host, draws, noise, progress),
        };
        progress.end();
        records
    }
}
