//! Trains a tokenizer on a stream of texts.

use std::collections::{BTreeMap, HashMap};

use super::bpe::BYTES;
use super::pieces::{pieces, with_space};
use super::{Bpe, Characters, MAX_SIZE, SPECIAL, Tokenizer, TokenizerKind, Words, merges, most_frequent};
use crate::error::DataError;

/// Different pieces whose counts are held; beyond, the rarest are forgotten. Some 40 MB at most.
const MAX_PIECES: usize = 300_000;
/// Texts of more characters than this on average are cut into byte-pair tokens.
const SHORT: f64 = 32.0;
/// The largest vocabulary by default: every token of a text costs time in proportion to the vocabulary.
const USUAL_SIZE: usize = 8000;
/// Characters of training text for each learned token.
const CHARACTERS_PER_TOKEN: u64 = 1000;

/// Counts the characters, words and byte pairs of the texts.
#[derive(Clone, Debug, Default)]
pub struct TextFitter {
    texts: u64,
    characters: BTreeMap<char, u64>,
    pieces: HashMap<String, u64>,
}

/// A kind of token and why it suits the texts.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// The kind.
    pub kind: TokenizerKind,
    /// The reason, the rest of a sentence that names the kind.
    pub reason: String,
}

impl TextFitter {
    /// Counts a text.
    pub fn push(&mut self, text: &str) {
        self.texts += 1;
        for character in text.chars() {
            *self.characters.entry(character).or_default() += 1;
        }
        for piece in pieces(&with_space(text)) {
            match self.pieces.get_mut(piece) {
                Some(count) => *count += 1,
                None => self.insert(piece),
            }
        }
    }

    fn insert(&mut self, piece: &str) {
        let mut rare = 1;
        while self.pieces.len() >= MAX_PIECES {
            self.pieces.retain(|_, count| *count > rare);
            rare *= 2;
        }
        self.pieces.insert(piece.to_owned(), 1);
    }

    /// The kind of token that suits the texts seen.
    pub fn choose(&self) -> Choice {
        let mean = self.length() as f64 / self.texts.max(1) as f64;
        let kind = if mean <= SHORT {
            TokenizerKind::Characters
        } else {
            TokenizerKind::Bpe
        };
        let reason = match kind {
            TokenizerKind::Characters => "short enough to be written character by character",
            _ => "long enough for tokens of several characters",
        };
        Choice {
            kind,
            reason: format!("texts have {mean:.0} characters on average, {reason}"),
        }
    }

    /// The tokenizer of the texts seen; `size` is the most tokens that it may have, special ones included.
    ///
    /// # Errors
    /// [`DataError::BadOption`] for a `size` that no vocabulary of that kind can have.
    pub fn finish(self, kind: TokenizerKind, size: Option<usize>) -> Result<Tokenizer, DataError> {
        let size = self.size(kind, size)? - SPECIAL;
        Ok(match kind {
            TokenizerKind::Characters => {
                Tokenizer::Characters(Characters::new(most_frequent(self.characters, size)))
            }
            TokenizerKind::Bpe => Tokenizer::Bpe(Bpe::new(merges::learn(self.pieces, size))),
            TokenizerKind::Words => Tokenizer::Words(Words::new(most_frequent(self.pieces, size))),
        })
    }

    /// Characters of all texts.
    fn length(&self) -> u64 {
        self.characters.values().sum()
    }

    fn size(&self, kind: TokenizerKind, size: Option<usize>) -> Result<usize, DataError> {
        let least = SPECIAL + if kind == TokenizerKind::Bpe { BYTES } else { 1 };
        let Some(size) = size else {
            let learned = usize::try_from(self.length() / CHARACTERS_PER_TOKEN).unwrap_or(USUAL_SIZE);
            return Ok(match kind {
                TokenizerKind::Bpe => (least + learned).min(USUAL_SIZE),
                TokenizerKind::Characters | TokenizerKind::Words => USUAL_SIZE,
            });
        };
        if (least..=MAX_SIZE).contains(&size) {
            return Ok(size);
        }
        Err(DataError::BadOption {
            name: "vocabulary",
            value: size.to_string(),
            expected: match kind {
                TokenizerKind::Bpe => "a number of tokens, from 260 to 65536",
                TokenizerKind::Characters | TokenizerKind::Words => "a number of tokens, from 5 to 65536",
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(texts: &[&str]) -> TextFitter {
        let mut fitter = TextFitter::default();
        for text in texts {
            fitter.push(text);
        }
        fitter
    }

    #[test]
    fn names_are_spelled_and_sentences_are_not() {
        assert_eq!(
            fitted(&["Anna", "Zoë"]).choose(),
            Choice {
                kind: TokenizerKind::Characters,
                // (4 + 3) / 2, rounded to even
                reason: "texts have 4 characters on average, \
                         short enough to be written character by character"
                    .to_owned(),
            }
        );
        let sentence = "a text of more than thirty-two characters";
        assert_eq!(fitted(&[sentence]).choose().kind, TokenizerKind::Bpe);
    }

    #[test]
    fn the_vocabulary_grows_with_the_text() {
        let size = |characters: usize| {
            let text = "x".repeat(characters);
            fitted(&[&text]).size(TokenizerKind::Bpe, None).unwrap()
        };
        assert_eq!(size(999), 260);
        assert_eq!(size(10_000), 260 + 10);
        assert_eq!(size(10_000_000), USUAL_SIZE);
    }

    #[test]
    fn rare_pieces_are_forgotten_and_frequent_ones_are_not() {
        let mut fitter = fitted(&["often often often"]);
        for number in 0..MAX_PIECES + 10 {
            fitter.push(&number.to_string());
        }
        assert!(fitter.pieces.len() < MAX_PIECES);
        assert_eq!(fitter.pieces[" often"], 3);
    }

    #[test]
    fn impossible_sizes_are_refused() {
        for (kind, size) in [
            (TokenizerKind::Bpe, 259),
            (TokenizerKind::Words, 4),
            (TokenizerKind::Characters, MAX_SIZE + 1),
        ] {
            let error = fitted(&["a"]).finish(kind, Some(size)).unwrap_err();
            assert!(matches!(
                error,
                DataError::BadOption {
                    name: "vocabulary",
                    ..
                }
            ));
        }
    }
}
