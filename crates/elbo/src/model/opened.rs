//! An opened run: its config, schema and weights, and its modelled and given fields.

use std::path::Path;
use std::sync::Arc;

use burn::tensor::Device;
use elbo_core::{FieldSpec, ImageLikelihood, ImageShape, Init, Region};
use elbo_data::arrow::datatypes::SchemaRef;
use elbo_data::arrow::record_batch::RecordBatch;
use elbo_data::options::TypedField;
use elbo_data::rules::Keeper;
use elbo_data::{DataError, ImageSize, OpenOptions, Schema};
use rayon::ThreadPool;

use super::batches::Observations;
use super::tensors::{Upload, open_device};
use super::{CHUNK, FEW, ModelOptions};
use crate::config::CheckedConfig;
use crate::error::Error;
use crate::run::{EpochRecord, RunDir};
use crate::threads;

/// A run with its weights in memory.
pub(crate) struct Opened {
    pub dir: RunDir,
    pub config: CheckedConfig,
    pub schema: Arc<Schema>,
    pub network: elbo_core::Model,
    pub device: Device,
    pub pool: Arc<ThreadPool>,
    /// The columns of a record, in the data's order.
    pub record_schema: SchemaRef,
    /// The same in the types that the data have.
    stored_schema: SchemaRef,
    /// What always holds in new records.
    pub keeper: Keeper,
    /// Positions in the schema of the modelled fields.
    pub x_fields: Vec<usize>,
    /// Positions in the schema of the given fields.
    pub y_fields: Vec<usize>,
    /// The smallest size of a chunk of records that are generated.
    least: usize,
}

/// The first modelled field that holds pictures.
pub(crate) struct ModelledImage {
    /// Its shape.
    pub shape: ImageShape,
    /// Its place in a record, which is that in the schema.
    pub column: usize,
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

impl Opened {
    /// The run of `dir` with these weights.
    pub(crate) fn new(
        dir: RunDir,
        config: CheckedConfig,
        schema: Arc<Schema>,
        network: elbo_core::Model,
        pool: Arc<ThreadPool>,
    ) -> Result<Self, Error> {
        let positions = |fields: &[FieldSpec]| {
            let positions = fields.iter().map(|field| Ok(schema.field(&field.name)?.0));
            positions.collect::<Result<Vec<_>, Error>>()
        };
        let columns = (0..schema.fields.len()).map(|field| schema.arrow_field(field));
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        let stored = (0..schema.fields.len()).map(|field| schema.stored_field(field));
        let stored = stored.collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            stored_schema: schema.layout.schema(stored),
            record_schema: schema.layout.schema(columns),
            x_fields: positions(&config.model.x)?,
            y_fields: positions(&config.model.y)?,
            least: match config.training.device == "cpu" && network.generates_alike_in_small_batches() {
                true => FEW,
                false => CHUNK,
            },
            device: open_device(&config.training.device)?,
            keeper: Keeper::new(&schema),
            dir,
            config,
            schema,
            network,
            pool,
        })
    }

    /// Loads the run in `path` with the weights of its best epoch.
    pub(crate) fn load(path: &Path, options: &ModelOptions) -> Result<Self, Error> {
        let dir = RunDir::open(path)?;
        let (mut config, schema) = dir.load_setup()?;
        if let Some(device) = &options.device {
            config.training.device.clone_from(device);
        }
        let device = open_device(&config.training.device)?;
        // All weights are replaced next, so none needs to be drawn.
        let mut none = |n: usize| vec![0.5; n];
        let network = elbo_core::Model::init(&config.model, &mut Init::new(&mut none, &device))?;
        let network = network.with_weights(dir.load_weights()?)?;
        let mixture = dir.load_prior(network.latent())?;
        let network = network.with_mixture(mixture);
        let pool = threads::shared(options.threads)?;
        Self::new(dir, config, Arc::new(schema), network, pool)
    }

    /// The columns of new records, in the types that the data have.
    pub(crate) fn stored_schema(&self) -> SchemaRef {
        Arc::clone(&self.stored_schema)
    }

    /// New records in the types that the data have.
    ///
    /// # Errors
    /// None that types which were once those of the data meet.
    pub(crate) fn as_stored(&self, records: &RecordBatch) -> Result<RecordBatch, DataError> {
        let fields = self.schema.fields.iter().zip(self.stored_schema.fields());
        let columns = records.columns().iter().zip(fields);
        let columns = columns.map(|(column, (of, field))| of.kind.in_type(column, field.data_type()));
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        Ok(RecordBatch::try_new(self.stored_schema(), columns)?)
    }

    /// The size to which a chunk of `records` records that are generated is filled up.
    pub(crate) fn filled(&self, records: usize) -> usize {
        match records <= self.least {
            true => self.least,
            false => CHUNK,
        }
    }

    /// Puts values where the network is. Texts are padded to the longest that a field can have, so that what is
    /// computed for one does not depend on the others.
    pub(crate) fn upload(&self) -> Upload {
        let fields = self.x_fields.iter().chain(&self.y_fields);
        let longest = fields.map(|field| self.longest_text(*field)).max().unwrap_or(0);
        Upload::new(self.device.clone()).padding(longest)
    }

    /// Tokens of the longest text of a field; 0 if it holds no texts.
    pub(crate) fn longest_text(&self, field: usize) -> usize {
        self.schema.fields[field]
            .kind
            .text()
            .map_or(0, |text| text.longest)
    }

    /// Whether a modelled field, by its position in the schema, has levels.
    pub(crate) fn has_levels(&self, field: usize) -> bool {
        self.schema.fields[field].levels() > 0
    }

    /// The record and the x field, by their places, of each value whose level was never seen in training.
    pub(crate) fn unseen_cells<'a>(
        &'a self,
        records: &'a Observations,
    ) -> impl Iterator<Item = (usize, usize)> + 'a {
        records.unseen.iter().filter_map(|unseen| {
            let record = records.rows.iter().position(|row| *row == unseen.row)?;
            let mut modelled = self.config.model.x.iter();
            Some((record, modelled.position(|field| field.name == unseen.field)?))
        })
    }

    /// Columns are read as the types that the schema has, and pictures of any size are brought to the model's.
    pub(crate) fn open_options(&self) -> OpenOptions {
        let types = self.schema.fields.iter().filter_map(|field| {
            let field_type = field.kind.field_type(&field.name)?;
            Some(TypedField {
                name: field.name.clone(),
                field_type,
                format: field.kind.format().map(str::to_owned),
            })
        });
        let options = OpenOptions {
            fields: Vec::new(),
            expected: types.collect(),
            ..self.config.open_options()
        };
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
            white: self.schema.fields[image.column]
                .kind
                .image()
                .and_then(|stats| stats.white),
            ..options
        }
    }

    /// The first modelled field that holds pictures, if there is one.
    pub(crate) fn image(&self) -> Option<ModelledImage> {
        let fields = self.config.model.x.iter().zip(&self.x_fields);
        let mut images = fields.filter_map(|(field, column)| {
            let image = field.kind.image()?;
            Some(ModelledImage {
                shape: image.shape,
                likelihood: image.likelihood,
                region: image.region,
                column: *column,
            })
        });
        images.next()
    }

    /// As [`Self::image`].
    ///
    /// # Errors
    /// [`Error::NoPictures`] where the model has none.
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

    /// Position in the schema of the first modelled field that holds texts.
    pub(crate) fn text_field(&self) -> Option<usize> {
        let mut fields = self.x_fields.iter().copied();
        fields.find(|field| self.schema.fields[*field].kind.text().is_some())
    }

    /// The region of an image that is given, in a model that inpaints the rest.
    pub(crate) fn given_region(&self) -> Option<Region> {
        let mut images = self.config.model.y.iter().filter_map(|field| field.kind.image());
        images.find_map(|image| (!image.region.is_whole()).then_some(image.region))
    }

    /// Values that the decoder computes for one record, the logits of a text's tokens counted too.
    pub(crate) fn decoded_values(&self) -> usize {
        let fields = self.config.model.x.iter().zip(&self.x_fields);
        let values = fields.map(
            |(field, position)| match (field.kind.image(), field.kind.text()) {
                (Some(image), _) => image.shape.len(),
                (_, Some(text)) => text.vocabulary * (self.longest_text(*position) + 1),
                (None, None) => field.kind.levels(),
            },
        );
        values.sum()
    }

    /// What the model's records are called.
    pub(crate) fn noun(&self) -> &'static str {
        let mut kinds = self.x_fields.iter().map(|field| &self.schema.fields[*field].kind);
        if kinds.clone().all(|kind| kind.image().is_some()) {
            "pictures"
        } else if kinds.all(|kind| kind.text().is_some()) {
            "texts"
        } else {
            "records"
        }
    }

    /// What was measured after the epoch whose weights these are.
    pub(crate) fn best_epoch(&self) -> Result<EpochRecord, Error> {
        let history = self.dir.history()?;
        let best = history.into_iter().rev().find(|record| record.best);
        best.ok_or_else(|| Error::NotTrained {
            path: self.dir.path().to_owned(),
        })
    }

    /// Latent units with their rates, the highest rate first.
    pub(crate) fn units_by_rate(&self) -> Result<Vec<(usize, f64)>, Error> {
        let mut units: Vec<_> = self.best_epoch()?.rate_per_unit.into_iter().enumerate().collect();
        units.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        Ok(units)
    }
}
