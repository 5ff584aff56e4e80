//! One training run: epochs of steps, validation after each, checkpoints in between.

use std::time::Instant;

use burn::module::Module;
use burn::tensor::Tensor;
use elbo_core::objective::Loss;
use elbo_core::optimizer::Optimizer;
use elbo_core::schedule::LearningRateSchedule;
use elbo_core::{Adam, Init, Model};
use elbo_data::noise::{Noise, Purpose};
use elbo_data::{Batch, shuffled};
use tracing::trace_span;

use super::guard::{Guard, Snapshot};
use super::prepare::Prepared;
use super::{Stopped, TrainReport, pictures};
use crate::batches::{Given, Records};
use crate::conditions::must_be_given;
use crate::error::Error;
use crate::progress::Progress;
use crate::run_dir::EpochRecord;
use crate::run_dir::TrainState;
use crate::terms::{Scored, score};

/// Seconds between checkpoints within an epoch, and between redrawings of the pictures.
const SAVE_SECONDS: u64 = 60;
const DRAW_SECONDS: u64 = 20;
/// A rate below this, in nats, is as good as none; posterior means still tell much at 0.4.
const LITTLE: f64 = 0.1;

/// A run in progress.
pub(super) struct Session {
    setup: Prepared,
    model: Model,
    optimizer: Optimizer,
    state: TrainState,
    schedule: LearningRateSchedule,
    guard: Guard,
    noise: Noise,
    began: Instant,
    saved: Instant,
    drawn: Option<Instant>,
}

/// Why an epoch ended.
enum EpochEnd {
    Complete,
    Interrupted,
}

impl Session {
    /// A fresh session, or one that stands where the run's checkpoint left it.
    pub(super) fn start(setup: Prepared) -> Result<Self, Error> {
        let config = &setup.config;
        let noise = Noise::new(config.training.seed);
        let device = crate::tensors::open_device(&config.training.device)?.autodiff();
        let mut stream = 0;
        let mut uniform = |n: usize| {
            stream += 1;
            noise.uniform(Purpose::Init, 0, &[stream], n)
        };
        let mut model = Model::init(&config.model, &mut Init::new(&mut uniform, &device))?;
        let adam = Adam {
            weight_decay: config.training.weight_decay,
            ..Adam::default()
        };
        let mut optimizer =
            Optimizer::new(adam, Some(config.training.clip_norm).filter(|limit| *limit > 0.0));
        let mut state = TrainState::default();
        if let Some(checkpoint) = setup.dir.load_checkpoint()? {
            state = checkpoint.state;
            model = model.with_weights(checkpoint.weights)?;
            optimizer = optimizer
                .with_state(checkpoint.optimizer_steps, checkpoint.optimizer, &device.inner())
                .map_err(|name| setup.dir.torn_checkpoint(&name))?;
        }
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
            drawn: None,
        })
    }

    /// Trains to the end, or until a stop is asked for.
    pub(super) fn run(mut self, progress: &dyn Progress) -> Result<TrainReport, Error> {
        let total = self.setup.config.training.epochs * self.setup.steps_per_epoch();
        progress.begin("training", Some(total));
        progress.advance(self.state.step, "");
        let stopped = self.epochs(progress);
        progress.end();
        self.report(stopped?, progress)
    }

    fn epochs(&mut self, progress: &dyn Progress) -> Result<Stopped, Error> {
        loop {
            if self.state.epoch >= self.setup.config.training.epochs {
                return self.finish(Stopped::Finished);
            }
            if self.patience_is_over() {
                return self.finish(Stopped::Early);
            }
            match self.epoch(progress)? {
                EpochEnd::Complete => self.close_epoch(progress)?,
                EpochEnd::Interrupted => {
                    self.save(self.guard.good())?;
                    return Ok(Stopped::Interrupted);
                }
            }
        }
    }

    fn patience_is_over(&self) -> bool {
        let patience = self.setup.config.training.patience;
        patience > 0 && self.state.epochs_without_improvement >= patience
    }

    fn finish(&mut self, stopped: Stopped) -> Result<Stopped, Error> {
        self.state.finished = true;
        self.save(&self.snapshot())?;
        trace_span!("pictures").in_scope(|| pictures::draw(&self.setup, &self.model.valid()))?;
        Ok(stopped)
    }

    /// The rest of the current epoch.
    fn epoch(&mut self, progress: &dyn Progress) -> Result<EpochEnd, Error> {
        let order = shuffled(&self.setup.rows.train, self.noise, self.state.epoch);
        let batches = order.chunks(self.setup.config.batch).map(<[u64]>::to_vec);
        let rest: Vec<_> = batches.skip(self.state.step_in_epoch as usize).collect();
        let mut batches = self.setup.batches.for_training(rest, self.state.epoch)?;
        while let Some(batch) = trace_span!("waiting for data").in_scope(|| batches.next()) {
            if progress.stop_requested() {
                return Ok(EpochEnd::Interrupted);
            }
            let batch = batch?;
            self.setup.report_problems(&batch.problems, progress);
            if let Some(what) = self.step(batch)? {
                self.roll_back(what, progress)?;
                return self.epoch(progress);
            }
            self.checkpoint_if_due()?;
            progress.advance(1, &self.status());
        }
        Ok(EpochEnd::Complete)
    }

    /// One step. What was not finite, if anything: the step is then undone by [`Self::roll_back`].
    fn step(&mut self, batch: Batch) -> Result<Option<&'static str>, Error> {
        let _span = trace_span!("training step").entered();
        let step = self.state.step;
        if !batch.is_empty() {
            let (config, batches) = (&self.setup.config, &self.setup.batches);
            let given = Given::Drawn {
                step,
                purpose: Purpose::GivenDropout,
                hidden: config.given_dropout,
            };
            let host = batches.host(&batch, given)?;
            let upload = || batches.upload_for_training(&host, step, config.word_dropout);
            let records = trace_span!("upload").in_scope(upload);
            let loss = self.loss(&records);
            let values = LossValues::of(&loss);
            if !values.total.is_finite() {
                return Ok(Some("loss"));
            }
            let gradients = trace_span!("backward").in_scope(|| loss.total.backward());
            let rate = config.training.learning_rate * self.schedule.factor(step) * self.state.rate_factor;
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

    fn loss(&self, records: &Records) -> Loss {
        let config = &self.setup.config;
        let step = self.state.step;
        let samples = config.objective.samples;
        let eps = trace_span!("noise").in_scope(|| {
            let latent = self.model.latent();
            let batches = &self.setup.batches;
            batches.eps(Purpose::Posterior, step, &records.rows, samples, latent)
        });
        let _span = trace_span!("forward").entered();
        config
            .objective
            .loss(&self.model, &records.x, &records.y, eps, self.beta_factor(step))
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

    /// Every so many steps the state becomes the new good state; now and then it is saved too.
    fn checkpoint_if_due(&mut self) -> Result<(), Error> {
        if !Guard::is_due(self.state.step) {
            return Ok(());
        }
        self.guard.keep(self.snapshot());
        if self.saved.elapsed().as_secs() >= SAVE_SECONDS {
            self.save(self.guard.good())?;
            self.saved = Instant::now();
        }
        Ok(())
    }

    fn save(&self, snapshot: &Snapshot) -> Result<(), Error> {
        let _span = trace_span!("checkpoint").entered();
        let (steps, moments) = snapshot.optimizer.state();
        self.setup
            .dir
            .save_checkpoint(&snapshot.state, &snapshot.model.weights(), steps, &moments)
    }

    fn roll_back(&mut self, what: &'static str, progress: &dyn Progress) -> Result<(), Error> {
        let step = self.state.step;
        let good = self.guard.roll_back(what, step)?;
        progress.warn(&format!(
            "the {what} was not finite at step {step}: back to step {}, learning rate × {}",
            good.state.step, good.state.rate_factor
        ));
        (self.model, self.optimizer, self.state) = (good.model, good.optimizer, good.state);
        Ok(())
    }

    /// Validation, bookkeeping, checkpoint and pictures after the last step of an epoch.
    fn close_epoch(&mut self, progress: &dyn Progress) -> Result<(), Error> {
        let model = self.model.valid();
        let scored = || score(&model, &self.setup.batches, &self.setup.rows.validation);
        let Scored {
            terms: validation,
            rate_per_unit,
        } = trace_span!("validation").in_scope(scored)?;
        if !validation.elbo.is_finite() {
            return self.roll_back("validation loss", progress);
        }
        let train = self.state.sums.mean();
        self.state.epoch += 1;
        self.state.step_in_epoch = 0;
        self.state.sums = Default::default();
        let rising = self.beta_factor(self.state.step.saturating_sub(1)) < 1.0;
        let improved = self.state.note_validation(&validation, rising);
        let record = EpochRecord {
            epoch: self.state.epoch,
            step: self.state.step,
            train,
            validation,
            rate_per_unit,
            best: improved,
        };
        if improved {
            self.setup.dir.save_best(&model.weights())?;
        }
        self.state.metrics_bytes = self.setup.dir.append_metrics(&record)?;
        self.guard.keep(self.snapshot());
        self.save(self.guard.good())?;
        self.saved = Instant::now();
        progress.note(&self.epoch_line(&record));
        self.draw_if_due(&model)
    }

    fn draw_if_due(&mut self, model: &Model) -> Result<(), Error> {
        if self
            .drawn
            .is_none_or(|drawn| drawn.elapsed().as_secs() >= DRAW_SECONDS)
        {
            trace_span!("pictures").in_scope(|| pictures::draw(&self.setup, model))?;
            self.drawn = Some(Instant::now());
        }
        Ok(())
    }

    fn status(&self) -> String {
        let terms = self.state.sums.mean();
        format!(
            "epoch {}/{}  −ELBO {:.2}",
            self.state.epoch + 1,
            self.setup.config.training.epochs,
            -terms.elbo
        )
    }

    fn epoch_line(&self, record: &EpochRecord) -> String {
        format!(
            "epoch {}/{}: −ELBO train {:.2}, validation {:.2} nats (distortion {:.2}, rate {:.2}){}",
            record.epoch,
            self.setup.config.training.epochs,
            -record.train.elbo,
            -record.validation.elbo,
            record.validation.distortion,
            record.validation.rate,
            if record.best { ", best" } else { "" }
        )
    }

    fn report(self, stopped: Stopped, progress: &dyn Progress) -> Result<TrainReport, Error> {
        let history = self.setup.dir.history()?;
        let best = history.iter().rev().find(|record| record.best);
        if let Some(rate) = best
            .map(|best| best.validation.rate)
            .filter(|rate| *rate < LITTLE)
        {
            progress.note(&format!(
                "the latents tell next to nothing of a record, {rate:.2} nats: reconstructions, embeddings and maps \
                 will show little. For these, `--set objective.free_bits=0.05` has each unit tell as much"
            ));
        }
        Ok(TrainReport {
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
    let training = &setup.config.training;
    let per_epoch = setup.steps_per_epoch();
    LearningRateSchedule {
        kind: training.schedule,
        warmup: training.lr_warmup_steps,
        total: training.epochs * per_epoch,
        milestones: training
            .milestones
            .iter()
            .map(|epoch| epoch * per_epoch)
            .collect(),
        decay: training.decay,
    }
}
