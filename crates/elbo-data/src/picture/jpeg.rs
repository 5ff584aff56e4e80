//! Whether a jpeg file is whole: decoders fill what is missing with gray and call it a picture.
//!
//! A jpeg is a chain of segments, each led by the byte FF and a marker (ITU-T T.81, annex B). Walking the
//! chain to its end marker shows that nothing is missing, whatever follows it; looking for the two
//! bytes of the end marker would not do, for a preview inside the file has one too.

/// Start of image, and restart markers: a marker without a body.
const BARE: std::ops::RangeInclusive<u8> = 0xD0..=0xD8;
/// End of image.
const END: u8 = 0xD9;
/// Start of scan: its header is followed by compressed data without a length.
const SCAN: u8 = 0xDA;

/// Whether the chain of segments reaches the end marker.
pub(super) fn is_whole(bytes: &[u8]) -> bool {
    let mut at = 0;
    loop {
        let Some(marker) = marker(bytes, &mut at) else {
            return false;
        };
        match marker {
            END => return true,
            marker if BARE.contains(&marker) => {}
            marker => {
                let Some(length) = bytes.get(at..at + 2) else {
                    return false;
                };
                at += usize::from(u16::from_be_bytes([length[0], length[1]]));
                if marker == SCAN {
                    at = end_of_scan(bytes, at);
                }
            }
        }
    }
}

/// The marker at `at`, which is moved behind it. Extra FF bytes before a marker are allowed.
fn marker(bytes: &[u8], at: &mut usize) -> Option<u8> {
    let skipped = bytes.get(*at..)?.iter().position(|byte| *byte == 0xFF)?;
    *at += skipped;
    let fill = bytes.get(*at..)?.iter().position(|byte| *byte != 0xFF)?;
    *at += fill + 1;
    bytes.get(*at - 1).copied()
}

/// Where the next marker begins: in compressed data FF is followed by 00 or a restart marker.
fn end_of_scan(bytes: &[u8], start: usize) -> usize {
    let Some(data) = bytes.get(start..) else {
        return bytes.len();
    };
    let ends = |pair: &[u8]| pair[0] == 0xFF && !matches!(pair[1], 0x00 | 0xD0..=0xD7 | 0xFF);
    data.windows(2)
        .position(ends)
        .map_or(bytes.len(), |offset| start + offset)
}
