//! The type of a table's column, guessed from all its cells, and how its cells are read.

use arrow::datatypes::DataType;

use super::formats::Format;
use super::number::{Numeral, Style};
use crate::kind::{MissingCounts, MissingWords};

/// The types that all cells seen so far fit.
#[derive(Clone, Debug)]
pub(in crate::source) struct Guess {
    flag: bool,
    /// The first words for no and for yes.
    words: [Option<String>; 2],
    /// Whether no cell is infinite.
    finite: bool,
    numeral: Numeral,
    /// Whether every number has as many digits as a date.
    pub(super) compact: bool,
    empty: bool,
    /// The words taken for missing values, and how often each occurs.
    pub(in crate::source) absent: MissingCounts,
    /// Whether a cell had blanks around it.
    pub(super) blanks: bool,
    /// Infinite numbers, and the line of the first.
    pub(super) infinite: u64,
    pub(super) infinite_line: u64,
}

impl Default for Guess {
    fn default() -> Self {
        Self {
            flag: true,
            words: [None, None],
            finite: true,
            numeral: Numeral::default(),
            compact: true,
            empty: true,
            absent: MissingCounts::default(),
            blanks: false,
            infinite: 0,
            infinite_line: u64::MAX,
        }
    }
}

impl Guess {
    pub(in crate::source) fn see(&mut self, line: u64, cell: &str, missing: &MissingWords) {
        let trimmed = cell.trim();
        self.blanks |= trimmed.len() != cell.len();
        if missing.beside_values(trimmed) {
            return self.absent.add(trimmed, 1);
        }
        if !self.flag && !self.numeral.possible() {
            self.empty = false;
            return;
        }
        if self.numeral.possible() && is_infinite(trimmed) {
            self.infinite += 1;
            self.infinite_line = self.infinite_line.min(line);
            self.flag = false;
            self.finite = false;
            return;
        }
        self.empty = false;
        if self.flag {
            self.see_word(trimmed);
        }
        if self.numeral.possible() {
            self.compact &=
                matches!(trimmed.len(), 8 | 12 | 14) && trimmed.bytes().all(|byte| byte.is_ascii_digit());
            self.numeral.see(trimmed);
        }
    }

    /// Before further cells are seen apart from those so far: what is added up begins at nothing.
    pub(super) fn restart(&mut self) {
        self.infinite = 0;
        self.absent.clear();
    }

    fn see_word(&mut self, cell: &str) {
        let yes = flag(cell);
        self.flag = yes.is_some();
        if let Some(word) = yes.map(|yes| &mut self.words[usize::from(yes)])
            && word.is_none()
        {
            *word = Some(cell.to_owned());
        }
    }

    /// How the column's flags are written, for no and for yes; none of other columns, and where that is plain
    /// true and false.
    pub(in crate::source) fn words(&self) -> Option<[String; 2]> {
        let words = match (self.cells(), &self.words) {
            (Cells::Flag, [Some(no), Some(yes)]) => [no.clone(), yes.clone()],
            (Cells::Flag, [Some(no), None]) => [no.clone(), opposite(no)],
            (Cells::Flag, [None, Some(yes)]) => [opposite(yes), yes.clone()],
            _ => return None,
        };
        (words != ["false", "true"]).then_some(words)
    }

    /// How the column's numbers are written, as metadata of its field; none where they are as usual.
    pub(in crate::source) fn notation(&self) -> Option<String> {
        match self.cells() {
            Cells::Integer(_) | Cells::Number(_) => serde_json::to_string(&self.numeral.notation()?).ok(),
            _ => None,
        }
    }

    /// The types that the cells of both fit.
    pub(super) fn merge(mut self, other: &Self) -> Self {
        self.flag &= other.flag;
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word = word.take().or_else(|| other.clone());
        }
        self.finite &= other.finite;
        self.numeral.merge(&other.numeral);
        self.compact &= other.compact;
        self.empty &= other.empty;
        self.blanks |= other.blanks;
        self.absent.add_all(&other.absent);
        self.infinite += other.infinite;
        self.infinite_line = self.infinite_line.min(other.infinite_line);
        self
    }

    /// Whether its numbers must have a decimal comma.
    pub(super) fn has_comma(&self) -> bool {
        self.finite && self.numeral.has_comma()
    }

    /// As [`Numeral::prefer_comma`].
    pub(super) fn prefer_comma(&mut self) {
        self.numeral.prefer_comma();
    }

    /// How the column's cells are read.
    pub(in crate::source) fn cells(&self) -> Cells {
        match (self, self.numeral.style()) {
            (Self { empty: true, .. }, _) => Cells::Text,
            (Self { flag: true, .. }, _) => Cells::Flag,
            (Self { finite: true, .. }, Some(_)) if self.numeral.large() => Cells::Text,
            (Self { finite: true, .. }, Some(style)) if self.numeral.whole() => Cells::Integer(style),
            (_, Some(style)) => Cells::Number(style),
            _ => Cells::Text,
        }
    }
}

/// How the cells of a column are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::source) enum Cells {
    /// Yes or no.
    Flag,
    /// Whole numbers.
    Integer(Style),
    /// Numbers.
    Number(Style),
    /// Dates, times of day or durations, in this format.
    Date(Format),
    /// Texts.
    Text,
}

impl Cells {
    pub(in crate::source) fn data_type(&self) -> DataType {
        match self {
            Self::Flag => DataType::Boolean,
            Self::Integer(_) => DataType::Int64,
            Self::Number(_) => DataType::Float64,
            Self::Date(format) => format.data_type.clone(),
            Self::Text => DataType::Utf8,
        }
    }
}

/// Whether a cell is a number, however it is written.
pub(super) fn is_number(cell: &str, missing: &MissingWords) -> bool {
    let mut guess = Guess::default();
    guess.see(1, cell, missing);
    matches!(guess.cells(), Cells::Integer(_) | Cells::Number(_))
}

/// Reads yes or no as tables spell it.
pub(super) fn flag(cell: &str) -> Option<bool> {
    let is = |words: [&str; 3]| words.iter().any(|word| cell.eq_ignore_ascii_case(word));
    match (is(NO), is(YES)) {
        (false, false) => None,
        (_, yes) => Some(yes),
    }
}

/// Words for no, and in the same places their opposites.
const NO: [&str; 3] = ["no", "false", "n"];
const YES: [&str; 3] = ["yes", "true", "y"];

/// The opposite of a word for yes or no, in the same case.
fn opposite(word: &str) -> String {
    let pairs = NO.iter().zip(YES).flat_map(|(no, yes)| [(*no, yes), (yes, *no)]);
    let mut same = pairs.filter(|(known, _)| word.eq_ignore_ascii_case(known));
    let opposite = same.next().map_or(word, |(_, opposite)| opposite);
    let upper = |letters: &str| letters.chars().all(char::is_uppercase);
    let (first, rest) = opposite.split_at(1);
    match (upper(&word[..1]), word.len() > 1 && upper(&word[1..])) {
        (false, _) => opposite.to_owned(),
        (true, true) => opposite.to_uppercase(),
        // Of one letter the case of all is that of the first.
        (true, false) => first.to_uppercase() + rest,
    }
}

/// Whether the cell is an infinity, in words or by overflow.
fn is_infinite(cell: &str) -> bool {
    // The length and the first byte rule most cells out.
    let may = cell.len() > 4 || cell.bytes().any(|byte| byte.eq_ignore_ascii_case(&b'f'));
    may && cell.bytes().any(|byte| b"iIeE".contains(&byte)) && cell.parse().is_ok_and(f64::is_infinite)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guess(cells: &[&str]) -> Guess {
        let mut guess = Guess::default();
        cells
            .iter()
            .for_each(|cell| guess.see(1, cell, &MissingWords::default()));
        guess
    }

    #[test]
    fn a_column_is_what_all_its_cells_can_be() {
        let found = |cells: &[&str]| guess(cells).cells().data_type();
        assert_eq!(found(&["1", "-1", " 1 "]), DataType::Int64);
        assert_eq!(found(&["1", "", "2.5", "NA"]), DataType::Float64);
        assert_eq!(found(&["yes", "NO", "?"]), DataType::Boolean);
        assert_eq!(found(&["yes", "1"]), DataType::Utf8);
        assert_eq!(found(&["", "?"]), DataType::Utf8);
        assert_eq!(found(&["a", "inf"]), DataType::Utf8);
        assert_eq!(found(&["1234567890123456789012", "1"]), DataType::Utf8);
        assert_eq!(found(&["1234567890123456789012", "1.5"]), DataType::Float64);
        assert_eq!(found(&["007", "12"]), DataType::Utf8);
    }

    #[test]
    fn words_for_missing_values_are_counted() {
        let cells = [
            "1.5", "NULL", "None", "#N/A", "<NA>", ".", "\\N", "-", "?", "", "NULL",
        ];
        let found = guess(&cells);
        assert_eq!(found.cells().data_type(), DataType::Float64);
        let note = |guess: &Guess| guess.absent.note("a", |_| true).unwrap();
        assert!(note(&found).starts_with("taken as missing in `a`: `NULL` (2), `None` (1)"));
        assert_eq!(note(&found).split(", ").count(), 8);
        let mut next = found.clone();
        next.restart();
        next.see(1, "NULL", &MissingWords::default());
        assert!(note(&found.merge(&next)).contains("`NULL` (3)"));
    }

    #[test]
    fn flags_keep_their_words() {
        let words = |cells: &[&str]| guess(cells).words().map(|words| words.join("/"));
        assert_eq!(words(&["Yes", "No", "yes"]).unwrap(), "No/Yes");
        assert_eq!(words(&["Y", "", "Y"]).unwrap(), "N/Y");
        assert_eq!(words(&["FALSE"]).unwrap(), "FALSE/TRUE");
        assert_eq!(words(&["No"]).unwrap(), "No/Yes");
        assert_eq!(words(&["true", "false"]), None);
        assert_eq!(words(&["1", "0"]), None);
        let merged = guess(&["no"]).merge(&guess(&["NO", "YES"]));
        assert_eq!(merged.words().unwrap(), ["no", "YES"]);
    }

    #[test]
    fn blanks_and_infinities_are_noticed() {
        let found = guess(&["1.5", "-inf", "1e999", " 3"]);
        assert_eq!((found.infinite, found.blanks), (2, true));
        assert_eq!(found.cells().data_type(), DataType::Float64);
    }

    #[test]
    fn parts_of_a_column_are_guessed_apart() {
        let merged = guess(&["1", "2"]).merge(&guess(&["1,5"]));
        assert_eq!(merged.cells().data_type(), DataType::Float64);
        assert_eq!(guess(&["1"]).merge(&guess(&["x"])).cells(), Cells::Text);
    }
}
