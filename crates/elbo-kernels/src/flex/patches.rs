//! Between a wide image and the patches a kernel sees of it (im2col and its transpose).
//!
//! Convolution in both directions is a product with the kernel's matrix on one side of these
//! copies. A patch row is `[kh, kw, channels]`, as the weight is, and belongs to one position of
//! the narrow image.

use std::ops::Range;

use burn_flex::FlexTensor;

use super::tensor::dims;
use crate::ConvGeometry;

/// The sizes of one convolution: `wide` is the side the kernel steps over, whichever way it runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) batch: usize,
    pub(super) wide: [usize; 2],
    pub(super) wide_channels: usize,
    pub(super) narrow: [usize; 2],
    pub(super) narrow_channels: usize,
    pub(super) kernel: [usize; 2],
    geometry: ConvGeometry,
}

impl Plan {
    /// The plan that starts at a wide image.
    pub(super) fn from_wide(
        wide: &FlexTensor,
        narrow_channels: usize,
        kernel: [usize; 2],
        geometry: ConvGeometry,
    ) -> Self {
        let [batch, h, w, wide_channels] = dims(wide);
        let narrow = geometry.narrow_size([h, w], kernel);
        Self {
            batch,
            wide: [h, w],
            wide_channels,
            narrow,
            narrow_channels,
            kernel,
            geometry,
        }
    }

    /// The plan that ends at a wide image of the given size.
    pub(super) fn from_narrow(
        narrow: &FlexTensor,
        wide: [usize; 2],
        wide_channels: usize,
        kernel: [usize; 2],
        geometry: ConvGeometry,
    ) -> Self {
        let [batch, oh, ow, narrow_channels] = dims(narrow);
        assert_eq!(
            geometry.narrow_size(wide, kernel),
            [oh, ow],
            "the narrow image of a wide one of {wide:?}"
        );
        Self {
            batch,
            wide,
            wide_channels,
            narrow: [oh, ow],
            narrow_channels,
            kernel,
            geometry,
        }
    }

    /// Numbers in a patch.
    pub(super) fn patch(&self) -> usize {
        self.kernel[0] * self.kernel[1] * self.wide_channels
    }

    /// Numbers in one record's wide image.
    pub(super) fn wide_len(&self) -> usize {
        self.wide[0] * self.wide[1] * self.wide_channels
    }

    /// Numbers in a line (one record's one row of pixels) of the narrow image.
    pub(super) fn narrow_line(&self) -> usize {
        self.narrow[1] * self.narrow_channels
    }

    /// Multiplications behind a line of the narrow image.
    pub(super) fn work_per_line(&self) -> usize {
        self.narrow_line() * self.patch()
    }

    /// Lines of all narrow images.
    pub(super) fn lines(&self) -> usize {
        self.batch * self.narrow[0]
    }

    /// Calls `f(offset in the patch, offset in the record's image, length)` for every run of numbers
    /// that lie together on both sides, padding left out.
    #[inline(always)]
    fn runs(&self, row: usize, column: usize, mut f: impl FnMut(usize, usize, usize)) {
        let ([kh, kw], c) = (self.kernel, self.wide_channels);
        let ([h, w], g) = (self.wide, &self.geometry);
        let (top, left) = (row * g.stride[0], column * g.stride[1]);
        // Kernel columns first..last fall inside the image.
        let first = g.padding[1].saturating_sub(left).min(kw);
        let last = (w + g.padding[1]).saturating_sub(left).min(kw);
        if first >= last {
            return;
        }
        for ky in 0..kh {
            if let Some(y) = (top + ky).checked_sub(g.padding[0]).filter(|&y| y < h) {
                let pixel = y * w + left + first - g.padding[1];
                f((ky * kw + first) * c, pixel * c, (last - first) * c);
            }
        }
    }

    /// Whether a part of the patch lies in the padding.
    fn is_clipped(&self, row: usize, column: usize) -> bool {
        let at = [row, column];
        (0..2).any(|i| {
            let (start, padding) = (at[i] * self.geometry.stride[i], self.geometry.padding[i]);
            start < padding || start + self.kernel[i] > self.wide[i] + padding
        })
    }

    /// The patches of `lines` of the narrow image, one a row; `patches` is overwritten.
    pub(super) fn gather(&self, wide: &[f32], lines: Range<usize>, patches: &mut [f32]) {
        let [height, width] = self.narrow;
        let positions = lines.flat_map(|line| (0..width).map(move |column| (line, column)));
        for ((line, column), patch) in positions.zip(patches.chunks_exact_mut(self.patch().max(1))) {
            let (record, row) = (line / height, line % height);
            let image = &wide[record * self.wide_len()..][..self.wide_len()];
            if self.is_clipped(row, column) {
                patch.fill(0.0);
            }
            self.runs(row, column, |at, from, len| {
                patch[at..at + len].copy_from_slice(&image[from..from + len]);
            });
        }
    }

    /// Adds the patches of `rows` of one record's narrow image to its wide image.
    pub(super) fn scatter_add(&self, patches: &[f32], rows: Range<usize>, image: &mut [f32]) {
        let positions = rows.flat_map(|row| (0..self.narrow[1]).map(move |column| (row, column)));
        for ((row, column), patch) in positions.zip(patches.chunks_exact(self.patch().max(1))) {
            self.runs(row, column, |at, to, len| {
                for (image, patch) in image[to..to + len].iter_mut().zip(&patch[at..at + len]) {
                    *image += patch;
                }
            });
        }
    }
}
