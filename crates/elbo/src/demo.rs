//! `demo`: the whole path in a minute and a half, on faces, a table and sentences that the program makes itself.
//!
//! A plain VAE with six latents and a conditional one are trained on `builtin:faces`, whose six
//! attributes are known: so each latent unit can be named by the attribute that it follows best,
//! and each face that was asked for can be checked.

mod asked;
mod check;
mod pictures;

use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::Serialize;

use crate::config::ConfigSources;
use crate::error::Error;
use crate::output::existing;
use crate::progress::Progress;
use crate::threads;
use crate::train::{Stopped, TrainReport, TrainSettings, train};
use crate::trained::Trained;

pub use check::{Found, NamedUnit, ReadOut};

const PRESET: &str = "small-faces";
const DATA: &str = "builtin:faces";
/// The true attributes of the faces.
const ATTRIBUTES: &str = "smile,skin_tone,face_shape,beard,glasses,hair_colour";

/// How the demo runs.
#[derive(Clone, Debug)]
pub struct DemoSettings {
    /// The folder to create.
    pub out: PathBuf,
    /// Settings beside the preset's, as `(key, value)`.
    pub set: Vec<(String, String)>,
    /// Replace an earlier demo.
    pub force: bool,
    /// Threads; 0 for one a core.
    pub threads: usize,
}

/// What the demo found.
#[derive(Clone, Debug, Serialize)]
pub struct DemoReport {
    /// The folder.
    pub out: PathBuf,
    /// The plain VAE.
    pub plain: TrainReport,
    /// The VAE that is given the six attributes.
    pub conditional: TrainReport,
    /// The model of the table, which may be given anything.
    pub people: TrainReport,
    /// The model of the sentences, given their style.
    pub phrases: TrainReport,
    /// The plain VAE's units, by rate, each with the attribute it follows best.
    pub units: Vec<NamedUnit>,
    /// How well each attribute can be read from the six units, on held-out faces.
    pub read_outs: Vec<ReadOut>,
    /// How often a face that was asked for shows what was asked.
    pub found: Vec<Found>,
    /// Pictures and tables, with what each shows.
    pub pictures: Vec<(PathBuf, &'static str)>,
    /// Time it all took, in seconds.
    pub seconds: f64,
}

/// Trains both models and leaves their pictures.
///
/// # Errors
/// An output that cannot be written, and those of [`train`].
pub fn demo(settings: &DemoSettings, progress: &dyn Progress) -> Result<DemoReport, Error> {
    let began = Instant::now();
    let runs = [settings.out.join("plain"), settings.out.join("conditional")];
    progress.note("a plain VAE with six latents learns faces without being told anything about them");
    let plain = train_whole(&train_settings(settings, &runs[0], None), progress)?;
    progress.note("a conditional VAE is given the six attributes, so that faces can be asked for");
    let conditional = train_whole(&train_settings(settings, &runs[1], Some(ATTRIBUTES)), progress)?;
    let ([people, phrases], asked) = asked::learn(settings, progress)?;
    threads::within(settings.threads, || {
        let (a, b) = (Trained::open(&runs[0], None)?, Trained::open(&runs[1], None)?);
        let knowledge = check::learn(&a, progress)?;
        let found = check::found(&b, &knowledge, progress)?;
        let mut drawn = pictures::draw(&settings.out, existing(true), &a, &b, &knowledge.units, progress)?;
        drawn.extend(asked);
        Ok(DemoReport {
            out: settings.out.clone(),
            plain,
            conditional,
            people,
            phrases,
            units: knowledge.units,
            read_outs: knowledge.read_outs,
            found,
            pictures: drawn,
            seconds: began.elapsed().as_secs_f64(),
        })
    })
}

/// Trains to the end: what follows is about models that have learnt.
fn train_whole(settings: &TrainSettings, progress: &dyn Progress) -> Result<TrainReport, Error> {
    let report = train(settings, progress)?;
    match report.stopped {
        Stopped::Interrupted => Err(Error::Interrupted { path: report.run }),
        Stopped::Finished | Stopped::Early => Ok(report),
    }
}

fn train_settings(settings: &DemoSettings, out: &Path, given: Option<&str>) -> TrainSettings {
    let mut flags = vec![("data.source".to_owned(), DATA.to_owned())];
    flags.extend(given.map(|given| ("data.given".to_owned(), given.to_owned())));
    flags.push(("training.threads".to_owned(), settings.threads.to_string()));
    flags.extend(settings.set.clone());
    let sources = ConfigSources {
        preset: Some(PRESET.to_owned()),
        file: None,
        flags,
    };
    TrainSettings {
        out: out.to_owned(),
        sources,
        force: settings.force,
    }
}
