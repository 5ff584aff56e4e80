//! From settings as written to settings that can run: every automatic choice is made, and all settings are checked
//! together and against the data.

use std::collections::BTreeMap;
use std::sync::Arc;

use burn::tensor::Device;
use elbo_core::TextShape;
use elbo_core::schedule::{BetaWarmup, LearningRate};
use elbo_core::{FieldKind, FieldSpec, ImageLikelihood, ModelConfig, NumberBin, Objective};
use elbo_data::kind::Form;
use elbo_data::kind::image::ImageStats;
use elbo_data::kind::number::NumberLevel;
use elbo_data::{Binarize, DataError, OpenOptions, Schema, Source, SplitConfig, SplitRows};

use super::layer::Layer;
use super::plan::{Plan, Scale};
use super::roles::{self, ANY, Role, Roles};
use super::sections::{DataSection, ModelSection, NetworkSection, ObjectiveSection, TrainingSection};
use super::{FieldSection, RunConfig, choose, fields, picture, together};
use crate::Error;
use crate::model::tensors::open_device;

/// Settings that can run. Only [`RunConfig::check`] returns them.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CheckedConfig {
    /// The data; sizes, fields and channels are set.
    pub data: DataSection,
    /// The model's shape.
    pub model: ModelConfig,
    /// p(x|z,y) of pictures without a likelihood of their own; `None`: chosen from the data again.
    pub likelihood: Option<ImageLikelihood>,
    /// Settings of single fields, by name.
    pub fields: BTreeMap<String, FieldSection>,
    /// The loss.
    pub objective: Objective,
    /// How β rises.
    pub warmup: BetaWarmup,
    /// Epochs of the rise, or of a cycle.
    pub warmup_epochs: f64,
    /// Probability that a given field is hidden in a training step.
    pub given_dropout: f64,
    /// Probability that a token is hidden from the decoder in a training step.
    pub word_dropout: f64,
    /// Number of records in a step.
    pub batch: usize,
    /// The optimisation as settings.
    pub training: TrainingSection,
    /// How the model is trained.
    pub plan: Plan,
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

    /// The seed for the data: split, binarisation, statistics.
    pub fn seed(&self) -> u64 {
        self.data.seed
    }

    /// The names of the given fields of data of this schema, whole.
    pub(crate) fn given(&self, schema: &Schema) -> Vec<String> {
        roles::whole_names(schema, &self.data.given)
    }

    /// Makes every automatic choice and checks all settings together, for data of this schema with
    /// `records` records to train on. Returns notes on what was chosen.
    ///
    /// The result, written with [`CheckedConfig::to_toml`], read back and checked again, is the same.
    ///
    /// # Errors
    /// The first setting that is impossible by itself, beside another, or with these data.
    pub fn check(&self, schema: &Schema, records: usize) -> Result<(CheckedConfig, Vec<String>), Error> {
        let mut whole = self.clone();
        whole.data.given = self.given(schema);
        whole.data.model = self
            .data
            .model
            .as_ref()
            .map(|names| roles::whole_names(schema, names));
        whole.check_named(schema, records)
    }

    /// As [`Self::check`], of a config whose names of fields are whole.
    fn check_named(&self, schema: &Schema, records: usize) -> Result<(CheckedConfig, Vec<String>), Error> {
        // A config that a program built has not been through `resolve`.
        Layer::table(&self.to_table()?)?;
        together::check(self)?;
        let mut notes = Vec::new();
        fields::check(self, schema)?;
        let roles = roles::roles(schema, self.data.model.as_deref(), &self.data.given)?;
        let scale = Scale::new(roles.modelled.iter().map(|role| role.field), records);
        let mut checked = self.chosen(&roles, scale, &mut notes)?;
        let found = || schema.rules.iter().map(|kept| kept.rule.clone()).collect();
        checked.data.rules.get_or_insert_with(found);
        checked.model.check()?;
        notes.extend(schema.notes());
        self.note_unused(&mut notes);
        fields::note_unused(self, &roles, &mut notes);
        Ok((checked, notes))
    }

    fn chosen(&self, roles: &Roles, scale: Scale, notes: &mut Vec<String>) -> Result<CheckedConfig, Error> {
        let batch = choose::batch(self.training.batch, scale, notes);
        let plan = scale.plan(&self.training, batch);
        let (model, data) = self.model_of(roles, scale, notes)?;
        let ObjectiveSection {
            beta,
            distortion_weight,
            samples,
            ..
        } = self.objective;
        let fields = (&model.x[..], &model.y[..]);
        let guards = choose::guards(&self.objective, fields, (scale, model.latent), plan.epochs);
        let mut fields = self.fields.clone();
        fields.retain(|_, section| *section != FieldSection::default());
        Ok(CheckedConfig {
            data,
            likelihood: picture::common_likelihood(self, &model.x, &model.y),
            model,
            fields,
            objective: Objective {
                distortion_weight,
                beta,
                free_bits: guards.free_bits,
                discrepancy: guards.discrepancy,
                auxiliary: guards.auxiliary,
                samples,
            },
            warmup: guards.warmup,
            warmup_epochs: guards.warmup_epochs,
            given_dropout: self.objective.given_dropout,
            word_dropout: self.objective.word_dropout,
            training: plan.into_section(&self.training, batch),
            plan,
            batch,
        })
    }

    /// The model of these fields, and the section of the data with its choices made.
    fn model_of(
        &self,
        roles: &Roles,
        scale: Scale,
        notes: &mut Vec<String>,
    ) -> Result<(ModelConfig, DataSection), Error> {
        let images = picture::images(roles.modelled.iter().chain(&roles.given));
        let mut network = choose::network(&self.network, &images, scale, notes);
        let x = roles.modelled.iter().map(|role| {
            let likelihood = |stats: &ImageStats| picture::likelihood(self, &role.field.name, stats, notes);
            spec(role, &self.network, likelihood)
        });
        let x = x.collect::<Result<Vec<_>, Error>>()?;
        // A given picture has no likelihood, but the networks scale its pixels as those of a modelled one.
        let y = roles.given.iter().map(|role| {
            let likelihood =
                |stats: &ImageStats| picture::likelihood(self, &role.field.name, stats, &mut vec![]);
            spec(role, &self.network, likelihood)
        });
        let y = y.collect::<Result<Vec<_>, Error>>()?;
        [network.chain, network.components, network.number_steps] = scale.field_networks(&self.network, &x);
        let prior = choose::prior(self.model.prior, (&x, &y), scale);
        let mut data = self.data.clone();
        data.model = Some(x.iter().map(|field| field.name.clone()).collect());
        picture::set_form(&mut data, &images);
        Ok((
            ModelConfig {
                x,
                y,
                latent: scale.latent(&self.model),
                network,
                prior,
            },
            data,
        ))
    }

    /// Notes on settings that are set but change nothing.
    fn note_unused(&self, notes: &mut Vec<String>) {
        let defaults = TrainingSection::default();
        if self.training.schedule != Some(LearningRate::Step)
            && self.training.milestones != defaults.milestones
        {
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
            discrepancy,
            auxiliary,
            samples,
        } = self.objective;
        RunConfig {
            data: self.data.clone(),
            model: ModelSection {
                latent: Some(self.model.latent),
                likelihood: self.likelihood,
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
                components: Some(network.components),
                number_steps: Some(network.number_steps),
                text_channels: self.text_shape().map(|shape| shape.channels),
                text_layers: self.text_shape().map(|shape| shape.layers),
                precision: network.precision,
            },
            objective: ObjectiveSection {
                beta,
                distortion_weight,
                free_bits: Some(free_bits),
                discrepancy: Some(discrepancy),
                auxiliary: Some(auxiliary),
                samples,
                warmup: Some(self.warmup),
                warmup_epochs: Some(self.warmup_epochs),
                given_dropout: self.given_dropout,
                word_dropout: self.word_dropout,
            },
            training: self.training.clone(),
            fields: self.fields.clone(),
        }
    }

    fn text_shape(&self) -> Option<TextShape> {
        let mut fields = self.model.x.iter().chain(&self.model.y);
        fields.find_map(|field| field.kind.text().copied())
    }

    /// When the gray pixels of the field `name` are replaced by black or white.
    pub fn binarize_of(&self, name: &str) -> Binarize {
        fields::binarize_of(&self.fields, name, self.data.binarize)
    }

    /// The settings as TOML, each with its meaning above it.
    ///
    /// # Errors
    /// None: every value of a checked config fits into TOML.
    pub fn to_toml(&self) -> Result<String, Error> {
        self.settings().to_toml()
    }

    /// The device that the settings name.
    ///
    /// # Errors
    /// [`Error::NoDevice`] if this build or this machine does not have it.
    pub fn device(&self) -> Result<Device, Error> {
        open_device(&self.training.device)
    }

    /// Whether a picture is modelled.
    pub fn has_pictures(&self) -> bool {
        let mut fields = self.model.x.iter();
        fields.any(|field| field.kind.image().is_some())
    }

    /// Whether the model is any-conditional: whatever fields are given, it samples the others.
    pub fn given_any(&self) -> bool {
        // A field of that name is given like any other.
        roles::is_any(&self.data.given) && self.model.y.iter().all(|field| field.name != ANY)
    }

    /// Whether a given field may be left open: the model was trained with it hidden now and then.
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
    /// The errors of [`RunConfig::open_data`].
    pub fn open_data(&self) -> Result<Arc<dyn Source>, Error> {
        open(self.data.source.as_deref(), &self.open_options())
    }

    /// As [`RunConfig::split`].
    ///
    /// # Errors
    /// The errors of [`RunConfig::split`].
    pub fn split(&self, source: &dyn Source) -> Result<SplitRows, Error> {
        Ok(elbo_data::split_rows(source, &self.split_config())?)
    }
}

fn open(source: Option<&str>, options: &OpenOptions) -> Result<Arc<dyn Source>, Error> {
    Ok(elbo_data::open(source.ok_or(Error::NoData)?, options)?)
}

fn bin(level: NumberLevel) -> NumberBin {
    NumberBin {
        share: level.share,
        centre: level.centre,
        single: level.single,
    }
}

/// The description of a field that the model needs.
fn spec(
    role: &Role,
    network: &NetworkSection,
    likelihood: impl FnOnce(&ImageStats) -> Result<ImageLikelihood, Error>,
) -> Result<FieldSpec, Error> {
    let field = role.field;
    let kind = match field.kind.form() {
        Form::Image(stats) => FieldKind::Image {
            shape: picture::shape(stats),
            likelihood: likelihood(stats)?,
            region: role.region,
        },
        Form::Text(text) => FieldKind::Text(choose::text(network, text)),
        Form::Category(_) => FieldKind::Category {
            levels: field.levels(),
        },
        Form::Flag(_) => FieldKind::Flag {
            missing: field.can_miss(),
        },
        Form::Number(_) => FieldKind::Number {
            bins: field.number_levels().into_iter().map(bin).collect(),
            missing: field.can_miss(),
        },
        // Never reached: `Schema::field` refuses such fields.
        Form::Ignored(ignored) => return Err(DataError::ignored(&field.name, &ignored.reason).into()),
    };
    Ok(FieldSpec {
        name: field.name.clone(),
        kind,
    })
}

#[cfg(test)]
mod tests;
