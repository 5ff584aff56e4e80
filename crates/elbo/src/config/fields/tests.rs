//! Settings of single fields: from every source, beside the settings for all fields, and in the saved config.

use std::path::Path;

use elbo_core::ImageLikelihood::{self, Bernoulli, DiscretizedLogistic, Gaussian};
use elbo_data::options::FieldType;

use super::super::{CheckedConfig, ConfigSources, fixture};
use super::*;

/// The fixture's fields, with a second picture `photo` in colour.
fn schema() -> Schema {
    let mut schema = fixture::schema([28, 28, 1], false);
    let mut photo = fixture::schema([28, 28, 3], false).fields.remove(0);
    photo.name = "photo".into();
    schema.fields.push(photo);
    schema
}

fn config(flags: &[&str]) -> RunConfig {
    let mut sources = ConfigSources::default();
    for flag in flags {
        sources.set(flag).unwrap();
    }
    RunConfig::resolve(&sources).unwrap()
}

fn check(flags: &[&str]) -> Result<(CheckedConfig, Vec<String>), Error> {
    config(flags).check(&schema(), 1000)
}

fn message(flags: &[&str]) -> String {
    check(flags).unwrap_err().to_string()
}

fn likelihoods(checked: &CheckedConfig) -> Vec<ImageLikelihood> {
    let fields = checked.model.x.iter().chain(&checked.model.y);
    fields
        .filter_map(|field| Some(field.kind.image()?.likelihood))
        .collect()
}

fn read_back(checked: &CheckedConfig) -> CheckedConfig {
    let text = checked.to_toml().unwrap();
    let config = RunConfig::from_toml(&text, Path::new("config.toml")).unwrap();
    assert_eq!(config, checked.settings());
    config.check(&schema(), 1000).unwrap().0
}

#[test]
fn a_field_has_its_own_likelihood_and_the_others_that_for_all() {
    let (checked, _) = check(&["model.likelihood=gaussian", "fields.image.likelihood=bernoulli"]).unwrap();
    assert_eq!(likelihoods(&checked), [Bernoulli, Gaussian]);
    assert_eq!(read_back(&checked), checked);
    let (checked, _) = check(&["fields.photo.likelihood=gaussian"]).unwrap();
    assert_eq!(likelihoods(&checked), [Bernoulli, Gaussian]);
    assert_eq!(read_back(&checked), checked);
}

#[test]
fn pictures_keep_their_likelihoods_when_the_config_is_read_back() {
    for flags in [
        &[][..],
        &["data.model=image", "data.given=photo"],
        &[
            "data.model=label",
            "data.given=photo",
            "model.likelihood=bernoulli",
        ],
        &[
            "data.model=image",
            "data.given=photo",
            "fields.photo.likelihood=bernoulli",
        ],
    ] {
        let (checked, _) = check(flags).unwrap();
        assert_eq!(
            likelihoods(&read_back(&checked)),
            likelihoods(&checked),
            "{flags:?}"
        );
    }
    let (checked, _) = check(&["data.model=image", "data.given=photo"]).unwrap();
    assert_eq!(likelihoods(&checked), [Bernoulli, DiscretizedLogistic]);
}

#[test]
fn binarization_is_asked_field_by_field() {
    let (checked, notes) = check(&["data.binarize=once", "fields.photo.binarize=none"]).unwrap();
    assert_eq!(checked.binarize_of("image"), Binarize::Once);
    assert_eq!(checked.binarize_of("photo"), Binarize::None);
    assert_eq!(likelihoods(&checked), [Bernoulli, DiscretizedLogistic]);
    let note = "`image` is scored by Bernoulli: its pixels are binarised";
    assert!(notes.iter().any(|other| other == note), "{notes:?}");
}

#[test]
fn a_field_s_kind_wins_over_the_list_of_kinds() {
    let config = config(&["data.fields=age=category,zip=text", "fields.age.kind=number"]);
    let kinds = config.open_options().fields;
    let last = |name: &str| {
        kinds
            .iter()
            .rev()
            .find(|field| field.name == name)
            .map(|field| field.field_type)
    };
    assert_eq!(
        (last("age"), last("zip")),
        (Some(FieldType::Number), Some(FieldType::Text))
    );
}

#[test]
fn a_format_of_dates_may_hold_a_comma() {
    let fields = config(&["data.fields=when=date:%b %d, %Y,zip=text"])
        .open_options()
        .fields;
    let texts: Vec<String> = fields.into_iter().map(String::from).collect();
    assert_eq!(texts, ["when=date:%b %d, %Y", "zip=text"]);
}

#[test]
fn binarised_pixels_need_bernoulli_and_the_error_names_the_settings_that_hold() {
    let conflict = |first: &str, second: &str| {
        format!(
            "`{first}` and `{second}` exclude each other: black and white pixels need the likelihood `bernoulli`"
        )
    };
    assert_eq!(
        message(&["fields.image.binarize=once", "fields.image.likelihood=gaussian"]),
        conflict("fields.image.binarize", "fields.image.likelihood")
    );
    assert_eq!(
        message(&["data.binarize=each", "fields.photo.likelihood=gaussian"]),
        conflict("data.binarize", "fields.photo.likelihood")
    );
    assert_eq!(
        message(&["fields.image.binarize=each", "model.likelihood=gaussian"]),
        conflict("fields.image.binarize", "model.likelihood")
    );
}

#[test]
fn fields_that_do_not_exist_or_hold_no_pictures_are_refused() {
    assert_eq!(
        message(&["fields.imge.likelihood=gaussian"]),
        "there is no field `imge`; did you mean `image`?"
    );
    let error = check(&["fields.age.likelihood=gaussian"]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`fields.age.likelihood` is a setting of pictures, but the field `age` is of kind `number`"
    );
    assert_eq!(error.hint().unwrap(), "pictures: `image`, `photo`");
    // A field that was left out on purpose may have its kind set.
    check(&["fields.name.kind=ignore"]).unwrap();
}

#[test]
fn settings_of_a_field_outside_the_model_are_noted() {
    let (_, notes) = check(&["data.model=image", "fields.photo.likelihood=gaussian"]).unwrap();
    let note = "`fields.photo.likelihood` changes nothing: `photo` is neither modelled nor given";
    assert!(notes.iter().any(|other| other == note), "{notes:?}");
}

#[test]
fn errors_in_a_file_name_the_line_and_the_nearest_setting() {
    let message = |text: &str| {
        let error = RunConfig::from_toml(text, Path::new("my.toml")).unwrap_err();
        error.to_string()
    };
    assert_eq!(
        message("[fields.age]\nkind = \"number\"\nbinarise = \"once\"\n"),
        "there is no setting `fields.age.binarise`, as written in line 3 of `my.toml`; \
         did you mean `fields.age.binarize`?"
    );
    assert_eq!(
        message("[fields.\"a.b\"]\nkind = \"nmber\"\n"),
        "`fields.\"a.b\".kind = \"nmber\"`, as written in line 2 of `my.toml`, is not possible: it takes one of \
         `category`, `number`, `flag`, `date`, `time`, `duration`, `text`, `ignore`, or `auto`; did you mean `number`?"
    );
    assert!(
        message("[fields]\nage = \"number\"\n")
            .starts_with("there is no setting `fields.age`, as written in line 2")
    );
    assert!(message("fields = 3\n").starts_with("there is no setting `fields`, as written in line 1"));
    assert!(message("[feilds.age]\nkind = \"number\"\n").ends_with("did you mean `fields`?"));
    // Without quotes, `b` would be a section within that of `a`.
    assert_eq!(
        message("[fields.a.b]\nkind = \"number\"\n"),
        "there is no setting `fields.a.b`, as written in line 1 of `my.toml`; did you mean `fields.\"a.b\"`?"
    );
}

#[test]
fn later_sources_win_key_by_key_and_auto_takes_a_setting_back() {
    let mut sources = ConfigSources {
        flags: vec![("fields.age.kind".into(), "auto".into())],
        ..Default::default()
    };
    sources.set("fields.\"a.b\".kind=text").unwrap();
    sources.set("fields.\"a.b\".kind=number").unwrap();
    let fields = RunConfig::resolve(&sources).unwrap().fields;
    assert_eq!(fields.keys().collect::<Vec<_>>(), ["a.b"]);
    assert_eq!(fields["a.b"].kind, Some(FieldType::Number));
}

#[test]
fn what_is_set_is_saved_with_its_meaning_and_nothing_else() {
    let (plain, _) = check(&[]).unwrap();
    let (with, _) = check(&["fields.photo.likelihood=gaussian"]).unwrap();
    let (plain, with) = (plain.to_toml().unwrap(), with.to_toml().unwrap());
    assert!(!plain.contains("[fields."), "{plain}");
    let section = "\n[fields.photo]\n# p(x|z,y) of this picture; auto: as `model.likelihood`, or from the data\n\
                   likelihood = \"gaussian\"\n";
    assert!(with.ends_with(section), "{with}");
}

#[test]
fn any_name_can_be_saved() {
    let mut config = RunConfig::default();
    for name in ["a.b", "", "a\"b", "ä b", "a\nb"] {
        let section = FieldSection {
            kind: Some(FieldType::Text),
            ..Default::default()
        };
        config.fields.insert(name.into(), section);
    }
    let text = config.to_toml().unwrap();
    assert_eq!(
        RunConfig::from_toml(&text, Path::new("config.toml")).unwrap(),
        config
    );
}
