//! Which way dates are written: found by trying every format on every cell of a column.

use chrono::{NaiveDate, NaiveDateTime};

/// A way of writing dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::source) struct Format {
    /// As in chrono's `strftime`.
    pub(super) text: &'static str,
    /// Whether it tells the time of day too.
    pub(super) time: bool,
    /// Whether day and month might stand the other way round in all cells.
    ambiguous: bool,
}

/// What is tried, in the order of preference: ISO 8601, then day first, then month first.
const FORMATS: [(&str, bool); 24] = [
    ("%Y-%m-%d", false),
    ("%Y/%m/%d", false),
    ("%d.%m.%Y", false),
    ("%d/%m/%Y", false),
    ("%m/%d/%Y", false),
    ("%d-%m-%Y", false),
    ("%m-%d-%Y", false),
    ("%-d.%-m.%Y", false),
    ("%-d/%-m/%Y", false),
    ("%-m/%-d/%Y", false),
    ("%d %b %Y", false),
    ("%d-%b-%Y", false),
    ("%b %d, %Y", false),
    ("%d %B %Y", false),
    ("%B %d, %Y", false),
    ("%Y-%m-%d %H:%M:%S", true),
    ("%Y-%m-%dT%H:%M:%S", true),
    ("%Y-%m-%dT%H:%M:%SZ", true),
    ("%Y-%m-%d %H:%M", true),
    ("%d.%m.%Y %H:%M", true),
    ("%d/%m/%Y %H:%M", true),
    ("%m/%d/%Y %H:%M", true),
    ("%d/%m/%Y %H:%M:%S", true),
    ("%m/%d/%Y %H:%M:%S", true),
];
/// Cells that are all no dates until a column is taken for something else.
const ENOUGH: u64 = 20;

/// A date and time written in a format, and in no other way.
pub(super) fn read(text: &str, cell: &str, time: bool) -> Option<NaiveDateTime> {
    let found = match time {
        true => NaiveDateTime::parse_from_str(cell, text).ok()?,
        false => NaiveDate::parse_from_str(cell, text)
            .ok()?
            .and_time(Default::default()),
    };
    (found.format(text).to_string() == cell).then_some(found)
}

/// Whether the cell is a date in any format.
pub(super) fn is_date(cell: &str) -> bool {
    FORMATS
        .iter()
        .any(|(text, time)| read(text, cell, *time).is_some())
}

/// A row, counted from 1, and what stands there.
pub(super) type Seen = (u64, String);

/// Goes through the cells of a column.
#[derive(Debug)]
pub(super) struct Search {
    /// Whether each format suits every date so far.
    possible: [bool; FORMATS.len()],
    dates: u64,
    others: u64,
    first: Option<Seen>,
    /// The first date that is in none of the formats of those before it.
    odd: Option<Seen>,
}

impl Default for Search {
    fn default() -> Self {
        Self {
            possible: [true; FORMATS.len()],
            dates: 0,
            others: 0,
            first: None,
            odd: None,
        }
    }
}

impl Search {
    /// Looks at a cell; whether more are needed.
    pub(super) fn see(&mut self, row: u64, cell: &str) -> bool {
        if !cell.starts_with(|c: char| c.is_ascii_alphanumeric()) || cell.len() > 30 || !self.suits(cell) {
            self.others += 1;
            return self.dates > 0 && self.others < ENOUGH;
        }
        self.dates += 1;
        self.first.get_or_insert_with(|| (row + 1, cell.to_owned()));
        let mut next = self.possible;
        for (possible, (text, time)) in next.iter_mut().zip(FORMATS) {
            *possible = *possible && read(text, cell, time).is_some();
        }
        if next.contains(&true) {
            self.possible = next;
        } else {
            self.odd.get_or_insert_with(|| (row + 1, cell.to_owned()));
        }
        true
    }

    /// Whether the cell is a date, tried first as those before it.
    fn suits(&self, cell: &str) -> bool {
        let mut likely = FORMATS
            .iter()
            .zip(self.possible)
            .filter(|(_, possible)| *possible);
        likely.any(|((text, time), _)| read(text, cell, *time).is_some()) || is_date(cell)
    }

    /// Two cells that are dates in different formats, where all cells are dates.
    pub(super) fn two_formats(&self) -> Option<[Seen; 2]> {
        let (first, odd) = (self.first.clone()?, self.odd.clone()?);
        (self.others == 0).then_some([first, odd])
    }

    /// The format of all cells.
    pub(super) fn format(&self) -> Option<Format> {
        let mut possible = FORMATS
            .iter()
            .zip(self.possible)
            .filter(|(_, possible)| *possible);
        let ((text, time), _) = possible.next()?;
        (self.dates > 0 && self.others == 0 && self.odd.is_none()).then(|| Format {
            text,
            time: *time,
            ambiguous: possible.next().is_some(),
        })
    }
}

impl Format {
    /// What a person should know of it.
    pub(super) fn note(&self, column: &str) -> Option<String> {
        self.ambiguous.then(|| {
            format!(
                "the dates of `{column}` could be read in more than one way; they are read as {} (day first)",
                self.text
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(cells: &[&str]) -> Search {
        let mut search = Search::default();
        for (row, cell) in (0..).zip(cells) {
            search.see(row, cell);
        }
        search
    }

    #[test]
    fn a_day_above_twelve_says_which_number_is_the_month() {
        let found = |cells: &[&str]| search(cells).format().map(|format| format.text);
        assert_eq!(found(&["2020-01-31", "1999-12-01"]), Some("%Y-%m-%d"));
        assert_eq!(found(&["01/02/2020", "13/02/2020"]), Some("%d/%m/%Y"));
        assert_eq!(found(&["01/02/2020", "02/13/2020"]), Some("%m/%d/%Y"));
        assert_eq!(found(&["1/2/2020", "2/13/2020"]), Some("%-m/%-d/%Y"));
        assert_eq!(found(&["03 Feb 2020"]), Some("%d %b %Y"));
        assert_eq!(found(&["2020-01-31 05:06:07"]), Some("%Y-%m-%d %H:%M:%S"));
        assert_eq!(found(&["soon", "2020-01-31"]), None);
        assert_eq!(found(&["2020-02-30"]), None);
    }

    #[test]
    fn ambiguous_dates_are_day_first_and_said() {
        let format = search(&["01/02/2020"]).format().unwrap();
        assert_eq!(format.text, "%d/%m/%Y");
        assert!(format.note("joined").unwrap().contains("day first"));
        assert_eq!(search(&["2020-01-31"]).format().unwrap().note("joined"), None);
    }

    #[test]
    fn two_formats_are_told_with_their_rows() {
        let found = search(&["2020-01-31", "31.01.2020"]).two_formats();
        assert_eq!(
            found,
            Some([(1, "2020-01-31".to_owned()), (2, "31.01.2020".to_owned())])
        );
        assert_eq!(
            search(&["13/01/2020", "01/13/2020"]).two_formats().unwrap()[1].0,
            2
        );
        assert_eq!(search(&["2020-01-31", "x"]).two_formats(), None);
    }
}
