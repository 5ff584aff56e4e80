//! Readers, schemas and built-in data sets: bytes to typed records and back. No tensors here.
//!
//! ```text
//! files ──Source──> Arrow record batches ──Schema.encode──> Batch (typed columns + "given" masks)
//!                                          Schema.decode ──> Arrow ──sink──> png, npy, csv, parquet
//! ```
//!
//! Arrow is the border. A new format is a file in `source/`; a new kind of field is a file in `kind/`.

pub mod builtin;
pub mod column;
pub mod error;
pub mod noise;
pub mod options;
pub mod shuffle;
pub mod source;
pub mod split;

pub use error::{DataError, Problem};
pub use options::{Fit, ImageSize, OpenOptions};
pub use shuffle::shuffled;
pub use source::{Read, Source, open};
pub use split::{Split, SplitConfig, SplitRows, split_rows};
