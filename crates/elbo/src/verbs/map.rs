//! `map`: where records lie in latent space, and with two units what is decoded where.

use elbo_data::Column;
use elbo_data::noise::{Noise, Purpose};
use image::RgbImage;
use serde::Serialize;

use super::REPORT_VERSION;
use crate::data::Data;
use crate::error::Error;
use crate::events::Events;
use crate::model::Model;
use crate::model::conditions::Conditions;
use crate::model::decode::Drawing;
use crate::model::latents::Latents;
use crate::model::opened::Opened;
use crate::picture::{ManifoldLayout, Pictures, ScatterLayout, beside, manifold, manifold_points, scatter};
use crate::readout::Attribute;

/// Most records that are drawn: more points hide one another.
const MAX_POINTS: usize = 5_000;

/// What to draw.
#[derive(Clone, Debug)]
pub struct MapRequest {
    /// The records.
    pub data: Data,
    /// The field that colours the points; none for the first there is.
    pub colour_by: Option<String>,
}

impl MapRequest {
    /// The records of `data`, coloured by the first field that can colour them.
    pub fn new(data: impl Into<Data>) -> Self {
        Self {
            data: data.into(),
            colour_by: None,
        }
    }
}

/// What is on the map.
#[derive(Clone, Debug, Serialize)]
pub struct MapReport {
    /// [`REPORT_VERSION`].
    pub version: u32,
    /// How many records.
    pub points: usize,
    /// The units of the axes: all there are, or the two of highest rate.
    pub units: [usize; 2],
    /// The field that colours the points.
    pub colour_by: Option<String>,
    /// Whether the decoded manifold is drawn beside the map (two latent units).
    pub manifold: bool,
}

/// Records in the plane of two latent units.
#[derive(Clone, Debug)]
pub struct LatentMap {
    /// The posterior means of each record.
    pub points: Vec<[f32; 2]>,
    /// What colours the points.
    pub colour: Option<Attribute>,
    /// What was drawn.
    pub report: MapReport,
    /// Pictures decoded over the same plane, where there are no other units.
    manifold: Option<Pictures>,
}

impl Model {
    /// The posterior means of up to 5,000 records over the two units of highest rate and, where there are no other
    /// units, the decoded pictures (if any) over the same plane.
    ///
    /// ```no_run
    /// use elbo::{Events, MapRequest, Model};
    /// let map = Model::open("digits")?.map(&MapRequest::new("mnist"), &Events::silent())?;
    /// let _picture = map.draw();
    /// # Ok::<(), elbo::Error>(())
    /// ```
    ///
    /// # Errors
    /// A run with less than two units, or an unknown field.
    pub fn map(&self, request: &MapRequest, events: &Events) -> Result<LatentMap, Error> {
        let units = self.opened.axes()?;
        let batches = self.read(&request.data, events)?;
        let latents = self.latents(&batches, &subset(batches.source.len()), false, events)?;
        let attributes = self.attributes(&batches, &latents.rows)?;
        let colour = choose(attributes, request.colour_by.as_deref(), &self.opened)?;
        self.map_of(&latents, units, colour)
    }

    pub(crate) fn map_of(
        &self,
        latents: &Latents,
        units: [usize; 2],
        colour: Option<Attribute>,
    ) -> Result<LatentMap, Error> {
        let points = (0..latents.rows.len()).map(|record| units.map(|unit| latents.mean_of(record)[unit]));
        let flat = latents.width == 2 && self.opened.image().is_some();
        let manifold = flat.then(|| self.on_threads(|| self.manifold()));
        Ok(LatentMap {
            points: points.collect(),
            report: MapReport {
                version: REPORT_VERSION,
                points: latents.rows.len(),
                units,
                colour_by: colour.as_ref().map(|attribute| attribute.name.clone()),
                manifold: flat,
            },
            colour,
            manifold: manifold.transpose()?,
        })
    }
}

impl Model {
    /// Pictures decoded over the plane of two units.
    fn manifold(&self) -> Result<Pictures, Error> {
        let (opened, points) = (&self.opened, manifold_points(&ManifoldLayout::default()));
        let y = Conditions::parse(opened, &[], Noise::new(0))?.first(1)?;
        let y: Vec<Column> = y.iter().map(|column| column.repeat(points.len())).collect();
        let z: Vec<f32> = points.into_iter().flatten().collect();
        let records = opened.decode_latents(&z, &y, &Drawing::mean())?;
        Ok(opened.pictures_of(&records, &opened.image_or_error()?))
    }
}

impl LatentMap {
    /// The map as a picture.
    pub fn draw(&self) -> RgbImage {
        let axes = self.report.units.map(|unit| format!("unit {unit}"));
        let layout = ScatterLayout {
            title: Some("posterior means".to_owned()),
            axes: axes.clone(),
            range: None,
        };
        let map = scatter(&self.points, self.colour.as_ref(), &layout);
        let Some(pictures) = &self.manifold else {
            return map;
        };
        let layout = ManifoldLayout {
            title: Some("decoded".to_owned()),
            axes,
            ..ManifoldLayout::default()
        };
        beside(&map, &manifold(pictures, &layout))
    }
}

/// All records, or as many drawn without order.
fn subset(records: u64) -> Vec<u64> {
    let mut rows: Vec<u64> = (0..records).collect();
    if rows.len() > MAX_POINTS {
        let draws = Noise::new(0).uniform(Purpose::Subset, 0, &[0], rows.len());
        rows.sort_by(|a, b| draws[*a as usize].total_cmp(&draws[*b as usize]));
        rows.truncate(MAX_POINTS);
        rows.sort_unstable();
    }
    rows
}

fn choose(
    attributes: Vec<Attribute>,
    name: Option<&str>,
    opened: &Opened,
) -> Result<Option<Attribute>, Error> {
    let Some(name) = name else {
        return Ok(attributes.into_iter().next());
    };
    // The schema knows the name, or suggests one that is like it.
    opened.schema.field(name)?;
    match attributes.into_iter().find(|attribute| attribute.name == name) {
        Some(attribute) => Ok(Some(attribute)),
        None => Err(Error::bad_argument(
            "MapRequest::colour_by",
            name,
            "a category, flag or number of these data",
        )),
    }
}

impl Opened {
    /// The units of both axes.
    fn axes(&self) -> Result<[usize; 2], Error> {
        let units = self.units_by_rate()?;
        match (self.network.latent(), &units[..]) {
            (2, _) => Ok([0, 1]),
            (_, [first, second, ..]) => Ok([first.0, second.0]),
            _ => Err(Error::bad_argument(
                "model.latent",
                "one latent unit",
                "at least two, for a map",
            )),
        }
    }
}
