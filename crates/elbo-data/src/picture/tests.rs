//! Tests of reading picture files: formats, rotation, and files that are broken or hostile.

#![allow(clippy::disallowed_methods, reason = "tests lay out files as they like")]

use image::{GrayImage, Luma, RgbImage};

use super::*;

const LIMIT: u64 = 100_000_000;

fn gradient(width: u32, height: u32) -> DynamicImage {
    DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, |x, y| {
        image::Rgb([(x * 7 % 256) as u8, (y * 5 % 256) as u8, ((x * y) % 251) as u8])
    }))
}

fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A jpeg with an EXIF segment that holds only the orientation (TIFF 6.0, tag 0x0112).
fn jpeg_with_orientation(image: &DynamicImage, orientation: u8) -> Vec<u8> {
    let jpeg = encoded(image, ImageFormat::Jpeg);
    let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
    let mut bytes = jpeg[..2].to_vec();
    bytes.extend([0xFF, 0xE1]);
    bytes.extend((exif.len() as u16 + 2).to_be_bytes());
    bytes.extend(exif);
    bytes.extend(&jpeg[2..]);
    bytes
}

/// A png header that promises `width` x `height` gray pixels, and no pixels.
fn png_header(width: u32, height: u32) -> Vec<u8> {
    let mut chunk = b"IHDR".to_vec();
    chunk.extend(width.to_be_bytes());
    chunk.extend(height.to_be_bytes());
    chunk.extend([8, 0, 0, 0, 0]);
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0d".to_vec();
    let mut crc = flate2::Crc::new();
    crc.update(&chunk);
    bytes.extend(&chunk);
    bytes.extend(crc.sum().to_be_bytes());
    let mut data = b"\0\0\0\0IDAT".to_vec();
    let mut crc = flate2::Crc::new();
    crc.update(b"IDAT");
    data.extend(crc.sum().to_be_bytes());
    bytes.extend(data);
    bytes
}

const FORMATS: [ImageFormat; 5] = [
    ImageFormat::Png,
    ImageFormat::Jpeg,
    ImageFormat::WebP,
    ImageFormat::Bmp,
    ImageFormat::Gif,
];

#[test]
fn every_format_is_read() {
    for format in FORMATS {
        let bytes = encoded(&gradient(20, 12), format);
        let image = decode_bytes(&bytes, LIMIT).unwrap();
        assert_eq!((image.width(), image.height()), (20, 12), "{format:?}");
        let header = header_of(&bytes, LIMIT).unwrap();
        assert_eq!(header.size.to_string(), "20x12");
        assert!(!header.gray);
    }
    let gray = DynamicImage::ImageLuma8(GrayImage::new(4, 4));
    assert!(header_of(&encoded(&gray, ImageFormat::Png), LIMIT).unwrap().gray);
}

#[test]
fn a_file_cut_anywhere_is_never_a_picture() {
    for format in FORMATS {
        let bytes = encoded(&gradient(64, 48), format);
        let cuts = (1..10).map(|tenth| bytes.len() * tenth / 10);
        // The last bytes of png, webp and bmp are a trailer or padding without a pixel.
        for cut in cuts {
            let answer = decode_bytes(&bytes[..cut], LIMIT);
            assert!(answer.is_err(), "{format:?} cut at {cut} of {}", bytes.len());
        }
    }
}

#[test]
fn a_jpeg_may_lack_no_byte_but_may_be_followed_by_any() {
    let jpeg = encoded(&gradient(64, 48), ImageFormat::Jpeg);
    for cut in 1..jpeg.len() {
        assert!(
            decode_bytes(&jpeg[..cut], LIMIT).is_err(),
            "cut at {cut} of {}",
            jpeg.len()
        );
    }
    let whole = decode_bytes(&jpeg, LIMIT).unwrap();
    for tail in [&b"\0\0\0"[..], b"maker's notes", b"\xFF\xD8\xFF"] {
        assert_eq!(decode_bytes(&[&jpeg, tail].concat(), LIMIT).unwrap(), whole);
    }
}

#[test]
fn the_end_marker_of_a_preview_does_not_count() {
    let whole = encoded(&gradient(64, 48), ImageFormat::Jpeg);
    let preview = encoded(&gradient(8, 8), ImageFormat::Jpeg);
    let mut bytes = whole[..2].to_vec();
    bytes.extend([0xFF, 0xE1]);
    bytes.extend((preview.len() as u16 + 2).to_be_bytes());
    bytes.extend(preview);
    bytes.extend(&whole[2..]);
    assert!(jpeg::is_whole(&bytes));
    assert!(!jpeg::is_whole(&bytes[..bytes.len() - 200]));
}

#[test]
fn pictures_are_held_upright() {
    // Top left black, the rest white; 16x8 so that a jpeg block lies in each half.
    let corner = DynamicImage::ImageLuma8(GrayImage::from_fn(16, 8, |x, _| {
        Luma([if x < 8 { 0 } else { 255 }])
    }));
    let black =
        |bytes: &[u8], x, y| decode_bytes(bytes, LIMIT).unwrap().into_luma8().get_pixel(x, y).0[0] < 128;
    for (orientation, size, dark, light) in [
        (1, "16x8", (2, 4), (13, 4)),
        (2, "16x8", (13, 4), (2, 4)),
        (3, "16x8", (13, 4), (2, 4)),
        (4, "16x8", (2, 4), (13, 4)),
        // 6: to be turned clockwise, so that the left side comes to the top; 8: to the bottom.
        (6, "8x16", (4, 2), (4, 13)),
        (8, "8x16", (4, 13), (4, 2)),
    ] {
        let bytes = jpeg_with_orientation(&corner, orientation);
        assert_eq!(header_of(&bytes, LIMIT).unwrap().size.to_string(), size);
        assert!(
            black(&bytes, dark.0, dark.1) && !black(&bytes, light.0, light.1),
            "orientation {orientation}"
        );
    }
}

#[test]
fn a_bomb_is_refused_by_its_header() {
    let bytes = png_header(20_000, 20_000);
    let reason = "is 20000x20000 pixels; the limit is 100000000 pixels";
    assert_eq!(header_of(&bytes, LIMIT).unwrap_err(), reason);
    assert_eq!(decode_bytes(&bytes, LIMIT).unwrap_err(), reason);
    assert!(header_of(&png_header(u32::MAX >> 1, u32::MAX >> 1), LIMIT).is_err());
}

#[test]
fn what_is_no_picture_is_said_to_be_none() {
    let reason = |bytes: &[u8]| decode_bytes(bytes, LIMIT).unwrap_err();
    assert_eq!(reason(b""), "is empty");
    assert!(reason(b"dear diary").starts_with("is no picture"));
    // It begins as a TIFF file.
    let tiff = reason(b"II*\0aaaaaaaa");
    assert!(
        ["is ", "needs "].iter().any(|begins| tiff.starts_with(begins)),
        "{tiff}"
    );
    let dot = encoded(&gradient(1, 1), ImageFormat::Png);
    assert_eq!(reason(&dot), "is 1x1 pixels; 2x2 is the least");
}

#[test]
fn a_long_profile_before_the_size_is_stepped_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jpg");
    let jpeg = encoded(&gradient(64, 48), ImageFormat::Jpeg);
    let mut bytes = jpeg[..2].to_vec();
    for _ in 0..3 {
        bytes.extend([0xFF, 0xEF, 0xFF, 0xFF]);
        bytes.extend(vec![0; 65_533]);
    }
    bytes.extend(&jpeg[2..]);
    std::fs::write(&path, bytes).unwrap();
    assert_eq!(header(&path, LIMIT).unwrap().size.to_string(), "64x48");
    assert!(
        header(&folder.path().join("none.jpg"), LIMIT)
            .unwrap_err()
            .starts_with("cannot be read")
    );
}
