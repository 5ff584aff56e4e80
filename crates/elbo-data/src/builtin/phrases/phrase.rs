//! One sentence: made of its place among all sentences, and found again from its text.

use super::grammar::{ADJECTIVES, DEGREES, DETERMINERS, ENDINGS, NOUNS, OPENINGS, Style, VERBS};
use crate::noise::{Noise, Purpose};

/// Choices of a sentence, in the order of [`Phrase`]: style, mood, topic, number, opening,
/// determiner, noun, degree, adjective, ending.
const CHOICES: [usize; 10] = [4, 2, 4, 2, 3, 2, 6, 3, 4, 3];
/// Number of sentences of each style: 2·4·2·3·2·6·3·4·3.
pub const PER_STYLE: u64 = 20_736;
/// Number of all sentences.
pub const SENTENCES: u64 = 4 * PER_STYLE;

/// The step under which the rows of this data set draw; other built-in sets take other numbers.
const STEP: u64 = 2;

/// A sentence of the grammar, as the choice that was made in each place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phrase([usize; 10]);

impl Phrase {
    /// Sentence `index` of [`SENTENCES`]; those of one style stand together.
    pub fn nth(index: u64) -> Self {
        let mut left = index as usize;
        let mut choices = [0; 10];
        for (choice, n) in choices.iter_mut().zip(CHOICES).rev() {
            (*choice, left) = (left % n, left / n);
        }
        Self(choices)
    }

    /// How it is put.
    pub fn style(&self) -> Style {
        Style::ALL[self.0[0]]
    }

    /// Whether it is glad of what it says; a variation that no field names.
    pub fn glad(&self) -> bool {
        self.0[1] == 0
    }

    /// What it is about: 0 the sea, 1 food, 2 the garden, 3 the town; no field names it.
    pub fn topic(&self) -> usize {
        self.0[2]
    }

    /// The sentence.
    pub fn text(&self) -> String {
        let [
            style,
            mood,
            topic,
            number,
            opening,
            determiner,
            noun,
            degree,
            adjective,
            ending,
        ] = self.0;
        format!(
            "{} {} {}{} {} {} {}{}",
            OPENINGS[style][mood][opening],
            DETERMINERS[style][number][determiner],
            NOUNS[topic][noun],
            ["", "s"][number],
            VERBS[style][number][0],
            DEGREES[style][degree],
            ADJECTIVES[topic][mood][adjective],
            ENDINGS[style][mood][ending],
        )
    }
}

/// Sentence `row` of the data: each of [`SENTENCES`] as likely as any other.
pub fn phrase(noise: Noise, row: u64) -> Phrase {
    let u = noise.uniform(Purpose::Builtin, STEP, &[row], CHOICES.len());
    let mut choices = [0; 10];
    for ((choice, n), u) in choices.iter_mut().zip(CHOICES).zip(u) {
        *choice = ((u * n as f32) as usize).min(n - 1);
    }
    Phrase(choices)
}

/// The sentence that reads `text`, to the letter; `None` if the grammar has none.
pub fn parse(text: &str) -> Option<Phrase> {
    // Style, mood, topic and number decide what may stand in each place.
    (0..4 * 2 * 4 * 2).find_map(|frame| {
        let [style, mood, topic, number] = [frame / 16, frame / 8 % 2, frame / 2 % 4, frame % 2];
        let (opening, text) = one_of(&OPENINGS[style][mood], text, " ")?;
        let (determiner, text) = one_of(&DETERMINERS[style][number], text, " ")?;
        let (noun, text) = one_of(&NOUNS[topic], text, ["", "s"][number])?;
        let (_, text) = one_of(&VERBS[style][number], text.strip_prefix(' ')?, " ")?;
        let (degree, text) = one_of(&DEGREES[style], text, " ")?;
        let (adjective, text) = one_of(&ADJECTIVES[topic][mood], text, "")?;
        let ending = ENDINGS[style][mood].iter().position(|ending| *ending == text)?;
        Some(Phrase([
            style, mood, topic, number, opening, determiner, noun, degree, adjective, ending,
        ]))
    })
}

/// The position of the word that `text` begins with, and what follows it and `after`.
fn one_of<'a>(words: &[&str], text: &'a str, after: &str) -> Option<(usize, &'a str)> {
    let rest = |word: &&str| text.strip_prefix(*word)?.strip_prefix(after);
    let mut places = words.iter().enumerate();
    places.find_map(|(place, word)| Some((place, rest(word)?)))
}
