//! Randomness as a function: a draw depends on (seed, purpose, step, row) and on nothing else.
//!
//! The four numbers are the 256-bit key of a ChaCha8 stream, so the draws for row `i` are the same
//! whatever batch it is in, the number of threads, or the machine. Nothing in the project
//! keeps a generator between calls: resuming a run needs a step number, not a generator's state.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use rand_distr::{Distribution, StandardNormal, StandardUniform};
use rayon::prelude::*;

/// Rows whose draws are worth a thread of their own.
const ROWS_TOGETHER: usize = 64;

/// What a draw is for. Two purposes never share a stream, even at the same step and row.
///
/// The numbers are part of every saved run's meaning: append, never renumber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// Initial weights.
    Init = 1,
    /// Order of the records within an epoch.
    Shuffle = 2,
    /// Which split a record belongs to.
    Split = 3,
    /// ε of the posterior sample z = μ + σ ε while training.
    Posterior = 4,
    /// Draws of z from the prior.
    Prior = 5,
    /// Draws of x from the likelihood.
    Likelihood = 6,
    /// Binarisation of gray pixels.
    Binarize = 7,
    /// Which conditions are hidden from the model at a training step, and the conditions that are drawn.
    Conditions = 8,
    /// ε of the importance samples of an evaluation.
    Importance = 9,
    /// Built-in data.
    Builtin = 10,
    /// Which records are read where a sample of them is enough.
    Subset = 11,
    /// ε of the posterior samples of a validation pass.
    Validation = 12,
    /// Which fields are given in a validation pass.
    ValidationGiven = 13,
    /// Which tokens a decoder is not shown at a training step.
    WordDropout = 14,
    /// Seeds of other randomness.
    Branch = 15,
    /// Further values of identifiers.
    Codes = 16,
    /// The order in which fields are predicted at a training step.
    FieldOrder = 17,
    /// Differences between numbers of which one follows another.
    Differences = 18,
    /// Which features of the fields are dropped at a training step.
    Dropout = 19,
    /// Which values of new records are missing by chance.
    Gaps = 20,
    /// Which part of a mixture is drawn, and the draws by which its share is chosen.
    Component = 21,
}

/// All randomness of a run, keyed by its seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Noise {
    seed: u64,
}

impl Noise {
    /// The randomness that belongs to `seed`.
    pub const fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// Another randomness that belongs to the same seed.
    pub fn branch(&self, branch: u64) -> Self {
        let mut stream = self.stream(Purpose::Branch, branch, 0);
        Self {
            seed: stream.next_u64(),
        }
    }

    /// The stream of one (purpose, step, row).
    pub fn stream(&self, purpose: Purpose, step: u64, row: u64) -> ChaCha8Rng {
        let mut key = [0u8; 32];
        for (bytes, word) in key
            .chunks_exact_mut(8)
            .zip([self.seed, purpose as u64, step, row])
        {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        ChaCha8Rng::from_seed(key)
    }

    /// `per_row` standard normal draws for each row, row after row: `[rows, per_row]`.
    pub fn normal(&self, purpose: Purpose, step: u64, rows: &[u64], per_row: usize) -> Vec<f32> {
        self.draw(purpose, step, rows, per_row, StandardNormal)
    }

    /// `per_row` draws uniform in [0, 1) for each row, row after row: `[rows, per_row]`.
    pub fn uniform(&self, purpose: Purpose, step: u64, rows: &[u64], per_row: usize) -> Vec<f32> {
        self.draw(purpose, step, rows, per_row, StandardUniform)
    }

    fn draw<D: Distribution<f32> + Copy + Sync>(
        &self,
        purpose: Purpose,
        step: u64,
        rows: &[u64],
        per_row: usize,
        distribution: D,
    ) -> Vec<f32> {
        let mut draws = vec![0.0; rows.len() * per_row];
        let parts = draws.par_chunks_mut((ROWS_TOGETHER * per_row).max(1));
        parts
            .zip(rows.par_chunks(ROWS_TOGETHER))
            .for_each(|(draws, rows)| {
                for (draws, row) in draws.chunks_exact_mut(per_row).zip(rows) {
                    let stream = self.stream(purpose, step, *row);
                    for (draw, value) in draws.iter_mut().zip(distribution.sample_iter(stream)) {
                        *draw = value;
                    }
                }
            });
        draws
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_does_not_depend_on_its_batch() {
        let noise = Noise::new(7);
        let together = noise.normal(Purpose::Posterior, 3, &[4, 5, 6], 8);
        let alone = noise.normal(Purpose::Posterior, 3, &[5], 8);
        assert_eq!(&together[8..16], &alone[..]);
    }

    #[test]
    fn seed_purpose_step_and_row_each_change_the_draw() {
        let base = Noise::new(7).uniform(Purpose::Posterior, 3, &[4], 4);
        for other in [
            Noise::new(8).uniform(Purpose::Posterior, 3, &[4], 4),
            Noise::new(7).uniform(Purpose::Prior, 3, &[4], 4),
            Noise::new(7).uniform(Purpose::Posterior, 4, &[4], 4),
            Noise::new(7).uniform(Purpose::Posterior, 3, &[5], 4),
        ] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn normals_have_mean_zero_and_variance_one() {
        let n = 100_000usize;
        let draws = Noise::new(1).normal(Purpose::Prior, 0, &[0], n);
        let mean = draws.iter().map(|v| f64::from(*v)).sum::<f64>() / n as f64;
        let variance = draws.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>() / n as f64;
        // Five standard errors: 5/sqrt(n) and 5 sqrt(2/n).
        assert!(
            mean.abs() < 0.016 && (variance - 1.0).abs() < 0.023,
            "{mean} {variance}"
        );
    }
}
