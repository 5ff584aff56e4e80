//! cargo run --release --example people_by_conditions [SETTING=VALUE ..]: samples from a `--given any` model of `builtin:people`.
//! Expect total-variation distances to the true conditionals of 0.02 in the median, 0.09 at worst, of which sampling
//! noise in the few hundred records that such a question is about is the most.
//!
//! A question gives one to three fields of a random person; 50,000 rows answer it, and each other field's
//! distribution is compared with the true one, numbers in 20 intervals that are equally likely in truth.
#![allow(clippy::print_stdout, reason = "an example prints its result")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use elbo::{ConfigSources, Error, Events, Model, Run, RunConfig, SampleRequest, TrainRequest};
use elbo_data::arrow::array::Array;
use elbo_data::arrow::util::display::array_value_to_string;
use elbo_data::builtin::people::Field;
use elbo_data::builtin::people::exact::{Given, conditional};
use elbo_data::builtin::people::network::person;
use elbo_data::noise::{Noise, Purpose};

const SETTINGS: [&str; 5] = [
    "data.source=builtin:people",
    "data.records=60000",
    "data.validation=0.05",
    "data.test=0",
    "data.given=any",
];
const QUESTIONS: u64 = 24;
const ROWS: usize = 50_000;
const INTERVALS: f64 = 20.0;

fn main() -> Result<(), Error> {
    let folder = PathBuf::from("target/people-by-conditions");
    let set = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let overrides: Vec<String> = std::env::args().skip(1).collect();
    let settings = SETTINGS
        .iter()
        .copied()
        .chain(overrides.iter().map(String::as_str));
    let settings = settings.filter_map(|text| text.split_once('='));
    let flags = settings.map(|(key, value)| set(key, value)).collect();
    let request = TrainRequest {
        out: folder.clone(),
        data: None,
        config: RunConfig::resolve(&ConfigSources {
            flags,
            ..ConfigSources::default()
        })?,
        force: true,
    };
    let report = Run::create(&request, &Events::silent())?;
    let model = Model::open(&folder)?;
    println!("trained in {:.0} s", report.seconds);
    let mut distances = Vec::new();
    for question in 0..QUESTIONS {
        let draws = Noise::new(question).uniform(Purpose::Subset, 0, &[question], Field::COUNT + 1);
        let mut fields = Field::ALL.to_vec();
        fields.sort_by(|a, b| draws[*a as usize].total_cmp(&draws[*b as usize]));
        let known = 1 + (draws[Field::COUNT] * 3.0) as usize;
        let person = person(Noise::new(77), question);
        let given: Vec<Given> = fields[..known]
            .iter()
            .map(|f| (*f, person[*f]..=person[*f]))
            .collect();
        let asked: Vec<_> = fields[..known]
            .iter()
            .map(|field| set(field.name(), &field.text(person[*field])))
            .collect();
        let generated = answers(&model, &asked)?;
        for field in &fields[known..] {
            let distance = distance(&conditional(&given, *field), &generated[field]);
            println!("{:.3}  {} given {asked:?}", distance, field.name());
            distances.push(distance);
        }
    }
    distances.sort_by(f64::total_cmp);
    let (median, worst) = (distances[distances.len() / 2], distances[distances.len() - 1]);
    println!(
        "{} conditionals: median {median:.3}, worst {worst:.3}",
        distances.len()
    );
    Ok(())
}

/// How often each value of each field occurs in the generated rows.
fn answers(model: &Model, given: &[(String, String)]) -> Result<BTreeMap<Field, BTreeMap<i32, f64>>, Error> {
    let request = SampleRequest {
        n: Some(ROWS),
        given: given.to_vec(),
        seed: 1,
        ..SampleRequest::default()
    };
    let read = model.sample(&request, &Events::silent())?.collect_batch()?;
    let shares = Field::ALL.into_iter().map(|field| {
        let column = &read[field.name()];
        let known = (0..column.len()).filter(|row| column.is_valid(*row));
        let share = 1.0 / (column.len() - column.null_count()) as f64;
        let mut shares = BTreeMap::new();
        for row in known {
            let text = array_value_to_string(column, row).map_err(elbo_data::DataError::from)?;
            if let Some(value) = field.parse(&text) {
                *shares.entry(value).or_default() += share;
            }
        }
        Ok((field, shares))
    });
    shares.collect()
}

/// ½ Σ |p − q| over levels, or intervals that are equally likely under p.
fn distance(p: &[(i32, f64)], q: &BTreeMap<i32, f64>) -> f64 {
    let few = p.len() <= 7;
    let (mut sum, mut before, mut ends) = (BTreeMap::<i64, f64>::new(), 0.0, Vec::new());
    for (value, probability) in p {
        before += probability;
        let interval = if few {
            i64::from(*value)
        } else {
            (before * INTERVALS - 1e-9) as i64
        };
        ends.push((*value, interval));
        *sum.entry(interval).or_default() += probability;
    }
    for (value, probability) in q {
        let place = ends.partition_point(|(end, _)| end < value).min(ends.len() - 1);
        *sum.entry(ends[place].1).or_default() -= probability;
    }
    sum.values().map(|difference| difference.abs()).sum::<f64>() / 2.0
}
