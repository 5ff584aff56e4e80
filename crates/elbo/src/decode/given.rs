//! What is given comes out as given.

use elbo_core::{FieldKind, Region};
use elbo_data::arrow::array::{ArrayRef, BooleanArray};
use elbo_data::arrow::compute::kernels::zip::zip;
use elbo_data::column::{image_array, image_pixels};
use elbo_data::{Column, DataError, Values};

use crate::chunk::CHUNK;
use crate::trained::Trained;

impl Trained {
    /// Values of a field that is both given, in place `place`, and made: as given where it was.
    pub(super) fn over(
        &self,
        field: usize,
        place: usize,
        made: &ArrayRef,
        given: &Column,
    ) -> Result<ArrayRef, DataError> {
        if let (FieldKind::Image { shape, region, .. }, Values::Image(pixels)) =
            (&self.config.model.y[place].kind, &given.values)
        {
            let mut all = image_pixels(made).to_vec();
            let places = region.places(shape);
            let rows = all
                .chunks_exact_mut(shape.len())
                .zip(pixels.chunks_exact(shape.len()));
            for ((made, known), _) in rows.zip(&given.given).filter(|(_, given)| **given) {
                places.iter().for_each(|place| made[*place] = known[*place]);
            }
            return image_array(all, shape.len());
        }
        self.known_over(field, given, made)
    }

    /// What is known of each modelled field with levels in a chunk of rows. What is given is not modelled there:
    /// the fields behind it see the condition instead.
    pub(crate) fn known_levels(&self, y: &[Column], x: Option<&[Column]>) -> Vec<Vec<Option<u32>>> {
        let fields = self.x_fields.iter().enumerate();
        let fields = fields.filter(|(_, field)| self.schema.fields[**field].levels() > 0);
        let known = fields.map(|(place, field)| {
            let given = self
                .y_fields
                .iter()
                .position(|y| y == field)
                .map(|place| &y[place]);
            let not_modelled = self.schema.fields[*field].levels() as u32;
            let known = x.map(|x| &x[place]);
            let level = |row: usize| match (given, known) {
                (Some(given), _) if given.given[row] => Some(not_modelled),
                (_, Some(known)) if known.given[row] => known.level(row),
                _ => None,
            };
            (0..CHUNK).map(level).collect()
        });
        known.collect()
    }

    /// Values of a field, as they are known where they are.
    pub(crate) fn known_over(
        &self,
        field: usize,
        known: &Column,
        made: &ArrayRef,
    ) -> Result<ArrayRef, DataError> {
        if known.given.iter().all(|given| !given) {
            return Ok(made.clone());
        }
        let mask = BooleanArray::from(known.given.clone());
        Ok(zip(&mask, &self.schema.decode(field, known)?, made)?)
    }

    /// The region of the modelled image that is given, where a part of it is.
    pub(crate) fn given_region(&self) -> Option<Region> {
        self.config.model.y.iter().find_map(|field| match &field.kind {
            FieldKind::Image { region, .. } if !region.is_whole() => Some(*region),
            _ => None,
        })
    }
}
