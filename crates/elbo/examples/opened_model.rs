//! cargo run --release -p elbo --example opened_model RUN: times an opened model, such as MNIST's dense run.
//! Expect, on two cores: opening in some ms, a single decode in about 0.3 ms, and memory that does not grow
//! while eight threads ask 10,000 times.
#![allow(clippy::print_stdout, reason = "an example speaks to its reader")]

use std::time::Instant;

use elbo::{DecodeRequest, Draw, Error, Events, Model, SampleRequest};

/// The allocator of the command line.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const DECODES: u32 = 1000;
const THREADS: u64 = 8;
const REQUESTS: u64 = 10_000;

fn main() -> Result<(), Error> {
    let run = std::env::args().nth(1).unwrap_or_else(|| "run".to_owned());
    let began = Instant::now();
    let model = Model::open(&run)?;
    println!("opened in {:.1} ms", 1e3 * began.elapsed().as_secs_f64());
    let began = Instant::now();
    Model::open(&run)?;
    println!("opened again in {:.1} ms", 1e3 * began.elapsed().as_secs_f64());

    let events = Events::silent();
    let request = DecodeRequest {
        z: (0..model.latent()).map(|unit| unit as f32 / 100.0).collect(),
        draw: Draw::Mean,
        ..DecodeRequest::default()
    };
    model.decode(&request, &events)?.collect_batch()?;
    let began = Instant::now();
    for _ in 0..DECODES {
        model.decode(&request, &events)?.collect_batch()?;
    }
    let each = began.elapsed().as_secs_f64() / f64::from(DECODES);
    println!("{DECODES} single decodes: {:.3} ms each", 1e3 * each);

    let sample = |seed| SampleRequest {
        n: Some(1),
        seed,
        ..SampleRequest::default()
    };
    let alone = (0..20)
        .map(|seed| model.sample(&sample(seed), &events)?.collect_batch())
        .collect::<Result<Vec<_>, Error>>()?;
    let before = resident();
    let began = Instant::now();
    let wrong: u64 = std::thread::scope(|scope| {
        let ask = |thread: u64| {
            let (model, alone, events) = (model.clone(), &alone, Events::silent());
            move || {
                let requests = (0..REQUESTS / THREADS).map(|turn| (thread + turn) % 20);
                let answers = requests.map(|seed| {
                    let answer = model
                        .sample(&sample(seed), &events)
                        .and_then(|mut records| records.collect_batch());
                    u64::from(answer.ok().as_ref() != alone.get(seed as usize))
                });
                answers.sum::<u64>()
            }
        };
        let threads: Vec<_> = (0..THREADS).map(|thread| scope.spawn(ask(thread))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or(REQUESTS))
            .sum()
    });
    println!(
        "{REQUESTS} requests of {THREADS} threads: {wrong} wrong answers, {:.1} s, {before} to {} MB resident",
        began.elapsed().as_secs_f64(),
        resident()
    );
    Ok(())
}

/// Memory of this process in MB, where the system tells.
fn resident() -> u64 {
    let status = procfs();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kib.unwrap_or(0) / 1024
}

#[allow(clippy::disallowed_methods, reason = "a file of the system's, of one page")]
fn procfs() -> String {
    std::fs::read_to_string("/proc/self/status").unwrap_or_default()
}
