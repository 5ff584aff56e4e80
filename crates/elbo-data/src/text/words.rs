//! A token for each word, number or run of punctuation: for texts of few different words.

use serde::{Deserialize, Serialize};

use super::pieces::{MAX_PIECE, pieces, with_space, without_space};
use super::{REPLACEMENT, UNKNOWN, damaged_list, place, token_at};

/// The words of a vocabulary. A word includes the space before it, so that the joined tokens
/// are the text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// Ascending.
    words: Vec<String>,
}

impl Words {
    /// A vocabulary of these pieces, which ascend.
    pub(super) fn new(words: Vec<String>) -> Self {
        Self { words }
    }

    pub(super) fn len(&self) -> usize {
        self.words.len()
    }

    pub(super) fn encode(&self, text: &str) -> Vec<u32> {
        let token = |piece: &str| {
            self.words
                .binary_search_by(|word| word.as_str().cmp(piece))
                .map_or(UNKNOWN, token_at)
        };
        pieces(&with_space(text)).map(token).collect()
    }

    pub(super) fn decode(&self, tokens: impl Iterator<Item = u32>) -> String {
        let mut text = String::new();
        for token in tokens {
            match place(token).and_then(|place| self.words.get(place)) {
                Some(word) => text.push_str(word),
                // Most words follow a space.
                None => text.extend([' ', REPLACEMENT]),
            }
        }
        without_space(text)
    }

    pub(super) fn damage(&self) -> Option<String> {
        let not_a_piece = |word: &&String| word.is_empty() || word.len() > MAX_PIECE;
        if let Some(word) = self.words.iter().find(not_a_piece) {
            return Some(format!("a word of {} bytes", word.len()));
        }
        damaged_list(&self.words)
    }
}
