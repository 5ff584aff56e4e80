//! The gradient of a convolution's kernel: for each number of it, the wide places it met times the
//! narrow ones.

use std::ops::Range;

use burn_flex::FlexTensor;
use rayon::prelude::*;

use super::{
    axis::{Line, Part},
    plan::Plan,
};
use crate::{
    ConvGeometry, Precision,
    flex::{
        rows::sum_in_order,
        tensor::{contiguous, dims, tensor, values},
        tiles::Outer,
    },
};

/// Rows of the kernel's matrix in a piece: with the places of a block they fit the L1 cache.
const ROWS_PER_PIECE: usize = 64;
/// Pieces wanted, so that threads can share a small kernel: the places are divided where its rows
/// do not give as many.
const PIECES: usize = 16;
/// Numbers of all partial sums together at most, as adding them up costs as much as they weigh.
const PARTIAL_SUMS: usize = 1 << 16;

/// The gradient of ⟨narrow, down(wide, W)⟩ with respect to W.
pub(in crate::flex) fn grad_weight(
    wide: FlexTensor,
    narrow: FlexTensor,
    kernel: [usize; 2],
    geometry: ConvGeometry,
    precision: Precision,
) -> FlexTensor {
    let (wide, narrow) = (contiguous(wide), contiguous(narrow));
    let ([batch, h, w, wide_channels], [_, _, _, channels]) = (dims(&wide), dims(&narrow));
    let [kh, kw] = kernel;
    let plan = Plan::new(batch, [h, w], [kh, kw, wide_channels, channels], geometry);
    let columns = columns(&plan, precision);
    // The gradient is a matrix of kh blocks of `rows` rows.
    let rows = kw * wide_channels;
    let len = kh * rows * channels;
    let pieces = kh * rows.div_ceil(ROWS_PER_PIECE);
    let parts = (PIECES / pieces.max(1)).min(PARTIAL_SUMS / len.max(1)).max(1);

    let mut sums = vec![0.0; parts * len];
    let blocks = sums.chunks_mut((rows * channels).max(1)).enumerate();
    let work: Vec<_> = blocks
        .flat_map(|(i, block)| {
            let pieces = block.chunks_mut((ROWS_PER_PIECE * channels).max(1)).enumerate();
            pieces.map(move |(piece, sum)| (i / kh, i % kh, piece * ROWS_PER_PIECE, sum))
        })
        .collect();
    work.into_par_iter()
        .with_max_len(1)
        .for_each(|(part, ky, start, sum)| {
            let rows = start..start + sum.len() / channels;
            for column in &columns {
                column.add(
                    &plan,
                    ky,
                    [part, parts],
                    rows.clone(),
                    [values(&wide), values(&narrow)],
                    sum,
                );
            }
        });
    tensor(sum_in_order(&sums, len), [kh, kw, wide_channels, channels])
}

/// Narrow places that meet the same part of each row of the kernel: those of some columns, in all
/// rows of all records, row by row.
struct Column {
    part: Part,
    /// Places of a row, in all records.
    places: usize,
    /// Where the wide places that the kernel's first row meets would begin without padding above.
    wide: Vec<usize>,
    narrow: Vec<usize>,
    precision: Precision,
}

fn columns(plan: &Plan, precision: Precision) -> Vec<Column> {
    let [y, x] = plan.axes;
    let (wide, narrow) = (plan.wide(), plan.narrow());
    let column = |line: Line| {
        let places = (0..y.narrow).flat_map(|row| {
            let records = 0..plan.batch;
            records.flat_map({
                let places = &line.places;
                move |record| places.iter().map(move |place| (record, row, place))
            })
        });
        let (wide, narrow) = places
            .map(|(record, row, place)| {
                let from = wide.at(record, row * y.stride, place.input);
                (from, narrow.at(record, row, place.output))
            })
            .unzip();
        Column {
            part: line.part,
            places: plan.batch * line.places.len(),
            wide,
            narrow,
            precision,
        }
    };
    x.down().into_iter().map(column).collect()
}

impl Column {
    /// Adds the contribution of these places to `rows` of the gradient's block `ky`: share
    /// `part` of `parts` of it.
    fn add(
        &self,
        plan: &Plan,
        ky: usize,
        [part, parts]: [usize; 2],
        rows: Range<usize>,
        [wide, narrow]: [&[f32]; 2],
        sum: &mut [f32],
    ) {
        let (y, channels) = (plan.axes[0], plan.wide_channels);
        let first = self.part.first as usize * channels;
        let met = rows.start.max(first)..rows.end.min(first + self.part.inputs * channels);
        let lines = y.narrow_with(ky);
        let (start, len) = (lines.start * self.places, lines.len() * self.places);
        let share = start + len * part / parts..start + len * (part + 1) / parts;
        if met.is_empty() || share.is_empty() {
            return;
        }
        let line = (plan.wide().len() / y.wide) as isize;
        let sum_rows =
            (met.start - rows.start) * plan.narrow_channels..(met.end - rows.start) * plan.narrow_channels;
        Outer {
            a: wide,
            a_at: &self.wide[share.clone()],
            shift: (ky as isize - y.padding as isize) * line + (met.start - first) as isize,
            b: narrow,
            b_at: &self.narrow[share],
            rows: met.len(),
            cols: plan.narrow_channels,
            sum: &mut sum[sum_rows],
        }
        .run(self.precision);
    }
}
