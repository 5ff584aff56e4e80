//! A convolution as products over groups of places that meet the same part of the kernel.

use super::axis::{Axis, Line, Part};
use crate::{
    ConvGeometry,
    flex::tiles::{Element, Panels, Tap, lanes, tile_width},
};

/// The sizes of one convolution: `wide` is the side the kernel steps over, whichever way it runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) batch: usize,
    pub(super) axes: [Axis; 2],
    pub(super) wide_channels: usize,
    pub(super) narrow_channels: usize,
}

/// Places of the output that one product with one kernel works out, for several records.
pub(super) struct Group {
    /// Where the input of each place begins, record by record.
    pub(super) from: Vec<usize>,
    /// Where the output of each place begins.
    pub(super) to: Vec<usize>,
    /// Places in one record.
    pub(super) places: usize,
    pub(super) taps: Vec<Tap>,
    /// Which of the kernels it meets.
    pub(super) kernel: usize,
}

/// An image in memory.
#[derive(Clone, Copy)]
pub(super) struct Image {
    height: usize,
    width: usize,
    channels: usize,
}

impl Image {
    /// Numbers of an image.
    pub(super) fn len(self) -> usize {
        self.height * self.width * self.channels
    }

    pub(super) fn at(self, record: usize, y: usize, x: usize) -> usize {
        ((record * self.height + y) * self.width + x) * self.channels
    }
}

impl Plan {
    /// The plan for images `[batch, _, _, channels]` whose wide side has the size `wide`, and a weight
    /// `[kh, kw, wide channels, narrow channels]`.
    pub(super) fn new(batch: usize, wide: [usize; 2], weight: [usize; 4], geometry: ConvGeometry) -> Self {
        let [kh, kw, wide_channels, narrow_channels] = weight;
        let narrow = geometry.narrow_size(wide, [kh, kw]);
        Self {
            batch,
            axes: std::array::from_fn(|i| Axis {
                wide: wide[i],
                narrow: narrow[i],
                kernel: weight[i],
                stride: geometry.stride[i],
                padding: geometry.padding[i],
            }),
            wide_channels,
            narrow_channels,
        }
    }

    /// The plan for wide images whose places hold elements.
    pub(super) fn of_wide_elements<E: Element>(self) -> Self {
        Self {
            wide_channels: self.wide_channels.div_ceil(E::NUMBERS),
            ..self
        }
    }

    /// The plan for narrow images whose places hold elements.
    pub(super) fn of_narrow_elements<E: Element>(self) -> Self {
        Self {
            narrow_channels: self.narrow_channels.div_ceil(E::NUMBERS),
            ..self
        }
    }

    pub(super) fn wide(&self) -> Image {
        let [y, x] = self.axes;
        Image {
            height: y.wide,
            width: x.wide,
            channels: self.wide_channels,
        }
    }

    pub(super) fn narrow(&self) -> Image {
        let [y, x] = self.axes;
        Image {
            height: y.narrow,
            width: x.narrow,
            channels: self.narrow_channels,
        }
    }

    /// Multiplications behind one record, padding included.
    pub(super) fn work(&self) -> usize {
        let [y, x] = self.axes;
        self.narrow().len() * y.kernel * x.kernel * self.wide_channels
    }

    /// The groups of narrow places, for `records` of them.
    pub(super) fn down(&self, records: usize) -> Vec<Group> {
        let [y, x] = self.axes.map(|axis| axis.down());
        let (from, to, kernel_width) = (self.wide(), self.narrow(), self.axes[1].kernel);
        groups(&y, &x, records, from, to, |y, x, _| {
            let tap = |i: usize| Tap {
                from: i * from.width * from.channels,
                row: ((y.first as usize + i) * kernel_width + x.first as usize) * from.channels,
                len: x.inputs * from.channels,
            };
            ((0..y.inputs).map(tap).collect(), 0)
        })
    }

    /// The kernel that all groups of [`Plan::down`] meet: the weight as it is, in elements of channels.
    pub(super) fn down_kernel<E: Element>(&self, weight: &[f32]) -> Panels<E> {
        let [y, x] = self.axes;
        let (channels, cols) = (self.wide_channels, self.narrow_channels);
        let elements = channels.div_ceil(E::NUMBERS);
        Panels::combine([y.kernel * x.kernel * elements, cols], |row| {
            let (place, first) = (row / elements, row % elements * E::NUMBERS);
            let number = |channel| &weight[(place * channels + channel) * cols..][..cols];
            (number(first), (first + 1 < channels).then(|| number(first + 1)))
        })
    }

    /// The groups of wide places, for `records` of them.
    pub(super) fn up(&self, records: usize) -> Vec<Group> {
        let y_axis = self.axes[0];
        let (y, x) = (y_axis.up(1), self.up_lines());
        let (from, to) = (self.narrow(), self.wide());
        groups(&y, &x, records, from, to, |y, x, index| {
            let tap = |i: usize| Tap {
                from: i * from.width * from.channels,
                row: (y.first as usize - i * y_axis.stride) * x.inputs * from.channels,
                len: x.inputs * from.channels,
            };
            ((0..y.inputs).map(tap).collect(), index)
        })
    }

    fn up_lines(&self) -> Vec<Line> {
        self.axes[1].up(self.block())
    }

    /// The kernel that the groups of each horizontal part meet.
    pub(super) fn up_kernels<E: Element>(&self, weight: &[f32]) -> Vec<Panels<E>> {
        let lines = self.up_lines().into_iter();
        lines.map(|line| self.up_kernel(weight, line.part)).collect()
    }

    /// The kernel turned around for blocks that meet `part` of it: rows `[kernel row, input, element of
    /// narrow channels]`, columns `[place of the block, wide channel]`.
    fn up_kernel<E: Element>(&self, weight: &[f32], part: Part) -> Panels<E> {
        let [y, x] = self.axes;
        let (wide, narrow) = (self.wide_channels, self.narrow_channels);
        let elements = narrow.div_ceil(E::NUMBERS);
        let size = [y.kernel * part.inputs * elements, part.width * wide];
        Panels::pack(size, tile_width(), |row, columns, out| {
            let (ky, input) = (row / elements / part.inputs, row / elements % part.inputs);
            let n = row % elements * E::NUMBERS;
            let numbers = E::NUMBERS.min(narrow - n);
            // Column by column of one place: a division for each number would take longer than its copy.
            let mut start = columns.start;
            while start < columns.end {
                let (place, channel) = (start / wide, start % wide);
                let end = columns.end.min(start - channel + wide);
                let kx = part.first + place as isize - (x.stride * input) as isize;
                if (0..x.kernel as isize).contains(&kx) {
                    let first = (ky * x.kernel + kx as usize) * wide + channel;
                    let from = weight[first * narrow + n..].chunks(narrow);
                    let out = &mut out[start - columns.start..end - columns.start];
                    out.iter_mut()
                        .zip(from)
                        .for_each(|(out, weight)| *out = E::of(&weight[..numbers]));
                }
                start = end;
            }
        })
    }

    /// Wide places that go together: with few channels, several fill a vector that one leaves empty.
    fn block(&self) -> usize {
        let Axis { kernel, stride, .. } = self.axes[1];
        let lanes = lanes();
        let cost = |width: usize| {
            let inputs = (width + kernel - 1).div_ceil(stride).max(1);
            let vectors = (width * self.wide_channels).div_ceil(lanes);
            inputs * vectors * 64 / width
        };
        let widths = std::iter::once(1).chain([1, 2, 4, 8].map(|n| n * stride));
        widths.min_by_key(|&width| cost(width)).unwrap_or(1)
    }
}

/// One group for each pair of a vertical and a horizontal part.
fn groups(
    ys: &[Line],
    xs: &[Line],
    records: usize,
    from: Image,
    to: Image,
    taps: impl Fn(Part, Part, usize) -> (Vec<Tap>, usize),
) -> Vec<Group> {
    let pairs = ys
        .iter()
        .flat_map(|y| xs.iter().enumerate().map(move |(i, x)| (y, i, x)));
    let group = |(y, index, x): (&Line, usize, &Line)| {
        let (taps, kernel) = taps(y.part, x.part, index);
        let places = (0..records).flat_map(|record| {
            let rows = y.places.iter();
            rows.flat_map(move |y| x.places.iter().map(move |x| (record, y, x)))
        });
        let (from, to) = places
            .map(|(record, y, x)| {
                (
                    from.at(record, y.input, x.input),
                    to.at(record, y.output, x.output),
                )
            })
            .unzip();
        Group {
            from,
            to,
            places: y.places.len() * x.places.len(),
            taps,
            kernel,
        }
    };
    pairs.map(group).collect()
}
