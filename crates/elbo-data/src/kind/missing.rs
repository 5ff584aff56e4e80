//! Which cells of a table hold no value.

use arrow::datatypes::Field as ArrowField;

/// Words that programs write for a missing number, date or flag, in any case.
const USUAL: [&str; 16] = [
    "?", ".", "-", "na", "n/a", "nan", "null", "none", "#n/a", "<na>", "\\n", "#div/0!", "#num!", "#ref!",
    "#value!", "#name?",
];
/// The most bytes of such a word.
const LONGEST: usize = 7;
/// Stands for "no word is missing" in a list of words.
const NO_WORD: &str = "none";

/// Whether a cell is missing in a column of numbers, dates or flags: empty or one of the usual words.
///
/// In a column of words only the empty cell is missing: `NA` may be Namibia, and `None` a brand.
pub(crate) fn is_missing(text: &str) -> bool {
    let text = text.trim();
    text.len() <= LONGEST && (text.is_empty() || USUAL.iter().any(|word| text.eq_ignore_ascii_case(word)))
}

/// Which words stand for missing values: the usual ones, and those that a person names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct MissingWords {
    /// Missing in every column, also in columns of words.
    named: Vec<String>,
    /// Whether the usual words are values.
    without_usual: bool,
}

impl MissingWords {
    /// The words that a person names; `none` among them switches the usual words off.
    pub(crate) fn new(words: &[String]) -> Self {
        let (none, named): (Vec<&String>, Vec<&String>) = words.iter().partition(|word| *word == NO_WORD);
        Self {
            named: named.into_iter().map(|word| word.trim().to_owned()).collect(),
            without_usual: !none.is_empty(),
        }
    }

    /// The words that a person named.
    pub(crate) fn named(&self) -> &[String] {
        &self.named
    }

    /// Whether a person named this word.
    pub(crate) fn is_named(&self, word: &str) -> bool {
        let word = word.trim();
        self.named.iter().any(|named| named == word)
    }

    /// Whether a cell is missing in every column: empty, or a word that a person named.
    pub(crate) fn everywhere(&self, cell: &str) -> bool {
        cell.trim().is_empty() || self.is_named(cell)
    }

    /// Whether a cell is missing in a column of numbers, dates or flags.
    pub(crate) fn beside_values(&self, cell: &str) -> bool {
        self.everywhere(cell) || (!self.without_usual && is_missing(cell))
    }
}

/// Words that stood for missing values, and how often each did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct MissingCounts(Vec<(String, u64)>);

impl MissingCounts {
    /// Counts a word, or an empty cell.
    pub(crate) fn add(&mut self, word: &str, times: u64) {
        match self.0.iter_mut().find(|(known, _)| known == word) {
            Some((_, count)) => *count += times,
            None => self.0.push((word.to_owned(), times)),
        }
    }

    pub(crate) fn add_all(&mut self, other: &Self) {
        other.0.iter().for_each(|(word, times)| self.add(word, *times));
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The word that most missing cells hold, among those that are `taken` as missing; none where most are empty.
    pub(crate) fn usual(&self, taken: impl Fn(&str) -> bool) -> Option<&str> {
        let words = self.0.iter().filter(|(word, _)| word.is_empty() || taken(word));
        // Of words that are as frequent the first, whatever the order of the others.
        let most = words.rev().max_by_key(|(_, times)| *times)?;
        Some(most.0.as_str()).filter(|word| !word.is_empty())
    }

    /// A note on the words of a column that are `taken` as missing, if there are any.
    pub(crate) fn note(&self, column: &str, taken: impl Fn(&str) -> bool) -> Option<String> {
        let words = self.0.iter().filter(|(word, _)| !word.is_empty() && taken(word));
        let words = words.map(|(word, times)| format!("`{word}` ({times})"));
        let words = words.collect::<Vec<_>>().join(", ");
        (!words.is_empty()).then(|| format!("taken as missing in `{column}`: {words}"))
    }
}

/// Metadata key of the word that a column of texts has in its missing cells.
pub(crate) const MISSING: &str = "elbo.missing";

/// The field of a column whose missing cells hold this word in files of text.
pub(crate) fn with_missing_word(field: ArrowField, word: Option<&str>) -> ArrowField {
    let mut metadata = field.metadata().clone();
    match word {
        Some(word) => metadata.insert(MISSING.to_owned(), word.to_owned()),
        None => metadata.remove(MISSING),
    };
    field.with_metadata(metadata)
}

/// The word that stands in missing cells of a column in files of text, if they are not empty.
pub(crate) fn missing_word(field: &ArrowField) -> Option<&str> {
    field.metadata().get(MISSING).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> MissingWords {
        MissingWords::new(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn usual_words_are_missing_beside_values_and_named_ones_everywhere() {
        let both = |words: MissingWords, cell| (words.everywhere(cell), words.beside_values(cell));
        assert_eq!(both(words(&[]), " "), (true, true));
        assert_eq!(both(words(&[]), "Null"), (false, true));
        assert_eq!(both(words(&["k.A."]), " k.A. "), (true, true));
        assert_eq!(both(words(&["k.A."]), "k.a."), (false, false));
        assert_eq!(both(words(&["k.A."]), "NA"), (false, true));
        assert_eq!(both(words(&["none"]), "NA"), (false, false));
        assert_eq!(both(words(&["none", "-99"]), "-99"), (true, true));
        assert_eq!(both(words(&["none"]), "none"), (false, false));
    }

    #[test]
    fn the_usual_word_is_the_most_frequent_of_those_taken() {
        let mut counts = MissingCounts::default();
        for (word, times) in [("NA", 3), ("?", 5), ("", 4), ("-", 5)] {
            counts.add(word, times);
        }
        assert_eq!(counts.usual(|_| true), Some("?"));
        assert_eq!(counts.usual(|word| word == "NA"), None);
        counts.add("NA", 2);
        assert_eq!(counts.usual(|word| word == "NA"), Some("NA"));
        assert_eq!(MissingCounts::default().usual(|_| true), None);
        assert_eq!(
            counts.note("a", |word| word == "NA").unwrap(),
            "taken as missing in `a`: `NA` (5)"
        );
    }
}
