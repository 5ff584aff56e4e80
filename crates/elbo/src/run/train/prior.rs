//! The prior of a trained model, made of the posteriors of its records.

use elbo_core::prior::{MixturePrior, Posteriors};
use elbo_data::noise::{Noise, Purpose};

use super::prepare::Prepared;
use crate::error::Error;
use crate::events::Events;

/// Most posteriors in a mixture.
const MOST: usize = 2000;

/// The best weights with the mixture that suits them, which is saved beside them, or with the prior that they were trained
/// with, where no mixture is better. `network` has other weights of the same model.
pub(super) fn refit(setup: &Prepared, network: elbo_core::Model) -> Result<elbo_core::Model, Error> {
    let best = network.with_weights(setup.dir.load_weights()?)?;
    let step = setup.rows.train.len().div_ceil(MOST).max(1);
    let rows: Vec<u64> = setup.rows.train.iter().step_by(step).copied().collect();
    let latents = setup
        .model(&best)?
        .latents(&setup.batches, &rows, false, &Events::silent())?;
    let noise = Noise::new(setup.config.training.seed);
    let eps = noise.normal(Purpose::Component, 1, &latents.rows, latents.width);
    let posteriors = Posteriors {
        means: latents.mean,
        deviations: latents.std,
        latent: latents.width,
    };
    let mixture = MixturePrior::fit(posteriors, &eps);
    setup.dir.save_prior(mixture.as_ref())?;
    Ok(best.with_mixture(mixture))
}
