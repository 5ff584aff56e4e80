//! The values that a setting takes: reading one from the command line, and checking it.

use std::ops::{Bound, RangeBounds, RangeInclusive};

use elbo_data::options::{FieldType, TypedField};
use elbo_data::{ImageSize, Rule, error::nearest};
use serde::Deserialize;
use toml::Value;

use crate::error::quoted;

/// The values that a setting takes.
#[derive(Clone, Debug, PartialEq)]
pub enum Takes {
    /// A whole number within a range.
    Whole(RangeInclusive<i64>),
    /// A finite number between two bounds.
    Real(Bound<f64>, Bound<f64>),
    /// `true` or `false`.
    YesNo,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// Any text.
    Text,
    /// A list of texts.
    Names,
    /// A list of columns, each with its kind.
    Kinds,
    /// A list of rules.
    Rules,
    /// A list of whole numbers within a range.
    Wholes(RangeInclusive<i64>),
    /// A picture size: `64`, or `64x48` for width and height.
    Size,
}

impl Takes {
    /// The value of a command line's `text`: as TOML if it is TOML, else as the setting needs it. Any other text is
    /// kept, for [`Self::fits`] to refuse.
    pub(crate) fn read(&self, text: &str) -> Value {
        match (self, as_toml(text)) {
            (Self::Names | Self::Kinds | Self::Rules | Self::Wholes(_), Some(list @ Value::Array(_))) => list,
            (Self::Names | Self::Kinds | Self::Rules | Self::Wholes(_), _) => Value::Array(self.split(text)),
            (Self::Text | Self::OneOf(_) | Self::Size, Some(quoted @ Value::String(_))) => quoted,
            (Self::Text | Self::OneOf(_), _) => Value::String(text.to_owned()),
            // `0x64` is no number in base 16 here.
            (Self::Size, _) if text.contains(['x', 'X']) => Value::String(text.to_owned()),
            (_, Some(value)) => value,
            (Self::Real(..), None) => text
                .parse()
                .map_or_else(|_| Value::String(text.to_owned()), Value::Float),
            (Self::YesNo, None) if text == "yes" || text == "no" => Value::Boolean(text == "yes"),
            (_, None) => Value::String(text.to_owned()),
        }
    }

    fn split(&self, text: &str) -> Vec<Value> {
        let item = |item: &str| match (self, item.parse()) {
            (Self::Wholes(_), Ok(number)) => Value::Integer(number),
            _ => Value::String(item.to_owned()),
        };
        let mut parts: Vec<String> = Vec::new();
        for part in text.split(',').filter(|_| !text.trim().is_empty()) {
            match parts.last_mut() {
                // A comma within the quotes of a name.
                Some(last) if *self == Self::Rules && last.matches('"').count() % 2 == 1 => {
                    last.push(',');
                    last.push_str(part);
                }
                // A comma within the format of a date.
                Some(last) if *self == Self::Kinds && !part.contains('=') => {
                    last.push(',');
                    last.push_str(part);
                }
                _ => parts.push(part.to_owned()),
            }
        }
        parts.iter().map(|part| item(part.trim())).collect()
    }

    /// Whether the setting takes this value.
    pub(crate) fn fits(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Whole(range), Value::Integer(number)) => range.contains(number),
            (Self::Real(low, high), Value::Float(number)) => {
                number.is_finite() && (*low, *high).contains(number)
            }
            (Self::Real(low, high), Value::Integer(number)) => (*low, *high).contains(&(*number as f64)),
            (Self::YesNo, Value::Boolean(_)) | (Self::Text, Value::String(_)) => true,
            (Self::OneOf(words), Value::String(word)) => words.contains(&word.as_str()),
            (Self::Names, Value::Array(names)) => names.iter().all(Value::is_str),
            (Self::Kinds, Value::Array(names)) => {
                let kind = |name: &Value| name.as_str()?.parse::<TypedField>().ok();
                names.iter().all(|name| kind(name).is_some())
            }
            (Self::Rules, Value::Array(rules)) => {
                let rule = |rule: &Value| rule.as_str()?.parse::<Rule>().ok();
                rules.iter().all(|text| rule(text).is_some())
            }
            (Self::Wholes(range), Value::Array(numbers)) => numbers
                .iter()
                .all(|number| number.as_integer().is_some_and(|number| range.contains(&number))),
            (Self::Size, Value::Integer(side)) => side.to_string().parse::<ImageSize>().is_ok(),
            (Self::Size, Value::String(size)) => size.parse::<ImageSize>().is_ok(),
            _ => false,
        }
    }

    /// In words, to follow "it takes".
    pub fn describe(&self) -> String {
        match self {
            Self::Whole(range) => format!("a whole number {}", whole_range(range)),
            Self::Real(low, high) => format!("a number{}", real_range(*low, *high)),
            Self::YesNo => "`true` or `false`".to_owned(),
            Self::OneOf(words) => format!("one of {}", quoted(*words)),
            Self::Text => "text in quotes".to_owned(),
            Self::Names => "a list of names, such as `[\"smile\", \"beard\"]`".to_owned(),
            Self::Kinds => format!(
                "a list such as `[\"age=number\"]`, each a column and its kind: {}",
                FieldType::LISTED
            ),
            Self::Rules => {
                "a list such as `[\"start <= end\", \"price + tax = total\", \"city -> state\"]`; a name with blanks or signs \
                 stands in double quotes"
                    .to_owned()
            }
            Self::Wholes(range) => format!("a list of whole numbers, each {}", whole_range(range)),
            Self::Size => {
                "a side such as `64`, or width and height such as `\"64x48\"`, from 2 to 4096".to_owned()
            }
        }
    }

    /// The possible word most like `value`.
    pub(crate) fn nearest(&self, value: &Value) -> Option<String> {
        match (self, value) {
            (Self::OneOf(words), Value::String(word)) => nearest(word, words.iter().copied()),
            _ => None,
        }
    }
}

fn as_toml(text: &str) -> Option<Value> {
    let value = toml::de::ValueDeserializer::parse(text).ok()?;
    Value::deserialize(value).ok()
}

fn whole_range(range: &RangeInclusive<i64>) -> String {
    match (range.start(), range.end()) {
        (low, &i64::MAX) => format!("of at least {low}"),
        (low, high) => format!("from {low} to {high}"),
    }
}

fn real_range(low: Bound<f64>, high: Bound<f64>) -> String {
    let low = match low {
        Bound::Included(low) => format!(" of at least {low}"),
        Bound::Excluded(low) => format!(" above {low}"),
        Bound::Unbounded => String::new(),
    };
    match high {
        Bound::Included(high) => format!("{low} and at most {high}"),
        Bound::Excluded(high) => format!("{low} and below {high}"),
        Bound::Unbounded => low,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHARE: Takes = Takes::Real(Bound::Included(0.0), Bound::Excluded(1.0));

    fn accepts(takes: &Takes, text: &str) -> bool {
        takes.fits(&takes.read(text))
    }

    #[test]
    fn whole_numbers() {
        let takes = Takes::Whole(1..=9);
        for (text, fits) in [
            ("1", true),
            ("9", true),
            ("0", false),
            ("10", false),
            ("-1", false),
            ("1.5", false),
        ] {
            assert_eq!(accepts(&takes, text), fits, "{text}");
        }
        assert!(!accepts(&takes, "") && !accepts(&takes, "a") && !accepts(&takes, "true"));
        assert_eq!(takes.describe(), "a whole number from 1 to 9");
        assert_eq!(
            Takes::Whole(1..=i64::MAX).describe(),
            "a whole number of at least 1"
        );
    }

    #[test]
    fn numbers() {
        for (text, fits) in [
            ("0", true),
            ("0.5", true),
            (".5", true),
            ("5e-1", true),
            ("1", false),
            ("-0.1", false),
        ] {
            assert_eq!(accepts(&SHARE, text), fits, "{text}");
        }
        let any = Takes::Real(Bound::Unbounded, Bound::Unbounded);
        assert!(
            !accepts(&any, "nan") && !accepts(&any, "inf") && !accepts(&any, "NaN") && accepts(&any, "-2")
        );
        assert_eq!(SHARE.describe(), "a number of at least 0 and below 1");
        let above = Takes::Real(Bound::Excluded(0.0), Bound::Included(1.0));
        assert_eq!(above.describe(), "a number above 0 and at most 1");
        assert!(!accepts(&above, "0") && accepts(&above, "1"));
    }

    #[test]
    fn words() {
        let takes = Takes::OneOf(&["constant", "cosine"]);
        assert!(accepts(&takes, "cosine") && accepts(&takes, "\"cosine\"") && !accepts(&takes, "cosin"));
        assert_eq!(takes.nearest(&"cosin".into()), Some("cosine".to_owned()));
        assert_eq!(takes.describe(), "one of `constant`, `cosine`");
    }

    #[test]
    fn switches() {
        let takes = Takes::YesNo;
        assert_eq!(
            (takes.read("yes"), takes.read("no")),
            (Value::Boolean(true), Value::Boolean(false))
        );
        assert!(accepts(&takes, "true") && !accepts(&takes, "1"));
    }

    #[test]
    fn text_stays_text() {
        assert_eq!(Takes::Text.read("123"), Value::String("123".into()));
        assert_eq!(Takes::Text.read("\"a b\""), Value::String("a b".into()));
    }

    #[test]
    fn lists() {
        let takes = Takes::Wholes(1..=500);
        assert_eq!(takes.read("500, 20"), takes.read("[500, 20]"));
        assert_eq!(takes.read("7"), Value::Array(vec![Value::Integer(7)]));
        assert_eq!(takes.read(""), Value::Array(vec![]));
        for text in ["500,0", "500,,20", "1.5", "501", "a"] {
            assert!(!accepts(&takes, text), "{text}");
        }
        assert_eq!(
            Takes::Names.read("smile,beard"),
            Takes::Names.read("[\"smile\", \"beard\"]")
        );
        assert!(!accepts(&Takes::Names, "[1]"));
    }

    #[test]
    fn rules() {
        let takes = Takes::Rules;
        assert_eq!(
            takes.read("a <= b, c -> d"),
            takes.read("[\"a <= b\", \"c -> d\"]")
        );
        // a comma in a name
        assert!(accepts(&takes, "\"a, b\" <= c, d -> e, f ~ \"g h\""));
        assert!(accepts(&takes, "[]") && accepts(&takes, ""));
        for text in ["a", "a <= b, c", "a >= b", "[1]"] {
            assert!(!accepts(&takes, text), "{text}");
        }
    }

    #[test]
    fn sizes() {
        for (text, fits) in [
            ("64", true),
            ("64x48", true),
            ("\"64x48\"", true),
            ("0", false),
            ("-4", false),
            ("x", false),
        ] {
            assert_eq!(accepts(&Takes::Size, text), fits, "{text}");
        }
    }
}
