//! Glasses: pale lenses behind which the eyes are drawn, and thick dark frames over them.

use super::canvas::{Canvas, Point, around, at, edge, rounded, stroke};
use super::colour::Rgb;
use super::draw::Face;
use super::features::eye;

/// Half the height of a lens.
const HALF: f32 = 4.9;
const FRAME: Rgb = Rgb::bytes(26, 26, 34);

fn middle(face: &Face, side: f32) -> Point {
    let eye = eye(face, side);
    at(1.04 * eye.x, eye.y + 0.4)
}

/// Half the width of a lens.
fn half_width(face: &Face) -> f32 {
    0.19 * face.width + 2.8
}

/// Distance to the outline of one lens.
fn lens(face: &Face, side: f32, p: Point) -> f32 {
    rounded(p, middle(face, side), half_width(face), HALF, 3.2)
}

/// Lenses bright enough to stand out from any skin.
pub(super) fn lenses(canvas: &mut Canvas, face: &Face) {
    for side in [-1.0, 1.0] {
        let area = around(middle(face, side), half_width(face) + 1.0, HALF + 1.0);
        canvas.fill(
            area,
            |p| 0.42 * edge(lens(face, side, p)),
            Rgb::bytes(190, 220, 246),
        );
    }
}

/// Frames with a lit upper rim, bridge and temples, and a slanting reflection on the glass.
pub(super) fn frames(canvas: &mut Canvas, face: &Face) {
    let half = half_width(face);
    for side in [-1.0, 1.0] {
        let middle = middle(face, side);
        let area = around(middle, half + 3.0, HALF + 3.0);
        let glare = |p: Point| (p.x + 0.8 * p.y - middle.x - 0.8 * middle.y + 4.6).abs() - 0.8;
        canvas.fill(
            area,
            |p| 0.45 * edge(lens(face, side, p).max(glare(p))),
            Rgb::bytes(255, 255, 255),
        );
        canvas.fill(area, |p| edge(lens(face, side, p).abs() - 1.05), FRAME);
        let lit = |p: Point| ((lens(face, side, p) - 0.3).abs() - 0.3).max(p.y - middle.y + HALF - 2.0);
        canvas.fill(area, |p| 0.7 * edge(lit(p)), Rgb::bytes(120, 124, 142));
        let (hinge, ear) = (
            at(middle.x + side * (half + 0.5), middle.y - 1.6),
            at(side * face.width, middle.y - 1.2),
        );
        canvas.fill(
            around(hinge, 10.0, 3.0),
            |p| edge(stroke(p, hinge, ear, 1.6)),
            FRAME,
        );
    }
    let inner = middle(face, 1.0).x - half;
    let y = middle(face, 1.0).y - 1.6;
    let bridge = |p| stroke(p, at(-inner, y), at(inner, y), 1.7);
    canvas.fill(around(at(0.0, y), inner + 1.0, 2.0), |p| edge(bridge(p)), FRAME);
}
