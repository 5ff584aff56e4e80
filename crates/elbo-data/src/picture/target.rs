//! Bringing a picture to the one shape that all pictures of a data set have.

use arrow::datatypes::Field as ArrowField;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use image::imageops::replace;
use image::{DynamicImage, Rgb, RgbImage, Rgba};

use super::depth::stretched;
use crate::column::{image_field, with_white};
use crate::options::{Fit, ImageSize};

/// The shape that pictures are brought to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// Height and width.
    pub(crate) size: ImageSize,
    /// 1, 3 or 4.
    pub(crate) channels: u8,
    /// How pictures of other proportions are fitted.
    pub(crate) fit: Fit,
    /// Which value of pictures of 16 bits is white; none: the largest.
    pub(crate) white: Option<u16>,
}

impl Target {
    /// Bytes of one picture.
    pub(crate) fn bytes(&self) -> usize {
        self.size.height * self.size.width * usize::from(self.channels)
    }

    /// The Arrow column of pictures of this shape.
    pub(crate) fn arrow_field(&self, name: &str) -> ArrowField {
        let field = image_field(name, self.size.height, self.size.width, self.channels.into());
        match self.white {
            None => field,
            Some(white) => with_white(field, white),
        }
    }

    /// The picture's bytes in this shape: rows of pixels, channels last.
    ///
    /// Transparent pixels are laid on white unless the alpha channel is kept. That comes before the
    /// scaling, which would otherwise mix in colours that nobody sees.
    pub(crate) fn bring(&self, image: DynamicImage) -> Vec<u8> {
        let image = match self.white {
            Some(white) => stretched(image, white),
            None => image,
        };
        let image = match self.channels {
            4 => DynamicImage::ImageRgba8(image.into_rgba8()),
            3 => DynamicImage::ImageRgb8(on_white(image)),
            _ if image.color().has_alpha() => DynamicImage::ImageRgb8(on_white(image)).into_luma8().into(),
            _ => DynamicImage::ImageLuma8(image.into_luma8()),
        };
        self.reshape(image).into_bytes()
    }

    fn reshape(&self, image: DynamicImage) -> DynamicImage {
        let size = (self.size.width as u32, self.size.height as u32);
        let own = (image.width(), image.height());
        if own == size {
            return image;
        }
        match self.fit {
            Fit::Stretch => scale(&image, own, size),
            Fit::Crop => scale(&image, largest(size, own), size),
            Fit::Pad => {
                let inner = largest(own, size);
                let mut canvas = blank(&image, size);
                let (x, y) = ((size.0 - inner.0) / 2, (size.1 - inner.1) / 2);
                replace(&mut canvas, &scale(&image, own, inner), x.into(), y.into());
                canvas
            }
        }
    }
}

/// The middle `part` of a picture, scaled to `size`; colours count by their alpha.
fn scale(image: &DynamicImage, part: (u32, u32), size: (u32, u32)) -> DynamicImage {
    let (x, y) = ((image.width() - part.0) / 2, (image.height() - part.1) / 2);
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom))
        .crop(x.into(), y.into(), part.0.into(), part.1.into());
    let mut scaled = DynamicImage::new(size.0, size.1, image.color());
    Resizer::new()
        .resize(image, &mut scaled, &options)
        .expect("both pictures have the same 8-bit pixels, and the part lies within the first");
    scaled
}

/// The largest size with the proportions of `shape` that fits into `room`; at least one pixel a side.
fn largest(shape: (u32, u32), room: (u32, u32)) -> (u32, u32) {
    let (width, height) = (u64::from(shape.0), u64::from(shape.1));
    let (room_width, room_height) = (u64::from(room.0), u64::from(room.1));
    let rounded = |product: u64, divisor: u64, most: u64| ((product + divisor / 2) / divisor).clamp(1, most);
    let (w, h) = if width * room_height > height * room_width {
        (room_width, rounded(height * room_width, width, room_height))
    } else {
        (rounded(width * room_height, height, room_width), room_height)
    };
    (w as u32, h as u32)
}

/// A white canvas; a clear one for pictures with alpha, which inversion leaves at nought.
fn blank(like: &DynamicImage, (width, height): (u32, u32)) -> DynamicImage {
    let mut canvas = DynamicImage::new(width, height, like.color());
    canvas.invert();
    canvas
}

fn on_white(image: DynamicImage) -> RgbImage {
    if !image.color().has_alpha() {
        return image.into_rgb8();
    }
    let image = image.into_rgba8();
    RgbImage::from_fn(image.width(), image.height(), |x, y| {
        let Rgba([r, g, b, alpha]) = *image.get_pixel(x, y);
        Rgb([r, g, b].map(|byte| over_white(byte, alpha)))
    })
}

/// (byte * alpha + 255 * (255 - alpha)) / 255, rounded.
fn over_white(byte: u8, alpha: u8) -> u8 {
    let (byte, alpha) = (u32::from(byte), u32::from(alpha));
    ((byte * alpha + 255 * (255 - alpha) + 127) / 255) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{GrayImage, Luma, RgbaImage};

    fn target(size: &str, channels: u8, fit: Fit) -> Target {
        Target {
            size: size.parse().unwrap(),
            channels,
            fit,
            white: None,
        }
    }

    /// Left half black, right half white.
    fn halves(width: u32, height: u32) -> DynamicImage {
        let half = |x, _| Luma([if x < width / 2 { 0 } else { 255 }]);
        DynamicImage::ImageLuma8(GrayImage::from_fn(width, height, half))
    }

    #[test]
    fn sizes_keep_their_proportions() {
        assert_eq!(largest((2, 1), (100, 100)), (100, 50));
        assert_eq!(largest((1, 1), (40, 30)), (30, 30));
        assert_eq!(largest((1000, 1), (10, 10)), (10, 1));
        assert_eq!(largest((64, 48), (640, 480)), (640, 480));
    }

    #[test]
    fn crop_cuts_at_the_centre() {
        // 8x2 to 2x2: the middle two columns are one black and one white.
        assert_eq!(target("2x2", 1, Fit::Crop).bring(halves(8, 2)), [0, 255, 0, 255]);
    }

    #[test]
    fn pad_adds_white_and_stretch_adds_nothing() {
        // 4x2 into 4x4: a row of white above and below.
        let padded = target("4x4", 1, Fit::Pad).bring(halves(4, 2));
        assert_eq!(padded[..4], [255; 4]);
        assert_eq!(padded[4..8], [0, 0, 255, 255]);
        assert_eq!(padded[12..], [255; 4]);
        let stretched = target("2x2", 1, Fit::Stretch).bring(halves(2, 8));
        assert_eq!(stretched, [0, 255, 0, 255]);
    }

    #[test]
    fn alpha_is_laid_on_white_or_kept() {
        let clear = DynamicImage::ImageRgba8(RgbaImage::from_pixel(2, 2, Rgba([200, 0, 0, 0])));
        assert_eq!(target("2x2", 3, Fit::Crop).bring(clear.clone()), [255; 12]);
        assert_eq!(target("2x2", 1, Fit::Crop).bring(clear.clone()), [255; 4]);
        assert_eq!(target("2x2", 4, Fit::Crop).bring(clear)[..4], [200, 0, 0, 0]);
        // 0 * 128/255 + 255 * 127/255 = 127.
        assert_eq!(over_white(0, 128), 127);
        assert_eq!((over_white(10, 255), over_white(10, 0)), (10, 255));
    }

    #[test]
    fn a_border_of_pictures_with_alpha_is_clear() {
        let red = DynamicImage::ImageRgba8(RgbaImage::from_pixel(4, 2, Rgba([200, 0, 0, 255])));
        let padded = target("4x4", 4, Fit::Pad).bring(red);
        assert_eq!((padded[3], &padded[16..20]), (0, &[200, 0, 0, 255][..]));
    }

    #[test]
    fn clear_pixels_lend_no_colour_when_scaled() {
        // Half red, half a clear green: what is left is red at half the alpha.
        let half = |x, _| {
            if x < 2 {
                Rgba([200, 0, 0, 255])
            } else {
                Rgba([0, 200, 0, 0])
            }
        };
        let picture = DynamicImage::ImageRgba8(RgbaImage::from_fn(4, 4, half));
        let small = target("2x2", 4, Fit::Stretch).bring(picture);
        assert!(small.chunks_exact(4).all(|pixel| pixel[1] == 0), "{small:?}");
    }

    #[test]
    fn the_most_extreme_proportions_are_met() {
        for (width, height) in [(2, 3000), (3000, 2), (2, 2)] {
            for fit in [Fit::Crop, Fit::Pad, Fit::Stretch] {
                assert_eq!(target("33x7", 1, fit).bring(halves(width, height)).len(), 33 * 7);
            }
        }
    }

    #[test]
    fn gray_becomes_colour_and_colour_gray() {
        assert_eq!(
            target("2x2", 3, Fit::Crop).bring(halves(2, 2))[..6],
            [0, 0, 0, 255, 255, 255]
        );
        let white = DynamicImage::ImageRgb8(RgbImage::from_pixel(2, 2, Rgb([255; 3])));
        assert_eq!(target("2x2", 1, Fit::Crop).bring(white), [255; 4]);
    }
}
