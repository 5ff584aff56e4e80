//! Names that differ in one number, such as `A-0119`, and further ones.

use std::collections::HashMap;

use crate::kind::ignored::Filling;

/// The most digits of a number that is continued.
const MAX_DIGITS: usize = 19;

/// How names are numbered.
#[derive(Debug)]
pub(super) struct Numbered {
    before: String,
    after: String,
    /// The digits of all names, where they are as many; otherwise 0.
    width: Option<usize>,
    lowest: u64,
    highest: u64,
}

impl Numbered {
    /// How these names are numbered, if they are.
    pub(super) fn of(names: &HashMap<String, u64>) -> Option<Self> {
        let (low, high) = (names.keys().min(), names.keys().max());
        let (low, high) = (low.map_or("", String::as_str), high.map_or("", String::as_str));
        // What all names begin with, up to the number.
        let shared = low.char_indices().zip(high.chars()).find(|((_, a), b)| a != b);
        let before = low[..shared.map_or(low.len(), |((place, _), _)| place)]
            .trim_end_matches(|c: char| c.is_ascii_digit());
        let after = low[before.len()..].trim_start_matches(|c: char| c.is_ascii_digit());
        let mut numbered = Self {
            before: before.to_owned(),
            after: after.to_owned(),
            width: None,
            lowest: u64::MAX,
            highest: 0,
        };
        let sound = names.keys().all(|name| numbered.see(name));
        sound.then_some(numbered)
    }

    /// Whether so many names count up, up to gaps where records are held out: at least two of three numbers occur.
    pub(super) fn is_dense(&self, names: u64) -> bool {
        let range = self.highest.saturating_sub(self.lowest).saturating_add(1);
        names.saturating_mul(3) >= range.saturating_mul(2)
    }

    /// Takes a name into account; returns whether it is of the form.
    pub(super) fn see(&mut self, name: &str) -> bool {
        let rest = name.strip_prefix(self.before.as_str());
        let digits = rest.and_then(|rest| rest.strip_suffix(self.after.as_str()));
        let digits = digits.filter(|digits| {
            (1..=MAX_DIGITS).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
        });
        let Some((digits, number)) = digits.and_then(|digits| Some((digits, digits.parse().ok()?))) else {
            return false;
        };
        self.lowest = self.lowest.min(number);
        self.highest = self.highest.max(number);
        let width = *self.width.get_or_insert(digits.len());
        self.width = Some(if width == digits.len() { width } else { 0 });
        true
    }

    /// What generated records hold: the next names.
    pub(super) fn filling(self) -> Filling {
        Filling::Names {
            before: self.before,
            next: self.highest.saturating_add(1),
            width: self.width.unwrap_or(0) as u8,
            after: self.after,
        }
    }
}
