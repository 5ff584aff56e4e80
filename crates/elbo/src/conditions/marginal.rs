//! A draw of one field by itself, as often as in the training records.

use elbo_data::kind::number::Number;
use elbo_data::{Kind, Value};

/// Whether there is more to draw than "not given": nobody keeps the training records' pictures and texts.
pub(super) fn can_be_drawn(kind: &Kind) -> bool {
    !matches!(kind, Kind::Image(_) | Kind::Text(_) | Kind::Ignored(_))
}

/// The value on which a draw uniform in [0, 1) falls.
pub(super) fn marginal(kind: &Kind, uniform: f32) -> Value {
    match kind {
        Kind::Category(category) => Value::Category(falls_on(&category.counts, uniform).0),
        Kind::Flag(flag) => Value::Flag(falls_on(&flag.counts, uniform).0 == 1),
        Kind::Number(number) => of_number(number, uniform),
        Kind::Date(date) => of_number(&date.number, uniform),
        Kind::Image(_) | Kind::Text(_) | Kind::Ignored(_) => Value::NotGiven,
    }
}

/// A bin as often as it was met, and a value within it.
fn of_number(number: &Number, uniform: f32) -> Value {
    let counts: Vec<u64> = number.bins.iter().map(|bin| bin.count).collect();
    let (bin, within) = falls_on(&counts, uniform);
    number.value(number.value_in(bin, within))
}

/// The place among these counts on which a draw falls, and where within it, from 0 to 1.
fn falls_on(counts: &[u64], uniform: f32) -> (u32, f32) {
    let total: u64 = counts.iter().sum();
    let mut left = f64::from(uniform) * total as f64;
    for (place, count) in counts.iter().enumerate() {
        let count = *count as f64;
        if left < count {
            return (
                place as u32,
                ((left / count) as f32).clamp(0.0, 1.0 - f32::EPSILON),
            );
        }
        left -= count;
    }
    (0, 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_fall_on_counts_in_proportion() {
        // 1, 0 and 3 of four: the first quarter, and the rest
        assert_eq!(falls_on(&[1, 0, 3], 0.125), (0, 0.5));
        assert_eq!(falls_on(&[1, 0, 3], 0.25), (2, 0.0));
        assert_eq!(falls_on(&[1, 0, 3], 0.625), (2, 0.5));
        assert_eq!(falls_on(&[], 0.5), (0, 0.0));
    }
}
