//! Checks of settings together and against data, and the config that is saved.

use std::path::Path;

use elbo_core::{ImageLikelihood, NetworkKind, PriorKind, Region};
use proptest::prelude::*;

use elbo_data::Binarize;

use super::super::{ConfigSources, fixture};
use super::*;

const GRAY: [usize; 3] = [28, 28, 1];
const COLOUR: [usize; 3] = [64, 64, 3];

fn config(flags: &[(&str, &str)]) -> RunConfig {
    let flags = flags
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    RunConfig::resolve(&ConfigSources {
        flags,
        ..Default::default()
    })
    .unwrap()
}

fn check(flags: &[(&str, &str)], shape: [usize; 3]) -> Result<(CheckedConfig, Vec<String>), Error> {
    config(flags).check(&fixture::schema(shape, false), 1000)
}

fn message(flags: &[(&str, &str)]) -> String {
    check(flags, GRAY).unwrap_err().to_string()
}

#[test]
fn gray_pictures_get_a_dense_bernoulli_model_and_a_note_on_it() {
    let (checked, notes) = check(&[("data.given", "label,smile,age")], GRAY).unwrap();
    assert_eq!(checked.model.network.kind, NetworkKind::Dense);
    assert_eq!(checked.likelihood, Some(ImageLikelihood::Bernoulli));
    assert!(
        notes
            .iter()
            .any(|note| note.contains("gray pixels count as shares of ink")),
        "{notes:?}"
    );
    let kinds: Vec<_> = checked.model.y.iter().map(|field| field.kind.clone()).collect();
    let schema = fixture::schema(GRAY, false);
    let (_, ages) = schema.field("age").unwrap();
    assert_eq!(
        kinds,
        [
            FieldKind::Category { levels: 3 },
            FieldKind::Flag { missing: false },
            // the ages 18 to 40 and 41 to 91
            FieldKind::Number {
                bins: ages.number_levels().into_iter().map(bin).collect(),
                missing: false
            }
        ]
    );
}

#[test]
fn colour_pictures_get_convolutions_and_the_discretised_logistic() {
    let (checked, _) = check(&[], COLOUR).unwrap();
    assert_eq!(checked.model.network.kind, NetworkKind::Conv);
    assert_eq!(checked.likelihood, Some(ImageLikelihood::DiscretizedLogistic));
    assert_eq!(checked.data.size.map(|size| size.height), Some(64));
    assert_eq!(checked.data.channels, Some(3));
}

#[test]
fn two_valued_or_binarised_pictures_are_bernoulli() {
    let likelihood = |flags: &[(&str, &str)], two_valued| {
        let (checked, _) = config(flags)
            .check(&fixture::schema(COLOUR, two_valued), 1000)
            .unwrap();
        checked.likelihood
    };
    assert_eq!(likelihood(&[], true), Some(ImageLikelihood::Bernoulli));
    assert_eq!(
        likelihood(&[("data.binarize", "once")], false),
        Some(ImageLikelihood::Bernoulli)
    );
    assert_eq!(
        likelihood(&[("model.likelihood", "gaussian")], true),
        Some(ImageLikelihood::Gaussian)
    );
}

#[test]
fn fields_have_one_role_each() {
    assert_eq!(
        message(&[("data.given", "lable")]),
        "there is no field `lable`; did you mean `label`?"
    );
    assert!(message(&[("data.given", "name")]).starts_with("the field `name` cannot be used"));
    assert_eq!(
        message(&[("data.given", "label,label")]),
        "the field `label` is given and named again"
    );
    assert_eq!(
        message(&[("data.model", "image"), ("data.given", "image")]),
        "the field `image` is modelled and given"
    );
    assert_eq!(
        message(&[("data.given", "image,label,smile,age")]),
        "the data have no field left to model (fields: `image`, `label`, `smile`, `age`, `name`)"
    );
    assert_eq!(
        message(&[("data.given", "label:left")]),
        "`left` is no part of the category field `label`"
    );
}

/// Names of the modelled and the given fields.
fn roles(flags: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
    let model = check(flags, GRAY).unwrap().0.model;
    let names = |fields: Vec<FieldSpec>| fields.into_iter().map(|field| field.name).collect();
    (names(model.x), names(model.y))
}

#[test]
fn pictures_are_modelled_or_else_all_that_is_not_given() {
    assert_eq!(roles(&[]), (vec!["image".into()], vec![]));
    let rest = vec!["label".to_owned(), "age".into()];
    assert_eq!(roles(&[("data.given", "image,smile")]).0, rest);
    assert_eq!(
        roles(&[("data.model", "all"), ("data.given", "image,smile")]).0,
        rest
    );
}

#[test]
fn any_field_may_be_given_of_a_model_of_all() {
    let all: Vec<String> = ["image", "label", "smile", "age"].map(String::from).into();
    assert_eq!(roles(&[("data.given", "any")]), (all.clone(), all));
    assert!(check(&[("data.given", "any")], GRAY).unwrap().0.given_any());
}

#[test]
fn names_with_commas_are_found_in_a_list() {
    let mut schema = fixture::schema(GRAY, false);
    schema.fields[1].name = "plan, type".into();
    schema.fields[2].name = "c,d".into();
    for given in ["plan, type", "\"plan, type\"", "c,d,plan, type"] {
        let (checked, _) = config(&[("data.given", given)]).check(&schema, 1000).unwrap();
        let names: Vec<_> = checked.model.y.iter().map(|field| field.name.as_str()).collect();
        assert!(names.contains(&"plan, type"), "{given}");
        assert_eq!(names.contains(&"c,d"), given.starts_with('c'), "{given}");
        assert_eq!(checked.data.given, names, "{given}");
    }
}

#[test]
fn a_field_whose_name_is_any_is_given_like_any_other() {
    let mut schema = fixture::schema(GRAY, false);
    schema.fields[1].name = "any".into();
    let (checked, _) = config(&[("data.given", "any")]).check(&schema, 1000).unwrap();
    assert!(!checked.given_any());
    assert_eq!(checked.model.y.len(), 1);
}

#[test]
fn where_a_part_of_a_picture_is_given_the_rest_is_modelled() {
    let model = check(&[("data.given", "image:left,label")], GRAY)
        .unwrap()
        .0
        .model;
    let region = |field: &FieldSpec| field.kind.image().map(|image| image.region);
    assert_eq!(region(&model.x[0]), Some(Region::Right));
    assert_eq!(region(&model.y[0]), Some(Region::Left));
    assert!(message(&[("data.given", "image:middle")]).starts_with("`middle` is no part of the image field"));
}

#[test]
fn settings_that_exclude_each_other_are_named() {
    for (flags, expected) in [
        (
            &[("data.validation", "0.5"), ("data.test", "0.5")][..],
            "`data.validation = 0.5` and `data.test = 0.5` exclude each other: they leave no record to train on",
        ),
        (
            &[("objective.beta", "0"), ("objective.distortion_weight", "0")],
            "`objective.beta = 0` and `objective.distortion_weight = 0` exclude each other: nothing would be minimised",
        ),
        (
            &[("objective.samples", "5"), ("objective.beta", "2")],
            "`objective.samples = 5` and `objective.beta = 2` exclude each other: \
             the importance-weighted bound has no rate of its own to weigh",
        ),
        (
            &[("objective.samples", "5"), ("objective.warmup", "linear")],
            "`objective.samples = 5` and `objective.warmup` exclude each other: \
             the importance-weighted bound has no rate of its own to weigh",
        ),
        (
            &[("training.schedule", "step")],
            "`training.milestones = []` is not possible: with `training.schedule = \"step\"`, the learning rate needs epochs to drop at",
        ),
        (
            &[("training.milestones", "5,3")],
            "`training.milestones = [5, 3]` is not possible: the epochs must ascend",
        ),
        (
            &[("data.binarize", "each"), ("model.likelihood", "gaussian")],
            "`data.binarize` and `model.likelihood` exclude each other: \
             black and white pixels need the likelihood `bernoulli`",
        ),
        (
            &[("model.prior", "learned")],
            "`prior = \"learned\"` is not possible: it is learned from what is given, and nothing is given",
        ),
    ] {
        assert_eq!(message(flags), expected);
    }
}

#[test]
fn a_config_that_a_program_built_is_checked_too() {
    let schema = fixture::schema(GRAY, false);
    let mut nan = RunConfig::default();
    nan.training.learning_rate = Some(f64::NAN);
    let mut none = RunConfig::default();
    none.model.latent = Some(0);
    for (config, key) in [(nan, "training.learning_rate = nan"), (none, "model.latent = 0")] {
        let error = config.check(&schema, 1000).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("`{key}`, as written in the program, is not possible")),
            "{error}"
        );
    }
    let mut seed = RunConfig::default();
    seed.training.seed = u64::MAX;
    assert!(matches!(seed.check(&schema, 1000), Err(Error::Unwritable { .. })));
}

#[test]
fn a_step_takes_no_more_records_than_there_are() {
    let schema = fixture::schema(GRAY, false);
    let batch = |config: RunConfig, records| config.check(&schema, records).map(|(checked, _)| checked.batch);
    assert_eq!(batch(RunConfig::default(), 100_000).unwrap(), 128);
    // Of a small data set an epoch still has some thirty steps.
    assert_eq!(batch(RunConfig::default(), 1000).unwrap(), 31);
    assert_eq!(batch(RunConfig::default(), 40).unwrap(), 16);
    assert_eq!(batch(RunConfig::default(), 4).unwrap(), 4);
    let (checked, notes) = config(&[("training.batch", "128")]).check(&schema, 40).unwrap();
    assert_eq!(checked.batch, 40);
    let note = "a step takes all 40 records to train on, not `training.batch = 128`";
    assert!(notes.contains(&note.to_owned()), "{notes:?}");
}

#[test]
fn milestones_without_steps_are_noted() {
    let (_, notes) = check(&[("training.milestones", "3,5")], GRAY).unwrap();
    assert!(
        notes
            .iter()
            .any(|note| note.starts_with("`training.milestones` changes nothing"))
    );
}

#[test]
fn every_line_of_the_saved_config_is_explained() {
    let (checked, _) = check(&[], COLOUR).unwrap();
    let text = checked.to_toml().unwrap();
    assert!(
        text.contains("\n# the number of latent units; auto: 8 for a table, else 32\nlatent = 32\n"),
        "{text}"
    );
    assert!(text.contains("\nchannels = [32, 64, 128, 256]\n"), "{text}");
    // Built-in data alone have a number of records to choose: it stays open.
    assert!(text.contains("\nrecords = \"auto\"\n"), "{text}");
}

#[test]
fn data_that_are_not_named_are_asked_for() {
    assert!(matches!(RunConfig::default().open_data(), Err(Error::NoData)));
}

fn finite() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.1), Just(1.0 / 3.0), 1e-300..1e300, 1e-9..10.0]
}

proptest! {
    #[test]
    fn the_saved_config_reads_back_as_the_same(
        (rate, beta, decay) in (finite(), finite(), 1e-9f64..=1.0),
        (latent, batch, seed) in (1usize..500, proptest::option::of(1usize..=1000), 0..=i64::MAX as u64),
        hidden in proptest::option::of(proptest::collection::vec(1usize..600, 0..4)),
        given in proptest::sample::subsequence(vec!["label", "smile", "age"], 0..=3),
        source in proptest::option::of("\\PC{0,20}"),
        (colour, binarize, learned) in any::<(bool, bool, bool)>(),
        clip in 0f64..1e9,
    ) {
        let mut config = RunConfig::default();
        config.data.given = given.iter().map(|name| (*name).to_owned()).collect();
        config.data.source = source;
        config.data.binarize = if binarize { Binarize::Each } else { Binarize::None };
        config.model.latent = Some(latent);
        config.model.prior = learned.then_some(if given.is_empty() { PriorKind::Standard } else { PriorKind::Learned });
        config.network.hidden = hidden;
        config.objective.beta = beta;
        config.training = TrainingSection {
            learning_rate: Some(rate), decay, batch, seed, clip_norm: clip, ..TrainingSection::default()
        };
        let schema = fixture::schema(if colour { COLOUR } else { GRAY }, false);
        let (checked, _) = config.check(&schema, 1000).unwrap();
        let text = checked.to_toml().unwrap();
        let again = RunConfig::from_toml(&text, Path::new("config.toml")).unwrap();
        prop_assert_eq!(&again, &checked.settings());
        let (again, _) = again.check(&schema, 1000).unwrap();
        prop_assert_eq!(&again, &checked);
        prop_assert_eq!(again.to_toml().unwrap(), text);
    }
}
