//! A model whose evidence has a closed form: everything linear, all noise Gaussian.
//!
//! z ~ N(m(y), diag τ²), x|z,y ~ N(μ(y) + z W, σ² I), with y a number and m, μ affine in it.
//! Then log p(x|y) = log N(x; μ(y) + m(y) W, σ² I + Wᵀ diag τ² W), and where the rows of W are
//! orthogonal the exact posterior is a diagonal Gaussian that a network without hidden layers can be
//! given. (Bishop 2006, section 2.3.3; Tipping & Bishop 1999.)

use std::f64::consts::PI;

use burn::tensor::Tensor;
use elbo_core::model::log_sum_exp;
use elbo_core::parameters::{Array, Arrays};
use elbo_core::{
    Field, FieldKind, Fields, ImageLikelihood, ImageShape, Model, ModelConfig, PriorKind, Region,
};

use crate::models::{build, eps, gradients, images, number, plain, spec};
use crate::testing::{assert_all_close, assert_close, mean_and_error, normal, tensor, uniform, values};

/// Values of x and latent units.
const D: usize = 4;
const L: usize = 2;

/// Rows of W, orthogonal: 0.9 · 0.4 + 0.3 · 0.4 − 0.6 · 0.8 + 0 · 1.2 = 0.36 + 0.12 − 0.48 = 0.
const W: [[f64; D]; L] = [[0.9, 0.3, -0.6, 0.0], [0.4, 0.4, 0.8, 1.2]];
/// σ² of the likelihood.
const NOISE: f64 = 0.09;
/// μ(y) = BASE + y · SLOPE.
const BASE: [f64; D] = [0.5, 0.4, 0.6, 0.7];
const SLOPE: [f64; D] = [0.2, -0.1, 0.0, 0.3];

/// The prior of the latents, m(y) = base + y · slope with variances τ².
struct LatentPrior {
    kind: PriorKind,
    base: [f64; L],
    slope: [f64; L],
    variance: [f64; L],
}

const STANDARD: LatentPrior = LatentPrior {
    kind: PriorKind::Standard,
    base: [0.0; L],
    slope: [0.0; L],
    variance: [1.0; L],
};
const LEARNED: LatentPrior = LatentPrior {
    kind: PriorKind::Learned,
    base: [0.3, -0.2],
    slope: [0.5, -1.0],
    variance: [0.5, 2.0],
};

/// How far the encoder is from the exact posterior: added to its means and log-variances.
#[derive(Clone, Copy)]
struct Error {
    mean: f64,
    logvar: f64,
}

const EXACT: Error = Error {
    mean: 0.0,
    logvar: 0.0,
};
const WRONG: Error = Error {
    mean: 0.05,
    logvar: 0.4,
};

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

impl LatentPrior {
    fn mean(&self, y: f64) -> [f64; L] {
        std::array::from_fn(|j| self.base[j] + y * self.slope[j])
    }

    /// 1/τ² + |w|²/σ² of unit j.
    fn precision(&self, j: usize) -> f64 {
        1.0 / self.variance[j] + dot(&W[j], &W[j]) / NOISE
    }

    /// log N(x; μ + m W, σ² I + Wᵀ diag τ² W): the rows of W are eigenvectors of the covariance, with
    /// eigenvalues σ² + τ² |w|²; every direction orthogonal to them has σ².
    fn log_evidence(&self, x: &[f64], y: f64) -> f64 {
        let m = self.mean(y);
        let gap: Vec<_> = (0..D)
            .map(|i| x[i] - BASE[i] - y * SLOPE[i] - m[0] * W[0][i] - m[1] * W[1][i])
            .collect();
        let mut log_p = D as f64 * (2.0 * PI).ln() + (D - L) as f64 * NOISE.ln() + dot(&gap, &gap) / NOISE;
        for (w, variance) in W.iter().zip(self.variance) {
            let squared = dot(w, &gap).powi(2) / dot(w, w);
            let eigenvalue = NOISE + variance * dot(w, w);
            log_p += eigenvalue.ln() + squared / eigenvalue - squared / NOISE;
        }
        -0.5 * log_p
    }

    fn config(&self) -> ModelConfig {
        let shape = ImageShape {
            height: 2,
            width: 2,
            channels: 1,
        };
        let mut config = plain();
        config.x = vec![spec(
            "x",
            FieldKind::Image {
                shape,
                likelihood: ImageLikelihood::Gaussian,
                region: Region::Whole,
            },
        )];
        config.y = vec![spec(
            "y",
            FieldKind::Number {
                bins: vec![],
                missing: false,
            },
        )];
        config.network.hidden = vec![];
        config.prior = self.kind;
        config
    }

    /// The model with these very parameters, and the exact posterior but for `error`.
    fn model(&self, error: Error) -> Model {
        // A condition enters as (y, 1), and the head adds ½ to its output.
        let decoder: Vec<f64> = [W[0], W[1], SLOPE, [0.0; D]].concat();
        let mut weights = Arrays::from([
            ("encoder.posterior.dense.weight".into(), self.posterior_weight()),
            ("encoder.posterior.dense.bias".into(), self.posterior_bias(error)),
            (
                "decoder.heads.0.Image.dense.weight".into(),
                array(&decoder, &[L + 2, D]),
            ),
            (
                "decoder.heads.0.Image.dense.bias".into(),
                array(&BASE.map(|b| b - 0.5), &[D]),
            ),
            (
                "decoder.heads.0.Image.spread".into(),
                array(&[NOISE.ln()], &[1, 1]),
            ),
        ]);
        if self.kind == PriorKind::Learned {
            let (base, slope) = (self.base, self.slope);
            let logvar = self.variance.map(f64::ln);
            weights.insert(
                "prior.learned.head.dense.weight".into(),
                array(&[[slope[0], slope[1], 0.0, 0.0], [0.0; 4]].concat(), &[2, 2 * L]),
            );
            weights.insert(
                "prior.learned.head.dense.bias".into(),
                array(&[base[0], base[1], logvar[0], logvar[1]], &[2 * L]),
            );
        }
        build(&self.config(), 1).with_weights(weights).unwrap()
    }

    /// The posterior's mean is (m/τ² + w · (x − μ)/σ²) / precision, of which this is the part that is
    /// linear in the encoder's input: 2x − 1, y and 1.
    fn posterior_weight(&self) -> Array {
        let mut rows = [[0.0; 2 * L]; D + 2];
        for j in 0..L {
            for i in 0..D {
                rows[i][j] = W[j][i] / (2.0 * NOISE * self.precision(j));
            }
            rows[D][j] = (self.slope[j] / self.variance[j] - dot(&W[j], &SLOPE) / NOISE) / self.precision(j);
        }
        array(&rows.concat(), &[D + 2, 2 * L])
    }

    /// The constant part, with x = ½ where the encoder's input is 0; the variance is 1/precision.
    fn posterior_bias(&self, error: Error) -> Array {
        let half: [f64; D] = BASE.map(|b| 0.5 - b);
        let mean = |j: usize| {
            (self.base[j] / self.variance[j] + dot(&W[j], &half) / NOISE) / self.precision(j) + error.mean
        };
        let logvar = |j| -f64::ln(self.precision(j)) + error.logvar;
        array(&[mean(0), mean(1), logvar(0), logvar(1)], &[2 * L])
    }

    /// KL(q ‖ exact posterior) for a `model(error)`: ½ Σ (e^l − 1 − l + shift² · precision).
    fn gap(&self, error: Error) -> f64 {
        let unit = |j| error.logvar.exp() - 1.0 - error.logvar + error.mean.powi(2) * self.precision(j);
        0.5 * (0..L).map(unit).sum::<f64>()
    }
}

fn array(values: &[f64], shape: &[usize]) -> Array {
    Array {
        shape: shape.to_vec(),
        values: values.iter().map(|value| *value as f32).collect(),
    }
}

/// Records that the model with this prior could have made.
struct Records {
    x: Vec<f32>,
    y: Vec<f32>,
}

impl Records {
    fn draw(prior: &LatentPrior, n: usize) -> Self {
        let (y, z, noise) = (uniform(1, n), normal(2, n * L), normal(3, n * D));
        let mut x = Vec::new();
        for r in 0..n {
            let m = prior.mean(f64::from(y[r]));
            let z: [f64; L] =
                std::array::from_fn(|j| m[j] + prior.variance[j].sqrt() * f64::from(z[r * L + j]));
            for i in 0..D {
                let mean = BASE[i] + f64::from(y[r]) * SLOPE[i] + z[0] * W[0][i] + z[1] * W[1][i];
                x.push((mean + NOISE.sqrt() * f64::from(noise[r * D + i])) as f32);
            }
        }
        Self { x, y }
    }

    fn len(&self) -> usize {
        self.y.len()
    }

    fn fields(&self) -> (Fields, Fields) {
        let n = self.len();
        let y = Field {
            value: number(tensor(self.y.clone(), [n, 1])),
            observed: tensor(vec![1.0; n], [n, 1]),
        };
        (images(tensor(self.x.clone(), [n, D])), Fields(vec![y]))
    }

    fn log_evidence(&self, prior: &LatentPrior) -> Vec<f64> {
        let wide = |values: &[f32]| values.iter().map(|value| f64::from(*value)).collect::<Vec<_>>();
        self.x
            .chunks_exact(D)
            .zip(&self.y)
            .map(|(x, y)| prior.log_evidence(&wide(x), f64::from(*y)))
            .collect()
    }
}

/// E[ELBO] over eps, exactly: the distortion is quadratic in eps, and the average of a quadratic
/// over the points ±√L e_j is its mean under N(0, I).
fn expected_elbo(model: &Model, x: &Fields, y: &Fields, n: usize) -> Tensor<1> {
    let side = (L as f32).sqrt();
    let points = [[side, 0.0], [-side, 0.0], [0.0, side], [0.0, -side]];
    let elbo = points.map(|point| model.elbo(x, y, tensor(point.repeat(n), [n, L])).value());
    elbo.into_iter().reduce(|sum, elbo| sum + elbo).unwrap() / points.len() as f32
}

#[test]
fn the_evidence_of_a_model_without_latents_is_the_likelihood() {
    // With τ → 0 the closed form must become N(x; μ + m W, σ² I).
    let prior = LatentPrior {
        variance: [1e-12; L],
        ..LEARNED
    };
    let (x, y) = ([0.1, 0.2, 0.3, 0.4], 0.5);
    let m = prior.mean(y);
    let gap = |i: usize| x[i] - BASE[i] - y * SLOPE[i] - m[0] * W[0][i] - m[1] * W[1][i];
    let expected: f64 = (0..D)
        .map(|i| -0.5 * ((2.0 * PI * NOISE).ln() + gap(i).powi(2) / NOISE))
        .sum();
    assert_all_close(&[prior.log_evidence(&x, y)], &[expected], 1e-9);
}

#[test]
fn the_elbo_is_the_evidence_at_the_exact_posterior() {
    for prior in [STANDARD, LEARNED] {
        let records = Records::draw(&prior, 20);
        let (x, y) = records.fields();
        let elbo = expected_elbo(&prior.model(EXACT), &x, &y, records.len());
        assert_close(&elbo, &records.log_evidence(&prior), 2e-4);
    }
}

#[test]
fn importance_weights_are_constant_at_the_exact_posterior() {
    for prior in [STANDARD, LEARNED] {
        let records = Records::draw(&prior, 20);
        let (x, y) = records.fields();
        let weights = prior.model(EXACT).log_weights(&x, &y, eps(4, 20 * 8, L));
        let expected: Vec<_> = records
            .log_evidence(&prior)
            .iter()
            .flat_map(|log_p| [*log_p; 8])
            .collect();
        assert_close(&weights, &expected, 2e-4);
    }
}

#[test]
fn a_wrong_posterior_costs_its_divergence_from_the_exact_one() {
    for prior in [STANDARD, LEARNED] {
        let records = Records::draw(&prior, 20);
        let (x, y) = records.fields();
        for error in [
            WRONG,
            Error {
                mean: 0.1,
                logvar: 0.0,
            },
            Error {
                mean: 0.0,
                logvar: -1.0,
            },
        ] {
            let elbo = expected_elbo(&prior.model(error), &x, &y, records.len());
            assert!(prior.gap(error) > 0.05);
            let expected: Vec<_> = records
                .log_evidence(&prior)
                .iter()
                .map(|log_p| log_p - prior.gap(error))
                .collect();
            assert_close(&elbo, &expected, 4e-4);
        }
    }
}

#[test]
fn the_exact_posterior_is_where_the_encoder_rests() {
    let slope = |error| {
        let model = LEARNED.model(error);
        let records = Records::draw(&LEARNED, 20);
        let (x, y) = records.fields();
        let backward = expected_elbo(&model, &x, &y, records.len()).mean().backward();
        let gradients = gradients(&model, &backward);
        let bias = &gradients["encoder.posterior.dense.bias"];
        bias.values
            .iter()
            .map(|value| f64::from(*value).abs())
            .fold(0.0, f64::max)
    };
    let (exact, wrong) = (slope(EXACT), slope(WRONG));
    assert!(exact < 1e-4 && wrong > 0.1, "{exact} {wrong}");
}

#[test]
fn importance_sampling_closes_the_gap() {
    const K: usize = 500;
    let records = Records::draw(&LEARNED, 40);
    let (x, y) = records.fields();
    let log_weights = LEARNED
        .model(WRONG)
        .log_weights(&x, &y, eps(5, records.len() * K, L));
    let estimates = log_sum_exp(log_weights.clone()) - (K as f64).ln();
    let evidence = records.log_evidence(&LEARNED);

    // Delta method: Var log(mean w) ≈ Var(w) / (k (mean w)²), independent between records.
    let log_weights = values(&log_weights);
    let variances = log_weights.chunks_exact(K).map(|log_weights| {
        let largest = log_weights.iter().copied().fold(f64::MIN, f64::max);
        let weights: Vec<_> = log_weights
            .iter()
            .map(|log_weight| (log_weight - largest).exp())
            .collect();
        let (mean, error) = mean_and_error(&weights);
        (error / mean).powi(2)
    });
    let n = records.len() as f64;
    let error = variances.sum::<f64>().sqrt() / n;
    let gaps: Vec<_> = values(&estimates)
        .iter()
        .zip(&evidence)
        .map(|(estimate, log_p)| estimate - log_p)
        .collect();
    let (gap, _) = mean_and_error(&gaps);
    // Small enough an error to tell the evidence from the ELBO, 0.19 nats below it.
    assert!(3.0 * error < 0.1 * LEARNED.gap(WRONG), "{error}");
    assert!(gap.abs() < 3.0 * error, "{gap} {error}");
}
