//! `map`: where records lie in latent space, and with two units what lies where.

use std::path::PathBuf;

use elbo_data::Column;
use elbo_data::noise::{Noise, Purpose};
use serde::Serialize;

use crate::conditions::Conditions;
use crate::decode::{Codes, Drawing};
use crate::error::Error;
use crate::latents::Latents;
use crate::output::{check_png, existing, save};
use crate::picture::{ManifoldLayout, ScatterLayout, beside, manifold, manifold_points, scatter};
use crate::progress::Progress;
use crate::readout::Attribute;
use crate::threads;
use crate::trained::Trained;

/// Most records that are drawn: more points hide one another.
const MAX_POINTS: usize = 5_000;

/// What to draw.
#[derive(Clone, Debug)]
pub struct MapSettings {
    /// The run folder.
    pub run: PathBuf,
    /// The records.
    pub data: String,
    /// The field that colours the points; none for the first there is.
    pub colour_by: Option<String>,
    /// A `.png` file.
    pub out: PathBuf,
    /// Replace what is there.
    pub force: bool,
    /// Threads; 0 for one a core.
    pub threads: usize,
    /// What computes; none for what the run was trained on.
    pub device: Option<String>,
}

/// What was drawn.
#[derive(Clone, Debug, Serialize)]
pub struct MapReport {
    /// Where it is.
    pub out: PathBuf,
    /// How many records.
    pub points: usize,
    /// The units of the axes: all there are, or the two of highest rate.
    pub units: [usize; 2],
    /// The field that colours the points.
    pub colour_by: Option<String>,
    /// Whether the decoded manifold is drawn beside the map (two latent units).
    pub manifold: bool,
}

/// Draws the posterior means of up to 5,000 records over the two units of highest rate, and, where
/// there are no other units, the decoded pictures (if any) over the same plane.
///
/// # Errors
/// No trained run with two units, an unknown field, or an output that cannot be written.
pub fn map(settings: &MapSettings, progress: &dyn Progress) -> Result<MapReport, Error> {
    check_png(&settings.out, settings.force)?;
    threads::within(settings.threads, || {
        let trained = Trained::open(&settings.run, settings.device.as_deref())?;
        let units = trained.axes()?;
        let batches = trained.records(Some(&settings.data))?;
        let latents = trained.encode(&batches, &subset(batches.source.len()), false, progress)?;
        let attributes = trained.attributes(&batches, &latents.rows)?;
        let colour = choose(attributes, settings.colour_by.as_deref(), &trained)?;
        let drawn = trained.draw_map(&latents, units, colour.as_ref(), progress)?;
        save(&drawn, &settings.out, existing(settings.force))?;
        Ok(MapReport {
            out: settings.out.clone(),
            points: latents.rows.len(),
            units,
            colour_by: colour.map(|attribute| attribute.name),
            manifold: latents.width == 2 && trained.image().is_some(),
        })
    })
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
    trained: &Trained,
) -> Result<Option<Attribute>, Error> {
    let Some(name) = name else {
        return Ok(attributes.into_iter().next());
    };
    // The schema says what it knows and what the name might have meant.
    trained.schema.field(name)?;
    match attributes.into_iter().find(|attribute| attribute.name == name) {
        Some(attribute) => Ok(Some(attribute)),
        None => Err(Error::bad_argument(
            "--colour-by",
            name,
            "a category, flag or number of these data",
        )),
    }
}

impl Trained {
    /// The units of both axes.
    fn axes(&self) -> Result<[usize; 2], Error> {
        let units = self.units_by_rate()?;
        match (self.model.latent(), &units[..]) {
            (2, _) => Ok([0, 1]),
            (_, [first, second, ..]) => Ok([first.0, second.0]),
            _ => Err(Error::bad_argument(
                "map",
                "one latent unit",
                "a model with at least two",
            )),
        }
    }

    pub(crate) fn draw_map(
        &self,
        latents: &Latents,
        units: [usize; 2],
        colour: Option<&Attribute>,
        progress: &dyn Progress,
    ) -> Result<image::RgbImage, Error> {
        let points = (0..latents.rows.len()).map(|record| units.map(|unit| latents.mean_of(record)[unit]));
        let axes = units.map(|unit| format!("unit {unit}"));
        let layout = ScatterLayout {
            title: Some("posterior means".to_owned()),
            axes: axes.clone(),
            range: None,
        };
        let map = scatter(&points.collect::<Vec<_>>(), colour, &layout);
        if latents.width != 2 || self.image().is_none() {
            return Ok(map);
        }
        let layout = ManifoldLayout {
            title: Some("decoded".to_owned()),
            axes,
            ..ManifoldLayout::default()
        };
        Ok(beside(&map, &self.draw_manifold(&layout, progress)?))
    }

    fn draw_manifold(
        &self,
        layout: &ManifoldLayout,
        progress: &dyn Progress,
    ) -> Result<image::RgbImage, Error> {
        let points = manifold_points(layout);
        let y: Vec<Column> = Conditions::parse(self, &[], Noise::new(0))?.columns(1)?;
        let y = y.iter().map(|column| column.repeat(points.len())).collect();
        let codes = Codes::new(points.into_iter().flatten().collect(), y);
        let pictures = self.decode_pictures(&codes, &Drawing::mean(), progress)?;
        Ok(manifold(&pictures, layout))
    }
}
