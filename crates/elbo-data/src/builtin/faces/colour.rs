//! Colours of a face: mixing, lightness steps, the skin scale and the hair palette.
//!
//! Palettes are interpolated in OKLab, where equal steps look equal, so `skin_tone` is spread evenly
//! to the eye. Pixels themselves are mixed in sRGB, which is what an 8-bit picture stores.

use super::attributes::HairColour;

/// An sRGB colour, each channel in \[0, 1\].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rgb(pub(super) [f32; 3]);

impl Rgb {
    /// The colour written as three bytes.
    pub(super) const fn bytes(r: u8, g: u8, b: u8) -> Self {
        Self([r as f32 / 255.0, g as f32 / 255.0, b as f32 / 255.0])
    }

    /// `self` where `t` is 0, `other` where it is 1.
    pub(super) fn mix(self, other: Self, t: f32) -> Self {
        Self(std::array::from_fn(|i| self.0[i] + (other.0[i] - self.0[i]) * t))
    }

    /// The same hue, lighter (or darker) by `step` in OKLab lightness, with its chroma scaled.
    pub(super) fn tone(self, step: f32, chroma: f32) -> Self {
        let [l, a, b] = to_oklab(self);
        from_oklab([(l + step).clamp(0.0, 1.0), a * chroma, b * chroma])
    }

    /// Lightness in OKLab, in \[0, 1\].
    pub(super) fn lightness(self) -> f32 {
        to_oklab(self)[0]
    }

    /// The hue turned by `angle` radians, lightness and chroma kept.
    pub(super) fn turned(self, angle: f32) -> Self {
        let [l, a, b] = to_oklab(self);
        let (sin, cos) = angle.sin_cos();
        from_oklab([l, a * cos - b * sin, a * sin + b * cos])
    }
}

/// Skin anchors from deepest to fairest, at equal steps of `skin_tone`.
const SKIN: [Rgb; 6] = [
    Rgb::bytes(92, 58, 43),
    Rgb::bytes(128, 83, 58),
    Rgb::bytes(168, 116, 80),
    Rgb::bytes(205, 154, 114),
    Rgb::bytes(234, 192, 156),
    Rgb::bytes(247, 216, 190),
];

/// The skin colour at `tone` in \[0, 1\], 0 the deepest and 1 the fairest.
pub(super) fn skin(tone: f32) -> Rgb {
    let at = tone.clamp(0.0, 1.0) * (SKIN.len() - 1) as f32;
    let low = (at as usize).min(SKIN.len() - 2);
    let (from, to) = (to_oklab(SKIN[low]), to_oklab(SKIN[low + 1]));
    let t = at - low as f32;
    from_oklab(std::array::from_fn(|i| from[i] + (to[i] - from[i]) * t))
}

/// The middle tone of each hair colour: about equal steps in lightness, so that they stay apart.
pub(super) fn hair(colour: HairColour) -> Rgb {
    match colour {
        HairColour::Black => Rgb::bytes(33, 31, 41),
        HairColour::Brown => Rgb::bytes(98, 59, 36),
        HairColour::Red => Rgb::bytes(182, 80, 38),
        HairColour::Blond => Rgb::bytes(230, 184, 92),
    }
}

// The OKLab colour space of Björn Ottosson (2020), from linear sRGB and back.

fn to_oklab(colour: Rgb) -> [f32; 3] {
    let [r, g, b] = colour.0.map(linear);
    let l = (0.412_221_46 * r + 0.536_332_55 * g + 0.051_445_995 * b).cbrt();
    let m = (0.211_903_5 * r + 0.680_699_5 * g + 0.107_396_96 * b).cbrt();
    let s = (0.088_302_46 * r + 0.281_718_85 * g + 0.629_978_7 * b).cbrt();
    [
        0.210_454_26 * l + 0.793_617_8 * m - 0.004_072_047 * s,
        1.977_998_5 * l - 2.428_592_2 * m + 0.450_593_7 * s,
        0.025_904_037 * l + 0.782_771_77 * m - 0.808_675_77 * s,
    ]
}

fn from_oklab([l, a, b]: [f32; 3]) -> Rgb {
    let long = (l + 0.396_337_78 * a + 0.215_803_76 * b).powi(3);
    let medium = (l - 0.105_561_346 * a - 0.063_854_17 * b).powi(3);
    let short = (l - 0.089_484_18 * a - 1.291_485_5 * b).powi(3);
    Rgb([
        4.076_741_7 * long - 3.307_711_6 * medium + 0.230_969_94 * short,
        -1.268_438 * long + 2.609_757_4 * medium - 0.341_319_38 * short,
        -0.004_196_086_3 * long - 0.703_418_6 * medium + 1.707_614_7 * short,
    ]
    .map(gamma))
}

fn linear(v: f32) -> f32 {
    if v <= 0.040_45 {
        v / 12.92
    } else {
        ((v + 0.055) / 1.055).powf(2.4)
    }
}

fn gamma(v: f32) -> f32 {
    let v = v.clamp(0.0, 1.0);
    if v <= 0.003_130_8 {
        v * 12.92
    } else {
        1.055 * v.powf(1.0 / 2.4) - 0.055
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oklab_agrees_with_its_defining_values() {
        // White is L = 1 without chroma, by the definition of the space.
        let white = to_oklab(Rgb([1.0; 3]));
        assert!((white[0] - 1.0).abs() < 1e-4 && white[1].abs() < 1e-4 && white[2].abs() < 1e-4);
        // Red: L, a, b = 0.62796, 0.22486, 0.12585 (CSS Color 4, sRGB red in OKLab).
        let red = to_oklab(Rgb([1.0, 0.0, 0.0]));
        for (got, want) in red.iter().zip([0.627_96, 0.224_86, 0.125_85]) {
            assert!((got - want).abs() < 1e-4, "{red:?}");
        }
    }

    #[test]
    fn oklab_and_back_is_the_same_colour() {
        for colour in SKIN {
            let back = from_oklab(to_oklab(colour));
            for (a, b) in colour.0.iter().zip(back.0) {
                assert!((a - b).abs() < 1e-3, "{colour:?} {back:?}");
            }
        }
    }

    #[test]
    fn skin_lightens_by_about_equal_steps() {
        let lightness: Vec<f32> = (0..=20).map(|i| skin(i as f32 / 20.0).lightness()).collect();
        let mean = (lightness[20] - lightness[0]) / 20.0;
        assert!(
            lightness
                .windows(2)
                .all(|w| (w[1] - w[0]) > 0.6 * mean && (w[1] - w[0]) < 1.4 * mean)
        );
    }
}
