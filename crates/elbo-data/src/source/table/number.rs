//! How the numbers of a table's column are written: decimal sign, thousands mark, percent or currency sign.

use crate::kind::number::{Exponent, Marks, Minus, Notation, Parts, Unit, with_exponent};

/// A blank at which no line ends, and a narrow one.
const BLANKS: [char; 2] = ['\u{a0}', '\u{202f}'];
/// The apostrophe of printers.
const APOSTROPHE: char = '\u{2019}';
/// The ways of writing numbers, the most common first: where all cells fit several, the first is used.
const WAYS: [Marks; 17] = [
    Marks::PLAIN,
    Marks::new('.', Some(',')),
    Marks::new(',', None),
    Marks::new(',', Some('.')),
    Marks::new('.', Some(' ')),
    Marks::new(',', Some(' ')),
    Marks::new('.', Some('\'')),
    Marks::new(',', Some('\'')),
    Marks::new('.', Some(APOSTROPHE)),
    Marks::new(',', Some(APOSTROPHE)),
    Marks::new('.', Some(BLANKS[0])),
    Marks::new(',', Some(BLANKS[0])),
    Marks::new('.', Some(BLANKS[1])),
    Marks::new(',', Some(BLANKS[1])),
    Marks::new('.', Some('_')),
    Marks::new(',', Some('_')),
    Marks {
        decimal: '.',
        thousands: Some(','),
        indian: true,
    },
];
/// All of [`WAYS`], as bits.
const ALL: u32 = (1 << WAYS.len()) - 1;
/// Those of [`WAYS`] that have a decimal comma, as bits.
const COMMAS: u32 = {
    let (mut bits, mut way) = (0, 0);
    while way < WAYS.len() {
        if WAYS[way].decimal == ',' {
            bits |= 1 << way;
        }
        way += 1;
    }
    bits
};
/// The decimal signs.
const DECIMALS: [char; 2] = ['.', ','];
/// Digits up to which every whole number is exact in floating point.
const SAFE: usize = 15;
/// The largest whole number up to which all are exact in floating point: 2^53.
pub(in crate::source) const LARGEST: i64 = 1 << 53;

/// The ways in which all cells seen so far could be written.
#[derive(Clone, Copy, Debug)]
pub(in crate::source) struct Numeral {
    ways: u32,
    /// The sign of the first cell; `Some(None)` is none.
    unit: Option<Option<Unit>>,
    /// The blank between unit and digits in the first cell.
    gap: Option<char>,
    /// How the first negative number is written.
    minus: Option<Minus>,
    /// The decimal places after each of [`DECIMALS`]; none before the first cell.
    places: Option<[Places; 2]>,
    /// The exponent of the first cell; `Some(None)` is none, as where only some have one.
    exponent: Option<Option<Exponent>>,
    /// Whether a cell has an exponent.
    powers: bool,
    /// Whether a cell is a whole number that floating point may not hold.
    large: bool,
    /// Whether a decimal comma is preferred, as other columns have one.
    comma: bool,
}

/// The decimal places of all cells, if a certain sign is the decimal sign.
#[derive(Clone, Copy, Debug, Default)]
struct Places {
    least: u8,
    most: u8,
    /// Whether a cell has the sign.
    any: bool,
    /// Whether a cell ends in a zero after it, which is not needed.
    filled: bool,
}

impl Default for Numeral {
    fn default() -> Self {
        Self {
            ways: ALL,
            unit: None,
            gap: None,
            minus: None,
            places: None,
            exponent: None,
            powers: false,
            large: false,
            comma: false,
        }
    }
}

/// The way in which the numbers of a column are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::source) struct Style {
    marks: Marks,
    unit: Option<Unit>,
}

impl Places {
    fn of(digits: &str, decimal: char) -> Self {
        let fraction = with_exponent(digits)
            .0
            .rsplit_once(decimal)
            .map(|(_, fraction)| fraction);
        let count = fraction.map_or(0, |fraction| fraction.len().min(usize::from(u8::MAX)) as u8);
        Self {
            least: count,
            most: count,
            any: fraction.is_some(),
            filled: fraction.is_some_and(|fraction| fraction.ends_with('0')),
        }
    }

    fn merge(self, other: Self) -> Self {
        Self {
            least: self.least.min(other.least),
            most: self.most.max(other.most),
            any: self.any || other.any,
            filled: self.filled || other.filled,
        }
    }
}

impl Numeral {
    /// Whether the column may still hold numbers.
    pub(super) fn possible(self) -> bool {
        self.ways != 0
    }

    pub(super) fn see(&mut self, cell: &str) {
        let parts = Parts::of(cell);
        let digits = parts.digits;
        self.see_unit(parts.unit);
        self.gap = self.gap.or(parts.gap.chars().next());
        self.minus = self.minus.or(parts.minus);
        if is_code(cell, digits) {
            self.ways = 0;
        }
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
        self.see_places(DECIMALS.map(|decimal| match plain {
            true => Places::default(),
            false => Places::of(digits, decimal),
        }));
        self.see_exponent(if plain { None } else { Exponent::of(digits) });
        // Few digits alone are the same in every way.
        if !plain || digits.len() > SAFE || digits.is_empty() {
            self.see_marks(digits);
        }
    }

    fn see_marks(&mut self, digits: &str) {
        for (bit, marks) in WAYS.iter().enumerate() {
            if self.ways >> bit & 1 == 1 && !marks.fits(digits) {
                self.ways &= !(1 << bit);
            }
        }
        if digits.len() > SAFE
            && let Some(style) = self.style()
        {
            let whole = !digits.contains(style.marks.decimal) && with_exponent(digits).1.is_none();
            let exact = style
                .marks
                .integer(digits)
                .is_some_and(|number| number <= LARGEST);
            self.large |= whole && !exact;
        }
    }

    fn see_unit(&mut self, unit: Option<Unit>) {
        if *self.unit.get_or_insert(unit) != unit {
            self.ways = 0;
        }
    }

    fn see_places(&mut self, seen: [Places; 2]) {
        let all = self.places.get_or_insert(seen);
        *all = [all[0].merge(seen[0]), all[1].merge(seen[1])];
    }

    fn see_exponent(&mut self, seen: Option<Exponent>) {
        self.powers |= seen.is_some();
        self.exponent = Some(match (self.exponent, seen) {
            (None, seen) => seen,
            (Some(Some(known)), Some(seen)) => known.with(seen),
            _ => None,
        });
    }

    /// Whether all cells are whole numbers, in the most common of the ways that are still possible.
    pub(super) fn whole(self) -> bool {
        let whole = |style: Style| !self.places_of(style).any && !self.powers;
        self.style().is_some_and(whole)
    }

    /// Whether the cells are whole numbers of which some are too large for floating point: names, not measures.
    pub(super) fn large(self) -> bool {
        self.large && self.whole()
    }

    fn places_of(self, style: Style) -> Places {
        let [point, comma] = self.places.unwrap_or_default();
        if style.marks.decimal == ',' { comma } else { point }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.ways &= other.ways;
        if let Some(unit) = other.unit {
            self.see_unit(unit);
        }
        self.gap = self.gap.or(other.gap);
        self.minus = self.minus.or(other.minus);
        if let Some(places) = other.places {
            self.see_places(places);
        }
        if let Some(exponent) = other.exponent {
            self.see_exponent(exponent);
        }
        self.powers |= other.powers;
        self.large |= other.large;
    }

    /// Whether cells must have a decimal comma.
    pub(super) fn has_comma(self) -> bool {
        let comma = |style: Style| style.marks.decimal == ',' && self.places_of(style).any;
        self.style().is_some_and(comma)
    }

    /// Takes points for thousands marks where all cells could have them: other columns have a decimal comma.
    pub(super) fn prefer_comma(&mut self) {
        let [point, _] = self.places.unwrap_or_default();
        self.comma = point.any && self.ways & COMMAS != 0;
    }

    /// The most common way in which all cells could be written.
    pub(in crate::source) fn style(self) -> Option<Style> {
        let ways = if self.comma { self.ways & COMMAS } else { self.ways };
        let marks = *WAYS.get(ways.trailing_zeros() as usize)?;
        Some(Style {
            marks,
            unit: self.unit.flatten(),
        })
    }

    /// How the cells are written, where that is not how every program writes numbers.
    pub(super) fn notation(self) -> Option<Notation> {
        let style = self.style()?;
        let places = self.places_of(style);
        let gap = self.gap.map(String::from).unwrap_or_default();
        let (prefix, suffix) = match style.unit {
            Some(Unit { name, before: true }) => (format!("{name}{gap}"), String::new()),
            Some(Unit { name, before: false }) => (String::new(), format!("{gap}{name}")),
            None => Default::default(),
        };
        let minus = self.minus.unwrap_or(Minus::First('-'));
        let exponent = self.exponent.flatten();
        let even = places.least == places.most;
        let filled = even && places.filled;
        let usual = style.marks == Marks::PLAIN && style.unit.is_none() && minus == Minus::First('-');
        (!usual || filled || exponent.is_some()).then(|| Notation {
            marks: style.marks,
            decimals: even.then_some(places.most),
            minus,
            prefix,
            suffix,
            exponent,
        })
    }
}

/// Whether a cell is a name of digits: with zeros before the first digit that counts, or as phone numbers are.
fn is_code(cell: &str, digits: &str) -> bool {
    let digit = |place: usize| digits.as_bytes().get(place).is_some_and(u8::is_ascii_digit);
    let phone = cell.trim_start().starts_with('+') && digits.len() >= 8;
    (digits.starts_with('0') && digit(1)) || (phone && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

impl Style {
    pub(super) fn number(self, cell: &str) -> Option<f64> {
        let parts = self.parts(cell)?;
        let number = self.marks.number(parts.digits)?;
        Some(if parts.minus.is_some() { -number } else { number })
    }

    pub(super) fn integer(self, cell: &str) -> Option<i64> {
        let parts = self.parts(cell)?;
        let number = self.marks.integer(parts.digits)?;
        Some(if parts.minus.is_some() { -number } else { number })
    }

    fn parts(self, cell: &str) -> Option<Parts<'_>> {
        let parts = Parts::of(cell);
        (parts.unit == self.unit).then_some(parts)
    }

    /// A note on what is unusual about it, if anything is.
    pub(super) fn note(self) -> Option<String> {
        let thousands = self.marks.thousands.map(|mark| match mark {
            '\u{a0}' | '\u{202f}' => "a blank as a thousands mark".to_owned(),
            mark => format!("`{mark}` as a thousands mark"),
        });
        let decimal = (self.marks.decimal == ',').then(|| "`,` as the decimal sign".to_owned());
        let unit = self.unit.map(|unit| format!("the sign `{}`", unit.name));
        let parts: Vec<String> = thousands.into_iter().chain(decimal).chain(unit).collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numeral(cells: &[&str]) -> Numeral {
        let mut numeral = Numeral::default();
        cells.iter().for_each(|cell| numeral.see(cell));
        numeral
    }

    #[test]
    fn each_way_of_writing_numbers_is_recognised() {
        for (cells, expected, noted) in [
            (["1.5", "2"], [1.5, 2.0], None),
            (
                ["1,234,567", "12.5"],
                [1_234_567.0, 12.5],
                Some("`,` as a thousands mark"),
            ),
            (
                ["1.234.567,8", "-3"],
                [1_234_567.8, -3.0],
                Some("`.` as a thousands mark, `,` as the decimal sign"),
            ),
            (["1,5", "-0,25"], [1.5, -0.25], Some("`,` as the decimal sign")),
            (["12 %", "3.5%"], [12.0, 3.5], Some("the sign `%`")),
            (
                ["$1,234", "$5"],
                [1234.0, 5.0],
                Some("`,` as a thousands mark, the sign `$`"),
            ),
            (["(168.47)", "3"], [-168.47, 3.0], None),
            (
                ["12,34,567", "99"],
                [1_234_567.0, 99.0],
                Some("`,` as a thousands mark"),
            ),
            (["4 872", "17"], [4872.0, 17.0], Some("` ` as a thousands mark")),
            (["4_872", "17"], [4872.0, 17.0], Some("`_` as a thousands mark")),
            (
                ["4\u{2019}872.5", "17"],
                [4872.5, 17.0],
                Some("`\u{2019}` as a thousands mark"),
            ),
            (
                ["4\u{a0}872,5", "17"],
                [4872.5, 17.0],
                Some("a blank as a thousands mark, `,` as the decimal sign"),
            ),
            (["\u{2212}3.5", "4"], [-3.5, 4.0], None),
            (["3127.4-", "4"], [-3127.4, 4.0], None),
            (["-$12.00", "$5"], [-12.0, 5.0], Some("the sign `$`")),
            (["USD 12", "USD -5"], [12.0, -5.0], Some("the sign `USD`")),
            (
                ["0,123", "0,456"],
                [0.123, 0.456],
                Some("`,` as the decimal sign"),
            ),
        ] {
            let style = numeral(&cells).style().unwrap_or_else(|| panic!("{cells:?}"));
            assert_eq!(cells.map(|cell| style.number(cell).unwrap()), expected);
            assert_eq!(style.note().as_deref(), noted, "{cells:?}");
        }
    }

    #[test]
    fn cells_that_do_not_agree_are_no_numbers() {
        for cells in [
            ["1,5", "1.5x"],
            ["5%", "5"],
            ["$5", "€5"],
            ["1,23,4", "2"],
            ["1.2.3", "4"],
            ["12 USD", "12 EUR"],
            ["1 234", "1'234"],
        ] {
            assert_eq!(numeral(&cells).style(), None, "{cells:?}");
        }
    }

    #[test]
    fn codes_are_no_numbers() {
        for cells in [["007", "12"], ["00", "10"], ["+4915112345678", "+4915212345678"]] {
            assert_eq!(numeral(&cells).style(), None, "{cells:?}");
        }
        assert!(numeral(&["0", "0.5"]).style().is_some());
        let two_to_53 = "9007199254740992";
        assert!(!numeral(&[two_to_53]).large());
        assert!(numeral(&["9007199254740993", "1"]).large());
        assert!(numeral(&["18446744073709551615"]).large());
        assert!(!numeral(&["18446744073709551615", "0.5"]).large());
    }

    #[test]
    fn points_are_thousands_marks_beside_decimal_commas() {
        let mut thousands = numeral(&["4.367", "5.469", "920"]);
        assert_eq!(thousands.style().unwrap().number("4.367"), Some(4.367));
        assert!(numeral(&["0,5", "1,25"]).has_comma() && !thousands.has_comma());
        thousands.prefer_comma();
        assert_eq!(thousands.style().unwrap().number("4.367"), Some(4367.0));
        let mut decimals = numeral(&["4.36", "5.4"]);
        decimals.prefer_comma();
        assert_eq!(decimals.style().unwrap().number("5.4"), Some(5.4));
    }

    #[test]
    fn a_notation_writes_the_cells_as_they_are() {
        for cells in [
            ["$1,234.50", "-$12.00"],
            ["1.234,50 €", "-3,25 €"],
            ["2.90", "10.25"],
            ["(168.47)", "2.00"],
            ["1.840e-05", "2.323e+03"],
            ["12,34,567", "99"],
            ["4\u{202f}872", "-17"],
            ["23.0%", "4.5%"],
            ["\u{2212}3", "4"],
            ["3127.4-", "1.5"],
        ] {
            let notation = numeral(&cells).notation().unwrap_or_else(|| panic!("{cells:?}"));
            let again = cells.map(|cell| notation.text(notation.read(cell).unwrap()));
            assert_eq!(again, cells);
        }
        for cells in [["1.5", "2"], ["12", "-5"], ["1.25", "3.75"], ["1e-5", "0.5"]] {
            assert_eq!(numeral(&cells).notation(), None, "{cells:?}");
        }
    }
}
