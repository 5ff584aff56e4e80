//! From attributes to a picture: the proportions of one face, and the order of its layers.

use super::attributes::{Attributes, Nuisance};
use super::canvas::{Canvas, Point, WHOLE, at, length};
use super::colour::{self, Rgb};
use super::mouth::Mouth;
use super::{SIZE, features, glasses, hair, head, mouth};

/// Everything the layers need to know of one face. Lengths are pixels, measured from its middle.
pub(super) struct Face {
    pub(super) attributes: Attributes,
    /// Half the width of the head at the cheek bones.
    pub(super) width: f32,
    /// Half the height of the head.
    pub(super) height: f32,
    /// How much narrower the chin is than the cheeks.
    pub(super) taper: f32,
    /// Unit vector towards the light: right, down, to the viewer.
    pub(super) light: [f32; 3],
    pub(super) skin: Ramp,
    pub(super) hair: Ramp,
    pub(super) beard: Ramp,
    pub(super) shirt: Rgb,
    pub(super) mouth: Mouth,
}

/// One material from shade to light.
pub(super) struct Ramp {
    pub(super) shade: Rgb,
    pub(super) base: Rgb,
    pub(super) bright: Rgb,
}

impl Ramp {
    /// The colour at `t`: 0 in the shade, 1/2 the material's own, 1 in full light.
    pub(super) fn at(&self, t: f32) -> Rgb {
        let t = 2.0 * t.clamp(0.0, 1.0);
        if t < 1.0 {
            self.shade.mix(self.base, t)
        } else {
            self.base.mix(self.bright, t - 1.0)
        }
    }
}

impl Face {
    fn new(attributes: &Attributes, nuisance: &Nuisance) -> Self {
        let shape = attributes.face_shape.clamp(0.0, 1.0);
        let between = |narrow: f32, wide: f32| narrow + (wide - narrow) * shape;
        let own_skin = colour::skin(attributes.skin_tone);
        let own_hair = colour::hair(attributes.hair_colour);
        let (width, height) = (between(13.2, 18.6), between(20.3, 18.0));
        Self {
            attributes: *attributes,
            width,
            height,
            taper: between(0.30, 0.18),
            light: light(nuisance.light_turn),
            skin: Ramp {
                shade: own_skin.tone(-0.13, 1.05),
                base: own_skin,
                bright: own_skin.tone(0.05, 0.9),
            },
            hair: ramp(own_hair, 0.10),
            beard: ramp(beard(own_hair, own_skin), 0.07),
            shirt: Rgb::bytes(58, 110, 148).turned(nuisance.shirt_hue),
            mouth: Mouth::new(attributes.smile, width, height),
        }
    }

    /// Where a point lies in the head: (0, 0) the middle, length 1 the outline.
    pub(super) fn inside(&self, p: Point) -> Point {
        let down = (p.y / self.height).max(0.0);
        let narrowing = 1.0 - self.taper * down * down;
        at(p.x / (self.width * narrowing), p.y / self.height)
    }

    /// Signed distance to the outline of the head: between an ellipse and a rounded box, narrower below.
    pub(super) fn outline(&self, p: Point) -> f32 {
        let q = self.inside(p);
        let (x2, y2) = (q.x * q.x, q.y * q.y);
        let r = (0.7 * (x2 + y2) + 0.3 * length(x2, y2)).sqrt();
        let slope = length(q.x / self.width, q.y / self.height).max(1e-6);
        r * (r - 1.0) / slope * r.max(0.2)
    }

    /// Light on a ball that fills the head, from 0 (turned away) to 1 (turned to the light).
    pub(super) fn lit(&self, p: Point) -> f32 {
        let q = self.inside(p);
        let (x, y) = (q.x * 0.86, q.y * 0.86);
        let z = (1.0 - x * x - y * y).max(0.0).sqrt();
        let [right, down, front] = self.light;
        (0.42 + 0.5 * (x * right + y * down + z * front)).clamp(0.0, 1.0)
    }
}

/// Light from the upper left, turned about the viewing axis.
fn light(turn: f32) -> [f32; 3] {
    let (sin, cos) = turn.sin_cos();
    let (right, down) = (-0.5, -0.5);
    [right * cos - down * sin, right * sin + down * cos, 0.7]
}

fn ramp(base: Rgb, spread: f32) -> Ramp {
    Ramp {
        shade: base.tone(-spread, 1.0),
        base,
        bright: base.tone(1.4 * spread, 0.95),
    }
}

/// A beard is hair with some brown in it, darker still where the skin is about as light.
fn beard(hair: Rgb, skin: Rgb) -> Rgb {
    let own = hair.mix(Rgb::bytes(54, 30, 22), 0.24);
    let gap = (skin.lightness() - own.lightness()).abs();
    own.tone(-0.6 * (0.14 - gap).max(0.0), 1.0)
}

/// Draws a face as 64×64 RGB bytes, row by row with channels last.
pub fn render(attributes: &Attributes, nuisance: &Nuisance) -> Vec<u8> {
    let face = Face::new(attributes, nuisance);
    let middle = SIZE as f32 / 2.0;
    let [right, down] = nuisance.shift;
    let mut canvas = Canvas::new(at(middle, middle - 1.0));
    background(&mut canvas, nuisance);
    head::body(&mut canvas, &face);
    // The head moves on its shoulders.
    canvas.move_origin(right, down);
    hair::back(&mut canvas, &face);
    head::neck(&mut canvas, &face);
    head::ears(&mut canvas, &face);
    head::skin(&mut canvas, &face);
    features::cheeks(&mut canvas, &face);
    features::nose(&mut canvas, &face);
    if attributes.beard {
        hair::beard(&mut canvas, &face);
    }
    mouth::mouth(&mut canvas, &face);
    if attributes.glasses {
        glasses::lenses(&mut canvas, &face);
    }
    features::eyes(&mut canvas, &face);
    hair::front(&mut canvas, &face);
    features::eyebrows(&mut canvas, &face);
    if attributes.glasses {
        glasses::frames(&mut canvas, &face);
    }
    canvas.into_bytes(1.0 + nuisance.brightness)
}

/// A pale blue wall, brightest behind the head.
fn background(canvas: &mut Canvas, nuisance: &Nuisance) {
    let near = Rgb::bytes(182, 208, 211).turned(nuisance.background_hue);
    let far = Rgb::bytes(122, 160, 174).turned(nuisance.background_hue);
    canvas.paint(
        WHOLE,
        |_| 1.0,
        |p| near.mix(far, (length(p.x, p.y + 6.0) / 46.0).min(1.0)),
    );
}
