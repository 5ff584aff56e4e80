//! Exact probabilities of `builtin:people`: the probability of any field given any others, by summing the
//! joint distribution over all that is neither given nor asked for.
//!
//! Values are not known completely at random, so a field that is not known in a record is simply not
//! among the given ones.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::field::{Field, Person};
use super::network::law;

/// A field and the values that it has: `v..=v` for a known one.
pub type Given = (Field, RangeInclusive<i32>);

/// P(all of `given`).
pub fn probability(given: &[Given]) -> f64 {
    weights(given, &[]).values().sum()
}

/// P(of = v | given) for every possible v, ascending; empty where what is given is impossible.
///
/// A field given twice has the values that both ranges hold.
pub fn conditional(given: &[Given], of: Field) -> Vec<(i32, f64)> {
    let others: Vec<Given> = given.iter().filter(|(field, _)| *field != of).cloned().collect();
    let mut found: BTreeMap<i32, f64> = BTreeMap::new();
    if needed(&others, &[]).contains(&of) {
        found.extend(
            weights(given, &[of])
                .into_iter()
                .map(|(key, weight)| (key[0], weight)),
        );
    } else {
        // Nothing that is given depends on it: its law is wanted once for each state of its parents.
        let values = &known(given)[of as usize];
        for (key, weight) in weights(&others, of.parents()) {
            let mut person = Person::default();
            for (parent, value) in of.parents().iter().zip(key) {
                person[*parent] = value;
            }
            for (value, p) in law(of, &person).probabilities(values) {
                *found.entry(value).or_default() += weight * p;
            }
        }
    }
    let total: f64 = found.values().sum();
    let possible = found.into_iter().filter(|(_, weight)| *weight > 0.0);
    possible.map(|(value, weight)| (value, weight / total)).collect()
}

/// Σ v P(v), the best guess at a number in squared error; `None` for an empty distribution.
pub fn mean(distribution: &[(i32, f64)]) -> Option<f64> {
    let sum = distribution.iter().map(|(value, p)| f64::from(*value) * p).sum();
    (!distribution.is_empty()).then_some(sum)
}

/// The mode, the best guess at a level; `None` for an empty distribution.
pub fn mode(distribution: &[(i32, f64)]) -> Option<i32> {
    let likeliest = distribution.iter().max_by(|a, b| a.1.total_cmp(&b.1));
    likeliest.map(|(value, _)| *value)
}

/// The values that each field may have, in the order of [`Field::ALL`].
fn known(given: &[Given]) -> [RangeInclusive<i32>; Field::COUNT] {
    let mut known = Field::ALL.map(Field::values);
    for (field, values) in given {
        let all = &mut known[*field as usize];
        *all = *all.start().max(values.start())..=*all.end().min(values.end());
    }
    known
}

/// The given fields, those of `key` and all that these depend on: the others sum to 1.
fn needed(given: &[Given], key: &[Field]) -> Vec<Field> {
    let mut needed: Vec<Field> = given
        .iter()
        .map(|(field, _)| *field)
        .chain(key.iter().copied())
        .collect();
    for field in Field::ALL.into_iter().rev() {
        if needed.contains(&field) {
            needed.extend(field.parents());
        }
    }
    needed.sort_unstable();
    needed.dedup();
    needed
}

/// P(given, key = k) for every combination k of values of the fields `key`.
fn weights(given: &[Given], key: &[Field]) -> BTreeMap<Vec<i32>, f64> {
    let mut sum = Sum {
        known: known(given),
        key,
        person: Person::default(),
        weights: BTreeMap::new(),
    };
    sum.over(&needed(given, key), 1.0);
    sum.weights
}

/// A sum over the values of some fields, from the first to the last.
struct Sum<'a> {
    known: [RangeInclusive<i32>; Field::COUNT],
    key: &'a [Field],
    person: Person,
    weights: BTreeMap<Vec<i32>, f64>,
}

impl Sum<'_> {
    fn over(&mut self, fields: &[Field], weight: f64) {
        let Some((&field, later)) = fields.split_first() else {
            let key = self.key.iter().map(|field| self.person[*field]).collect();
            *self.weights.entry(key).or_default() += weight;
            return;
        };
        let law = law(field, &self.person);
        let values = self.known[field as usize].clone();
        let matters = self.key.contains(&field) || later.iter().any(|later| later.parents().contains(&field));
        if !matters {
            return self.over(later, weight * law.between(&values));
        }
        for (value, p) in law.probabilities(&values) {
            self.person[field] = value;
            self.over(later, weight * p);
        }
    }
}

#[cfg(test)]
mod tests;
