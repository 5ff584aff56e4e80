//! The demo's table and texts: one run of each, and what it answers when asked.

use std::path::{Path, PathBuf};

use elbo_core::distribution::Sampling;

use super::{DemoSettings, train_whole};
use crate::config::ConfigSources;
use crate::decode::Draw;
use crate::error::Error;
use crate::progress::{Progress, Silent};
use crate::sample::{SampleSettings, sample};
use crate::train::{TrainReport, TrainSettings};

/// Data, preset, and settings that make it a matter of seconds.
struct Lesson {
    name: &'static str,
    preset: &'static str,
    settings: &'static [(&'static str, &'static str)],
    /// What is asked for, and of what.
    asked: &'static [(&'static str, &'static str)],
    n: usize,
}

const PEOPLE: Lesson = Lesson {
    name: "people",
    preset: "table",
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
    preset: "sentences",
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

/// Trains on people and on phrases, and asks both.
pub(super) fn learn(settings: &DemoSettings, progress: &dyn Progress) -> Result<Asked, Error> {
    progress.note("a table of people is learnt so that any of its fields may be given");
    let people = PEOPLE.learn(settings, progress)?;
    progress.note("sentences are learnt, given their style");
    let phrases = PHRASES.learn(settings, progress)?;
    let file = |name: &str| settings.out.join(name);
    let files = vec![
        (
            file("people").join("samples.png"),
            "people, made ones beside real ones",
        ),
        (file("people.csv"), "women of 37, asked of the same model"),
        (file("phrases.csv"), "sentences in each of four styles"),
    ];
    Ok(([people, phrases], files))
}

impl Lesson {
    fn learn(&self, demo: &DemoSettings, progress: &dyn Progress) -> Result<TrainReport, Error> {
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
            preset: Some(self.preset.to_owned()),
            file: None,
            flags,
        };
        let training = TrainSettings {
            out: run.clone(),
            sources,
            force: demo.force,
        };
        let report = train_whole(&training, progress)?;
        self.ask(&run, own(self.asked), demo)?;
        Ok(report)
    }

    fn ask(&self, run: &Path, given: Vec<(String, String)>, demo: &DemoSettings) -> Result<(), Error> {
        let settings = SampleSettings {
            run: run.to_owned(),
            n: Some(self.n),
            given,
            given_file: None,
            sampling: Sampling::default(),
            temperature: 1.0,
            seed: 0,
            draw: Draw::Auto,
            out: demo.out.join(format!("{}.csv", self.name)),
            force: true,
            threads: demo.threads,
            device: None,
        };
        sample(&settings, &Silent).map(|_| ())
    }
}
