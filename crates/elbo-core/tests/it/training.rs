//! The optimiser on a model: Adam's first step, clipping, refusal, and resuming.

use burn::tensor::Gradients;
use elbo_core::optimizer::{NonFiniteGradient, Optimizer};
use elbo_core::parameters::Arrays;
use elbo_core::{Adam, Fields, Model, Objective};

use crate::models::{Records, build, conditional, eps, gradients, plain};
use crate::testing::{device, tensor, values};

const RATE: f64 = 1e-3;

/// The gradient of the loss of ten records, with the noise of one step.
fn backward(model: &Model, step: u64) -> Gradients {
    let records = Records::random(10, 1);
    Objective::default()
        .loss(model, &records.x(), &Fields::none(), eps(step, 10, 2), 1.0)
        .total
        .backward()
}

/// After `steps` steps from the same start, those of `from` onwards.
fn train(model: &mut Model, optimizer: &mut Optimizer, steps: std::ops::Range<u64>) {
    for step in steps {
        let gradients = backward(model, step);
        optimizer.step(model, gradients, RATE).unwrap();
    }
}

fn norm(arrays: &Arrays) -> f64 {
    let squares = arrays
        .values()
        .flat_map(|array| &array.values)
        .map(|value| f64::from(*value).powi(2));
    squares.sum::<f64>().sqrt()
}

#[test]
fn the_first_step_moves_every_weight_by_the_rate_against_its_gradient() {
    // m̂/√v̂ = g/|g| after one step
    let mut model = build(&plain(), 1);
    let before = model.weights();
    let backward = backward(&model, 0);
    let gradients = gradients(&model, &backward);
    let reported = Optimizer::new(Adam::default(), None)
        .step(&mut model, backward, RATE)
        .unwrap();
    assert!((reported / norm(&gradients) - 1.0).abs() < 1e-6);
    for (name, after) in model.weights() {
        let moves = after
            .values
            .iter()
            .zip(&before[&name].values)
            .zip(&gradients[&name].values);
        for ((after, before), gradient) in moves {
            assert!(gradient.abs() > 1e-6, "{name}: no gradient to follow");
            let expected = -RATE * f64::from(gradient.signum());
            // weights of size 1 have an ulp of 1.2e-7
            assert!(
                (f64::from(after - before) - expected).abs() < 3e-6,
                "{name}: {before} {after} {gradient}"
            );
        }
    }
}

#[test]
fn clipping_scales_the_whole_gradient_to_its_limit() {
    let model = build(&plain(), 1);
    // After one step the first moment is (1 − β₁) times the gradient that was applied.
    let applied = |limit: Option<f64>| {
        let (mut model, mut optimizer) = (model.clone(), Optimizer::new(Adam::default(), limit));
        let gradients = backward(&model, 0);
        let reported = optimizer.step(&mut model, gradients, RATE).unwrap();
        let first = optimizer
            .state()
            .1
            .into_iter()
            .filter(|(name, _)| name.ends_with(".first"))
            .collect();
        (reported, 10.0 * norm(&first))
    };
    let (whole, unclipped) = applied(None);
    assert!((unclipped / whole - 1.0).abs() < 1e-5, "{unclipped} {whole}");
    // The norm that is reported is that before clipping.
    let (reported, clipped) = applied(Some(0.25 * whole));
    assert_eq!(reported, whole);
    assert!((clipped / whole - 0.25).abs() < 1e-5, "{clipped} {whole}");
    // A limit above the norm does nothing.
    assert_eq!(applied(Some(2.0 * whole)).1, unclipped);
}

#[test]
fn a_gradient_that_is_not_finite_changes_nothing() {
    let mut model = build(&plain(), 1);
    let mut optimizer = Optimizer::new(Adam::default(), None);
    train(&mut model, &mut optimizer, 0..2);
    let before = (model.weights(), optimizer.state());
    let mut noise = vec![0.0; 20];
    noise[7] = f32::NAN;
    let records = Records::random(10, 1);
    let loss = Objective::default().loss(&model, &records.x(), &Fields::none(), tensor(noise, [10, 2]), 1.0);
    assert!(values(&loss.total)[0].is_nan());
    assert_eq!(
        optimizer.step(&mut model, loss.total.backward(), RATE),
        Err(NonFiniteGradient)
    );
    assert_eq!((model.weights(), optimizer.state()), before);
}

#[test]
fn a_resumed_optimizer_goes_on_bit_by_bit() {
    let adam = Adam {
        weight_decay: 0.01,
        ..Adam::default()
    };
    let (mut straight, mut optimizer) = (build(&plain(), 1), Optimizer::new(adam, Some(0.5)));
    train(&mut straight, &mut optimizer, 0..3);
    let (weights, (steps, moments)) = (straight.weights(), optimizer.state());
    assert_eq!(steps, 3);

    let mut resumed = build(&plain(), 2).with_weights(weights).unwrap();
    let mut second = Optimizer::new(adam, Some(0.5))
        .with_state(steps, moments.clone(), &device().inner())
        .unwrap();
    second.fits(&resumed).unwrap();
    assert_eq!(second.state(), (3, moments));
    train(&mut straight, &mut optimizer, 3..6);
    train(&mut resumed, &mut second, 3..6);
    assert_eq!(resumed.weights(), straight.weights());
    assert_eq!(second.state(), optimizer.state());
}

#[test]
fn training_lowers_the_loss() {
    let loss = |model: &Model| {
        let records = Records::random(10, 1);
        values(
            &Objective::default()
                .loss(model, &records.x(), &Fields::none(), eps(99, 10, 2), 1.0)
                .total,
        )[0]
    };
    let mut model = build(&plain(), 1);
    let before = loss(&model);
    train(&mut model, &mut Optimizer::new(Adam::default(), None), 0..100);
    assert!(loss(&model) < before - 0.05, "{before} {}", loss(&model));
}

/// What loading a trained state says after one change.
fn refusal(change: impl FnOnce(&mut Arrays)) -> Result<(), String> {
    let (mut model, mut optimizer) = (build(&plain(), 1), Optimizer::new(Adam::default(), None));
    train(&mut model, &mut optimizer, 0..1);
    let (steps, mut moments) = optimizer.state();
    change(&mut moments);
    Optimizer::new(Adam::default(), None)
        .with_state(steps, moments, &device().inner())?
        .fits(&model)
}

#[test]
fn a_spoilt_state_is_refused_by_name() {
    const FIRST: &str = "encoder.posterior.dense.bias.first";
    const SECOND: &str = "encoder.posterior.dense.bias.second";
    assert_eq!(refusal(|_| ()), Ok(()));
    assert_eq!(refusal(|moments| drop(moments.remove(FIRST))), Err(SECOND.into()));
    assert_eq!(refusal(|moments| drop(moments.remove(SECOND))), Err(FIRST.into()));
    assert_eq!(
        refusal(|moments| moments.get_mut(FIRST).unwrap().values.truncate(1)),
        Err(FIRST.into())
    );
    assert_eq!(
        refusal(|moments| moments.get_mut(FIRST).unwrap().values[0] = f32::NAN),
        Err(FIRST.into())
    );
    assert_eq!(
        refusal(|moments| moments.get_mut(SECOND).unwrap().values[0] = f32::INFINITY),
        Err(FIRST.into())
    );
    assert_eq!(
        refusal(|moments| moments.get_mut(SECOND).unwrap().values[0] = -1.0),
        Err(FIRST.into())
    );
}

#[test]
fn a_state_of_another_model_does_not_fit() {
    let mut model = build(&plain(), 1);
    let mut optimizer = Optimizer::new(Adam::default(), None);
    assert_eq!(
        optimizer.fits(&build(&conditional(), 1)),
        Ok(()),
        "no state fits every model"
    );
    train(&mut model, &mut optimizer, 0..1);
    assert_eq!(optimizer.fits(&model), Ok(()));
    // Its layers are wider by the condition; the first name in order is that of the decoder's head.
    assert_eq!(
        optimizer.fits(&build(&conditional(), 1)),
        Err("decoder.heads.0.Image.dense.weight".into())
    );
}

#[test]
fn the_largest_count_of_steps_does_not_overflow() {
    let mut model = build(&plain(), 1);
    let fresh = Optimizer::new(Adam::default(), None);
    let mut optimizer = fresh
        .with_state(u64::MAX, Arrays::new(), &device().inner())
        .unwrap();
    train(&mut model, &mut optimizer, 0..1);
    assert!(
        model
            .weights()
            .values()
            .all(|array| array.values.iter().all(|value| value.is_finite()))
    );
}
