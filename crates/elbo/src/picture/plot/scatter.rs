//! Records as points in the latent plane, coloured by what is known about them.

use std::ops::Range;

use image::{Rgb, RgbImage};
use plotters::element::{Circle, Rectangle};
use plotters::style::Color;

use super::WIDTH;
use super::axes::{Axes, LABEL, TICK, TITLE, short, span, write};
use crate::picture::canvas::{Area, Drawn, paint, px};
use crate::picture::colour::{INK, PAPER, UNKNOWN, level, pen, viridis};
use crate::picture::text::{Anchor, Type};
use crate::readout::{Attribute, Values};

const HEIGHT: u32 = 900;
/// The plane with its axes takes this much of the width, the legend the rest.
const PLANE: u32 = 930;
const HEAD: u32 = 56;
const LEGEND_WIDTH: f32 = (WIDTH - PLANE - 50) as f32;
/// More levels than this are counted and not named.
const NAMED: usize = 26;
const NAME: Type = Type::bold(17.0, INK);

/// What stands around a [`scatter`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScatterLayout {
    /// Above the plane.
    pub title: Option<String>,
    /// The names of the horizontal and the vertical axis.
    pub axes: [String; 2],
    /// Both axes run from the first to the second; points outside are left out. `None` shows every point.
    pub range: Option<[f32; 2]>,
}

/// One dot per point, coloured by `colour`: levels by hue with a legend, numbers from dark to bright with a
/// bar, gray where it is not given. A unit is equally long on both axes.
pub fn scatter(points: &[[f32; 2]], colour: Option<&Attribute>, layout: &ScatterLayout) -> RgbImage {
    let paints = Paints::new(colour);
    let width = if colour.is_some() { WIDTH } else { PLANE };
    paint(width, HEIGHT, |area| {
        let title = TITLE.fitted(layout.title.as_deref().unwrap_or_default(), width as f32 - 60.0);
        write(area, &title, TITLE, (28, 24), Anchor::TOP_LEFT)?;
        let (plane, legend) = area.split_horizontally(px(PLANE));
        dots(&plane, points, &paints, layout)?;
        match &paints {
            Paints::One => Ok(()),
            Paints::Level { name, levels, codes } => level_legend(&legend, name, levels, codes),
            Paints::Number { name, values, span } => number_legend(&legend, name, values, span),
        }
    })
}

/// How each record is painted.
enum Paints<'a> {
    One,
    Level {
        name: &'a str,
        levels: Vec<&'a str>,
        codes: Vec<Option<usize>>,
    },
    Number {
        name: &'a str,
        values: &'a [Option<f64>],
        span: Range<f64>,
    },
}

impl<'a> Paints<'a> {
    fn new(colour: Option<&'a Attribute>) -> Self {
        let Some(Attribute { name, values }) = colour else {
            return Self::One;
        };
        match values {
            Values::Number(values) => {
                let finite = || values.iter().flatten().copied().filter(|value| value.is_finite());
                let (low, high) = (
                    finite().fold(f64::INFINITY, f64::min),
                    finite().fold(f64::NEG_INFINITY, f64::max),
                );
                Self::Number {
                    name,
                    values,
                    span: if low < high { low..high } else { span([low]) },
                }
            }
            Values::Flag(_) | Values::Category { .. } => Self::Level {
                name,
                levels: values.levels(),
                codes: values.codes(),
            },
        }
    }

    fn of(&self, row: usize) -> Rgb<u8> {
        match self {
            Self::One => level(0),
            Self::Level { codes, .. } => codes.get(row).copied().flatten().map_or(UNKNOWN, level),
            Self::Number { values, span, .. } => match values.get(row).copied().flatten() {
                Some(value) if value.is_finite() => viridis((value - span.start) / (span.end - span.start)),
                _ => UNKNOWN,
            },
        }
    }
}

fn dots(area: &Area<'_>, points: &[[f32; 2]], paints: &Paints<'_>, layout: &ScatterLayout) -> Drawn {
    let [x, y] = ranges(points, layout.range);
    let axes = Axes {
        head: HEAD + 10,
        x: x.clone(),
        y: y.clone(),
        names: [&layout.axes[0], &layout.axes[1]],
        ticks: [8, 8],
        whole: false,
    };
    let mut plane = axes.draw(area)?;
    let radius = (260.0 / (points.len() as f64).powf(0.42)).clamp(3.0, 10.0) as i32;
    let opacity = if points.len() > 2000 { 0.6 } else { 0.8 };
    let dot = |row: usize| {
        let place = points[row].map(f64::from);
        let inside = x.contains(&place[0]) && y.contains(&place[1]);
        inside.then(|| {
            Circle::new(
                (place[0], place[1]),
                radius,
                pen(paints.of(row)).mix(opacity).filled(),
            )
        })
    };
    plane.draw_series(spread(points.len()).filter_map(dot))?;
    Ok(())
}

/// Both axes' ranges, equally long.
fn ranges(points: &[[f32; 2]], range: Option<[f32; 2]>) -> [Range<f64>; 2] {
    if let Some([low, high]) = range.filter(|[low, high]| low < high && (high - low).is_finite()) {
        return [0, 1].map(|_| f64::from(low)..f64::from(high));
    }
    let spans = [0, 1].map(|axis| span(points.iter().map(|point| f64::from(point[axis]))));
    let half = spans.iter().map(|span| span.end - span.start).fold(0.0, f64::max) / 2.0;
    spans.map(|span| {
        let middle = (span.start + span.end) / 2.0;
        middle - half..middle + half
    })
}

/// All rows, neighbours far apart: records often come sorted, and the last level would hide the others.
fn spread(n: usize) -> impl Iterator<Item = usize> {
    let gcd = |mut a: usize, mut b: usize| {
        while b > 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    let golden = ((n as f64 * 0.618_034) as usize).max(1);
    let stride = (golden..n.max(golden + 1))
        .find(|stride| gcd(*stride, n) == 1)
        .unwrap_or(1);
    (0..n).map(move |i| (i as u128 * stride as u128 % n as u128) as usize)
}

fn level_legend(area: &Area<'_>, name: &str, levels: &[&str], codes: &[Option<usize>]) -> Drawn {
    write(
        area,
        &NAME.fitted(name, LEGEND_WIDTH),
        NAME,
        (16, HEAD + 20),
        Anchor::LEFT,
    )?;
    let mut rows: Vec<(&str, Rgb<u8>)> = levels
        .iter()
        .take(NAMED)
        .enumerate()
        .map(|(code, name)| (*name, level(code)))
        .collect();
    let more = format!("and {} more", levels.len().saturating_sub(NAMED));
    if levels.len() > NAMED {
        // A dot of paper's colour: this line stands for no one level.
        rows.push((&more, PAPER));
    }
    if codes.contains(&None) {
        rows.push(("not given", UNKNOWN));
    }
    for (row, (name, colour)) in rows.into_iter().enumerate() {
        let y = HEAD + 52 + row as u32 * 28;
        area.draw(&Circle::new((px(24), px(y)), px(7), pen(colour).filled()))?;
        write(
            area,
            &LABEL.fitted(name, LEGEND_WIDTH),
            LABEL,
            (42, y),
            Anchor::LEFT,
        )?;
    }
    Ok(())
}

fn number_legend(area: &Area<'_>, name: &str, values: &[Option<f64>], span: &Range<f64>) -> Drawn {
    const TALL: u32 = 420;
    write(
        area,
        &NAME.fitted(name, LEGEND_WIDTH),
        NAME,
        (16, HEAD + 20),
        Anchor::LEFT,
    )?;
    let top = HEAD + 50;
    for step in 0..px(TALL) {
        let colour = pen(viridis(1.0 - f64::from(step) / f64::from(px(TALL))));
        let (y, x) = (px(top) + step, px(16));
        area.draw(&Rectangle::new([(x, y), (x + px(26), y + 1)], colour.filled()))?;
    }
    for tick in 0..=4 {
        let value = span.start + (span.end - span.start) * f64::from(tick) / 4.0;
        write(
            area,
            &short(value),
            TICK,
            (54, top + TALL - TALL * tick / 4),
            Anchor::LEFT,
        )?;
    }
    if values
        .iter()
        .any(|value| value.is_none_or(|value| !value.is_finite()))
    {
        let y = top + TALL + 36;
        area.draw(&Circle::new((px(24), px(y)), px(7), pen(UNKNOWN).filled()))?;
        write(area, "not given", LABEL, (42, y), Anchor::LEFT)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(given: &[Option<bool>]) -> Attribute {
        Attribute {
            name: "glasses".into(),
            values: Values::Flag(given.to_vec()),
        }
    }

    fn has(image: &RgbImage, colour: Rgb<u8>) -> bool {
        image.pixels().any(|pixel| *pixel == colour)
    }

    #[test]
    fn points_land_where_they_belong() {
        let layout = ScatterLayout {
            range: Some([-1.0, 1.0]),
            ..ScatterLayout::default()
        };
        let darkest = |point: [f32; 2]| {
            let image = scatter(&[point], None, &layout);
            let blue = image
                .enumerate_pixels()
                .filter(|(_, _, pixel)| pixel.0[2] > pixel.0[0].saturating_add(120));
            let (x, y, n) = blue.fold((0, 0, 0), |(x, y, n), (px, py, _)| (x + px, y + py, n + 1));
            (x / n, y / n)
        };
        let (left, low) = darkest([-0.5, -0.5]);
        let (middle, centre) = darkest([0.0, 0.0]);
        let (right, high) = darkest([0.5, 0.5]);
        assert!(left < middle && middle < right && high < centre && centre < low);
        assert!((middle - left).abs_diff(right - middle) <= 1 && (low - centre).abs_diff(centre - high) <= 1);
        assert_eq!(
            scatter(&[[3.0, 0.0]], None, &layout),
            scatter(&[], None, &layout),
            "outside"
        );
    }

    #[test]
    fn colours_follow_the_attribute_and_the_legend_names_it() {
        let points = [[0.0, 0.0], [1.0, 1.0], [2.0, 0.5]];
        let layout = ScatterLayout::default();
        let image = scatter(&points, Some(&flags(&[Some(false), Some(true), None])), &layout);
        assert!(has(&image, level(0)) && has(&image, level(1)) && has(&image, UNKNOWN));
        let known = scatter(&points, Some(&flags(&[Some(false); 3])), &layout);
        assert!(!has(&known, UNKNOWN));
        let mut renamed = flags(&[Some(false); 3]);
        renamed.name = "smile".into();
        assert_ne!(known, scatter(&points, Some(&renamed), &layout));
    }

    #[test]
    fn odd_points_and_numbers_are_drawn() {
        let points = [[f32::NAN, 1.0], [f32::INFINITY, f32::MAX]];
        for values in [vec![], vec![Some(f64::NAN), None], vec![Some(2.0), Some(2.0)]] {
            let number = Attribute {
                name: "age".into(),
                values: Values::Number(values),
            };
            let image = scatter(&points, Some(&number), &ScatterLayout::default());
            assert_eq!(image.dimensions(), (WIDTH, HEIGHT));
        }
        let levels: Vec<String> = (0..100).map(|i| format!("level {i}")).collect();
        let values = Values::Category {
            levels,
            codes: vec![Some(99), Some(100)],
        };
        let many = Attribute {
            name: "kind".into(),
            values,
        };
        assert!(has(
            &scatter(&points, Some(&many), &ScatterLayout::default()),
            UNKNOWN
        ));
    }

    #[test]
    fn every_row_is_drawn_once() {
        for n in [0, 1, 2, 3, 10, 97, 100, 1024] {
            let mut rows: Vec<usize> = spread(n).collect();
            rows.sort_unstable();
            assert_eq!(rows, (0..n).collect::<Vec<_>>());
        }
    }
}
