//! One of several parts of a verb's work, so that as many machines can share it.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use crate::error::Error;
use crate::model::CHUNK;

/// The K-th of N parts of the records, written `K/N` and counted from 1. The records of all parts, one part after
/// the other, are those of the whole.
///
/// ```
/// let part: elbo::Part = "2/3".parse()?;
/// assert_eq!(part.of(1000), 320..640);
/// assert!("4/3".parse::<elbo::Part>().is_err());
/// # Ok::<(), elbo::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    number: u64,
    of: u64,
}

impl Part {
    /// The `number`-th of `of` parts, counted from 1.
    ///
    /// # Errors
    /// [`Error::BadArgument`] if there is no such part.
    pub fn new(number: u64, of: u64) -> Result<Self, Error> {
        match (1..=of).contains(&number) {
            true => Ok(Self { number, of }),
            false => Err(bad(&format!("{number}/{of}"))),
        }
    }

    /// Its rows among `records` of them. Parts begin at multiples of 64, the number of records that go through a
    /// network together.
    pub fn of(self, records: u64) -> Range<u64> {
        let chunks = records.div_ceil(CHUNK as u64);
        let bound = |part: u64| {
            let chunk = u128::from(part) * u128::from(chunks) / u128::from(self.of);
            (chunk as u64 * CHUNK as u64).min(records)
        };
        bound(self.number - 1)..bound(self.number)
    }

    /// The rows of a part, or all of them.
    pub(crate) fn rows(part: Option<Self>, records: u64) -> Range<u64> {
        part.map_or(0..records, |part| part.of(records))
    }
}

fn bad(text: &str) -> Error {
    Error::bad_argument(
        "Part",
        text,
        "K/N: the K-th of N parts, counted from 1, such as 2/8",
    )
}

impl FromStr for Part {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let numbers = text
            .split_once('/')
            .and_then(|(number, of)| Some((number.trim().parse().ok()?, of.trim().parse().ok()?)));
        let (number, of) = numbers.ok_or_else(|| bad(text))?;
        Self::new(number, of)
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_every_record_once() {
        for records in [0, 1, 63, 64, 65, 1000, 6400] {
            for of in [1, 2, 3, 7, 200] {
                let parts = (1..=of).map(|number| Part::new(number, of).unwrap().of(records));
                let rows: Vec<u64> = parts.flatten().collect();
                assert_eq!(rows, (0..records).collect::<Vec<_>>(), "{records} in {of}");
            }
        }
    }

    #[test]
    fn a_part_that_is_not_there_is_refused() {
        for text in ["0/3", "4/3", "1/0", "1", "a/b", "1/2/3", "-1/3"] {
            assert!(
                matches!(text.parse::<Part>(), Err(Error::BadArgument { .. })),
                "{text}"
            );
        }
        assert_eq!(" 1 / 4".parse::<Part>().unwrap().to_string(), "1/4");
    }
}
