//! Checks the rules that a person states: that their fields can be in such a rule, and that the records keep them.

use std::collections::HashMap;

use arrow::util::display::array_value_to_string;

use super::columns::{Levels, Subject, Unit};
use super::determined::Determined;
use super::find::subjects;
use super::follows::{self, Follower};
use super::joint::Joint;
use super::order::Ordered;
use super::sums::Added;
use super::tally::{Following, Tally};
use super::{Kept, Rule};
use crate::column::as_texts;
use crate::error::DataError;
use crate::kind::{Kind, as_written};
use crate::schema::Reader;
use crate::source::Source;

/// These rules, if the records `rows` of a source keep them, whose fields have these names and kinds.
///
/// # Errors
/// [`DataError::UnknownField`]; [`DataError::RuleField`] for a field that cannot be in such a rule;
/// [`DataError::RuleBroken`] with the first record that breaks one; errors of reading, and [`DataError::Stopped`].
pub fn check(
    source: &dyn Source,
    fields: &[(&str, &Kind)],
    rules: &[Rule],
    rows: &[u64],
    go_on: &dyn Fn() -> bool,
) -> Result<Vec<Kept>, DataError> {
    let stated = Stated {
        subjects: &subjects(source, fields),
        fields,
        source,
    };
    let tallies = rules.iter().map(|rule| stated.tallies(rule));
    let tallies: Vec<Tally> = tallies
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .flatten()
        .collect();
    let followers = stated.followers(rules)?;
    let mut following = Following::new(stated.subjects, tallies);
    let reader = Reader { source, go_on };
    following.all(&reader, rows, |tally, row, levels| {
        Err(stated.broken(tally, rules, row, levels))
    })?;
    let known = follows::differences(&reader, stated.subjects, rows, &followers)?;
    let mut differences = known.into_iter();
    let kept = rules.iter().map(|rule| {
        let own = following.tallies.iter().find_map(|tally| match tally {
            Tally::Determined(found) if stated.is_of(&[found.by], found.of, rule) => {
                Some(found.pairs(&following.levels))
            }
            Tally::Joint(found) if stated.is_of(&found.by, found.of, rule) => {
                Some(found.pairs(&following.levels))
            }
            _ => None,
        });
        let differences = match rule {
            Rule::Follows { of, .. } => {
                let differences = differences.next().filter(|found| !found.is_empty());
                differences.ok_or_else(|| stated.unfit(rule, of, "never known together with the other"))?
            }
            Rule::AtMost { .. } | Rule::Sum { .. } | Rule::Determines { .. } => Vec::new(),
        };
        Ok(Kept {
            rule: rule.clone(),
            pairs: own.unwrap_or_default(),
            exceptions: 0,
            differences,
        })
    });
    kept.collect()
}

/// Rules that a person states, and the data that they are about.
struct Stated<'a> {
    subjects: &'a [Subject<'a>],
    fields: &'a [(&'a str, &'a Kind)],
    source: &'a dyn Source,
}

impl Stated<'_> {
    /// What a rule claims; two claims of fields that determine each other.
    fn tallies(&self, rule: &Rule) -> Result<Vec<Tally>, DataError> {
        Ok(match rule {
            Rule::AtMost { low, high, strict } => {
                let places = self.numbers(rule, &[low, high])?;
                if self.subjects[places[0]].unit() != self.subjects[places[1]].unit() {
                    return Err(self.unfit(rule, high, "of another kind than the other"));
                }
                vec![Tally::Order(Ordered::new(places[0], places[1], *strict))]
            }
            Rule::Sum { parts, total } => {
                let names: Vec<&String> = parts.iter().chain([total]).collect();
                let mut places = self.numbers(rule, &names)?;
                let last = places.pop().unwrap_or_default();
                let units: Vec<Option<Unit>> =
                    places.iter().map(|part| self.subjects[*part].unit()).collect();
                if !Unit::add(&units, self.subjects[last].unit()) {
                    return Err(self.unfit(rule, total, "no sum of fields of these kinds"));
                }
                vec![Tally::Sum(Added::new(self.subjects, places, last))]
            }
            Rule::Determines { by, of, both } => {
                let places = by.iter().map(|by| self.levels(rule, by));
                let (places, of) = (places.collect::<Result<Vec<_>, _>>()?, self.levels(rule, of)?);
                match places[..] {
                    [by] => {
                        let there = Tally::Determined(Determined::strict(by, of));
                        let back = both.then(|| Tally::Determined(Determined::strict(of, by)));
                        std::iter::once(there).chain(back).collect()
                    }
                    [a, b] => vec![Tally::Joint(Joint::strict([a, b], of))],
                    _ => return Err(self.unfit(rule, &by[0], "one of more than two that determine another")),
                }
            }
            Rule::Follows { .. } => Vec::new(),
        })
    }

    /// The fields that follow others, in the order of the rules that say so: each follows one, and none itself.
    fn followers(&self, rules: &[Rule]) -> Result<Vec<Follower>, DataError> {
        let (mut found, mut leaders) = (Vec::new(), HashMap::new());
        for rule in rules {
            let Rule::Follows { by, of } = rule else { continue };
            let places = self.numbers(rule, &[by, of])?;
            let next = Follower {
                by: places[0],
                of: places[1],
            };
            if !follows::comparable(&self.subjects[next.by], &self.subjects[next.of]) {
                return Err(self.unfit(rule, of, "of another kind than the other"));
            }
            if leaders.contains_key(&next.of) {
                return Err(self.unfit(rule, of, "said to follow another field, and can follow only one"));
            }
            if follows::leads_to(&leaders, next.of, next.by) {
                return Err(self.unfit(rule, by, "said to follow the other"));
            }
            leaders.insert(next.of, next.by);
            found.push(next);
        }
        Ok(found)
    }

    /// The subject of this name.
    fn place(&self, rule: &Rule, name: &str) -> Result<usize, DataError> {
        if let Some(place) = self.subjects.iter().position(|subject| subject.name == name) {
            return Ok(place);
        }
        match self.fields.iter().any(|(known, _)| *known == name) {
            true => Err(self.unfit(rule, name, "neither a number, a date, a category nor a flag")),
            false => {
                let known = self.fields.iter().map(|(known, _)| (*known).to_owned());
                Err(DataError::unknown_field(name, known.collect()))
            }
        }
    }

    fn numbers(&self, rule: &Rule, names: &[&String]) -> Result<Vec<usize>, DataError> {
        let number = |name: &&String| {
            let place = self.place(rule, name)?;
            match self.subjects[place].number() {
                Some(_) => Ok(place),
                None => Err(self.unfit(rule, name, "no number, date, time or duration")),
            }
        };
        names.iter().map(number).collect()
    }

    fn levels(&self, rule: &Rule, name: &str) -> Result<usize, DataError> {
        let place = self.place(rule, name)?;
        match self.subjects[place].has_texts() {
            true => Ok(place),
            false => Err(self.unfit(rule, name, "of a type that has no texts")),
        }
    }

    fn unfit(&self, rule: &Rule, field: &str, reason: &'static str) -> DataError {
        DataError::RuleField {
            rule: rule.to_string(),
            field: field.to_owned(),
            reason,
        }
    }

    /// Whether the rule says that these subjects determine this one.
    fn is_of(&self, places: &[usize], last: usize, rule: &Rule) -> bool {
        let names = places.iter().map(|place| self.subjects[*place].name);
        matches!(rule, Rule::Determines { by, of, .. } if names.eq(by) && of == self.subjects[last].name)
    }

    /// The error of a rule that a record breaks.
    fn broken(&self, tally: &Tally, rules: &[Rule], row: u64, levels: &[Levels]) -> DataError {
        let names: Vec<&str> = tally
            .subjects()
            .iter()
            .map(|place| self.subjects[*place].name)
            .collect();
        let same = |rule: &&Rule| {
            let fields = rule.fields();
            fields.len() == names.len() && fields.iter().all(|field| names.contains(field))
        };
        let rule = rules
            .iter()
            .find(same)
            .map(ToString::to_string)
            .unwrap_or_default();
        let values = match self.values(&names, row) {
            Ok(values) => values,
            Err(error) => return error,
        };
        DataError::RuleBroken {
            rule,
            record: self.source.name_of(row),
            values: values + &self.before(tally, row, levels).unwrap_or_default(),
        }
    }

    /// The values of these fields in a record, such as `start = 5, end = 3`.
    fn values(&self, names: &[&str], row: u64) -> Result<String, DataError> {
        let arrow = self.source.arrow_schema();
        let columns = names.iter().map(|name| arrow.index_of(name));
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        let read = self.source.read_columns(&[row], &columns)?;
        let values = names.iter().zip(read.batch.columns());
        let values = values.map(|(name, array)| {
            let value = as_texts(&as_written(arrow.field_with_name(name)?, array))?;
            Ok(format!("{name} = {}", array_value_to_string(&value, 0)?))
        });
        Ok(values.collect::<Result<Vec<_>, DataError>>()?.join(", "))
    }

    /// What an earlier record has, of fields that determine one another.
    fn before(&self, tally: &Tally, row: u64, levels: &[Levels]) -> Option<String> {
        let (by, of) = match tally {
            Tally::Determined(found) => (vec![found.by], found.of),
            Tally::Joint(found) => (found.by.to_vec(), found.of),
            Tally::Order(_) | Tally::Sum(_) => return None,
        };
        let level = |place: usize| {
            let subject = &self.subjects[place];
            let column = self.source.arrow_schema().index_of(subject.name).ok()?;
            let read = self.source.read_columns(&[row], &[column]).ok()?;
            let texts = subject.texts(read.batch.columns().first()?).ok()?;
            levels[place]
                .names
                .iter()
                .position(|name| *name == texts.value(0))
        };
        let by = by.into_iter().map(level).collect::<Option<Vec<_>>>()?;
        let (known, _) = match (tally, &by[..]) {
            (Tally::Determined(found), [by]) => found.table.get(*by)?,
            (Tally::Joint(found), [a, b]) => found.table.get(&[*a as u32, *b as u32])?,
            _ => return None,
        };
        let known = levels[of].names.get(*known as usize)?;
        Some(format!(
            ", and a record before it has {} = {known}",
            self.subjects[of].name
        ))
    }
}
