//! cargo run --release --example phrases_in_a_style [SETTING=VALUE ..]: asks a model of `builtin:phrases` for styles.
//! Expect 98.7 % of the sentences to be grammatical and 100 % of those in the requested style.
#![allow(clippy::print_stdout, reason = "an example prints its result")]

use std::path::PathBuf;

use elbo::{ConfigSources, Error, Events, Model, Run, RunConfig, SampleRequest, TrainRequest};
use elbo_data::arrow::array::AsArray;
use elbo_data::builtin::phrases::parse;

const SENTENCES: usize = 4000;

fn main() -> Result<(), Error> {
    let run = PathBuf::from("target/phrases-in-a-style");
    let set = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let mut flags = vec![set("data.source", "builtin:phrases"), set("data.given", "style")];
    let overrides = std::env::args().skip(1);
    flags.extend(overrides.filter_map(|text| text.split_once('=').map(|(key, value)| set(key, value))));
    let request = TrainRequest {
        out: run.clone(),
        data: None,
        config: RunConfig::resolve(&ConfigSources {
            preset: Some("sentences".into()),
            file: None,
            flags,
        })?,
        force: true,
    };
    let report = Run::create(&request, &Events::silent())?;
    let validation = report.validation.unwrap_or_default();
    println!(
        "trained in {:.0} s: −ELBO {:.2}, rate {:.2} nats (the style leaves ln 20,736 = 9.94)",
        report.seconds, -validation.elbo, validation.rate
    );
    let request = SampleRequest {
        n: Some(SENTENCES),
        given: vec![set("style", "*")],
        ..SampleRequest::default()
    };
    let model = Model::open(&run)?;
    let read = model.sample(&request, &Events::silent())?.collect_batch()?;
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
        "of {SENTENCES} sentences {:.1} % are grammatical, of those {:.1} % in the requested style",
        share(grammatical, SENTENCES),
        share(found.count(), grammatical)
    );
    Ok(())
}
