//! The format of a column of dates, times or durations, found by trying formats on every cell.

use std::collections::BTreeSet;

use super::formats::{Family, Format};
use crate::kind::clock::Clock;
use crate::kind::zone::Zone;

/// After so many cells that are of no format the search ends.
pub(super) const ENOUGH: u64 = 20;
/// Of nearly all cells so many times as many are dates as are not.
pub(super) const NEARLY: u64 = 9;
/// The most bytes of a cell.
const LONGEST: usize = 48;

/// A row, counted from 1, and what stands there.
pub(super) type Seen = (u64, String);

/// Looks for a format that suits every cell of a column.
#[derive(Debug)]
pub(super) struct Search {
    family: Family,
    /// The formats of every date so far.
    likely: Vec<Format>,
    /// The formats of some date so far.
    known: Vec<Format>,
    dates: u64,
    others: u64,
    /// The zone of the first date; `Some(None)` is none.
    zone: Option<Option<Zone>>,
    first: Option<Seen>,
    /// The first cell that is no date.
    other: Option<Seen>,
    /// The first date that is in none of the formats of those before it.
    odd: Option<Seen>,
    /// The first and the last four digits of dates of eight.
    halves: [BTreeSet<[u8; 4]>; 2],
}

impl Search {
    /// For the formats of a family.
    pub(super) fn new(family: Family) -> Self {
        Self {
            family,
            likely: Vec::new(),
            known: Vec::new(),
            dates: 0,
            others: 0,
            zone: None,
            first: None,
            other: None,
            odd: None,
            halves: Default::default(),
        }
    }

    /// Tries a cell; returns whether more cells are needed.
    pub(super) fn see(&mut self, row: u64, cell: &str) -> bool {
        if self.saw(row, cell) {
            return true;
        }
        self.other.get_or_insert_with(|| (row + 1, cell.to_owned()));
        self.others += 1;
        self.dates > 0 && self.others < ENOUGH
    }

    /// Whether a cell is in a format, of which those that do not suit it are no longer likely.
    fn saw(&mut self, row: u64, cell: &str) -> bool {
        let (bare, zone) = Zone::split(cell);
        let short = cell.len() <= LONGEST && self.family.may_begin(cell);
        // Only dates can be brought to another zone.
        let dates = self.family.clock() == Clock::Date;
        let same = |first: Option<Zone>| first == zone || (dates && first.is_some() && zone.is_some());
        let zoned = self.zone.is_none_or(same);
        if !short || !zoned {
            return false;
        }
        let next = self.still_likely(bare);
        if next.contains(&true) {
            let mut next = next.into_iter();
            self.likely.retain(|_| next.next().unwrap_or(false));
        } else if !self.knows(bare) {
            return false;
        } else if self.dates == 0 {
            self.likely.clone_from(&self.known);
        } else {
            self.odd.get_or_insert_with(|| (row + 1, cell.to_owned()));
        }
        if self.family == Family::Compact {
            self.see_halves(bare);
        }
        self.zone.get_or_insert(zone);
        self.dates += 1;
        self.first.get_or_insert_with(|| (row + 1, cell.to_owned()));
        true
    }

    /// Which of the likely formats suit a cell. What a format allows is not tried where a narrower one suits already.
    fn still_likely(&self, cell: &str) -> Vec<bool> {
        let mut suit = Vec::with_capacity(self.likely.len());
        for format in &self.likely {
            let narrower = self
                .likely
                .iter()
                .zip(&suit)
                .any(|(other, suits)| *suits && format.allows(other));
            suit.push(narrower || format.is_of(cell));
        }
        suit
    }

    fn see_halves(&mut self, cell: &str) {
        if let (8, Some((first, last))) = (cell.len(), cell.as_bytes().split_first_chunk::<4>()) {
            self.halves[0].insert(*first);
            self.halves[1].extend(<[u8; 4]>::try_from(last));
        }
    }

    /// Whether numbers count up where dates would have their year: 10012001, 10012002 and so on have fewer days than years.
    fn counts_years(&self, format: &Format) -> bool {
        let [first, last] = &self.halves;
        format.year_last() && first.len() < last.len()
    }

    /// Whether the cell is in a format, which is then known.
    pub(super) fn knows(&mut self, cell: &str) -> bool {
        if self.known.iter().any(|format| format.is_of(cell)) {
            return true;
        }
        let formats = self.family.formats(cell);
        let some = !formats.is_empty();
        self.known.extend(formats);
        some
    }

    /// Whether all formats that were met are of this family and of nothing else.
    pub(super) fn is_sure(&self) -> bool {
        self.family.surely() && !self.known.iter().any(Format::is_doubtful)
    }

    /// Two cells that are dates in different formats, where all cells are dates.
    pub(super) fn two_formats(&self) -> Option<[Seen; 2]> {
        let (first, odd) = (self.first.clone()?, self.odd.clone()?);
        (self.others == 0).then_some([first, odd])
    }

    /// How many cells are dates, and the first that is none, where nearly all are.
    pub(super) fn nearly(&self) -> Option<(u64, &Seen)> {
        let other = self.other.as_ref()?;
        (self.dates >= NEARLY * self.others).then_some((self.dates, other))
    }

    /// The format of all cells, and whether day and month might stand the other way round in all of them; of two such
    /// formats that with the month first, if that is wanted.
    pub(super) fn format(&self, month_first: bool) -> Option<(Format, bool)> {
        let wanted = |format: &&Format| month_first && !format.day_first();
        let found = self.likely.iter().find(wanted).or(self.likely.first())?;
        if self.dates == 0 || self.others > 0 || self.odd.is_some() || self.counts_years(found) {
            return None;
        }
        let turned = self
            .likely
            .iter()
            .any(|other| other.day_first() != found.day_first());
        let zone = self.zone.flatten().map_or_else(String::new, Zone::text);
        Some((found.clone().with_zone(&zone), turned))
    }
}

/// A note for the user on dates that are ambiguous.
pub(super) fn ambiguous_note(column: &str, format: &Format) -> String {
    let order = match format.day_first() {
        true => "day first",
        false => "month first, as other dates of the table have it",
    };
    format!(
        "the dates of `{column}` could be read in more than one way; they are read as {} ({order})",
        format.text
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(family: Family, cells: &[&str]) -> Search {
        let mut search = Search::new(family);
        for (row, cell) in (0..).zip(cells) {
            search.see(row, cell);
        }
        search
    }

    fn found(family: Family, cells: &[&str]) -> Option<String> {
        search(family, cells).format(false).map(|(format, _)| format.text)
    }

    #[test]
    fn a_day_above_twelve_says_which_number_is_the_month() {
        let found = |cells: &[&str]| found(Family::Dates, cells);
        for (cells, format) in [
            (["2020-01-31", "1999-12-01"], "%Y-%m-%d"),
            (["01/02/2020", "13/02/2020"], "%d/%m/%Y"),
            (["01/02/2020", "02/13/2020"], "%m/%d/%Y"),
            (["1/2/2020", "2/13/2020"], "%-m/%-d/%Y"),
            (["03 Feb 2020", "13 Mar 2020"], "%d %b %Y"),
            (
                ["2020-01-31 05:06:07", "2020-01-31 15:06:07"],
                "%Y-%m-%d %H:%M:%S",
            ),
        ] {
            assert_eq!(found(&cells).as_deref(), Some(format));
        }
        assert_eq!(found(&["soon", "2020-01-31"]), None);
        assert_eq!(found(&["2020-02-30"]), None);
    }

    #[test]
    fn times_of_day_have_one_format() {
        let text = |cells: &[&str]| found(Family::Times, cells);
        assert_eq!(text(&["08:30", "18:45"]).as_deref(), Some("%H:%M"));
        assert_eq!(text(&["8:30:15", "18:45:00"]).as_deref(), Some("%-H:%M:%S"));
        assert_eq!(text(&["23:59:59.250"]).as_deref(), Some("%H:%M:%S%.3f"));
        assert_eq!(text(&["08:30", "8:30:15"]), None);
        assert_eq!(text(&["24:00"]), None);
        assert_eq!(text(&["8:30 p.m.", "11:05 a.m."]).as_deref(), Some("%-I:%M %.P"));
        let (hours, turned) = search(Family::Times, &["10:30", "18:45"]).format(false).unwrap();
        assert_eq!((turned, hours.count("10:30")), (false, Some(37_800)));
    }

    #[test]
    fn ambiguous_dates_are_day_first() {
        let read = |cell: &str, month_first| {
            let (format, turned) = search(Family::Dates, &[cell]).format(month_first).unwrap();
            (format.text, turned)
        };
        assert_eq!(read("01/02/2020", false), ("%d/%m/%Y".to_owned(), true));
        assert_eq!(read("01/02/2020", true), ("%m/%d/%Y".to_owned(), true));
        assert_eq!(read("13/02/2020", true), ("%d/%m/%Y".to_owned(), false));
        assert_eq!(read("2020-01-31", false), ("%Y-%m-%d".to_owned(), false));
    }

    #[test]
    fn old_months_and_days_that_mean_never_are_dates() {
        for (family, cells, format) in [
            (Family::Dates, ["1749-01", "1983-12"], "%Y-%m"),
            (Family::Compact, ["18700131", "19051201"], "%Y%m%d"),
            (Family::Compact, ["20200131", "00000000"], "%Y%m%d"),
            (Family::Compact, ["20200131", "99991231"], "%Y%m%d"),
            (Family::Compact, ["31012020", "31129999"], "%d%m%Y"),
        ] {
            assert_eq!(found(family, &cells).as_deref(), Some(format), "{cells:?}");
        }
        // Numbers with a point, and codes.
        assert_eq!(found(Family::Dates, &["12.1034", "11.1875"]), None);
        assert_eq!(found(Family::Compact, &["20200131", "12345678"]), None);
        assert_eq!(found(Family::Compact, &["11010203", "12010101"]), None);
    }

    #[test]
    fn counters_are_no_dates_with_the_year_last() {
        let found = |from: u32, step: u32| {
            let cells: Vec<String> = (0..60).map(|i| format!("{:08}", from + step * i)).collect();
            let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
            found(Family::Compact, &cells)
        };
        assert_eq!(found(10_012_001, 1), None);
        assert_eq!(found(1_012_001, 1), None);
        // The first of each month, as 01 01 2020, 02 01 2020 and so on, are as many days as there are.
        let months = ["01012020", "01022020", "01032021", "13042021"];
        assert_eq!(
            super::tests::found(Family::Compact, &months).as_deref(),
            Some("%d%m%Y")
        );
    }

    #[test]
    fn two_formats_are_reported_with_their_rows() {
        let two = |cells| search(Family::Dates, cells).two_formats();
        assert_eq!(
            two(&["2020-01-31", "31.01.2020"]),
            Some([(1, "2020-01-31".to_owned()), (2, "31.01.2020".to_owned())])
        );
        assert_eq!(two(&["13/01/2020", "01/13/2020"]).unwrap()[1].0, 2);
        assert_eq!(two(&["2020-01-31", "31.01.2020", "soon"]), None);
        assert!(search(Family::Dates, &["2020-01-31", "31.01.2020"]).is_sure());
        assert!(!search(Family::Dates, &["2020-01", "Jan 2020"]).is_sure());
    }
}
