//! Normal scores: quantiles of the standard normal distribution.

/// Φ⁻¹(p), the value below which a standard normal variable lies with probability p, by algorithm AS 241
/// (Wichura 1988, PPND7): about seven digits. Infinite at 0 and 1.
pub(crate) fn normal_score(p: f64) -> f64 {
    if p <= 0.0 || p >= 1.0 {
        return if p <= 0.0 {
            f64::NEG_INFINITY
        } else {
            f64::INFINITY
        };
    }
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        let top = [59.109_374_720, 159.291_132_02, 50.434_271_938, 3.387_132_717_9];
        let bottom = [67.187_563_600, 78.757_757_664, 17.895_169_469, 1.0];
        return q * polynomial(&top, r) / polynomial(&bottom, r);
    }
    let r = (-p.min(1.0 - p).ln()).sqrt();
    let tail = if r <= 5.0 {
        let top = [
            0.170_238_211_03,
            1.306_728_481_6,
            2.756_815_390_0,
            1.423_437_277_7,
        ];
        let bottom = [0.120_211_329_75, 0.737_001_642_50, 1.0];
        polynomial(&top, r - 1.6) / polynomial(&bottom, r - 1.6)
    } else {
        let top = [
            0.017_337_203_997,
            0.428_682_943_37,
            3.081_226_386_0,
            6.657_905_115_0,
        ];
        let bottom = [0.012_258_202_635, 0.241_978_942_25, 1.0];
        polynomial(&top, r - 5.0) / polynomial(&bottom, r - 5.0)
    };
    tail.copysign(q)
}

/// A polynomial with its highest coefficient first.
fn polynomial(coefficients: &[f64], x: f64) -> f64 {
    coefficients.iter().fold(0.0, |sum, c| sum * x + c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_the_quantiles_of_printed_tables() {
        for (p, score) in [
            (0.5, 0.0),
            (0.975, 1.959_963_985),
            (0.025, -1.959_963_985),
            (0.9, 1.281_551_566),
            (1e-4, -3.719_016_485),
            (1e-12, -7.034_483_826),
        ] {
            assert!((normal_score(p) - score).abs() < 2e-6, "{p}");
        }
        assert_eq!(normal_score(0.0), f64::NEG_INFINITY);
        assert_eq!(normal_score(1.0), f64::INFINITY);
    }
}
