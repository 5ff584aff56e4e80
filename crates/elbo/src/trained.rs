//! A trained run, opened for use: its config, schema and best weights.

use std::path::Path;
use std::sync::Arc;

use burn::tensor::Device;
use elbo_core::{FieldKind, ImageShape, Init, Model};
use elbo_data::{ImageSize, OpenOptions, Schema};

use crate::batches::Batches;
use crate::config::CheckedConfig;
use crate::error::Error;
use crate::run_dir::EpochRecord;
use crate::run_dir::RunDir;

/// A model that is ready to be asked.
pub(crate) struct Trained {
    pub dir: RunDir,
    pub config: CheckedConfig,
    pub schema: Arc<Schema>,
    pub model: Model,
    pub device: Device,
}

impl Trained {
    /// Loads the run in `path` with the weights of its best epoch, onto `device` or else the one it
    /// was trained on.
    pub(crate) fn open(path: &Path, device: Option<&str>) -> Result<Self, Error> {
        let dir = RunDir::open(path)?;
        let (mut config, schema) = dir.load_setup()?;
        if let Some(device) = device {
            config.training.device = device.to_owned();
        }
        let device = crate::tensors::open_device(&config.training.device)?;
        // Every weight is about to be replaced: no need to draw any.
        let mut none = |n: usize| vec![0.5; n];
        let model = Model::init(&config.model, &mut Init::new(&mut none, &device))?;
        let model = model.with_weights(dir.load_weights()?)?;
        Ok(Self {
            dir,
            config,
            schema: Arc::new(schema),
            model,
            device,
        })
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
        let ImageShape {
            height,
            width,
            channels,
        } = self.image();
        OpenOptions {
            size: Some(ImageSize { height, width }),
            channels: Some(channels as u8),
            ..self.config.open_options()
        }
    }

    /// Shape of the modelled image.
    pub(crate) fn image(&self) -> ImageShape {
        let image = self.config.model.x.iter().find_map(|field| match field.kind {
            FieldKind::Image { shape, .. } => Some(shape),
            _ => None,
        });
        image.unwrap_or_else(|| unreachable!("every checked model has an image"))
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
