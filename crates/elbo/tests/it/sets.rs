//! Samples whose conditions are ranges and sets: they lie in them, and are distributed as the model's own.

use std::collections::BTreeMap;
use std::sync::Arc;

use elbo::arrow::array::{ArrayRef, AsArray, StringArray};
use elbo::arrow::compute::concat_batches;
use elbo::arrow::record_batch::RecordBatch;
use elbo::{
    Data, DecodeRequest, EditRequest, Error, Events, Model, Part, Run, RunConfig, SampleRequest,
    TraverseRequest,
};
use elbo_data::builtin::people::Field;

use crate::support::{people, small_model, table, value};

fn sampled(model: &Model, n: usize, given: &[(&str, &str)], part: Option<Part>) -> RecordBatch {
    let request = SampleRequest {
        n: Some(n),
        given: pairs(given),
        part,
        ..SampleRequest::default()
    };
    model
        .sample(&request, &Events::silent())
        .unwrap()
        .collect_batch()
        .unwrap()
}

fn pairs(given: &[(&str, &str)]) -> Vec<(String, String)> {
    let pair = |(field, value): &(&str, &str)| ((*field).to_owned(), (*value).to_owned());
    given.iter().map(pair).collect()
}

/// Whether a record has one of two jobs and an age of 30 to 50.
fn asked_for(records: &RecordBatch, row: usize) -> bool {
    let job = value(records, Field::Job, row).map(|job| Field::Job.levels()[job as usize]);
    let age = value(records, Field::Age, row);
    job.is_some_and(|job| ["office", "craft"].contains(&job))
        && age.is_some_and(|age| (30..=50).contains(&age))
}

/// The share of each job and each half of the ages among the records that were asked for, and their number.
fn shares(records: &RecordBatch) -> (BTreeMap<(i32, bool), f64>, f64) {
    let rows: Vec<usize> = (0..records.num_rows())
        .filter(|row| asked_for(records, *row))
        .collect();
    let (mut shares, n) = (BTreeMap::new(), rows.len() as f64);
    for row in rows {
        let job = value(records, Field::Job, row).unwrap();
        let older = value(records, Field::Age, row).unwrap() > 40;
        *shares.entry((job, older)).or_insert(0.0) += 1.0 / n;
    }
    (shares, n)
}

#[test]
fn values_of_sets_are_distributed_as_the_model_has_them() {
    let model = small_model(&["any"]);
    for more in [vec![], vec![("sex", "female")]] {
        let asked = [vec![("age", "30..50"), ("job", "office|craft")], more.clone()].concat();
        let within = sampled(&model, 3000, &asked, None);
        assert!((0..3000).all(|row| asked_for(&within, row)), "{asked:?}");
        // What is asked for, found among samples of the same model that are not restricted.
        let free = sampled(&model, 30_000, &more, None);
        let ((within, n), (expected, m)) = (shares(&within), shares(&free));
        assert!(m > 500.0, "{m}");
        for (cell, share) in expected {
            let found = within.get(&cell).copied().unwrap_or(0.0);
            // Four standard errors of the difference of two binomial shares, and 0.01 for the bias of 64 candidates.
            let error = 4.0 * (share * (1.0 - share) * (1.0 / n + 1.0 / m)).sqrt() + 0.01;
            assert!(
                (found - share).abs() < error,
                "{cell:?}: {found:.3} {share:.3} of {m}, {asked:?}"
            );
        }
    }
}

/// A model of two fields that depend on each other: `a` is as often p as q; of the records with p 80 % have x in `b`,
/// and 10 % each y and z; of those with q 10 % each have x and y, and 80 % z.
fn model_of_two() -> Model {
    let letters = |letter: fn(usize) -> &'static str| -> ArrayRef {
        Arc::new((0..2000).map(|row| Some(letter(row))).collect::<StringArray>())
    };
    let a = letters(|row| ["p", "q"][row % 2]);
    let b = letters(|row| match (row % 2, row / 2 % 10) {
        (0, 0..8) => "x",
        (0, 8) | (1, 0) => "y",
        (1, 1) => "x",
        _ => "z",
    });
    let mut config = RunConfig::default();
    config.data.given = vec!["any".to_owned()];
    config.model.latent = Some(2);
    config.network.hidden = Some(vec![16]);
    config.training.epochs = Some(20);
    let table = RecordBatch::try_from_iter([("a", a), ("b", b)]).unwrap();
    Run::train(Data::from(table), &config, &Events::silent()).unwrap()
}

#[test]
fn values_of_several_sets_are_drawn_together() {
    let model = model_of_two();
    let letters = |records: &RecordBatch| -> Vec<(String, String)> {
        let [a, b] = [0, 1].map(|column| records.column(column).as_string::<i32>().clone());
        a.iter()
            .flatten()
            .map(str::to_owned)
            .zip(b.iter().flatten().map(str::to_owned))
            .collect()
    };
    let within = letters(&sampled(&model, 4000, &[("a", "p|q"), ("b", "x|y")], None));
    let mut free = letters(&sampled(&model, 20_000, &[], None));
    free.retain(|(_, b)| b != "z");
    let share = |records: &[(String, String)], a: &str, b: &str| {
        let found = records.iter().filter(|record| record.0 == a && record.1 == b);
        found.count() as f64 / records.len() as f64
    };
    assert_eq!(within.len(), 4000);
    for (a, b) in [("p", "x"), ("p", "y"), ("q", "x"), ("q", "y")] {
        let (found, expected) = (share(&within, a, b), share(&free, a, b));
        // Four standard errors of the difference of two binomial shares, and 0.01 for the bias of 64 candidates.
        let n = 1.0 / within.len() as f64 + 1.0 / free.len() as f64;
        let error = 4.0 * (expected * (1.0 - expected) * n).sqrt() + 0.01;
        assert!(
            (found - expected).abs() < error,
            "{a}{b}: {found:.3} {expected:.3}"
        );
    }
    // 90 % of p and 20 % of q have x or y: drawn one by one, half of the records would have p instead of 9/11.
    let p = share(&within, "p", "x") + share(&within, "p", "y");
    assert!((p - 9.0 / 11.0).abs() < 0.06, "{p}");
}

#[test]
fn conditions_that_are_not_modelled_are_drawn_from_their_frequencies_within_the_set() {
    let model = small_model(&["age", "job"]);
    let records = sampled(&model, 4000, &[("age", "30..50"), ("job", "office|craft")], None);
    assert!((0..4000).all(|row| asked_for(&records, row)));
    let field = |name| model.schema().field(name).unwrap().1;
    let job = field("job").kind.category().unwrap();
    let count = |name| job.counts[job.position(name).unwrap() as usize] as f64;
    let age = field("age").number().unwrap();
    let mass = |range| -> f64 {
        let bins = (0..).zip(&age.bins);
        bins.map(|(place, bin)| bin.count as f64 * age.share_within(place, std::slice::from_ref(&range)))
            .sum()
    };
    let office = count("office") / (count("office") + count("craft"));
    let older = mass(41.0..=50.0) / mass(30.0..=50.0);
    let (found, _) = shares(&records);
    let place = |name| {
        Field::Job
            .levels()
            .iter()
            .position(|level| *level == name)
            .unwrap() as i32
    };
    for (job, of_job) in [("office", office), ("craft", 1.0 - office)] {
        for (is_older, of_age) in [(true, older), (false, 1.0 - older)] {
            // The two are drawn independently; four standard errors of a binomial share.
            let share = of_job * of_age;
            let error = 4.0 * (share * (1.0 - share) / 4000.0).sqrt();
            let found = found[&(place(job), is_older)];
            assert!(
                (found - share).abs() < error,
                "{job} {is_older}: {found:.3} {share:.3}"
            );
        }
    }
}

#[test]
fn parts_agree_with_the_whole() {
    let model = small_model(&["any"]);
    let asked = [
        ("age", ">=60"),
        ("joined", "2010-01-01..2014-12-31"),
        ("sex", "male:0.5"),
    ];
    let whole = sampled(&model, 200, &asked, None);
    let parts = [1, 2].map(|number| sampled(&model, 200, &asked, Some(Part::new(number, 2).unwrap())));
    assert_eq!(concat_batches(&whole.schema(), &parts).unwrap(), whole);
    assert_eq!(
        sampled(&model, 5, &asked, None),
        whole.slice(0, 5),
        "however many there are"
    );
    for row in 0..200 {
        assert!(value(&whole, Field::Age, row).is_some_and(|age| age >= 60));
        // days since 1970
        assert!(value(&whole, Field::Joined, row).is_some_and(|day| (14_610..=16_435).contains(&day)));
    }
}

#[test]
fn only_samples_have_ranges_and_sets() {
    let model = small_model(&["any"]);
    let (given, silent) = (pairs(&[("age", ">=60")]), Events::silent());
    let edit = EditRequest::new(table(&people(2, 3), |_, _| true), given.clone());
    let traverse = TraverseRequest {
        given: given.clone(),
        ..TraverseRequest::default()
    };
    let decode = DecodeRequest {
        z: vec![0.0; 4],
        given,
        ..DecodeRequest::default()
    };
    for error in [
        model.edit(&edit, &silent).err(),
        model.traverse(&traverse, &silent).err(),
        model.decode(&decode, &silent).err(),
    ] {
        let error = error.unwrap();
        assert!(matches!(error, Error::OneValue { .. }), "{error}");
        assert_eq!(
            error.to_string(),
            "`age>=60` leaves the value open, where one is needed"
        );
    }
}
