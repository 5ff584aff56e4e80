//! Which attribute a latent unit follows: Pearson's r for numbers, the same beside 0 and 1 for flags
//! (point-biserial), the correlation ratio η, corrected for the number of levels, for categories.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Attribute, Units, Values};

/// The association of one latent unit with one attribute.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Association {
    /// Which unit, counted from 0.
    pub unit: usize,
    /// The attribute's name.
    pub attribute: String,
    /// What `correlation` is.
    pub statistic: Statistic,
    /// From −1 to 1; η of a category is never negative.
    pub correlation: f64,
    /// Of a category, the level that the unit separates best from all others, and its point-biserial correlation.
    pub level: Option<(String, f64)>,
}

/// What the correlation of an [`Association`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Statistic {
    /// r = cov(z, a) / (σ_z σ_a).
    Pearson,
    /// Pearson's r with a = 1 for yes and 0 for no.
    PointBiserial,
    /// η² = 1 − Σ_i (z_i − z̄_k(i))² / Σ_i (z_i − z̄)²: the share of a unit's variance between K levels, less what
    /// chance gives many levels: 1 − (1 − η²)(n − 1)/(n − K), and 0 if that is negative (Kelley 1935).
    CorrelationRatio,
}

impl fmt::Display for Association {
    /// As `glasses (r = 0.93)` or `hair (η = 0.88, most: red)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.correlation < 0.0 { "−" } else { "" };
        let size = self.correlation.abs();
        match (self.statistic, &self.level) {
            (Statistic::CorrelationRatio, Some((level, _))) => {
                write!(f, "{} (η = {size:.2}, most: {level})", self.attribute)
            }
            (Statistic::CorrelationRatio, None) => write!(f, "{} (η = {size:.2})", self.attribute),
            _ => write!(f, "{} (r = {sign}{size:.2})", self.attribute),
        }
    }
}

/// For each unit the attribute it follows best, by the size of the correlation; of equals the first.
/// `None` for a unit that is constant, or if no attribute varies.
pub fn associate(units: Units<'_>, attributes: &[Attribute]) -> Vec<Option<Association>> {
    let strongest = |unit| {
        attributes
            .iter()
            .filter_map(|attribute| association(units, unit, attribute))
            .reduce(|best, next| {
                if next.correlation.abs() > best.correlation.abs() {
                    next
                } else {
                    best
                }
            })
    };
    (0..units.width).map(strongest).collect()
}

/// The association of `unit` with `attribute`, over the rows where both are observed and finite.
/// `None` where either is constant there, or every record has a level of its own.
///
/// # Panics
/// If there is no such unit.
pub fn association(units: Units<'_>, unit: usize, attribute: &Attribute) -> Option<Association> {
    let (statistic, correlation, level) = match &attribute.values {
        Values::Number(values) => (
            Statistic::Pearson,
            pearson(&pairs(units, unit, values.iter().copied()))?,
            None,
        ),
        Values::Flag(values) => {
            let values = values
                .iter()
                .map(|value| value.map(|yes| f64::from(u8::from(yes))));
            (
                Statistic::PointBiserial,
                pearson(&pairs(units, unit, values))?,
                None,
            )
        }
        Values::Category { levels, .. } => {
            let codes: Vec<Option<f64>> = attribute
                .values
                .codes()
                .iter()
                .map(|code| code.map(|code| code as f64))
                .collect();
            let pairs = pairs(units, unit, codes.iter().copied());
            let (name, r) = best_level(&pairs, levels)?;
            (
                Statistic::CorrelationRatio,
                correlation_ratio(&pairs, levels.len())?,
                Some((name, r)),
            )
        }
    };
    Some(Association {
        unit,
        attribute: attribute.name.clone(),
        statistic,
        correlation,
        level,
    })
}

/// (unit, attribute) of the rows where both are known.
fn pairs(units: Units<'_>, unit: usize, values: impl Iterator<Item = Option<f64>>) -> Vec<(f64, f64)> {
    let both = |(z, value): (f64, Option<f64>)| Some((z, value?));
    units
        .unit(unit)
        .zip(values)
        .filter_map(both)
        .filter(|(z, a)| z.is_finite() && a.is_finite())
        .collect()
}

fn pearson(pairs: &[(f64, f64)]) -> Option<f64> {
    let n = pairs.len() as f64;
    let (mean_a, mean_b) = (
        pairs.iter().map(|pair| pair.0).sum::<f64>() / n,
        pairs.iter().map(|pair| pair.1).sum::<f64>() / n,
    );
    let (mut aa, mut ab, mut bb) = (0.0, 0.0, 0.0);
    for (a, b) in pairs {
        let (a, b) = (a - mean_a, b - mean_b);
        aa += a * a;
        ab += a * b;
        bb += b * b;
    }
    (aa > 0.0 && bb > 0.0).then(|| (ab / (aa.sqrt() * bb.sqrt())).clamp(-1.0, 1.0))
}

fn correlation_ratio(pairs: &[(f64, f64)], levels: usize) -> Option<f64> {
    let mut groups = vec![(0.0, 0.0); levels];
    for (z, level) in pairs {
        groups[*level as usize].0 += z;
        groups[*level as usize].1 += 1.0;
    }
    let n = pairs.len() as f64;
    let mean = pairs.iter().map(|pair| pair.0).sum::<f64>() / n;
    let total: f64 = pairs.iter().map(|pair| (pair.0 - mean).powi(2)).sum();
    let own = |level: f64| groups[level as usize].0 / groups[level as usize].1;
    let within: f64 = pairs.iter().map(|(z, level)| (z - own(*level)).powi(2)).sum();
    let freedom = n - groups.iter().filter(|group| group.1 > 0.0).count() as f64;
    (total > 0.0 && freedom > 0.0).then(|| (1.0 - within / total * (n - 1.0) / freedom).max(0.0).sqrt())
}

/// The level with the largest point-biserial correlation against all others.
fn best_level(pairs: &[(f64, f64)], levels: &[String]) -> Option<(String, f64)> {
    let mut best: Option<(usize, f64)> = None;
    for level in 0..levels.len() {
        let one: Vec<(f64, f64)> = pairs
            .iter()
            .map(|(z, code)| (*z, f64::from(u8::from(*code as usize == level))))
            .collect();
        let Some(r) = pearson(&one) else { continue };
        if best.is_none_or(|(_, most)| r.abs() > most.abs()) {
            best = Some((level, r));
        }
    }
    best.map(|(level, r)| (levels[level].clone(), r))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(values: Values) -> Attribute {
        Attribute {
            name: "a".into(),
            values,
        }
    }

    fn category(codes: &[u32]) -> Values {
        let levels = ["x", "y", "z"].map(String::from).to_vec();
        Values::Category {
            levels,
            codes: codes.iter().copied().map(Some).collect(),
        }
    }

    fn of(z: &[f32], values: Values) -> Option<Association> {
        association(Units { values: z, width: 1 }, 0, &attribute(values))
    }

    fn correlation(z: &[f32], values: Values) -> f64 {
        of(z, values).unwrap().correlation
    }

    #[test]
    fn pearson_by_hand() {
        let numbers = |values: [f64; 3]| Values::Number(values.map(Some).to_vec());
        assert!((correlation(&[0.0, 1.0, 2.0], numbers([5.0, 3.0, 1.0])) + 1.0).abs() < 1e-12);
        // Deviations (-1, 0, 1) and (0, -1, 1): 1 / (√2 √2).
        assert!((correlation(&[0.0, 1.0, 2.0], numbers([1.0, 0.0, 2.0])) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn point_biserial_by_hand() {
        // Deviations (-1.5, -0.5, 0.5, 1.5) and (-.5, -.5, .5, .5): 2 / √(5 * 1).
        let flag = Values::Flag(vec![Some(false), Some(false), Some(true), Some(true)]);
        assert!((correlation(&[0.0, 1.0, 2.0, 3.0], flag) - 2.0 / 5f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn the_correlation_ratio_by_hand() {
        // Group means 1, 3, 8 of two each around the mean 4: 2 (9 + 1 + 16) = 52 between; each pair lies
        // ±1 about its mean: 6 within, 58 in total. With n = 6 and K = 3: 1 - 6/58 * 5/3 = 1 - 5/29.
        let found = of(&[0.0, 2.0, 2.0, 4.0, 7.0, 9.0], category(&[0, 0, 1, 1, 2, 2])).unwrap();
        assert!((found.correlation - (24.0f64 / 29.0).sqrt()).abs() < 1e-12);
        assert_eq!(found.level.as_ref().unwrap().0, "z");
        assert!(found.level.as_ref().unwrap().1 > 0.8);
        assert_eq!(found.to_string(), "a (η = 0.91, most: z)");
        // Equal means in all groups, and a level for each record: nothing is followed.
        assert_eq!(correlation(&[-1.0, 1.0, -2.0, 2.0], category(&[0, 0, 1, 1])), 0.0);
        assert_eq!(of(&[0.0, 1.0, 5.0], category(&[0, 1, 2])), None);
    }

    #[test]
    fn the_strongest_attribute_names_the_unit() {
        let units = Units {
            values: &[0.0, 5.0, 7.0, 1.0, 3.0, 7.0, 2.0, 4.0, 7.0, 3.0, 2.0, 7.0],
            width: 3,
        };
        let named = |name: &str, values: [f64; 4]| Attribute {
            name: name.into(),
            values: Values::Number(values.map(Some).to_vec()),
        };
        let attributes = [
            named("flat", [1.0; 4]),
            named("up", [0.0, 1.0, 2.0, 3.0]),
            named("own", [5.0, 3.0, 4.0, 2.0]),
        ];
        let found = associate(units, &attributes);
        let names: Vec<Option<&str>> = found
            .iter()
            .map(|found| found.as_ref().map(|found| found.attribute.as_str()))
            .collect();
        assert_eq!(
            names,
            [Some("up"), Some("own"), None],
            "the third unit is constant"
        );
        assert_eq!(found[0].as_ref().unwrap().to_string(), "up (r = 1.00)");
    }

    #[test]
    fn what_is_not_given_does_not_count() {
        let values = Values::Number(vec![Some(0.0), Some(1.0), None, Some(f64::NAN), Some(2.0)]);
        assert!((correlation(&[0.0, 1.0, 9.0, 9.0, 2.0], values) - 1.0).abs() < 1e-12);
        assert_eq!(of(&[0.0, 1.0], Values::Flag(vec![Some(true), Some(true)])), None);
        assert_eq!(of(&[], category(&[])), None);
    }
}
