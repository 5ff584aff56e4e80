//! The pixels of each part of an image.

use super::{ImageShape, Region};

impl Region {
    /// Whether it is the whole image.
    pub fn is_whole(&self) -> bool {
        *self == Self::Whole
    }

    /// The region with this name, such as `left` or `not-bottom-right`.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|region| region.name() == name)
    }

    /// Its name, as in a config.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Left => "left",
            Self::Right => "right",
            Self::Top => "top",
            Self::Bottom => "bottom",
            Self::TopLeft => "top-left",
            Self::TopRight => "top-right",
            Self::BottomLeft => "bottom-left",
            Self::BottomRight => "bottom-right",
            Self::NotTopLeft => "not-top-left",
            Self::NotTopRight => "not-top-right",
            Self::NotBottomLeft => "not-bottom-left",
            Self::NotBottomRight => "not-bottom-right",
        }
    }

    /// Every region.
    pub const ALL: [Self; 13] = [
        Self::Whole,
        Self::Left,
        Self::Right,
        Self::Top,
        Self::Bottom,
        Self::TopLeft,
        Self::TopRight,
        Self::BottomLeft,
        Self::BottomRight,
        Self::NotTopLeft,
        Self::NotTopRight,
        Self::NotBottomLeft,
        Self::NotBottomRight,
    ];

    /// The region of all other pixels; none for the whole image.
    pub fn rest(&self) -> Option<Self> {
        Some(match self {
            Self::Whole => return None,
            Self::Left => Self::Right,
            Self::Right => Self::Left,
            Self::Top => Self::Bottom,
            Self::Bottom => Self::Top,
            Self::TopLeft => Self::NotTopLeft,
            Self::TopRight => Self::NotTopRight,
            Self::BottomLeft => Self::NotBottomLeft,
            Self::BottomRight => Self::NotBottomRight,
            Self::NotTopLeft => Self::TopLeft,
            Self::NotTopRight => Self::TopRight,
            Self::NotBottomLeft => Self::BottomLeft,
            Self::NotBottomRight => Self::BottomRight,
        })
    }

    /// Whether the region holds the pixel in this row and column; the middle row and column of odd sides
    /// belong to the lower and the right half.
    pub fn holds(&self, shape: &ImageShape, row: usize, column: usize) -> bool {
        let (top, left) = (row < shape.height / 2, column < shape.width / 2);
        match self {
            Self::Whole => true,
            Self::Left => left,
            Self::Right => !left,
            Self::Top => top,
            Self::Bottom => !top,
            Self::TopLeft => top && left,
            Self::TopRight => top && !left,
            Self::BottomLeft => !top && left,
            Self::BottomRight => !top && !left,
            Self::NotTopLeft => !(top && left),
            Self::NotTopRight => !top || left,
            Self::NotBottomLeft => top || !left,
            Self::NotBottomRight => !(!top && !left),
        }
    }

    /// Indices of the region's values in the image, `[height, width, channels]` laid out flat.
    pub fn places(&self, shape: &ImageShape) -> Vec<usize> {
        (0..shape.len())
            .filter(|place| {
                let pixel = place / shape.channels.max(1);
                self.holds(shape, pixel / shape.width.max(1), pixel % shape.width.max(1))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: ImageShape = ImageShape {
        height: 2,
        width: 3,
        channels: 2,
    };

    #[test]
    fn places_by_hand() {
        // rows of three pixels, two values each; the left half of three columns is one column
        assert_eq!(Region::Left.places(&SHAPE), [0, 1, 6, 7]);
        assert_eq!(Region::BottomRight.places(&SHAPE), [8, 9, 10, 11]);
        assert_eq!(
            Region::NotTopLeft.places(&SHAPE),
            [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]
        );
    }

    #[test]
    fn a_region_and_its_rest_are_the_image() {
        for region in Region::ALL {
            assert_eq!(Region::named(region.name()), Some(region));
            let mut places = region.places(&SHAPE);
            places.extend(region.rest().iter().flat_map(|rest| rest.places(&SHAPE)));
            places.sort_unstable();
            assert_eq!(places, (0..12).collect::<Vec<_>>(), "{region:?}");
        }
    }
}
