//! A model of records of every kind of field, and such records.

use burn::tensor::{Int, Tensor, TensorData};
use elbo_core::distribution::tokens::{END, PAD};
use elbo_core::{Field, FieldKind, Fields, Model, ModelConfig, NetworkConfig, NumberBin, TextShape, Value};

use crate::models::{build, images, plain, spec};
use crate::testing::{codes, device, tensor, uniform};

/// ln p(value | bin) of the values of a number's four bins.
pub(crate) const WITHIN: [f32; 4] = [0.0, -0.5, 1.0, -1.5];
/// The shares of the records in its bins, the first of which holds a single value.
const SHARES: [f32; 4] = [0.4, 0.3, 0.1, 0.2];
/// Letters of the longest text; each text has its end behind them.
const LETTERS: usize = 4;

fn text() -> FieldKind {
    FieldKind::Text(TextShape {
        vocabulary: 7,
        channels: 6,
        layers: 2,
    })
}

fn number() -> FieldKind {
    FieldKind::Number {
        bins: (0..)
            .zip(SHARES)
            .map(|(bin, share)| NumberBin {
                share,
                centre: bin as f32 - 1.5,
                single: bin == 0,
            })
            .collect(),
        missing: false,
    }
}

/// An image, a text and a category, flag and number, given another one of each. Fields with levels are
/// autoregressive through `chain` units, or independent given z and y where that is 0.
pub(crate) fn mixed(chain: usize) -> ModelConfig {
    let image = plain().x.remove(0).kind;
    let fields = |kinds: [FieldKind; 5]| kinds.map(|kind| spec(kind.name(), kind.clone())).to_vec();
    let x = [
        FieldKind::Category { levels: 3 },
        image.clone(),
        FieldKind::Flag { missing: true },
        text(),
        number(),
    ];
    let y = [
        FieldKind::Category { levels: 3 },
        image,
        FieldKind::Flag { missing: false },
        text(),
        number(),
    ];
    ModelConfig {
        x: fields(x),
        y: fields(y),
        network: NetworkConfig {
            chain,
            ..plain().network
        },
        ..plain()
    }
}

/// A category of three levels, a flag of three and a number of four bins.
pub(crate) fn discrete(chain: usize) -> ModelConfig {
    let mut config = mixed(chain);
    config.x.retain(|field| field.kind.levels() > 0);
    ModelConfig { y: vec![], ..config }
}

/// ln p(value | bin) of values of these bins.
fn within(bins: &[i32]) -> Tensor<2> {
    let within: Vec<f32> = bins.iter().map(|bin| WITHIN[*bin as usize]).collect();
    tensor(within, [bins.len(), 1])
}

/// A model whose weights are five times as large as those of a new one: far from uniform.
pub(crate) fn build_decided(config: &ModelConfig, seed: u64) -> Model {
    let model = build(config, seed);
    let mut weights = model.weights();
    for array in weights.values_mut() {
        array.values.iter_mut().for_each(|value| *value *= 5.0);
    }
    model.with_weights(weights).unwrap()
}

/// A field of which every value is observed.
fn observed(value: Value, n: usize) -> Field {
    let observed = Tensor::ones([n, 1], &device());
    Field { value, observed }
}

/// `n` records of [`mixed`], every value observed. They are x; without the flag's third level they are y too.
pub(crate) fn records(n: usize, seed: u64) -> Fields {
    let draws = |purpose: u64, width: usize| uniform(100 * seed + purpose, n * width);
    let levels = |purpose, levels: f32| draws(purpose, 1).into_iter().map(move |u| (u * levels) as i32);
    let integers: Vec<i32> = levels(0, 3.0).collect();
    let flags: Vec<f32> = levels(2, 2.0).map(|level| level as f32).collect();
    let bins: Vec<i32> = levels(4, 4.0).collect();
    let z: Vec<f32> = bins.iter().map(|bin| *bin as f32 - 1.5).collect();
    Fields(vec![
        observed(Value::Category(codes(&integers)), n),
        images(tensor(draws(1, 6), [n, 6])).0.remove(0),
        observed(Value::Flag(tensor(flags, [n, 1])), n),
        observed(
            Value::Text {
                tokens: tokens(&draws(3, 1 + LETTERS)),
                withheld: None,
                groups: None,
            },
            n,
        ),
        observed(
            Value::Number {
                within: Box::new(within(&bins)),
                z: tensor(z, [n, 1]),
                bin: codes(&bins),
            },
            n,
        ),
    ])
}

/// Rows of letters, their end and padding: of 1 + LETTERS draws for a row, the first decides how many letters
/// it has.
fn tokens(draws: &[f32]) -> Tensor<2, Int> {
    let row = |draws: &[f32]| {
        let letters = (draws[0] * (LETTERS + 1) as f32) as usize;
        let mut row = vec![PAD; LETTERS + 1];
        for (place, draw) in draws[1..=letters].iter().enumerate() {
            row[place] = 4 + (draw * 3.0) as i32;
        }
        row[letters] = END;
        row
    };
    let rows: Vec<i32> = draws.chunks_exact(1 + LETTERS).flat_map(row).collect();
    let shape = [rows.len() / (1 + LETTERS), 1 + LETTERS];
    Tensor::from_data(TensorData::new(rows, shape), &device())
}

/// The same records, each value missing with a probability of 0.3.
pub(crate) fn with_gaps(mut records: Fields, seed: u64) -> Fields {
    for (field, stream) in records.0.iter_mut().zip(1000 * seed..) {
        let [n, _] = field.observed.dims();
        let mask: Vec<f32> = uniform(stream, n)
            .into_iter()
            .map(|u| f32::from(u8::from(u >= 0.3)))
            .collect();
        field.observed = tensor(mask, [n, 1]);
    }
    records
}

/// Every record of [`discrete`], by its levels.
pub(crate) fn outcomes() -> Vec<[i32; 3]> {
    (0..3 * 3 * 4).map(|k| [k % 3, k / 3 % 3, k / 9]).collect()
}

/// Records of [`discrete`] with these levels, and a mask of the fields that are observed.
pub(crate) fn discrete_records(levels: &[[i32; 3]], mask: [f32; 3]) -> Fields {
    let n = levels.len();
    let column = |field: usize| -> Vec<i32> { levels.iter().map(|levels| levels[field]).collect() };
    let real = |field: usize| -> Vec<f32> { column(field).iter().map(|level| *level as f32).collect() };
    let values = [
        Value::Category(codes(&column(0))),
        Value::Flag(tensor(real(1), [n, 1])),
        Value::Number {
            within: Box::new(within(&column(2))),
            z: tensor(real(2), [n, 1]),
            bin: codes(&column(2)),
        },
    ];
    let fields = values.into_iter().zip(mask).map(|(value, there)| Field {
        value,
        observed: tensor(vec![there; n], [n, 1]),
    });
    Fields(fields.collect())
}
