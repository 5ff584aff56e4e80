//! What is wrong with one record, while the others can be read.

use serde::{Deserialize, Serialize};

/// Something wrong with one record or file that does not stop the others from being read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Problem {
    /// The file or record, as [`crate::Source::name_of`] names it.
    pub name: String,
    /// What is wrong with it.
    pub reason: String,
}

impl Problem {
    /// A problem of the record or file `name`.
    pub fn new(name: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            reason: reason.into(),
        }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}` {}", self.name, self.reason)
    }
}
