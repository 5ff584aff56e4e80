//! Data in and out of a program: what a verb reads ([`Data`]), and the records that it returns ([`Records`]).

mod changed;
pub(crate) mod item;
mod memory;
pub(crate) mod originals;
mod part;
pub(crate) mod records;
pub(crate) mod unseen;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use elbo_data::arrow::array::RecordBatchReader;
use elbo_data::arrow::record_batch::RecordBatch;
use elbo_data::source::memory::Memory;
use elbo_data::{OpenOptions, Source};

use crate::error::Error;
pub use changed::{Changed, Pair};
pub use part::Part;
pub use records::Records;

/// Records for a verb to read: files, built-in data, or what a program holds in memory. Cheap to clone.
///
/// ```
/// use elbo::Data;
/// let _files = Data::from("people.csv");
/// let _built_in = Data::from("builtin:people");
/// let _texts = Data::texts(["good morning", "good night"])?;
/// // Two gray pictures of 2x2 pixels.
/// let _pictures = Data::pictures(vec![0; 8], [2, 2, 2, 1])?;
/// # Ok::<(), elbo::Error>(())
/// ```
#[derive(Clone)]
pub struct Data(Kind);

#[derive(Clone)]
enum Kind {
    /// A path, or `builtin:NAME`: opened as the model or the config asks.
    Location(String),
    /// Record batches, whose columns are typed as the config asks.
    Batches(Arc<Vec<RecordBatch>>),
    /// Pictures or texts, and a table with a row for each.
    Memory(Arc<Memory>, Option<RecordBatch>),
    /// Records of another kind of source.
    Source(Arc<dyn Source>),
}

impl Data {
    /// Opens the records with the options of a run's config, or of a model.
    pub(crate) fn open(&self, options: &OpenOptions) -> Result<Arc<dyn Source>, Error> {
        let memory = |memory: Memory| -> Result<Arc<dyn Source>, Error> { Ok(Arc::new(memory)) };
        match &self.0 {
            Kind::Location(location) => Ok(elbo_data::open(location, options)?),
            Kind::Batches(batches) => memory(Memory::from_batches(batches, options)?),
            Kind::Memory(records, None) => memory(records.as_ref().clone()),
            Kind::Memory(records, Some(attributes)) => {
                memory(records.as_ref().clone().with(attributes, options)?)
            }
            Kind::Source(source) => Ok(Arc::clone(source)),
        }
    }

    /// The path or name, if the records are not in memory.
    pub fn location(&self) -> Option<&str> {
        match &self.0 {
            Kind::Location(location) => Some(location),
            Kind::Batches(_) | Kind::Memory(..) | Kind::Source(_) => None,
        }
    }

    /// Whether both are the same files, or the same records in memory.
    pub(crate) fn is(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Kind::Location(a), Kind::Location(b)) => {
                let (a, b) = (Path::new(a), Path::new(b));
                a == b || matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
            }
            (Kind::Batches(a), Kind::Batches(b)) => Arc::ptr_eq(a, b),
            (Kind::Memory(a, _), Kind::Memory(b, _)) => Arc::ptr_eq(a, b),
            (Kind::Source(a), Kind::Source(b)) => Arc::ptr_eq(a, b),
            (Kind::Location(_) | Kind::Batches(_) | Kind::Memory(..) | Kind::Source(_), _) => false,
        }
    }
}

impl From<&str> for Data {
    fn from(location: &str) -> Self {
        Self(Kind::Location(location.to_owned()))
    }
}

impl From<String> for Data {
    fn from(location: String) -> Self {
        Self(Kind::Location(location))
    }
}

impl From<&Path> for Data {
    fn from(path: &Path) -> Self {
        Self(Kind::Location(path.to_string_lossy().into_owned()))
    }
}

impl From<PathBuf> for Data {
    fn from(path: PathBuf) -> Self {
        Self::from(path.as_path())
    }
}

impl From<Arc<dyn Source>> for Data {
    fn from(source: Arc<dyn Source>) -> Self {
        Self(Kind::Source(source))
    }
}

impl From<RecordBatch> for Data {
    /// The records of one batch.
    fn from(batch: RecordBatch) -> Self {
        Self::from(vec![batch])
    }
}

impl From<Vec<RecordBatch>> for Data {
    /// The records of some batches, which all have the same columns.
    fn from(batches: Vec<RecordBatch>) -> Self {
        Self(Kind::Batches(Arc::new(batches)))
    }
}

impl TryFrom<Box<dyn RecordBatchReader + Send>> for Data {
    type Error = Error;

    /// All records of a reader, held in memory; see [`Data::streamed`] for more than fit there.
    fn try_from(reader: Box<dyn RecordBatchReader + Send>) -> Result<Self, Error> {
        Self::read(reader)
    }
}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Location(location) => f.debug_tuple("Data").field(location).finish(),
            Kind::Batches(batches) => {
                let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
                f.debug_tuple("Data")
                    .field(&format!("{rows} records in memory"))
                    .finish()
            }
            Kind::Memory(records, _) => f.debug_tuple("Data").field(&records.description()).finish(),
            Kind::Source(source) => f.debug_tuple("Data").field(&source.description()).finish(),
        }
    }
}
