//! Which cells of a table hold no value.

/// Words that programs write for a missing number, date or flag, in any case.
const USUAL: [&str; 11] = [
    "?", ".", "-", "na", "n/a", "nan", "null", "none", "#n/a", "<na>", "\\n",
];
/// Stands for "no word is missing" in a list of words.
const NO_WORD: &str = "none";

/// Whether a cell is missing in a column of numbers, dates or flags: empty or one of the usual words.
///
/// In a column of words only the empty cell is missing: `NA` may be Namibia, and `None` a brand.
pub(crate) fn is_missing(text: &str) -> bool {
    let text = text.trim();
    text.len() <= 4 && (text.is_empty() || USUAL.iter().any(|word| text.eq_ignore_ascii_case(word)))
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
    /// Counts a word; empty cells are no words.
    pub(crate) fn add(&mut self, word: &str, times: u64) {
        match self.0.iter_mut().find(|(known, _)| known == word) {
            _ if word.is_empty() => {}
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

    /// A note on the words of a column that are `taken` as missing, if there are any.
    pub(crate) fn note(&self, column: &str, taken: impl Fn(&str) -> bool) -> Option<String> {
        let words = self.0.iter().filter(|(word, _)| taken(word));
        let words = words.map(|(word, times)| format!("`{word}` ({times})"));
        let words = words.collect::<Vec<_>>().join(", ");
        (!words.is_empty()).then(|| format!("taken as missing in `{column}`: {words}"))
    }
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
}
