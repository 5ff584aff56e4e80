//! The colours of every picture: ink on white paper, ten well apart hues for categories, viridis for numbers.

use image::Rgb;
use plotters::prelude::{ColorMap, RGBColor, ViridisRGB};
use plotters::style::{Color, HSLColor};

pub(crate) const PAPER: Rgb<u8> = Rgb([255, 255, 255]);
/// Titles and the first line of a label.
pub(crate) const INK: Rgb<u8> = Rgb([31, 41, 55]);
/// Tick labels and what explains a title.
pub(crate) const MUTED: Rgb<u8> = Rgb([107, 114, 128]);
/// Lines that help the eye.
pub(crate) const RULE: Rgb<u8> = Rgb([229, 231, 235]);
/// A record whose colour field is not given.
pub(crate) const UNKNOWN: Rgb<u8> = Rgb([209, 213, 219]);

const PALETTE: [Rgb<u8>; 10] = [
    Rgb([37, 99, 235]),
    Rgb([249, 115, 22]),
    Rgb([22, 163, 74]),
    Rgb([220, 38, 38]),
    Rgb([147, 51, 234]),
    Rgb([120, 66, 18]),
    Rgb([236, 72, 153]),
    Rgb([100, 116, 139]),
    Rgb([202, 138, 4]),
    Rgb([6, 182, 212]),
];

/// The colour of level `code`: the palette first, then hues a golden angle apart.
pub(crate) fn level(code: usize) -> Rgb<u8> {
    PALETTE.get(code).copied().unwrap_or_else(|| {
        let hue = (code as f64 * 0.618_033_988_75).fract();
        let (r, g, b) = HSLColor(hue, 0.6, if code.is_multiple_of(2) { 0.42 } else { 0.58 })
            .to_backend_color()
            .rgb;
        Rgb([r, g, b])
    })
}

/// Viridis at `share` of the way from its dark to its bright end.
pub(crate) fn viridis(share: f64) -> Rgb<u8> {
    let RGBColor(r, g, b) = ViridisRGB.get_color(share.clamp(0.0, 1.0));
    Rgb([r, g, b])
}

/// `colour` as plotters wants it.
pub(crate) fn pen(colour: Rgb<u8>) -> RGBColor {
    RGBColor(colour.0[0], colour.0[1], colour.0[2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_told_apart() {
        let distance = |a: Rgb<u8>, b: Rgb<u8>| -> i32 {
            (0..3)
                .map(|i| (i32::from(a.0[i]) - i32::from(b.0[i])).pow(2))
                .sum()
        };
        for a in 0..20 {
            for b in 0..a {
                // 24 apart in RGB space is the least that is still seen side by side.
                assert!(distance(level(a), level(b)) > 24 * 24, "levels {a} and {b}");
            }
        }
    }

    #[test]
    fn viridis_goes_from_dark_violet_to_yellow() {
        let [r, g, b] = viridis(-1.0).0;
        assert!(b > r && r > g);
        let [r, g, b] = viridis(1.0).0;
        assert!(r > 200 && g > 200 && b < 100);
    }
}
