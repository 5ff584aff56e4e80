//! The forms in which a model takes values. There are few; several kinds may share one.

use super::category::Category;
use super::flag::Flag;
use super::ignored::Ignored;
use super::image::ImageStats;
use super::number::Number;
use super::text::Text;
use super::{Kind, Value};
use crate::batch::{Column, Numbers, Values};

/// The form of a field's values, with what was fitted to them. Every form but the last has a variant of [`Values`].
#[derive(Clone, Copy, Debug)]
pub enum Form<'a> {
    /// Pixels.
    Image(&'a ImageStats),
    /// Tokens.
    Text(&'a Text),
    /// Numbers, with bins as levels.
    Number(&'a Number),
    /// Levels.
    Category(&'a Category),
    /// Two levels, no and yes.
    Flag(&'a Flag),
    /// Not modelled.
    Ignored(&'a Ignored),
}

/// Names of a flag's levels.
const NO_YES: [&str; 2] = ["no", "yes"];

impl Form<'_> {
    /// Number of levels: those of a category, no and yes of a flag, the bins of a number; 0 where there are none.
    pub(crate) fn levels(&self) -> usize {
        match self {
            Self::Category(category) => category.levels.len(),
            Self::Flag(_) => NO_YES.len(),
            Self::Number(number) => number.bins.len(),
            Self::Image(_) | Self::Text(_) | Self::Ignored(_) => 0,
        }
    }

    /// `n` fillers; none of an ignored field.
    pub(crate) fn fillers(&self, n: usize) -> Option<Values> {
        match self {
            Self::Image(image) => Some(Values::Image(vec![0; n * image.bytes()])),
            Self::Text(_) => Some(Values::Text(vec![Vec::new(); n])),
            _ => self.of_levels(vec![0; n]),
        }
    }

    /// Values of which only the levels are known; none of a field without levels.
    pub(crate) fn of_levels(&self, levels: Vec<u32>) -> Option<Values> {
        match self {
            Self::Category(_) => Some(Values::Category(levels)),
            Self::Flag(_) => Some(Values::Flag(levels.iter().map(|level| *level as u8).collect())),
            Self::Number(_) => Some(Values::Number(Numbers::of_bins(levels))),
            Self::Image(_) | Self::Text(_) | Self::Ignored(_) => None,
        }
    }

    fn level_name(&self, level: u32) -> Option<String> {
        match self {
            Self::Category(category) => category.levels.get(level as usize).cloned(),
            Self::Flag(_) => NO_YES.get(level as usize).map(|name| (*name).to_owned()),
            _ => None,
        }
    }

    /// How far two values of record `row` are apart, in the units of the numbers.
    fn distance(&self, a: &Column, b: &Column, row: usize) -> Option<f64> {
        match (&a.values, &b.values) {
            (Values::Number(a), Values::Number(b)) => Some((a.value.get(row)? - b.value.get(row)?).abs()),
            (Values::Text(a), Values::Text(b)) => Some(f64::from(u8::from(a.get(row)? != b.get(row)?))),
            (Values::Image(_), Values::Image(_)) => {
                Some(squared(a.slice(row, 1).pixels()?, b.slice(row, 1).pixels()?))
            }
            _ => Some(f64::from(u8::from(a.level(row)? != b.level(row)?))),
        }
    }
}

/// The mean squared difference of pixels scaled to [0, 1].
fn squared(a: &[u8], b: &[u8]) -> f64 {
    let pairs = a.iter().zip(b);
    let squares = pairs.map(|(a, b)| ((f64::from(*a) - f64::from(*b)) / 255.0).powi(2));
    squares.sum::<f64>() / a.len().max(1) as f64
}

impl Kind {
    /// The form in which a model takes the values.
    pub fn form(&self) -> Form<'_> {
        self.statistics().form()
    }

    /// What was fitted, if it holds pictures.
    pub fn image(&self) -> Option<&ImageStats> {
        match self.form() {
            Form::Image(image) => Some(image),
            _ => None,
        }
    }

    /// What was fitted, if it holds texts.
    pub fn text(&self) -> Option<&Text> {
        match self.form() {
            Form::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number behind a kind that is modelled as a number, such as a date.
    pub fn number(&self) -> Option<&Number> {
        match self.form() {
            Form::Number(number) => Some(number),
            _ => None,
        }
    }

    /// The levels of a category.
    pub fn category(&self) -> Option<&Category> {
        match self.form() {
            Form::Category(category) => Some(category),
            _ => None,
        }
    }

    /// Why the field is ignored, if it is.
    pub fn ignored(&self) -> Option<&Ignored> {
        match self.form() {
            Form::Ignored(ignored) => Some(ignored),
            _ => None,
        }
    }

    /// Whether the field is ignored.
    pub fn is_ignored(&self) -> bool {
        self.ignored().is_some()
    }

    /// Whether each value has a level: of a category, a flag, or the bins of a number.
    pub fn has_levels(&self) -> bool {
        self.form().levels() > 0
    }

    /// Whether [`Kind::marginal`] can draw a value: the training records' pictures and texts are not kept.
    pub fn can_be_drawn(&self) -> bool {
        self.has_levels()
    }

    /// The value on which a draw uniform in [0, 1) falls, each as likely as it was frequent in the training records;
    /// none of a picture, a text or an ignored field.
    pub fn marginal(&self, uniform: f32) -> Option<Value> {
        match self.form() {
            Form::Category(category) => Some(Value::Category(falls_on(&category.counts, uniform).0)),
            Form::Flag(flag) => Some(Value::Flag(falls_on(&flag.counts, uniform).0 == 1)),
            Form::Number(number) => {
                let counts: Vec<u64> = number.bins.iter().map(|bin| bin.count).collect();
                let (bin, within) = falls_on(&counts, uniform);
                Some(number.value(number.value_in(bin, within)))
            }
            Form::Image(_) | Form::Text(_) | Form::Ignored(_) => None,
        }
    }

    /// Every value of a category or a flag, in the order of the levels; none of other kinds.
    pub fn every_value(&self) -> Option<Vec<Value>> {
        match self.form() {
            Form::Category(category) => {
                Some((0..category.levels.len() as u32).map(Value::Category).collect())
            }
            Form::Flag(_) => Some([false, true].map(Value::Flag).to_vec()),
            _ => None,
        }
    }

    /// The names of [`Kind::every_value`].
    pub fn level_names(&self) -> Option<Vec<String>> {
        let n = self.every_value()?.len() as u32;
        (0..n).map(|level| self.level_name(level)).collect()
    }

    /// The name of a level of a category or a flag; of another kind, or behind the last level, none.
    pub(crate) fn level_name(&self, level: u32) -> Option<String> {
        self.form().level_name(level)
    }

    /// How far two values of record `row` are apart, in the units of [`Kind::error_measure`].
    pub(crate) fn distance(&self, a: &Column, b: &Column, row: usize) -> Option<f64> {
        self.form().distance(a, b, row)
    }
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

/// The most likely level, the first of several.
pub fn mode(probabilities: &[f64]) -> u32 {
    let best = probabilities
        .iter()
        .enumerate()
        .max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0)));
    best.map_or(0, |(level, _)| level as u32)
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

    #[test]
    fn the_mode_is_the_first_of_equals() {
        assert_eq!(mode(&[0.25, 0.5, 0.25]), 1);
        assert_eq!(mode(&[0.5, 0.5]), 0);
    }

    #[test]
    fn pixels_differ_by_their_mean_square() {
        // (1² + 0) / 2
        assert_eq!(squared(&[255, 7], &[0, 7]), 0.5);
    }
}
