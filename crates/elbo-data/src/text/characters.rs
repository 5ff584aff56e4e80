//! A token for each character: for short texts such as names.

use serde::{Deserialize, Serialize};

use super::{REPLACEMENT, UNKNOWN, damaged_list, place, token_at};

/// The characters (Unicode scalar values) of a vocabulary.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Characters {
    /// Ascending.
    characters: Vec<char>,
}

impl Characters {
    /// A vocabulary of these characters, which ascend.
    pub(super) fn new(characters: Vec<char>) -> Self {
        Self { characters }
    }

    pub(super) fn len(&self) -> usize {
        self.characters.len()
    }

    pub(super) fn encode(&self, text: &str) -> Vec<u32> {
        let token = |character| {
            self.characters
                .binary_search(&character)
                .map_or(UNKNOWN, token_at)
        };
        text.chars().map(token).collect()
    }

    pub(super) fn decode(&self, tokens: impl Iterator<Item = u32>) -> String {
        let character = |token| {
            place(token)
                .and_then(|place| self.characters.get(place))
                .copied()
                .unwrap_or(REPLACEMENT)
        };
        tokens.map(character).collect()
    }

    pub(super) fn damage(&self) -> Option<String> {
        damaged_list(&self.characters)
    }
}
