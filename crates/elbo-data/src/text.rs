//! Tokenizers, trained on the training texts: from a text to its tokens and back.
//!
//! ```text
//! texts ──TextFitter──> Tokenizer          text ──encode──> tokens ──decode──> text
//! ```
//!
//! Three kinds of token, one file each; all but characters see a text as `pieces`. Four tokens mean the
//! same in every vocabulary: [`PAD`], [`BEGIN`], [`END`] and [`UNKNOWN`].

mod bpe;
mod characters;
mod fitter;
mod lengths;
mod merges;
mod pieces;
mod words;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::DataError;
pub use bpe::Bpe;
pub use characters::Characters;
pub use fitter::{Choice, TextFitter};
pub use lengths::Lengths;
pub use words::Words;

/// Fills a row of tokens after its end.
pub const PAD: u32 = 0;
/// Precedes the first token where a text is generated token by token.
pub const BEGIN: u32 = 1;
/// Follows the last token.
pub const END: u32 = 2;
/// Replaces what the vocabulary lacks.
pub const UNKNOWN: u32 = 3;
/// Number of the tokens above.
pub const SPECIAL: usize = 4;

/// The most tokens of a vocabulary.
const MAX_SIZE: usize = 1 << 16;
/// Nothing can be learned from what was seen only once in training: it becomes [`UNKNOWN`].
const AT_LEAST: u64 = 2;
/// How [`UNKNOWN`] is written.
const REPLACEMENT: char = char::REPLACEMENT_CHARACTER;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenizerKind {
    /// A character.
    Characters,
    /// A frequent sequence of bytes (Sennrich et al. 2016, on bytes).
    Bpe,
    /// A word, a number or punctuation.
    Words,
}

impl fmt::Display for TokenizerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Characters => "characters",
            Self::Bpe => "bpe",
            Self::Words => "words",
        })
    }
}

impl FromStr for TokenizerKind {
    type Err = DataError;

    fn from_str(text: &str) -> Result<Self, DataError> {
        [Self::Characters, Self::Bpe, Self::Words]
            .into_iter()
            .find(|kind| kind.to_string() == text)
            .ok_or_else(|| DataError::BadOption {
                name: "tokens",
                value: format!("`{text}`"),
                expected: "`characters`, `bpe` or `words`",
            })
    }
}

/// Texts to tokens and back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "tokens", rename_all = "lowercase")]
pub enum Tokenizer {
    /// A token for each character.
    Characters(Characters),
    /// A token for each frequent sequence of bytes.
    Bpe(Bpe),
    /// A token for each word.
    Words(Words),
}

impl Tokenizer {
    /// Learns tokens of a kind from texts; `size` is the most tokens there may be, special ones included.
    /// Nothing but the counts of the texts' pieces is kept in memory, and of these a bounded number.
    ///
    /// # Errors
    /// [`DataError::BadOption`] for a `size` that no vocabulary of that kind can have.
    ///
    /// ```
    /// use elbo_data::{Tokenizer, TokenizerKind};
    /// let names = Tokenizer::fit(["Anna", "Hanna"], TokenizerKind::Characters, None)?;
    /// // four special tokens, then `a` and `n`; `A` and `H` were seen once
    /// assert_eq!(names.size(), 6);
    /// assert_eq!(names.encode("nana"), [5, 4, 5, 4]);
    /// assert_eq!(names.decode(&[5, 4, 5, 4]), "nana");
    /// # Ok::<(), elbo_data::DataError>(())
    /// ```
    pub fn fit<T: AsRef<str>>(
        texts: impl IntoIterator<Item = T>,
        kind: TokenizerKind,
        size: Option<usize>,
    ) -> Result<Self, DataError> {
        let mut fitter = TextFitter::default();
        for text in texts {
            fitter.push(text.as_ref());
        }
        fitter.finish(kind, size)
    }

    /// The kind of its tokens.
    pub fn kind(&self) -> TokenizerKind {
        match self {
            Self::Characters(_) => TokenizerKind::Characters,
            Self::Bpe(_) => TokenizerKind::Bpe,
            Self::Words(_) => TokenizerKind::Words,
        }
    }

    /// Number of tokens, special ones included: all tokens are less than it.
    pub fn size(&self) -> usize {
        SPECIAL
            + match self {
                Self::Characters(characters) => characters.len(),
                Self::Bpe(bpe) => bpe.len(),
                Self::Words(words) => words.len(),
            }
    }

    /// The tokens of a text, without [`BEGIN`] and [`END`].
    pub fn encode(&self, text: &str) -> Vec<u32> {
        match self {
            Self::Characters(characters) => characters.encode(text),
            Self::Bpe(bpe) => bpe.encode(text),
            Self::Words(words) => words.encode(text),
        }
    }

    /// The text of tokens up to the first [`END`]: for byte-pair tokens, and for others where nothing is
    /// [`UNKNOWN`], exactly the text that was encoded. `�` stands for [`UNKNOWN`], for a token that is not
    /// in the vocabulary, and for bytes that are no character; [`BEGIN`] and [`PAD`] are nothing.
    pub fn decode(&self, tokens: &[u32]) -> String {
        let tokens = tokens.split(|token| *token == END).next().unwrap_or_default();
        let tokens = tokens
            .iter()
            .copied()
            .filter(|token| !matches!(*token, BEGIN | PAD));
        match self {
            Self::Characters(characters) => characters.decode(tokens),
            Self::Bpe(bpe) => bpe.decode(tokens),
            Self::Words(words) => words.decode(tokens),
        }
    }

    /// What is wrong with the vocabulary, if anything; for one read from a file.
    pub fn damage(&self) -> Option<String> {
        if self.size() > MAX_SIZE {
            return Some(format!("a vocabulary of {} tokens", self.size()));
        }
        match self {
            Self::Characters(characters) => characters.damage(),
            Self::Bpe(bpe) => bpe.damage(),
            Self::Words(words) => words.damage(),
        }
    }
}

/// The place of a token after the special ones.
fn place(token: u32) -> Option<usize> {
    (token as usize).checked_sub(SPECIAL)
}

/// The token at a place after the special ones.
fn token_at(place: usize) -> u32 {
    (place + SPECIAL) as u32
}

/// The `size` most frequent of what was seen [`AT_LEAST`] so often, ascending; of equally frequent ones the
/// lesser.
fn most_frequent<T: Ord>(counts: impl IntoIterator<Item = (T, u64)>, size: usize) -> Vec<T> {
    let mut counts: Vec<_> = counts
        .into_iter()
        .filter(|(_, count)| *count >= AT_LEAST)
        .collect();
    counts.sort_by(|(a, more), (b, less)| less.cmp(more).then_with(|| a.cmp(b)));
    let mut kept: Vec<T> = counts.into_iter().take(size).map(|(item, _)| item).collect();
    kept.sort_unstable();
    kept
}

/// What is wrong with a list that has to be ascending and not empty.
fn damaged_list<T: Ord>(list: &[T]) -> Option<String> {
    if list.is_empty() {
        Some("a vocabulary of special tokens alone".to_owned())
    } else if !list.is_sorted_by(|a, b| a < b) {
        Some("a vocabulary that is not in order, or names a token twice".to_owned())
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
