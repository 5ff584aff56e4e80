//! The exact probabilities beside counts of drawn people, and beside sums written out.

use super::super::network::{self, EDUCATION, JOB_BAND, JOB_EDUCATION, JOB_SEX, REGION, SEX};
use super::*;
use crate::noise::Noise;

const N: u64 = 200_000;

/// Neighbouring values together, so that at least 50 of `n` records are expected in each part.
fn parts(distribution: &[(i32, f64)], n: f64) -> Vec<(RangeInclusive<i32>, f64)> {
    let mut parts: Vec<(RangeInclusive<i32>, f64)> = Vec::new();
    for (value, p) in distribution {
        match parts.last_mut() {
            Some((values, sum)) if *sum * n < 50.0 => {
                *values = *values.start()..=*value;
                *sum += p;
            }
            _ => parts.push((*value..=*value, *p)),
        }
    }
    parts
}

/// Every share of the drawn people within five standard errors √(p (1 - p) / n) of the exact one.
fn agree(people: &[Person], given: &[Given], of: Field) {
    let fits = |person: &&Person| {
        given
            .iter()
            .all(|(field, values)| values.contains(&person[*field]))
    };
    let chosen: Vec<&Person> = people.iter().filter(fits).collect();
    let n = chosen.len() as f64;
    assert!(n > 1000.0, "{given:?} leaves {n} people");
    let exact = conditional(given, of);
    for (values, p) in parts(&exact, n) {
        let share = chosen
            .iter()
            .filter(|person| values.contains(&person[of]))
            .count() as f64
            / n;
        let bound = 5.0 * (p * (1.0 - p) / n).sqrt() + 1e-9;
        assert!(
            (share - p).abs() <= bound,
            "{of:?} in {values:?} given {given:?}: {share}, exactly {p}"
        );
    }
    let all = N as f64;
    let p = probability(given);
    let bound = 5.0 * (p * (1.0 - p) / all).sqrt() + 1e-9;
    assert!(
        (n / all - p).abs() <= bound,
        "{given:?}: {}, exactly {p}",
        n / all
    );
}

#[test]
fn counts_agree_with_the_exact_conditionals() {
    use Field::{Age, Children, Education, Height, Income, Job, Joined, Region, Sex, Smoker};
    let people: Vec<Person> = (0..N).map(|row| network::person(Noise::new(3), row)).collect();
    let questions: [&[Given]; 8] = [
        &[],
        &[(Sex, 0..=0)],
        &[(Region, 3..=3), (Smoker, 1..=1)],
        &[(Age, 30..=33)],
        &[(Income, 40..=60), (Sex, 1..=1)],
        &[(Height, 1800..=2200), (Job, 3..=3)],
        &[(Joined, 13_000..=15_000), (Education, 3..=3)],
        &[(Children, 2..=2), (Job, 5..=5), (Smoker, 0..=0)],
    ];
    for given in questions {
        for of in [
            Region, Sex, Age, Education, Job, Income, Smoker, Height, Children, Joined,
        ] {
            agree(&people, given, of);
        }
    }
}

#[test]
fn the_joint_distribution_sums_to_one() {
    // All fields that others depend on, and the rest summed by their own laws.
    let inner = [
        Field::Region,
        Field::Sex,
        Field::Age,
        Field::Education,
        Field::Job,
    ];
    let sum: f64 = weights(&Field::ALL.map(|field| (field, field.values())), &inner)
        .values()
        .sum();
    assert!((sum - 1.0).abs() < 1e-12, "{sum}");
    for field in Field::ALL {
        let each = field.values().step_by(7).map(|from| from..=from + 6);
        let sum: f64 = each.map(|values| probability(&[(field, values)])).sum();
        assert!((sum - 1.0).abs() < 1e-12, "{field:?} {sum}");
    }
}

#[test]
fn sums_written_out_agree() {
    // Of a man of 30 outside the capital: P(specialist) = Σ over education of the two tables.
    let specialist = |education: usize| {
        let weight = |job: usize| JOB_EDUCATION[education][job] * JOB_BAND[1][job] * JOB_SEX[1][job];
        EDUCATION[0][1][education] * weight(4) / (0..6).map(weight).sum::<f64>()
    };
    let given = [(Field::Region, 1..=1), (Field::Sex, 1..=1), (Field::Age, 30..=30)];
    let found = conditional(&given, Field::Job)[4];
    assert_eq!(found.0, 4);
    assert!((found.1 - (0..4).map(specialist).sum::<f64>()).abs() < 1e-12);
    assert!((probability(&given[..2]) - REGION[1] * SEX[1]).abs() < 1e-12);
}

#[test]
fn what_cannot_be_has_no_distribution() {
    // Nobody retires before 40, and who is 18 joined within the last 365 days.
    assert!(conditional(&[(Field::Age, 18..=39), (Field::Job, 5..=5)], Field::Sex).is_empty());
    assert_eq!(conditional(&[(Field::Age, 18..=18)], Field::Joined).len(), 365);
    assert_eq!((mean(&[]), mode(&[])), (None, None));
}

#[test]
fn mean_and_mode_are_those_of_the_distribution() {
    let distribution = [(1, 0.5), (2, 0.25), (5, 0.25)];
    assert_eq!(mean(&distribution), Some(0.5 + 0.5 + 1.25));
    assert_eq!(mode(&distribution), Some(1));
}

#[test]
fn a_law_depends_on_the_parents_and_on_each_of_them() {
    let noise = Noise::new(8);
    for field in Field::ALL {
        for other in Field::ALL.into_iter().filter(|other| *other != field) {
            let changes = |row: &u64| {
                let (from, to) = (network::person(noise, *row), network::person(noise, row + 1000));
                let mut mixed = from;
                mixed[other] = to[other];
                law(field, &from) != law(field, &mixed)
            };
            let depends = (0..1000).any(|row| changes(&row));
            assert_eq!(
                depends,
                field.parents().contains(&other),
                "{field:?} of {other:?}"
            );
        }
    }
}
