//! The format of a column of dates, found by trying every format on every cell.

use arrow::datatypes::DataType;

use super::formats::{Family, Holds};
use crate::kind::zone::Zone;

/// A way of writing dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::source) struct Format {
    /// As in chrono's `strftime`, without the zone.
    text: &'static str,
    /// What stands at the end of each cell.
    zone: Option<Zone>,
    holds: Holds,
    /// Whether day and month might stand the other way round in all cells.
    ambiguous: bool,
}

/// After so many cells that are no dates the search ends.
const ENOUGH: u64 = 20;

impl Format {
    /// The type of a column of such cells.
    pub(super) fn data_type(self) -> DataType {
        self.holds.data_type()
    }

    /// The format, as in chrono's `strftime`.
    pub(super) fn text(self) -> String {
        self.zone.map_or_else(
            || self.text.to_owned(),
            |zone| format!("{}{}", self.text, zone.text()),
        )
    }

    /// The count of that type that a cell stands for; none of a cell that is written in any other way. Times of
    /// another zone are those of the format's zone at the same moment.
    pub(super) fn count(self, cell: &str) -> Option<i64> {
        let Some(ours) = self.zone else {
            return self.holds.count(self.text, cell);
        };
        let (bare, theirs) = Zone::split(cell);
        let seconds = (ours.minutes - theirs?.minutes) * 60;
        Some(self.holds.count(self.text, bare)? + seconds * self.holds.per_second())
    }
}

/// A row, counted from 1, and what stands there.
pub(super) type Seen = (u64, String);

/// Looks for a format that suits every cell of a column.
#[derive(Debug)]
pub(super) struct Search<'a> {
    family: &'a Family,
    /// Whether each format suits every date so far.
    possible: Vec<bool>,
    dates: u64,
    others: u64,
    /// The zone of the first date; `Some(None)` is none.
    zone: Option<Option<Zone>>,
    first: Option<Seen>,
    /// The first date that is in none of the formats of those before it.
    odd: Option<Seen>,
}

impl<'a> Search<'a> {
    /// For the formats of a family.
    pub(super) fn new(family: &'a Family) -> Self {
        Self {
            family,
            possible: vec![true; family.formats.len()],
            dates: 0,
            others: 0,
            zone: None,
            first: None,
            odd: None,
        }
    }

    /// The formats that suit every date so far.
    fn likely(&self) -> impl Iterator<Item = &(&'static str, Holds)> {
        let formats = self.family.formats.iter().zip(&self.possible);
        formats
            .filter(|(_, possible)| **possible)
            .map(|(format, _)| format)
    }

    /// Tries a cell; returns whether more cells are needed.
    pub(super) fn see(&mut self, row: u64, cell: &str) -> bool {
        let (bare, zone) = Zone::split(cell);
        let short = cell.starts_with(|c: char| c.is_ascii_alphanumeric()) && cell.len() <= 40;
        let zoned = self.zone.is_none_or(|first| first.is_some() == zone.is_some());
        if !short || !zoned || !self.suits(bare) {
            self.others += 1;
            return self.dates > 0 && self.others < ENOUGH;
        }
        self.zone.get_or_insert(zone);
        self.dates += 1;
        self.first.get_or_insert_with(|| (row + 1, cell.to_owned()));
        let mut next = self.possible.clone();
        for (possible, (text, holds)) in next.iter_mut().zip(self.family.formats) {
            *possible = *possible && holds.count(text, bare).is_some();
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
        self.likely()
            .any(|(text, holds)| holds.count(text, cell).is_some())
            || self.family.has(cell)
    }

    /// Two cells that are dates in different formats, where all cells are dates.
    pub(super) fn two_formats(&self) -> Option<[Seen; 2]> {
        let (first, odd) = (self.first.clone()?, self.odd.clone()?);
        (self.others == 0).then_some([first, odd])
    }

    /// The format of all cells.
    pub(super) fn format(&self) -> Option<Format> {
        let mut likely = self.likely();
        let (text, holds) = likely.next()?;
        let turned = |(other, _): &(&str, Holds)| day_first(text) != day_first(other);
        (self.dates > 0 && self.others == 0 && self.odd.is_none()).then(|| Format {
            text,
            zone: self.zone.flatten(),
            holds: *holds,
            ambiguous: likely.any(turned),
        })
    }
}

/// Whether the day stands before the month.
fn day_first(format: &str) -> bool {
    let place = |letters: [char; 3]| format.find(|c: char| letters.contains(&c));
    place(['d'; 3]) < place(['m', 'b', 'B'])
}

impl Format {
    /// A note for the user, if the format is ambiguous.
    pub(super) fn note(&self, column: &str) -> Option<String> {
        self.ambiguous.then(|| {
            format!(
                "the dates of `{column}` could be read in more than one way; they are read as {} (day first)",
                self.text()
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::formats::FAMILIES;
    use super::*;

    fn search(cells: &[&str]) -> Search<'static> {
        let mut search = Search::new(&FAMILIES[0]);
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
    fn times_of_day_have_one_format() {
        let found = |cells: &[&str]| {
            let mut search = Search::new(&FAMILIES[1]);
            (0..).zip(cells).for_each(|(row, cell)| _ = search.see(row, cell));
            search.format()
        };
        let text = |cells: &[&str]| found(cells).map(|format| format.text);
        assert_eq!(text(&["08:30", "18:45"]), Some("%H:%M"));
        assert_eq!(text(&["8:30:15", "18:45:00"]), Some("%-H:%M:%S"));
        assert_eq!(text(&["23:59:59.250"]), Some("%H:%M:%S%.3f"));
        assert_eq!(text(&["08:30", "8:30:15"]), None);
        assert_eq!(text(&["24:00"]), None);
        let hours = found(&["10:30", "18:45"]).unwrap();
        assert_eq!((hours.note("start"), hours.count("10:30")), (None, Some(37_800)));
    }

    #[test]
    fn ambiguous_dates_are_day_first_and_noted() {
        let format = search(&["01/02/2020"]).format().unwrap();
        assert_eq!(format.text, "%d/%m/%Y");
        assert!(format.note("joined").unwrap().contains("day first"));
        assert_eq!(search(&["2020-01-31"]).format().unwrap().note("joined"), None);
    }

    #[test]
    fn two_formats_are_reported_with_their_rows() {
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
