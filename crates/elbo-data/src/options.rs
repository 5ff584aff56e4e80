//! The settings with which data are opened; every source understands them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::DataError;
use crate::kind::MissingWords;
use crate::kind::clock::Clock;

/// The largest side a picture may be asked to have.
const MAX_SIDE: u32 = 4096;
/// The most records of built-in data: the lists of their rows are held in memory.
const MAX_RECORDS: u64 = 100_000_000;

/// Height and width of a picture in pixels. Written `64` (a square) or `64x48` (width x height).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "SizeText", into = "String")]
pub struct ImageSize {
    /// Rows of pixels.
    pub height: usize,
    /// Columns of pixels.
    pub width: usize,
}

/// A size as it stands in a config file: a number or a text.
#[derive(Deserialize)]
#[serde(untagged)]
enum SizeText {
    Side(u32),
    Text(String),
}

impl TryFrom<SizeText> for ImageSize {
    type Error = DataError;

    fn try_from(size: SizeText) -> Result<Self, DataError> {
        match size {
            SizeText::Side(side) => side.to_string().parse(),
            SizeText::Text(text) => text.parse(),
        }
    }
}

impl From<ImageSize> for String {
    fn from(size: ImageSize) -> Self {
        size.to_string()
    }
}

impl fmt::Display for ImageSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

impl std::str::FromStr for ImageSize {
    type Err = DataError;

    /// Reads `64` or `64x48` (width x height).
    fn from_str(text: &str) -> Result<Self, DataError> {
        let (width, height) = text.split_once(['x', 'X', '×']).unwrap_or((text, text));
        let side = |side: &str| side.trim().parse().ok().filter(|s| (2..=MAX_SIDE).contains(s));
        match (side(height), side(width)) {
            (Some(height), Some(width)) => Ok(Self {
                height: height as usize,
                width: width as usize,
            }),
            _ => Err(DataError::BadOption {
                name: "size",
                value: format!("`{text}`"),
                expected: "a side such as 64, or width x height such as 64x48, from 2 to 4096",
            }),
        }
    }
}

/// How a picture of another shape is brought to the size asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fit {
    /// Scaled until it covers the size, then cut at the centre.
    #[default]
    Crop,
    /// Scaled until it fits into the size, with a white (or clear) border.
    Pad,
    /// Scaled to the size, its proportions changed.
    Stretch,
}

/// Which folders of a picture or a text are its label.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Labels {
    /// The sub-folder, whatever folders are in it.
    #[default]
    Folder,
    /// All folders on the way, such as `animals/dogs`.
    Path,
}

/// The type as which a column is read, whatever its values look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldType {
    /// Levels, as they are written.
    Category,
    /// Numbers.
    Number,
    /// Yes or no.
    Flag,
    /// Dates, also with the time of day.
    Date,
    /// Times of day.
    Time,
    /// Durations.
    Duration,
    /// Texts, generated token by token.
    Text,
    /// Not used.
    Ignore,
}

impl FieldType {
    /// Every type.
    const ALL: [Self; 8] = [
        Self::Category,
        Self::Number,
        Self::Flag,
        Self::Date,
        Self::Time,
        Self::Duration,
        Self::Text,
        Self::Ignore,
    ];

    /// The names of all types, in the same order.
    pub const NAMES: [&'static str; 8] = [
        "category", "number", "flag", "date", "time", "duration", "text", "ignore",
    ];

    /// The names as the end of a sentence.
    pub const LISTED: &'static str = "category, number, flag, date, time, duration, text or ignore";

    /// Its name.
    pub fn name(self) -> &'static str {
        let names = Self::ALL.iter().zip(Self::NAMES);
        let found = names.into_iter().find(|(other, _)| **other == self);
        found.map_or("", |(_, name)| name)
    }

    /// The type of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let place = Self::NAMES.iter().position(|known| *known == name)?;
        Self::ALL.get(place).copied()
    }

    /// What is written in formats of its own, if this is.
    pub(crate) fn clock(self) -> Option<Clock> {
        match self {
            Self::Date => Some(Clock::Date),
            Self::Time => Some(Clock::Time),
            Self::Duration => Some(Clock::Duration),
            _ => None,
        }
    }
}

/// A column and the type as which it is read, written `age=number`, or with its format `when=date:%d.%m.%Y %H:%M`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TypedField {
    /// The column's name.
    pub name: String,
    /// Its type.
    pub field_type: FieldType,
    /// The format of dates, times or durations, as in chrono's `strftime`; `None`: found from the cells.
    pub format: Option<String>,
}

impl TypedField {
    /// A column of this type.
    pub fn new(name: impl Into<String>, field_type: FieldType) -> Self {
        Self {
            name: name.into(),
            field_type,
            format: None,
        }
    }

    /// The type and the format in a text such as `date:%d.%m.%Y`, if it is one.
    fn read(text: &str) -> Option<(FieldType, Option<String>)> {
        if let Some(field_type) = FieldType::named(text.trim()) {
            return Some((field_type, None));
        }
        let (name, format) = text.split_once(':')?;
        let field_type = FieldType::named(name.trim())?;
        field_type.clock()?;
        Some((field_type, Some(format.trim().to_owned())))
    }
}

impl std::str::FromStr for TypedField {
    type Err = DataError;

    fn from_str(text: &str) -> Result<Self, DataError> {
        // Names and formats may hold `=` too: the last before a type counts.
        let mut places = text.rmatch_indices('=');
        let found =
            places.find_map(|(place, _)| Some((text[..place].trim(), Self::read(&text[place + 1..])?)));
        let Some((name, (field_type, format))) = found.filter(|(name, _)| !name.is_empty()) else {
            return Err(DataError::BadOption {
                name: "fields",
                value: format!("`{text}`"),
                expected: "a column and its kind, such as age=number: category, number, flag, date, time, duration, text or ignore",
            });
        };
        let known = |format: &String| field_type.clock().is_some_and(|clock| clock.knows(format));
        match format.as_ref().filter(|format| !known(format)) {
            Some(format) => Err(DataError::bad_format(format)),
            None => Ok(Self {
                name: name.to_owned(),
                field_type,
                format,
            }),
        }
    }
}

impl TryFrom<String> for TypedField {
    type Error = DataError;

    fn try_from(text: String) -> Result<Self, DataError> {
        text.parse()
    }
}

impl From<TypedField> for String {
    fn from(field: TypedField) -> Self {
        let format = field.format.map_or_else(Self::new, |format| format!(":{format}"));
        format!("{}={}{format}", field.name, field.field_type.name())
    }
}

/// How to open a data set. The defaults suit most.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OpenOptions {
    /// Size of every picture; `None`: their own if all are equal and at most 128 a side, else 64x64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<ImageSize>,
    /// How pictures of another shape are brought to that size.
    pub fit: Fit,
    /// 1 (gray), 3 (colour) or 4 (colour and alpha); `None`: 1 if all pictures are gray, else 3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channels: Option<u8>,
    /// Which folders of a picture or a text are its label.
    pub labels: Labels,
    /// Whether a broken record is an error; otherwise it is reported and skipped.
    pub strict: bool,
    /// Number of records of built-in data; `None`: their own default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub records: Option<u64>,
    /// Seed of built-in data.
    pub seed: u64,
    /// Pictures of more pixels are refused before any memory is allocated for them.
    pub max_pixels: u64,
    /// Types of columns of tables, where they shall not be guessed from the values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<TypedField>,
    /// Types of columns, as a schema of earlier data has them: of those that the data have and that `fields` does not
    /// set.
    #[serde(skip)]
    pub expected: Vec<TypedField>,
    /// Words that stand for missing values in every column of a table, as they are written, beside the words that do so
    /// in columns of numbers, dates and flags. With `none` among them these are values: only empty cells and the other
    /// words are missing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// Which value is white in pictures of 16 bits, as a schema of earlier data has it; `None`: the largest of the bits
    /// that the pictures use, such as 4095.
    #[serde(skip)]
    pub white: Option<u16>,
    /// The most memory for decoded records, in bytes: later epochs need not decode those again.
    pub cache_bytes: u64,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            size: None,
            fit: Fit::Crop,
            channels: None,
            labels: Labels::Folder,
            strict: false,
            records: None,
            seed: 0,
            max_pixels: 100_000_000,
            fields: Vec::new(),
            expected: Vec::new(),
            missing: Vec::new(),
            white: None,
            cache_bytes: 256 << 20,
        }
    }
}

impl OpenOptions {
    /// The types that are set for columns of these names.
    ///
    /// # Errors
    /// [`DataError::UnknownField`] for a name in `fields` that no column has.
    pub fn types(&self, names: &[String]) -> Result<Vec<TypedField>, DataError> {
        if let Some(unknown) = self.fields.iter().find(|field| !names.contains(&field.name)) {
            return Err(DataError::unknown_field(&unknown.name, names.to_vec()));
        }
        let expected = self.expected.iter().filter(|field| names.contains(&field.name));
        // The last type of a column is the one that holds.
        Ok(expected.chain(&self.fields).cloned().collect())
    }

    /// Which words stand for missing values.
    pub(crate) fn missing_words(&self) -> MissingWords {
        MissingWords::new(&self.missing)
    }

    /// Checks what can be checked before any data are seen.
    ///
    /// # Errors
    /// [`DataError::BadOption`] names the setting, its value and what it may be.
    pub fn check(&self) -> Result<(), DataError> {
        let bad = |name, value: String, expected| {
            Err(DataError::BadOption {
                name,
                value,
                expected,
            })
        };
        match (self.channels, self.records) {
            (Some(channels), _) if ![1, 3, 4].contains(&channels) => {
                bad("channels", channels.to_string(), "1, 3 or 4")
            }
            (_, Some(records)) if !(1..=MAX_RECORDS).contains(&records) => {
                bad("records", records.to_string(), "from 1 to 100000000")
            }
            _ if self.max_pixels == 0 => bad("max_pixels", "0".to_owned(), "at least 1"),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_width_by_height() {
        let size: ImageSize = "64x48".parse().unwrap();
        assert_eq!((size.width, size.height), (64, 48));
        assert_eq!(
            "32".parse::<ImageSize>().unwrap(),
            ImageSize {
                height: 32,
                width: 32
            }
        );
        assert_eq!(size.to_string().parse::<ImageSize>().unwrap(), size);
    }

    #[test]
    fn kinds_of_columns_are_listed_once() {
        let (last, others) = FieldType::NAMES.split_last().unwrap();
        assert_eq!(FieldType::LISTED, format!("{} or {last}", others.join(", ")));
        let error = "age=nope".parse::<TypedField>().unwrap_err().to_string();
        assert!(error.contains(FieldType::LISTED), "{error}");
        for name in FieldType::NAMES {
            let field: TypedField = format!("a=b={name}").parse().unwrap();
            assert_eq!((field.name.as_str(), field.field_type.name()), ("a=b", name));
            assert_eq!(serde_json::to_value(field.field_type).unwrap(), name);
        }
    }

    #[test]
    fn bad_sizes_are_named() {
        for text in ["0", "1", "-3", "64x", "axb", "5000", "1x64", ""] {
            let error = text.parse::<ImageSize>().unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("`size` cannot be `{text}`")),
                "{error}"
            );
        }
    }

    #[test]
    fn options_survive_json_and_refuse_unknown_keys() {
        let options = OpenOptions {
            size: Some("9x7".parse().unwrap()),
            ..Default::default()
        };
        let json = serde_json::to_string(&options).unwrap();
        assert_eq!(serde_json::from_str::<OpenOptions>(&json).unwrap(), options);
        assert_eq!(
            serde_json::from_str::<OpenOptions>(r#"{"size":28}"#)
                .unwrap()
                .size
                .unwrap()
                .height,
            28
        );
        assert!(serde_json::from_str::<OpenOptions>(r#"{"sise":28}"#).is_err());
    }

    #[test]
    fn typed_fields_are_read_as_written() {
        let field: TypedField = "a=b=number".parse().unwrap();
        assert_eq!(
            (field.name.as_str(), field.field_type),
            ("a=b", FieldType::Number)
        );
        assert_eq!(String::from(field), "a=b=number");
        for text in [
            "when=date:%d=%b-%y %H.%M",
            "a=b=time:%H:%M",
            "n=date:Unix seconds",
        ] {
            let field: TypedField = text.parse().unwrap();
            assert!(field.format.is_some() && field.field_type.clock().is_some());
            assert_eq!(String::from(field), text);
        }
        for text in ["when=date:%d-%Q", "at=date:%H:%M", "n=duration:%d"] {
            let error = text.parse::<TypedField>().unwrap_err();
            let format = text.split_once(':').unwrap().1;
            assert!(error.to_string().contains(format), "{error}");
        }
        for text in ["age", "age=colour", "=number", "age=number:%d"] {
            assert!(
                matches!(text.parse::<TypedField>(), Err(DataError::BadOption { .. })),
                "{text}"
            );
        }
    }

    #[test]
    fn options_are_checked() {
        for options in [
            OpenOptions {
                channels: Some(2),
                ..Default::default()
            },
            OpenOptions {
                records: Some(0),
                ..Default::default()
            },
            OpenOptions {
                max_pixels: 0,
                ..Default::default()
            },
        ] {
            assert!(matches!(options.check(), Err(DataError::BadOption { .. })));
        }
        assert!(OpenOptions::default().check().is_ok());
    }
}
