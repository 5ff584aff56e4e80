//! Importance sampling with the posterior as proposal (Burda et al. 2016, eq. 8; Rezende et al.
//! 2014, appendix E): log p(x|y) ≈ log (1/K) Σ_k w_k.

use elbo_data::noise::{Noise, Purpose};
use elbo_data::{Batch, Column, Values};

use super::EvaluateSettings;
use crate::batches::{Batches, Given, Records};
use crate::error::Error;
use crate::progress::Progress;
use crate::tensors::{Upload, to_host};
use crate::trained::Trained;

/// Values of x that are decoded at a time: 64 MiB of f32.
const VALUES: usize = 1 << 24;
/// Most records at a time.
const RECORDS: usize = 100;

/// A mean over records.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mean {
    pub mean: f64,
    pub standard_error: f64,
}

/// What the samples say; means per record, in nats.
pub(super) struct Estimate {
    pub records: usize,
    /// Tokens of all modelled texts, each text's end included.
    pub tokens: u64,
    pub elbo: Mean,
    pub distortion: f64,
    pub nll: Mean,
    /// Standard error of the mean of `nll` that comes from the sampling.
    pub monte_carlo_error: f64,
    pub rate_per_unit: Vec<f64>,
    /// Variance of each unit's posterior mean over records.
    pub variance_per_unit: Vec<f64>,
}

/// Sums over records.
#[derive(Default)]
struct Tally {
    elbo: Vec<f64>,
    nll: Vec<f64>,
    distortion: f64,
    tokens: u64,
    /// Variance of each record's estimate of log p(x|y).
    sampling_variance: f64,
    rate: Vec<f64>,
    mean: Vec<f64>,
    mean_square: Vec<f64>,
}

pub(super) fn estimate(
    trained: &Trained,
    batches: &Batches,
    rows: &[u64],
    settings: &EvaluateSettings,
    progress: &dyn Progress,
) -> Result<Estimate, Error> {
    let latent = trained.model.latent();
    let zeros = || vec![0.0; latent];
    let mut tally = Tally {
        rate: zeros(),
        mean: zeros(),
        mean_square: zeros(),
        ..Tally::default()
    };
    progress.begin("evaluating", Some(rows.len() as u64));
    for batch in batches.for_scoring(rows, RECORDS)? {
        let batch: Batch = batch?;
        for problem in &batch.problems {
            progress.warn(&format!("{problem}: skipped"));
        }
        if !batch.is_empty() {
            let host = batches.host(&batch, Given::Usual)?;
            tally.tokens += host.x.iter().map(tokens).sum::<u64>();
            tally.add(trained, &batches.upload(&host), settings);
        }
        progress.advance(batch.len() as u64, "");
    }
    progress.end();
    match tally.nll.is_empty() {
        true => Err(Error::NoRecords {
            split: "that could be read".to_owned(),
        }),
        false => Ok(tally.finish()),
    }
}

impl Tally {
    fn add(&mut self, trained: &Trained, records: &Records, settings: &EvaluateSettings) {
        let rates = self.add_units(trained, records);
        let mut weights: Vec<LogMean> = rates.iter().map(|_| LogMean::default()).collect();
        let mut distortion = vec![0.0; rates.len()];
        let noise = Noise::new(settings.seed);
        let group = group(trained, rates.len(), settings.samples);
        for first in (0..settings.samples).step_by(group) {
            let k = group.min(settings.samples - first);
            let eps = noise.normal(
                Purpose::Importance,
                first as u64,
                &records.rows,
                k * trained.model.latent(),
            );
            let eps = Upload::new(trained.device.clone()).rows(eps, rates.len() * k);
            let samples = trained.model.importance_samples(&records.x, &records.y, eps);
            let likelihoods = to_host(samples.log_likelihood);
            let ratios = to_host(samples.log_ratio);
            for (record, (likelihoods, ratios)) in likelihoods
                .chunks_exact(k)
                .zip(ratios.chunks_exact(k))
                .enumerate()
            {
                for (likelihood, ratio) in likelihoods.iter().zip(ratios) {
                    weights[record].add(f64::from(*likelihood) + f64::from(*ratio));
                    distortion[record] -= f64::from(*likelihood);
                }
            }
        }
        for ((rate, weights), distortion) in rates.iter().zip(&weights).zip(&distortion) {
            let distortion = distortion / settings.samples as f64;
            self.distortion += distortion;
            self.elbo.push(-distortion - rate);
            self.nll.push(-weights.value());
            self.sampling_variance += weights.variance();
        }
    }

    /// Adds rates and posterior means; the rate of each record.
    fn add_units(&mut self, trained: &Trained, records: &Records) -> Vec<f64> {
        let latent = trained.model.latent();
        let (q, p) = trained.model.posterior_and_prior(&records.x, &records.y);
        for mean in to_host(q.mean.clone()).chunks_exact(latent) {
            for (unit, mean) in mean.iter().enumerate() {
                self.mean[unit] += f64::from(*mean);
                self.mean_square[unit] += f64::from(*mean).powi(2);
            }
        }
        let rates = to_host(q.kl_per_unit(&p));
        let rates = rates.chunks_exact(latent).map(|rates| {
            self.rate
                .iter_mut()
                .zip(rates)
                .for_each(|(sum, rate)| *sum += f64::from(*rate));
            rates.iter().map(|rate| f64::from(*rate)).sum()
        });
        rates.collect()
    }

    fn finish(self) -> Estimate {
        let n = self.nll.len() as f64;
        let mean = |sums: &[f64]| sums.iter().map(|sum| sum / n).collect::<Vec<_>>();
        let variance = mean(&self.mean_square)
            .iter()
            .zip(mean(&self.mean))
            .map(|(square, mean)| square - mean * mean)
            .collect();
        Estimate {
            records: self.nll.len(),
            tokens: self.tokens,
            elbo: Mean::of(&self.elbo),
            distortion: self.distortion / n,
            nll: Mean::of(&self.nll),
            monte_carlo_error: self.sampling_variance.sqrt() / n,
            rate_per_unit: mean(&self.rate),
            variance_per_unit: variance,
        }
    }
}

/// Samples of each record that are decoded at a time.
fn group(trained: &Trained, records: usize, samples: usize) -> usize {
    (VALUES / (records * trained.decoded_values()).max(1)).clamp(1, samples)
}

/// Tokens of a column of texts, each text's end included.
fn tokens(column: &Column) -> u64 {
    match &column.values {
        Values::Text(texts) => {
            let known = texts.iter().zip(&column.given).filter(|(_, given)| **given);
            known.map(|(text, _)| text.len() as u64 + 1).sum()
        }
        _ => 0,
    }
}

impl Mean {
    fn of(values: &[f64]) -> Self {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let variance = if n > 1.0 { squares / (n - 1.0) } else { 0.0 };
        Self {
            mean,
            standard_error: (variance / n).sqrt(),
        }
    }
}

/// log of the mean of exp(a_k), one term at a time, without overflow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogMean {
    max: f64,
    /// Σ exp(a − max) and Σ exp(2 (a − max)).
    sum: f64,
    sum_of_squares: f64,
    terms: f64,
}

impl Default for LogMean {
    fn default() -> Self {
        Self {
            max: f64::NEG_INFINITY,
            sum: 0.0,
            sum_of_squares: 0.0,
            terms: 0.0,
        }
    }
}

impl LogMean {
    /// Of these terms.
    pub(crate) fn of(terms: &[f32]) -> Self {
        let mut mean = Self::default();
        terms.iter().for_each(|term| mean.add(f64::from(*term)));
        mean
    }

    fn add(&mut self, a: f64) {
        if a > self.max {
            let shrink = (self.max - a).exp();
            self.sum *= shrink;
            self.sum_of_squares *= shrink * shrink;
            self.max = a;
        }
        let w = (a - self.max).exp();
        self.sum += w;
        self.sum_of_squares += w * w;
        self.terms += 1.0;
    }

    pub(crate) fn value(&self) -> f64 {
        self.max + (self.sum / self.terms).ln()
    }

    /// Variance of [`Self::value`] by the delta method: Var(w) / (K · mean(w)²).
    fn variance(&self) -> f64 {
        let mean = self.sum / self.terms;
        let variance = (self.sum_of_squares / self.terms - mean * mean).max(0.0);
        variance / (self.terms * mean * mean)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log_mean(terms: &[f64]) -> LogMean {
        let mut log_mean = LogMean::default();
        terms.iter().for_each(|a| log_mean.add(*a));
        log_mean
    }

    #[test]
    fn log_mean_is_exact_far_from_zero() {
        // log((e^-1000 + 3 e^-1000) / 2) = -1000 + log 2.
        let value = log_mean(&[-1000.0, -1000.0 + 3f64.ln()]).value();
        assert!((value - (-1000.0 + 2f64.ln())).abs() < 1e-12, "{value}");
    }

    #[test]
    fn the_delta_method_variance_of_two_weights() {
        // Weights 1 and 3: mean 2, variance 1, so 1 / (2 · 4) = 1/8; equal weights have none.
        assert!((log_mean(&[0.0, 3f64.ln()]).variance() - 0.125).abs() < 1e-12);
        assert_eq!(log_mean(&[7.0, 7.0, 7.0]).variance(), 0.0);
    }

    #[test]
    fn the_standard_error_of_a_mean() {
        // 1, 2, 3: variance 1, error 1/√3.
        let mean = Mean::of(&[1.0, 2.0, 3.0]);
        assert!((mean.mean - 2.0).abs() < 1e-12 && (mean.standard_error - 1.0 / 3f64.sqrt()).abs() < 1e-12);
    }
}
