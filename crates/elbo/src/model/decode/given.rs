//! Keeps given and known values unchanged in the generated records.

use std::sync::Arc;

use elbo_data::arrow::array::{ArrayRef, BooleanArray};
use elbo_data::arrow::compute::kernels::zip::zip;
use elbo_data::arrow::compute::nullif;
use elbo_data::column::{image_array, image_pixels};
use elbo_data::{Column, DataError, Values};

use crate::model::opened::Opened;

impl Opened {
    /// Values of a field that is both given, in place `place`, and generated: as given wherever it is.
    pub(super) fn given_over(
        &self,
        field: usize,
        place: usize,
        generated: &ArrayRef,
        given: &Column,
    ) -> Result<ArrayRef, DataError> {
        if let (Some(image), Values::Image(pixels)) = (self.config.model.y[place].kind.image(), &given.values)
        {
            let mut all = image_pixels(generated).to_vec();
            let (d, places) = (image.shape.len(), image.region.places(&image.shape));
            let rows = all.chunks_exact_mut(d).zip(pixels.chunks_exact(d));
            for ((generated, known), _) in rows.zip(&given.observed).filter(|(_, observed)| **observed) {
                places.iter().for_each(|place| generated[*place] = known[*place]);
            }
            return image_array(all, d);
        }
        let described = &self.schema.fields[field];
        if !described.missing_by_chance {
            return self.known_over(field, given, generated);
        }
        let left_out = (0..given.observed.len()).map(|row| Some(described.is_left_out(given, row)));
        let generated = nullif(generated, &BooleanArray::from_iter(left_out))?;
        self.known_over(field, given, &generated)
    }

    /// The level of each modelled field with levels in each record of a chunk of this size, where it is known. A field that is
    /// given is not modelled there: its level is then the one past its last, and the fields after it depend on the
    /// condition instead.
    pub(crate) fn known_levels(
        &self,
        size: usize,
        y: &[Column],
        x: Option<&[Column]>,
    ) -> Vec<Vec<Option<u32>>> {
        let fields = self.x_fields.iter().enumerate();
        let fields = fields.filter(|(_, field)| self.has_levels(**field));
        let known = fields.map(|(place, field)| {
            let given = self
                .y_fields
                .iter()
                .position(|y| y == field)
                .map(|place| &y[place]);
            let not_modelled = self.schema.fields[*field].levels() as u32;
            let known = x.map(|x| &x[place]);
            let level = |row: usize| match (given, known) {
                (Some(given), _) if given.observed[row] => Some(not_modelled),
                (_, Some(known)) if known.observed[row] => known.level(row),
                _ => None,
            };
            (0..size).map(level).collect()
        });
        known.collect()
    }

    /// Generated values of a field, and the known ones in their place.
    pub(crate) fn known_over(
        &self,
        field: usize,
        known: &Column,
        generated: &ArrayRef,
    ) -> Result<ArrayRef, DataError> {
        if known.observed.iter().all(|observed| !observed) {
            return Ok(Arc::clone(generated));
        }
        let mask = BooleanArray::from(known.observed.clone());
        Ok(zip(&mask, &self.schema.decode(field, known)?, generated)?)
    }
}
