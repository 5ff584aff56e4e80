//! What to do about each error: one short imperative sentence, or nothing if the error itself says it.
//!
//! `key = value` in backticks is a setting to make; a key alone only names it.

use std::io::ErrorKind;

use elbo_core::{DEVICES, NoDevice, Region};

use super::{Error, quoted};
use crate::config::{keys, presets};

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "a new error has no hint until someone writes one"
)]
impl Error {
    /// What to do about it, for the line after the error.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Data(error) => error.hint(),
            Self::Core(_) => None,
            Self::Write { source, .. } => write_hint(source.kind()).map(str::to_owned),
            _ => self.setting_hint().or_else(|| self.run_hint()),
        }
    }

    fn setting_hint(&self) -> Option<String> {
        match self {
            Self::UnknownSetting {
                key, nearest: None, ..
            } => Some(known_settings(key)),
            Self::BadSetting { setting, key, .. } => Some(format!("`{setting}`: {}", key.about)),
            Self::NotAPicture { pictures, .. } => Some(match pictures.is_empty() {
                true => "remove the setting: these data have no pictures".to_owned(),
                false => format!("pictures: {}", quoted(pictures)),
            }),
            Self::NoValue { .. } => Some("write `key=value`, such as `network.hidden=500,500`".to_owned()),
            Self::UnknownPreset { .. } => Some(format!(
                "presets: {}",
                quoted(presets::presets().iter().map(|(name, _)| name))
            )),
            Self::NoDevice { why, .. } => Some(device_hint(why)),
            Self::Read { source, .. } if source.kind() == ErrorKind::NotFound => {
                Some("check the path".to_owned())
            }
            Self::NoData => Some("name a folder, a file or `builtin:faces`, or set `data.source`".to_owned()),
            Self::TooFewRecords { .. } => {
                Some("use more records: with fewer than some fifty, a model learns little".to_owned())
            }
            Self::NothingToModel { .. } => {
                Some("use data with at least one field whose values vary, and do not name all such fields as given".to_owned())
            }
            Self::NoPictures { .. } => Some("write a table, such as new.csv".to_owned()),
            Self::NoRegion { kind: "image", .. } => Some(format!(
                "parts: {}",
                quoted(Region::ALL.iter().skip(1).map(Region::name))
            )),
            Self::NoRegion { .. } => Some("only images have parts".to_owned()),
            Self::InRow { error, .. } => error.hint(),
            Self::FieldTwice { .. } => Some("a field is either modelled or given: name it once".to_owned()),
            Self::NotGiven { given, .. } if given.is_empty() => {
                Some("it was trained without conditions: leave this one out".to_owned())
            }
            Self::NotGiven { given, .. } => Some(format!("its conditions: {}", quoted(given))),
            Self::NoSet { hint, .. } => Some(hint.clone()),
            Self::OneValue { .. } => {
                Some("give one value; only new samples can have ranges and sets".to_owned())
            }
            Self::GivenMissing { .. } => Some(
                "add it to the data, or train with `objective.given_dropout = 0.1`, so that it may be missing"
                    .to_owned(),
            ),
            Self::WrongCell { .. } => {
                Some("correct the cell or empty it: in training the column held nothing of that kind".to_owned())
            }
            Self::NothingShared { modelled, .. } => {
                Some(format!("the fields of the model: {}", quoted(modelled)))
            }
            Self::NotJudged { judged, .. } => Some(format!("choose one of {}", quoted(judged))),
            Self::NothingToJudge { .. } => {
                Some("leave out `EvaluateRequest::utility`, `EvaluateRequest::privacy` and `EvaluateRequest::generated`".to_owned())
            }
            Self::NoRecords { .. } => {
                Some("choose another `EvaluateRequest::split`, or data that have records in it".to_owned())
            }
            Self::Diverged { .. } => Some(
                "start again with a lower learning rate, such as `training.learning_rate = 1e-4`, or bound the \
                 gradient with `training.clip_norm = 100`"
                    .to_owned(),
            ),
            _ => None,
        }
    }

    fn run_hint(&self) -> Option<String> {
        let text = match self {
            Self::RunExists { path } => {
                return Some(format!(
                    "continue with `train::resume({})`, choose another folder, or replace the run with \
                     `OutputOptions::force`",
                    path.display()
                ));
            }
            Self::NotTrained { path } => {
                return Some(format!("train it with `train::resume({})`", path.display()));
            }
            Self::NotBegun { path } => {
                return Some(format!(
                    "nothing is lost: start it again with `OutputOptions::path = {}`",
                    path.display()
                ));
            }
            Self::Occupied { .. } => "choose another folder: only a run is ever replaced",
            Self::NotARun { .. } => "give the folder of a run, as training writes it",
            Self::RunBusy { .. } => "wait until it is done, or stop it",
            Self::RunVersion { found, supported, .. } if found > supported => {
                "it was written by a newer version; update this program"
            }
            Self::RunVersion { .. } => "it was written by an older version; use that one or train again",
            Self::RunTorn { .. } => {
                "restore the folder from a copy, or train again with `OutputOptions::force`"
            }
            Self::TooLarge { .. } => "the file is damaged, or is not what its name says",
            Self::Threads { .. } => "use fewer: `ModelOptions::threads`",
            _ => return None,
        };
        Some(text.to_owned())
    }
}

fn device_hint(why: &NoDevice) -> String {
    match why {
        NoDevice::Unknown => format!(
            "devices: {}; an index may follow, as in `cuda:1`",
            quoted(DEVICES)
        ),
        NoDevice::NotBuilt(feature) => {
            format!("build it with the feature `{feature}`, or compute with `training.device = \"cpu\"`")
        }
        NoDevice::Absent { .. } => "compute with `training.device = \"cpu\"`".to_owned(),
    }
}

/// The settings of the section that `key` names, or else all sections.
fn known_settings(key: &str) -> String {
    let section = key.split('.').next().unwrap_or_default();
    let names: Vec<_> = keys::KEYS
        .iter()
        .chain(keys::FIELD_KEYS)
        .filter(|known| known.path.split('.').next() == Some(section))
        .map(|known| known.path)
        .collect();
    match names.is_empty() {
        true => format!("sections: {}, `fields.NAME`", quoted(keys::sections())),
        false => format!("settings: {}", quoted(names)),
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "few of the many kinds of I/O error have a remedy"
)]
fn write_hint(kind: ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            Some("the disk is full; free some space and continue: nothing was lost")
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            Some("choose a folder that you may write to")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Origin;

    fn unknown(key: &str) -> Error {
        Error::UnknownSetting {
            key: key.into(),
            origin: Origin::CommandLine,
            nearest: None,
        }
    }

    #[test]
    fn an_unknown_setting_lists_its_neighbours() {
        let hint = unknown("model.qqq").hint().unwrap_or_default();
        assert!(hint.starts_with("settings: `model.latent`"), "{hint}");
        let hint = unknown("fields.age.qqq").hint().unwrap_or_default();
        assert!(hint.starts_with("settings: `fields.NAME.kind`"), "{hint}");
        let hint = unknown("qqq").hint().unwrap_or_default();
        assert!(hint.starts_with("sections: `data`, `model`"), "{hint}");
    }

    #[test]
    fn newer_and_older_versions_have_different_hints() {
        let hint = |found| {
            Error::RunVersion {
                file: "run.json".into(),
                found,
                supported: 2,
            }
            .hint()
            .unwrap_or_default()
        };
        assert!(hint(3).contains("update") && hint(1).contains("older"));
    }

    #[test]
    fn a_full_disk_loses_nothing() {
        let error = Error::Write {
            path: "a".into(),
            source: ErrorKind::StorageFull.into(),
        };
        assert!(error.hint().is_some_and(|hint| hint.contains("disk is full")));
    }
}
