//! One training run: epochs of steps, validation after each, checkpoints in between.

use std::time::Instant;

use burn::module::Module;
use burn::tensor::Tensor;
use elbo_core::network::conditional::Variation;
use elbo_core::objective::Loss;
use elbo_core::optimizer::Optimizer;
use elbo_core::parameters::Arrays;
use elbo_core::schedule::LearningRateSchedule;
use elbo_core::{Adam, Init, PriorKind, vector_instructions};
use elbo_data::noise::{Noise, Purpose};
use elbo_data::{Batch, shuffled};
use tracing::trace_span;

use super::guard::{Guard, Snapshot};
use super::prepare::Prepared;
use super::{Stopped, TrainReport, pictures, prior};
use crate::error::Error;
use crate::events::{Event, Events, Phase, TrainingStep, Warning};
use crate::model::batches::{Conditioning, DeviceBatch};
use crate::model::conditions::must_be_given;
use crate::model::tensors::open_device;
use crate::model::terms::{Scored, score};
use crate::run::{EpochRecord, TrainState};
use crate::verbs::REPORT_VERSION;

/// Seconds between checkpoints within an epoch, and least seconds between those at the ends of short epochs: those of a
/// small table take less time than a checkpoint.
const SAVE_SECONDS: u64 = 60;
const EPOCH_SECONDS: u64 = 2;
/// Seconds between redrawings of the pictures.
const DRAW_SECONDS: u64 = 20;
/// Below this rate, in nats, the latents are reported as unused; at 0.4 posterior means are still informative.
const LITTLE: f64 = 0.1;

/// A run in progress.
pub(super) struct Session {
    setup: Prepared,
    model: elbo_core::Model,
    optimizer: Optimizer,
    state: TrainState,
    schedule: LearningRateSchedule,
    guard: Guard,
    noise: Noise,
    began: Instant,
    saved: Instant,
    /// The best weights, where they are not saved yet.
    unsaved_best: Option<Arrays>,
    drawn: Option<Instant>,
}

/// Why an epoch ended.
enum EpochEnd {
    Complete,
    Interrupted,
}

impl Session {
    /// A fresh session, or one that stands where the run's checkpoint left it.
    pub(super) fn start(setup: Prepared, events: &Events) -> Result<Self, Error> {
        let config = &setup.config;
        let noise = Noise::new(config.training.seed);
        let device = open_device(&config.training.device)?.autodiff();
        let mut stream = 0;
        let mut uniform = |n: usize| {
            stream += 1;
            noise.uniform(Purpose::Init, 0, &[stream], n)
        };
        let mut model = elbo_core::Model::init(&config.model, &mut Init::new(&mut uniform, &device))?;
        let adam = Adam {
            weight_decay: config.training.weight_decay,
            ..Adam::default()
        };
        let clip_norm = Some(config.training.clip_norm).filter(|limit| *limit > 0.0);
        let mut optimizer = Optimizer::new(adam, clip_norm).averaging(config.plan.averaging);
        let mut state = TrainState::default();
        if let Some(checkpoint) = setup.dir.load_checkpoint()? {
            state = checkpoint.state;
            model = model.with_weights(checkpoint.weights)?;
            optimizer = optimizer
                .with_state(checkpoint.optimizer_steps, checkpoint.optimizer, &device.inner())
                .map_err(|name| setup.dir.torn_checkpoint(&name))?;
        }
        note_instructions(&mut state, events);
        setup.dir.truncate_metrics(state.metrics_bytes)?;
        let schedule = learning_rate_schedule(&setup);
        let guard = Guard::new(Snapshot {
            model: model.clone(),
            optimizer: optimizer.clone(),
            state: state.clone(),
        });
        let now = Instant::now();
        Ok(Self {
            setup,
            model,
            optimizer,
            state,
            schedule,
            guard,
            noise,
            began: now,
            saved: now,
            unsaved_best: None,
            drawn: None,
        })
    }

    /// Trains to the end, or until a stop is requested.
    pub(super) fn run(mut self, events: &Events) -> Result<TrainReport, Error> {
        let total = self.setup.config.plan.epochs * self.setup.steps_per_epoch();
        events.begin(Phase::Training, Some(total));
        events.advance(self.state.step);
        let stopped = self.epochs(events);
        events.end(Phase::Training);
        self.report(stopped?, events)
    }

    fn epochs(&mut self, events: &Events) -> Result<Stopped, Error> {
        loop {
            if self.state.epoch >= self.setup.config.plan.epochs {
                return self.finish(Stopped::Finished);
            }
            if self.patience_is_over() {
                return self.finish(Stopped::Early);
            }
            match self.epoch(events)? {
                EpochEnd::Complete => self.close_epoch(events)?,
                EpochEnd::Interrupted => {
                    self.save(self.snapshot())?;
                    return Ok(Stopped::Interrupted);
                }
            }
        }
    }

    fn patience_is_over(&self) -> bool {
        let patience = self.setup.config.plan.patience;
        patience > 0 && self.state.epochs_without_improvement >= patience
    }

    fn finish(&mut self, stopped: Stopped) -> Result<Stopped, Error> {
        self.state.finished = true;
        self.save(self.snapshot())?;
        let network = match self.setup.config.model.prior {
            PriorKind::Mixture => trace_span!("prior").in_scope(|| prior::refit(&self.setup, self.kept()))?,
            PriorKind::Standard | PriorKind::Learned => self.kept(),
        };
        trace_span!("pictures").in_scope(|| pictures::draw(&self.setup, &network))?;
        Ok(stopped)
    }

    /// The rest of the current epoch.
    fn epoch(&mut self, events: &Events) -> Result<EpochEnd, Error> {
        let order = shuffled(&self.setup.rows.train, self.noise, self.state.epoch);
        let batches = order.chunks(self.setup.config.batch).map(<[u64]>::to_vec);
        let rest: Vec<_> = batches.skip(self.state.step_in_epoch as usize).collect();
        let mut batches = self.setup.batches.for_training(rest, self.state.epoch)?;
        while let Some(batch) = trace_span!("waiting for data").in_scope(|| batches.next()) {
            if events.cancel().is_requested() {
                return Ok(EpochEnd::Interrupted);
            }
            let batch = batch?;
            self.setup.report_problems(&batch.problems, events);
            if let Some(what) = self.step(batch)? {
                self.roll_back(what, events)?;
                return self.epoch(events);
            }
            self.checkpoint_if_due()?;
            events.emit(&Event::Step {
                steps: 1,
                training: Some(self.standing()),
            });
        }
        Ok(EpochEnd::Complete)
    }

    /// One step. What was not finite, if anything: the step is then undone by [`Self::roll_back`].
    fn step(&mut self, batch: Batch) -> Result<Option<&'static str>, Error> {
        let _span = trace_span!("training step").entered();
        let step = self.state.step;
        if !batch.is_empty() {
            let (config, batches) = (&self.setup.config, &self.setup.batches);
            let conditioning = Conditioning::Random {
                step,
                purpose: Purpose::Conditions,
                hidden: config.given_dropout,
            };
            let records = batches.observations(&batch, &conditioning)?;
            let upload = || batches.upload_for_training(&records, step, config.word_dropout);
            let records = trace_span!("upload").in_scope(upload);
            let loss = self.loss(&records);
            let values = LossValues::of(&loss);
            if !values.total.is_finite() {
                return Ok(Some("loss"));
            }
            let gradients = trace_span!("backward").in_scope(|| loss.total.backward());
            let rate = config.plan.learning_rate * self.schedule.factor(step) * self.state.rate_factor;
            let update = || self.optimizer.step(&mut self.model, gradients, rate);
            if trace_span!("optimizer").in_scope(update).is_err() {
                return Ok(Some("gradient"));
            }
            self.state
                .sums
                .add(values.distortion, values.rate, batch.len() as u64);
        }
        self.state.step += 1;
        self.state.step_in_epoch += 1;
        Ok(None)
    }

    fn loss(&self, records: &DeviceBatch) -> Loss {
        let config = &self.setup.config;
        let step = self.state.step;
        let samples = config.objective.samples;
        let eps = trace_span!("noise").in_scope(|| {
            let latent = self.model.latent();
            let batches = &self.setup.batches;
            batches.eps(Purpose::Posterior, step, &records.rows, samples, latent)
        });
        let _span = trace_span!("forward").entered();
        let order = self.order(step);
        let beta = self.beta_factor(step);
        let (x, y) = (&records.x, &records.y);
        let objective = &config.objective;
        let kept = self.kept_features(step, &records.rows);
        let variation = Variation {
            order: order.as_deref(),
            kept: kept.as_ref(),
        };
        objective.loss_in(variation, &self.model, (x, y), eps, beta)
    }

    /// Number of modelled fields that have levels.
    fn with_levels(&self) -> usize {
        let fields = self.setup.config.model.x.iter();
        fields.filter(|field| field.kind.levels() > 0).count()
    }

    /// What the features of the fields with levels are multiplied by in a step; none: 1.
    fn kept_features(&self, step: u64, rows: &[u64]) -> Option<Tensor<2>> {
        let config = &self.setup.config;
        let (features, dropped) = (
            self.with_levels() * config.model.network.chain,
            config.plan.dropout,
        );
        let batches = &self.setup.batches;
        (dropped > 0.0 && features > 0).then(|| batches.kept_features(step, rows, features, dropped))
    }

    /// The order in which the fields with levels are predicted in a step; none: that of the record.
    fn order(&self, step: u64) -> Option<Vec<usize>> {
        let config = &self.setup.config;
        if config.plan.shuffled_fields == 0.0 {
            return None;
        }
        let fields = self.with_levels();
        let draws = self.noise.uniform(Purpose::FieldOrder, step, &[0], fields + 1);
        let (at_random, ranks) = draws.split_first()?;
        let mut order: Vec<usize> = (0..fields).collect();
        order.sort_by(|a, b| ranks[*a].total_cmp(&ranks[*b]));
        (f64::from(*at_random) < config.plan.shuffled_fields).then_some(order)
    }

    /// The model that is validated and kept.
    fn kept(&self) -> elbo_core::Model {
        self.optimizer.averaged(&self.model).valid()
    }

    /// The factor on β at a step.
    fn beta_factor(&self, step: u64) -> f64 {
        let config = &self.setup.config;
        let warmup_steps = (config.warmup_epochs * self.setup.steps_per_epoch() as f64) as u64;
        config.warmup.factor(step, warmup_steps)
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot {
            model: self.model.clone(),
            optimizer: self.optimizer.clone(),
            state: self.state.clone(),
        }
    }

    /// Every so many steps the state becomes the new good state. After some time it is saved, however few steps that
    /// were: all its numbers are finite. If one of the next steps is not finite, a run that was resumed there goes back
    /// to the saved state, and one that was not interrupted to the last good one.
    fn checkpoint_if_due(&mut self) -> Result<(), Error> {
        if Guard::is_due(self.state.step) {
            self.guard.keep(self.snapshot());
        }
        if self.saved.elapsed().as_secs() >= SAVE_SECONDS {
            self.save(self.snapshot())?;
        }
        Ok(())
    }

    /// Saves the best weights, if they are new, and the state.
    fn save(&mut self, snapshot: Snapshot) -> Result<(), Error> {
        let _span = trace_span!("checkpoint").entered();
        if let Some(best) = self.unsaved_best.take() {
            self.setup.dir.save_prior(None)?;
            self.setup.dir.save_best(&best)?;
        }
        let (steps, moments) = snapshot.optimizer.state();
        self.setup
            .dir
            .save_checkpoint(&snapshot.state, &snapshot.model.weights(), steps, &moments)?;
        self.saved = Instant::now();
        Ok(())
    }

    fn roll_back(&mut self, what: &'static str, events: &Events) -> Result<(), Error> {
        let step = self.state.step;
        let good = self.guard.roll_back(what, step)?;
        events.warn(Warning::RolledBack {
            what,
            step,
            to: good.state.step,
            rate_factor: good.state.rate_factor,
        });
        (self.model, self.optimizer, self.state) = (good.model, good.optimizer, good.state);
        Ok(())
    }

    /// Validation, bookkeeping, checkpoint and pictures after the last step of an epoch.
    fn close_epoch(&mut self, events: &Events) -> Result<(), Error> {
        let model = self.kept();
        let scored = || score(&model, &self.setup.batches, &self.setup.rows.validation);
        let Scored {
            terms: validation,
            median,
            rate_per_unit,
        } = trace_span!("validation").in_scope(scored)?;
        if !validation.elbo.is_finite() {
            return self.roll_back("validation loss", events);
        }
        let train = self.state.sums.mean();
        self.state.epoch += 1;
        self.state.step_in_epoch = 0;
        self.state.sums = Default::default();
        let rising = self.beta_factor(self.state.step.saturating_sub(1)) < 1.0;
        // The latents are to use what is free of cost, which the bound alone would hold against them.
        let free = self.setup.config.objective.free_bits;
        let charged: f64 = rate_per_unit.iter().map(|rate| rate.max(free)).sum();
        let bound = -(validation.distortion + charged);
        let improved = self.state.note_validation(bound, rising);
        let record = EpochRecord {
            epoch: self.state.epoch,
            step: self.state.step,
            train,
            validation,
            validation_median: median,
            rate_per_unit,
            best: improved,
        };
        if improved {
            self.unsaved_best = Some(model.weights());
        }
        self.state.metrics_bytes = self.setup.dir.append_metrics(&record)?;
        self.guard.keep(self.snapshot());
        if self.state.epoch == 1 || self.saved.elapsed().as_secs() >= EPOCH_SECONDS {
            self.save(self.snapshot())?;
        }
        events.emit(&Event::Epoch {
            record,
            epochs: self.setup.config.plan.epochs,
        });
        self.draw_if_due(&model)
    }

    fn draw_if_due(&mut self, model: &elbo_core::Model) -> Result<(), Error> {
        if self
            .drawn
            .is_none_or(|drawn| drawn.elapsed().as_secs() >= DRAW_SECONDS)
        {
            trace_span!("pictures").in_scope(|| pictures::draw(&self.setup, model))?;
            self.drawn = Some(Instant::now());
        }
        Ok(())
    }

    /// Where training stands within its epoch.
    fn standing(&self) -> TrainingStep {
        TrainingStep {
            epoch: self.state.epoch + 1,
            epochs: self.setup.config.plan.epochs,
            elbo: self.state.sums.mean().elbo,
        }
    }

    fn report(self, stopped: Stopped, events: &Events) -> Result<TrainReport, Error> {
        let history = self.setup.dir.history()?;
        let best = history.iter().rev().find(|record| record.best);
        if let Some(rate) = best
            .map(|best| best.validation.rate)
            .filter(|rate| *rate < LITTLE)
        {
            events.note(format!(
                "the latents carry almost no information about a record, {rate:.2} nats: reconstructions, embeddings \
                 and maps will show little. For these, try `objective.free_bits = 0.05`, which keeps every unit in use"
            ));
        }
        Ok(TrainReport {
            version: REPORT_VERSION,
            run: self.setup.dir.path().to_owned(),
            stopped,
            epochs: self.state.epoch,
            best_epoch: best.map_or(0, |record| record.epoch),
            train: history.last().map(|record| record.train),
            validation: best.map(|record| record.validation),
            weights: self.model.num_params() as u64,
            samples: match self.setup.config.has_pictures() {
                true => "samples.png",
                false => "samples.csv",
            },
            must_be_given: must_be_given(&self.setup.config, &self.setup.schema)
                .map(|field| field.name.clone()),
            seconds: self.began.elapsed().as_secs_f64(),
        })
    }
}

/// Warns where a training goes on with other vector instructions than it began with.
fn note_instructions(state: &mut TrainState, events: &Events) {
    let now = vector_instructions();
    if !state.instructions.is_empty() && state.instructions != now {
        events.warn(Warning::OtherProcessor {
            began: state.instructions.clone(),
            now,
        });
    }
    now.clone_into(&mut state.instructions);
}

/// The numbers of a step's loss, on the host.
struct LossValues {
    total: f64,
    distortion: f64,
    rate: f64,
}

impl LossValues {
    fn of(loss: &Loss) -> Self {
        let number = |tensor: &Tensor<1>| f64::from(tensor.clone().into_scalar::<f32>());
        Self {
            total: number(&loss.total),
            distortion: number(&loss.distortion),
            rate: number(&loss.rate),
        }
    }
}

fn learning_rate_schedule(setup: &Prepared) -> LearningRateSchedule {
    let (training, plan) = (&setup.config.training, &setup.config.plan);
    let per_epoch = setup.steps_per_epoch();
    LearningRateSchedule {
        kind: plan.schedule,
        warmup: plan.lr_warmup_steps,
        total: plan.epochs * per_epoch,
        milestones: training
            .milestones
            .iter()
            .map(|epoch| epoch * per_epoch)
            .collect(),
        decay: training.decay,
    }
}
