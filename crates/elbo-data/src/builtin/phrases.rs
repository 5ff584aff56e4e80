//! `builtin:phrases`: short sentences of a small grammar in four styles.
//!
//! For checking generated text: [`parse`] decides whether a text is a sentence of the grammar
//! and in which style. A sentence is a pure function of (seed, row). It reads
//!
//! ```text
//! opening determiner noun(s) verb degree adjective ending
//! yay,    those      cakes   look so     sweet     lol       casual
//! Sadly,  the        bridge  is   very   dark      , we fear. formal
//! ```
//!
//! Style decides every word but noun and adjective. Three variations that no field names decide the
//! rest: the mood (glad, sad) of opening, adjective and ending; the topic (sea, food, garden, town) of
//! noun and adjective; the number (one, several) of determiner, noun and verb.
//!
//! Each style has 2 moods · 4 topics · 2 numbers · 3 openings · 2 determiners · 6 nouns · 3 degrees ·
//! 4 adjectives · 3 endings = 20,736 sentences, none of which another style has, and all of them are
//! equally likely: no model can do better than ln 20,736 = 9.94 nats a sentence given its style.

mod grammar;
mod phrase;

use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

pub use grammar::Style;
pub use phrase::{PER_STYLE, Phrase, SENTENCES, parse, phrase};

use crate::error::DataError;
use crate::kind::text::text_field;
use crate::noise::Noise;
use crate::options::OpenOptions;
use crate::source::{Read, Source, check_rows};

/// Number of sentences where [`OpenOptions::records`] is not set.
pub const DEFAULT_RECORDS: u64 = 20_000;

/// The data set `builtin:phrases`: `text`, then `style` (casual, formal, pirate, poetic).
#[derive(Debug)]
pub struct Phrases {
    noise: Noise,
    seed: u64,
    records: u64,
    schema: SchemaRef,
}

/// Opens `builtin:phrases`: `options.records` sentences of `options.seed`.
pub(crate) fn open(options: &OpenOptions) -> Result<Arc<dyn Source>, DataError> {
    Ok(Arc::new(Phrases::new(options)))
}

impl Phrases {
    /// The sentences of `options.seed`, as many as `options.records`.
    pub fn new(options: &OpenOptions) -> Self {
        let column = |name| Field::new(name, DataType::Utf8, false);
        Self {
            noise: Noise::new(options.seed),
            seed: options.seed,
            records: options.records.unwrap_or(DEFAULT_RECORDS),
            schema: Arc::new(Schema::new(vec![text_field("text", false), column("style")])),
        }
    }
}

impl Source for Phrases {
    fn arrow_schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn len(&self) -> u64 {
        self.records
    }

    fn read(&self, rows: &[u64]) -> Result<Read, DataError> {
        self.read_columns(rows, &[0, 1])
    }

    fn read_columns(&self, rows: &[u64], columns: &[usize]) -> Result<Read, DataError> {
        check_rows(rows, self.records)?;
        let schema = Arc::new(self.schema.project(columns)?);
        let phrases: Vec<Phrase> = rows.iter().map(|row| phrase(self.noise, *row)).collect();
        let array = |position: &usize| -> ArrayRef {
            Arc::new(match position {
                0 => StringArray::from_iter_values(phrases.iter().map(Phrase::text)),
                _ => StringArray::from_iter_values(phrases.iter().map(|phrase| phrase.style().name())),
            })
        };
        let arrays = columns.iter().map(array).collect();
        Read::new(schema, arrays, rows.to_vec())
    }

    fn name_of(&self, row: u64) -> String {
        format!("phrase {row}")
    }

    fn description(&self) -> String {
        format!(
            "{} procedural sentences of seed {}, in four styles",
            self.records, self.seed
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::AsArray;
    use std::collections::HashSet;

    fn phrases(records: Option<u64>) -> Phrases {
        Phrases::new(&OpenOptions {
            records,
            ..Default::default()
        })
    }

    #[test]
    fn every_sentence_is_another_one_and_parses_as_itself() {
        let mut texts = HashSet::new();
        for index in 0..SENTENCES {
            let phrase = Phrase::nth(index);
            let text = phrase.text();
            assert_eq!(parse(&text), Some(phrase), "{text}");
            assert_eq!(phrase.style(), Style::ALL[(index / PER_STYLE) as usize]);
            assert!((20..=66).contains(&text.len()), "{text}");
            texts.insert(text);
        }
        assert_eq!(texts.len() as u64, SENTENCES);
    }

    #[test]
    fn small_corruptions_do_not_parse() {
        for index in (0..SENTENCES).step_by(37) {
            let text = Phrase::nth(index).text();
            for place in 0..text.len() {
                let without = [&text[..place], &text[place + 1..]].concat();
                let twice = [&text[..=place], &text[place..]].concat();
                for corrupt in [without, twice] {
                    assert_eq!(parse(&corrupt), None, "{corrupt}");
                }
            }
        }
        for text in [
            "",
            "those ship looks so calm lol",
            "yay, those ships looks so calm lol",
        ] {
            assert_eq!(parse(text), None);
        }
        // Another style's ending, another mood's, another topic's adjective.
        for ending in [" calm, matey!", " calm tbh", " sweet lol"] {
            assert_eq!(parse(&format!("yay, that ship looks so{ending}")), None);
        }
        assert!(parse("yay, that ship looks so calm lol").is_some());
    }

    #[test]
    fn a_sentence_depends_on_the_seed_and_the_row_alone() {
        let together = phrases(None).read(&[3, 1_000, 7]).unwrap();
        let alone = phrases(Some(8)).read(&[7]).unwrap();
        assert_eq!(together.batch.slice(2, 1), alone.batch);
        assert!(matches!(
            phrases(Some(8)).read(&[8]),
            Err(DataError::NoSuchRow { row: 8, len: 8 })
        ));
    }

    #[test]
    fn the_columns_agree_and_every_style_is_as_frequent() {
        let rows: Vec<u64> = (0..DEFAULT_RECORDS).collect();
        let batch = phrases(None).read(&rows).unwrap().batch;
        let (texts, styles) = (
            batch.column(0).as_string::<i32>(),
            batch.column(1).as_string::<i32>(),
        );
        for (text, style) in texts.iter().zip(styles) {
            assert_eq!(parse(text.unwrap()).unwrap().style().name(), style.unwrap());
        }
        for style in Style::ALL {
            let count = styles.iter().filter(|found| *found == Some(style.name())).count();
            // Five standard errors of a share: 5 √(1/4 · 3/4 / 20,000) = 0.0153.
            assert!(
                (count as f64 / 20_000.0 - 0.25).abs() < 0.0153,
                "{style:?} {count}"
            );
        }
    }
}
