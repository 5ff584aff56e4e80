//! Data sets that come with the program: procedural, of any size, their true factors known.

pub mod faces;
pub mod people;
pub mod phrases;

use std::sync::Arc;

use crate::error::{DataError, nearest};
use crate::options::OpenOptions;
use crate::source::Source;

/// The names that may follow `builtin:`.
pub const NAMES: [&str; 3] = ["faces", "people", "phrases"];

/// Opens the built-in data set `name`.
///
/// # Errors
/// [`DataError::UnknownBuiltin`] lists the known names.
pub(crate) fn open(name: &str, options: &OpenOptions) -> Result<Arc<dyn Source>, DataError> {
    match name {
        "faces" => faces::open(options),
        "people" => people::open(options),
        "phrases" => phrases::open(options),
        _ => Err(DataError::UnknownBuiltin {
            name: name.to_owned(),
            nearest: nearest(name, NAMES),
            known: NAMES.map(str::to_owned).to_vec(),
        }),
    }
}
