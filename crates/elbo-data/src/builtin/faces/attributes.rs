//! What is true of a face (`Attributes`) and what merely varies (`Nuisance`), drawn from (seed, row).

use crate::noise::{Noise, Purpose};

/// The colour of hair, eyebrows and beard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HairColour {
    /// Black.
    Black,
    /// Dark brown.
    Brown,
    /// Copper red.
    Red,
    /// Golden blond.
    Blond,
}

impl HairColour {
    /// Every colour, from dark to light.
    pub const ALL: [Self; 4] = [Self::Black, Self::Brown, Self::Red, Self::Blond];

    /// The level's name in the data: `black`, `brown`, `red` or `blond`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Black => "black",
            Self::Brown => "brown",
            Self::Red => "red",
            Self::Blond => "blond",
        }
    }
}

/// The six true attributes of a face, mutually independent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Attributes {
    /// A broad open smile (`true`) or a closed, slightly down-turned mouth; probability 1/2.
    pub smile: bool,
    /// 0 the deepest tone, 1 the fairest; uniform on \[0, 1).
    pub skin_tone: f32,
    /// 0 long and narrow, 1 round and wide; uniform on \[0, 1).
    pub face_shape: f32,
    /// A full beard with moustache (`true`) or clean-shaven; probability 1/2.
    pub beard: bool,
    /// Glasses with thick dark frames; probability 1/2.
    pub glasses: bool,
    /// Uniform over the four colours.
    pub hair_colour: HairColour,
}

/// The small variations that no field names. Zero everywhere is the plain picture.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Nuisance {
    /// How far the figure stands from the middle, right and down, in pixels.
    pub shift: [f32; 2],
    /// Relative brightness of the whole picture; 0.02 is 2 % brighter.
    pub brightness: f32,
    /// Turn of the light from its usual place, upper left, in radians.
    pub light_turn: f32,
    /// Turn of the background's hue, in radians.
    pub background_hue: f32,
    /// Turn of the shirt's hue, in radians.
    pub shirt_hue: f32,
}

impl Nuisance {
    /// Each variation is uniform between minus and plus these bounds.
    ///
    /// They are chosen so that none causes a third of the pixel variance that the weakest attribute
    /// causes (a test measures it): a model with six latents then spends them on the attributes.
    pub const BOUNDS: Self = Self {
        shift: [0.33, 0.33],
        brightness: 0.04,
        light_turn: 0.5,
        background_hue: 0.3,
        shirt_hue: 0.25,
    };
}

/// Uniform draws per row: six attributes, then six variations.
const DRAWS: usize = 12;
/// The step under which the rows of this data set draw; other built-in sets take other numbers.
const STEP: u64 = 0;

/// The attributes of face `row`.
pub fn attributes(noise: Noise, row: u64) -> Attributes {
    let u = draws(noise, row);
    Attributes {
        smile: u[0] < 0.5,
        skin_tone: u[1],
        face_shape: u[2],
        beard: u[3] < 0.5,
        glasses: u[4] < 0.5,
        hair_colour: HairColour::ALL[((u[5] * 4.0) as usize).min(3)],
    }
}

/// The variations of face `row`.
pub fn nuisance(noise: Noise, row: u64) -> Nuisance {
    let u = draws(noise, row);
    let within = |i: usize, bound: f32| (2.0 * u[i] - 1.0) * bound;
    let bounds = Nuisance::BOUNDS;
    Nuisance {
        shift: [within(6, bounds.shift[0]), within(7, bounds.shift[1])],
        brightness: within(8, bounds.brightness),
        light_turn: within(9, bounds.light_turn),
        background_hue: within(10, bounds.background_hue),
        shirt_hue: within(11, bounds.shirt_hue),
    }
}

fn draws(noise: Noise, row: u64) -> Vec<f32> {
    noise.uniform(Purpose::Builtin, STEP, &[row], DRAWS)
}

#[cfg(test)]
mod tests {
    use super::super::draw::render;
    use super::*;

    const N: u64 = 20_000;

    fn many() -> Vec<Attributes> {
        (0..N).map(|row| attributes(Noise::new(5), row)).collect()
    }

    fn mean(values: impl Iterator<Item = f64>) -> f64 {
        values.sum::<f64>() / N as f64
    }

    #[test]
    fn flags_are_even_and_levels_uniform() {
        let all = many();
        let share =
            |test: &dyn Fn(&Attributes) -> bool| mean(all.iter().map(|a| f64::from(u8::from(test(a)))));
        // Five standard errors of a share: 5 sqrt(p (1 - p) / n) = 0.0177 at p = 1/2, 0.0153 at 1/4.
        for flag in [share(&|a| a.smile), share(&|a| a.beard), share(&|a| a.glasses)] {
            assert!((flag - 0.5).abs() < 0.0177, "{flag}");
        }
        for colour in HairColour::ALL {
            let level = share(&|a| a.hair_colour == colour);
            assert!((level - 0.25).abs() < 0.0153, "{colour:?} {level}");
        }
    }

    #[test]
    fn numbers_are_uniform() {
        let all = many();
        for value in [
            |a: &Attributes| f64::from(a.skin_tone),
            |a: &Attributes| f64::from(a.face_shape),
        ] {
            // Mean 1/2 and second moment 1/3; five standard errors: 5 sqrt(1/12 / n), 5 sqrt(4/45 / n).
            assert!((mean(all.iter().map(value)) - 0.5).abs() < 0.0102);
            assert!((mean(all.iter().map(|a| value(a).powi(2))) - 1.0 / 3.0).abs() < 0.0105);
            assert!(all.iter().all(|a| (0.0..1.0).contains(&value(a))));
        }
    }

    #[test]
    fn attributes_are_uncorrelated() {
        let columns: [fn(&Attributes) -> f64; 6] = [
            |a| f64::from(u8::from(a.smile)) * 2.0 - 1.0,
            |a| (f64::from(a.skin_tone) - 0.5) * 12f64.sqrt(),
            |a| (f64::from(a.face_shape) - 0.5) * 12f64.sqrt(),
            |a| f64::from(u8::from(a.beard)) * 2.0 - 1.0,
            |a| f64::from(u8::from(a.glasses)) * 2.0 - 1.0,
            |a| (a.hair_colour as usize as f64 - 1.5) / 1.25f64.sqrt(),
        ];
        let all = many();
        for i in 0..6 {
            for j in 0..i {
                let correlation = mean(all.iter().map(|a| columns[i](a) * columns[j](a)));
                // Five standard errors: 5 / sqrt(n).
                assert!(correlation.abs() < 0.0354, "{i} {j} {correlation}");
            }
        }
    }

    #[test]
    fn variations_stay_within_their_bounds() {
        let bounds = Nuisance::BOUNDS;
        for row in 0..1000 {
            let n = nuisance(Noise::new(5), row);
            assert!(
                n.shift
                    .iter()
                    .zip(bounds.shift)
                    .all(|(v, bound)| v.abs() <= bound)
            );
            assert!(n.brightness.abs() <= bounds.brightness && n.light_turn.abs() <= bounds.light_turn);
            assert!(n.background_hue.abs() <= bounds.background_hue && n.shirt_hue.abs() <= bounds.shirt_hue);
        }
    }

    /// Mean over faces of the pixel variance, in squared levels, that one factor causes when it takes
    /// `levels` values and all else stays: half the mean squared difference of two of its pictures.
    fn variance(levels: usize, set: impl Fn(&mut Attributes, &mut Nuisance, usize)) -> f64 {
        let noise = Noise::new(9);
        let faces = 24;
        let of_one = |row| {
            let mut pictures = Vec::new();
            for level in 0..levels {
                let (mut a, mut n) = (attributes(noise, row), nuisance(noise, row));
                set(&mut a, &mut n, level);
                pictures.push(render(&a, &n));
            }
            let pixels = pictures[0].len();
            let variances = (0..pixels).map(|i| {
                let values = || pictures.iter().map(|picture| f64::from(picture[i]));
                let mean = values().sum::<f64>() / levels as f64;
                values().map(|v| (v - mean).powi(2)).sum::<f64>() / levels as f64
            });
            variances.sum::<f64>() / pixels as f64
        };
        (0..faces).map(of_one).sum::<f64>() / faces as f64
    }

    #[test]
    fn each_attribute_outweighs_each_variation() {
        // The middles of six equal parts of [0, 1] and of [-1, 1].
        let part = |level: usize| (level as f32 + 0.5) / 6.0;
        let signed = move |level: usize| 2.0 * part(level) - 1.0;
        let bounds = Nuisance::BOUNDS;
        let weights = [
            ("smile", variance(2, |a, _, level| a.smile = level == 1)),
            ("skin_tone", variance(6, |a, _, level| a.skin_tone = part(level))),
            (
                "face_shape",
                variance(6, |a, _, level| a.face_shape = part(level)),
            ),
            ("beard", variance(2, |a, _, level| a.beard = level == 1)),
            ("glasses", variance(2, |a, _, level| a.glasses = level == 1)),
            (
                "hair_colour",
                variance(4, |a, _, level| a.hair_colour = HairColour::ALL[level]),
            ),
        ];
        let small = [
            (
                "shift right",
                variance(6, |_, n, level| n.shift[0] = bounds.shift[0] * signed(level)),
            ),
            (
                "shift down",
                variance(6, |_, n, level| n.shift[1] = bounds.shift[1] * signed(level)),
            ),
            (
                "brightness",
                variance(6, |_, n, level| n.brightness = bounds.brightness * signed(level)),
            ),
            (
                "light",
                variance(6, |_, n, level| n.light_turn = bounds.light_turn * signed(level)),
            ),
            (
                "background",
                variance(6, |_, n, level| {
                    n.background_hue = bounds.background_hue * signed(level)
                }),
            ),
            (
                "shirt",
                variance(6, |_, n, level| n.shirt_hue = bounds.shirt_hue * signed(level)),
            ),
        ];
        for (attribute, weight) in weights {
            for (variation, little) in small {
                assert!(little > 0.0, "{variation} does nothing");
                assert!(
                    weight > 3.0 * little,
                    "{attribute} {weight:.1}, {variation} {little:.1}"
                );
            }
        }
    }
}
