//! One element of the Gaussian log-density; s = log σ².

use super::{location_scale::LocationScale, math::exp, rows::Term};

/// log 2π.
const LN_2PI: f32 = 1.837_877;

pub(super) struct Gaussian;

impl Term for Gaussian {
    #[inline(always)]
    fn term(mean: f32, logvar: f32, x: f32) -> f32 {
        let error = x - mean;
        -0.5 * (LN_2PI + logvar + error * error * exp(-logvar))
    }
}

impl LocationScale for Gaussian {
    #[inline(always)]
    fn grad(mean: f32, logvar: f32, x: f32) -> (f32, f32) {
        let error = x - mean;
        let scaled = error * exp(-logvar);
        (scaled, 0.5 * (error * scaled - 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_constant_is_log_2_pi() {
        assert_eq!(LN_2PI, (2.0 * std::f64::consts::PI).ln() as f32);
    }
}
