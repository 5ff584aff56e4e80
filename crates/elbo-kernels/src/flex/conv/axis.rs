//! Which elements of the kernel are multiplied with which pixels, along one axis.
//!
//! A convolution has a wide image and a narrow one, which takes every `stride`-th step of the wide one. A place is an
//! index of the output. A place at the border is multiplied with a part of the kernel alone, and with a stride s
//! every s-th place of the wide image with the same part. Places with the same part form one [`Line`], so that
//! padding costs nothing.

use std::ops::Range;

/// One axis of a convolution.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    pub(super) wide: usize,
    pub(super) narrow: usize,
    pub(super) kernel: usize,
    pub(super) stride: usize,
    pub(super) padding: usize,
}

/// Places of the output that are multiplied with the same part of the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) part: Part,
    pub(super) places: Vec<Place>,
}

/// What a place, or a block of `width` places that go together, meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// Index of the kernel where the first input meets the first place of the block.
    pub(super) first: isize,
    /// Inputs that are met, one after the other.
    pub(super) inputs: usize,
    pub(super) width: usize,
}

/// The first output of a block, and the first input it meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) output: usize,
    pub(super) input: usize,
}

impl Axis {
    /// Narrow places, each with the wide places that its kernel covers: input i meets the kernel at
    /// `first + i`.
    pub(super) fn down(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        for output in 0..self.narrow {
            let start = output * self.stride;
            let first = self.padding.saturating_sub(start).min(self.kernel);
            let end = (self.wide + self.padding).saturating_sub(start).min(self.kernel);
            let inputs = end.saturating_sub(first);
            let part = Part {
                first: if inputs == 0 { 0 } else { first as isize },
                inputs,
                width: 1,
            };
            let input = if inputs == 0 {
                0
            } else {
                start + first - self.padding
            };
            add(&mut lines, part, Place { output, input });
        }
        lines
    }

    /// Wide places in blocks of `width`, each with the narrow places that reach one of the block:
    /// input i meets place q of the block at `first + q - stride i`, where the kernel has that.
    pub(super) fn up(&self, width: usize) -> Vec<Line> {
        let mut lines = Vec::new();
        let mut output = 0;
        while output < self.wide {
            // Blocks end where the kernel of a narrow place begins: fewest inputs reach a block.
            let end = ((output + self.padding) / width + 1) * width - self.padding;
            let end = end.min(self.wide);
            let input = (output + self.padding + 1)
                .saturating_sub(self.kernel)
                .div_ceil(self.stride);
            let inputs = ((end - 1 + self.padding) / self.stride + 1)
                .min(self.narrow)
                .saturating_sub(input);
            let first = (output + self.padding) as isize - (self.stride * input) as isize;
            let part = Part {
                first: if inputs == 0 { 0 } else { first },
                inputs,
                width: end - output,
            };
            let input = if inputs == 0 { 0 } else { input };
            add(&mut lines, part, Place { output, input });
            output = end;
        }
        lines
    }

    /// The narrow places whose kernel has its number `k` inside the wide image.
    pub(super) fn narrow_with(&self, k: usize) -> Range<usize> {
        let start = self.padding.saturating_sub(k).div_ceil(self.stride);
        let end = (self.wide + self.padding).saturating_sub(k).div_ceil(self.stride);
        let end = end.min(self.narrow);
        start.min(end)..end
    }
}

fn add(lines: &mut Vec<Line>, part: Part, place: Place) {
    match lines.iter_mut().find(|line| line.part == part) {
        Some(line) => line.places.push(place),
        None => lines.push(Line {
            part,
            places: vec![place],
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every small axis.
    fn axes() -> impl Iterator<Item = Axis> {
        let sizes = (1..7).flat_map(|wide| (1..6).map(move |kernel| (wide, kernel)));
        let steps = sizes.flat_map(|size| (1..4).map(move |stride| (size, stride)));
        steps
            .flat_map(|(size, stride)| (0..6).map(move |padding| (size, stride, padding)))
            .filter(|((wide, kernel), _, padding)| wide + 2 * padding >= *kernel)
            .map(|((wide, kernel), stride, padding)| Axis {
                wide,
                narrow: (wide + 2 * padding - kernel) / stride + 1,
                kernel,
                stride,
                padding,
            })
    }

    /// (narrow, wide, kernel) that belong together: wide = narrow stride + kernel - padding.
    fn meetings(axis: &Axis) -> Vec<[usize; 3]> {
        let pairs = (0..axis.narrow).flat_map(|n| (0..axis.kernel).map(move |k| (n, k)));
        pairs
            .filter_map(|(n, k)| (n * axis.stride + k).checked_sub(axis.padding).map(|w| [n, w, k]))
            .filter(|[_, w, _]| *w < axis.wide)
            .collect()
    }

    #[test]
    fn down_meets_every_pair_once() {
        for axis in axes() {
            let mut met = Vec::new();
            for Line { part, places } in axis.down() {
                for (place, i) in places.iter().flat_map(|p| (0..part.inputs).map(move |i| (p, i))) {
                    met.push([place.output, place.input + i, part.first as usize + i]);
                }
            }
            met.sort_unstable();
            assert_eq!(met, meetings(&axis), "{axis:?}");
        }
    }

    #[test]
    fn up_meets_every_pair_once_and_covers_the_axis() {
        for (axis, width) in axes().flat_map(|axis| [1, 2, 3, 4].map(|width| (axis, width))) {
            let (mut met, mut covered) = (Vec::new(), vec![0; axis.wide]);
            for Line { part, places } in axis.up(width) {
                for (place, q) in places.iter().flat_map(|p| (0..part.width).map(move |q| (p, q))) {
                    covered[place.output + q] += 1;
                    for i in 0..part.inputs {
                        let k = part.first + q as isize - (axis.stride * i) as isize;
                        if (0..axis.kernel as isize).contains(&k) {
                            met.push([place.input + i, place.output + q, k as usize]);
                        }
                    }
                }
            }
            met.sort_unstable();
            assert_eq!(met, meetings(&axis), "{axis:?} in blocks of {width}");
            assert_eq!(covered, vec![1; axis.wide], "{axis:?} in blocks of {width}");
        }
    }

    #[test]
    fn a_number_of_the_kernel_meets_a_range() {
        for axis in axes() {
            for k in 0..axis.kernel {
                let of_k: Vec<usize> = meetings(&axis)
                    .iter()
                    .filter(|m| m[2] == k)
                    .map(|m| m[0])
                    .collect();
                assert_eq!(axis.narrow_with(k).collect::<Vec<_>>(), of_k, "{axis:?}, {k}");
            }
        }
    }
}
