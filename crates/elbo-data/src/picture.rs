//! Decodes one picture file, which may be broken or hostile.
//!
//! A file is known by its first bytes, not by its name. Its size is read from its header and held
//! against the limit before any memory is allocated. The reason why a file cannot be used is worded
//! to follow its name: "`a.png` is cut short".

mod depth;
mod jpeg;
mod target;

use std::fs::File;
use std::io::{Cursor, Read as _};
use std::path::Path;

use image::error::ImageError;
use image::{ColorType, DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, metadata::Orientation};

use crate::contained::contained;
use crate::options::ImageSize;

pub(crate) use depth::{bits, brightest, white};
pub(crate) use target::Target;

/// Bytes of a file that nearly always hold its header.
const PREFIX: u64 = 64 << 10;
/// A file may have at most this many bytes for each pixel allowed (16 bits, four channels).
const BYTES_PER_PIXEL: u64 = 8;
/// Memory for what a decoder needs beside the pixels.
const SLACK: u64 = 64 << 20;
/// The smallest side of a picture worth learning from.
const MIN_SIDE: u32 = 2;

/// The reason for a file whose end is missing.
const SHORT: &str = "is cut short";

/// Why a picture cannot be used.
type Fault = String;

/// The content of a picture's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// Its size when held upright.
    pub(crate) size: ImageSize,
    /// Whether it has no colour.
    pub(crate) gray: bool,
    /// Whether its values have 16 bits.
    pub(crate) deep: bool,
}

/// Whether the file has the extension of a picture.
pub(crate) fn is_picture(path: &Path) -> bool {
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
    ["png", "jpg", "jpeg", "jpe", "webp", "bmp", "gif", "tif", "tiff"]
        .contains(&extension.to_ascii_lowercase().as_str())
}

/// Reads a picture's header; of most files only the first 64 KiB are touched.
pub(crate) fn header(path: &Path, max_pixels: u64) -> Result<Header, Fault> {
    let prefix = load(path, PREFIX)?;
    let damaged = |_| Err("is damaged".to_owned());
    let header_of = |bytes: &[u8], most| contained(|| header_of(bytes, most)).unwrap_or_else(damaged);
    match header_of(&prefix, max_pixels) {
        // A long profile or preview may precede the size.
        Err(_) if prefix.len() as u64 == PREFIX => header_of(&load(path, longest(max_pixels))?, max_pixels),
        answer => answer,
    }
}

fn header_of(bytes: &[u8], max_pixels: u64) -> Result<Header, Fault> {
    use ColorType::{L16, La16, Rgb16, Rgba16};
    let mut decoder = decoder(bytes, max_pixels)?;
    let (width, height) = decoder.dimensions();
    let orientation = decoder.orientation().map_err(fault)?;
    let turned = matches!(
        orientation,
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    );
    let (width, height) = if turned { (height, width) } else { (width, height) };
    let size = ImageSize {
        height: height as usize,
        width: width as usize,
    };
    Ok(Header {
        size,
        gray: !decoder.color_type().has_color(),
        deep: [L16, La16, Rgb16, Rgba16].contains(&decoder.color_type()),
    })
}

/// Decodes a picture file and holds it upright.
pub(crate) fn decode(path: &Path, max_pixels: u64) -> Result<DynamicImage, Fault> {
    let bytes = load(path, longest(max_pixels))?;
    let damaged = |_| Err("is damaged".to_owned());
    contained(|| decode_bytes(&bytes, max_pixels)).unwrap_or_else(damaged)
}

fn decode_bytes(bytes: &[u8], max_pixels: u64) -> Result<DynamicImage, Fault> {
    let mut decoder = decoder(bytes, max_pixels)?;
    if image::guess_format(bytes).ok() == Some(ImageFormat::Jpeg) && !jpeg::is_whole(bytes) {
        return Err(SHORT.to_owned());
    }
    let orientation = decoder.orientation().map_err(fault)?;
    let mut image = DynamicImage::from_decoder(decoder).map_err(fault)?;
    image.apply_orientation(orientation);
    Ok(image)
}

/// A decoder for the format that the bytes begin with, the size checked.
fn decoder(bytes: &[u8], max_pixels: u64) -> Result<impl ImageDecoder + '_, Fault> {
    use ImageFormat::{Bmp, Gif, Jpeg, Png, Tiff, WebP};
    if bytes.is_empty() {
        return Err("is empty".to_owned());
    }
    let format = image::guess_format(bytes)
        .ok()
        .filter(|format| [Png, Jpeg, WebP, Bmp, Gif, Tiff].contains(format))
        .ok_or("is no picture: it begins like none of png, jpeg, webp, bmp, gif and tiff")?;
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(longest(max_pixels) + SLACK);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    // A jpeg cut within its header meets many different errors; the helpful reason is that it is cut.
    let is_cut = || format == Jpeg && !jpeg::is_whole(bytes);
    let decoder = reader
        .into_decoder()
        .map_err(|e| if is_cut() { SHORT.to_owned() } else { fault(e) })?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > max_pixels {
        return Err(format!(
            "is {width}x{height} pixels; the limit is {max_pixels} pixels"
        ));
    }
    if width < MIN_SIDE || height < MIN_SIDE {
        return Err(format!(
            "is {width}x{height} pixels; {MIN_SIDE}x{MIN_SIDE} is the least"
        ));
    }
    Ok(decoder)
}

fn longest(max_pixels: u64) -> u64 {
    max_pixels.saturating_mul(BYTES_PER_PIXEL)
}

/// The first `limit` bytes of a file. Memory grows with the bytes read, not with a promised length.
fn load(path: &Path, limit: u64) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(limit).read_to_end(&mut bytes))
        .map_err(|e| format!("cannot be read: {e}"))?;
    Ok(bytes)
}

fn fault(error: ImageError) -> Fault {
    match error {
        ImageError::IoError(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => SHORT.to_owned(),
        ImageError::Limits(_) => "needs more memory than the limit on pixels allows".to_owned(),
        ImageError::Unsupported(e) => format!("is of a form that is not read: {e}"),
        other => format!("is damaged: {}", other.to_string().trim()),
    }
}

#[cfg(test)]
mod tests;
