//! One bar per latent unit (or anything counted): few with their names, many as a profile.

use image::RgbImage;
use plotters::element::Rectangle;
use plotters::style::Color;

use super::WIDTH;
use super::axes::{Axes, LABEL, TITLE, short, span, write};
use crate::picture::canvas::{Area, Drawn, paint, px};
use crate::picture::colour::{INK, RULE, level, pen};
use crate::picture::text::{Anchor, Type};

const HEAD: u32 = 66;
const ROW: u32 = 42;
const BAR: u32 = 24;
const PROFILE_HEIGHT: u32 = 520;
const VALUE: Type = Type::bold(17.0, INK);
/// More bars than this are drawn as a profile, without names.
const NAMED: usize = 40;
const LABEL_WIDTH: f32 = 420.0;

/// One bar.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// Before the bar, as `unit 3 · glasses (r = 0.93)`.
    pub label: String,
    /// Its length; what is negative or not finite has none.
    pub value: f64,
}

impl Bar {
    fn length(&self) -> f64 {
        if self.value.is_finite() {
            self.value.max(0.0)
        } else {
            0.0
        }
    }
}

/// The bars in the order given. `axis` names what their length means, as `rate (nats)`.
pub fn bars(bars: &[Bar], title: &str, axis: &str) -> RgbImage {
    if bars.len() > NAMED {
        return paint(WIDTH, PROFILE_HEIGHT, |area| profile(area, bars, title, axis));
    }
    paint(WIDTH, HEAD + ROW * bars.len() as u32 + 20, |area| {
        heading(area, title, axis)?;
        named(area, bars)
    })
}

fn heading(area: &Area<'_>, title: &str, axis: &str) -> Drawn {
    let title = TITLE.fitted(title, WIDTH as f32 - 60.0 - LABEL.width(axis));
    write(area, &title, TITLE, (28, 30), Anchor::LEFT)?;
    write(area, axis, LABEL, (WIDTH - 28, 30), Anchor::RIGHT)
}

fn named(area: &Area<'_>, bars: &[Bar]) -> Drawn {
    let widest = bars
        .iter()
        .map(|bar| LABEL.width(&bar.label))
        .fold(0.0, f32::max)
        .min(LABEL_WIDTH);
    let left = 28 + widest.ceil() as u32 + 14;
    let longest = bars.iter().map(Bar::length).fold(f64::MIN_POSITIVE, f64::max);
    let room = f64::from(WIDTH - left - 110);
    for (row, bar) in bars.iter().enumerate() {
        let middle = HEAD + row as u32 * ROW + ROW / 2;
        let (top, bottom) = (px(middle - BAR / 2), px(middle + BAR / 2));
        let end = left + (bar.length() / longest * room).round() as u32;
        write(
            area,
            &LABEL.fitted(&bar.label, LABEL_WIDTH),
            LABEL,
            (left - 14, middle),
            Anchor::RIGHT,
        )?;
        area.draw(&Rectangle::new(
            [(px(left), top), (px(left + room as u32), bottom)],
            pen(RULE).mix(0.45).filled(),
        ))?;
        area.draw(&Rectangle::new(
            [(px(left), top), (px(end), bottom)],
            pen(level(0)).filled(),
        ))?;
        write(
            area,
            &short(bar.value),
            VALUE,
            (left + room as u32 + 14, middle),
            Anchor::LEFT,
        )?;
    }
    Ok(())
}

fn profile(area: &Area<'_>, bars: &[Bar], title: &str, axis: &str) -> Drawn {
    heading(area, title, "")?;
    let top = span(bars.iter().map(Bar::length).chain([0.0])).end;
    let axes = Axes {
        head: HEAD,
        x: 0.0..bars.len() as f64,
        y: 0.0..top,
        names: ["", axis],
        ticks: [10, 6],
        whole: true,
    };
    let mut plane = axes.draw(area)?;
    let column = |(i, bar): (usize, &Bar)| {
        Rectangle::new(
            [(i as f64 + 0.1, 0.0), (i as f64 + 0.9, bar.length())],
            pen(level(0)).filled(),
        )
    };
    plane.draw_series(bars.iter().enumerate().map(column))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(values: &[f64]) -> Vec<Bar> {
        values
            .iter()
            .enumerate()
            .map(|(i, value)| Bar {
                label: format!("unit {i}"),
                value: *value,
            })
            .collect()
    }

    fn blue(image: &RgbImage) -> usize {
        image.pixels().filter(|pixel| **pixel == level(0)).count()
    }

    #[test]
    fn a_bar_is_as_long_as_its_value() {
        let one = blue(&bars(&some(&[4.0]), "rate", "nats"));
        let half = blue(&bars(&some(&[4.0, 2.0]), "rate", "nats")) - one;
        // Lengths are whole pixels, and edges blend: within two columns of pixels.
        assert!((2 * half).abs_diff(one) <= 2 * BAR as usize, "{half} of {one}");
    }

    #[test]
    fn labels_matter_and_odd_values_are_drawn() {
        let plain = bars(&some(&[1.0, f64::NAN, -3.0]), "rate", "nats");
        assert_eq!(plain.height(), HEAD + 3 * ROW + 20);
        let mut named = some(&[1.0, f64::NAN, -3.0]);
        named[0].label = "unit 0 · smile".into();
        assert_ne!(plain, bars(&named, "rate", "nats"));
        assert_eq!(bars(&[], "", "").height(), HEAD + 20);
    }

    #[test]
    fn many_bars_become_a_profile() {
        let image = bars(&some(&[1.0; 41]), "rate per unit", "nats");
        assert_eq!(image.dimensions(), (WIDTH, PROFILE_HEIGHT));
        assert!(blue(&image) > 10_000);
    }
}
