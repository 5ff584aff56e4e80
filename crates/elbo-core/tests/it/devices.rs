//! A training step on every device that this build and this machine have, against the same step on
//! the CPU: loss, gradient of every weight, and the weights that Adam makes of them.
//!
//! Without such a device nothing is compared, and the test says so. `TOLERANCE` is what the guide
//! promises; run with `--nocapture` it prints how far apart the devices are.

use burn::tensor::Device;
use elbo_core::optimizer::Optimizer;
use elbo_core::parameters::Arrays;
use elbo_core::{Adam, BUILT_DEVICES, Field, Fields, ImageShape, ModelConfig, Objective, Value, device};

use crate::models::{Records, build_on, conditional, eps, gradients};
use crate::networks::{LIKELIHOODS, convolutional, pictures};
use crate::testing::values;

/// Of the loss; of the largest gradient of each weight; of the largest weight of each array.
const TOLERANCE: f64 = 2e-5;

/// What a step computes, by name.
struct Step {
    loss: f64,
    gradients: Arrays,
    weights: Arrays,
}

fn step(device: &Device, config: &ModelConfig, x: &Fields, y: &Fields) -> Step {
    let device = device.clone().autodiff();
    let mut model = build_on(&device, config, 1);
    let (x, y) = (moved(x, &device), moved(y, &device));
    let [batch, _] = x.0[0].observed.dims();
    let eps = eps(7, batch, config.latent).to_device(&device);
    let loss = Objective::default().loss(&model, &x, &y, eps, 1.0);
    let backward = loss.total.backward();
    let gradients = gradients(&model, &backward);
    Optimizer::new(Adam::default(), Some(1.0))
        .step(&mut model, backward, 1e-3)
        .unwrap();
    Step {
        loss: values(&loss.total)[0],
        gradients,
        weights: model.weights(),
    }
}

fn moved(fields: &Fields, device: &Device) -> Fields {
    let value = |value: &Value| match value.clone() {
        Value::Image(pixels) => Value::Image(pixels.to_device(device)),
        Value::Category(codes) => Value::Category(codes.to_device(device)),
        Value::Flag(flags) => Value::Flag(flags.to_device(device)),
        Value::Number { z, bin, within } => Value::Number {
            z: z.to_device(device),
            bin: bin.to_device(device),
            within: Box::new(within.to_device(device)),
        },
        Value::Text { tokens, withheld, .. } => Value::Text {
            groups: None,
            tokens: tokens.to_device(device),
            withheld: withheld.map(|mask| mask.to_device(device)),
        },
    };
    let field = |field: &Field| Field {
        value: value(&field.value),
        observed: field.observed.clone().to_device(device),
    };
    Fields(fields.0.iter().map(field).collect())
}

/// The largest difference of two arrays of a name, in parts of the largest value of the array.
fn apart(found: &Arrays, expected: &Arrays) -> f64 {
    assert!(found.keys().eq(expected.keys()));
    let worst = expected.iter().map(|(name, expected)| {
        let size = expected.values.iter().fold(0.0_f32, |size, v| size.max(v.abs()));
        let pairs = found[name].values.iter().zip(&expected.values);
        let error = pairs.fold(0.0_f32, |worst, (a, b)| worst.max((a - b).abs()));
        // A NaN is lost in a maximum.
        assert!(found[name].values.iter().all(|v| v.is_finite()), "{name}");
        f64::from(error / size.max(f32::MIN_POSITIVE))
    });
    worst.fold(0.0, f64::max)
}

#[track_caller]
fn assert_same_step(what: &str, config: &ModelConfig, x: &Fields, y: &Fields) {
    let cpu = step(&Device::flex(), config, x, y);
    if BUILT_DEVICES == ["cpu"] {
        println!("{what}: skipped, this build computes on the CPU alone");
    }
    for name in BUILT_DEVICES.iter().filter(|name| **name != "cpu") {
        let there = match device(name) {
            Ok(there) => step(&there, config, x, y),
            Err(why) => {
                println!("{what}: skipped on `{name}`: {why:?}");
                continue;
            }
        };
        let loss = (there.loss - cpu.loss).abs() / cpu.loss.abs();
        let gradient = apart(&there.gradients, &cpu.gradients);
        let weight = apart(&there.weights, &cpu.weights);
        println!("{what} on `{name}`: loss {loss:.1e}, gradients {gradient:.1e}, weights {weight:.1e} apart");
        assert!(loss.max(gradient).max(weight) <= TOLERANCE, "{what} on `{name}`");
    }
}

#[test]
fn a_dense_conditional_model_takes_the_same_step() {
    let mut records = Records::random(33, 1);
    records.observed[5] = [0.0, 1.0, 0.0];
    assert_same_step("dense", &conditional(), &records.x(), &records.y());
}

#[test]
fn a_convolutional_model_takes_the_same_step_with_every_likelihood() {
    let shape = ImageShape {
        height: 16,
        width: 19,
        channels: 3,
    };
    for likelihood in LIKELIHOODS {
        let config = convolutional(shape, likelihood, 1);
        let what = format!("convolutional {likelihood:?}");
        assert_same_step(&what, &config, &pictures(shape, 9), &Fields::none());
    }
}
