//! Importance sampling with the posterior as proposal (Burda et al. 2016, eq. 8; Rezende et al.
//! 2014, appendix E): log p(x|y) ≈ log (1/K) Σ_k w_k.

use std::sync::Arc;

use elbo_data::noise::{Noise, Purpose};
use elbo_data::{Column, Values};

use super::EvaluateRequest;
use crate::error::Error;
use crate::events::{Cancel, Events, Phase};
use crate::model::Model;
use crate::model::batches::{Batches, Conditioning, DeviceBatch, Observations};
use crate::model::opened::Opened;
use crate::model::reading::Reading;
use crate::model::stream::Stream;
use crate::model::tensors::{Upload, to_host};
use crate::model::terms::median;

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
    pub rate: f64,
    pub nll: Mean,
    pub nll_median: f64,
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
    total_rate: f64,
    tokens: u64,
    /// Variance of each record's estimate of log p(x|y).
    sampling_variance: f64,
    rate: Vec<f64>,
    mean: Vec<f64>,
    mean_square: Vec<f64>,
}

/// What the samples say of each record of a batch.
struct Sampled {
    tokens: u64,
    /// Rates and posterior means of the latent units, `[records, latent]`.
    rates: Vec<f32>,
    /// Where the prior is a mixture, whose divergence has no closed form, the mean over draws of log q(z|x) − log p(z).
    drawn_rates: Option<Vec<f64>>,
    means: Vec<f32>,
    distortions: Vec<f64>,
    weights: Vec<LogMean>,
}

pub(super) fn estimate(
    model: &Model,
    batches: &Arc<Batches>,
    rows: &[u64],
    request: &EvaluateRequest,
    events: &Events,
) -> Result<Estimate, Error> {
    let zeros = || vec![0.0; model.latent()];
    let mut tally = Tally {
        rate: zeros(),
        mean: zeros(),
        mean_square: zeros(),
        ..Tally::default()
    };
    let records = at_once(&model.opened, RECORDS);
    let reading = Reading::new(batches, rows, records, Conditioning::Usual, events)?;
    let (opened, batches) = (Arc::clone(&model.opened), Arc::clone(batches));
    let (samples, noise) = (request.samples, Noise::new(request.seed));
    let cancel = events.cancel().clone();
    let phase = (Phase::Evaluating, rows.len() as u64);
    let stream = Stream::new(model, reading, phase, events, move |records: Observations| {
        let tokens = records.x.iter().map(tokens).sum();
        opened.sampled(&batches.upload(&records), tokens, (samples, noise), &cancel)
    });
    stream
        .one_by_one()
        .for_each(|sampled| tally.add(&sampled, samples))?;
    match tally.nll.is_empty() {
        true => Err(Error::NoRecords {
            split: "that could be read".to_owned(),
        }),
        false => Ok(tally.finish()),
    }
}

impl Opened {
    fn sampled(
        &self,
        records: &DeviceBatch,
        tokens: u64,
        (samples, noise): (usize, Noise),
        cancel: &Cancel,
    ) -> Result<Sampled, Error> {
        let (n, latent) = (records.rows.len(), self.network.latent());
        let (q, p) = self.network.posterior_and_prior(&records.x, &records.y);
        let mut sampled = Sampled {
            tokens,
            rates: to_host(q.kl_per_unit(&p)),
            drawn_rates: self.network.mixture().map(|_| vec![0.0; n]),
            means: to_host(q.mean),
            distortions: vec![0.0; n],
            weights: (0..n).map(|_| LogMean::default()).collect(),
        };
        let group = group(self, n, samples);
        for first in (0..samples).step_by(group) {
            if cancel.is_requested() {
                return Err(Error::Cancelled);
            }
            let k = group.min(samples - first);
            let eps = noise.normal(Purpose::Importance, first as u64, &records.rows, k * latent);
            let eps = Upload::new(self.device.clone()).rows(eps, n * k);
            let drawn = self.network.importance_samples(&records.x, &records.y, eps);
            let (likelihoods, ratios) = (to_host(drawn.log_likelihood), to_host(drawn.log_ratio));
            let records = likelihoods.chunks_exact(k).zip(ratios.chunks_exact(k));
            for (record, (likelihoods, ratios)) in records.enumerate() {
                for (likelihood, ratio) in likelihoods.iter().zip(ratios) {
                    sampled.weights[record].add(f64::from(*likelihood) + f64::from(*ratio));
                    sampled.distortions[record] -= f64::from(*likelihood);
                    if let Some(rates) = &mut sampled.drawn_rates {
                        rates[record] -= f64::from(*ratio) / samples as f64;
                    }
                }
            }
        }
        Ok(sampled)
    }
}

impl Tally {
    fn add(&mut self, sampled: &Sampled, samples: usize) {
        let latent = self.rate.len();
        self.tokens += sampled.tokens;
        for means in sampled.means.chunks_exact(latent) {
            for (unit, mean) in means.iter().enumerate() {
                self.mean[unit] += f64::from(*mean);
                self.mean_square[unit] += f64::from(*mean).powi(2);
            }
        }
        let records = sampled.rates.chunks_exact(latent).zip(&sampled.distortions);
        for (record, ((rates, distortion), weights)) in records.zip(&sampled.weights).enumerate() {
            let units = self.rate.iter_mut().zip(rates);
            units.for_each(|(sum, rate)| *sum += f64::from(*rate));
            let of_units = || rates.iter().map(|rate| f64::from(*rate)).sum();
            let drawn = sampled.drawn_rates.as_ref();
            let rate: f64 = drawn.map_or_else(of_units, |drawn| drawn[record]);
            self.total_rate += rate;
            let distortion = distortion / samples as f64;
            self.distortion += distortion;
            self.elbo.push(-distortion - rate);
            self.nll.push(-weights.value());
            self.sampling_variance += weights.variance();
        }
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
            rate: self.total_rate / n,
            nll: Mean::of(&self.nll),
            nll_median: median(self.nll),
            monte_carlo_error: self.sampling_variance.sqrt() / n,
            rate_per_unit: mean(&self.rate),
            variance_per_unit: variance,
        }
    }
}

/// How many of `records` are decoded at a time: a power of two of them, if not all.
pub(crate) fn at_once(opened: &Opened, records: usize) -> usize {
    let few = (VALUES / opened.decoded_values().max(1)).max(1);
    if few < records { 1 << few.ilog2() } else { records }
}

/// Samples of each record that are decoded at a time.
pub(crate) fn group(opened: &Opened, records: usize, samples: usize) -> usize {
    (VALUES / (records * opened.decoded_values()).max(1)).clamp(1, samples)
}

/// Tokens of a column of texts, each text's end included.
fn tokens(column: &Column) -> u64 {
    let Values::Text(texts) = &column.values else {
        return 0;
    };
    let known = texts
        .iter()
        .zip(&column.observed)
        .filter(|(_, observed)| **observed);
    known.map(|(text, _)| text.len() as u64 + 1).sum()
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
    /// Adds a term.
    pub(crate) fn add(&mut self, a: f64) {
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
