//! Time zones at the end of a time: `Z`, `UTC`, `GMT`, `+02:00`, `+0200` or `+02`.

/// A zone, and how it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Zone {
    /// Minutes by which its clocks are ahead of UTC.
    pub(crate) minutes: i64,
    form: Form,
    /// Whether a blank stands before it.
    blank: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// A name of UTC.
    Name(&'static str),
    Colon,
    Digits,
    Hours,
}

/// The names of UTC.
const NAMES: [&str; 3] = ["Z", "UTC", "GMT"];
/// The forms with a sign, by their number of bytes.
const SIGNED: [(usize, Form); 3] = [(6, Form::Colon), (5, Form::Digits), (3, Form::Hours)];

impl Zone {
    /// A time, or the format of one, without the zone at its end, and that zone.
    pub(crate) fn split(text: &str) -> (&str, Option<Self>) {
        let time =
            |text: &str| text.contains([':', 'T']) && text.ends_with(|c: char| c.is_ascii_alphanumeric());
        let signed = SIGNED.iter().filter_map(|(length, form)| {
            let (rest, zone) = text.split_at_checked(text.len().checked_sub(*length)?)?;
            Some((rest, *form, minutes(zone, *form)?))
        });
        let named = NAMES
            .iter()
            .filter_map(|name| Some((text.strip_suffix(name)?, Form::Name(name), 0)));
        let found = signed.chain(named).find(|(rest, ..)| time(rest.trim_end()));
        match found {
            Some((rest, form, minutes)) => {
                let bare = rest.trim_end();
                let blank = bare.len() < rest.len();
                (bare, Some(Self { minutes, form, blank }))
            }
            None => (text, None),
        }
    }

    /// The zone as it is written.
    pub(crate) fn text(self) -> String {
        let sign = if self.minutes < 0 { '-' } else { '+' };
        let (hours, minutes) = (self.minutes.abs() / 60, self.minutes.abs() % 60);
        let blank = if self.blank { " " } else { "" };
        match self.form {
            Form::Name(name) => format!("{blank}{name}"),
            Form::Colon => format!("{blank}{sign}{hours:02}:{minutes:02}"),
            Form::Digits => format!("{blank}{sign}{hours:02}{minutes:02}"),
            Form::Hours => format!("{blank}{sign}{hours:02}"),
        }
    }
}

fn minutes(zone: &str, form: Form) -> Option<i64> {
    let sign = match zone.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits = match form {
        Form::Colon if zone.as_bytes().get(3) == Some(&b':') => zone[1..].replacen(':', "", 1),
        Form::Colon => return None,
        _ => zone[1..].to_owned(),
    };
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let hours: i64 = digits.get(..2)?.parse().ok()?;
    let minutes: i64 = digits.get(2..4).map_or(Some(0), |minutes| minutes.parse().ok())?;
    (hours <= 15 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_split_off_and_written_again() {
        for (text, rest, minutes) in [
            ("2024-01-02T03:04:05Z", "2024-01-02T03:04:05", 0),
            ("2024-01-02 03:04:05+02:00", "2024-01-02 03:04:05", 120),
            ("2024-01-02 03:04:05.250-0330", "2024-01-02 03:04:05.250", -210),
            ("2024-01-02 03:04 +01", "2024-01-02 03:04", 60),
            ("20240102T030405Z", "20240102T030405", 0),
            ("Tue, 02 Jan 2024 03:04:05 GMT", "Tue, 02 Jan 2024 03:04:05", 0),
            ("%Y-%m-%d %H:%M:%S+02:00", "%Y-%m-%d %H:%M:%S", 120),
        ] {
            let (bare, zone) = Zone::split(text);
            let zone = zone.unwrap();
            assert_eq!((bare, zone.minutes), (rest, minutes));
            assert_eq!(format!("{bare}{}", zone.text()), text);
        }
        for text in ["2024-01-02", "2024-01", "", "Zürich", "é+02", "03:04"] {
            assert_eq!(Zone::split(text), (text, None));
        }
    }
}
