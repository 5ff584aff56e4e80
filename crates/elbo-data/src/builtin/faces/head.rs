//! The body and the bare head: shirt, neck, ears, and the shaded skin.

use super::canvas::{Canvas, around, at, edge, ellipse, rounded, soft};
use super::draw::Face;

/// Shoulders in a round-necked shirt.
pub(super) fn body(canvas: &mut Canvas, face: &Face) {
    let shoulders = at(0.0, 43.0);
    let (light, dark) = (face.shirt.tone(0.06, 1.0), face.shirt.tone(-0.10, 1.0));
    canvas.paint(
        around(shoulders, 29.0, 20.0),
        |p| edge(rounded(p, shoulders, 27.0, 18.5, 15.0)),
        |p| light.mix(dark, ((p.x + p.y - 10.0) / 40.0).clamp(0.0, 1.0)),
    );
}

/// Neck with the shadow of the chin, in the collar of the shirt.
pub(super) fn neck(canvas: &mut Canvas, face: &Face) {
    let half = 0.2 * face.width + 4.0;
    let (middle, collar) = (at(0.0, 20.0), at(0.0, 23.5));
    let rim = face.shirt.tone(-0.14, 1.0);
    canvas.fill(
        around(collar, half + 5.0, 8.0),
        |p| edge(ellipse(p, collar, half + 3.6, 6.6)),
        rim,
    );
    let chin = at(1.0, face.height - 4.0);
    canvas.paint(
        around(middle, half + 4.0, 10.0),
        |p| {
            let throat = rounded(p, middle, half, 14.0, 3.0).max(p.y - collar.y);
            edge(throat.min(ellipse(p, collar, half + 2.4, 5.4)))
        },
        |p| face.skin.at(0.34 - 0.34 * soft(ellipse(p, chin, 12.0, 8.0), 3.0)),
    );
}

/// Ears, the one towards the light brighter.
pub(super) fn ears(canvas: &mut Canvas, face: &Face) {
    for (side, light) in [(-1.0, 0.55), (1.0, 0.25)] {
        let middle = at(side * (face.width + 0.5), 0.4);
        let hollow = at(side * (face.width + 1.0), 0.7);
        canvas.paint(
            around(middle, 4.0, 5.5),
            |p| edge(ellipse(p, middle, 3.0, 4.4)),
            |p| {
                face.skin
                    .at(light * (1.0 - 0.9 * soft(ellipse(p, hollow, 1.4, 2.6), 0.8)))
            },
        );
    }
}

/// The head itself, lit as a ball.
pub(super) fn skin(canvas: &mut Canvas, face: &Face) {
    canvas.paint(
        around(at(0.0, 0.0), face.width + 2.0, face.height + 2.0),
        |p| edge(face.outline(p)),
        |p| face.skin.at(face.lit(p)),
    );
}
