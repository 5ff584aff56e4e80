//! Everything that can go wrong in the facade, one variant each, with the values inside.
//!
//! The text says what is wrong; [`Error::hint`] says what to do about it. Both name settings, never the flags of a
//! command line: `OutputOptions::force`, or a key of the config such as `training.batch`. A front end translates them.

mod hint;
mod words;

use std::path::{Path, PathBuf};

use elbo_core::{CoreError, NoDevice};
use elbo_data::{DataError, Problem};

use crate::config::Origin;
use crate::config::keys::Key;
pub(crate) use words::quoted;
use words::{did_you_mean, no_device};

/// What can go wrong between a front end's request and its result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Something is wrong with the data, or with the place that output goes to.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Something is wrong with the model's settings, or with its weights.
    #[error(transparent)]
    Core(#[from] CoreError),

    /// No setting has this name.
    #[error("there is no setting `{key}`, as written {origin}{}", did_you_mean(nearest))]
    UnknownSetting {
        /// The name as written.
        key: String,
        /// Where it is written.
        origin: Origin,
        /// The setting whose name is most like it.
        nearest: Option<String>,
    },
    /// A setting has a value that it does not take.
    #[error(
        "`{setting} = {value}`, as written {origin}, is not possible: it takes {}{}",
        key.describe(),
        did_you_mean(nearest)
    )]
    BadSetting {
        /// The setting.
        setting: String,
        /// Its value.
        value: String,
        /// Where it is written.
        origin: Origin,
        /// Its meaning, and the values that it takes.
        key: &'static Key,
        /// The possible value most like it.
        nearest: Option<String>,
    },
    /// A field that holds no pictures has a setting of pictures.
    #[error("`{setting}` is a setting of pictures, but the field `{field}` is of kind `{kind}`")]
    NotAPicture {
        /// The setting.
        setting: String,
        /// The field.
        field: String,
        /// Its kind.
        kind: &'static str,
        /// The fields that hold pictures.
        pictures: Vec<String>,
    },
    /// A setting that TOML cannot hold.
    #[error("the settings cannot be written as TOML: {reason}")]
    Unwritable {
        /// The message of the writer.
        reason: String,
    },
    /// Two settings, each possible by itself, contradict each other.
    #[error("`{first}` and `{second}` exclude each other: {reason}")]
    Conflict {
        /// One setting and its value.
        first: String,
        /// The other and its value.
        second: String,
        /// Why.
        reason: &'static str,
    },
    /// A `key=value` without `=`.
    #[error("`{text}` sets nothing: it has no `=`")]
    NoValue {
        /// The text as given.
        text: String,
    },
    /// The config file is not TOML.
    #[error("line {line} of `{}` cannot be read: {reason}", path.display())]
    ConfigSyntax {
        /// The config file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The message of the parser.
        reason: String,
    },
    /// No preset has this name.
    #[error("there is no preset `{name}`{}", did_you_mean(nearest))]
    UnknownPreset {
        /// The name as given.
        name: String,
        /// The preset whose name is most like it.
        nearest: Option<String>,
    },
    /// A device that this build or this machine does not have.
    #[error("`training.device = \"{device}\"` is not possible: {}", no_device(why))]
    NoDevice {
        /// The device as given.
        device: String,
        /// Why there is none.
        why: NoDevice,
    },
    /// No setting names the data.
    #[error("no data are named")]
    NoData,
    /// The data have no field that can be modelled, or all are given.
    #[error("the data have no field left to model (fields: {})", quoted(fields))]
    NothingToModel {
        /// The fields of the data.
        fields: Vec<String>,
    },
    /// So few records that no field varies among them.
    #[error(
        "{records} records are too few to learn from: no field varies among those for training ({train})"
    )]
    TooFewRecords {
        /// How many the data have.
        records: u64,
        /// How many of them are for training.
        train: usize,
    },
    /// Pictures are requested of a model that generates none.
    #[error("this model generates no pictures, only {}", quoted(modelled))]
    NoPictures {
        /// The modelled fields.
        modelled: Vec<String>,
    },
    /// A field has no part of this name.
    #[error("`{part}` is no part of the {kind} field `{field}`")]
    NoRegion {
        /// The field.
        field: String,
        /// The part.
        part: String,
        /// The field's kind.
        kind: &'static str,
    },
    /// A row of a table of conditions is wrong.
    #[error("{place}: {error}")]
    InRow {
        /// The row.
        place: String,
        /// The error.
        error: Box<Error>,
    },
    /// A field is named twice among the modelled or given ones.
    #[error("the field `{field}` is {first} and {second}")]
    FieldTwice {
        /// The field.
        field: String,
        /// "modelled" or "given".
        first: &'static str,
        /// "modelled" or "given", or "named again".
        second: &'static str,
    },

    /// A setting of a request has a value that it does not take.
    #[error("`{setting}` cannot be `{value}`: it takes {takes}")]
    BadArgument {
        /// The setting, such as `SampleRequest::n`.
        setting: &'static str,
        /// Its value.
        value: String,
        /// The values that it takes.
        takes: &'static str,
    },
    /// A condition names a field that the model was not given in training.
    #[error("`{field}` is not a condition of this model")]
    NotGiven {
        /// The field.
        field: String,
        /// The fields that it was given.
        given: Vec<String>,
    },
    /// A range, or a set of values, that a field cannot have.
    #[error("`{request}` is not possible: {reason}")]
    NoSet {
        /// The request.
        request: String,
        /// What is wrong with it.
        reason: String,
        /// What the field has seen, and how to write it.
        hint: String,
    },
    /// A range, or a set of values, where one value is needed.
    #[error("`{request}` leaves the value open, where one is needed")]
    OneValue {
        /// The request.
        request: String,
    },
    /// The data lack a field that the model was always given in training.
    #[error("the data have no field `{field}`, a condition of this model")]
    GivenMissing {
        /// The field.
        field: String,
    },
    /// The data have no field that the model has.
    #[error(
        "the data have none of the fields of this model: they have {}",
        quoted(fields)
    )]
    NothingShared {
        /// The fields of the data.
        fields: Vec<String>,
        /// The fields of the model.
        modelled: Vec<String>,
    },
    /// A cell does not fit the kind that the column had in training.
    #[error("{cell}")]
    WrongCell {
        /// The cell, with its row.
        cell: DataError,
    },
    /// A field that generated rows cannot be judged by.
    #[error("`{field}` is not a number, a date, a flag or a category of this model")]
    NotJudged {
        /// The field.
        field: String,
        /// The fields that rows are judged by.
        judged: Vec<String>,
    },
    /// Generated rows are to be judged, but the model has no field to judge them by.
    #[error(
        "this model has no numbers, dates, flags or categories to judge, only {}",
        quoted(modelled)
    )]
    NothingToJudge {
        /// The modelled fields.
        modelled: Vec<String>,
    },
    /// The split has no record.
    #[error("there are no records in the {split} split")]
    NoRecords {
        /// The split.
        split: String,
    },

    /// The folder holds a run that would be overwritten.
    #[error("`{}` holds a run already", path.display())]
    RunExists {
        /// The folder.
        path: PathBuf,
    },
    /// The place for a run holds something else, which is never overwritten.
    #[error("`{}` exists and is not a run folder", path.display())]
    Occupied {
        /// The place.
        path: PathBuf,
    },
    /// The path is not that of a run folder.
    #[error("`{}` is not a run folder: {reason}", path.display())]
    NotARun {
        /// The path as given.
        path: PathBuf,
        /// Why not.
        reason: &'static str,
    },
    /// Another process is training in the run folder.
    #[error("another process is training in `{}`", path.display())]
    RunBusy {
        /// The run folder.
        path: PathBuf,
    },
    /// A file of the run is written in a format that this version does not read.
    #[error("`{}` is of format {found}; this version reads format {supported}", file.display())]
    RunVersion {
        /// The file.
        file: PathBuf,
        /// Its format.
        found: u64,
        /// The format read here.
        supported: u64,
    },
    /// A file of the run is damaged, or missing.
    #[error("the run file `{}` {what}", file.display())]
    RunTorn {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A file is larger than any such file should be.
    #[error("`{}` has {bytes} bytes; at most {limit} are read", file.display())]
    TooLarge {
        /// The file.
        file: PathBuf,
        /// Its size.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// The run was stopped before its settings were saved.
    #[error("the run `{}` was stopped before it began", path.display())]
    NotBegun {
        /// The run folder.
        path: PathBuf,
    },
    /// The run was stopped before its first checkpoint.
    #[error("the run `{}` has no weights yet", path.display())]
    NotTrained {
        /// The run folder.
        path: PathBuf,
    },
    /// Training diverged, also after every attempt to continue with a lower learning rate.
    #[error(
        "the {what} was not finite at step {step}, and {rollbacks} attempts with lower learning rates ended the same way"
    )]
    Diverged {
        /// The loss or the gradient.
        what: &'static str,
        /// The step, counted from 0.
        step: u64,
        /// The number of attempts with a lower rate.
        rollbacks: u32,
    },

    /// A file could not be read.
    #[error("cannot read `{}`: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A file could not be written; the previous file, if any, is intact.
    #[error("cannot write `{}`: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A stop was requested before the verb was done.
    #[error("stopped before it was done: nothing was written")]
    Cancelled,
    /// Training was interrupted before its end.
    #[error("stopped before the training in `{}` was done", path.display())]
    Interrupted {
        /// The run, saved.
        path: PathBuf,
    },
    /// Every record of the data is broken.
    #[error("none of the records can be read: {first}")]
    NothingRead {
        /// What is wrong with the first.
        first: Problem,
    },
    /// The worker threads could not be started.
    #[error("cannot start {threads} threads: {reason}")]
    Threads {
        /// The requested number.
        threads: usize,
        /// Why not.
        reason: String,
    },
}

impl Error {
    /// Whether the request is wrong (exit code 2), not the machine (exit code 1).
    pub fn is_user_error(&self) -> bool {
        let machine = matches!(
            self,
            Self::Cancelled
                | Self::Interrupted { .. }
                | Self::Diverged { .. }
                | Self::Read { .. }
                | Self::Write { .. }
                | Self::Threads { .. }
                | Self::Data(
                    DataError::Io { .. }
                        | DataError::Write { .. }
                        | DataError::Spool(_)
                        | DataError::Arrow(_)
                        | DataError::Threads(_)
                )
        );
        // A path that does not exist was typed.
        !machine || self.io_kind() == Some(std::io::ErrorKind::NotFound)
    }

    /// Why the system could not read or write a file.
    fn io_kind(&self) -> Option<std::io::ErrorKind> {
        if let Self::Read { source, .. } | Self::Write { source, .. } = self {
            return Some(source.kind());
        }
        if let Self::Data(DataError::Write { source, .. }) = self {
            return source.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        }
        None
    }

    /// A setting of a request, such as `SampleRequest::n`, with a value that it does not take.
    pub(crate) fn bad_argument(
        setting: &'static str,
        value: impl std::fmt::Display,
        takes: &'static str,
    ) -> Self {
        Self::BadArgument {
            setting,
            value: value.to_string(),
            takes,
        }
    }

    /// A damaged file of a run.
    pub(crate) fn torn(file: &Path, what: impl Into<String>) -> Self {
        Self::RunTorn {
            file: file.to_path_buf(),
            what: what.into(),
        }
    }

    /// Turns an I/O error into an [`Error::Read`].
    pub(crate) fn reading(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Read { path, source }
    }

    /// Turns an I/O error into an [`Error::Write`].
    pub(crate) fn writing(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Write { path, source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_travel_between_threads() {
        fn travels<T: Send + Sync + 'static>() {}
        travels::<Error>();
    }

    #[test]
    fn errors_of_the_machine_and_of_the_request_differ() {
        let machine = Error::reading(Path::new("a"))(std::io::ErrorKind::StorageFull.into());
        let request = Error::NotTrained { path: "a".into() };
        assert!(!machine.is_user_error() && request.is_user_error());
        let data = Error::from(DataError::NoSuchRow { row: 3, len: 2 });
        assert!(data.is_user_error());
        assert_eq!(data.to_string(), "there is no row 3: the data have 2 rows");
    }
}
