//! Text on pictures: Noto Sans (SIL Open Font License 1.1), which ships inside the binary.

use std::sync::LazyLock;

use ab_glyph::{Font, FontRef, GlyphId, PxScale, ScaleFont, point};
use image::{Rgb, RgbImage};

/// Height of a capital letter in Noto Sans, as a share of the em.
const CAP_HEIGHT: f32 = 0.714;
/// From one line's baseline to the next, as a share of the em.
pub(crate) const LINE_HEIGHT: f32 = 1.35;

const PARSES: &str = "the font is part of the binary, and the unit tests draw with it";
static REGULAR: LazyLock<FontRef<'static>> =
    LazyLock::new(|| FontRef::try_from_slice(notosans::REGULAR_TTF).expect(PARSES));
static BOLD: LazyLock<FontRef<'static>> =
    LazyLock::new(|| FontRef::try_from_slice(notosans::BOLD_TTF).expect(PARSES));

/// How a piece of text looks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Type {
    /// Pixels per em.
    pub(crate) size: f32,
    pub(crate) bold: bool,
    pub(crate) colour: Rgb<u8>,
}

impl Type {
    pub(crate) const fn regular(size: f32, colour: Rgb<u8>) -> Self {
        Self {
            size,
            bold: false,
            colour,
        }
    }

    pub(crate) const fn bold(size: f32, colour: Rgb<u8>) -> Self {
        Self {
            size,
            bold: true,
            colour,
        }
    }

    /// The same, `zoom` times as large.
    pub(crate) fn times(self, zoom: f32) -> Self {
        Self {
            size: self.size * zoom,
            ..self
        }
    }

    fn font(&self) -> &'static FontRef<'static> {
        if self.bold { &BOLD } else { &REGULAR }
    }

    fn scale(&self) -> PxScale {
        let font = self.font();
        let em = font.units_per_em().unwrap_or(1000.0);
        PxScale::from(self.size * font.height_unscaled() / em)
    }

    /// Each glyph of the line `text` with the place where its pen starts, and where the pen ends.
    fn layout(&self, text: &str) -> (Vec<(GlyphId, f32)>, f32) {
        let font = self.font().as_scaled(self.scale());
        let mut glyphs: Vec<(GlyphId, f32)> = Vec::new();
        let mut pen = 0.0;
        for letter in text.chars() {
            let glyph = font.glyph_id(if letter.is_control() { ' ' } else { letter });
            if let Some((before, _)) = glyphs.last() {
                pen += font.kern(*before, glyph);
            }
            glyphs.push((glyph, pen));
            pen += font.h_advance(glyph);
        }
        (glyphs, pen)
    }

    /// Width of the line `text` in pixels.
    pub(crate) fn width(&self, text: &str) -> f32 {
        self.layout(text).1
    }

    /// Height of a capital letter in pixels.
    pub(crate) fn cap_height(&self) -> f32 {
        self.size * CAP_HEIGHT
    }

    /// `text`, or as much of its beginning as fits into `width` pixels with an ellipsis behind it.
    pub(crate) fn fitted(&self, text: &str, width: f32) -> String {
        if self.width(text) <= width {
            return text.to_owned();
        }
        let mut letters: Vec<char> = text.chars().collect();
        while letters.pop().is_some() {
            let short = letters.iter().collect::<String>().trim_end().to_owned() + "…";
            if self.width(&short) <= width {
                return short;
            }
        }
        String::new()
    }
}

/// Which point of the text stands at the given place: a share of its width, and of a capital's height
/// counted from the top.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Anchor(pub(crate) f32, pub(crate) f32);

impl Anchor {
    pub(crate) const LEFT: Self = Self(0.0, 0.5);
    pub(crate) const RIGHT: Self = Self(1.0, 0.5);
    pub(crate) const CENTRE: Self = Self(0.5, 0.5);
    pub(crate) const TOP_LEFT: Self = Self(0.0, 0.0);
    pub(crate) const TOP: Self = Self(0.5, 0.0);
    pub(crate) const BOTTOM: Self = Self(0.5, 1.0);
}

/// Which way the text runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Run {
    /// To the right.
    Across,
    /// Upwards, a quarter turn against the clock.
    Up,
}

/// Draws the line `text` with its `anchor` at `(x, y)`; what falls outside the image is left out.
pub(crate) fn draw(
    image: &mut RgbImage,
    text: &str,
    style: &Type,
    (x, y): (f32, f32),
    anchor: Anchor,
    run: Run,
) {
    let (glyphs, width) = style.layout(text);
    // Whole pixels across the line keep baselines crisp; along the line glyphs keep their fraction.
    let along = -anchor.0 * width;
    let across = ((1.0 - anchor.1) * style.cap_height()).round();
    let (left, baseline) = match run {
        Run::Across => (x + along, y.round() + across),
        Run::Up => (along - y, x.round() + across),
    };
    for (glyph, pen) in glyphs {
        let glyph = glyph.with_scale_and_position(style.scale(), point(left + pen, baseline));
        let Some(outline) = style.font().outline_glyph(glyph) else {
            continue;
        };
        let corner = outline.px_bounds().min;
        outline.draw(|dx, dy, coverage| {
            let (u, v) = (corner.x as i32 + dx as i32, corner.y as i32 + dy as i32);
            let place = if run == Run::Across { (u, v) } else { (v, -u - 1) };
            blend(image, place, style.colour, coverage);
        });
    }
}

/// Lays `colour` over the pixel at `(x, y)`, `alpha` of it; nothing happens outside the image.
pub(crate) fn blend(image: &mut RgbImage, (x, y): (i32, i32), colour: Rgb<u8>, alpha: f32) {
    let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else {
        return;
    };
    let Some(pixel) = image.get_pixel_mut_checked(x, y) else {
        return;
    };
    let alpha = alpha.clamp(0.0, 1.0);
    for (below, above) in pixel.0.iter_mut().zip(colour.0) {
        *below = (f32::from(*below) + alpha * (f32::from(above) - f32::from(*below))).round() as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::colour::{INK, PAPER};

    const TYPE: Type = Type::regular(20.0, INK);

    /// The box of pixels that are not paper: left, top, right, bottom.
    fn inked(image: &RgbImage) -> Option<[u32; 4]> {
        image
            .enumerate_pixels()
            .filter(|(_, _, pixel)| **pixel != PAPER)
            .fold(None, |found, (x, y, _)| {
                let [l, t, r, b] = found.unwrap_or([x, y, x, y]);
                Some([l.min(x), t.min(y), r.max(x), b.max(y)])
            })
    }

    fn written(text: &str, anchor: Anchor, run: Run) -> [u32; 4] {
        let mut image = RgbImage::from_pixel(200, 200, PAPER);
        draw(&mut image, text, &TYPE, (100.0, 100.0), anchor, run);
        inked(&image).unwrap()
    }

    #[test]
    fn a_capital_stands_where_its_anchor_says() {
        // A capital is 0.714 * 20 = 14.3 pixels high; H is drawn within its advance of 0.741 * 20 = 14.8.
        let [left, top, right, bottom] = written("H", Anchor::TOP_LEFT, Run::Across);
        assert!((100..=103).contains(&left) && right <= 115);
        assert!((99..=100).contains(&top) && (112..=114).contains(&bottom));
        let [left, top, right, bottom] = written("H", Anchor::CENTRE, Run::Across);
        assert!(left < 97 && right > 103 && top < 95 && bottom > 105);
        assert!(written("H", Anchor::RIGHT, Run::Across)[2] < 100);
    }

    #[test]
    fn upward_text_is_the_line_turned() {
        let [left, top, right, bottom] = written("elbo", Anchor::LEFT, Run::Up);
        assert!(bottom <= 100 && top < 70, "runs upwards from its anchor");
        assert!(right - left < bottom - top);
    }

    #[test]
    fn text_that_does_not_fit_ends_in_an_ellipsis() {
        assert_eq!(TYPE.fitted("short", 200.0), "short");
        let short = TYPE.fitted("a label that goes on and on", 80.0);
        assert!(short.ends_with('…') && TYPE.width(&short) <= 80.0);
        assert_eq!(TYPE.fitted("a", 0.5), "");
    }

    #[test]
    fn nothing_is_drawn_outside_the_image() {
        let mut image = RgbImage::from_pixel(4, 4, PAPER);
        draw(
            &mut image,
            "far\naway",
            &TYPE,
            (-500.0, 9000.0),
            Anchor::CENTRE,
            Run::Across,
        );
        assert_eq!(inked(&image), None);
    }
}
