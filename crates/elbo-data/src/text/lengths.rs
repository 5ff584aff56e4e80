//! Lengths of texts in tokens.

use serde::{Deserialize, Serialize};

/// Lengths of some texts in tokens, special ones not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lengths {
    /// Number of texts.
    pub texts: u64,
    /// Tokens of all texts.
    pub total: u64,
    /// Tokens of the longest text.
    pub longest: u64,
}

impl Lengths {
    /// Counts a text of `tokens` tokens.
    pub fn push(&mut self, tokens: usize) {
        let tokens = tokens as u64;
        self.texts += 1;
        self.total += tokens;
        self.longest = self.longest.max(tokens);
    }

    /// Mean number of tokens; 0 without texts.
    pub fn mean(&self) -> f64 {
        self.total as f64 / self.texts.max(1) as f64
    }
}
