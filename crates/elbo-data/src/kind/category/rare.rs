//! The rare levels of a category: modelled as one level, and drawn in proportion to their counts.

use serde::{Deserialize, Serialize};

/// The rare levels with a known name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rare {
    /// Their names, by the alphabet.
    pub names: Vec<String>,
    /// How many training records have one of the levels up to and including each.
    pub upto: Vec<u64>,
}

impl Rare {
    /// The levels with their counts, in any order.
    pub(super) fn new(mut levels: Vec<(String, u64)>) -> Self {
        levels.sort_unstable();
        let mut total = 0;
        let upto = levels.iter().map(|(_, count)| {
            total += count;
            total
        });
        let upto = upto.collect();
        Self {
            names: levels.into_iter().map(|(name, _)| name).collect(),
            upto,
        }
    }

    /// Whether a level of this name is among them.
    pub fn contains(&self, name: &str) -> bool {
        self.names
            .binary_search_by(|level| level.as_str().cmp(name))
            .is_ok()
    }

    /// The level at `uniform`, within [0, 1): each as likely as it is frequent.
    pub fn name_at(&self, uniform: f32) -> Option<&str> {
        let total = self.upto.last().copied().unwrap_or(0);
        let record = (f64::from(uniform) * total as f64) as u64;
        let place = self.upto.partition_point(|upto| *upto <= record);
        let name = self.names.get(place).or(self.names.last());
        name.map(String::as_str)
    }

    /// How many training records have each level.
    pub(super) fn counts(&self) -> impl Iterator<Item = u64> + '_ {
        let before = [0].iter().chain(&self.upto);
        self.upto.iter().zip(before).map(|(upto, before)| upto - before)
    }

    /// The most frequent level.
    pub(super) fn mode(&self) -> Option<&str> {
        let most = self.counts().zip(&self.names).max_by_key(|(count, _)| *count);
        most.map(|(_, name)| name.as_str())
    }

    pub(super) fn damage(&self) -> Option<String> {
        let (names, upto) = (&self.names, &self.upto);
        let ascending = names.windows(2).all(|pair| pair[0] < pair[1]) && upto.is_sorted();
        (names.is_empty() || names.len() != upto.len() || !ascending)
            .then(|| "its rare levels and their counts do not belong together".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_come_in_proportion_to_their_counts() {
        let rare = Rare::new(vec![("b".into(), 1), ("a".into(), 3)]);
        let drawn: Vec<&str> = [0.0, 0.7, 0.76, 0.999].map(|u| rare.name_at(u).unwrap()).to_vec();
        assert_eq!(drawn, ["a", "a", "b", "b"], "three quarters are `a`");
        assert_eq!(rare.mode(), Some("a"));
        assert!(rare.contains("b") && !rare.contains("c"));
    }

    #[test]
    fn torn_lists_are_damage() {
        let mut rare = Rare::new(vec![("a".into(), 3), ("b".into(), 1)]);
        assert_eq!(rare.damage(), None);
        rare.upto.pop();
        assert!(rare.damage().unwrap().contains("do not belong together"));
    }
}
