//! Reading numbers as people write them: with a sign, a currency or percent sign, thousands marks and a decimal sign.

use serde::{Deserialize, Serialize};

/// Signs and codes that may stand before or after every number of a column; what another begins or ends with comes
/// after that.
const UNITS: [&str; 50] = [
    "%", "‰", "US$", "CA$", "A$", "C$", "R$", "S$", "$", "€", "£", "¥", "₹", "₽", "₩", "₺", "₪", "₫", "฿",
    "₴", "₦", "zł", "Kč", "kr", "USD", "EUR", "GBP", "JPY", "CHF", "CAD", "AUD", "NZD", "SEK", "NOK", "DKK",
    "PLN", "CZK", "HUF", "INR", "CNY", "RUB", "BRL", "MXN", "ZAR", "TRY", "KRW", "SGD", "HKD", "ILS", "THB",
];
/// Units of measure that may stand behind a blank after every number of a column.
const MEASURES: [&str; 60] = [
    "kg", "g", "mg", "µg", "t", "lb", "lbs", "oz", "km", "m", "cm", "mm", "µm", "nm", "mi", "ft", "in", "yd",
    "m²", "km²", "ha", "l", "L", "ml", "mL", "cl", "gal", "h", "hrs", "min", "mins", "s", "sec", "ms",
    "km/h", "mph", "m/s", "°C", "°F", "°", "W", "kW", "kWh", "MW", "V", "A", "mA", "mAh", "Hz", "kHz", "MHz",
    "GHz", "B", "KB", "kB", "MB", "GB", "TB", "kcal", "bpm",
];
/// The minus signs: the one of keyboards and the one of printers.
const MINUS: [char; 2] = ['-', '\u{2212}'];

/// The decimal sign and the thousands mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Marks {
    /// Between whole and fraction.
    pub decimal: char,
    /// Between groups of digits.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub thousands: Option<char>,
    /// Whether all groups but the last are of two digits, as in India.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub indian: bool,
}

/// How a negative number is told from a positive one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Minus {
    /// A minus before all else: `-$12`.
    First(char),
    /// A minus between the currency and the digits: `$-12`.
    Inner(char),
    /// A minus after the digits: `12-`.
    Last(char),
    /// Parentheses, as accountants write them: `(12)`.
    Parentheses,
}

/// A currency or percent sign, or a unit of measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unit {
    pub(crate) name: &'static str,
    /// Whether it stands before the digits.
    pub(crate) before: bool,
}

/// The parts of a number's text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts<'a> {
    /// Digits with their marks.
    pub(crate) digits: &'a str,
    /// How it says that it is negative, if it does.
    pub(crate) minus: Option<Minus>,
    pub(crate) unit: Option<Unit>,
    /// What stands between the unit and the digits.
    pub(crate) gap: &'a str,
}

impl Marks {
    /// A decimal point and nothing else.
    pub(crate) const PLAIN: Self = Self::new('.', None);

    pub(crate) const fn new(decimal: char, thousands: Option<char>) -> Self {
        Self {
            decimal,
            thousands,
            indian: false,
        }
    }

    /// Whether digits are written with these marks.
    pub(crate) fn fits(self, digits: &str) -> bool {
        let (mantissa, exponent) = with_exponent(digits);
        let exponent = exponent.is_none_or(|exponent| {
            let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            !exponent.is_empty() && all_digits(exponent)
        });
        let (whole, fraction) = match mantissa.split_once(self.decimal) {
            Some((whole, fraction)) => (whole, fraction),
            None => (mantissa, ""),
        };
        let some = !(whole.is_empty() && fraction.is_empty());
        exponent && some && all_digits(fraction) && self.grouped(whole)
    }

    /// Whether all digits stand in groups of the right length, or without any mark.
    fn grouped(self, whole: &str) -> bool {
        let mark = self.thousands.filter(|mark| whole.contains(*mark));
        let Some(mark) = mark else {
            return all_digits(whole);
        };
        let size = if self.indian { 2 } else { 3 };
        let mut groups = whole.rsplit(mark);
        let last = groups
            .next()
            .is_some_and(|group| group.len() == 3 && all_digits(group));
        let mut first = "";
        let mut sound = true;
        for group in groups {
            sound &= first.is_empty() || first.len() == size;
            sound &= all_digits(group) && !group.is_empty();
            first = group;
        }
        last && sound && first.len() <= size && !first.starts_with('0')
    }

    /// The digits with a decimal point and no other mark, if they are written with these.
    fn bare(self, digits: &str) -> Option<String> {
        let kept = |c: char| match c {
            c if c == self.decimal => Some('.'),
            c if Some(c) == self.thousands => None,
            c => Some(c),
        };
        self.fits(digits)
            .then(|| digits.chars().filter_map(kept).collect())
    }

    /// The number that digits stand for.
    pub(crate) fn number(self, digits: &str) -> Option<f64> {
        let number: f64 = match self {
            Self::PLAIN if self.fits(digits) => digits.parse().ok()?,
            _ => self.bare(digits)?.parse().ok()?,
        };
        number.is_finite().then_some(number)
    }

    /// The whole number that digits stand for.
    pub(crate) fn integer(self, digits: &str) -> Option<i64> {
        self.bare(digits)?.parse().ok()
    }
}

/// Mantissa and exponent.
pub(crate) fn with_exponent(digits: &str) -> (&str, Option<&str>) {
    match digits.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (digits, None),
    }
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a text begins and ends with a digit: nothing stands around it.
fn between_digits(text: &str) -> bool {
    let digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    digit(text.as_bytes().first()) && digit(text.as_bytes().last())
}

impl<'a> Parts<'a> {
    /// The parts of a text that may be a number; of any other text the digits are none.
    pub(crate) fn of(text: &'a str) -> Self {
        let text = text.trim();
        let mut parts = Self {
            digits: text,
            minus: None,
            unit: None,
            gap: "",
        };
        if between_digits(text) {
            return parts;
        }
        let mut signed = parts.take_parentheses() || parts.take_sign(Minus::First);
        if !between_digits(parts.digits) && parts.take_unit() {
            signed = signed || parts.take_parentheses() || parts.take_sign(Minus::Inner);
        }
        if !signed && let Some((digits, sign)) = sign_of(parts.digits, str::strip_suffix::<char>) {
            parts.digits = digits.trim_end();
            parts.minus = Some(Minus::Last(sign));
        }
        parts
    }

    fn take_parentheses(&mut self) -> bool {
        let inner = self
            .digits
            .strip_prefix('(')
            .and_then(|text| text.strip_suffix(')'));
        let Some(inner) = inner else { return false };
        self.digits = inner.trim();
        self.minus = Some(Minus::Parentheses);
        true
    }

    /// Takes a sign before the rest, a plus as well.
    fn take_sign(&mut self, minus: fn(char) -> Minus) -> bool {
        if let Some((rest, sign)) = sign_of(self.digits, str::strip_prefix::<char>) {
            self.digits = rest.trim_start();
            self.minus = Some(minus(sign));
            return true;
        }
        let rest = self.digits.strip_prefix('+');
        self.digits = rest.unwrap_or(self.digits);
        rest.is_some()
    }

    fn take_unit(&mut self) -> bool {
        for name in UNITS {
            let before = self.digits.strip_prefix(name).map(|rest| (rest, true));
            let found = before.or_else(|| self.digits.strip_suffix(name).map(|rest| (rest, false)));
            if let Some((rest, before)) = found {
                self.digits = rest.trim();
                let gap = rest.len() - self.digits.len();
                self.gap = match before {
                    true => &rest[..gap],
                    false => &rest[rest.len() - gap..],
                };
                self.unit = Some(Unit { name, before });
                return true;
            }
        }
        self.take_measure().is_some()
    }

    fn take_measure(&mut self) -> Option<()> {
        let (digits, name) = self.digits.rsplit_once([' ', '\u{a0}', '\u{202f}'])?;
        let name = MEASURES.into_iter().find(|measure| *measure == name)?;
        self.gap = &self.digits[digits.len()..self.digits.len() - name.len()];
        self.digits = digits;
        self.unit = Some(Unit { name, before: false });
        Some(())
    }
}

/// A text without the minus sign at one end, and that sign.
fn sign_of(text: &str, strip: for<'t> fn(&'t str, char) -> Option<&'t str>) -> Option<(&str, char)> {
    MINUS
        .into_iter()
        .find_map(|sign| Some((strip(text, sign)?, sign)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_of_digits_have_their_length() {
        let thousands = Marks::new('.', Some(','));
        let indian = Marks {
            indian: true,
            ..thousands
        };
        for (marks, digits, number) in [
            (thousands, "1,234,567.5", Some(1_234_567.5)),
            (thousands, "12,34", None),
            (thousands, "0,123", None),
            (thousands, "1234", Some(1234.0)),
            (indian, "12,34,567", Some(1_234_567.0)),
            (indian, "123,456", None),
            (Marks::PLAIN, "1e-3", Some(0.001)),
            (Marks::PLAIN, "inf", None),
            (Marks::PLAIN, ".", None),
            (Marks::PLAIN, ".5", Some(0.5)),
            (
                Marks::new(',', Some('\u{202f}')),
                "4\u{202f}872,56",
                Some(4872.56),
            ),
        ] {
            assert_eq!(marks.number(digits), number, "{digits}");
        }
    }

    #[test]
    fn signs_and_units_are_found_around_the_digits() {
        for (text, digits, minus, unit) in [
            ("-$12.00", "12.00", Some(Minus::First('-')), Some("$")),
            ("$-12", "12", Some(Minus::Inner('-')), Some("$")),
            ("(168.47)", "168.47", Some(Minus::Parentheses), None),
            ("$(5)", "5", Some(Minus::Parentheses), Some("$")),
            ("12-", "12", Some(Minus::Last('-')), None),
            ("\u{2212}12", "12", Some(Minus::First('\u{2212}')), None),
            ("12\u{a0}€", "12", None, Some("€")),
            ("EUR 12", "12", None, Some("EUR")),
            ("+5", "5", None, None),
            ("-15.7 kg", "15.7", Some(Minus::First('-')), Some("kg")),
            ("90\u{a0}km/h", "90", None, Some("km/h")),
            ("12m", "12m", None, None),
        ] {
            let parts = Parts::of(text);
            let found = (parts.digits, parts.minus, parts.unit.map(|unit| unit.name));
            assert_eq!(found, (digits, minus, unit), "{text}");
        }
        assert_eq!(Parts::of("12 €").gap, " ");
        assert_ne!(Parts::of("--5").digits, "5");
    }
}
