//! How a file of text lays out a table, so that what is made from it is laid out alike.

use std::sync::Arc;

use arrow::datatypes::{Fields, Metadata, Schema as ArrowSchema, SchemaRef};
use serde::{Deserialize, Serialize};

/// Metadata key of a table's layout.
const KEY: &str = "elbo.layout";

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
}

impl Default for Layout {
    /// Commas, plain line ends and no mark.
    fn default() -> Self {
        Self {
            separator: ',',
            crlf: false,
            byte_order_mark: false,
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

    /// These columns as a table that is laid out so; its metadata name any layout but the default.
    pub fn schema(self, columns: impl Into<Fields>) -> SchemaRef {
        let named = || Some((KEY.to_owned(), serde_json::to_string(&self).ok()?));
        let metadata: Metadata = (!self.is_usual()).then(named).flatten().into_iter().collect();
        Arc::new(ArrowSchema::new_with_metadata(columns, metadata))
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

/// The metadata of a table without its layout.
pub(crate) fn other_metadata(schema: &SchemaRef) -> Metadata {
    let mut metadata = schema.metadata().clone();
    metadata.remove(KEY);
    metadata
}
