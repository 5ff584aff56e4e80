//! Categories: text of which few different values occur, encoded as the position of the level.

mod fitter;
mod keys;
mod numbered;
mod rare;

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field as ArrowField};
use serde::{Deserialize, Serialize};

use super::statistics::{Statistics, wrong_values};
use super::{Form, Parsed, Value, as_written, wrong_type};
use crate::batch::{Column, Values};
use crate::error::{DataError, nearest};

pub(super) use fitter::CategoryFitter;
pub use rare::Rare;

/// The most levels that are modelled one by one; the rarer ones are pooled.
pub const MAX_LEVELS: usize = 255;
/// The name of the position that rare levels share.
pub const RARE: &str = "(rare)";
/// Metadata key of a column of texts that are of another type in the data; its value is that type.
pub(crate) const STORED: &str = "elbo.stored";
/// The most bytes that a level's name may have.
const MAX_NAME: usize = 1000;

/// The levels of a category.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Category {
    /// Names of the levels: whole numbers by value, else by the alphabet; last [`RARE`], if some are.
    pub levels: Vec<String>,
    /// How many training records have each level.
    pub counts: Vec<u64>,
    /// The levels that share the last position.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rare: Option<Rare>,
    /// The type of the values in the data, as Arrow calls it, where they are no texts.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none", default)]
    pub data_type: Option<String>,
}

impl Category {
    /// The levels that have a position of their own.
    fn own(&self) -> &[String] {
        let pooled = usize::from(self.rare.is_some());
        &self.levels[..self.levels.len().saturating_sub(pooled)]
    }

    /// How many training records have a level.
    pub fn records(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The chance that a record's level is none of those in training, by those that occur once among n records,
    /// (n_1 + 1) / (n + 1) (Good 1953).
    pub fn new_level(&self) -> f64 {
        let rare = self.rare.iter().flat_map(Rare::counts);
        let own = self.counts[..self.own().len().min(self.counts.len())]
            .iter()
            .copied();
        let once = own.chain(rare).filter(|count| *count == 1).count();
        (once as f64 + 1.0) / (self.records() as f64 + 1.0)
    }

    /// Position of the level called `name`: the shared one if it is rare.
    pub fn position(&self, name: &str) -> Option<u32> {
        let own = self.own().iter().position(|level| level == name);
        own.or_else(|| self.rare_position(name))
            .map(|position| position as u32)
    }

    fn rare_position(&self, name: &str) -> Option<usize> {
        let rare = self.rare.as_ref()?;
        rare.contains(name).then(|| self.own().len())
    }

    /// The level at a position; a rare one is drawn at `uniform`, within [0, 1).
    pub fn name_in(&self, position: u32, uniform: f32) -> Option<&str> {
        let position = position as usize;
        match &self.rare {
            Some(rare) if position == self.own().len() => rare.name_at(uniform),
            _ => self.levels.get(position).map(String::as_str),
        }
    }

    fn stored_type(&self) -> DataType {
        let stored = self.data_type.as_deref().and_then(|stored| stored.parse().ok());
        stored.unwrap_or(DataType::Utf8)
    }

    fn no_level(&self, field: &str, position: u32) -> DataError {
        DataError::UnknownLevel {
            field: field.to_owned(),
            value: format!("level {position}"),
            nearest: None,
            known: self.levels.clone(),
        }
    }

    /// The level as written, else the only one that differs in case alone.
    fn level(&self, field: &str, text: &str) -> Result<Value, DataError> {
        let alike = || {
            let mut alike = self
                .own()
                .iter()
                .filter(|level| level.to_lowercase() == text.to_lowercase());
            alike.next().filter(|_| alike.next().is_none())
        };
        self.position(text)
            .or_else(|| self.position(alike()?))
            .map(Value::Category)
            .ok_or_else(|| DataError::UnknownLevel {
                field: field.to_owned(),
                value: text.to_owned(),
                nearest: nearest(text, self.own().iter().map(String::as_str)),
                known: self.levels.clone(),
            })
    }

    /// The names of levels. Of the rare ones it is the most frequent, or with `uniforms` one that is drawn.
    fn names(&self, field: &str, levels: &[u32], uniforms: Option<&[f32]>) -> Result<Vec<&str>, DataError> {
        let mode = self.rare.as_ref().and_then(Rare::mode);
        let name = |(place, level): (usize, &u32)| {
            let name = match (uniforms, mode) {
                (Some(uniforms), _) => self.name_in(*level, uniforms[place]),
                (None, Some(mode)) if *level as usize == self.own().len() => Some(mode),
                _ => self.levels.get(*level as usize).map(String::as_str),
            };
            name.ok_or_else(|| self.no_level(field, *level))
        };
        levels.iter().enumerate().map(name).collect()
    }

    fn levels_of<'a>(&self, field: &str, values: &'a Values) -> Result<&'a [u32], DataError> {
        match values {
            Values::Category(levels) => Ok(levels),
            other => Err(wrong_values(field, self, other)),
        }
    }
}

impl Statistics for Category {
    fn name(&self) -> &'static str {
        "category"
    }

    fn form(&self) -> Form<'_> {
        Form::Category(self)
    }

    fn arrow_field(&self, name: &str) -> ArrowField {
        ArrowField::new(name, self.stored_type(), true)
    }

    /// A level that was not seen in training is not observed: the model cannot represent it.
    fn encode(&self, field: &ArrowField, array: &ArrayRef) -> Result<Column, DataError> {
        let array = &as_written(field, array);
        let text = cast(array, &DataType::Utf8).map_err(|_| wrong_type(field.name(), "a category", array))?;
        let text = text
            .as_string_opt::<i32>()
            .ok_or_else(|| wrong_type(field.name(), "a category", array))?;
        let positions: BTreeMap<&str, u32> = self.own().iter().map(String::as_str).zip(0..).collect();
        let pooled = |level| self.rare_position(level).map(|position| position as u32);
        let position = |level| positions.get(level).copied().or_else(|| pooled(level));
        let found: Vec<Option<u32>> = text.iter().map(|level| position(level?)).collect();
        Ok(Column {
            observed: found.iter().map(Option::is_some).collect(),
            values: Values::Category(found.into_iter().map(Option::unwrap_or_default).collect()),
        })
    }

    fn decode(&self, field: &str, values: &Values, uniforms: Option<&[f32]>) -> Result<ArrayRef, DataError> {
        let names = self.names(field, self.levels_of(field, values)?, uniforms)?;
        let texts: ArrayRef = Arc::new(StringArray::from_iter_values(names));
        Ok(cast(&texts, &self.stored_type())?)
    }

    /// The name of each level, drawn or not, is encoded as that level.
    fn settle(&self, field: &str, values: &Values, uniforms: Option<&[f32]>) -> Result<Column, DataError> {
        let levels = self.levels_of(field, values)?;
        self.names(field, levels, uniforms)?;
        Ok(Column::all_observed(values.clone(), levels.len()))
    }

    fn parse(&self, field: &str, text: &str) -> Result<Parsed, DataError> {
        self.level(field, text).map(Parsed::from)
    }

    fn damage(&self) -> Option<String> {
        let mut sorted: Vec<&String> = self.levels.iter().collect();
        sorted.sort_unstable();
        sorted.dedup();
        if let Some(reason) = self.rare.as_ref().and_then(Rare::damage) {
            Some(reason)
        } else if !(1..=MAX_LEVELS).contains(&self.own().len()) {
            Some(format!("{} levels", self.levels.len()))
        } else if self.counts.len() != self.levels.len() {
            Some(format!(
                "{} levels but {} counts",
                self.levels.len(),
                self.counts.len()
            ))
        } else if sorted.len() != self.levels.len() {
            Some("a level occurs twice".to_owned())
        } else if self.levels.iter().any(|level| level.len() > MAX_NAME) {
            Some("a level's name is too long".to_owned())
        } else {
            None
        }
    }

    fn describe(&self) -> Vec<String> {
        let levels = self.levels.iter().zip(&self.counts);
        levels
            .map(|(level, count)| format!("{level} ({count})"))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::{Fitted, Kind, ignored};

    fn array(values: &[Option<&str>]) -> ArrayRef {
        Arc::new(StringArray::from(values.to_vec()))
    }

    fn field() -> ArrowField {
        ArrowField::new("hair", DataType::Utf8, true)
    }

    fn decoded(category: &Category, levels: &[u32]) -> Result<ArrayRef, DataError> {
        category.decode("hair", &Values::Category(levels.to_vec()), None)
    }

    fn fitted(values: &[Option<&str>]) -> Kind {
        let mut fitter = CategoryFitter::default();
        fitter.push(&array(values));
        match fitter.finish(false) {
            Fitted::Kind(kind) => kind,
            Fitted::Text => ignored("text"),
        }
    }

    fn category(values: &[Option<&str>]) -> Category {
        let Kind::Category(category) = fitted(values) else {
            panic!("not a category")
        };
        category
    }

    #[test]
    fn a_new_level_is_as_likely_as_those_seen_once() {
        let once = category(&[Some("red"), Some("black"), Some("red"), Some("red")]);
        assert_eq!((once.records(), once.new_level()), (4, 2.0 / 5.0));
        let never = category(&[Some("red"), Some("black"), Some("black"), Some("red")]);
        assert_eq!(never.new_level(), 1.0 / 5.0);
        let pooled = Category {
            levels: vec!["a".into(), RARE.into()],
            counts: vec![6, 3],
            rare: Some(Rare::new(vec![("b".into(), 1), ("c".into(), 2)])),
            data_type: None,
        };
        assert_eq!(pooled.new_level(), 2.0 / 10.0);
    }

    #[test]
    fn levels_are_sorted_and_counted() {
        let hair = category(&[Some("red"), Some("black"), None, Some("red")]);
        assert_eq!(
            (hair.levels, hair.counts),
            (vec!["black".into(), "red".into()], vec![1, 2])
        );
        assert_eq!(
            category(&[Some("10"), Some("9"), Some("x")]).levels,
            ["9", "10", "x"]
        );
    }

    #[test]
    fn missing_and_unseen_levels_are_not_observed() {
        let hair = category(&[Some("red"), Some("black")]);
        let column = hair
            .encode(
                &field(),
                &array(&[Some("red"), None, Some("blue"), Some("black")]),
            )
            .unwrap();
        assert_eq!(column.values, Values::Category(vec![1, 0, 0, 0]));
        assert_eq!(column.observed, [true, false, false, true]);
        let back = decoded(&hair, &[1, 0]).unwrap();
        assert_eq!(&back, &array(&[Some("red"), Some("black")]));
        assert!(decoded(&hair, &[2]).is_err());
    }

    #[test]
    fn constants_are_ignored() {
        let reason = |kind| match kind {
            Kind::Ignored(ignored) => ignored.reason,
            other => panic!("{other:?}"),
        };
        assert!(reason(fitted(&[Some("a"), Some("a")])).contains("every record has the value `a`"));
        assert!(reason(fitted(&[None])).contains("no record has a value"));
        let mut some_lack_it = CategoryFitter::default();
        some_lack_it.push(&array(&[Some("a"), None]));
        let kind = some_lack_it.finish(true);
        assert!(matches!(kind, Fitted::Kind(Kind::Category(one)) if one.levels == ["a"]));
    }

    #[test]
    fn many_values_or_long_ones_are_text_unless_a_person_says_otherwise() {
        let names: Vec<String> = (0..50).map(|i| "name ".repeat(i + 1)).collect();
        let texts: Vec<Option<&str>> = names.iter().map(|name| Some(name.as_str())).collect();
        let essay = "x".repeat(2000);
        let long = [Some("a"), Some("b"), Some(essay.as_str())];
        let metadata = [(crate::kind::CATEGORY.to_owned(), String::new())];
        let surely = field().with_metadata(std::collections::HashMap::from(metadata));
        for values in [&texts[..], &long] {
            for (mut fitter, text) in [
                (CategoryFitter::default(), true),
                (CategoryFitter::of(&surely), false),
            ] {
                fitter.push(&array(values));
                assert_eq!(matches!(fitter.finish(false), Fitted::Text), text);
            }
        }
    }

    #[test]
    fn identifiers_are_ignored() {
        for name in [
            |i: u32| format!("user_{i}"),
            |i: u32| format!("{:08x}", i.wrapping_mul(2_654_435_761)),
        ] {
            let names: Vec<String> = (1..40).map(name).collect();
            let texts: Vec<Option<&str>> = names.iter().map(|name| Some(name.as_str())).collect();
            let Kind::Ignored(ignored) = fitted(&texts) else {
                panic!()
            };
            assert!(ignored.reason.starts_with("identifier"), "{ignored:?}");
        }
    }

    #[test]
    fn rare_levels_are_pooled_and_drawn_back() {
        // 300 levels, level i of i + 2 records: the 45 rarest, of 2 to 46 records, are pooled.
        let names: Vec<String> = (0..300).map(|i| format!("{i:03}")).collect();
        let times = |i: usize| std::iter::repeat_n(Some(names[i].as_str()), i + 2);
        let cities = category(&(0..300).flat_map(times).collect::<Vec<_>>());
        assert_eq!((cities.levels.len(), cities.levels[255].as_str()), (256, RARE));
        // 2 + 3 + ... + 46 = 46 * 47 / 2 - 1.
        assert_eq!(cities.counts[255], 1080);
        let column = cities
            .encode(&field(), &array(&[Some("007"), Some("299"), Some("x")]))
            .unwrap();
        assert_eq!(column.values, Values::Category(vec![255, 254, 0]));
        assert_eq!(column.observed, [true, true, false]);
        assert_eq!(cities.level("city", "007").unwrap(), Value::Category(255));
        assert_eq!(cities.name_in(255, 0.0), Some("000"));
        assert_eq!(cities.name_in(255, 0.999_999), Some("044"));
        assert_eq!(&decoded(&cities, &[255]).unwrap(), &array(&[Some("044")]));
        assert!(cities.damage().is_none() && cities.names("city", &[256], Some(&[0.5])).is_err());
    }

    #[test]
    fn levels_are_typed_in_any_case_and_misspellings_are_helped() {
        let hair = category(&[Some("Red"), Some("Black"), Some("RED")]);
        assert_eq!(hair.level("hair", "black").unwrap(), Value::Category(0));
        assert_eq!(hair.level("hair", "Red").unwrap(), Value::Category(2));
        // `red` may mean either `Red` or `RED`.
        let error = hair.parse("hair", "red").unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("`hair` has no level `red`; did you mean `"),
            "{error}"
        );
        let error = hair.parse("hair", "blakc").unwrap_err();
        assert!(error.to_string().ends_with("did you mean `Black`?"), "{error}");
    }
}
