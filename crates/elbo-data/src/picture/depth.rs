//! Pictures of 16 bits, of which many instruments use only some: 12 bits make white 4095, not 65535.

use image::DynamicImage;

/// The largest value of a colour in a picture of 16 bits; none of other pictures.
pub(crate) fn brightest(image: &DynamicImage) -> Option<u16> {
    let brightest = match image {
        DynamicImage::ImageLuma16(pixels) => pixels.iter().max().copied(),
        DynamicImage::ImageLumaA16(pixels) => pixels.pixels().map(|pixel| pixel.0[0]).max(),
        DynamicImage::ImageRgb16(pixels) => pixels.iter().max().copied(),
        DynamicImage::ImageRgba16(pixels) => pixels.pixels().flat_map(|pixel| pixel.0[..3].to_vec()).max(),
        _ => return None,
    };
    Some(brightest.unwrap_or_default())
}

/// The bits of so large a value, at least 8.
pub(crate) fn bits(brightest: u16) -> u32 {
    (u16::BITS - brightest.leading_zeros()).max(u8::BITS)
}

/// The largest value of so many bits: 2^bits - 1.
pub(crate) fn white(bits: u32) -> u16 {
    u16::MAX >> (u16::BITS - bits)
}

/// A picture of 16 bits in which `white` becomes the largest value; other pictures stay.
pub(super) fn stretched(mut image: DynamicImage, white: u16) -> DynamicImage {
    let stretch = |value: &mut u16| {
        let part = u32::from((*value).min(white)) * u32::from(u16::MAX);
        *value = (part / u32::from(white.max(1))) as u16;
    };
    match &mut image {
        DynamicImage::ImageLuma16(pixels) => pixels.iter_mut().for_each(stretch),
        DynamicImage::ImageLumaA16(pixels) => pixels.pixels_mut().for_each(|pixel| stretch(&mut pixel.0[0])),
        DynamicImage::ImageRgb16(pixels) => pixels.iter_mut().for_each(stretch),
        DynamicImage::ImageRgba16(pixels) => {
            pixels
                .pixels_mut()
                .for_each(|pixel| pixel.0[..3].iter_mut().for_each(stretch));
        }
        _ => {}
    }
    image
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{ImageBuffer, Luma, Rgba};

    #[test]
    fn white_is_the_largest_value_of_the_bits_in_use() {
        let white_of = |brightest| white(bits(brightest));
        assert_eq!(
            [0, 255, 256, 4000, 4096, 65535].map(white_of),
            [255, 255, 511, 4095, 8191, 65535]
        );
    }

    #[test]
    fn colours_are_stretched_and_alpha_stays() {
        let clear: ImageBuffer<_, Vec<u16>> = ImageBuffer::from_pixel(1, 1, Rgba([0, 4095, 2048, 9]));
        let image = stretched(clear.into(), 4095);
        assert_eq!(brightest(&image), Some(u16::MAX));
        assert_eq!(image.as_rgba16().unwrap().get_pixel(0, 0).0, [0, 65535, 32775, 9]);
        let gray: ImageBuffer<_, Vec<u16>> = ImageBuffer::from_pixel(1, 1, Luma([300]));
        // brighter than white is white
        assert_eq!(stretched(gray.into(), 255).into_luma8().get_pixel(0, 0).0, [255]);
    }
}
