//! Training steps against `golden/training_step.json`, which `golden/training_step.py` computed in
//! 64 bits from the formulas, with gradients by complex steps.

use std::collections::BTreeMap;

use burn::tensor::Tensor;
use elbo_core::optimizer::Optimizer;
use elbo_core::parameters::{Array, Arrays};
use elbo_core::{Adam, Field, Fields, Model, ModelConfig, Objective, Value};
use serde_json::Value as Json;

use crate::models::{self, build, gradients, images};
use crate::testing::{assert_all_close, codes, tensor, values};

const GOLDEN: &str = include_str!("../../../../golden/training_step.json");

#[test]
fn a_plain_vae_with_coins() {
    follow("plain");
}

#[test]
fn a_conditional_vae_with_a_learned_prior_decay_and_clipping() {
    follow("conditional");
}

#[test]
fn a_convolutional_vae_with_discretized_logistic_pixels() {
    follow("convolutional");
}

/// Takes the steps of one case and compares every number on the way.
fn follow(name: &str) {
    let cases: Json = serde_json::from_str(GOLDEN).unwrap();
    let case = cases
        .as_array()
        .unwrap()
        .iter()
        .find(|case| case["name"] == name)
        .unwrap();
    let config: ModelConfig = serde_json::from_value(case["config"].clone()).unwrap();
    let mut model = build(&config, 0).with_weights(arrays(&case["weights"])).unwrap();
    let (x, y) = (images(matrix(&case["x"])), conditions(&case["y"]));
    let objective = Objective {
        beta: number(&case["beta"]),
        ..Objective::default()
    };
    let adam = Adam {
        weight_decay: number(&case["weight_decay"]),
        ..Adam::default()
    };
    let mut optimizer = Optimizer::new(adam, case["clip_norm"].as_f64());

    for (index, step) in case["steps"].as_array().unwrap().iter().enumerate() {
        println!("{name}, step {index}");
        let eps = floats(&step["eps"]);
        let eps = tensor(eps, [x.0[0].observed.dims()[0], config.latent]);
        compare_terms(&model, &x, &y, &eps, step);
        let loss = objective.loss(&model, &x, &y, eps, 1.0).total;
        // Sums of some hundred f32 terms: six digits.
        close(&values(&loss), &[number(&step["loss"])], 2e-6, 0.0);
        let backward = loss.backward();
        compare_arrays(
            &gradients(&model, &backward),
            &arrays(&step["gradients"]),
            2e-4,
            2e-5,
        );
        let norm = optimizer
            .step(&mut model, backward, number(&case["learning_rate"]))
            .unwrap();
        close(&[norm], &[number(&step["norm"])], 1e-5, 0.0);
        // The update is lr · m̂/√v̂, near lr = 1e-3 in size: its error is a thousandth of that.
        compare_arrays(&model.weights(), &arrays(&step["weights"]), 0.0, 1e-6);
    }
}

fn compare_terms(model: &Model, x: &Fields, y: &Fields, eps: &Tensor<2>, step: &Json) {
    let elbo = model.elbo(x, y, eps.clone());
    close(
        &values(&elbo.distortion),
        &numbers(&step["distortion"]),
        2e-6,
        1e-5,
    );
    close(
        &values(&elbo.rate_per_unit),
        &numbers(&step["rate_per_unit"]),
        1e-5,
        1e-6,
    );
}

/// Every array, within `relative` of its largest value plus `absolute`.
fn compare_arrays(found: &Arrays, expected: &Arrays, relative: f64, absolute: f64) {
    let names = |arrays: &Arrays| {
        arrays
            .iter()
            .map(|(name, array)| (name.clone(), array.shape.clone()))
            .collect()
    };
    let (found_names, expected_names): (BTreeMap<_, _>, BTreeMap<_, _>) = (names(found), names(expected));
    assert_eq!(found_names, expected_names);
    for (name, expected) in expected {
        println!("{name}");
        close(
            &wide(&found[name].values),
            &wide(&expected.values),
            relative,
            absolute,
        );
    }
}

fn close(found: &[f64], expected: &[f64], relative: f64, absolute: f64) {
    let largest = expected
        .iter()
        .fold(0.0_f64, |largest, value| largest.max(value.abs()));
    assert_all_close(found, expected, relative * largest + absolute);
}

fn conditions(y: &Json) -> Fields {
    let field = |field: &Json| {
        let observed = floats(&field["given"]);
        let batch = observed.len();
        let value = match field.get("codes") {
            Some(levels) => {
                let levels: Vec<i32> = serde_json::from_value(levels.clone()).unwrap();
                Value::Category(codes(&levels))
            }
            None => models::number(tensor(floats(&field["values"]), [batch, 1])),
        };
        Field {
            value,
            observed: tensor(observed, [batch, 1]),
        }
    };
    Fields(y.as_array().unwrap().iter().map(field).collect())
}

fn arrays(json: &Json) -> Arrays {
    let array = |json: &Json| Array {
        shape: serde_json::from_value(json["shape"].clone()).unwrap(),
        values: floats(&json["values"]),
    };
    json.as_object()
        .unwrap()
        .iter()
        .map(|(name, json)| (name.clone(), array(json)))
        .collect()
}

fn matrix(json: &Json) -> Tensor<2> {
    let rows: Vec<Vec<f32>> = serde_json::from_value(json.clone()).unwrap();
    tensor(rows.concat(), [rows.len(), rows[0].len()])
}

fn number(json: &Json) -> f64 {
    json.as_f64().unwrap()
}

fn numbers(json: &Json) -> Vec<f64> {
    serde_json::from_value(json.clone()).unwrap()
}

fn floats(json: &Json) -> Vec<f32> {
    serde_json::from_value(json.clone()).unwrap()
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|value| f64::from(*value)).collect()
}
