//! Learns byte-pair tokens: the most frequent pair of neighbours becomes one token, again and again.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};

use super::bpe::{BYTES, byte_token};
use super::{AT_LEAST, token_at};

type Pair = [u32; 2];

/// The merges, in the order of learning, of a vocabulary of `size` tokens besides the special ones, from pieces and their
/// counts. Of equally frequent pairs the lesser is merged first, so that the
/// order of the pieces does not matter.
pub(super) fn learn(pieces: impl IntoIterator<Item = (String, u64)>, size: usize) -> Vec<Pair> {
    let mut learner = Learner::new(pieces);
    let mut merges = Vec::new();
    while BYTES + merges.len() < size
        && let Some(pair) = learner.most_frequent()
    {
        learner.merge(pair, token_at(BYTES + merges.len()));
        merges.push(pair);
    }
    merges
}

/// The pieces with the merges so far, and the pairs in them.
struct Learner {
    /// Tokens of each piece and how often it occurs.
    pieces: Vec<(Vec<u32>, u64)>,
    /// How often each pair occurs.
    counts: HashMap<Pair, u64>,
    /// Pieces that hold, or once held, each pair.
    holders: HashMap<Pair, BTreeSet<usize>>,
    /// Pairs by frequency; an entry may be out of date.
    heap: BinaryHeap<(u64, Reverse<Pair>)>,
}

impl Learner {
    fn new(pieces: impl IntoIterator<Item = (String, u64)>) -> Self {
        let tokens = |piece: String| piece.bytes().map(byte_token).collect();
        let mut learner = Self {
            pieces: pieces
                .into_iter()
                .map(|(piece, count)| (tokens(piece), count))
                .collect(),
            counts: HashMap::new(),
            holders: HashMap::new(),
            heap: BinaryHeap::new(),
        };
        for index in 0..learner.pieces.len() {
            learner.count(index);
        }
        learner.heap = learner
            .counts
            .iter()
            .map(|(pair, count)| (*count, Reverse(*pair)))
            .collect();
        learner
    }

    /// Adds the pairs of a piece.
    fn count(&mut self, index: usize) {
        let (tokens, count) = &self.pieces[index];
        for pair in tokens.array_windows() {
            *self.counts.entry(*pair).or_default() += count;
            self.holders.entry(*pair).or_default().insert(index);
        }
    }

    /// Removes the pairs of a piece.
    fn discount(&mut self, index: usize) {
        let (tokens, count) = &self.pieces[index];
        for pair in tokens.array_windows() {
            if let Some(sum) = self.counts.get_mut(pair) {
                *sum -= count;
            }
        }
    }

    fn most_frequent(&mut self) -> Option<Pair> {
        while let Some((count, Reverse(pair))) = self.heap.pop() {
            let now = self.counts.get(&pair).copied().unwrap_or_default();
            if now == count && count >= AT_LEAST {
                return Some(pair);
            } else if now >= AT_LEAST && now < count {
                self.heap.push((now, Reverse(pair)));
            }
        }
        None
    }

    /// Merges every `pair` into `token`.
    fn merge(&mut self, pair: Pair, token: u32) {
        let mut changed = BTreeSet::new();
        for index in self.holders.remove(&pair).unwrap_or_default() {
            self.discount(index);
            let tokens = &mut self.pieces[index].0;
            replace(tokens, pair, token);
            changed.extend(tokens.array_windows().filter(|pair| pair.contains(&token)));
            self.count(index);
        }
        self.counts.remove(&pair);
        let counts = &self.counts;
        self.heap.extend(
            changed
                .into_iter()
                .map(|pair: Pair| (counts[&pair], Reverse(pair))),
        );
    }
}

/// Replaces each occurrence of `pair`, from the left.
fn replace(tokens: &mut Vec<u32>, pair: Pair, token: u32) {
    let mut at = 0;
    while at + 1 < tokens.len() {
        if tokens[at..at + 2] == pair {
            tokens[at] = token;
            tokens.remove(at + 1);
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<u32> {
        text.bytes().map(byte_token).collect()
    }

    #[test]
    fn the_most_frequent_pair_is_merged_first() {
        // ab: 5, bc: 3, xb: 2; then, with 260 for ab, 260 c: 3; then x b: 2.
        let pieces = [("ab", 2), ("abc", 3), ("xb", 2)].map(|(piece, count)| (piece.to_owned(), count));
        let [a, b, c, x] = ["a", "b", "c", "x"].map(|text| tokens(text)[0]);
        let merges = vec![[a, b], [260, c], [x, b]];
        assert_eq!(learn(pieces.clone(), 1000), merges);
        assert_eq!(learn(pieces.clone(), 256 + 2), merges[..2]);
        let mut reversed = pieces;
        reversed.reverse();
        assert_eq!(learn(reversed, 1000), merges);
    }

    #[test]
    fn overlapping_pairs_merge_from_the_left() {
        let mut row = tokens("aaaaa");
        let a = row[0];
        replace(&mut row, [a, a], 300);
        assert_eq!(row, [300, 300, a]);
    }

    #[test]
    fn what_occurs_once_is_not_merged() {
        assert!(learn([("ab".to_owned(), 1)], 1000).is_empty());
    }
}
