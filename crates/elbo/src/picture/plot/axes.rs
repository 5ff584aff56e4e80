//! What the plots share: ranges that cannot surprise plotters, axes, titles, and numbers as people write them.

use std::ops::Range;

use plotters::chart::{ChartBuilder, ChartContext};
use plotters::coord::cartesian::Cartesian2d;
use plotters::coord::types::RangedCoordf64;
use plotters::drawing::DrawingAreaErrorKind;
use plotters::element::Text;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontFamily, FontStyle, IntoFont, TextStyle};

use crate::picture::canvas::{Area, Canvas, Drawn, px};
use crate::picture::colour::{INK, MUTED, RULE, pen};
use crate::picture::text::{Anchor, Type};

/// A plane of two number axes.
pub(super) type Plane<'a, 'b> = ChartContext<'a, Canvas<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

pub(super) const TITLE: Type = Type::bold(22.0, INK);
pub(super) const LABEL: Type = Type::regular(17.0, INK);
pub(super) const TICK: Type = Type::regular(16.0, MUTED);

/// The two axes of a plot.
pub(super) struct Axes<'a> {
    /// Room above the plane, for a title.
    pub(super) head: u32,
    pub(super) x: Range<f64>,
    pub(super) y: Range<f64>,
    pub(super) names: [&'a str; 2],
    /// About how many numbers stand along each axis.
    pub(super) ticks: [usize; 2],
    /// Whether the horizontal axis counts things: whole numbers only, and no rules upwards.
    pub(super) whole: bool,
}

impl Axes<'_> {
    /// Draws the axes with their numbers, names and rules.
    pub(super) fn draw<'a, 'b>(
        &self,
        area: &'a Area<'b>,
    ) -> Result<Plane<'a, 'b>, DrawingAreaErrorKind<std::convert::Infallible>> {
        let [x, y] = self.names;
        let mut plane = ChartBuilder::on(area)
            .margin_top(px(self.head))
            .margin_right(px(20))
            .margin_bottom(px(22))
            .margin_left(px(14))
            .x_label_area_size(px(if x.is_empty() { 28 } else { 52 }))
            .y_label_area_size(px(if y.is_empty() { 62 } else { 84 }))
            .build_cartesian_2d(self.x.clone(), self.y.clone())?;
        let whole = self.whole;
        let count = |tick: &f64| {
            if whole && tick.fract() != 0.0 {
                String::new()
            } else {
                number(*tick)
            }
        };
        let value = |tick: &f64| number(*tick);
        let mut mesh = plane.configure_mesh();
        mesh.light_line_style(pen(RULE).mix(0.0))
            .bold_line_style(pen(RULE).stroke_width(px(1) as u32))
            .axis_style(pen(MUTED).stroke_width(px(1) as u32))
            .set_all_tick_mark_size(px(4))
            .x_labels(self.ticks[0])
            .y_labels(self.ticks[1])
            .x_label_formatter(&count)
            .y_label_formatter(&value)
            .label_style(style(TICK))
            .axis_desc_style(style(LABEL))
            .x_desc(x)
            .y_desc(y);
        if whole {
            mesh.disable_x_mesh();
        }
        mesh.draw()?;
        drop(mesh);
        Ok(plane)
    }
}

/// `kind` as plotters wants it, at the canvas's fineness.
pub(super) fn style(kind: Type) -> TextStyle<'static> {
    let weight = if kind.bold {
        FontStyle::Bold
    } else {
        FontStyle::Normal
    };
    let size = f64::from(kind.size) * f64::from(px(1));
    (FontFamily::SansSerif, size, weight)
        .into_font()
        .color(&pen(kind.colour))
}

/// Writes one line at `(x, y)`, both in picture pixels.
pub(super) fn write(area: &Area<'_>, line: &str, kind: Type, (x, y): (u32, u32), anchor: Anchor) -> Drawn {
    let at = |share: f32| {
        if share < 0.25 {
            0
        } else if share < 0.75 {
            1
        } else {
            2
        }
    };
    let across = [HPos::Left, HPos::Center, HPos::Right][at(anchor.0)];
    let down = [VPos::Top, VPos::Center, VPos::Bottom][at(anchor.1)];
    area.draw(&Text::new(
        line,
        (px(x), px(y)),
        style(kind).pos(Pos::new(across, down)),
    ))
}

/// The finite ones of `values` with a little room on both sides; 0 to 1 if there are none.
///
/// Never empty and never so narrow beside its distance from zero that ticks would coincide.
pub(super) fn span(values: impl IntoIterator<Item = f64>) -> Range<f64> {
    let finite = values
        .into_iter()
        .filter(|value| value.is_finite())
        .map(|value| value.clamp(-1e15, 1e15));
    let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
        (low.min(v), high.max(v))
    });
    if low > high {
        return 0.0..1.0;
    }
    let least = 1e-6 * low.abs().max(high.abs()).max(1e-6);
    let room = ((high - low) * 0.05).max(least);
    low - room..high + room
}

/// `value` with at most six digits that matter, without idle zeros, as `12,500` or `−0.25`.
pub(crate) fn number(value: f64) -> String {
    if !value.is_finite() {
        return value.to_string();
    }
    let size = value.abs();
    if size >= 1e9 || (size > 0.0 && size < 1e-4) {
        return format!("{value:.2e}").replace('-', "−");
    }
    let digits = if size < 1.0 {
        1
    } else {
        size.log10().floor() as usize + 1
    };
    let text = format!("{size:.*}", 6usize.saturating_sub(digits));
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let fraction = fraction.trim_end_matches('0');
    let sign = if value < 0.0 && text.bytes().any(|b| (b'1'..=b'9').contains(&b)) {
        "−"
    } else {
        ""
    };
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{fraction}", grouped(whole))
}

/// `value` with three or four digits that matter, for labels that are read and not compared.
pub(super) fn short(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return number(value);
    }
    let digits = value.abs().log10().floor() as i32;
    let decimals = if digits < 2 {
        2 - digits.min(0)
    } else {
        (3 - digits).max(0)
    };
    let tens = 10f64.powi(decimals);
    number((value * tens).round() / tens)
}

/// Digits in threes, as `12,500`.
fn grouped(digits: &str) -> String {
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_people_write_them() {
        let cases = [
            (0.0, "0"),
            (-0.25, "−0.25"),
            (100.0, "100"),
            (103.2, "103.2"),
            (0.1 + 0.2, "0.3"),
            (12_500.0, "12,500"),
            (-1_234_567.0, "−1,234,567"),
            (1e-7, "1.00e−7"),
            (2e12, "2.00e12"),
            (f64::NAN, "NaN"),
        ];
        for (value, text) in cases {
            assert_eq!(number(value), text);
        }
        let short = [103.247, 4.2137, 0.012_345_6, 12_345.6].map(short);
        assert_eq!(short, ["103.2", "4.21", "0.0123", "12,346"]);
    }

    #[test]
    fn a_span_is_never_empty() {
        assert_eq!(span([]), 0.0..1.0);
        assert_eq!(span([f64::NAN, 0.0, 10.0, f64::INFINITY]), -0.5..10.5);
        for value in [0.0, 1e-300, -3.0, 1e12, f64::MAX] {
            let span = span([value]);
            assert!(span.end > span.start && (span.end - span.start) > 1e-7 * span.start.abs());
        }
    }
}
