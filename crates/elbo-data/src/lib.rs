//! Readers, schemas and built-in data sets: bytes to typed records and back. No tensors here.
//!
//! ```text
//! files ──Source──> Arrow record batches ──Schema.encode──> Batch (typed columns + "observed" masks)
//!                                          Schema.decode ──> Arrow ──sink──> png, npy, csv, parquet
//! ```
//!
//! Arrow is the border. A new format is a file in `source/`; a new kind of field is a file in `kind/`.

pub mod atomic;
pub mod batch;
mod binarize;
pub mod builtin;
pub mod column;
mod contained;
pub mod error;
pub mod examine;
pub mod kind;
mod layout;
pub mod loader;
pub mod noise;
mod open;
pub mod options;
mod picture;
pub mod rules;
pub mod schema;
pub mod shuffle;
pub mod sink;
pub mod source;
pub mod split;
pub mod text;

pub use arrow;
pub use batch::{Batch, Column, Numbers, Unseen, Values};
pub use binarize::Binarize;
pub use contained::panics_are_contained;
pub use error::{DataError, IdxError, Problem};
pub use examine::{Examination, examine};
pub use kind::{Kind, Parsed, Value};
pub use layout::Layout;
pub use loader::{Loader, LoaderOptions};
pub use open::open;
pub use options::{Fit, ImageSize, Labels, OpenOptions, TypedField};
pub use rules::Rule;
pub use schema::{Field, Schema};
pub use shuffle::shuffled;
pub use source::{Read, Source, Split};
pub use split::{SplitConfig, SplitRows, split_rows};
pub use text::{Lengths, TextFitter, Tokenizer, TokenizerKind};
