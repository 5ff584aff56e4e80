//! The small layers of the face: eyes, eyebrows, nose and cheeks.

use super::canvas::{Canvas, Point, around, at, edge, ellipse, soft, stroke};
use super::colour::Rgb;
use super::draw::Face;

const PUPIL: Rgb = Rgb::bytes(30, 24, 26);
const IRIS: Rgb = Rgb::bytes(84, 58, 40);
const IRIS_LIT: Rgb = Rgb::bytes(146, 102, 62);
const WHITE: Rgb = Rgb::bytes(252, 250, 246);

/// The middle of one eye; `side` is -1 on the left, 1 on the right.
pub(super) fn eye(face: &Face, side: f32) -> Point {
    at(side * (0.32 * face.width + 1.9), -2.6)
}

pub(super) fn eyes(canvas: &mut Canvas, face: &Face) {
    for side in [-1.0, 1.0] {
        one_eye(canvas, face, eye(face, side));
    }
}

/// Socket, white, iris, pupil, glint and lashes. The cheeks of a smile lift the lower lid.
fn one_eye(canvas: &mut Canvas, face: &Face, middle: Point) {
    let area = around(middle, 5.0, 5.0);
    let lid = if face.attributes.smile { 1.1 } else { 9.0 };
    let ball = |p: Point| ellipse(p, middle, 3.6, 2.6).max(p.y - middle.y - lid);
    let disc = |p: Point, r: f32| edge(ellipse(p, middle, r, r).max(ball(p)));
    let socket = at(middle.x, middle.y - 0.8);
    canvas.fill(
        area,
        |p| 0.45 * soft(ellipse(p, socket, 4.0, 3.1), 1.2),
        face.skin.shade,
    );
    let brow_shadow = |p: Point| 0.4 * soft(p.y - middle.y + 1.6, 1.2);
    canvas.paint(
        area,
        |p| edge(ball(p)),
        |p| WHITE.mix(face.skin.shade, brow_shadow(p)),
    );
    canvas.paint(
        area,
        |p| disc(p, 2.1),
        |p| IRIS.mix(IRIS_LIT, soft(middle.y + 0.5 - p.y, 1.3)),
    );
    canvas.fill(area, |p| disc(p, 1.15), PUPIL);
    let glint = at(middle.x - 0.8, middle.y - 0.9);
    canvas.fill(area, |p| edge(ellipse(p, glint, 0.65, 0.65)), WHITE);
    let lashes = |p: Point| (ellipse(p, middle, 3.8, 2.7).abs() - 0.55).max(p.y - middle.y + 0.4);
    canvas.fill(area, |p| 0.9 * edge(lashes(p)), PUPIL);
}

/// Arched brows in the beard's colour, thinner outwards.
pub(super) fn eyebrows(canvas: &mut Canvas, face: &Face) {
    let colour = face.beard.shade.tone(-0.03, 1.0);
    for side in [-1.0, 1.0] {
        let middle = eye(face, side);
        let [inner, top, outer] =
            [(-2.9, -5.3), (1.0, -6.2), (4.2, -4.7)].map(|(x, y)| at(middle.x + side * x, middle.y + y));
        let brow = |p| stroke(p, inner, top, 1.5).min(stroke(p, top, outer, 1.1));
        canvas.fill(around(middle, 6.0, 8.0), |p| 0.92 * edge(brow(p)), colour);
    }
}

/// A shaded flank, a lit ridge and tip, and the shadow beneath.
pub(super) fn nose(canvas: &mut Canvas, face: &Face) {
    let area = [-5.0, -6.0, 5.0, 8.0];
    let (shade, deep) = (face.skin.shade, face.skin.shade.tone(-0.12, 1.0));
    let flank = |p| stroke(p, at(1.4, -3.0), at(1.9, 2.2), 1.8);
    let ridge = |p| stroke(p, at(-0.3, -3.0), at(-0.4, 2.4), 0.9);
    canvas.fill(area, |p| 0.5 * soft(flank(p), 1.0), shade);
    canvas.fill(
        area,
        |p| 0.8 * soft(ellipse(p, at(0.2, 3.9), 3.0, 1.3), 0.9),
        shade,
    );
    canvas.fill(
        area,
        |p| 0.8 * soft(ellipse(p, at(-0.1, 2.8), 2.1, 1.6), 0.9),
        face.skin.at(0.66),
    );
    canvas.fill(area, |p| 0.6 * soft(ridge(p), 0.8), face.skin.bright);
    for side in [-1.0, 1.0] {
        let nostril = at(side * 1.4, 4.2);
        canvas.fill(area, |p| 0.6 * edge(ellipse(p, nostril, 0.9, 0.5)), deep);
    }
}

/// A warm blush; a smile raises the cheeks into the light.
pub(super) fn cheeks(canvas: &mut Canvas, face: &Face) {
    let smile = face.attributes.smile;
    let (height, strength, size) = if smile { (3.6, 0.5, 1.15) } else { (5.2, 0.25, 1.0) };
    let blush = face.skin.base.mix(Rgb::bytes(214, 92, 84), 0.45);
    for side in [-1.0, 1.0] {
        let middle = at(side * 0.62 * face.width, height);
        let area = around(middle, 7.0, 6.0);
        let round = |p| ellipse(p, middle, 3.2 * size, 2.4 * size);
        canvas.fill(
            area,
            |p| strength * soft(round(p), 2.0) * edge(face.outline(p)),
            blush,
        );
        if smile {
            let lit = at(middle.x - 0.4, middle.y - 1.6);
            canvas.fill(
                area,
                |p| 0.5 * soft(ellipse(p, lit, 2.2, 0.9), 1.0),
                face.skin.bright,
            );
        }
    }
}
