//! `evaluate`: how well a model fits records it was not trained on, each number with its protocol.

mod generated;
mod importance;

use elbo_core::{FieldSpec, ImageLikelihood};
use elbo_data::{Binarize, Split};
use serde::Serialize;

use super::REPORT_VERSION;
use crate::data::Data;
use crate::error::Error;
use crate::events::Events;
use crate::model::Model;
use crate::model::batches::Batches;
use crate::model::opened::{ModelledImage, Opened};

pub use generated::GeneratedReport;
use importance::Estimate;
pub(crate) use importance::{LogMean, at_once, group};

/// A unit is active if its posterior mean varies by more than this over records
/// (Burda et al. 2016, section 5.2).
const ACTIVE_VARIANCE: f64 = 0.01;
/// Most importance samples for each record.
const MAX_SAMPLES: usize = 1_000_000;

/// What to evaluate on.
#[derive(Clone, Debug)]
pub struct EvaluateRequest {
    /// The records; none for the data that the run was trained on.
    pub data: Option<Data>,
    /// The split; none for the test split of the run's own data, and for all of any other data.
    pub split: Option<Split>,
    /// Importance samples for each record.
    pub samples: usize,
    /// Seed of the samples.
    pub seed: u64,
    /// The first so many records; none for all.
    pub limit: Option<usize>,
    /// Fields for which it is measured how well they are predicted by what was learned from generated rows.
    pub utility: Vec<String>,
    /// Whether it is measured how near generated rows are to the training rows.
    pub privacy: bool,
    /// Rows generated elsewhere that are judged instead of rows of this model.
    pub generated: Option<Data>,
}

impl Default for EvaluateRequest {
    fn default() -> Self {
        Self {
            data: None,
            split: None,
            samples: 100,
            seed: 0,
            limit: None,
            utility: Vec::new(),
            privacy: false,
            generated: None,
        }
    }
}

/// How well a model fits; means per record, in nats.
#[derive(Clone, Debug, Serialize)]
pub struct EvaluateReport {
    /// [`REPORT_VERSION`].
    pub version: u32,
    /// The evidence lower bound on log p(x|y).
    pub elbo: f64,
    /// Standard error of `elbo` as the mean of a larger population's.
    pub elbo_standard_error: f64,
    /// KL(q(z|x,y) ‖ p(z|y)).
    pub rate: f64,
    /// −log p(x|z,y), expected under the posterior.
    pub distortion: f64,
    /// −log p(x|y), estimated by importance sampling.
    pub nll: f64,
    /// Standard error of `nll` as the mean of a larger population's.
    pub nll_standard_error: f64,
    /// The median of the records' `nll`, which a few far values among them do not move.
    pub nll_median: f64,
    /// Standard error of `nll` on these very records, from the importance sampling alone.
    pub nll_monte_carlo_error: f64,
    /// Latent units whose posterior mean varies over records (variance above 0.01).
    pub active_units: usize,
    /// Number of latent units.
    pub latent: usize,
    /// `nll` in bits, per value of x, where all that is modelled is one image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bits_per_dimension: Option<f64>,
    /// `nll` in nats, per token (the end of each text is one), where all that is modelled is one text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nats_per_token: Option<f64>,
    /// Mean rate of each latent unit, by the prior of training: a mixture has none of single units.
    pub rate_per_unit: Vec<f64>,
    /// What these numbers mean.
    pub protocol: Protocol,
    /// How good generated rows are, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generated: Option<GeneratedReport>,
}

/// What must be the same for two models' numbers to be compared.
#[derive(Clone, Debug, Serialize)]
pub struct Protocol {
    /// The data.
    pub data: String,
    /// Which of its records.
    pub split: String,
    /// How many.
    pub records: usize,
    /// What is modelled.
    pub modelled: Vec<String>,
    /// What is given.
    pub given: Vec<String>,
    /// How each modelled field is scored.
    pub likelihoods: Vec<String>,
    /// Values of x that are scored, where all that is modelled is one image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<usize>,
    /// Tokens that are scored, where all that is modelled is one text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// Importance samples for each record.
    pub samples: usize,
    /// Their seed.
    pub seed: u64,
    /// How `elbo` is estimated.
    pub elbo: String,
    /// How `nll` is estimated.
    pub nll: String,
    /// How `bits_per_dimension` follows from `nll`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bits_per_dimension: Option<String>,
    /// The epoch whose weights these are.
    pub epoch: u64,
}

impl EvaluateRequest {
    /// Checks what can be checked without a model.
    ///
    /// # Errors
    /// The first setting that is not possible.
    pub fn check(&self) -> Result<(), Error> {
        check_samples("EvaluateRequest::samples", self.samples)?;
        if self.judges() && self.split == Some(Split::Train) {
            return Err(Error::Conflict {
                first: "EvaluateRequest::split = train".to_owned(),
                second: self.asked_to_judge().to_owned(),
                reason: "generated rows are compared with rows that were not learned",
            });
        }
        match self.limit {
            Some(0) => Err(Error::bad_argument("EvaluateRequest::limit", 0, "at least 1")),
            _ => Ok(()),
        }
    }
}

impl EvaluateRequest {
    /// Whether generated rows are judged.
    fn judges(&self) -> bool {
        !self.utility.is_empty() || self.privacy || self.generated.is_some()
    }

    /// The setting that asks for it.
    fn asked_to_judge(&self) -> &'static str {
        match (&self.generated, self.privacy) {
            (Some(_), _) => "EvaluateRequest::generated",
            (None, true) => "EvaluateRequest::privacy",
            (None, false) => "EvaluateRequest::utility",
        }
    }
}

/// Checks a number of importance samples for each record.
pub(super) fn check_samples(setting: &'static str, samples: usize) -> Result<(), Error> {
    match samples {
        1..=MAX_SAMPLES => Ok(()),
        _ => Err(Error::bad_argument(
            setting,
            samples,
            "a number from 1 to 1000000",
        )),
    }
}

impl Model {
    /// The bound and the likelihood of the records of a split; and how good generated rows are, if that is asked for.
    ///
    /// ```no_run
    /// use elbo::{EvaluateRequest, Events, Model};
    /// let report = Model::open("digits")?.evaluate(&EvaluateRequest::default(), &Events::silent())?;
    /// println!("NLL {:.2} ± {:.2} nats", report.nll, report.nll_standard_error);
    /// # Ok::<(), elbo::Error>(())
    /// ```
    ///
    /// # Errors
    /// Data that the model cannot read, or a split without records; a field that rows cannot be judged by.
    pub fn evaluate(&self, request: &EvaluateRequest, events: &Events) -> Result<EvaluateReport, Error> {
        request.check()?;
        let asked = match request.judges() {
            true => Some(generated::Asked::new(self, request)?),
            false => None,
        };
        let batches = match &request.data {
            Some(data) => self.read(data, events)?,
            None => self.read_own(events)?,
        };
        let (split, mut rows) = rows(self, request, &batches)?;
        rows.truncate(request.limit.unwrap_or(usize::MAX));
        if rows.is_empty() {
            return Err(Error::NoRecords { split });
        }
        let estimate = importance::estimate(self, &batches, &rows, request, events)?;
        let generated = asked.map(|asked| asked.report(&batches, events)).transpose()?;
        Ok(EvaluateReport {
            generated,
            ..report(&self.opened, &batches, request, split, estimate)
        })
    }
}

/// The split's name and its records.
fn rows(model: &Model, request: &EvaluateRequest, batches: &Batches) -> Result<(String, Vec<u64>), Error> {
    let own = model.own_data();
    let own = request
        .data
        .as_ref()
        .is_none_or(|data| own.is_ok_and(|own| own.is(data)));
    let split = match (request.split, own) {
        (None, false) => return Ok(("all".to_owned(), (0..batches.source.len()).collect())),
        (split, _) => split.unwrap_or(Split::Test),
    };
    let rows = model.config().split(batches.source.as_ref())?;
    Ok((split.name().to_owned(), rows.of(split).to_vec()))
}

fn report(
    opened: &Opened,
    batches: &Batches,
    request: &EvaluateRequest,
    split: String,
    estimate: Estimate,
) -> EvaluateReport {
    let image = opened.image().filter(|_| opened.x_fields.len() == 1);
    let text = opened.text_field().filter(|_| opened.x_fields.len() == 1);
    let bits = image.as_ref().map(|image| {
        let dimensions = image.scored() as f64;
        estimate.nll.mean / (dimensions * std::f64::consts::LN_2) + level_bits(image.likelihood)
    });
    let tokens = text.map(|_| estimate.tokens);
    let per_token = tokens.map(|tokens| estimate.nll.mean * estimate.records as f64 / tokens.max(1) as f64);
    EvaluateReport {
        version: REPORT_VERSION,
        elbo: estimate.elbo.mean,
        elbo_standard_error: estimate.elbo.standard_error,
        rate: estimate.rate,
        distortion: estimate.distortion,
        nll: estimate.nll.mean,
        nll_standard_error: estimate.nll.standard_error,
        nll_median: estimate.nll_median,
        nll_monte_carlo_error: estimate.monte_carlo_error,
        active_units: estimate
            .variance_per_unit
            .iter()
            .filter(|v| **v > ACTIVE_VARIANCE)
            .count(),
        latent: opened.network.latent(),
        bits_per_dimension: bits,
        nats_per_token: per_token,
        rate_per_unit: estimate.rate_per_unit,
        generated: None,
        protocol: Protocol {
            dimensions: image.as_ref().map(ModelledImage::scored),
            tokens,
            bits_per_dimension: image.map(|image| bits_in_words(image.likelihood).to_owned()),
            ..protocol(opened, batches, request, split, estimate.records)
        },
    }
}

/// A density over [0, 1] is that of one level times 255: log2 255 bits lie between them.
fn level_bits(likelihood: ImageLikelihood) -> f64 {
    match likelihood {
        ImageLikelihood::Gaussian | ImageLikelihood::GaussianPerPixel => 255f64.log2(),
        ImageLikelihood::Bernoulli | ImageLikelihood::DiscretizedLogistic => 0.0,
    }
}

fn bits_in_words(likelihood: ImageLikelihood) -> &'static str {
    match level_bits(likelihood) {
        0.0 => "nll / (dimensions · ln 2)",
        _ => "nll / (dimensions · ln 2) + log2 255: the density at 8-bit levels",
    }
}

fn protocol(
    opened: &Opened,
    batches: &Batches,
    request: &EvaluateRequest,
    split: String,
    records: usize,
) -> Protocol {
    let names = |fields: &[FieldSpec]| fields.iter().map(|field| field.name.clone()).collect();
    let k = request.samples;
    let given = match opened.config.given_any() {
        true => Vec::new(),
        false => names(&opened.config.model.y),
    };
    Protocol {
        data: batches.source.description(),
        split,
        records,
        modelled: names(&opened.config.model.x),
        given,
        likelihoods: opened
            .config
            .model
            .x
            .iter()
            .map(|field| in_words(opened, field))
            .collect(),
        dimensions: None,
        tokens: None,
        samples: k,
        seed: request.seed,
        elbo: match opened.network.mixture() {
            None => format!("distortion averaged over {k} posterior samples, rate in closed form"),
            Some(_) => format!("both averaged over {k} posterior samples; the prior is a mixture"),
        },
        nll: format!("−log of the mean of {k} importance weights, posterior as proposal"),
        bits_per_dimension: None,
        epoch: opened.best_epoch().map_or(0, |record| record.epoch),
    }
}

/// How a modelled field is scored.
fn in_words(opened: &Opened, field: &FieldSpec) -> String {
    let how = match field.kind.image() {
        Some(image) => {
            let part = if image.region.is_whole() {
                "all"
            } else {
                image.region.name()
            };
            let likelihood = image.likelihood;
            format!(
                "{likelihood:?}, {part} pixels {}",
                pixels(opened, field, likelihood)
            )
        }
        None => field.kind.describe_likelihood(),
    };
    format!("{}: {how}", field.name)
}

fn pixels(opened: &Opened, field: &FieldSpec, likelihood: ImageLikelihood) -> String {
    let seed = opened.config.data.seed;
    match (opened.config.binarize_of(&field.name), likelihood) {
        (Binarize::Once, _) => format!("binarised once, seed {seed}"),
        (Binarize::Each, _) => {
            format!("binarised at each read in training; here binarised once, seed {seed}")
        }
        (Binarize::None, ImageLikelihood::Bernoulli) => {
            "as they are, scored with the binary cross-entropy".to_owned()
        }
        (Binarize::None, ImageLikelihood::DiscretizedLogistic) => "8-bit levels".to_owned(),
        (Binarize::None, _) => "as they are, on the scale [0, 1]".to_owned(),
    }
}
