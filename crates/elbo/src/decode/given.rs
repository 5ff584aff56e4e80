//! What is given comes out as given.

use elbo_core::{FieldKind, Region};
use elbo_data::arrow::array::{ArrayRef, BooleanArray};
use elbo_data::arrow::compute::kernels::zip::zip;
use elbo_data::column::{image_array, image_pixels};
use elbo_data::{Column, DataError, Values};

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
