//! Answers of an any-conditional model beside the true ones: `builtin:people` is drawn from a known distribution, so
//! that every conditional, mean, mode and probability can be computed exactly.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use elbo::config::{Activation, LearningRate};
use elbo::{Data, Events, ImputeRequest, Model, Run, RunConfig, SampleRequest, ScoreRequest};
use elbo_data::arrow::array::AsArray;
use elbo_data::arrow::datatypes::Float32Type;
use elbo_data::builtin::people::exact::{Given, conditional, mean, mode, probability};
use elbo_data::builtin::people::{Field, Person};
use elbo_data::noise::{Noise, Purpose};

use crate::support::{people, table, value};

/// Trained once for all tests of this file.
fn model() -> &'static Model {
    static MODEL: OnceLock<Model> = OnceLock::new();
    MODEL.get_or_init(|| {
        let mut config = RunConfig::default();
        config.data.given = vec!["any".to_owned()];
        config.data.validation = 0.05;
        config.data.test = 0.0;
        config.model.latent = Some(8);
        config.network.hidden = Some(vec![128]);
        config.network.activation = Activation::Relu;
        config.training.epochs = Some(12);
        config.training.batch = Some(256);
        config.training.learning_rate = Some(2e-3);
        config.training.schedule = Some(LearningRate::Cosine);
        let data = Data::from(table(&people(0, 24_000), |_, _| true));
        Run::train(data, &config, &Events::silent()).unwrap()
    })
}

fn exactly(person: &Person, fields: &[Field]) -> Vec<Given> {
    fields
        .iter()
        .map(|field| (*field, person[*field]..=person[*field]))
        .collect()
}

/// ½ Σ |p − q|: 0 for equal distributions, 1 for those that have nothing in common.
fn total_variation(p: &[(i32, f64)], q: &BTreeMap<i32, f64>) -> f64 {
    let mut difference = q.clone();
    for (value, probability) in p {
        *difference.entry(*value).or_default() -= probability;
    }
    difference
        .values()
        .map(|difference| difference.abs())
        .sum::<f64>()
        / 2.0
}

#[test]
fn samples_under_conditions_follow_the_true_conditionals() {
    const ROWS: usize = 4000;
    let questions: [(&[Field], Field); 5] = [
        (&[Field::Age], Field::Education),
        (&[Field::Sex, Field::Education], Field::Job),
        (&[Field::Age, Field::Sex], Field::Smoker),
        (&[Field::Job], Field::Children),
        (&[Field::Education, Field::Job], Field::Region),
    ];
    for (place, (known, asked)) in questions.into_iter().enumerate() {
        let person = people(77, 5)[place];
        let request = SampleRequest {
            n: Some(ROWS),
            given: known
                .iter()
                .map(|field| (field.name().to_owned(), field.text(person[*field])))
                .collect(),
            ..SampleRequest::default()
        };
        let records = model()
            .sample(&request, &Events::silent())
            .unwrap()
            .collect_batch()
            .unwrap();
        let mut shares = BTreeMap::new();
        for row in 0..ROWS {
            for field in known {
                assert_eq!(
                    value(&records, *field, row),
                    Some(person[*field]),
                    "given values stay"
                );
            }
            let value = value(&records, asked, row).expect("nothing was missing in training");
            *shares.entry(value).or_default() += 1.0 / ROWS as f64;
        }
        let truth = conditional(&exactly(&person, known), asked);
        let distance = total_variation(&truth, &shares);
        // Sampling alone gives about √(levels / (2π · 4000)): 0.015 for six levels.
        assert!(distance < 0.07, "{} given {known:?}: {distance:.3}", asked.name());
        println!("{} given {known:?}: {distance:.3}", asked.name());
    }
}

#[test]
fn imputed_values_are_nearly_as_good_as_the_true_means_and_modes() {
    let people = people(99, 800);
    let holes: Vec<Vec<bool>> = (0..people.len() as u64)
        .map(|row| Noise::new(98).uniform(Purpose::Subset, 0, &[row], Field::COUNT))
        .map(|draws| draws.iter().map(|draw| *draw < 0.3).collect())
        .collect();
    let hole = |row: usize, field: Field| holes[row][field as usize];
    let data = Data::from(table(&people, |row, field| !hole(row, field)));
    let mut imputed = model()
        .impute(&ImputeRequest::new(data), &Events::silent())
        .unwrap();
    let records = imputed.collect_batch().unwrap();
    assert_eq!(imputed.report().n, people.len());
    // Wrong levels of all categories together, ours and those of the exact modes.
    let mut wrong = [0.0, 0.0];
    for field in [
        Field::Sex,
        Field::Education,
        Field::Job,
        Field::Age,
        Field::Income,
        Field::Height,
    ] {
        let levels = !field.levels().is_empty();
        let (mut ours, mut best, mut holes) = (0.0, 0.0, 0);
        for (row, person) in people.iter().enumerate() {
            let generated = value(&records, field, row).expect("every gap is filled");
            if !hole(row, field) {
                assert_eq!(generated, person[field], "known values stay");
                continue;
            }
            let known: Vec<Field> = Field::ALL
                .into_iter()
                .filter(|other| !hole(row, *other))
                .collect();
            let law = conditional(&exactly(person, &known), field);
            let error = |guess: f64| match levels {
                true => f64::from(u8::from(guess != f64::from(person[field]))),
                false => (guess - f64::from(person[field])).powi(2),
            };
            let exact = if levels {
                mode(&law).map(f64::from)
            } else {
                mean(&law)
            };
            ours += error(f64::from(generated));
            best += error(exact.expect("a person is possible"));
            holes += 1;
        }
        let filled = imputed
            .report()
            .filled
            .iter()
            .find(|(name, _)| name == field.name());
        assert_eq!(filled.map(|(_, count)| *count), Some(holes));
        if levels {
            wrong = [wrong[0] + ours, wrong[1] + best];
        } else {
            let ratio = (ours / best).sqrt();
            println!(
                "{}: {ratio:.3} times the least root mean squared error",
                field.name()
            );
            assert!(ratio < 1.10, "{}: {ratio:.3} times the least error", field.name());
        }
    }
    let ratio = wrong[0] / wrong[1];
    println!("levels: {ratio:.3} times the fewest errors");
    assert!(ratio < 1.12, "levels: {ratio:.3} times the fewest errors");
}

#[test]
fn scores_are_nats_of_the_true_probabilities() {
    let people = people(55, 300);
    let data = Data::from(table(&people, |_, _| true));
    let request = ScoreRequest {
        samples: 16,
        ..ScoreRequest::new(data)
    };
    let mut scores = model().score(&request, &Events::silent()).unwrap();
    let table = scores.collect_batch().unwrap();
    // A number's score is a density in its units; a grid of steps of 0.1 cm or 100 has ln(step) nats less.
    let exact = |person: &Person| -probability(&exactly(person, &Field::ALL)).ln();
    let truth = people.iter().map(exact).sum::<f64>() / people.len() as f64;
    let found = scores.report().mean;
    println!("{found:.3} nats, in truth {truth:.3}");
    // No model is better than the truth on average; 300 records leave a standard error of some 0.1 nats.
    assert!(
        found > truth - 0.3 && found < truth + 0.5,
        "{found:.3} nats, in truth {truth:.3}"
    );
    assert_eq!(table.num_rows(), people.len());
}

/// How surprising a value is: −ln of the exact chance of one at most as likely, given all others of the person.
fn exact_surprise(person: &Person, field: Field) -> f64 {
    let others: Vec<Field> = Field::ALL.into_iter().filter(|other| *other != field).collect();
    let law = conditional(&exactly(person, &others), field);
    let own = law.iter().find(|(value, _)| *value == person[field]);
    let own = own.map_or(0.0, |(_, p)| *p);
    let at_most: f64 = law
        .iter()
        .map(|(_, p)| *p)
        .filter(|p| *p <= own * (1.0 + 1e-9))
        .sum();
    -at_most.max(1e-30).ln()
}

#[test]
fn a_wrong_level_is_found_nearly_as_often_as_by_exact_chances() {
    const WITH_LEVELS: [Field; 5] = [
        Field::Region,
        Field::Sex,
        Field::Education,
        Field::Job,
        Field::Smoker,
    ];
    let (mut people, others) = (people(33, 400), people(34, 400));
    let wrong: Vec<Field> = (0..people.len()).map(|row| WITH_LEVELS[row % 5]).collect();
    for ((person, other), field) in people.iter_mut().zip(&others).zip(&wrong) {
        person[*field] = other[*field];
    }
    let data = Data::from(table(&people, |_, _| true));
    let mut scores = model()
        .score(&ScoreRequest::new(data), &Events::silent())
        .unwrap();
    let scores = scores.collect_batch().unwrap();
    let ours = |field: Field, row: usize| {
        let column = scores.column_by_name(&format!("score_{}", field.name())).unwrap();
        f64::from(column.as_primitive::<Float32Type>().value(row))
    };
    let first = |of: &dyn Fn(Field) -> f64| WITH_LEVELS.into_iter().max_by(|a, b| of(*a).total_cmp(&of(*b)));
    let (mut found, mut exact) = (0, 0);
    for (row, (person, wrong)) in people.iter().zip(&wrong).enumerate() {
        found += usize::from(first(&|field| ours(field, row)) == Some(*wrong));
        exact += usize::from(first(&|field| exact_surprise(person, field)) == Some(*wrong));
    }
    println!("found {found}, by exact chances {exact}");
    assert!(
        found as f64 > 0.85 * exact as f64,
        "found {found}, by exact chances {exact}"
    );
}
