//! The list of settings against the settings themselves.

use super::*;
use crate::RunConfig;
use crate::config::{ConfigSources, fixture};

/// The keys that a config with nothing left out has.
fn serialized() -> Vec<String> {
    let table = toml::Table::try_from(fixture::full()).unwrap();
    let names = |path: &str, section: &toml::Value| {
        let keys = section.as_table().unwrap().keys();
        keys.map(|key| format!("{path}.{key}")).collect::<Vec<_>>()
    };
    let section = |(name, value): (&String, &toml::Value)| match name.as_str() {
        "fields" => names("fields.NAME", &value["image"]),
        name => names(name, value),
    };
    table.iter().flat_map(section).collect()
}

#[test]
fn the_list_and_the_sections_agree() {
    let mut listed: Vec<_> = KEYS
        .iter()
        .chain(FIELD_KEYS)
        .map(|key| key.path.to_owned())
        .collect();
    let mut written = serialized();
    listed.sort();
    written.sort();
    assert_eq!(listed, written);
    assert_eq!(sections(), ["data", "model", "network", "objective", "training"]);
}

#[test]
fn every_word_that_is_offered_is_understood() {
    for key in KEYS.iter().chain(FIELD_KEYS) {
        let OneOf(words) = &key.takes else { continue };
        for word in *words {
            let flags = vec![(key.path.to_owned(), (*word).to_owned())];
            RunConfig::resolve(&ConfigSources {
                flags,
                ..Default::default()
            })
            .unwrap();
        }
    }
}

#[test]
fn each_setting_refuses_zero_negative_and_nonsense_with_its_own_text() {
    let refuses = |key: &Key, value: &str| {
        let flags = vec![(key.path.to_owned(), value.to_owned())];
        let error = RunConfig::resolve(&ConfigSources {
            flags,
            ..Default::default()
        })
        .err()?;
        assert!(
            error.hint().is_some_and(|hint| hint.contains(key.about)),
            "{error}"
        );
        Some(error.to_string())
    };
    let mut texts = std::collections::BTreeSet::new();
    for key in KEYS.iter().filter(|key| !matches!(key.takes, Text | Names)) {
        let wrong: Vec<_> = ["-1", "nonsense", "nan"]
            .iter()
            .filter_map(|value| refuses(key, value))
            .collect();
        assert_eq!(wrong.len(), 3, "{}", key.path);
        for text in wrong {
            assert!(
                text.contains(key.path) && text.contains(&key.describe()),
                "{text}"
            );
            assert!(texts.insert(text));
        }
    }
    for path in [
        "model.latent",
        "training.epochs",
        "training.batch",
        "training.learning_rate",
        "objective.samples",
        "data.validation",
        "training.decay",
        "network.embedding",
        "data.size",
        "data.records",
        "network.hidden",
    ] {
        assert!(
            find(path).and_then(|key| refuses(key, "0")).is_some(),
            "{path} = 0"
        );
    }
}
