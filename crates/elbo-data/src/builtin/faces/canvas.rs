//! A small painter: layers laid over one another, each a coverage and a colour per point.
//!
//! Shapes are signed distances in pixels (negative inside); [`edge`] turns one into the share of
//! the pixel that it covers, which is what makes outlines smooth.

use super::SIZE;
use super::colour::Rgb;

/// A place relative to the middle of the face: x to the right, y down, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    pub(super) x: f32,
    pub(super) y: f32,
}

/// The rectangle a layer may touch: left, top, right, bottom. Only there is it evaluated.
pub(super) type Area = [f32; 4];

/// Everything.
pub(super) const WHOLE: Area = [f32::NEG_INFINITY, f32::NEG_INFINITY, f32::INFINITY, f32::INFINITY];

/// The point (x, y).
pub(super) fn at(x: f32, y: f32) -> Point {
    Point { x, y }
}

/// The area around a centre that reaches `x` and `y` pixels to each side.
pub(super) fn around(centre: Point, x: f32, y: f32) -> Area {
    [centre.x - x, centre.y - y, centre.x + x, centre.y + y]
}

/// The picture while it is painted.
pub(super) struct Canvas {
    pixels: Vec<Rgb>,
    origin: Point,
}

impl Canvas {
    /// A canvas whose coordinates are measured from `origin`, itself in pixels from the top left.
    pub(super) fn new(origin: Point) -> Self {
        Self {
            pixels: vec![Rgb([0.0; 3]); SIZE * SIZE],
            origin,
        }
    }

    /// Moves the place that coordinates are measured from.
    pub(super) fn move_origin(&mut self, right: f32, down: f32) {
        self.origin = at(self.origin.x + right, self.origin.y + down);
    }

    /// Blends `colour` into the picture by `coverage`, from 0 to 1.
    pub(super) fn paint(
        &mut self,
        area: Area,
        coverage: impl Fn(Point) -> f32,
        colour: impl Fn(Point) -> Rgb,
    ) {
        let index = |v: f32, origin: f32| (v + origin).clamp(0.0, SIZE as f32) as usize;
        let (left, right) = (index(area[0], self.origin.x), index(area[2] + 1.0, self.origin.x));
        let xs: [f32; SIZE] = std::array::from_fn(|i| i as f32 + 0.5 - self.origin.x);
        let (xs, mut shares) = (&xs[left..right], [0.0; SIZE]);
        for row in index(area[1], self.origin.y)..index(area[3] + 1.0, self.origin.y) {
            let y = row as f32 + 0.5 - self.origin.y;
            // A loop of its own, so that the compiler takes several pixels at once.
            for (share, x) in shares.iter_mut().zip(xs) {
                *share = coverage(at(*x, y));
            }
            let pixels = &mut self.pixels[row * SIZE..][left..right];
            for ((pixel, x), share) in pixels.iter_mut().zip(xs).zip(&shares) {
                if *share > 0.0 {
                    *pixel = pixel.mix(colour(at(*x, y)), share.min(1.0));
                }
            }
        }
    }

    /// Blends one colour into the picture by `coverage`, from 0 to 1.
    pub(super) fn fill(&mut self, area: Area, coverage: impl Fn(Point) -> f32, colour: Rgb) {
        self.paint(area, coverage, |_| colour);
    }

    /// The bytes, row by row with channels last, every channel multiplied by `gain`.
    pub(super) fn into_bytes(self, gain: f32) -> Vec<u8> {
        let byte = |v: f32| (v * gain * 255.0 + 0.5) as u8;
        let mut bytes = vec![0; 3 * self.pixels.len()];
        for (rgb, pixel) in bytes.chunks_exact_mut(3).zip(&self.pixels) {
            rgb.copy_from_slice(&pixel.0.map(byte));
        }
        bytes
    }
}

/// Coverage of a shape from the signed distance to its outline: a ramp one pixel wide.
pub(super) fn edge(distance: f32) -> f32 {
    (0.5 - distance).clamp(0.0, 1.0)
}

/// Coverage of a blurred shape: falls smoothly from 1 to 0 while `distance` goes from -`blur` to `blur`.
pub(super) fn soft(distance: f32, blur: f32) -> f32 {
    let t = ((blur - distance) / (2.0 * blur)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// Distance to an ellipse with half-axes `a` and `b` about `centre`: exact on the outline, first order near it.
pub(super) fn ellipse(p: Point, centre: Point, a: f32, b: f32) -> f32 {
    let (x, y) = (p.x - centre.x, p.y - centre.y);
    let (u, v) = (x / a, y / b);
    let r = length(u, v);
    let slope = length(u / a, v / b).max(1e-6);
    r * (r - 1.0) / slope
}

/// Distance to the line from `from` to `to`, drawn `width` pixels wide with round ends.
pub(super) fn stroke(p: Point, from: Point, to: Point, width: f32) -> f32 {
    let (x, y, dx, dy) = (p.x - from.x, p.y - from.y, to.x - from.x, to.y - from.y);
    let t = ((x * dx + y * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0);
    length(x - t * dx, y - t * dy) - width / 2.0
}

/// Distance to a rectangle of half-sizes `a` and `b` whose corners are rounded by `r`.
pub(super) fn rounded(p: Point, centre: Point, a: f32, b: f32, r: f32) -> f32 {
    let (x, y) = ((p.x - centre.x).abs() - a + r, (p.y - centre.y).abs() - b + r);
    length(x.max(0.0), y.max(0.0)) + x.max(y).min(0.0) - r
}

// `hypot` guards against overflow, which pixels cannot cause, and is several times slower.
pub(super) fn length(x: f32, y: f32) -> f32 {
    (x * x + y * y).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    const O: Point = Point { x: 0.0, y: 0.0 };

    #[test]
    fn distances_have_their_closed_forms() {
        assert_eq!(ellipse(at(5.0, 0.0), O, 3.0, 3.0), 2.0); // a circle of radius 3
        assert_eq!(ellipse(at(0.0, 4.0), O, 3.0, 4.0), 0.0); // on the outline
        assert_eq!(stroke(at(7.0, 0.0), O, at(4.0, 0.0), 2.0), 2.0); // 3 past the end, less 1
        assert_eq!(rounded(at(8.0, 9.0), O, 6.0, 6.0, 1.0), 4.0); // 3-4-5 from the corner's centre (5, 5)
        assert_eq!(rounded(O, O, 6.0, 4.0, 1.0), -4.0); // the nearer side
    }

    #[test]
    fn a_half_covered_pixel_is_half_painted() {
        let mut canvas = Canvas::new(O);
        // The pixel whose middle lies on the outline is covered by half.
        canvas.fill(WHOLE, |p| edge(p.x - 2.5), Rgb([1.0; 3]));
        let bytes = canvas.into_bytes(1.0);
        assert_eq!([bytes[3], bytes[6], bytes[9]], [255, 128, 0]);
    }
}
