//! Further codes of one pattern, such as UUIDs or article numbers: all different, and none of them known.
//!
//! The codes of a pattern are numbered and shuffled. Ranges of the shuffled codes in which no known one lies are kept,
//! and each record draws from them by its own number: neither the known codes nor those of other records are needed.

use rand_core::Rng;
use serde::{Deserialize, Serialize};

use super::shuffled::{place_of, shuffled};
use crate::noise::{Noise, Purpose};

/// All codes are shuffled in the same way.
const SHUFFLE: Noise = Noise::new(0);
/// Into so many parts the codes are divided to find ranges without known ones.
const PARTS: u64 = 1 << 20;
/// Ranges that are kept.
const RANGES: usize = 16;
/// The step of the draws of places that are not numbered: beyond the rounds of the shuffles.
const STREAM: u64 = 1 << 32;
/// The most characters of a code.
const MAX_LENGTH: usize = 256;

/// The codes of a pattern.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pattern {
    /// Texts of one length: the characters that occur at each place.
    Characters(Vec<String>),
    /// Whole numbers: the smallest, and how many there are from it on.
    Whole {
        /// The smallest.
        low: String,
        /// How many.
        count: u64,
    },
}

impl Pattern {
    /// The pattern of texts of one length; none of others.
    pub(in crate::kind) fn of_texts<'a>(mut texts: impl Iterator<Item = &'a String>) -> Option<Self> {
        let mut places: Vec<Vec<char>> = texts.next()?.chars().map(|c| vec![c]).collect();
        for text in texts {
            let mut characters = text.chars();
            for place in &mut places {
                let character = characters.next()?;
                if !place.contains(&character) {
                    place.push(character);
                }
            }
            if characters.next().is_some() {
                return None;
            }
        }
        places.iter_mut().for_each(|place| place.sort_unstable());
        let places = places.iter().map(|place| place.iter().collect());
        Some(Self::Characters(places.collect())).filter(|pattern| pattern.damage().is_none())
    }

    /// The pattern of whole numbers; none of other texts.
    pub(in crate::kind) fn of_numbers<'a>(texts: impl Iterator<Item = &'a String>) -> Option<Self> {
        let numbers = texts.map(|text| text.parse::<i128>().ok());
        let numbers = numbers.collect::<Option<Vec<_>>>()?;
        let (low, high) = (numbers.iter().min()?, numbers.iter().max()?);
        let count = u64::try_from(high.checked_sub(*low)?).ok()?.saturating_add(1);
        Some(Self::Whole {
            low: low.to_string(),
            count,
        })
    }

    /// How many codes are numbered: all, or those of the last places where all are too many to be numbered.
    pub(in crate::kind) fn count(&self) -> u64 {
        match self {
            Self::Characters(places) => {
                let places = places.iter().rev().map(|place| place.chars().count() as u64);
                places
                    .fold((1, false), |(count, full): (u64, bool), place| {
                        match count.checked_mul(place).filter(|_| !full) {
                            Some(more) => (more, false),
                            None => (count, true),
                        }
                    })
                    .0
            }
            Self::Whole { count, .. } => *count,
        }
    }

    /// The number of a code; none of one that does not have the pattern.
    fn number(&self, code: &str) -> Option<u64> {
        let places = match self {
            Self::Whole { low, count } => {
                let above = code.parse::<i128>().ok()?.checked_sub(low.parse().ok()?)?;
                return u64::try_from(above).ok().filter(|above| above < count);
            }
            Self::Characters(places) => places,
        };
        let mut digits = Vec::with_capacity(places.len());
        let mut characters = code.chars();
        for place in places {
            let character = characters.next()?;
            let digit = place.chars().position(|known| known == character)?;
            digits.push((digit as u64, place.chars().count() as u64));
        }
        let (mut number, mut unit, count) = (0, 1, self.count());
        for (digit, base) in digits.into_iter().rev() {
            if unit >= count {
                break;
            }
            number += digit * unit;
            unit *= base;
        }
        characters.next().is_none().then_some(number)
    }

    /// The code of a number; the places before those that are numbered are drawn.
    fn code(&self, number: u64, mut draw: impl FnMut() -> u64) -> Option<String> {
        let places = match self {
            Self::Whole { low, .. } => {
                return Some((low.parse::<i128>().ok()? + i128::from(number)).to_string());
            }
            Self::Characters(places) => places,
        };
        let (mut rest, mut unit, count) = (number, 1, self.count());
        let mut code = Vec::with_capacity(places.len());
        for place in places.iter().rev() {
            let base = place.chars().count() as u64;
            let digit = if unit < count { rest % base } else { draw() % base };
            if unit < count {
                (rest, unit) = (rest / base, unit * base);
            }
            code.push(place.chars().nth(digit as usize)?);
        }
        Some(code.into_iter().rev().collect())
    }

    fn damage(&self) -> Option<String> {
        let sound = match self {
            Self::Characters(places) => {
                (1..=MAX_LENGTH).contains(&places.len()) && places.iter().all(|place| !place.is_empty())
            }
            Self::Whole { low, count } => {
                (low.parse::<i64>().is_ok() || low.parse::<u64>().is_ok()) && *count > 0
            }
        };
        (!sound).then(|| "its pattern has no codes".to_owned())
    }
}

/// Codes of a pattern that are not known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Codes {
    /// Their pattern.
    pub pattern: Pattern,
    /// Ranges of shuffled codes without a known one: the first, and how many.
    pub free: Vec<[u64; 2]>,
}

impl Codes {
    /// The code of each record; none where all were given to earlier records.
    pub(super) fn draw(&self, rows: &[u64], noise: Noise) -> Vec<Option<String>> {
        let (free, count) = (self.free.iter().map(|[_, len]| len).sum(), self.pattern.count());
        let code = |row: &u64| {
            let mut place = shuffled((*row < free).then_some(*row)?, free, noise);
            let range = self.free.iter().find(|[_, len]| {
                let found = place < *len;
                place -= if found { 0 } else { *len };
                found
            })?;
            let number = shuffled(range[0].checked_add(place)?, count, SHUFFLE);
            let mut stream = noise.stream(Purpose::Codes, STREAM, *row);
            self.pattern.code(number, || stream.next_u64())
        };
        rows.iter().map(code).collect()
    }

    pub(super) fn damage(&self) -> Option<String> {
        let count = self.pattern.count();
        let mut total = Some(0_u64);
        for [first, len] in &self.free {
            total = total.and_then(|total| total.checked_add(*len));
            if first.checked_add(*len).is_none_or(|end| end > count) {
                return Some("its free codes are none of its pattern".to_owned());
            }
        }
        let overflow = total.is_none().then(|| "it has too many free codes".to_owned());
        self.pattern.damage().or(overflow)
    }
}

/// Finds the codes of a pattern that are not known.
#[derive(Debug)]
pub(in crate::kind) struct CodesFitter {
    pattern: Pattern,
    /// Codes in a part.
    size: u64,
    /// Whether each part has a known code, a bit each.
    known: Vec<u64>,
}

impl CodesFitter {
    pub(in crate::kind) fn new(pattern: Pattern) -> Self {
        let size = pattern.count().div_ceil(PARTS).max(1);
        let parts = pattern.count().div_ceil(size);
        Self {
            pattern,
            size,
            known: vec![0; parts.div_ceil(64) as usize],
        }
    }

    /// Takes note of a known code.
    pub(in crate::kind) fn see(&mut self, code: &str) {
        if let Some(number) = self.pattern.number(code) {
            let part = place_of(number, self.pattern.count(), SHUFFLE) / self.size;
            self.known[(part / 64) as usize] |= 1 << (part % 64);
        }
    }

    /// The codes that are left, if there are any.
    pub(in crate::kind) fn finish(self) -> Option<Codes> {
        let count = self.pattern.count();
        let known = |part: &u64| self.known[(part / 64) as usize] >> (part % 64) & 1 == 1;
        let parts: Vec<u64> = (0..count.div_ceil(self.size)).collect();
        let runs = parts
            .chunk_by(|a, b| known(a) == known(b))
            .filter(|run| !known(&run[0]));
        let mut free: Vec<[u64; 2]> = runs
            .map(|run| {
                let first = run[0] * self.size;
                [first, (run.len() as u64 * self.size).min(count - first)]
            })
            .collect();
        free.sort_unstable_by_key(|[first, len]| (std::cmp::Reverse(*len), *first));
        free.truncate(RANGES);
        (!free.is_empty()).then_some(Codes {
            pattern: self.pattern,
            free,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Option<Pattern> {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        Pattern::of_texts(texts.iter())
    }

    #[test]
    fn a_pattern_is_the_characters_at_each_place() {
        let pattern = texts(&["a-1", "b-3", "a-2"]).unwrap();
        assert_eq!(
            pattern,
            Pattern::Characters(["ab", "-", "123"].map(str::to_owned).to_vec())
        );
        assert_eq!((pattern.count(), pattern.number("b-1")), (6, Some(3)));
        for number in 0..6 {
            let code = pattern.code(number, || 0).unwrap();
            assert_eq!(pattern.number(&code), Some(number));
        }
        assert_eq!([pattern.number("c-1"), pattern.number("a-12")], [None; 2]);
        assert_eq!(texts(&["a-1", "b-13"]), None);
    }

    #[test]
    fn places_before_those_that_can_be_numbered_are_drawn() {
        let pattern = Pattern::Characters(vec!["0123456789abcdef".to_owned(); 40]);
        // fifteen places of sixteen characters fit into 64 bits; the sixteenth does not
        assert_eq!(pattern.count(), 1 << 60);
        let code = pattern.code(7, || 10).unwrap();
        assert_eq!(code, format!("{}{}7", "a".repeat(25), "0".repeat(14)));
        assert_eq!(pattern.number(&code), Some(7));
    }

    #[test]
    fn torn_codes_are_damage() {
        let codes = |pattern, free| Codes { pattern, free };
        let pattern = texts(&["a1", "b2"]).unwrap();
        assert_eq!(codes(pattern.clone(), vec![[0, 1], [2, 2]]).damage(), None);
        for torn in [
            codes(pattern.clone(), vec![[3, 2]]),
            codes(pattern, vec![[1, u64::MAX]]),
            codes(Pattern::Characters(vec![String::new()]), Vec::new()),
            codes(
                Pattern::Whole {
                    low: "1".to_owned(),
                    count: 0,
                },
                Vec::new(),
            ),
        ] {
            assert!(torn.damage().is_some(), "{torn:?}");
        }
    }
}
