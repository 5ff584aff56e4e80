//! The demo's table and texts: one run of each, and samples under conditions.

use std::path::{Path, PathBuf};

use super::{DemoRequest, train_whole};
use crate::config::{ConfigSources, RunConfig};
use crate::error::Error;
use crate::events::Events;
use crate::model::Model;
use crate::output::{Output, OutputOptions};
use crate::run::{TrainReport, TrainRequest};
use crate::verbs::sample::SampleRequest;

/// Data, preset, and settings that make it a matter of seconds.
struct Lesson {
    name: &'static str,
    preset: Option<&'static str>,
    settings: &'static [(&'static str, &'static str)],
    /// The conditions of the samples.
    asked: &'static [(&'static str, &'static str)],
    n: usize,
}

const PEOPLE: Lesson = Lesson {
    name: "people",
    preset: None,
    settings: &[
        ("data.source", "builtin:people"),
        ("data.given", "any"),
        ("training.epochs", "6"),
    ],
    asked: &[("age", "37"), ("sex", "female")],
    n: 1000,
};
const PHRASES: Lesson = Lesson {
    name: "phrases",
    preset: Some("sentences"),
    settings: &[
        ("data.source", "builtin:phrases"),
        ("data.given", "style"),
        ("data.records", "6000"),
        ("training.epochs", "3"),
        ("training.learning_rate", "3e-3"),
    ],
    asked: &[("style", "*")],
    n: 100,
};

/// How both trainings ended, and the files with what each shows.
type Asked = ([TrainReport; 2], Vec<(PathBuf, &'static str)>);

/// Trains on people and on phrases, and samples from both models.
pub(super) fn learn(request: &DemoRequest, events: &Events) -> Result<Asked, Error> {
    events.note("an any-conditional model learns a table of people");
    let people = PEOPLE.learn(request, events)?;
    events.note("a conditional model learns sentences, given their style");
    let phrases = PHRASES.learn(request, events)?;
    let file = |name: &str| request.out.join(name);
    let files = vec![
        (
            file("people").join("samples.png"),
            "people, generated ones beside real ones",
        ),
        (file("people.csv"), "women of 37, sampled from the same model"),
        (file("phrases.csv"), "sentences in each of four styles"),
    ];
    Ok(([people, phrases], files))
}

impl Lesson {
    fn learn(&self, demo: &DemoRequest, events: &Events) -> Result<TrainReport, Error> {
        let own = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            let pairs = pairs.iter();
            pairs
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect()
        };
        let run = demo.out.join(self.name);
        let mut flags = own(self.settings);
        flags.push(("training.threads".to_owned(), demo.threads.to_string()));
        let sources = ConfigSources {
            preset: self.preset.map(str::to_owned),
            file: None,
            flags,
        };
        let training = TrainRequest {
            out: run.clone(),
            data: None,
            config: RunConfig::resolve(&sources)?,
            force: demo.force,
        };
        let report = train_whole(&training, events)?;
        self.ask(&run, own(self.asked), demo)?;
        Ok(report)
    }

    fn ask(&self, run: &Path, given: Vec<(String, String)>, demo: &DemoRequest) -> Result<(), Error> {
        let model = Model::open_with(run, &demo.options())?;
        let output = Output::check(&OutputOptions {
            path: demo.out.join(format!("{}.csv", self.name)),
            force: true,
        })?;
        let request = SampleRequest {
            n: Some(self.n),
            given,
            ..SampleRequest::default()
        };
        let mut records = model.sample(&request, &Events::silent())?;
        output.write(&model, &mut records).map(|_| ())
    }
}
