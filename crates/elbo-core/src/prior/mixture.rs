//! A mixture of N(0, I) and of posteriors that takes the place of N(0, I) once a model is trained.

use burn::tensor::{Device, Tensor, TensorData};

use crate::model::log_sum_exp;

/// The shares of the posteriors that are tried.
const SHARES: [f64; 4] = [0.25, 0.5, 0.75, 0.9];
/// A mixture must make latents of records that it was not made of so much more likely than N(0, I), in nats.
const GAIN: f64 = 0.01;
/// Log-densities that are summed at a time: they stay near the processor.
const DENSITIES: usize = 1 << 17;
/// One record in so many is not part of the mixture that is judged.
const APART: usize = 5;

/// p(z) = s/n Σ_i N(z; m_i, diag d_i²) + (1 − s) N(z; 0, I), with the posteriors N(m_i, diag d_i²) of n training records.
///
/// The posteriors of all records together, the aggregate posterior, are the best prior that a model can have (Tomczak &
/// Welling 2018). N(0, I) is only near it: records that are unlike most others have latents in corners that it hardly ever
/// draws, so that what is generated has too few extremes. The mixture is made after training (as by Ghosh et al. 2020).
/// The bound holds for any prior.
#[derive(Clone, Debug, PartialEq)]
pub struct MixturePrior {
    share: f64,
    posteriors: Posteriors,
}

/// Diagonal normal distributions of some records, row by row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Posteriors {
    /// Means, `[records, latent]`.
    pub means: Vec<f32>,
    /// Standard deviations, `[records, latent]`.
    pub deviations: Vec<f32>,
    /// Number of latent units.
    pub latent: usize,
}

impl Posteriors {
    /// How many records there are.
    pub fn records(&self) -> usize {
        self.means.len() / self.latent.max(1)
    }

    /// Each record's means and deviations.
    fn each(&self) -> impl Iterator<Item = (&[f32], &[f32])> {
        let latent = self.latent.max(1);
        let means = self.means.chunks_exact(latent);
        means.zip(self.deviations.chunks_exact(latent))
    }

    /// The records whose places this says.
    fn those(&self, which: impl Fn(usize) -> bool) -> Self {
        let mut some = Self {
            latent: self.latent,
            ..Self::default()
        };
        for (_, (means, deviations)) in self.each().enumerate().filter(|(place, _)| which(*place)) {
            some.means.extend(means);
            some.deviations.extend(deviations);
        }
        some
    }
}

impl MixturePrior {
    /// The mixture of these posteriors, with the share that makes the latents of a fifth of the records most likely, if they
    /// are no part of it; none if N(0, I) is as good. `eps`: standard normal, one for each mean.
    pub fn fit(posteriors: Posteriors, eps: &[f32]) -> Option<Self> {
        let others = posteriors.those(|place| place % APART != 0);
        let apart = posteriors.each().zip(eps.chunks_exact(posteriors.latent.max(1)));
        let apart = apart.step_by(APART).map(|((means, deviations), eps)| {
            let units = means.iter().zip(deviations).zip(eps);
            units
                .map(|((mean, deviation), eps)| mean + deviation * eps)
                .collect()
        });
        // Of each draw ln of the mean density of the posteriors, and of the density of N(0, I), both but for d/2 ln 2π.
        let densities: Vec<[f64; 2]> = apart
            .map(|z: Vec<f32>| [mean_density(&others, &z), standard(&z)])
            .collect();
        if others.records() == 0 || densities.is_empty() {
            return None;
        }
        let gain = |share: f64| {
            let of = |[posteriors, standard]: &[f64; 2]| {
                log_add(share.ln() + posteriors, (1.0 - share).ln() + standard) - standard
            };
            densities.iter().map(of).sum::<f64>() / densities.len() as f64
        };
        let best = SHARES.into_iter().max_by(|a, b| gain(*a).total_cmp(&gain(*b)));
        let share = best.filter(|share| gain(*share) > GAIN)?;
        Some(Self { share, posteriors })
    }

    /// The mixture that [`Self::share`] and [`Self::posteriors`] are of; none if they are of no mixture of so many units.
    pub fn of(share: f64, posteriors: Posteriors, latent: usize) -> Option<Self> {
        let whole = posteriors.latent == latent
            && posteriors.records() > 0
            && posteriors.means.len() == posteriors.deviations.len()
            && posteriors.means.len().is_multiple_of(latent.max(1));
        let finite = posteriors.means.iter().all(|mean| mean.is_finite());
        let positive = |deviation: &f32| deviation.is_finite() && *deviation > 0.0;
        let sound = whole && finite && posteriors.deviations.iter().all(positive);
        (sound && share > 0.0 && share < 1.0).then_some(Self { share, posteriors })
    }

    /// The share of the posteriors.
    pub fn share(&self) -> f64 {
        self.share
    }

    /// The posteriors.
    pub fn posteriors(&self) -> &Posteriors {
        &self.posteriors
    }

    /// A draw whose distance from 0 is multiplied by `temperature`: of the part of the mixture on which `uniform` falls,
    /// with `eps`, standard normal.
    pub fn draw(&self, uniform: f32, eps: &[f32], temperature: f32) -> Vec<f32> {
        let latent = self.posteriors.latent;
        let place = f64::from(uniform) / self.share * self.posteriors.records() as f64;
        let first = place as usize * latent;
        let means = self.posteriors.means.get(first..first + latent);
        let deviations = self.posteriors.deviations.get(first..first + latent);
        match means.zip(deviations) {
            Some((means, deviations)) => {
                let units = eps.iter().zip(means).zip(deviations);
                units
                    .map(|((eps, mean), deviation)| temperature * (mean + deviation * eps))
                    .collect()
            }
            None => eps.iter().map(|eps| temperature * eps).collect(),
        }
    }

    /// ln p(z), in nats.
    ///
    /// # Shapes
    /// `[batch, latent]` to `[batch]`.
    pub fn log_prob(&self, z: Tensor<2>) -> Tensor<1> {
        let n = self.posteriors.records();
        let parts = Parts::of(&self.posteriors, (self.share / n as f64).ln(), &z.device());
        let pieces = z.split((DENSITIES / n.max(1)).max(1), 0);
        Tensor::cat(
            pieces.into_iter().map(|z| self.log_prob_by(&parts, z)).collect(),
            0,
        )
    }

    fn log_prob_by(&self, parts: &Parts, z: Tensor<2>) -> Tensor<1> {
        let [_, latent] = z.dims();
        let squares = z.clone().square();
        // Σ ((z − m) / d)² = Σ z²/d² − 2 Σ z m/d² + Σ m²/d²
        let of_units =
            squares.clone().matmul(parts.precisions.clone()) - z.matmul(parts.scaled_means.clone()) * 2.0;
        let of_posteriors = of_units * -0.5 + parts.constants.clone();
        let of_standard = squares.sum_dim(1) * -0.5 + (1.0 - self.share).ln();
        let half = latent as f64 / 2.0 * std::f64::consts::TAU.ln();
        log_sum_exp(Tensor::cat(vec![of_posteriors, of_standard], 1)) - half
    }
}

/// What the log-densities of posteriors are made of, on the device.
struct Parts {
    /// 1/d² and m/d², `[latent, records]`.
    precisions: Tensor<2>,
    scaled_means: Tensor<2>,
    /// ln weight − Σ ln d − ½ Σ m²/d², `[1, records]`.
    constants: Tensor<2>,
}

impl Parts {
    fn of(posteriors: &Posteriors, log_weight: f64, device: &Device) -> Self {
        let units = || posteriors.means.iter().zip(&posteriors.deviations);
        let precisions = units().map(|(_, deviation)| deviation.powi(-2)).collect();
        let scaled = units()
            .map(|(mean, deviation)| mean * deviation.powi(-2))
            .collect();
        let constant = |(means, deviations): (&[f32], &[f32])| {
            let units = means.iter().zip(deviations);
            let unit = |(mean, deviation): (&f32, &f32)| {
                f64::from(*deviation).ln() + 0.5 * f64::from(mean / deviation).powi(2)
            };
            (log_weight - units.map(unit).sum::<f64>()) as f32
        };
        let constants: Vec<f32> = posteriors.each().map(constant).collect();
        let n = posteriors.records();
        let columns = |values: Vec<f32>| {
            let rows = TensorData::new(values, [n, posteriors.latent]);
            Tensor::<2>::from_data(rows, device).transpose()
        };
        Self {
            precisions: columns(precisions),
            scaled_means: columns(scaled),
            constants: Tensor::from_data(TensorData::new(constants, [1, n]), device),
        }
    }
}

/// ln of the mean of the posteriors' densities, but for d/2 ln 2π.
fn mean_density(posteriors: &Posteriors, z: &[f32]) -> f64 {
    let of = |(means, deviations): (&[f32], &[f32])| {
        let units = z.iter().zip(means).zip(deviations);
        let unit = |((z, mean), deviation): ((&f32, &f32), &f32)| {
            0.5 * f64::from((z - mean) / deviation).powi(2) + f64::from(*deviation).ln()
        };
        -units.map(unit).sum::<f64>()
    };
    let all = posteriors.each().map(of).fold(f64::NEG_INFINITY, log_add);
    all - (posteriors.records().max(1) as f64).ln()
}

/// ln N(z; 0, I), but for d/2 ln 2π.
fn standard(z: &[f32]) -> f64 {
    -0.5 * z.iter().map(|z| f64::from(*z).powi(2)).sum::<f64>()
}

/// ln (exp a + exp b).
fn log_add(a: f64, b: f64) -> f64 {
    let (most, least) = (a.max(b), a.min(b));
    match most == f64::NEG_INFINITY {
        true => most,
        false => most + (least - most).exp().ln_1p(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_close, normal, rows};

    /// Half of N(0, 1), and a quarter each of two posteriors of one unit.
    fn mixture() -> MixturePrior {
        let posteriors = Posteriors {
            means: vec![-3.0, 1.0],
            deviations: vec![0.5, 2.0],
            latent: 1,
        };
        MixturePrior::of(0.5, posteriors, 1).unwrap()
    }

    #[test]
    fn log_prob_is_that_of_the_sum() {
        let normal = |z: f64, mean: f64, deviation: f64| {
            (-0.5 * ((z - mean) / deviation).powi(2)).exp() / (deviation * std::f64::consts::TAU.sqrt())
        };
        let of = |z: f64| {
            (0.25 * normal(z, -3.0, 0.5) + 0.25 * normal(z, 1.0, 2.0) + 0.5 * normal(z, 0.0, 1.0)).ln()
        };
        let found = mixture().log_prob(rows([[-3.0], [0.0], [2.5]]));
        assert_close(&found, &[of(-3.0), of(0.0), of(2.5)], 1e-5);
    }

    #[test]
    fn draws_fall_into_parts_by_their_shares() {
        let close = |found: Vec<f32>, expected: f32| assert!((found[0] - expected).abs() < 1e-6, "{found:?}");
        close(mixture().draw(0.2, &[1.0], 1.0), -2.5);
        close(mixture().draw(0.3, &[1.0], 1.0), 3.0);
        close(mixture().draw(0.51, &[1.0], 1.0), 1.0);
        close(mixture().draw(0.3, &[1.0], 0.5), 1.5);
        close(mixture().draw(0.3, &[1.0], 0.0), 0.0);
    }

    #[test]
    fn what_is_no_normal_distribution_is_a_mixture() {
        let posteriors = |mean: &dyn Fn(f32) -> f32| Posteriors {
            means: normal(1, 400).into_iter().map(mean).collect(),
            deviations: vec![0.6; 400],
            latent: 1,
        };
        // together N(0, 1)
        let standard = MixturePrior::fit(posteriors(&|z| 0.8 * z), &normal(2, 400));
        assert_eq!(standard, None);
        // on both sides of 0
        let apart = MixturePrior::fit(posteriors(&|z| 3.0 * z.signum()), &normal(2, 400)).unwrap();
        assert_eq!(apart.share(), 0.9);
        assert_eq!(MixturePrior::fit(Posteriors::default(), &[]), None);
    }

    #[test]
    fn only_sound_parts_make_a_mixture() {
        let of = |share, means: &[f32], deviations: &[f32]| {
            let posteriors = Posteriors {
                means: means.to_vec(),
                deviations: deviations.to_vec(),
                latent: 1,
            };
            MixturePrior::of(share, posteriors, 1)
        };
        assert!(of(0.5, &[0.0], &[1.0]).is_some());
        assert_eq!(of(0.0, &[0.0], &[1.0]), None);
        assert_eq!(of(0.5, &[0.0], &[0.0]), None);
        assert_eq!(of(0.5, &[f32::NAN], &[1.0]), None);
        assert_eq!(of(0.5, &[0.0, 1.0], &[1.0]), None);
        assert_eq!(of(0.5, &[], &[]), None);
    }
}
