//! From settings as written to settings that can run: every automatic choice made, and everything
//! checked together and against the data.

use std::sync::Arc;

use burn::tensor::Device;
use elbo_core::field::text::TextShape;
use elbo_core::schedule::{BetaWarmup, LearningRate};
use elbo_core::{FieldKind, FieldSpec, ImageLikelihood, ModelConfig, Objective};
use elbo_data::kind::image::ImageStats;
use elbo_data::{DataError, Kind, OpenOptions, Schema, Source, SplitConfig, SplitRows};

use super::layer::Layer;
use super::roles::{self, Role, Roles};
use super::sections::{DataSection, ModelSection, NetworkSection, ObjectiveSection, TrainingSection};
use super::{RunConfig, choose, together};
use crate::Error;
use crate::tensors::open_device;

/// The settings of a run that can run. Only [`RunConfig::check`] makes them.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CheckedConfig {
    /// What is read; sizes, fields and channels are set.
    pub data: DataSection,
    /// The model's shape.
    pub model: ModelConfig,
    /// What is minimised.
    pub objective: Objective,
    /// How β rises.
    pub warmup: BetaWarmup,
    /// Epochs of the rise, or of a cycle.
    pub warmup_epochs: f64,
    /// Chance that a given field is hidden in a training step.
    pub given_dropout: f64,
    /// Chance that the decoder is not shown a token in a training step.
    pub word_dropout: f64,
    /// Records of a step.
    pub batch: usize,
    /// How it is minimised.
    pub training: TrainingSection,
}

impl RunConfig {
    /// Opens the data that the settings name.
    ///
    /// # Errors
    /// [`Error::NoData`], and what is wrong with the data.
    pub fn open_data(&self) -> Result<Arc<dyn Source>, Error> {
        open(self.data.source.as_deref(), &self.open_options())
    }

    /// The rows to train on, to validate on and to test on.
    ///
    /// # Errors
    /// Shares that leave a split without records.
    pub fn split(&self, source: &dyn Source) -> Result<SplitRows, Error> {
        Ok(elbo_data::split_rows(source, &self.split_config())?)
    }

    /// The seed of all that concerns the data: division, binarisation, statistics.
    pub fn seed(&self) -> u64 {
        self.data.seed
    }

    /// Makes every automatic choice and checks all settings together, for data of this schema with
    /// `records` records to train on. Returns notes on what was chosen.
    ///
    /// The result, written with [`CheckedConfig::to_toml`], read back and checked again, is the same.
    ///
    /// # Errors
    /// The first setting that is impossible by itself, beside another, or with these data.
    pub fn check(&self, schema: &Schema, records: usize) -> Result<(CheckedConfig, Vec<String>), Error> {
        // A config made by a program has not been through `resolve`.
        Layer::table(&self.to_table()?)?;
        together::check(self)?;
        let mut notes = Vec::new();
        let batch = choose::batch(self.training.batch, records)?;
        let checked = self.chosen(schema, batch, &mut notes)?;
        checked.model.check()?;
        self.note_unused(&mut notes);
        Ok((checked, notes))
    }

    fn chosen(&self, schema: &Schema, batch: usize, notes: &mut Vec<String>) -> Result<CheckedConfig, Error> {
        let roles = roles::roles(schema, self.data.model.as_deref(), &self.data.given)?;
        let (model, data) = self.model_of(&roles, notes)?;
        let ObjectiveSection {
            beta,
            distortion_weight,
            samples,
            ..
        } = self.objective;
        let guards = choose::guards(&self.objective, &model.x, self.training.epochs);
        Ok(CheckedConfig {
            data,
            model,
            objective: Objective {
                distortion_weight,
                beta,
                free_bits: guards.free_bits,
                samples,
            },
            warmup: guards.warmup,
            warmup_epochs: guards.warmup_epochs,
            given_dropout: self.objective.given_dropout,
            word_dropout: self.objective.word_dropout,
            training: TrainingSection {
                batch: Some(batch),
                ..self.training.clone()
            },
            batch,
        })
    }

    /// The model of these fields, and the section of the data with its choices made.
    fn model_of(&self, roles: &Roles, notes: &mut Vec<String>) -> Result<(ModelConfig, DataSection), Error> {
        let images = choose::images(roles.modelled.iter().chain(&roles.given));
        let mut network = choose::network(&self.network, &images, notes);
        let x = roles.modelled.iter().map(|role| {
            let likelihood = |stats: &ImageStats| choose::likelihood(self, &role.field.name, stats, notes);
            spec(role, &self.network, likelihood)
        });
        let x = x.collect::<Result<Vec<_>, Error>>()?;
        // A given picture has no likelihood, but its pixels enter as those of a modelled one do.
        let y = roles.given.iter().map(|role| {
            let likelihood =
                |stats: &ImageStats| choose::likelihood(self, &role.field.name, stats, &mut vec![]);
            spec(role, &self.network, likelihood)
        });
        let y = y.collect::<Result<Vec<_>, Error>>()?;
        network.chain = choose::chain(&self.network, &x);
        let prior = choose::prior(self.model.prior, &y);
        let mut data = self.data.clone();
        data.model = Some(x.iter().map(|field| field.name.clone()).collect());
        choose::picture_form(&mut data, &images);
        Ok((
            ModelConfig {
                x,
                y,
                latent: self.model.latent,
                network,
                prior,
            },
            data,
        ))
    }

    /// Notes on settings that are set but change nothing.
    fn note_unused(&self, notes: &mut Vec<String>) {
        let defaults = TrainingSection::default();
        if self.training.schedule != LearningRate::Step && self.training.milestones != defaults.milestones {
            notes.push("`training.milestones` changes nothing: the schedule is not `step`".to_owned());
        }
    }
}

impl CheckedConfig {
    /// The settings, with every choice written out.
    pub fn settings(&self) -> RunConfig {
        let network = &self.model.network;
        let Objective {
            distortion_weight,
            beta,
            free_bits,
            samples,
        } = self.objective;
        RunConfig {
            data: self.data.clone(),
            model: ModelSection {
                latent: self.model.latent,
                likelihood: choose::common_likelihood(&self.model.x),
                prior: Some(self.model.prior),
            },
            network: NetworkSection {
                kind: Some(network.kind),
                hidden: Some(network.hidden.clone()),
                channels: Some(network.channels.clone()),
                residual_blocks: network.residual_blocks,
                activation: network.activation,
                embedding: network.embedding,
                chain: Some(network.chain),
                text_channels: self.text_shape().map(|shape| shape.channels),
                text_layers: self.text_shape().map(|shape| shape.layers),
                precision: network.precision,
            },
            objective: ObjectiveSection {
                beta,
                distortion_weight,
                free_bits: Some(free_bits),
                samples,
                warmup: Some(self.warmup),
                warmup_epochs: Some(self.warmup_epochs),
                given_dropout: self.given_dropout,
                word_dropout: self.word_dropout,
            },
            training: self.training.clone(),
        }
    }

    fn text_shape(&self) -> Option<TextShape> {
        let mut fields = self.model.x.iter().chain(&self.model.y);
        fields.find_map(|field| match &field.kind {
            FieldKind::Text(shape) => Some(*shape),
            _ => None,
        })
    }

    /// The settings as TOML, each with its meaning above it.
    ///
    /// # Errors
    /// None that a checked config meets.
    pub fn to_toml(&self) -> Result<String, Error> {
        self.settings().to_toml()
    }

    /// What computes.
    ///
    /// # Errors
    /// [`Error::NoDevice`] for one that this build or this machine does not have.
    pub fn device(&self) -> Result<Device, Error> {
        open_device(&self.training.device)
    }

    /// Whether a picture is modelled.
    pub fn has_pictures(&self) -> bool {
        let mut fields = self.model.x.iter();
        fields.any(|field| matches!(field.kind, FieldKind::Image { .. }))
    }

    /// Whether any fields can be given, and the others are then drawn.
    pub fn given_any(&self) -> bool {
        roles::is_any(&self.data.given)
    }

    /// Whether a given field may be left open: the model saw it so.
    pub fn may_leave_open(&self) -> bool {
        self.given_any() || self.given_dropout > 0.0
    }

    /// As [`RunConfig::open_options`].
    pub fn open_options(&self) -> OpenOptions {
        self.settings().open_options()
    }

    /// As [`RunConfig::split_config`].
    pub fn split_config(&self) -> SplitConfig {
        self.settings().split_config()
    }

    /// As [`RunConfig::open_data`].
    ///
    /// # Errors
    /// As there.
    pub fn open_data(&self) -> Result<Arc<dyn Source>, Error> {
        open(self.data.source.as_deref(), &self.open_options())
    }

    /// As [`RunConfig::split`].
    ///
    /// # Errors
    /// As there.
    pub fn split(&self, source: &dyn Source) -> Result<SplitRows, Error> {
        Ok(elbo_data::split_rows(source, &self.split_config())?)
    }
}

fn open(source: Option<&str>, options: &OpenOptions) -> Result<Arc<dyn Source>, Error> {
    Ok(elbo_data::open(source.ok_or(Error::NoData)?, options)?)
}

/// What the model must know of a field.
fn spec(
    role: &Role,
    network: &NetworkSection,
    likelihood: impl FnOnce(&ImageStats) -> Result<ImageLikelihood, Error>,
) -> Result<FieldSpec, Error> {
    let field = role.field;
    let kind = match &field.kind {
        Kind::Image(stats) => FieldKind::Image {
            shape: choose::shape(stats),
            likelihood: likelihood(stats)?,
            region: role.region,
        },
        Kind::Text(text) => FieldKind::Text(choose::text(network, text)),
        Kind::Category(_) => FieldKind::Category {
            levels: field.levels(),
        },
        Kind::Flag(_) => FieldKind::Flag {
            missing: field.can_miss(),
        },
        Kind::Number(_) | Kind::Date(_) => FieldKind::Number {
            log_widths: field.log_widths(),
        },
        // `Schema::field` has refused it already.
        Kind::Ignored(ignored) => return Err(DataError::ignored(&field.name, ignored).into()),
    };
    Ok(FieldSpec {
        name: field.name.clone(),
        kind,
    })
}

#[cfg(test)]
mod tests;
