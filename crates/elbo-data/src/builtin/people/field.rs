//! The fields of a person, and the whole numbers that stand for their values.

use std::ops::{Index, IndexMut, RangeInclusive};

use arrow::compute::kernels::cast_utils::Parser;
use arrow::datatypes::{DataType, Date32Type};

use super::network::{LAST_DAY, LONGEST};

/// A field of `builtin:people`, in the order of the columns; none depends on a later one.
///
/// Every value is a whole number: the position of a level, 1 and 0 for yes and no, years, children,
/// hundreds of income, millimetres of height, days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// Where the person lives; a category of five levels.
    Region,
    /// `female` or `male`.
    Sex,
    /// In years, 18 to 90.
    Age,
    /// A category of four levels, from the lowest to the highest.
    Education,
    /// A category of six levels; students and pensioners among them.
    Job,
    /// By the month, a multiple of 100 from 100 to 20,000.
    Income,
    /// A flag.
    Smoker,
    /// In centimetres with one decimal, 130.0 to 220.0.
    Height,
    /// Number of children, 0 to 5.
    Children,
    /// The day on which the person became a customer, from 2005-01-06 to 2024-12-31.
    Joined,
}

impl Field {
    /// Number of fields.
    pub const COUNT: usize = 10;
    /// Every field, in the order of the columns.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Region,
        Self::Sex,
        Self::Age,
        Self::Education,
        Self::Job,
        Self::Income,
        Self::Smoker,
        Self::Height,
        Self::Children,
        Self::Joined,
    ];

    /// The column's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Region => "region",
            Self::Sex => "sex",
            Self::Age => "age",
            Self::Education => "education",
            Self::Job => "job",
            Self::Income => "income",
            Self::Smoker => "smoker",
            Self::Height => "height",
            Self::Children => "children",
            Self::Joined => "joined",
        }
    }

    /// Names of the levels of a category; empty for the other kinds.
    pub fn levels(self) -> &'static [&'static str] {
        match self {
            Self::Region => &["capital", "coast", "highlands", "islands", "plains"],
            Self::Sex => &["female", "male"],
            Self::Education => &["basic", "secondary", "bachelor", "master"],
            Self::Job => &["student", "craft", "service", "office", "specialist", "retired"],
            _ => &[],
        }
    }

    /// All values that the field may have.
    pub fn values(self) -> RangeInclusive<i32> {
        match self {
            Self::Region | Self::Sex | Self::Education | Self::Job => 0..=self.levels().len() as i32 - 1,
            Self::Age => 18..=90,
            Self::Income => 1..=200,
            Self::Smoker => 0..=1,
            Self::Height => 1300..=2200,
            Self::Children => 0..=5,
            Self::Joined => LAST_DAY - LONGEST + 1..=LAST_DAY,
        }
    }

    /// The fields that its distribution depends on.
    pub fn parents(self) -> &'static [Self] {
        match self {
            Self::Region | Self::Sex => &[],
            Self::Age => &[Self::Region],
            Self::Education => &[Self::Region, Self::Age],
            Self::Job | Self::Smoker => &[Self::Sex, Self::Age, Self::Education],
            Self::Income => &[Self::Age, Self::Education, Self::Job],
            Self::Height => &[Self::Sex, Self::Age],
            Self::Children => &[Self::Age, Self::Education],
            Self::Joined => &[Self::Age],
        }
    }

    /// The column's type.
    pub fn data_type(self) -> DataType {
        match self {
            Self::Region | Self::Sex | Self::Education | Self::Job => DataType::Utf8,
            Self::Age | Self::Income | Self::Children => DataType::Int64,
            Self::Smoker => DataType::Boolean,
            Self::Height => DataType::Float64,
            Self::Joined => DataType::Date32,
        }
    }

    /// A value, or a mean of values, in the units of the column: income and centimetres.
    pub fn in_units(self, value: f64) -> f64 {
        match self {
            Self::Income => value * 100.0,
            Self::Height => value / 10.0,
            _ => value,
        }
    }

    /// A value as a person writes it, such as `coast`, `yes`, `171.3` or `2014-03-02`.
    pub fn text(self, value: i32) -> String {
        match self {
            Self::Smoker => ["no", "yes"][usize::from(value == 1)].to_owned(),
            Self::Joined => {
                Date32Type::to_naive_date_opt(value).map_or_else(String::new, |day| day.to_string())
            }
            Self::Height => format!("{:.1}", self.in_units(value.into())),
            _ => match self.levels().get(value as usize) {
                Some(level) => (*level).to_owned(),
                None => self.in_units(value.into()).to_string(),
            },
        }
    }

    /// The value that is written like this, numbers rounded to the steps of the field; `None` for
    /// what the field cannot hold.
    pub fn parse(self, text: &str) -> Option<i32> {
        let value = match self.data_type() {
            DataType::Utf8 => self.levels().iter().position(|level| *level == text)? as i32,
            DataType::Boolean => i32::from(matches!(text, "yes" | "true")),
            DataType::Date32 => Date32Type::parse(text)?,
            _ => {
                let number = text.parse::<f64>().ok().filter(|number| number.is_finite())?;
                (number / self.in_units(1.0)).round() as i32
            }
        };
        let no = matches!(text, "no" | "false");
        (self.values().contains(&value) && (self != Self::Smoker || value == 1 || no)).then_some(value)
    }
}

/// A person of whom everything is known: the value of each field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Person([i32; Field::COUNT]);

impl Default for Person {
    /// The first value of every field.
    fn default() -> Self {
        Self(Field::ALL.map(|field| *field.values().start()))
    }
}

impl Index<Field> for Person {
    type Output = i32;

    fn index(&self, field: Field) -> &i32 {
        &self.0[field as usize]
    }
}

impl IndexMut<Field> for Person {
    fn index_mut(&mut self, field: Field) -> &mut i32 {
        &mut self.0[field as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_read_as_it_is_written() {
        for field in Field::ALL {
            for value in field.values() {
                assert_eq!(field.parse(&field.text(value)), Some(value), "{field:?}");
            }
            let (first, last) = (field.values().start() - 1, field.values().end() + 1);
            for text in [
                "",
                "perhaps",
                "1e99",
                "nan",
                &field.text(first),
                &field.text(last),
            ] {
                let written = text == "no" || text == "yes";
                assert!(written || field.parse(text).is_none(), "{field:?} {text}");
            }
        }
    }

    #[test]
    fn values_are_written_as_people_write_them() {
        let texts = [
            (Field::Region, 1, "coast"),
            (Field::Income, 24, "2400"),
            (Field::Smoker, 1, "yes"),
            (Field::Height, 1713, "171.3"),
            // 54 years after 1970-01-01, 13 of them leap years: 54 * 365 + 13 = 19,723 days.
            (Field::Joined, 19_723, "2024-01-01"),
        ];
        for (field, value, text) in texts {
            assert_eq!(field.text(value), text);
        }
        assert_eq!(Field::Joined.text(*Field::Joined.values().start()), "2005-01-06");
        assert_eq!(Field::Joined.text(*Field::Joined.values().end()), "2024-12-31");
    }

    #[test]
    fn no_field_depends_on_a_later_one() {
        for field in Field::ALL {
            assert!(field.parents().iter().all(|parent| *parent < field));
            assert!(field.parents().is_sorted());
        }
    }
}
