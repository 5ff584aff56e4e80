//! Byte-pair tokens: any text at all, in few tokens where it is like the training texts.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::pieces::{MAX_PIECE, pieces, with_space, without_space};
use super::{REPLACEMENT, SPECIAL, place, token_at};

/// Every byte is a token, and so is every merge of two tokens (Sennrich et al. 2016, on bytes).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Merges", into = "Merges")]
pub struct Bpe {
    /// The bytes of each token after the special ones; none for an impossible merge.
    bytes: Vec<Vec<u8>>,
    /// The token that two neighbours become: the lesser the earlier.
    merged: HashMap<[u32; 2], u32>,
    merges: Vec<[u32; 2]>,
}

/// The form in a file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Merges {
    /// Pairs of tokens, each merged into one new token.
    merges: Vec<[u32; 2]>,
}

impl From<Merges> for Bpe {
    fn from(Merges { merges }: Merges) -> Self {
        Self::new(merges)
    }
}

impl From<Bpe> for Merges {
    fn from(bpe: Bpe) -> Self {
        Self { merges: bpe.merges }
    }
}

/// Number of bytes, which are the tokens before any merge.
pub(super) const BYTES: usize = 256;

impl Bpe {
    /// The tokens of these merges, in the order of the merges.
    pub(super) fn new(merges: Vec<[u32; 2]>) -> Self {
        let mut bytes: Vec<Vec<u8>> = (0..=u8::MAX).map(|byte| vec![byte]).collect();
        let mut merged = HashMap::with_capacity(merges.len());
        for pair in &merges {
            merged.entry(*pair).or_insert(token_at(bytes.len()));
            let [left, right] = pair.map(|token| {
                let known = place(token).and_then(|place| bytes.get(place));
                known.filter(|bytes| !bytes.is_empty())
            });
            let both = left
                .zip(right)
                .map(|(left, right)| [left.as_slice(), right].concat());
            bytes.push(both.filter(|both| both.len() <= MAX_PIECE).unwrap_or_default());
        }
        Self {
            bytes,
            merged,
            merges,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn encode(&self, text: &str) -> Vec<u32> {
        let text = with_space(text);
        pieces(&text).flat_map(|piece| self.encode_piece(piece)).collect()
    }

    /// The merges of neighbours, the earliest first, until none is left.
    fn encode_piece(&self, piece: &str) -> Vec<u32> {
        let mut tokens: Vec<u32> = piece.bytes().map(byte_token).collect();
        let earliest = |tokens: &[u32]| {
            let pairs = tokens.array_windows().enumerate();
            pairs
                .filter_map(|(at, pair)| Some((*self.merged.get(pair)?, at)))
                .min()
        };
        while let Some((token, at)) = earliest(&tokens) {
            tokens[at] = token;
            tokens.remove(at + 1);
        }
        tokens
    }

    pub(super) fn decode(&self, tokens: impl Iterator<Item = u32>) -> String {
        let mut unknown = [0; 4];
        let unknown = REPLACEMENT.encode_utf8(&mut unknown).as_bytes();
        let mut text = Vec::new();
        for token in tokens {
            let known = place(token).and_then(|place| self.bytes.get(place));
            text.extend_from_slice(known.map_or(unknown, Vec::as_slice));
        }
        without_space(String::from_utf8_lossy(&text).into_owned())
    }

    pub(super) fn damage(&self) -> Option<String> {
        if let Some(at) = self.bytes.iter().position(Vec::is_empty) {
            let pair = self.merges[at - BYTES];
            return Some(format!("a merge of the tokens {pair:?}, which cannot be"));
        }
        (self.merged.len() < self.merges.len()).then(|| "a merge that occurs twice".to_owned())
    }
}

/// The token of a byte.
pub(super) fn byte_token(byte: u8) -> u32 {
    u32::from(byte) + SPECIAL as u32
}
