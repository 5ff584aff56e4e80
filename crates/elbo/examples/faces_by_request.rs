//! Run with: cargo run --release -p elbo --example faces_by_request
//! Expect: half a minute, −ELBO near 47,200 nats, and `faces/smiling.png` with eight smiling faces.
//!
//! What the command line does, from a program: train a conditional VAE, ask it for faces, measure it.
#![allow(clippy::print_stdout, reason = "an example prints its result")]

use std::path::PathBuf;

use elbo::{
    ConfigSources, Draw, Error, EvaluateRequest, Events, Model, Output, OutputOptions, Run, RunConfig,
    SampleRequest, TrainRequest,
};

fn main() -> Result<(), Error> {
    let run = PathBuf::from("faces");
    let preset = ConfigSources {
        preset: Some("small-faces".to_owned()),
        ..ConfigSources::default()
    };
    let mut config = RunConfig::resolve(&preset)?;
    config.data.given = vec!["smile".to_owned(), "glasses".to_owned()];
    let request = TrainRequest {
        out: run.clone(),
        data: Some("builtin:faces".into()),
        config,
        force: true,
    };
    let events = Events::silent();
    Run::create(&request, &events)?;

    let model = Model::open(&run)?;
    let request = SampleRequest {
        n: Some(8),
        given: [("smile", "1"), ("glasses", "yes")]
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .to_vec(),
        draw: Draw::Mean,
        ..SampleRequest::default()
    };
    let output = Output::check(&OutputOptions {
        path: run.join("smiling.png"),
        force: true,
    })?;
    output.write(&model, &mut model.sample(&request, &events)?)?;

    let request = EvaluateRequest {
        samples: 10,
        limit: Some(100),
        ..EvaluateRequest::default()
    };
    let report = model.evaluate(&request, &events)?;
    println!("−ELBO {:.0} nats, NLL {:.0} nats", -report.elbo, report.nll);
    Ok(())
}
