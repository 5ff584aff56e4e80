//! A trained run, opened for use: its config, schema and best weights.

use std::path::Path;
use std::sync::Arc;

use burn::tensor::Device;
use elbo_core::{FieldKind, FieldSpec, ImageLikelihood, ImageShape, Init, Model, Region};
use elbo_data::{ImageSize, Kind, OpenOptions, Schema};

use crate::batches::Batches;
use crate::config::CheckedConfig;
use crate::error::Error;
use crate::run_dir::EpochRecord;
use crate::run_dir::RunDir;
use crate::tensors::{Upload, open_device};

/// A model that is ready to be asked.
pub(crate) struct Trained {
    pub dir: RunDir,
    pub config: CheckedConfig,
    pub schema: Arc<Schema>,
    pub model: Model,
    pub device: Device,
    /// Positions in the schema of the modelled fields.
    pub x_fields: Vec<usize>,
    /// Positions in the schema of the given fields.
    pub y_fields: Vec<usize>,
}

/// The first modelled field that holds pictures.
pub(crate) struct ModelledImage {
    /// Its shape.
    pub shape: ImageShape,
    /// Its place in a record, which is that in the schema.
    pub column: usize,
    /// Its place among the modelled fields.
    pub place: usize,
    /// Its likelihood.
    pub likelihood: ImageLikelihood,
    /// The pixels that are modelled.
    pub region: Region,
}

impl ModelledImage {
    /// How many of its values are modelled.
    pub(crate) fn scored(&self) -> usize {
        self.region.places(&self.shape).len()
    }
}

impl Trained {
    /// A model of `config` with its run's folder.
    pub(crate) fn new(
        dir: RunDir,
        config: CheckedConfig,
        schema: Arc<Schema>,
        model: Model,
    ) -> Result<Self, Error> {
        let positions = |fields: &[FieldSpec]| {
            let positions = fields.iter().map(|field| Ok(schema.field(&field.name)?.0));
            positions.collect::<Result<Vec<_>, Error>>()
        };
        Ok(Self {
            x_fields: positions(&config.model.x)?,
            y_fields: positions(&config.model.y)?,
            device: open_device(&config.training.device)?,
            dir,
            config,
            schema,
            model,
        })
    }

    /// Loads the run in `path` with the weights of its best epoch, onto `device` or else the one it
    /// was trained on.
    pub(crate) fn open(path: &Path, device: Option<&str>) -> Result<Self, Error> {
        let dir = RunDir::open(path)?;
        let (mut config, schema) = dir.load_setup()?;
        if let Some(device) = device {
            config.training.device = device.to_owned();
        }
        let device = open_device(&config.training.device)?;
        // Every weight is about to be replaced: no need to draw any.
        let mut none = |n: usize| vec![0.5; n];
        let model = Model::init(&config.model, &mut Init::new(&mut none, &device))?;
        let model = model.with_weights(dir.load_weights()?)?;
        Self::new(dir, config, Arc::new(schema), model)
    }

    /// Puts values where the model is; what becomes of a text does not depend on those beside it.
    pub(crate) fn upload(&self) -> Upload {
        let fields = self.x_fields.iter().chain(&self.y_fields);
        let longest = fields.map(|field| self.longest_text(*field)).max().unwrap_or(0);
        Upload::new(self.device.clone()).padding(longest)
    }

    /// Tokens of the longest text of a field; 0 of a field of another kind.
    pub(crate) fn longest_text(&self, field: usize) -> usize {
        match &self.schema.fields[field].kind {
            Kind::Text(text) => text.longest,
            _ => 0,
        }
    }

    /// The records of `location`, or of the run's own data, as this model reads them.
    pub(crate) fn records(&self, location: Option<&str>) -> Result<Batches, Error> {
        let source = match location {
            Some(location) => elbo_data::open(location, &self.open_options())?,
            None => self.config.open_data()?,
        };
        Batches::new(&self.config, source, Arc::clone(&self.schema))
    }

    /// Whether `location` names the data that the run was trained on.
    pub(crate) fn is_own_data(&self, location: &str) -> bool {
        let same = |a: &Path, b: &Path| {
            a == b || matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
        };
        self.config
            .data
            .source
            .as_ref()
            .is_some_and(|own| same(Path::new(own), Path::new(location)))
    }

    /// Pictures of any size are brought to the model's.
    fn open_options(&self) -> OpenOptions {
        let options = self.config.open_options();
        let Some(image) = self.image() else {
            return options;
        };
        let ImageShape {
            height,
            width,
            channels,
        } = image.shape;
        OpenOptions {
            size: Some(ImageSize { height, width }),
            channels: Some(channels as u8),
            ..options
        }
    }

    /// The first modelled field that holds pictures, if there is one.
    pub(crate) fn image(&self) -> Option<ModelledImage> {
        let fields = self.config.model.x.iter().zip(&self.x_fields).enumerate();
        let mut images = fields.filter_map(|(place, (field, column))| match field.kind {
            FieldKind::Image {
                shape,
                likelihood,
                region,
            } => Some(ModelledImage {
                shape,
                likelihood,
                region,
                column: *column,
                place,
            }),
            _ => None,
        });
        images.next()
    }

    /// Values that the decoder makes of one record, the logits of a text's tokens counted too.
    pub(crate) fn decoded_values(&self) -> usize {
        let fields = self.config.model.x.iter().zip(&self.x_fields);
        let values = fields.map(|(field, position)| match &field.kind {
            FieldKind::Image { shape, .. } => shape.len(),
            FieldKind::Text(shape) => shape.vocabulary * (self.longest_text(*position) + 1),
            kind => kind.levels(),
        });
        values.sum()
    }

    /// As [`Self::image`].
    ///
    /// # Errors
    /// [`Error::NoPictures`] where the model makes none.
    pub(crate) fn image_or_error(&self) -> Result<ModelledImage, Error> {
        self.image().ok_or_else(|| Error::NoPictures {
            modelled: self
                .config
                .model
                .x
                .iter()
                .map(|field| field.name.clone())
                .collect(),
        })
    }

    /// The record of the epoch whose weights these are.
    pub(crate) fn best_epoch(&self) -> Result<EpochRecord, Error> {
        let history = self.dir.history()?;
        let best = history.into_iter().rev().find(|record| record.best);
        best.ok_or_else(|| Error::NotTrained {
            path: self.dir.path().to_owned(),
        })
    }

    /// Latent units, the one of highest rate first.
    pub(crate) fn units_by_rate(&self) -> Result<Vec<(usize, f64)>, Error> {
        let mut units: Vec<_> = self.best_epoch()?.rate_per_unit.into_iter().enumerate().collect();
        units.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        Ok(units)
    }
}
