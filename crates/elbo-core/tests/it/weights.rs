//! Weights out of a model and into another, and everything that can be wrong with them.

use elbo_core::parameters::Arrays;
use elbo_core::{CoreError, Fields};

use crate::mixed::mixed;
use crate::models::{Records, build, conditional, eps, plain};
use crate::testing::values;

const NAME: &str = "decoder.hidden.layers.0.bias";

/// The error of loading a plain model's own weights after one change.
#[track_caller]
fn refusal(change: impl FnOnce(&mut Arrays)) -> CoreError {
    let model = build(&plain(), 1);
    let mut weights = model.weights();
    change(&mut weights);
    model.with_weights(weights).unwrap_err()
}

#[test]
fn weights_make_the_round_trip_bit_by_bit() {
    let (first, second) = (build(&conditional(), 1), build(&conditional(), 2));
    let records = Records::random(3, 1);
    let elbo =
        |model: &elbo_core::Model| values(&model.elbo(&records.x(), &records.y(), eps(1, 3, 2)).value());
    assert_ne!(elbo(&first), elbo(&second));
    let copy = second.with_weights(first.weights()).unwrap();
    assert_eq!(copy.weights(), first.weights());
    assert_eq!(elbo(&copy), elbo(&first));
}

#[test]
fn loaded_weights_are_trained_further() {
    let model = build(&plain(), 1);
    let weights = model.weights();
    let model = model.with_weights(weights.clone()).unwrap();
    let loss = model
        .elbo(&Records::random(3, 1).x(), &Fields::none(), eps(1, 3, 2))
        .value()
        .sum();
    let gradients = crate::models::gradients(&model, &loss.backward());
    assert!(gradients.keys().eq(weights.keys()));
}

#[test]
fn names_are_paths_in_the_model() {
    let weights = build(&plain(), 1).weights();
    let names: Vec<_> = weights
        .iter()
        .map(|(name, array)| (name.as_str(), array.shape.as_slice()))
        .collect();
    assert_eq!(
        names,
        [
            ("decoder.heads.0.Image.dense.bias", &[6][..]),
            ("decoder.heads.0.Image.dense.weight", &[8, 6]),
            ("decoder.hidden.layers.0.bias", &[5]),
            ("decoder.hidden.layers.0.weight", &[2, 5]),
            ("decoder.hidden.layers.1.bias", &[8]),
            ("decoder.hidden.layers.1.weight", &[5, 8]),
            ("encoder.hidden.layers.0.bias", &[8]),
            ("encoder.hidden.layers.0.weight", &[6, 8]),
            ("encoder.hidden.layers.1.bias", &[5]),
            ("encoder.hidden.layers.1.weight", &[8, 5]),
            ("encoder.posterior.dense.bias", &[4]),
            ("encoder.posterior.dense.weight", &[5, 4]),
        ]
    );
}

#[test]
fn names_of_every_kind_of_field_are_those_of_saved_runs() {
    // A renamed field or variant of a module would make saved weights unreadable.
    let weights = build(&mixed(4), 1).weights();
    for name in [
        "auxiliary.outputs.bias",
        "condition.embeddings.0.GivenImage.dense.weight",
        "condition.embeddings.2.GivenText.dense.bias",
        "condition.embeddings.2.GivenText.features.embedding.table",
        "condition.levels.named",
        "condition.levels.of_facts.weight",
        "decoder.heads.0.Image.dense.weight",
        "decoder.heads.1.Text.stack.embedding.table",
        "decoder.heads.1.Text.stack.layers.0.back.weight",
        "decoder.heads.1.Text.stack.layers.1.conv.bias",
        "decoder.heads.1.Text.stack.output.weight",
        "decoder.heads.1.Text.stack.shifts.bias",
        "decoder.levels.logits.bias",
        "decoder.levels.mixtures.weight",
        "decoder.levels.networks.context",
        "decoder.levels.networks.hidden.weight",
        "decoder.levels.networks.second.bias",
        "decoder.levels.networks.vectors.named",
        "decoder.levels.networks.vectors.of_facts.weight",
        "encoder.features.1.Text.embedding.table",
        "encoder.features.1.Text.layers.0.weight",
        "encoder.levels.named",
        "encoder.levels.of_facts.weight",
        "encoder.posterior.dense.weight",
    ] {
        assert!(
            weights.contains_key(name),
            "{name} is not in {:?}",
            weights.keys()
        );
    }
}

#[test]
fn a_missing_tensor_is_named() {
    let error = refusal(|weights| drop(weights.remove(NAME)));
    assert_eq!(error, CoreError::MissingTensor { name: NAME.into() });
    assert_eq!(error.to_string(), format!("the weights have no tensor `{NAME}`"));
}

#[test]
fn an_unknown_tensor_is_named() {
    let error = refusal(|weights| {
        let stray = weights[NAME].clone();
        weights.insert("stray".into(), stray);
    });
    assert_eq!(error, CoreError::UnknownTensor { name: "stray".into() });
    assert_eq!(
        error.to_string(),
        "the weights have a tensor `stray` that this model does not know"
    );
}

#[test]
fn another_shape_is_refused_even_with_as_many_values() {
    let error = refusal(|weights| weights.get_mut(NAME).unwrap().shape = vec![1, 5]);
    assert_eq!(
        error,
        CoreError::Shape {
            name: NAME.into(),
            found: vec![1, 5],
            expected: vec![5]
        }
    );
    assert_eq!(
        error.to_string(),
        format!("tensor `{NAME}` has shape [1, 5], the model needs [5]")
    );
}

#[test]
fn a_transposed_matrix_is_refused() {
    const MATRIX: &str = "encoder.hidden.layers.0.weight";
    let error = refusal(|weights| weights.get_mut(MATRIX).unwrap().shape.reverse());
    let (found, expected) = (vec![8, 6], vec![6, 8]);
    assert_eq!(
        error,
        CoreError::Shape {
            name: MATRIX.into(),
            found,
            expected
        }
    );
}

#[test]
fn a_tensor_shorter_than_its_shape_is_refused() {
    let error = refusal(|weights| weights.get_mut(NAME).unwrap().values.truncate(4));
    assert_eq!(
        error,
        CoreError::Length {
            name: NAME.into(),
            found: 4,
            shape: vec![5]
        }
    );
    assert_eq!(
        error.to_string(),
        format!("tensor `{NAME}` of shape [5] has 4 values")
    );
}

#[test]
fn values_that_are_not_finite_are_refused() {
    for value in [f32::NAN, f32::INFINITY] {
        let error = refusal(|weights| weights.get_mut(NAME).unwrap().values[3] = value);
        assert_eq!(error, CoreError::NonFinite { name: NAME.into() });
        assert_eq!(
            error.to_string(),
            format!("tensor `{NAME}` holds a value that is not finite")
        );
    }
}
