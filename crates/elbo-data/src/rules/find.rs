//! Finds the rules that records keep: those that a sample keeps are followed through all of them.
//!
//! A rule is found if it would hold by chance, were the columns independent, with a probability below one in a million,
//! divided by the number of rules that were looked for. Rules that follow from others are left out.

use std::collections::{HashMap, HashSet};

use rayon::prelude::*;

use super::columns::{Chunk, Levels, MISSING, Subject};
use super::determined::{self, Determined};
use super::follows::{self, Follower};
use super::joint::{self, Joint};
use super::order::{self, Ordered};
use super::sums::{self, Added};
use super::tally::{Following, Tally};
use super::{Kept, Rule};
use crate::error::DataError;
use crate::kind::Kind;
use crate::schema::Reader;
use crate::source::Source;

/// Records of which rules are looked for: the first half of them side by side, the others spread over the data.
const SAMPLE: usize = 2000;
/// Nothing is found in fewer records.
const FEWEST: usize = 10;
/// The most rules of a kind that are followed through all records.
const MOST: usize = 4000;
/// ln of one in a million.
const RARE: f64 = 13.815_510_557_964_274;

/// The rules that the records `rows` of a source keep, whose fields have these names and kinds, as long as `go_on` says
/// so.
///
/// # Errors
/// Errors of reading; [`DataError::Stopped`].
pub fn find(
    source: &dyn Source,
    fields: &[(&str, &Kind)],
    rows: &[u64],
    go_on: &dyn Fn() -> bool,
) -> Result<Vec<Kept>, DataError> {
    let subjects = subjects(source, fields);
    if subjects.len() < 2 || rows.len() < FEWEST {
        return Ok(Vec::new());
    }
    let reader = Reader { source, go_on };
    let sample = sample(&reader, &subjects, rows)?;
    let search = Search {
        subjects: &subjects,
        sample: &sample,
        rows,
        reader: &reader,
    };
    let equal = search.equal()?;
    let again: HashSet<usize> = equal.iter().map(|(_, again)| *again).collect();
    let columns: Vec<usize> = (0..subjects.len())
        .filter(|place| !again.contains(place))
        .collect();
    let mut found: Vec<Kept> = equal
        .iter()
        .map(|(first, again)| Kept::from(search.sum(&[*first], *again)))
        .collect();
    found.extend(search.others(&columns)?);
    Ok(found)
}

/// The fields that rules may be about, with their columns.
pub(super) fn subjects<'a>(source: &dyn Source, fields: &[(&'a str, &'a Kind)]) -> Vec<Subject<'a>> {
    let arrow = source.arrow_schema();
    let usable = fields.iter().filter(|(_, kind)| kind.has_levels());
    let subject = |(name, kind): &(&'a str, &'a Kind)| {
        let (_, column) = arrow.column_with_name(name)?;
        Some(Subject::new(name, kind, column.clone()))
    };
    usable.filter_map(subject).collect()
}

/// The columns of some records, all as levels, and those with numbers also as these.
fn sample(reader: &Reader, subjects: &[Subject], rows: &[u64]) -> Result<Chunk, DataError> {
    let (first, rest) = rows.split_at(rows.len().min(SAMPLE / 2));
    let step = rest.len().div_ceil(SAMPLE / 2).max(1);
    let chosen: Vec<u64> = first.iter().chain(rest.iter().step_by(step)).copied().collect();
    let arrow = reader.source.arrow_schema();
    let columns = subjects.iter().map(|subject| arrow.index_of(subject.name));
    let read = reader.read(&chosen, &columns.collect::<Result<Vec<_>, _>>()?)?;
    let (mut numbers, mut codes) = (Vec::new(), Vec::new());
    for (subject, array) in subjects.iter().zip(read.batch.columns()) {
        match subject.number() {
            Some(_) => {
                numbers.push(subject.numbers(array)?);
                codes.push(codes_of_numbers(numbers.last().map_or(&[], Vec::as_slice)));
            }
            None => {
                numbers.push(Vec::new());
                codes.push(Levels::default().codes(&subject.texts(array)?));
            }
        }
    }
    Ok(Chunk {
        numbers,
        codes,
        records: read.rows.len(),
    })
}

/// Equal numbers have equal codes.
fn codes_of_numbers(numbers: &[f64]) -> Vec<u32> {
    let mut codes = HashMap::new();
    let code = |number: &f64| {
        let next = codes.len() as u32;
        match number.is_nan() {
            true => MISSING,
            // 0 and −0 are the same.
            false => *codes.entry((number + 0.0).to_bits()).or_insert(next),
        }
    };
    numbers.iter().map(code).collect()
}

/// Rules that are looked for in the same data.
struct Search<'a> {
    subjects: &'a [Subject<'a>],
    sample: &'a Chunk,
    rows: &'a [u64],
    reader: &'a Reader<'a>,
}

impl Search<'_> {
    /// Each column of numbers that always equals an earlier one, with that; the earlier one has as many decimal places
    /// or more.
    fn equal(&self) -> Result<Vec<(usize, usize)>, DataError> {
        let candidates = sums::equal(self.subjects, self.sample);
        let pairs = candidates.len();
        let tallies = candidates.into_iter().map(Tally::Sum).collect();
        let mut equal: Vec<(usize, usize)> = Vec::new();
        for tally in self.followed(tallies)?.tallies {
            if let Tally::Sum(added) = tally
                && added.evidence(self.sample) >= least(pairs)
                && !equal
                    .iter()
                    .any(|(_, again)| added.parts[0] == *again || added.total == *again)
            {
                equal.push((added.parts[0], added.total));
            }
        }
        Ok(equal)
    }

    fn followed(&self, tallies: Vec<Tally>) -> Result<Following<'_>, DataError> {
        let mut following = Following::new(self.subjects, tallies);
        following.all(self.reader, self.rows, |_, _, _| Ok(()))?;
        Ok(following)
    }

    /// All other rules between these columns.
    fn others(&self, columns: &[usize]) -> Result<Vec<Kept>, DataError> {
        let is_number = |place: &usize| self.subjects[*place].number().is_some();
        let numbers: Vec<usize> = columns.iter().copied().filter(is_number).collect();
        let is_level = |place: &usize| self.subjects[*place].has_texts();
        let levels: Vec<usize> = columns.iter().copied().filter(is_level).collect();
        let records = self.rows.len();
        let (orders, of_order) = order::candidates(self.subjects, self.sample, &numbers);
        let orders = strongest(orders, of_order, |ordered| ordered.promise(records));
        let (added, of_sum) = sums::candidates(self.subjects, self.sample, &numbers);
        let added = strongest(added, of_sum, |_| f64::INFINITY);
        let (determined, of_level) = determined::candidates(self.sample, &levels);
        let alone = determined.iter().map(|found| (found.by, found.of)).collect();
        let (joint, of_joint) = joint::candidates(self.sample, &levels, &alone);
        let joint = strongest(joint, of_joint, |found| found.promise(self.sample, records));
        let determined = strongest(determined, of_level, |found| found.promise(self.sample, records));
        let tallies = orders.into_iter().map(Tally::Order);
        let tallies = tallies.chain(added.into_iter().map(Tally::Sum));
        let tallies = tallies.chain(determined.into_iter().map(Tally::Determined));
        let tallies = tallies.chain(joint.into_iter().map(Tally::Joint));
        let following = self.followed(tallies.collect())?;
        let (mut orders, mut added) = (Vec::new(), Vec::new());
        let (mut determined, mut joint) = (Vec::new(), Vec::new());
        for tally in following.tallies {
            match tally {
                Tally::Order(found) if found.evidence(self.sample) >= least(of_order) => orders.push(found),
                Tally::Sum(found) if found.evidence(self.sample) >= least(of_sum) => added.push(found),
                Tally::Determined(found) if found.evidence() >= least(of_level) => determined.push(found),
                Tally::Joint(found) if found.evidence() >= least(of_joint) => joint.push(found),
                Tally::Order(_) | Tally::Sum(_) | Tally::Determined(_) | Tally::Joint(_) => {}
            }
        }
        let mut found: Vec<Kept> = self.orders(&orders, &added).into_iter().map(Kept::from).collect();
        found.extend(
            added
                .iter()
                .map(|added| Kept::from(self.sum(&added.parts, added.total))),
        );
        found.extend(self.determined(&determined, &following.levels));
        found.extend(self.joint(joint, &determined, &following.levels));
        found.extend(self.follows(&numbers, &found)?);
        Ok(found)
    }

    /// The columns that follow others, but for those that other rules determine.
    fn follows(&self, numbers: &[usize], found: &[Kept]) -> Result<Vec<Kept>, DataError> {
        let determined = found.iter().flat_map(|kept| match &kept.rule {
            Rule::Sum { .. } | Rule::Determines { both: true, .. } => kept.rule.fields(),
            Rule::Determines { of, .. } => vec![of.as_str()],
            Rule::AtMost { .. } | Rule::Follows { .. } => Vec::new(),
        });
        let determined: HashSet<&str> = determined.collect();
        let stiff = |place: usize| determined.contains(self.subjects[place].name);
        let followers = follows::find(self.subjects, self.sample, numbers, stiff);
        let differences = follows::differences(self.reader, self.subjects, self.rows, &followers)?;
        let kept = |(follower, differences): (&Follower, Vec<f64>)| Kept {
            differences,
            ..Kept::from(Rule::Follows {
                by: self.name(follower.by),
                of: self.name(follower.of),
            })
        };
        Ok(followers.iter().zip(differences).map(kept).collect())
    }

    fn name(&self, place: usize) -> String {
        self.subjects[place].name.to_owned()
    }

    fn sum(&self, parts: &[usize], total: usize) -> Rule {
        Rule::Sum {
            parts: parts.iter().map(|part| self.name(*part)).collect(),
            total: self.name(total),
        }
    }

    /// The orders that follow neither from others nor from sums whose other parts are never negative.
    fn orders(&self, orders: &[Ordered], added: &[Added]) -> Vec<Rule> {
        let negative = |place: &usize| {
            self.subjects[*place]
                .number()
                .is_none_or(|number| number.min < 0.0)
        };
        let implied = added.iter().flat_map(|added| {
            let only = |part: &usize| added.parts.iter().all(|other| other == part || !negative(other));
            let parts: Vec<usize> = added.parts.iter().copied().filter(only).collect();
            parts.into_iter().map(|part| (part, added.total))
        });
        let implied: HashSet<(usize, usize)> = implied.collect();
        let pairs = orders.iter().map(|ordered| (ordered.low, ordered.high));
        let pairs: Vec<(usize, usize)> = pairs.chain(implied.iter().copied()).collect();
        let own = orders.iter().zip(order::minimal(&pairs));
        let own =
            own.filter(|(ordered, minimal)| *minimal && !implied.contains(&(ordered.low, ordered.high)));
        own.map(|(ordered, _)| Rule::AtMost {
            low: self.name(ordered.low),
            high: self.name(ordered.high),
            strict: ordered.gap > 0.0 && self.on_grids(ordered),
        })
        .collect()
    }

    /// Whether equal values would have been met, if they could occur: real numbers are hardly ever equal.
    fn on_grids(&self, ordered: &Ordered) -> bool {
        let decimals = |place: usize| self.subjects[place].decimals();
        decimals(ordered.low).is_some() && decimals(ordered.high).is_some()
    }

    /// Columns that determine each other as one, then what follows from no others.
    fn determined(&self, found: &[Determined], levels: &[Levels]) -> Vec<Kept> {
        let all: HashSet<(usize, usize)> = found.iter().map(|found| (found.by, found.of)).collect();
        let both = |by: usize, of: usize| all.contains(&(by, of)) && all.contains(&(of, by));
        // The first of the columns that determine each other stands for all of them.
        let first = |place: usize| (0..place).find(|other| both(*other, place)).unwrap_or(place);
        let own = |found: &&Determined| {
            let twins = both(found.by, found.of);
            first(found.by) == found.by
                && (first(found.of) == found.of || twins && first(found.of) == found.by)
        };
        let own: Vec<&Determined> = found.iter().filter(own).collect();
        let one_way = own.iter().filter(|found| !both(found.by, found.of));
        let pairs: Vec<(usize, usize)> = one_way.map(|found| (found.by, found.of)).collect();
        let minimal: HashSet<(usize, usize)> = pairs
            .iter()
            .zip(order::minimal(&pairs))
            .filter_map(|(pair, minimal)| minimal.then_some(*pair))
            .collect();
        let kept = own
            .iter()
            .filter(|found| both(found.by, found.of) || minimal.contains(&(found.by, found.of)));
        kept.map(|found| Kept {
            pairs: found.pairs(levels),
            exceptions: found.exceptions(),
            ..Kept::from(Rule::Determines {
                by: vec![self.name(found.by)],
                of: self.name(found.of),
                both: both(found.by, found.of),
            })
        })
        .collect()
    }

    /// What two columns determine together, and does not follow from what one does.
    fn joint(&self, found: Vec<Joint>, determined: &[Determined], levels: &[Levels]) -> Vec<Kept> {
        let alone = determined.iter().map(|found| (found.by, found.of)).collect();
        let own = joint::own(found, &alone).into_iter();
        own.map(|found| Kept {
            pairs: found.pairs(levels),
            exceptions: found.exceptions(),
            ..Kept::from(Rule::Determines {
                by: found.by.map(|by| self.name(by)).to_vec(),
                of: self.name(found.of),
                both: false,
            })
        })
        .collect()
    }
}

/// How unlikely, in nats, a rule must be by chance where so many were looked for.
fn least(rules: usize) -> f64 {
    RARE + (rules.max(1) as f64).ln()
}

/// The candidates that may turn out to be unlikely enough by chance, at most [`MOST`] of them.
fn strongest<T>(candidates: Vec<T>, rules: usize, promise: impl Fn(&T) -> f64 + Send + Sync) -> Vec<T>
where
    T: Send + Sync,
{
    let promises: Vec<f64> = candidates.par_iter().map(promise).collect();
    let mut ranked: Vec<(f64, T)> = promises.into_iter().zip(candidates).collect();
    ranked.retain(|(promise, _)| *promise >= least(rules));
    // The sort is stable: equals stay in the order of the columns.
    if ranked.len() > MOST {
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
        ranked.truncate(MOST);
    }
    ranked.into_iter().map(|(_, candidate)| candidate).collect()
}
