//! Whether the first line of a table names its columns.

use super::guess::is_number;
use crate::kind::MissingWords;
use crate::options::OpenOptions;

/// So many numbers in a row that go up by one are the names of columns that a program gave.
const COUNTED: usize = 3;
/// So many numbers in a row that only go up are measuring points, if the rows below do not go up.
const RISING: usize = 8;

/// Whether the first of these rows names the columns of the others. A line without a single number does, and one that
/// has most of the names that are expected. Another does if it differs from what stands below: a word above values,
/// years or numbers that count up above others, or words that never come again where words do.
pub(super) fn is_header(rows: &[Vec<String>], options: &OpenOptions) -> bool {
    let missing = &options.missing_words();
    let Some((first, rest)) = rows.split_first() else {
        return false;
    };
    let expected = |cell: &&String| options.expected.iter().any(|field| field.name == **cell);
    if first.iter().filter(expected).count() * 2 > first.len() {
        return true;
    }
    let absent = |cell: &str| cell.is_empty() || missing.beside_values(cell);
    let name = |cell: &String| cell.is_empty() || !(absent(cell) || is_number(cell, missing));
    if first.iter().all(name) {
        return true;
    }
    let columns = || (0..first.len()).map(|column| Column::new(first, rest, column, &absent));
    let a_word_above_values = |column: Column| {
        let valued = |cell: &&str| is_value(cell, missing);
        let named = !absent(column.first) && !is_value(column.first, missing);
        named && !column.rest.is_empty() && column.rest.iter().all(valued)
    };
    columns().any(a_word_above_values)
        || count_up(first, rest)
        || never_come_again(columns(), |cell| is_number(cell, missing))
}

/// One column: its cell in the first line, and those below that are not missing.
struct Column<'a> {
    first: &'a str,
    rest: Vec<&'a str>,
}

impl<'a> Column<'a> {
    fn new(
        first: &'a [String],
        rest: &'a [Vec<String>],
        column: usize,
        absent: &impl Fn(&str) -> bool,
    ) -> Self {
        let cells = rest.iter().filter_map(|row| row.get(column));
        Self {
            first: &first[column],
            rest: cells.map(String::as_str).filter(|cell| !absent(cell)).collect(),
        }
    }
}

/// A number, or what looks like a date or a time.
fn is_value(cell: &str, missing: &MissingWords) -> bool {
    let dated = |cell: &str| {
        cell.contains(|c: char| c.is_ascii_digit())
            && cell.chars().all(|c| c.is_ascii_digit() || "-/.: TZ+".contains(c))
    };
    is_number(cell, missing) || cell.parse::<f64>().is_ok() || dated(cell)
}

/// Whether the numbers of the first line are years in order, or count up by one, or only go up where no other row does.
fn count_up(first: &[String], rest: &[Vec<String>]) -> bool {
    let numbers = |row: &[String]| -> Vec<f64> {
        let cells = row.iter().filter_map(|cell| cell.parse().ok());
        cells.filter(|number: &f64| number.is_finite()).collect()
    };
    let rises = |row: &[f64], by: fn(f64) -> bool| row.windows(2).all(|pair| by(pair[1] - pair[0]));
    let names = numbers(first);
    let years = |row: &[f64]| {
        row.iter()
            .all(|year| year.fract() == 0.0 && (1900.0..=2100.0).contains(year))
    };
    let below: Vec<Vec<f64>> = rest.iter().map(|row| numbers(row)).collect();
    let ordered = rises(&names, |step| step > 0.0) || rises(&names, |step| step < 0.0);
    let all_years = names.len() > 1 && years(&names) && ordered && below.iter().any(|row| !years(row));
    let counted = names.len() >= COUNTED && rises(&names, |step| step == 1.0);
    let rising = names.len() >= RISING
        && rises(&names, |step| step > 0.0)
        && !below.iter().any(|row| rises(row, |step| step > 0.0));
    all_years || counted || rising
}

/// Whether no word of the first line comes again in its column, though the words below do.
fn never_come_again<'a>(columns: impl Iterator<Item = Column<'a>>, number: impl Fn(&str) -> bool) -> bool {
    let mut repeats = false;
    for column in columns {
        if number(column.first) {
            return false;
        }
        if column.rest.contains(&column.first) {
            return false;
        }
        let mut words: Vec<&str> = column.rest.clone();
        words.sort_unstable();
        words.dedup();
        repeats |= words.len() < column.rest.len();
    }
    repeats
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(text: &str) -> bool {
        let cells = |line: &str| line.split(',').map(str::to_owned).collect();
        let rows: Vec<Vec<String>> = text.lines().map(cells).collect();
        is_header(&rows, &OpenOptions::default())
    }

    #[test]
    fn words_are_names() {
        assert!(header("name,age\nAnn,3\nBob,4"));
        assert!(header(",age\n0,3\n1,4"), "a corner without a name");
        assert!(header("name,town\nAnn,Ulm"));
    }

    #[test]
    fn a_line_like_those_below_holds_values() {
        assert!(!header("5.1,3.5,setosa\n4.9,3.0,setosa\n6.0,2.2,virginica"));
        assert!(!header("Ann,3\nBob,4\nEve,5"));
        assert!(!header("39,?,Bachelors\n50,Private,HS\n38,Private,HS"));
        assert!(!header("1,2\n3,4"));
    }

    #[test]
    fn numbers_may_be_names() {
        assert!(header("country,2019,2020\nUlm,7.5,8\nAachen,3,4"), "years");
        assert!(
            header("0,1,2,3\n5.1,3.5,1.4,0\n4.9,3.0,1.4,1"),
            "numbered by a program"
        );
        let wave = "400,402,404,406,408,410,412,414\n3,1,4,1,5,9,2,6\n2,7,1,8,2,8,1,8";
        assert!(header(wave), "measuring points");
        assert!(header("1,score\n0.5,2.5\n0.7,3"), "a word above numbers");
        assert!(header("7,when\nx,2023-01-05\ny,2023-01-07"), "a word above dates");
    }

    #[test]
    fn names_that_are_expected_are_names() {
        let rows = [
            vec!["7".to_owned(), ".".to_owned()],
            vec!["1".to_owned(), "2".to_owned()],
        ];
        let mut options = OpenOptions::default();
        assert!(!is_header(&rows, &options));
        options.expected = vec!["7=number".parse().unwrap(), ".=number".parse().unwrap()];
        assert!(is_header(&rows, &options));
    }

    #[test]
    fn names_may_be_words_for_missing_values() {
        assert!(header("none,size\nred,3\nblue,4"));
        assert!(header("NA,kind\nred,a\nred,b"), "levels come again, names do not");
        assert!(!header("NA,a\nred,b\nred,a"));
    }
}
