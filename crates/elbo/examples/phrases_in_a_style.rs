//! cargo run --release --example phrases_in_a_style [SETTING=VALUE ..]: asks a model of `builtin:phrases` for styles.
//! Expect 98.7 % of the sentences to be grammatical and 100 % of those in the style asked for.
#![allow(clippy::print_stdout, reason = "an example speaks to the reader")]

use std::path::PathBuf;

use elbo::sample::{SampleSettings, Sampling, sample};
use elbo::train::{TrainSettings, train};
use elbo::{ConfigSources, Draw, Error, OpenOptions, Silent};
use elbo_data::arrow::array::AsArray;
use elbo_data::builtin::phrases::parse;

const SENTENCES: usize = 4000;

fn main() -> Result<(), Error> {
    let run = PathBuf::from("target/phrases-in-a-style");
    let set = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let mut flags = vec![set("data.source", "builtin:phrases"), set("data.given", "style")];
    let overrides = std::env::args().skip(1);
    flags.extend(overrides.filter_map(|text| text.split_once('=').map(|(key, value)| set(key, value))));
    let report = train(
        &TrainSettings {
            out: run.clone(),
            sources: ConfigSources {
                preset: Some("sentences".into()),
                file: None,
                flags,
            },
            force: true,
        },
        &Silent,
    )?;
    let validation = report.validation.unwrap_or_default();
    println!(
        "trained in {:.0} s: −ELBO {:.2}, rate {:.2} nats (the style leaves ln 20,736 = 9.94)",
        report.seconds, -validation.elbo, validation.rate
    );
    let out = run.join("sentences.csv");
    sample(
        &SampleSettings {
            run,
            n: Some(SENTENCES),
            given: vec![set("style", "*")],
            given_file: None,
            sampling: Sampling::default(),
            temperature: 1.0,
            seed: 0,
            draw: Draw::Auto,
            out: out.clone(),
            force: true,
            threads: 0,
            device: None,
        },
        &Silent,
    )?;
    let source = elbo_data::open(&out.to_string_lossy(), &OpenOptions::default())?;
    let rows: Vec<u64> = (0..source.len()).collect();
    let read = source.read(&rows)?.batch;
    let (texts, styles) = (read["text"].as_string::<i32>(), read["style"].as_string::<i32>());
    let parsed: Vec<_> = texts.iter().map(|text| parse(text.unwrap_or_default())).collect();
    let grammatical = parsed.iter().flatten().count();
    let found = parsed.iter().zip(styles);
    let found = found.filter(|(phrase, style)| {
        let own = phrase.as_ref().map(|phrase| phrase.style().name());
        own.is_some() && own == *style
    });
    let share = |part: usize, of: usize| 100.0 * part as f64 / of as f64;
    println!(
        "of {SENTENCES} sentences {:.1} % are grammatical, of those {:.1} % in the style asked for",
        share(grammatical, SENTENCES),
        share(found.count(), grammatical)
    );
    Ok(())
}
