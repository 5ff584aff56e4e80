//! The setup of a run: saved, read back, and damaged in every file.

#![allow(clippy::disallowed_methods, reason = "tests lay out files as they like")]

use std::fs;

use super::*;
use crate::config::fixture;

fn saved() -> (tempfile::TempDir, RunDir) {
    let folder = tempfile::tempdir().unwrap();
    let run = RunDir::create(folder.path(), false).unwrap();
    let schema = fixture::schema([28, 28, 1], false);
    let mut config = RunConfig::default();
    config.data.given = vec!["label".into()];
    let (config, _) = config.check(&schema, 1000).unwrap();
    run.save_setup(&config, &schema).unwrap();
    (folder, run)
}

/// The message about a run in which `file` holds `text`.
fn message(file: &str, text: &str) -> String {
    let (folder, run) = saved();
    fs::write(run.file(file), text).unwrap();
    let text = run.load_setup().unwrap_err().to_string();
    text.replace(&folder.path().display().to_string(), "F")
}

#[test]
fn the_setup_reads_back_as_it_was() {
    let (_folder, run) = saved();
    let (config, schema) = RunDir::open(run.path()).unwrap().load_setup().unwrap();
    assert_eq!(schema, fixture::schema([28, 28, 1], false));
    assert_eq!(config.model.y.len(), 1);
    // Saving what was read changes no byte.
    let bytes = |name: &str| fs::read(run.file(name)).unwrap();
    let before = [CONFIG, SCHEMA, MODEL].map(bytes);
    run.save_setup(&config, &schema).unwrap();
    assert_eq!([CONFIG, SCHEMA, MODEL].map(bytes), before);
}

#[test]
fn a_run_stopped_at_any_point_of_its_setup_is_free_to_begin_again() {
    let folder = tempfile::tempdir().unwrap();
    let (_whole, whole) = saved();
    // The order in which a setup is saved.
    for (at, name) in [RUN, SCHEMA, MODEL].iter().enumerate() {
        let path = folder.path().join(at.to_string());
        fs::create_dir(&path).unwrap();
        for name in &[RUN, SCHEMA, MODEL][..=at] {
            fs::copy(whole.file(name), path.join(name)).unwrap();
        }
        assert!(
            matches!(
                RunDir::open(&path).unwrap().load_setup(),
                Err(Error::NotBegun { .. })
            ),
            "{name}"
        );
        RunDir::create(&path, false).unwrap();
    }
}

#[test]
fn missing_files_are_named() {
    for name in [SCHEMA, MODEL] {
        let (_folder, run) = saved();
        fs::remove_file(run.file(name)).unwrap();
        let text = run.load_setup().unwrap_err().to_string();
        assert!(text.ends_with(&format!("{name}` is missing")), "{text}");
    }
}

#[test]
fn files_cut_anywhere_are_errors() {
    for name in [SCHEMA, MODEL] {
        let (_folder, run) = saved();
        let bytes = fs::read(run.file(name)).unwrap();
        for length in (0..bytes.len()).step_by(7) {
            fs::write(run.file(name), &bytes[..length]).unwrap();
            assert!(
                matches!(run.load_setup(), Err(Error::RunTorn { .. })),
                "{name} {length}"
            );
        }
    }
    // Settings that are cut off take their defaults; the model then shows that something is wrong.
    let (_folder, run) = saved();
    let text = fs::read_to_string(run.file(CONFIG)).unwrap();
    fs::write(run.file(CONFIG), &text[..text.find("given").unwrap()]).unwrap();
    assert!(matches!(run.load_setup(), Err(Error::RunTorn { .. })));
}

#[test]
fn nonsense_is_named() {
    for (file, text) in [
        (SCHEMA, "null"),
        (SCHEMA, "{\"version\": \"a\"}"),
        (MODEL, "[]"),
        (MODEL, "\u{fffd}"),
        (CONFIG, "[nonsense]"),
        (CONFIG, "[model]\nlatent = 0"),
    ] {
        let text = message(file, text);
        assert!(
            text.starts_with(&format!("the run file `F/{file}` is damaged: ")),
            "{text}"
        );
    }
}

#[test]
fn a_schema_from_the_future_is_named_as_such() {
    assert_eq!(
        message(SCHEMA, "{\"version\": 99, \"new\": true}"),
        format!(
            "`F/schema.json` is of format 99; this version reads format {}",
            elbo_data::schema::VERSION
        )
    );
}

#[test]
fn a_model_that_the_config_does_not_describe_is_refused() {
    let (_folder, run) = saved();
    let text = fs::read_to_string(run.file(MODEL)).unwrap();
    let other = text.replace("\"latent\": 32", "\"latent\": 31");
    assert_ne!(text, other);
    assert_eq!(
        message(MODEL, &other),
        "the run file `F/config.toml` is damaged: with the schema it does not describe the model of `model.json`"
    );
}

#[test]
fn a_huge_file_is_refused_unread() {
    let (_folder, run) = saved();
    File::create(run.file(MODEL)).unwrap().set_len(1 << 40).unwrap();
    assert!(matches!(run.load_setup(), Err(Error::TooLarge { .. })));
}
