//! `decode`: latents of the caller's own to records.

use std::sync::Arc;

use elbo_data::noise::Noise;

use crate::data::Records;
use crate::error::Error;
use crate::events::{Events, Phase};
use crate::model::Model;
use crate::model::conditions::Conditions;
use crate::model::decode::{Draw, Drawing};
use crate::model::latents::chunks;
use crate::model::stream::Stream;

/// What to decode.
#[derive(Clone, Debug, Default)]
pub struct DecodeRequest {
    /// Latents, row by row: `[records, latent units]`.
    pub z: Vec<f32>,
    /// Conditions `(field, value)`, as in [`SampleRequest::given`](crate::SampleRequest::given).
    pub given: Vec<(String, String)>,
    /// The likelihood's mean, or a sample from it.
    pub draw: Draw,
    /// Seed of the draws.
    pub seed: u64,
}

impl Model {
    /// Decodes each row of z under the conditions.
    ///
    /// ```no_run
    /// use elbo::{DecodeRequest, Draw, Events, Model};
    /// let model = Model::open("digits")?;
    /// // The middle of latent space.
    /// let request = DecodeRequest { z: vec![0.0; model.latent()], draw: Draw::Mean, ..Default::default() };
    /// assert_eq!(model.decode(&request, &Events::silent())?.collect_batch()?.num_rows(), 1);
    /// # Ok::<(), elbo::Error>(())
    /// ```
    ///
    /// # Errors
    /// Latents that are not finite or not whole rows, and conditions that the model cannot follow.
    pub fn decode(&self, request: &DecodeRequest, events: &Events) -> Result<Records, Error> {
        let latent = self.latent();
        if !request.z.len().is_multiple_of(latent) || !request.z.iter().all(|z| z.is_finite()) {
            return Err(Error::bad_argument(
                "DecodeRequest::z",
                format!("{} numbers for {latent} latent units", request.z.len()),
                "whole rows of finite numbers, one for each latent unit",
            ));
        }
        let noise = Noise::new(request.seed);
        let conditions = Conditions::parse(&self.opened, &request.given, noise)?.of_single_values()?;
        events.warn_all(&conditions.warnings);
        let n = request.z.len() / latent;
        let numbers = chunks(n).map(|part| Ok((part.start as u64..part.end as u64).collect::<Vec<u64>>()));
        let drawing = Drawing::of(request.draw, noise);
        let (opened, z) = (Arc::clone(&self.opened), Arc::new(request.z.clone()));
        let phase = (Phase::Decoding, n as u64);
        let stream = Stream::new(self, numbers, phase, events, move |rows: Vec<u64>| {
            let first = rows.first().map_or(0, |row| *row as usize);
            let y = conditions.columns(&rows)?;
            let codes = opened.codes_of(&z, &y, first..first + rows.len());
            let records = opened.by_rules(&codes, &drawing)?;
            Ok(opened.as_stored(&records)?)
        });
        Ok(stream.apart(self.opened.stored_schema(), (), |_, batch| batch.into()))
    }
}
