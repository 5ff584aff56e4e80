//! Verbs that show a few records together: pictures in a grid, others in a table.

use super::{Output, Written};
use crate::data::Changed;
use crate::error::Error;
use crate::model::Model;
use crate::picture::{GridLayout, Pictures, grid, save};
use crate::verbs::interpolate::{InterpolateReport, Interpolation};
use crate::verbs::map::{LatentMap, MapReport};
use crate::verbs::traverse::{Traversal, TraverseReport};

/// Pairs in a row of a grid.
const COLUMNS: usize = 8;

impl Output {
    /// Writes records that a verb changed; a grid shows each above what it became, which `label` names.
    ///
    /// # Errors
    /// Whatever stops the verb; a place that cannot be written.
    pub fn write_changed<R: Clone + 'static>(
        &self,
        model: &Model,
        mut changed: Changed<R>,
        label: &str,
    ) -> Result<Written<R>, Error> {
        if !self.is_grid() {
            return self.write(model, &mut changed.into_records());
        }
        let image = model.opened.image_or_error()?;
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for pair in changed.by_ref() {
            let pair = pair?;
            before.push(model.opened.pictures_of(&pair.before()?, &image));
            after.push(model.opened.pictures_of(&pair.after, &image));
        }
        let shape = Pictures {
            height: image.shape.height,
            width: image.shape.width,
            channels: image.shape.channels,
            pixels: Vec::new(),
        };
        let joined = |parts: &[Pictures]| match parts {
            [] => shape.clone(),
            parts => Pictures::joined(parts),
        };
        let (pictures, layout) = pairs(&joined(&before), &joined(&after), label);
        save(&grid(&pictures, &layout), &self.path, self.force)?;
        Ok(self.written(changed.report().clone()))
    }

    /// Writes a traversal: a row of pictures for each unit, or a table with columns that say what was swept.
    ///
    /// # Errors
    /// A place that cannot be written.
    pub fn write_traversal(
        &self,
        model: &Model,
        traversal: &Traversal,
    ) -> Result<Written<TraverseReport>, Error> {
        let units = &traversal.report.units;
        match model.opened.image() {
            Some(image) => {
                let labels = units
                    .iter()
                    .map(|swept| format!("unit {}\n{:.2} nats", swept.unit, swept.rate));
                let pictures = model.opened.pictures_of(&traversal.records, &image);
                let layout = sweep_layout(&traversal.steps(), labels.collect());
                save(&grid(&pictures, &layout), &self.path, self.force)?;
            }
            None => self.write_labelled(model, &traversal.records, traversal.labels())?,
        }
        Ok(self.written(traversal.report.clone()))
    }

    /// Writes an interpolation: pictures in a row between both ends, or a table with a column `step`.
    ///
    /// # Errors
    /// A place that cannot be written.
    pub fn write_interpolation(
        &self,
        model: &Model,
        line: &Interpolation,
    ) -> Result<Written<InterpolateReport>, Error> {
        match model.opened.image() {
            Some(image) => {
                let ends = &line.ends;
                let parts = [&ends.slice(0, 1), &line.way, &ends.slice(1, 1)];
                let parts = parts.map(|records| model.opened.pictures_of(records, &image));
                let pictures = Pictures::joined(&parts);
                save(
                    &grid(&pictures, &line_layout(&line.report)),
                    &self.path,
                    self.force,
                )?;
            }
            None => self.write_labelled(model, &line.way, line.labels())?,
        }
        Ok(self.written(line.report.clone()))
    }

    /// Draws a map.
    ///
    /// # Errors
    /// A place that cannot be written.
    pub fn write_map(&self, map: &LatentMap) -> Result<Written<MapReport>, Error> {
        save(&map.draw(), &self.path, self.force)?;
        Ok(self.written(map.report.clone()))
    }
}

/// A grid whose rows are records before and after, in turn.
pub(crate) fn pairs(before: &Pictures, after: &Pictures, label: &str) -> (Pictures, GridLayout) {
    let columns = COLUMNS.min(before.len().max(1));
    let row = columns * before.height * before.width * before.channels;
    let mut pixels = Vec::with_capacity(2 * before.pixels.len() + row);
    let mut row_labels = Vec::new();
    for (before, after) in before.pixels.chunks(row).zip(after.pixels.chunks(row)) {
        for (label, part) in [("original", before), (label, after)] {
            pixels.extend(part);
            // A last row that is partly empty is filled up with paper white.
            pixels.resize(pixels.len() + row - part.len(), 255);
            row_labels.push(label.to_owned());
        }
    }
    let layout = GridLayout {
        columns,
        row_labels,
        group: 2,
        ..GridLayout::default()
    };
    (
        Pictures {
            pixels,
            ..before.clone()
        },
        layout,
    )
}

/// A row for each unit, with the steps above its columns.
pub(crate) fn sweep_layout(steps: &[f32], row_labels: Vec<String>) -> GridLayout {
    GridLayout {
        columns: steps.len(),
        row_labels,
        column_labels: steps.iter().map(|step| format!("{step:+.1}")).collect(),
        ..GridLayout::default()
    }
}

fn line_layout(report: &InterpolateReport) -> GridLayout {
    let [from, to] = &report.between;
    let mut column_labels = vec![String::new(); report.steps + 2];
    column_labels[0] = "from".to_owned();
    column_labels[report.steps + 1] = "to".to_owned();
    GridLayout {
        columns: report.steps + 2,
        column_labels,
        title: Some(format!("{from} to {to}")),
        ..GridLayout::default()
    }
}
