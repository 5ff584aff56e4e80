//! The settings of a run: as written ([`RunConfig`]), and as checked ([`CheckedConfig`]).
//!
//! ```text
//! defaults < preset < config file < command line      one value for each key of `keys`
//!        ──resolve──> RunConfig      every value is possible by itself
//!        ──check────> CheckedConfig  every automatic choice made, everything possible together
//! ```
//!
//! Only a [`CheckedConfig`] can run; its settings are saved with the run and read back unchanged.
//!
//! A program writes a [`RunConfig`] as a value; every field that it does not set keeps its default:
//!
//! ```
//! use std::collections::BTreeMap;
//! use elbo::RunConfig;
//! use elbo::config::{DataSection, FieldSection, ModelSection, NetworkKind, NetworkSection, TrainingSection};
//! use elbo::config::ImageLikelihood::DiscretizedLogistic;
//! use elbo_data::{Schema, noise::Noise};
//!
//! let pixels = FieldSection { likelihood: Some(DiscretizedLogistic), ..Default::default() };
//! let config = RunConfig {
//!     data: DataSection {
//!         source: Some("builtin:faces".into()),
//!         records: Some(48),
//!         size: Some("16".parse()?),
//!         given: vec!["smile".into()],
//!         ..Default::default()
//!     },
//!     model: ModelSection { latent: Some(6), ..Default::default() },
//!     network: NetworkSection { kind: Some(NetworkKind::Dense), hidden: Some(vec![64]), ..Default::default() },
//!     training: TrainingSection { epochs: Some(3), ..Default::default() },
//!     fields: BTreeMap::from([("image".into(), pixels)]),
//!     ..Default::default()
//! };
//! let source = config.open_data()?;
//! let rows = config.split(source.as_ref())?;
//! let schema = Schema::fit(source.as_ref(), &rows.train, &config.text_options(), Noise::new(config.seed()))?;
//! let (checked, _notes) = config.check(&schema, rows.train.len())?;
//! assert_eq!(checked.settings().fields, config.fields);
//! // The batch was left to the program: a 32nd of the 39 records would be too few.
//! assert_eq!(checked.batch, 16);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod check;
mod choose;
mod fields;
#[cfg(test)]
pub(crate) mod fixture;
pub mod keys;
mod layer;
mod picture;
mod place;
mod plan;
pub mod presets;
mod print;
pub mod roles;
mod sections;
mod takes;
mod together;

use std::collections::BTreeMap;
use std::path::PathBuf;

pub use elbo_core::schedule::{BetaWarmup, LearningRate};
pub use elbo_core::{Activation, ImageLikelihood, NetworkKind, Precision, PriorKind};
use elbo_data::kind::text::TextOptions;
pub use elbo_data::options::{FieldType, TypedField};
pub use elbo_data::{Binarize, Fit, ImageSize, TokenizerKind};
use elbo_data::{OpenOptions, SplitConfig};
use serde::{Deserialize, Serialize};

use crate::Error;
pub use check::CheckedConfig;
use layer::Layer;
pub use layer::Origin;
pub use plan::Plan;
pub use presets::presets;
pub use sections::{
    DataSection, FieldSection, ModelSection, NetworkSection, ObjectiveSection, TrainingSection,
};
pub use takes::Takes;

/// The sources of settings; later ones win over earlier ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigSources {
    /// Name of a preset.
    pub preset: Option<String>,
    /// A TOML file.
    pub file: Option<PathBuf>,
    /// Settings of the command line: a key such as `network.hidden`, and its value as text.
    pub flags: Vec<(String, String)>,
}

impl ConfigSources {
    /// Adds a setting written as `key=value`. A field's name that holds a dot or `=` stands in quotes.
    ///
    /// ```
    /// let mut sources = elbo::ConfigSources::default();
    /// sources.set("fields.\"a=b\".kind=number")?;
    /// assert_eq!(sources.flags, [("fields.\"a=b\".kind".into(), "number".into())]);
    /// # Ok::<(), elbo::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NoValue`] without `=`.
    pub fn set(&mut self, text: &str) -> Result<(), Error> {
        // A key that `=` cuts within its quotes is not whole yet.
        let whole = |at: &usize| text[..*at].matches('"').count().is_multiple_of(2);
        let mut ends = text.match_indices('=').map(|(at, _)| at);
        let end = ends.find(whole).ok_or_else(|| Error::NoValue {
            text: text.to_owned(),
        })?;
        let (key, value) = (&text[..end], &text[end + 1..]);
        self.flags.push((key.trim().to_owned(), value.trim().to_owned()));
        Ok(())
    }
}

/// Every setting of a run, as written. `None` leaves a choice to the program.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RunConfig {
    /// The data, and which fields are modelled and given.
    pub data: DataSection,
    /// Latents, likelihood and prior.
    pub model: ModelSection,
    /// The networks' shape.
    pub network: NetworkSection,
    /// The loss.
    pub objective: ObjectiveSection,
    /// The optimisation.
    pub training: TrainingSection,
    /// Settings of single fields, by name; they win over those for all fields.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, FieldSection>,
}

impl RunConfig {
    /// The settings of all sources together.
    ///
    /// ```
    /// use elbo::{ConfigSources, RunConfig};
    /// let mut sources = ConfigSources { preset: Some("dense".into()), ..Default::default() };
    /// sources.set("network.hidden=500,500")?;
    /// assert_eq!(RunConfig::resolve(&sources)?.network.hidden, Some(vec![500, 500]));
    ///
    /// let wrong = ConfigSources { flags: vec![("network.hiden".into(), "500".into())], ..sources };
    /// let error = RunConfig::resolve(&wrong).unwrap_err().to_string();
    /// assert!(error.contains("did you mean `network.hidden`?"));
    /// # Ok::<(), elbo::Error>(())
    /// ```
    ///
    /// # Errors
    /// An unknown preset, a file that cannot be read, and the first setting that is unknown or has
    /// a value it cannot have, with the place where it is written.
    pub fn resolve(sources: &ConfigSources) -> Result<Self, Error> {
        let mut layers = Vec::new();
        if let Some(name) = &sources.preset {
            layers.push(Layer::preset(name)?);
        }
        if let Some(path) = &sources.file {
            layers.push(Layer::file(path)?);
        }
        layers.push(Layer::command_line(&sources.flags)?);
        let mut config = Self::from_layers(layers)?;
        config.anchor();
        Ok(config)
    }

    /// Makes the path of the data absolute, so that the run can be resumed from any folder.
    pub(crate) fn anchor(&mut self) {
        if let Some(source) = &mut self.data.source
            && !source.starts_with("builtin:")
            && let Ok(path) = std::path::absolute(&*source)
            && let Some(path) = path.to_str()
        {
            *source = path.to_owned();
        }
    }

    /// Settings read back from TOML text, as [`Self::to_toml`] writes it; `path` names it in errors.
    ///
    /// # Errors
    /// As [`Self::resolve`].
    pub fn from_toml(text: &str, path: &std::path::Path) -> Result<Self, Error> {
        Self::from_layers([Layer::toml(text, path)?])
    }

    fn from_layers(layers: impl IntoIterator<Item = Layer>) -> Result<Self, Error> {
        let mut merged = BTreeMap::new();
        for entry in layers.into_iter().flat_map(|layer| layer.entries) {
            merged.insert((entry.place.field.clone(), entry.place.key.path), entry);
        }
        let mut config = toml::Table::new();
        for entry in merged.into_values().filter(|entry| !entry.is_auto()) {
            entry.write_into(&mut config);
        }
        // Each value was checked against its key: this fails only where the two lists disagree.
        config
            .try_into()
            .map_err(|error: toml::de::Error| Error::Unwritable {
                reason: error.to_string(),
            })
    }

    /// How to open the data.
    pub fn open_options(&self) -> OpenOptions {
        OpenOptions {
            size: self.data.size,
            fit: self.data.fit,
            channels: self.data.channels,
            labels: self.data.labels,
            strict: self.data.strict,
            records: self.data.records,
            seed: self.data.seed,
            max_pixels: self.data.max_pixels,
            fields: self.typed_fields(),
            missing: self.data.missing.clone(),
            cache_bytes: self.data.cache_mb << 20,
            expected: Vec::new(),
            white: None,
        }
    }

    /// How the tokenizers of texts are chosen.
    pub fn text_options(&self) -> TextOptions {
        TextOptions {
            tokenizer: self.data.tokenizer,
            vocabulary: self.data.vocabulary,
        }
    }

    /// How to split the records.
    pub fn split_config(&self) -> SplitConfig {
        SplitConfig {
            validation: self.data.validation,
            test: self.data.test,
            seed: self.data.seed,
        }
    }

    /// The settings as TOML, each with its meaning above it.
    ///
    /// # Errors
    /// A number that TOML cannot hold; none that [`Self::resolve`] lets through.
    pub fn to_toml(&self) -> Result<String, Error> {
        print::commented(&self.to_table()?)
    }

    fn to_table(&self) -> Result<toml::Table, Error> {
        toml::Table::try_from(self).map_err(|error| Error::Unwritable {
            reason: error.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "tests lay out files as they like")]

    use super::*;

    fn sources(flags: &[(&str, &str)]) -> ConfigSources {
        let flags = flags
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        ConfigSources {
            flags,
            ..Default::default()
        }
    }

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    #[test]
    fn without_sources_the_defaults_hold() {
        assert_eq!(
            RunConfig::resolve(&ConfigSources::default()).unwrap(),
            RunConfig::default()
        );
    }

    #[test]
    fn the_command_line_wins_over_the_file_and_the_file_over_the_preset() {
        let preset = RunConfig::resolve(&ConfigSources {
            preset: Some("flax-mnist".into()),
            ..Default::default()
        });
        assert_eq!(preset.unwrap().training.epochs, Some(10));
        let written = file("[training]\nepochs = 3\nbatch = 7\n");
        let all = ConfigSources {
            preset: Some("flax-mnist".into()),
            file: Some(written.path().into()),
            ..sources(&[("training.batch", "9")])
        };
        let config = RunConfig::resolve(&all).unwrap();
        let training = config.training;
        // epochs: 10 in the preset, 3 in the file. batch: 128 in the preset, 7, then 9.
        assert_eq!((training.epochs, training.batch), (Some(3), Some(9)));
        assert_eq!(config.model.latent, Some(20));
    }

    #[test]
    fn a_list_replaces_the_list_below_it() {
        let config = RunConfig::resolve(&sources(&[
            ("network.hidden", "500,400"),
            ("network.hidden", "[300]"),
            ("data.given", "smile, beard"),
        ]));
        let config = config.unwrap();
        assert_eq!(config.network.hidden, Some(vec![300]));
        assert_eq!(config.data.given, ["smile", "beard"]);
    }

    #[test]
    fn auto_takes_a_setting_back() {
        let config = RunConfig::resolve(&ConfigSources {
            preset: Some("dense".into()),
            ..sources(&[("network.kind", "auto"), ("network.hidden", "auto")])
        });
        let network = config.unwrap().network;
        assert_eq!((network.kind, network.hidden), (None, None));
    }

    #[test]
    fn an_error_in_a_file_names_its_line() {
        let text = |written: &str| {
            let file = file(written);
            let sources = ConfigSources {
                file: Some(file.path().into()),
                ..Default::default()
            };
            let error = RunConfig::resolve(&sources).unwrap_err().to_string();
            error.replace(&file.path().display().to_string(), "FILE")
        };
        assert_eq!(
            text("[model]\nlatent = 4\n[network]\nhiden = [5]\n"),
            "there is no setting `network.hiden`, as written in line 4 of `FILE`; did you mean `network.hidden`?"
        );
        assert_eq!(
            text("[model]\nlatent = -1\n"),
            "`model.latent = -1`, as written in line 2 of `FILE`, is not possible: \
             it takes a whole number from 1 to 65536, or `auto`"
        );
        assert!(text("[model]\nlatent = \n").starts_with("line 2 of `FILE` cannot be read: "));
        assert!(text("[nonsense]\n").starts_with("there is no setting `nonsense`, as written in line 1 of"));
        assert!(text("latent = 3\n").contains("did you mean `model.latent`?"));
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let sources = ConfigSources {
            file: Some("no/such.toml".into()),
            ..Default::default()
        };
        assert!(matches!(RunConfig::resolve(&sources), Err(Error::Read { .. })));
    }

    #[test]
    fn a_setting_without_a_value_is_named() {
        let error = ConfigSources::default().set("network.hidden").unwrap_err();
        assert_eq!(error.to_string(), "`network.hidden` sets nothing: it has no `=`");
    }

    #[test]
    fn a_path_is_made_absolute_and_a_name_is_not() {
        let source = |text| {
            RunConfig::resolve(&sources(&[("data.source", text)]))
                .unwrap()
                .data
                .source
                .unwrap()
        };
        assert_eq!(source("builtin:faces"), "builtin:faces");
        assert!(std::path::Path::new(&source("pictures")).is_absolute());
    }

    #[test]
    fn seeds_and_sizes_reach_the_data() {
        let config = RunConfig::resolve(&sources(&[
            ("data.size", "64x48"),
            ("data.seed", "3"),
            ("data.cache_mb", "2"),
            ("data.test", "0"),
        ]));
        let config = config.unwrap();
        let options = config.open_options();
        assert_eq!(options.size.map(|size| (size.width, size.height)), Some((64, 48)));
        // 2 MiB.
        assert_eq!((options.seed, options.cache_bytes), (3, 2_097_152));
        assert_eq!(
            config.split_config(),
            SplitConfig {
                validation: 0.1,
                test: 0.0,
                seed: 3
            }
        );
    }
}
