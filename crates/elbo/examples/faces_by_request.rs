//! Run with: cargo run --release -p elbo --example faces_by_request
//! Expect: half a minute, −ELBO near 47,200 nats, and `faces/smiling.png` with eight smiling faces.
//!
//! What the command line does, from a program: train a conditional VAE, ask it for faces, measure it.
#![allow(clippy::print_stdout, reason = "an example speaks to its reader")]

use std::path::PathBuf;

use elbo::config::ConfigSources;
use elbo::evaluate::{EvaluateSettings, evaluate};
use elbo::sample::{SampleSettings, Sampling, sample};
use elbo::train::{TrainSettings, train};
use elbo::{Draw, Error, Silent};

fn main() -> Result<(), Error> {
    let run = PathBuf::from("faces");
    let set = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    train(
        &TrainSettings {
            out: run.clone(),
            sources: ConfigSources {
                preset: Some("small-faces".to_owned()),
                file: None,
                flags: vec![
                    set("data.source", "builtin:faces"),
                    set("data.given", "smile,glasses"),
                ],
            },
            force: true,
        },
        &Silent,
    )?;
    sample(
        &SampleSettings {
            run: run.clone(),
            n: Some(8),
            given: vec![set("smile", "1"), set("glasses", "yes")],
            given_file: None,
            sampling: Sampling::default(),
            temperature: 1.0,
            seed: 0,
            draw: Draw::Mean,
            out: run.join("smiling.png"),
            force: true,
            threads: 0,
            device: None,
        },
        &Silent,
    )?;
    let report = evaluate(
        &EvaluateSettings {
            run,
            data: None,
            split: None,
            samples: 10,
            seed: 0,
            limit: Some(100),
            threads: 0,
            device: None,
        },
        &Silent,
    )?;
    println!("−ELBO {:.0} nats, NLL {:.0} nats", -report.elbo, report.nll);
    Ok(())
}
