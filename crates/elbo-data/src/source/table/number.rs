//! How the numbers of a table's column are written: decimal sign, thousands mark, percent or currency sign.

/// Decimal sign and thousands mark.
type Marks = (char, Option<char>);

/// The ways of writing numbers, the most common first: where all cells fit several, the first is used.
const WAYS: [Marks; 6] = [
    ('.', None),
    ('.', Some(',')),
    (',', None),
    (',', Some('.')),
    (',', Some(' ')),
    ('.', Some('\'')),
];
/// All of [`WAYS`], as bits.
const ALL: u8 = (1 << WAYS.len()) - 1;
/// Signs that may stand before or after every number of a column.
const UNITS: [char; 5] = ['%', '$', '€', '£', '¥'];

/// The ways in which all cells seen so far could be written.
#[derive(Clone, Copy, Debug)]
pub(in crate::source) struct Numeral {
    ways: u8,
    /// The sign of the first cell; `Some(None)` is none.
    unit: Option<Option<char>>,
}

impl Default for Numeral {
    fn default() -> Self {
        Self {
            ways: ALL,
            unit: None,
        }
    }
}

/// The way in which the numbers of a column are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::source) struct Style {
    marks: Marks,
    unit: Option<char>,
}

impl Numeral {
    /// Whether the column may still hold numbers.
    pub(super) fn possible(self) -> bool {
        self.ways != 0
    }

    pub(super) fn see(&mut self, cell: &str) {
        let (bare, unit) = without_unit(cell);
        self.see_unit(unit);
        // Digits alone are the same in every way.
        if bare.len() > 15 || !bare.bytes().all(|byte| byte.is_ascii_digit()) || bare.is_empty() {
            for (bit, marks) in WAYS.iter().enumerate() {
                if self.ways >> bit & 1 == 1 && number(bare, *marks).is_none() {
                    self.ways &= !(1 << bit);
                }
            }
        }
    }

    fn see_unit(&mut self, unit: Option<char>) {
        if *self.unit.get_or_insert(unit) != unit {
            self.ways = 0;
        }
    }

    /// Whether the cell is a whole number, written in the most common of the ways that are still possible.
    pub(super) fn whole(self, cell: &str) -> bool {
        let bare = without_unit(cell).0;
        if bare.len() <= 15 && bare.bytes().all(|byte| byte.is_ascii_digit()) {
            return true;
        }
        self.style().is_some_and(|style| style.integer(cell).is_some())
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.ways &= other.ways;
        match (self.unit, other.unit) {
            (None, unit) => self.unit = unit,
            (Some(ours), Some(theirs)) if ours != theirs => self.ways = 0,
            _ => {}
        }
    }

    /// The most common way in which all cells could be written.
    pub(in crate::source) fn style(self) -> Option<Style> {
        let marks = *WAYS.get(self.ways.trailing_zeros() as usize)?;
        Some(Style {
            marks,
            unit: self.unit.flatten(),
        })
    }
}

impl Style {
    pub(super) fn number(self, cell: &str) -> Option<f64> {
        let (bare, unit) = without_unit(cell.trim());
        if unit != self.unit {
            return None;
        }
        number(bare, self.marks)
    }

    pub(super) fn integer(self, cell: &str) -> Option<i64> {
        let cell = cell.trim();
        if let (None, ('.', None)) = (self.unit, self.marks) {
            return cell.parse().ok();
        }
        let (bare, unit) = without_unit(cell);
        plain(bare, self.marks)
            .filter(|_| unit == self.unit)?
            .parse()
            .ok()
    }

    /// A note on what is unusual about it, if anything is.
    pub(super) fn note(self) -> Option<String> {
        let (decimal, thousands) = self.marks;
        let thousands = thousands.map(|mark| format!("`{mark}` as a thousands mark"));
        let decimal = (decimal == ',').then(|| "`,` as the decimal sign".to_owned());
        let unit = self
            .unit
            .map(|unit| format!("the sign `{unit}`, which is left out"));
        let parts: Vec<String> = thousands.into_iter().chain(decimal).chain(unit).collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

/// The cell without a percent or currency sign at either end, and that sign.
fn without_unit(cell: &str) -> (&str, Option<char>) {
    if cell.bytes().next().is_some_and(|byte| byte.is_ascii_digit())
        && cell.bytes().last().is_some_and(|byte| byte.is_ascii_digit())
    {
        return (cell, None);
    }
    for unit in UNITS {
        let bare = cell.strip_prefix(unit).or_else(|| cell.strip_suffix(unit));
        if let Some(bare) = bare {
            return (bare.trim(), Some(unit));
        }
    }
    (cell, None)
}

fn number(cell: &str, marks: Marks) -> Option<f64> {
    let number: f64 = match marks {
        ('.', None) => cell.parse().ok()?,
        _ => plain(cell, marks)?.parse().ok()?,
    };
    // `infinity` and `nan` are words to Rust's parser, not numbers to us.
    number.is_finite().then_some(number)
}

/// The cell with `.` as its decimal sign and no thousands marks, if its groups are of three digits.
fn plain(cell: &str, (decimal, thousands): Marks) -> Option<String> {
    let (whole, fraction) = match cell.split_once(decimal) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (cell, None),
    };
    let whole = match thousands {
        None => whole.to_owned(),
        Some(mark) => {
            let mut groups = whole.split(mark);
            let first = groups.next()?.trim_start_matches(['+', '-']);
            let sound = groups.all(|group| group.len() == 3 && group.bytes().all(|b| b.is_ascii_digit()));
            if !sound || (whole.contains(mark) && !(1..=3).contains(&first.len())) {
                return None;
            }
            whole.replace(mark, "")
        }
    };
    // Only digits may be left, or an exponent after them.
    let clean = |part: &str| part.bytes().all(|b| b.is_ascii_digit() || b"+-eE".contains(&b));
    if !clean(&whole) || !fraction.is_none_or(clean) {
        return None;
    }
    Some(fraction.map_or(whole.clone(), |fraction| format!("{whole}.{fraction}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn style(cells: &[&str]) -> Option<Style> {
        let mut numeral = Numeral::default();
        cells.iter().for_each(|cell| numeral.see(cell));
        numeral.style()
    }

    #[test]
    fn each_way_of_writing_numbers_is_recognised() {
        for (cells, expected, said) in [
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
            (
                ["12 %", "3.5%"],
                [12.0, 3.5],
                Some("the sign `%`, which is left out"),
            ),
            (
                ["$1,234", "$5"],
                [1234.0, 5.0],
                Some("`,` as a thousands mark, the sign `$`, which is left out"),
            ),
        ] {
            let style = style(&cells).unwrap_or_else(|| panic!("{cells:?}"));
            assert_eq!(cells.map(|cell| style.number(cell).unwrap()), expected);
            assert_eq!(style.note().as_deref(), said, "{cells:?}");
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
        ] {
            assert_eq!(style(&cells), None, "{cells:?}");
        }
    }
}
