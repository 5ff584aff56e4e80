//! Opens data by their location: the reader is chosen by what lies there.

use std::path::Path;
use std::sync::Arc;

use crate::error::DataError;
use crate::options::OpenOptions;
use crate::source::{Source, folder, idx, json, names, table, texts};
use crate::{atomic, builtin};

/// Opens a folder of pictures or texts, a table (beside pictures or of its own), JSON lines, the lines of a text,
/// idx data, or `builtin:NAME`.
///
/// # Errors
/// What is wrong with the location, the files or the options; see [`DataError`].
pub fn open(location: &str, options: &OpenOptions) -> Result<Arc<dyn Source>, DataError> {
    options.check()?;
    let source = open_untold(location, options)?;
    match options.fields.first() {
        Some(field) if !source.takes_types() => Err(fixed_type(source.as_ref(), &field.name)),
        _ => Ok(source),
    }
}

fn open_untold(location: &str, options: &OpenOptions) -> Result<Arc<dyn Source>, DataError> {
    if let Some(name) = location.strip_prefix("builtin:") {
        return builtin::open(name, options);
    }
    let path = Path::new(location);
    let metadata = std::fs::metadata(path).map_err(DataError::reading(path))?;
    if metadata.is_dir() {
        match idx::find(path)? {
            Some(files) => Ok(Arc::new(idx::Idx::open(&files, options)?)),
            None if texts::holds_texts(path)? => Ok(Arc::new(texts::Texts::open(path, options)?)),
            None => Ok(Arc::new(folder::Folder::open(path, None, options)?)),
        }
    } else if !metadata.is_file() {
        Err(DataError::NotAFile { path: path.into() })
    } else if table::is_table(path) {
        let (folder, table) = (atomic::folder(path), table::Table::open(path, options)?);
        match folder::describes_pictures(folder, &table) {
            true => Ok(Arc::new(folder::Folder::open(folder, Some(table), options)?)),
            false => Ok(Arc::new(table)),
        }
    } else if json::is_json(path) {
        Ok(Arc::new(json::Json::open(path, options)?))
    } else if texts::is_text(path) {
        Ok(Arc::new(texts::Texts::open(path, options)?))
    } else {
        Ok(Arc::new(idx::Idx::open(&idx::pair(path)?, options)?))
    }
}

/// Why a field of data that know their own types is not taken for another.
fn fixed_type(source: &dyn Source, name: &str) -> DataError {
    let known = names(&source.arrow_schema());
    match known.iter().any(|field| field == name) {
        true => DataError::FixedType {
            name: name.to_owned(),
        },
        false => DataError::unknown_field(name, known),
    }
}
