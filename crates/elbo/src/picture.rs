//! What a run looks like: grids of pictures, loss curves, latent maps, manifolds and bars, as RGB images.
//!
//! Everything is drawn into memory with a font that ships inside the binary, so a picture is the same on
//! every machine. This module only draws: the verbs pass pixels and numbers.

mod block;
mod canvas;
mod colour;
mod grid;
mod manifold;
mod plot;
mod text;

pub use grid::{GridLayout, grid};
pub use manifold::{ManifoldLayout, beside, manifold, manifold_points};
pub(crate) use plot::number;
pub use plot::{Bar, Marginal, Pairs, ScatterLayout, bars, loss_curve, marginals, scatter};

use std::path::Path;

use elbo_data::atomic::{self, Existing};
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder, Rgb, RgbImage};

use crate::error::Error;

/// Pictures of one shape, one after the other: rows top to bottom, channels last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pictures {
    /// Rows of one picture.
    pub height: usize,
    /// Columns of one picture.
    pub width: usize,
    /// 1 gray, 2 gray and alpha, 3 colour, 4 colour and alpha.
    pub channels: usize,
    /// `len * height * width * channels` bytes.
    pub pixels: Vec<u8>,
}

impl Pictures {
    /// How many whole pictures the pixels make.
    pub fn len(&self) -> usize {
        self.pixels.len().checked_div(self.stride()).unwrap_or(0)
    }

    /// Those of all `parts`, which have one shape.
    pub(crate) fn joined(parts: &[Self]) -> Self {
        let pixels = parts.iter().flat_map(|part| &part.pixels).copied().collect();
        Self {
            pixels,
            ..parts.first().cloned().unwrap_or_default()
        }
    }

    /// Whether there is not one whole picture.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The pictures as images; gray becomes three equal channels, alpha is laid over white.
    pub(crate) fn images(&self) -> impl Iterator<Item = RgbImage> {
        self.pixels
            .chunks_exact(self.stride().max(1))
            .take(self.len())
            .map(|pixels| {
                RgbImage::from_fn(self.width as u32, self.height as u32, |x, y| {
                    let start = (y as usize * self.width + x as usize) * self.channels;
                    over_white(&pixels[start..start + self.channels])
                })
            })
    }

    fn stride(&self) -> usize {
        self.height
            .saturating_mul(self.width)
            .saturating_mul(self.channels)
    }
}

fn over_white(pixel: &[u8]) -> Rgb<u8> {
    let blend = |value: u8, alpha: u8| {
        let (value, alpha) = (u32::from(value), u32::from(alpha));
        ((value * alpha + 255 * (255 - alpha) + 127) / 255) as u8
    };
    match *pixel {
        [gray] => Rgb([gray; 3]),
        [gray, alpha] => Rgb([blend(gray, alpha); 3]),
        [r, g, b] => Rgb([r, g, b]),
        [r, g, b, alpha, ..] => Rgb([r, g, b].map(|value| blend(value, alpha))),
        [] => colour::PAPER,
    }
}

/// Writes `image` as a png, whole or not at all. What is there already is replaced only by `force`.
///
/// # Errors
/// [`elbo_data::DataError::Exists`], or [`elbo_data::DataError::Write`] with the cause.
pub fn save(image: &RgbImage, path: &Path, force: bool) -> Result<(), Error> {
    let existing = if force { Existing::Replace } else { Existing::Keep };
    atomic::write(path, existing, |file| {
        PngEncoder::new(file).write_image(image, image.width(), image.height(), ExtendedColorType::Rgb8)
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(channels: usize, pixels: Vec<u8>) -> RgbImage {
        let pictures = Pictures {
            height: 1,
            width: 2,
            channels,
            pixels,
        };
        assert_eq!(pictures.len(), 1);
        pictures.images().next().unwrap()
    }

    #[test]
    fn every_channel_count_becomes_rgb() {
        assert_eq!(one(1, vec![7, 9]).get_pixel(1, 0).0, [9, 9, 9]);
        assert_eq!(one(3, vec![0, 0, 0, 1, 2, 3]).get_pixel(1, 0).0, [1, 2, 3]);
        // Half of black over white: (0 * 128 + 255 * 127) / 255 = 127.
        assert_eq!(one(2, vec![0, 128, 5, 255]).get_pixel(0, 0).0, [127; 3]);
        assert_eq!(one(4, vec![9, 9, 9, 0, 1, 2, 3, 255]).get_pixel(0, 0).0, [255; 3]);
    }

    #[test]
    fn a_torn_last_picture_and_an_empty_shape_are_left_out() {
        let torn = Pictures {
            height: 2,
            width: 2,
            channels: 1,
            pixels: vec![0; 7],
        };
        assert_eq!((torn.len(), torn.images().count()), (1, 1));
        let empty = Pictures {
            pixels: vec![0; 7],
            ..Pictures::default()
        };
        assert_eq!((empty.len(), empty.images().count()), (0, 0));
    }

    #[test]
    fn a_saved_picture_is_read_back_and_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        let picture = RgbImage::from_fn(3, 2, |x, y| Rgb([x as u8, y as u8, 7]));
        save(&picture, &path, false).unwrap();
        assert_eq!(image::open(&path).unwrap().to_rgb8(), picture);
        let exists = save(&picture, &path, false).unwrap_err();
        assert!(matches!(exists, Error::Data(elbo_data::DataError::Exists { .. })));
        save(&RgbImage::new(1, 1), &path, true).unwrap();
        assert_eq!(image::open(&path).unwrap().width(), 1);
    }
}
