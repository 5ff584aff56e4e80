//! The mouth: a broad open smile, or closed lips.

use super::canvas::{Canvas, Point, around, at, edge, ellipse, soft};
use super::colour::Rgb;
use super::draw::Face;

/// Where the mouth lies. Curves give y for a given x, in pixels from the middle of the face.
pub(super) struct Mouth {
    smile: bool,
    /// Half its width.
    pub(super) half: f32,
    /// Height of the middle of the upper lip's lower rim.
    y: f32,
}

impl Mouth {
    pub(super) fn new(smile: bool, width: f32, height: f32) -> Self {
        if smile {
            Self {
                smile,
                half: 0.32 * width + 4.0,
                y: 0.48 * height,
            }
        } else {
            Self {
                smile,
                half: 0.20 * width + 3.0,
                y: 0.53 * height,
            }
        }
    }

    /// Lower rim of the upper lip: a smile lifts the corners, otherwise they hang a little.
    fn rim(&self, x: f32) -> f32 {
        self.y + if self.smile { -2.4 } else { 0.7 } * (x / self.half) * (x / self.half)
    }

    /// Upper rim of the upper lip.
    pub(super) fn upper_lip(&self, x: f32) -> f32 {
        self.rim(x) - if self.smile { 0.8 } else { 1.5 }
    }
}

/// Lays the mouth over the face.
pub(super) fn mouth(canvas: &mut Canvas, face: &Face) {
    // Lips are the skin, darker and redder.
    let lips = face.skin.base.mix(Rgb::bytes(168, 58, 62), 0.48).tone(-0.05, 1.0);
    if face.mouth.smile {
        smile(canvas, &face.mouth, lips);
    } else {
        closed(canvas, face, lips);
    }
}

/// An open smile: a bowl under the upper lip, with teeth and tongue.
fn smile(canvas: &mut Canvas, mouth: &Mouth, lips: Rgb) {
    let (half, depth) = (mouth.half, 9.0);
    let corners = at(0.0, mouth.rim(half));
    let opening = |p: Point| (mouth.rim(p.x) - p.y).max(ellipse(p, corners, half, depth));
    let area = [-half - 3.0, corners.y - 3.0, half + 3.0, corners.y + depth + 3.0];
    canvas.fill(area, |p| edge(opening(p) - 1.1), lips);
    canvas.fill(area, |p| edge(opening(p)), Rgb::bytes(84, 22, 30));
    let tongue = at(0.0, mouth.y + 6.4);
    let tip = |p| opening(p).max(ellipse(p, tongue, 0.58 * half, 3.0));
    canvas.fill(area, |p| edge(tip(p)), Rgb::bytes(208, 96, 96));
    let teeth = |p: Point| opening(p).max(p.y - mouth.rim(p.x) - 3.4 + 1.2 * (p.x / half).powi(2));
    let (white, corner) = (Rgb::bytes(253, 252, 250), Rgb::bytes(206, 204, 212));
    canvas.paint(
        area,
        |p| edge(teeth(p)),
        |p| white.mix(corner, (p.x / half).powi(2).min(1.0)),
    );
}

/// Closed lips with the shadow beneath them.
fn closed(canvas: &mut Canvas, face: &Face, lips: Rgb) {
    let mouth = &face.mouth;
    let full = |x: f32| 1.0 - (x / mouth.half) * (x / mouth.half);
    let beyond = |p: Point| p.x.abs() - mouth.half;
    let under = at(0.0, mouth.y + 4.0);
    let chin = |p| 0.5 * soft(ellipse(p, under, 0.6 * mouth.half, 0.8), 1.0);
    let below = if face.attributes.beard {
        &face.beard
    } else {
        &face.skin
    };
    canvas.fill(around(under, 7.0, 3.0), chin, below.shade);
    let area = around(at(0.0, mouth.y), mouth.half + 2.0, 5.0);
    let rim = |p: Point| p.y - mouth.rim(p.x);
    let upper = |p: Point| (-rim(p) - 1.7 * full(p.x)).max(rim(p)).max(beyond(p));
    let lower = |p: Point| (-rim(p)).max(rim(p) - 2.5 * full(p.x)).max(beyond(p));
    let parting = |p: Point| (rim(p).abs() - 0.5).max(beyond(p) - 0.7);
    canvas.fill(area, |p| edge(upper(p)), lips.tone(-0.03, 1.0));
    canvas.fill(area, |p| edge(lower(p)), lips.tone(0.05, 1.0));
    canvas.fill(area, |p| edge(parting(p)), lips.tone(-0.2, 0.9));
}
