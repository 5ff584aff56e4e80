//! Where plotters draws: an image in memory, twice as fine as the picture that comes out.
//!
//! Plotters places things on whole pixels and its own thick lines and text are rough. Here strokes and discs
//! are covered by their distance to the pixel, text comes from [`super::text`], and halving the finished
//! image smooths the rest.

use std::convert::Infallible;

use image::{Rgb, RgbImage};
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea};
use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind, FontStyle,
    FontTransform,
};

use super::colour::PAPER;
use super::text::{self, Anchor, LINE_HEIGHT, Run, Type, blend};

/// Canvas pixels per pixel of the picture.
const FINENESS: u32 = 2;

pub(crate) type Area<'a> = DrawingArea<Canvas<'a>, Shift>;
pub(crate) type Drawn = Result<(), DrawingAreaErrorKind<Infallible>>;

/// Picture pixels as canvas pixels: every length given to plotters goes through this.
pub(crate) fn px(length: u32) -> i32 {
    (length * FINENESS) as i32
}

/// The picture of `width` by `height` pixels that `draw` makes.
pub(crate) fn paint(width: u32, height: u32, draw: impl FnOnce(&Area<'_>) -> Drawn) -> RgbImage {
    let mut fine = RgbImage::from_pixel(width * FINENESS, height * FINENESS, PAPER);
    draw(&Canvas(&mut fine).into_drawing_area())
        .expect("the canvas's error type is Infallible and only this thread borrows it");
    coarser(&fine)
}

/// Each pixel the mean of the `FINENESS` by `FINENESS` that it stands for.
fn coarser(fine: &RgbImage) -> RgbImage {
    RgbImage::from_fn(fine.width() / FINENESS, fine.height() / FINENESS, |x, y| {
        let mut sum = [0; 3];
        for dy in 0..FINENESS {
            for dx in 0..FINENESS {
                let pixel = fine.get_pixel(x * FINENESS + dx, y * FINENESS + dy).0;
                sum.iter_mut()
                    .zip(pixel)
                    .for_each(|(sum, value)| *sum += u32::from(value));
            }
        }
        Rgb(sum.map(|sum| ((sum + FINENESS * FINENESS / 2) / (FINENESS * FINENESS)) as u8))
    })
}

/// An image that plotters can draw on.
#[derive(Debug)]
pub(crate) struct Canvas<'a>(&'a mut RgbImage);

impl Canvas<'_> {
    /// Covers what lies within `radius` of the segment from `a` to `b`, with an edge one pixel soft.
    fn stroke(&mut self, a: BackendCoord, b: BackendCoord, radius: f32, colour: BackendColor) {
        let reach = radius.ceil() as i32 + 1;
        let columns = (a.0.min(b.0) - reach).max(0)..=(a.0.max(b.0) + reach).min(self.0.width() as i32 - 1);
        for y in (a.1.min(b.1) - reach).max(0)..=(a.1.max(b.1) + reach).min(self.0.height() as i32 - 1) {
            for x in columns.clone() {
                let coverage = (radius + 0.5 - distance((x, y), a, b)).clamp(0.0, 1.0);
                blend(self.0, (x, y), rgb(colour), coverage * colour.alpha as f32);
            }
        }
    }
}

/// How far `p` is from the segment from `a` to `b`.
fn distance(p: BackendCoord, a: BackendCoord, b: BackendCoord) -> f32 {
    let from = |q: BackendCoord| ((q.0 - a.0) as f32, (q.1 - a.1) as f32);
    let ((px, py), (bx, by)) = (from(p), from(b));
    let length = bx * bx + by * by;
    let share = if length > 0.0 {
        ((px * bx + py * by) / length).clamp(0.0, 1.0)
    } else {
        0.0
    };
    (px - share * bx).hypot(py - share * by)
}

fn rgb(colour: BackendColor) -> Rgb<u8> {
    Rgb([colour.rgb.0, colour.rgb.1, colour.rgb.2])
}

fn type_of<S: BackendTextStyle>(style: &S) -> Type {
    let bold = matches!(style.style(), FontStyle::Bold);
    Type {
        size: style.size() as f32,
        bold,
        colour: rgb(style.color()),
    }
}

type Done = Result<(), DrawingErrorKind<Infallible>>;

impl DrawingBackend for Canvas<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        self.0.dimensions()
    }

    fn ensure_prepared(&mut self) -> Done {
        Ok(())
    }

    fn present(&mut self) -> Done {
        Ok(())
    }

    fn draw_pixel(&mut self, place: BackendCoord, colour: BackendColor) -> Done {
        blend(self.0, place, rgb(colour), colour.alpha as f32);
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Done {
        let radius = style.stroke_width() as f32 / 2.0;
        let mut points = path.into_iter();
        let Some(mut from) = points.next() else {
            return Ok(());
        };
        for to in points {
            self.stroke(from, to, radius, style.color());
            from = to;
        }
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        centre: BackendCoord,
        radius: u32,
        style: &S,
        _fill: bool,
    ) -> Done {
        self.stroke(centre, centre, radius as f32, style.color());
        Ok(())
    }

    fn draw_text<S: BackendTextStyle>(&mut self, line: &str, style: &S, place: BackendCoord) -> Done {
        let anchor = style.anchor();
        let across = match anchor.h_pos {
            HPos::Left => 0.0,
            HPos::Center => 0.5,
            HPos::Right => 1.0,
        };
        let down = match anchor.v_pos {
            VPos::Top => 0.0,
            VPos::Center => 0.5,
            VPos::Bottom => 1.0,
        };
        let run = match style.transform() {
            FontTransform::Rotate90 | FontTransform::Rotate270 => Run::Up,
            FontTransform::None | FontTransform::Rotate180 => Run::Across,
        };
        let place = (place.0 as f32, place.1 as f32);
        text::draw(self.0, line, &type_of(style), place, Anchor(across, down), run);
        Ok(())
    }

    fn estimate_text_size<S: BackendTextStyle>(
        &self,
        line: &str,
        style: &S,
    ) -> Result<(u32, u32), DrawingErrorKind<Infallible>> {
        let style = type_of(style);
        Ok((
            style.width(line).ceil() as u32,
            (style.size * LINE_HEIGHT).ceil() as u32,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plotters::prelude::{Circle, PathElement};
    use plotters::style::{BLACK, Color, ShapeStyle};

    fn ink(image: &RgbImage) -> f64 {
        image
            .pixels()
            .map(|pixel| f64::from(255 - pixel.0[0]) / 255.0)
            .sum()
    }

    #[test]
    fn a_disc_covers_its_area() {
        let image = paint(60, 60, |area| {
            area.draw(&Circle::new((60, 60), 20, BLACK.filled()))
        });
        // A radius of 20 canvas pixels is 10 of the picture's: pi * 10^2 = 314.2; the soft edge is even.
        assert!((ink(&image) - 314.16).abs() < 4.0, "{}", ink(&image));
        assert_eq!(image.get_pixel(30, 30).0, [0; 3]);
        assert_eq!(image.get_pixel(30, 18).0, [255; 3]);
    }

    #[test]
    fn a_thick_line_covers_its_length_times_its_width() {
        let line = PathElement::new(vec![(20, 40), (100, 40)], ShapeStyle::from(BLACK).stroke_width(8));
        let image = paint(60, 40, |area| area.draw(&line));
        // 40 long, 4 wide, two round ends of radius 2: 160 + pi * 4 = 172.6.
        assert!((ink(&image) - 172.6).abs() < 3.0, "{}", ink(&image));
    }
}
