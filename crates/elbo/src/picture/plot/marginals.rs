//! Each field of a table by itself, and each pair of fields: real records beside generated ones.

use image::RgbImage;
use plotters::element::Rectangle;
use plotters::style::Color;

use super::WIDTH;
use super::axes::{LABEL, TITLE, write};
use crate::picture::canvas::{Area, Drawn, paint, px};
use crate::picture::colour::{INK, MUTED, UNKNOWN, level, pen, viridis};
use crate::picture::text::{Anchor, Type};

const COLUMNS: u32 = 3;
const HEAD: u32 = 70;
const PANEL: u32 = 190;
const BARS: u32 = 120;
const GAP: u32 = 24;
const NAME: Type = Type::bold(17.0, INK);
/// A pair's cell, and the most fields whose pairs are drawn.
const CELL: u32 = 18;
const PAIRED: usize = 24;

/// One field: the share of each level or interval among real and among generated records.
#[derive(Clone, Debug, PartialEq)]
pub struct Marginal {
    /// The field's name.
    pub name: String,
    /// Below the first bar and below the last.
    pub ends: [String; 2],
    /// Shares among real and generated records, bar by bar.
    pub shares: Vec<[f64; 2]>,
}

/// The association of each pair of fields, from 0 to 1: `[fields, fields]`, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Pairs {
    /// Among real records.
    pub real: Vec<f64>,
    /// Among generated ones.
    pub generated: Vec<f64>,
}

/// A panel for each field, and the pairs below.
pub fn marginals(fields: &[Marginal], pairs: &Pairs, title: &str) -> RgbImage {
    let rows = (fields.len() as u32).div_ceil(COLUMNS);
    let shown = fields.len().min(PAIRED) as u32;
    let height = HEAD + rows * PANEL + 60 + shown * CELL + 40;
    paint(WIDTH, height, |area| {
        write(area, title, TITLE, (28, 34), Anchor::LEFT)?;
        write(
            area,
            "grey: real, blue: generated",
            LABEL,
            (WIDTH - 28, 34),
            Anchor::RIGHT,
        )?;
        for (place, field) in fields.iter().enumerate() {
            let (column, row) = (place as u32 % COLUMNS, place as u32 / COLUMNS);
            let width = (WIDTH - 56) / COLUMNS;
            panel(
                area,
                field,
                (28 + column * width, HEAD + row * PANEL),
                width - GAP,
            )?;
        }
        let top = HEAD + rows * PANEL + 20;
        matrix(
            area,
            &pairs.real,
            fields.len(),
            (28, top),
            "pairs of fields, real",
        )?;
        matrix(
            area,
            &pairs.generated,
            fields.len(),
            (WIDTH / 2 + 14, top),
            "pairs of fields, generated",
        )
    })
}

fn panel(area: &Area<'_>, field: &Marginal, (x, y): (u32, u32), width: u32) -> Drawn {
    write(
        area,
        &NAME.fitted(&field.name, width as f32),
        NAME,
        (x, y + 12),
        Anchor::LEFT,
    )?;
    let highest = field
        .shares
        .iter()
        .flatten()
        .copied()
        .fold(f64::MIN_POSITIVE, f64::max);
    let bottom = y + 28 + BARS;
    let step = f64::from(width) / field.shares.len().max(1) as f64;
    for (place, shares) in field.shares.iter().enumerate() {
        for (half, (share, colour)) in shares.iter().zip([UNKNOWN, level(0)]).enumerate() {
            let left = f64::from(x) + step * (place as f64 + 0.1 + 0.4 * half as f64);
            let top = f64::from(bottom) - share / highest * f64::from(BARS);
            let corners = [
                (px(left as u32), px(top as u32)),
                (px((left + (step * 0.4).max(1.0)) as u32), px(bottom)),
            ];
            area.draw(&Rectangle::new(corners, pen(colour).filled()))?;
        }
    }
    let muted = Type::regular(14.0, MUTED);
    let [first, last] = &field.ends;
    write(
        area,
        &muted.fitted(first, width as f32 / 2.0),
        muted,
        (x, bottom + 14),
        Anchor::LEFT,
    )?;
    write(
        area,
        &muted.fitted(last, width as f32 / 2.0),
        muted,
        (x + width, bottom + 14),
        Anchor::RIGHT,
    )
}

fn matrix(area: &Area<'_>, values: &[f64], fields: usize, (x, y): (u32, u32), title: &str) -> Drawn {
    write(area, title, NAME, (x, y + 12), Anchor::LEFT)?;
    let shown = fields.min(PAIRED);
    for row in 0..shown {
        for column in 0..shown {
            let value = values.get(row * fields + column).copied().unwrap_or(0.0);
            let (left, top) = (x + column as u32 * CELL, y + 30 + row as u32 * CELL);
            let corners = [(px(left), px(top)), (px(left + CELL - 1), px(top + CELL - 1))];
            area.draw(&Rectangle::new(corners, pen(viridis(value)).filled()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_of_any_number_of_fields_is_drawn() {
        for fields in [0, 1, 4, 40] {
            let field = |place: usize| Marginal {
                name: format!("field {place}"),
                ends: ["low".into(), "high".into()],
                shares: vec![[0.25, 0.5], [0.75, 0.5]],
            };
            let fields: Vec<_> = (0..fields).map(field).collect();
            let pairs = Pairs {
                real: vec![0.5; fields.len() * fields.len()],
                generated: vec![1.0; fields.len() * fields.len()],
            };
            let image = marginals(&fields, &pairs, "people");
            let blue = image.pixels().filter(|pixel| **pixel == level(0)).count();
            assert_eq!(blue > 100, !fields.is_empty());
        }
    }
}
