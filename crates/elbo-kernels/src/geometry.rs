//! The geometry of a convolution: how its kernel steps, and the sizes that follow.

/// How a kernel steps over an image, `[vertical, horizontal]` each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConvGeometry {
    /// Step of the kernel on the wide side, at least 1.
    pub stride: [usize; 2],
    /// Zeros added on both sides of the wide image.
    pub padding: [usize; 2],
    /// Transposed convolution only: extra rows and columns at the bottom and right, less than the stride.
    pub output_padding: [usize; 2],
}

impl ConvGeometry {
    /// Size of a convolution's output for a `wide` image: ⌊(h + 2 padding - kh) / stride⌋ + 1,
    /// or 0 where the kernel does not fit or the stride is 0.
    pub fn narrow_size(&self, wide: [usize; 2], kernel: [usize; 2]) -> [usize; 2] {
        std::array::from_fn(|i| {
            let room = (wide[i] + 2 * self.padding[i]).checked_sub(kernel[i]);
            room.and_then(|room| room.checked_div(self.stride[i]))
                .map_or(0, |steps| steps + 1)
        })
    }

    /// Size of a transposed convolution's output for a `narrow` image:
    /// (h - 1) stride - 2 padding + kh + output_padding, or 0 where the padding leaves nothing.
    pub fn wide_size(&self, narrow: [usize; 2], kernel: [usize; 2]) -> [usize; 2] {
        std::array::from_fn(|i| {
            let full = narrow[i].checked_sub(1).map(|n| n * self.stride[i] + kernel[i]);
            full.map_or(0, |full| {
                (full + self.output_padding[i]).saturating_sub(2 * self.padding[i])
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn geometry(stride: usize, padding: usize, output_padding: usize) -> ConvGeometry {
        let both = |n| [n, n];
        ConvGeometry {
            stride: both(stride),
            padding: both(padding),
            output_padding: both(output_padding),
        }
    }

    #[test]
    fn sizes_follow_the_formulas() {
        assert_eq!(geometry(2, 1, 0).narrow_size([64, 63], [4, 4]), [32, 31]);
        assert_eq!(geometry(2, 1, 0).wide_size([32, 31], [4, 4]), [64, 62]);
        assert_eq!(geometry(2, 1, 1).wide_size([4, 4], [3, 3]), [8, 8]);
        assert_eq!(geometry(1, 0, 0).narrow_size([2, 3], [3, 3]), [0, 1]); // the kernel does not fit
        assert_eq!(geometry(0, 0, 0).narrow_size([4, 4], [2, 2]), [0, 0]);
    }
}
