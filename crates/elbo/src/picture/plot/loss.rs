//! The course of a training: −ELBO large, its two parts below, training beside validation.

use image::{Rgb, RgbImage};
use plotters::element::Circle;
use plotters::prelude::LineSeries;
use plotters::style::Color;

use super::WIDTH;
use super::axes::{Axes, LABEL, Plane, TITLE, short, span, write};
use crate::model::terms::Terms;
use crate::picture::canvas::{Area, Drawn, paint, px};
use crate::picture::colour::{PAPER, pen};
use crate::picture::text::Anchor;
use crate::run::EpochRecord;

const HEIGHT: u32 = 860;
const UPPER: u32 = 500;
/// Each panel's title stands in a strip this high.
const HEAD: u32 = 58;
const TRAIN: Rgb<u8> = Rgb([147, 181, 244]);
const VALIDATION: Rgb<u8> = Rgb([234, 88, 12]);
/// Up to here every epoch also gets a dot.
const FEW: usize = 30;

/// Training and validation −ELBO, distortion and rate by epoch; the best epoch's validation is marked.
///
/// A high beginning is cut off, so that the later epochs can be told apart; values that are not finite are
/// left out.
pub fn loss_curve(epochs: &[EpochRecord]) -> RgbImage {
    paint(WIDTH, HEIGHT, |area| {
        let (upper, lower) = area.split_vertically(px(UPPER));
        let (left, right) = lower.split_horizontally(px(WIDTH / 2));
        let plane = Panel::new("−ELBO", epochs, |terms| -terms.elbo).draw(&upper)?;
        if let Some(best) = epochs
            .iter()
            .rfind(|record| record.best && record.validation.elbo.is_finite())
        {
            mark(&upper, &plane, best)?;
        }
        legend(&upper)?;
        Panel::new("distortion", epochs, |terms| terms.distortion).draw(&left)?;
        Panel::new("rate", epochs, |terms| terms.rate).draw(&right)?;
        Ok(())
    })
}

/// One quantity by epoch.
struct Panel {
    title: &'static str,
    train: Vec<(f64, f64)>,
    validation: Vec<(f64, f64)>,
}

impl Panel {
    fn new(title: &'static str, epochs: &[EpochRecord], value: fn(&Terms) -> f64) -> Self {
        let curve = |part: fn(&EpochRecord) -> &Terms| {
            let point = |record: &EpochRecord| (record.epoch as f64, value(part(record)));
            epochs
                .iter()
                .map(point)
                .filter(|point| point.1.is_finite())
                .collect()
        };
        Self {
            title,
            train: curve(|record| &record.train),
            validation: curve(|record| &record.validation),
        }
    }

    fn draw<'a, 'b>(
        &self,
        area: &'a Area<'b>,
    ) -> Result<Plane<'a, 'b>, plotters::drawing::DrawingAreaErrorKind<std::convert::Infallible>> {
        write(area, &heading(self.title), TITLE, (28, 30), Anchor::LEFT)?;
        let all = || self.train.iter().chain(&self.validation);
        let x = span(all().map(|point| point.0));
        let top = [&self.train, &self.validation]
            .into_iter()
            .flat_map(|curve| settled(curve))
            .reduce(f64::max);
        let lowest = all().map(|point| point.1).reduce(f64::min);
        let y = span(top.into_iter().chain(lowest));
        let axes = Axes {
            head: HEAD,
            x,
            y: y.clone(),
            names: ["epoch", ""],
            ticks: [10, 6],
            whole: true,
        };
        let mut plane = axes.draw(area)?;
        for (curve, colour) in [(&self.train, TRAIN), (&self.validation, VALIDATION)] {
            let line = clipped(curve, y.end);
            plane.draw_series(LineSeries::new(line, pen(colour).stroke_width(px(3) as u32)))?;
            if curve.len() <= FEW {
                let dot = |point: &(f64, f64)| Circle::new(*point, px(4), pen(colour).filled());
                plane.draw_series(curve.iter().filter(|point| point.1 <= y.end).map(dot))?;
            }
        }
        Ok(plane)
    }
}

/// A ring around the validation −ELBO of the epoch `best`; its value stands beside the heading, clear of the curves.
fn mark(area: &Area<'_>, plane: &Plane<'_, '_>, best: &EpochRecord) -> Drawn {
    let value = -best.validation.elbo;
    let (x, y) = plane.backend_coord(&(best.epoch as f64, value));
    area.draw(&Circle::new((x, y), px(8), pen(VALIDATION).filled()))?;
    area.draw(&Circle::new((x, y), px(5), pen(PAPER).filled()))?;
    let text = format!("best {} after epoch {}", short(value), best.epoch);
    let behind = 28 + TITLE.width(&heading("−ELBO")).ceil() as u32 + 24;
    write(area, &text, LABEL, (behind, 30), Anchor::LEFT)
}

fn heading(quantity: &str) -> String {
    format!("{quantity} (nats per record)")
}

/// The values of a curve past its first twentieth, or past its first epoch; all of a very short one.
fn settled(curve: &[(f64, f64)]) -> impl Iterator<Item = f64> {
    let skip = if curve.len() < 6 {
        0
    } else {
        (curve.len() / 20).max(1)
    };
    curve.iter().skip(skip).map(|point| point.1)
}

/// The curve from where it first comes below `top`.
fn clipped(curve: &[(f64, f64)], top: f64) -> Vec<(f64, f64)> {
    let Some(first) = curve.iter().position(|point| point.1 <= top) else {
        return Vec::new();
    };
    let mut line = Vec::new();
    if let Some(above) = first.checked_sub(1) {
        let ((x0, y0), (x1, y1)) = (curve[above], curve[first]);
        line.push((x0 + (x1 - x0) * (y0 - top) / (y0 - y1), top));
    }
    line.extend(curve[first..].iter().map(|point| (point.0, point.1.min(top))));
    line
}

fn legend(area: &Area<'_>) -> Drawn {
    let mut right = WIDTH - 24;
    for (name, colour) in [("validation", VALIDATION), ("training", TRAIN)] {
        write(area, name, LABEL, (right, 30), Anchor::RIGHT)?;
        right -= LABEL.width(name).ceil() as u32 + 16;
        area.draw(&Circle::new((px(right), px(30)), px(6), pen(colour).filled()))?;
        right -= 28;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epochs(n: u64) -> Vec<EpochRecord> {
        let terms = |epoch: u64| Terms::mean(80.0 + 90.0 / epoch as f64, 25.0 - 10.0 / epoch as f64, 1);
        let record = |epoch: u64| EpochRecord {
            epoch,
            step: 100 * epoch,
            train: terms(epoch),
            validation: terms(epoch + 1),
            validation_median: 100.0,
            rate_per_unit: Vec::new(),
            best: true,
        };
        (1..=n).map(record).collect()
    }

    fn count(image: &RgbImage, colour: Rgb<u8>) -> usize {
        image.pixels().filter(|pixel| **pixel == colour).count()
    }

    #[test]
    fn both_curves_are_drawn() {
        let image = loss_curve(&epochs(10));
        assert_eq!(image.dimensions(), (WIDTH, HEIGHT));
        let none = loss_curve(&[]);
        for colour in [TRAIN, VALIDATION] {
            assert!(
                count(&image, colour) > count(&none, colour) + 1000,
                "more than its dot in the legend"
            );
        }
    }

    #[test]
    fn the_best_epoch_is_marked() {
        let mut worse = epochs(10);
        worse[9].best = false;
        assert_ne!(loss_curve(&worse), loss_curve(&epochs(10)));
    }

    #[test]
    fn nothing_one_epoch_and_broken_numbers_are_drawn_too() {
        let mut broken = epochs(1);
        broken[0].validation = Terms::mean(f64::NAN, f64::INFINITY, 1);
        for records in [vec![], epochs(1), broken] {
            assert_eq!(loss_curve(&records).dimensions(), (WIDTH, HEIGHT));
        }
    }

    #[test]
    fn a_high_beginning_is_cut_where_it_crosses_the_top() {
        // From (1, 10) to (2, 0) the height 5 is crossed at 1.5.
        assert_eq!(
            clipped(&[(1.0, 10.0), (2.0, 0.0), (3.0, 1.0)], 5.0),
            [(1.5, 5.0), (2.0, 0.0), (3.0, 1.0)]
        );
        assert_eq!(clipped(&[(1.0, 10.0)], 5.0), []);
        assert_eq!(settled(&[(0.0, 9.0); 5]).count(), 5);
        assert_eq!(settled(&[(0.0, 9.0); 100]).count(), 95);
    }
}
