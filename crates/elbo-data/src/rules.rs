//! Rules of tables: what always holds between the fields of a record, such as `start <= end`, `price + tax = total`,
//! `city -> state` and `booked ~ start`.
//!
//! [`find()`] finds those that the training records keep, [`check()`] checks those that a person states, and a [`Keeper`]
//! makes generated records keep them. A rule concerns the records in which all of
//! its fields are known.

mod check;
mod columns;
mod determined;
mod find;
mod follows;
mod joint;
mod order;
mod repair;
mod sums;
mod tally;
mod words;

use serde::{Deserialize, Serialize};

use crate::kind::Kind;

pub use check::check;
pub use find::find;
pub use repair::{Change, Draws, Hold, InTurn, Keeper, Left};
pub use words::NotARule;

/// Seconds in a day.
const DAY: f64 = 86_400.0;

/// What always holds between some fields, which are called by their names.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Rule {
    /// `low <= high`, or `low < high` where it is strict, of two numbers, dates, times or durations.
    AtMost {
        /// The field that is never larger.
        low: String,
        /// The field that is never smaller.
        high: String,
        /// Whether both are never equal.
        strict: bool,
    },
    /// `parts[0] + parts[1] + … = total`, to within half a unit of the last decimal place that all are written with.
    Sum {
        /// The fields that are added.
        parts: Vec<String>,
        /// Their sum.
        total: String,
    },
    /// `by[0], by[1] -> of`: records with the same values of one or two fields have the same value of another;
    /// `by <-> of` where also the other way round.
    Determines {
        /// The fields that determine, one or two.
        by: Vec<String>,
        /// The field that is determined.
        of: String,
        /// Whether each determines the other, where one does.
        both: bool,
    },
    /// `of ~ by`: two numbers, dates, times or durations differ by less than a bin of either is wide, so their
    /// difference is drawn, not both.
    Follows {
        /// The field that comes first.
        by: String,
        /// The field that follows it.
        of: String,
    },
}

impl Rule {
    /// The fields that it is about.
    pub fn fields(&self) -> Vec<&str> {
        match self {
            Self::AtMost { low, high, .. } => vec![low, high],
            Self::Sum { parts, total } => parts.iter().chain([total]).map(String::as_str).collect(),
            Self::Determines { by, of, .. } => by.iter().chain([of]).map(String::as_str).collect(),
            Self::Follows { by, of } => vec![by, of],
        }
    }

    /// The rule in a short sentence.
    pub fn words(&self) -> String {
        match self {
            Self::AtMost { low, high, strict } => {
                let how = if *strict { "less than" } else { "at most" };
                format!("`{low}` is {how} `{high}`")
            }
            Self::Sum { parts, total } if parts.len() == 1 => format!("`{total}` equals `{}`", parts[0]),
            Self::Sum { parts, total } => format!("`{total}` is the sum of {} fields", parts.len()),
            Self::Determines { by, of, both } => {
                let by = by.iter().map(|by| format!("`{by}`")).collect::<Vec<_>>();
                match (&by[..], both) {
                    ([by], true) => format!("{by} and `{of}` determine each other"),
                    ([by], false) => format!("{by} determines `{of}`"),
                    _ => format!("{} together determine `{of}`", by.join(" and ")),
                }
            }
            Self::Follows { by, of } => format!("`{of}` is near `{by}`"),
        }
    }
}

/// A rule that a run keeps, with what it needs to make new records keep it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// The rule.
    pub rule: Rule,
    /// Of fields that determine another: each of their values (of two fields both values, with U+001F between them), the
    /// value of the other, as texts, and how many training records have them. The most frequent come first.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub pairs: Vec<(String, String, u64)>,
    /// Of fields that determine another: how many training records have values of theirs that occur with several of the
    /// other. These determine nothing.
    #[serde(skip_serializing_if = "is_none", default)]
    pub exceptions: u64,
    /// Of a field that follows another: quantiles of the differences between training values, evenly spaced from the
    /// smallest to the largest, in the unit of its numbers.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub differences: Vec<f64>,
}

impl Kept {
    /// The rule in a short sentence, with the smallest and the largest difference; `kind` is that of the last of its
    /// fields.
    pub fn words(&self, kind: Option<&Kind>) -> String {
        let (Rule::Follows { by, of }, [least, .., most]) = (&self.rule, &self.differences[..]) else {
            let words = self.rule.words();
            return match self.exceptions {
                0 => words,
                exceptions => format!("{words}, but for {exceptions} records"),
            };
        };
        let places = kind.and_then(Kind::number).and_then(|number| number.grid);
        let places = places.map_or(2, |grid| usize::from(grid.decimals));
        let how = match kind.and_then(Kind::seconds) {
            Some(seconds) if seconds == DAY => " days after",
            Some(_) => " seconds after",
            None => " above",
        };
        format!("`{of}` is {least:.places$} to {most:.places$}{how} `{by}`")
    }
}

fn is_none(exceptions: &u64) -> bool {
    *exceptions == 0
}

impl From<Rule> for Kept {
    fn from(rule: Rule) -> Self {
        Self {
            rule,
            pairs: Vec::new(),
            exceptions: 0,
            differences: Vec::new(),
        }
    }
}
