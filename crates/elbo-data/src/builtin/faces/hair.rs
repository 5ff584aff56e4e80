//! Hair and beard: their outlines, and the light on their strands.

use super::canvas::{Area, Canvas, Point, around, at, edge, ellipse, length, soft};
use super::draw::Face;

/// The hair behind the head.
pub(super) fn back(canvas: &mut Canvas, face: &Face) {
    canvas.fill(area(face), |p| edge(outline(face, p)), face.hair.shade);
}

/// Hair over the forehead, parted on one side and swept to the other, with its shadow on the skin.
pub(super) fn front(canvas: &mut Canvas, face: &Face) {
    canvas.fill(
        area(face),
        |p| {
            let below = fringe(face, p);
            if below > 3.0 {
                0.0
            } else {
                0.5 * soft(below - 1.2, 1.7) * edge(face.outline(p))
            }
        },
        face.skin.shade,
    );
    canvas.paint(
        area(face),
        |p| edge(outline(face, p).max(fringe(face, p))),
        |p| face.hair.at(gloss(face, p)),
    );
}

fn area(face: &Face) -> Area {
    [-face.width - 4.5, -face.height - 7.0, face.width + 4.5, 8.0]
}

/// Distance to the whole shape of the hair: full on top, close to the head at the ears.
fn outline(face: &Face, p: Point) -> f32 {
    let near_ears = ((p.y + 9.0) / 12.0).clamp(0.0, 1.0);
    let reach = face.width + 3.4 - 3.4 * near_ears * near_ears;
    let cap = ellipse(
        at(p.x / reach * face.width, p.y),
        at(0.0, -6.0),
        face.width,
        face.height - 0.5,
    );
    let crest = ellipse(
        p,
        at(0.18 * face.width, 3.2 - face.height),
        0.78 * face.width,
        8.6,
    );
    cap.min(crest)
}

/// Distance below the hairline: negative where hair hides the skin.
fn fringe(face: &Face, p: Point) -> f32 {
    let from_parting = p.x / face.width + 0.38;
    let drop = if from_parting > 0.0 { 0.34 } else { 1.6 } * from_parting * from_parting;
    let line = face.height * (drop - 0.66);
    // Past the temples the hair ends in sideburns before the ears.
    (0.8 * (p.y - line)).max(p.y - 0.5)
}

/// Light on the hair: a glossy band towards the light, broken into strands that follow the sweep.
fn gloss(face: &Face, p: Point) -> f32 {
    let (x, y) = (p.x / (face.width + 3.4), (p.y + 6.0) / face.height);
    let r = length(x, y);
    let band = 1.0 - ((r - 0.76) / 0.24).abs().min(1.0);
    let towards_light = (0.25 - 0.6 * x - 0.4 * y).clamp(0.0, 1.0);
    let strand = (11.0 * (r - 0.2 * x) + 7.0 * x * (1.2 - r)).sin();
    0.30 + 0.62 * band * towards_light + 0.13 * strand
}

/// A full beard: the jaw below a line from the sideburns under the cheeks to a moustache.
pub(super) fn beard(canvas: &mut Canvas, face: &Face) {
    let top = |p| beard_line(face, p) - p.y;
    canvas.paint(
        around(at(0.0, 0.0), face.width + 2.5, face.height + 3.5),
        |p| edge((face.outline(p) - 1.3).max(0.8 * top(p))),
        |p| {
            let strand = (2.1 * p.x).sin() * (0.9 * p.y + 0.35 * p.x.abs()).sin();
            face.beard.at(0.10 + 0.6 * face.lit(p) + 0.15 * strand)
        },
    );
}

/// Where the beard begins, going down: high at the ears, low on the cheeks, and over the lips.
fn beard_line(face: &Face, p: Point) -> f32 {
    let across = (p.x / face.width).abs();
    let cheek = ((across - 0.56) / 0.44).max(0.0);
    let lifted = if face.attributes.smile { 0.30 } else { 0.40 };
    let cheeks = lifted * face.height - 9.5 * cheek * cheek;
    let lips = face.mouth.upper_lip(p.x) - 3.0;
    if p.x.abs() < face.mouth.half + 1.6 {
        cheeks.min(lips)
    } else {
        cheeks
    }
}
