//! Binarisation: pictures of gray pixels become draws of ink and no ink.

use serde::{Deserialize, Serialize};

use crate::noise::{Noise, Purpose};

/// How the gray pixels of a picture are turned into ink and no ink before they are scored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Binarize {
    /// Scored as they are.
    #[default]
    None,
    /// Drawn once: a record has the same pixels at every reading.
    Once,
    /// Drawn anew at each epoch.
    Each,
}

impl Binarize {
    /// Replaces each byte by 255 with probability byte/255, else by 0.
    ///
    /// `pixels` holds the pictures of `rows`, one after the other. The draw of a picture depends on
    /// its row, the seed of `noise` and, for [`Binarize::Each`], the epoch.
    pub fn apply(self, pixels: &mut [u8], rows: &[u64], noise: Noise, epoch: u64) {
        let step = match self {
            Self::None => return,
            Self::Once => 0,
            // Epoch 0 must not repeat the draw of `Once`.
            Self::Each => epoch + 1,
        };
        let per_row = pixels.len() / rows.len().max(1);
        for (picture, row) in pixels.chunks_exact_mut(per_row.max(1)).zip(rows) {
            let uniform = noise.uniform(Purpose::Binarize, step, &[*row], per_row);
            for (byte, u) in picture.iter_mut().zip(uniform) {
                *byte = if u < f32::from(*byte) / 255.0 { 255 } else { 0 };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binarised_pixels_follow_their_gray_value() {
        let (n, noise) = (40_000, Noise::new(3));
        let mut pixels = vec![51; n];
        Binarize::Once.apply(&mut pixels, &[0], noise, 0);
        let share = pixels.iter().filter(|byte| **byte == 255).count() as f64 / n as f64;
        // 51/255 = 1/5; five standard errors: 5 sqrt(0.2 * 0.8 / 40000) = 0.01.
        assert!((share - 0.2).abs() < 0.01, "{share}");
        assert!(pixels.iter().all(|byte| [0, 255].contains(byte)));
    }

    #[test]
    fn once_is_the_same_at_every_epoch_and_each_is_not() {
        let draw = |binarize: Binarize, rows: &[u64], epoch| {
            let mut pixels = vec![100; 64 * rows.len()];
            binarize.apply(&mut pixels, rows, Noise::new(3), epoch);
            pixels
        };
        assert_eq!(draw(Binarize::Once, &[7], 1), draw(Binarize::Once, &[7], 2));
        assert_ne!(draw(Binarize::Each, &[7], 1), draw(Binarize::Each, &[7], 2));
        assert_ne!(draw(Binarize::Each, &[7], 0), draw(Binarize::Once, &[7], 0));
        assert_eq!(
            draw(Binarize::Each, &[5, 7], 1)[64..],
            draw(Binarize::Each, &[7], 1)[..]
        );
        assert_eq!(draw(Binarize::None, &[7], 1), vec![100; 64]);
        let mut edge = vec![0, 255];
        Binarize::Each.apply(&mut edge, &[1], Noise::new(1), 0);
        assert_eq!(edge, [0, 255]);
    }
}
