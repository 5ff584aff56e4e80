//! How a file of text lays out a table, so that what is made from it is laid out alike.

use std::sync::Arc;

use arrow::datatypes::{Field as ArrowField, Fields, Metadata, Schema as ArrowSchema, SchemaRef};
use serde::{Deserialize, Serialize};

/// Metadata key of a table's layout.
const KEY: &str = "elbo.layout";
/// Metadata key of a column whose header is not just its name.
const HEADER: &str = "elbo.header";

/// Metadata key of a column that has quotes which it may not need.
const QUOTES: &str = "elbo.quotes";

/// Where a column has quotes, needed or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Quotes {
    /// Around what stands above it.
    pub(crate) header: bool,
    /// Around all its cells but the empty ones and words for missing values.
    pub(crate) cells: bool,
}

impl Quotes {
    pub(crate) fn of(column: &ArrowField) -> Self {
        let named = column.metadata().get(QUOTES);
        let named = named.and_then(|quotes| serde_json::from_str(quotes).ok());
        named.unwrap_or_default()
    }

    /// The field of a column that has these.
    pub(crate) fn around(self, column: ArrowField) -> ArrowField {
        match serde_json::to_string(&self) {
            Ok(quotes) if self != Self::default() => with(column, QUOTES, quotes),
            _ => column,
        }
    }
}

/// The layout of a table in a file of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Layout {
    /// What stands between two cells of a file whose name does not say it.
    pub separator: char,
    /// Whether lines end as on Windows.
    pub crlf: bool,
    /// Whether a byte order mark comes first, by which spreadsheets know the encoding.
    pub byte_order_mark: bool,
    /// Whether the first line names the columns.
    pub header: bool,
}

impl Default for Layout {
    /// Commas, plain line ends, no mark, and a header.
    fn default() -> Self {
        Self {
            separator: ',',
            crlf: false,
            byte_order_mark: false,
            header: true,
        }
    }
}

impl Layout {
    /// Whether this is the default.
    pub(crate) fn is_usual(&self) -> bool {
        *self == Self::default()
    }

    /// The layout that the metadata of a table name.
    pub fn of(schema: &ArrowSchema) -> Self {
        let named = schema.metadata().get(KEY);
        named
            .and_then(|layout| serde_json::from_str(layout).ok())
            .unwrap_or_default()
    }

    /// The same with a header, which tables need that have other columns than their file.
    pub fn with_header(self) -> Self {
        Self { header: true, ..self }
    }

    /// These columns as a table that is laid out so, with a header.
    pub fn schema(self, columns: impl Into<Fields>) -> SchemaRef {
        let metadata = self.with_header().among(Metadata::default());
        Arc::new(ArrowSchema::new_with_metadata(columns, metadata))
    }

    /// The metadata of a table that is laid out so; they name any layout but the default.
    pub fn among(self, mut metadata: Metadata) -> Metadata {
        metadata.remove(KEY);
        let named = || Some((KEY.to_owned(), serde_json::to_string(&self).ok()?));
        metadata.extend((!self.is_usual()).then(named).flatten());
        metadata
    }

    /// The same with tabs between the cells.
    pub(crate) fn tabbed(self) -> Self {
        Self {
            separator: '\t',
            ..self
        }
    }

    /// The separator as a byte: one that is not ASCII cannot separate cells.
    pub(crate) fn delimiter(self) -> u8 {
        u8::try_from(self.separator).unwrap_or(b',')
    }
}

/// The field of a column with what stands above it in a file of text.
pub(crate) fn under_header(column: ArrowField, header: &str) -> ArrowField {
    with(column, HEADER, header.to_owned())
}

fn with(column: ArrowField, key: &str, value: String) -> ArrowField {
    let mut metadata = column.metadata().clone();
    metadata.insert(key.to_owned(), value);
    column.with_metadata(metadata)
}

/// What stands above a column in a file of text.
pub(crate) fn header_of(column: &ArrowField) -> &str {
    column
        .metadata()
        .get(HEADER)
        .map_or(column.name(), String::as_str)
}

/// The field of a column without what only files of text know of it.
pub(crate) fn without_layout(column: ArrowField) -> ArrowField {
    let mut metadata = column.metadata().clone();
    metadata.remove(HEADER);
    metadata.remove(QUOTES);
    column.with_metadata(metadata)
}

/// The metadata of a table without its layout.
pub(crate) fn other_metadata(schema: &SchemaRef) -> Metadata {
    let mut metadata = schema.metadata().clone();
    metadata.remove(KEY);
    metadata
}
