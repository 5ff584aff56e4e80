//! The file of the mixture that takes the place of a prior.

use std::io::ErrorKind;

use elbo_core::parameters::{Array, Arrays};
use elbo_core::prior::{MixturePrior, Posteriors};
use serde::{Deserialize, Serialize};

use super::checkpoint::header;
use super::{PRIOR, RunDir, arrays};
use crate::error::Error;

const MEANS: &str = "means";
const DEVIATIONS: &str = "deviations";

/// What the file says beside the posteriors.
#[derive(Serialize, Deserialize)]
struct Share {
    share: f64,
}

impl RunDir {
    /// Saves the mixture of the best weights, or removes that of earlier ones.
    ///
    /// # Errors
    /// [`Error::Write`], and [`Error::Data`] with what cannot be written.
    pub fn save_prior(&self, mixture: Option<&MixturePrior>) -> Result<(), Error> {
        let path = self.file(PRIOR);
        let Some(mixture) = mixture else {
            return match std::fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::writing(&path)(error)),
                _ => Ok(()),
            };
        };
        let posteriors = mixture.posteriors();
        let array = |values: &[f32]| Array {
            shape: vec![posteriors.records(), posteriors.latent],
            values: values.to_vec(),
        };
        let (means, deviations) = (array(&posteriors.means), array(&posteriors.deviations));
        let arrays = [(MEANS.to_owned(), &means), (DEVIATIONS.to_owned(), &deviations)];
        let share = mixture.share();
        arrays::write(&path, header(Share { share })?, arrays)
    }

    /// The mixture of the best weights, of so many latent units, if there is one.
    ///
    /// # Errors
    /// [`Error::RunTorn`], [`Error::RunVersion`], [`Error::Read`].
    pub fn load_prior(&self, latent: usize) -> Result<Option<MixturePrior>, Error> {
        if !self.file(PRIOR).exists() {
            return Ok(None);
        }
        let (header, mut arrays) = arrays::read(&self.file(PRIOR))?;
        let Share { share } = self.parse(PRIOR, &header)?;
        let posteriors = posteriors(&mut arrays, latent);
        let mixture = posteriors.and_then(|posteriors| MixturePrior::of(share, posteriors, latent));
        match mixture {
            Some(mixture) => Ok(Some(mixture)),
            None => Err(self.torn(PRIOR, "it is no mixture of the model's latents")),
        }
    }
}

fn posteriors(arrays: &mut Arrays, latent: usize) -> Option<Posteriors> {
    let mut of = |name: &str| {
        let array = arrays.remove(name)?;
        (array.shape.len() == 2 && array.shape[1] == latent).then_some(array.values)
    };
    Some(Posteriors {
        means: of(MEANS)?,
        deviations: of(DEVIATIONS)?,
        latent,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "tests lay out files as they like")]

    use super::*;

    fn mixture() -> MixturePrior {
        let posteriors = Posteriors {
            means: vec![0.5, -1.0, 2.0, 0.0],
            deviations: vec![0.5, 1.0, 0.25, 1.5],
            latent: 2,
        };
        MixturePrior::of(0.75, posteriors, 2).unwrap()
    }

    #[test]
    fn a_mixture_comes_back_as_it_was_and_goes_with_its_weights() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunDir::create(&folder.path().join("run"), false).unwrap();
        std::fs::create_dir(run.path().join("weights")).unwrap();
        assert_eq!(run.load_prior(2).unwrap(), None);
        run.save_prior(Some(&mixture())).unwrap();
        assert_eq!(run.load_prior(2).unwrap(), Some(mixture()));
        run.save_prior(None).unwrap();
        run.save_prior(None).unwrap();
        assert_eq!(run.load_prior(2).unwrap(), None);
    }

    #[test]
    fn a_mixture_of_other_latents_is_damage() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunDir::create(&folder.path().join("run"), false).unwrap();
        std::fs::create_dir(run.path().join("weights")).unwrap();
        run.save_prior(Some(&mixture())).unwrap();
        let error = run.load_prior(3).unwrap_err().to_string();
        assert!(error.contains("no mixture of the model's latents"), "{error}");
        std::fs::write(run.file(PRIOR), "nothing").unwrap();
        assert!(run.load_prior(2).is_err());
    }
}
