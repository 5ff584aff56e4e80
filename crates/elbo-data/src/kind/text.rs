//! Texts: tokens, with a tokenizer learned from the training records.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field as ArrowField};
use serde::{Deserialize, Serialize};

use super::statistics::{Statistics, wrong_values};
use super::{Form, Kind, Parsed, Value, as_written, no_value, wrong_type};
use crate::batch::{Column, Values};
use crate::error::DataError;
use crate::text::{Lengths, TextFitter, Tokenizer, TokenizerKind};

/// Metadata key of a column that is text whatever its values.
pub const TEXT: &str = "elbo.text";
/// The most tokens of a text that are kept.
pub const MAX_TOKENS: usize = 512;

/// A text and its tokenizer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// Tokens of the longest training text, at most [`MAX_TOKENS`]: longer texts are cut there.
    pub longest: usize,
    /// Lengths of the training texts before they were cut.
    pub lengths: Lengths,
    /// Training texts that were cut.
    pub cut: u64,
    /// What the tokens are.
    pub tokenizer: Tokenizer,
}

/// How the tokenizer of a text is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TextOptions {
    /// What a token is; `None`: characters of short texts, pieces of longer ones.
    pub tokenizer: Option<TokenizerKind>,
    /// The most tokens of a vocabulary; `None`: as many as can be learned from the texts.
    pub vocabulary: Option<usize>,
}

/// A column of texts.
pub fn text_field(name: &str, nullable: bool) -> ArrowField {
    let metadata = HashMap::from([(TEXT.to_owned(), String::new())]);
    ArrowField::new(name, DataType::Utf8, nullable).with_metadata(metadata)
}

impl Text {
    /// The tokens of a text, cut after the most that are kept.
    pub fn tokens(&self, text: &str) -> Vec<u32> {
        let mut tokens = self.tokenizer.encode(text);
        tokens.truncate(self.longest);
        tokens
    }

    /// The texts that tokens spell.
    fn spelled(&self, field: &str, values: &Values) -> Result<impl Iterator<Item = String>, DataError> {
        match values {
            Values::Text(texts) => {
                let spelled = texts.iter().map(|tokens| self.tokenizer.decode(tokens));
                Ok(spelled.map(|text| text.replace(is_unwritable, "")))
            }
            other => Err(wrong_values(field, self, other)),
        }
    }
}

/// Whether no file of text should hold the character: a model may string together bytes that no text has.
fn is_unwritable(letter: char) -> bool {
    (letter.is_control() && !"\t\n\r".contains(letter)) || letter == char::REPLACEMENT_CHARACTER
}

impl Statistics for Text {
    fn name(&self) -> &'static str {
        "text"
    }

    fn form(&self) -> Form<'_> {
        Form::Text(self)
    }

    fn arrow_field(&self, name: &str) -> ArrowField {
        ArrowField::new(name, DataType::Utf8, true)
    }

    fn encode(&self, field: &ArrowField, array: &ArrayRef) -> Result<Column, DataError> {
        let array = &as_written(field, array);
        let text = cast(array, &DataType::Utf8).map_err(|_| wrong_type(field.name(), "a text", array))?;
        let text = text
            .as_string_opt::<i32>()
            .ok_or_else(|| wrong_type(field.name(), "a text", array))?;
        let tokens = text.iter().map(|text| text.map(|text| self.tokens(text)));
        let tokens: Vec<Option<Vec<u32>>> = tokens.collect();
        Ok(Column {
            observed: tokens.iter().map(Option::is_some).collect(),
            values: Values::Text(tokens.into_iter().map(Option::unwrap_or_default).collect()),
        })
    }

    fn decode(&self, field: &str, values: &Values, _: Option<&[f32]>) -> Result<ArrayRef, DataError> {
        Ok(Arc::new(StringArray::from_iter_values(
            self.spelled(field, values)?,
        )))
    }

    /// Other tokens may spell the same text; those that the tokenizer chooses stay.
    fn settle(&self, field: &str, values: &Values, _: Option<&[f32]>) -> Result<Column, DataError> {
        let texts = self.spelled(field, values)?.map(|text| self.tokens(&text));
        let texts: Vec<Vec<u32>> = texts.collect();
        let n = texts.len();
        Ok(Column::all_observed(Values::Text(texts), n))
    }

    fn parse(&self, _: &str, text: &str) -> Result<Parsed, DataError> {
        Ok(Value::Text(self.tokens(text)).into())
    }

    fn damage(&self) -> Option<String> {
        match self.longest {
            1..=MAX_TOKENS => self.tokenizer.damage(),
            longest => Some(format!("texts of {longest} tokens")),
        }
    }

    fn describe(&self) -> Vec<String> {
        vec![
            format!("{} tokens ({})", self.tokenizer.size(), self.tokenizer.kind()),
            format!("{:.0} in a text on average", self.lengths.mean()),
            format!("at most {}", self.lengths.longest),
        ]
    }
}

/// Reads the texts of a column twice: once for the tokenizer, once for the lengths.
#[derive(Debug)]
pub(crate) enum TextPass {
    /// The characters, words and byte pairs of the texts.
    Vocabulary(TextFitter),
    /// How long they are.
    Lengths {
        tokenizer: Tokenizer,
        lengths: Lengths,
        cut: u64,
    },
}

impl TextPass {
    pub(crate) fn new() -> Self {
        Self::Vocabulary(TextFitter::default())
    }

    pub(crate) fn push(&mut self, array: &ArrayRef) {
        for text in array.as_string_opt::<i32>().into_iter().flatten().flatten() {
            match self {
                Self::Vocabulary(fitter) => fitter.push(text),
                Self::Lengths {
                    tokenizer,
                    lengths,
                    cut,
                } => {
                    let tokens = tokenizer.encode(text).len();
                    lengths.push(tokens);
                    *cut += u64::from(tokens > MAX_TOKENS);
                }
            }
        }
    }

    /// The second pass after the first.
    ///
    /// # Errors
    /// [`DataError::BadOption`] for a vocabulary that no tokenizer of that kind can have.
    pub(crate) fn second(self, options: &TextOptions) -> Result<Self, DataError> {
        let Self::Vocabulary(fitter) = self else {
            return Ok(self);
        };
        let kind = options.tokenizer.unwrap_or_else(|| fitter.choose().kind);
        Ok(Self::Lengths {
            tokenizer: fitter.finish(kind, options.vocabulary)?,
            lengths: Lengths::default(),
            cut: 0,
        })
    }

    pub(crate) fn finish(self) -> Kind {
        match self {
            Self::Lengths {
                tokenizer,
                lengths,
                cut,
            } if lengths.longest > 0 => Kind::Text(Text {
                longest: (lengths.longest as usize).min(MAX_TOKENS),
                lengths,
                cut,
                tokenizer,
            }),
            _ => no_value(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(texts: &[&str]) -> Text {
        let array: ArrayRef = Arc::new(StringArray::from(texts.to_vec()));
        let mut pass = TextPass::new();
        pass.push(&array);
        let mut pass = pass.second(&TextOptions::default()).unwrap();
        pass.push(&array);
        let Kind::Text(text) = pass.finish() else {
            panic!("not a text")
        };
        text
    }

    #[test]
    fn texts_come_back_and_what_is_not_there_is_open() {
        let text = fitted(&["anna", "nana", "ananan"]);
        assert_eq!((text.longest, text.lengths.total, text.cut), (6, 14, 0));
        let array: ArrayRef = Arc::new(StringArray::from(vec![Some("nan"), None]));
        let column = text.encode(&text_field("name", true), &array).unwrap();
        assert_eq!(column.observed, [true, false]);
        let Values::Text(tokens) = &column.values else {
            panic!("tokens")
        };
        let first = Values::Text(tokens[..1].to_vec());
        let back = text.decode("name", &first, None).unwrap();
        assert_eq!(back.as_string::<i32>().value(0), "nan");
    }

    #[test]
    fn long_texts_are_cut_and_counted() {
        let long = "ab".repeat(MAX_TOKENS);
        let mut pass = TextPass::new();
        let array: ArrayRef = Arc::new(StringArray::from(vec![long.as_str()]));
        pass.push(&array);
        let options = TextOptions {
            tokenizer: Some(TokenizerKind::Characters),
            vocabulary: None,
        };
        let mut pass = pass.second(&options).unwrap();
        pass.push(&array);
        let Kind::Text(text) = pass.finish() else { panic!() };
        assert_eq!((text.longest, text.cut), (MAX_TOKENS, 1));
        assert_eq!(text.tokens(&long).len(), MAX_TOKENS);
    }

    #[test]
    fn no_text_holds_what_a_file_could_not() {
        assert_eq!(
            "a\0b\u{3}\u{fffd}\tc\r\nd".replace(is_unwritable, ""),
            "ab\tc\r\nd"
        );
    }
}
