//! The loop that the location-scale likelihoods share, and the broadcasting of their scale.

use burn_flex::FlexTensor;
use rayon::prelude::*;

use super::{
    rows::{BLOCK, Term, rows_per_piece, sum, sum_in_order, sum_terms},
    tensor::{contiguous, dims, tensor, values},
};

/// A likelihood of one element: `term` is log p(x) given its mean, the logarithm s of its scale or
/// variance, and x.
pub(super) trait LocationScale: Term {
    /// d log p / d mean and d log p / d s; `#[inline(always)]`.
    fn grad(mean: f32, s: f32, x: f32) -> (f32, f32);
}

/// The logarithms of scale, broadcast along a row but not over the rows.
struct Scale {
    values: Vec<f32>,
    /// One row serves all records.
    shared: bool,
    width: usize,
}

impl Scale {
    fn new(s: &FlexTensor, width: usize) -> Self {
        let [rows, cols] = dims(s);
        let repeat = if cols == 1 { width } else { 1 };
        let values = values(s)
            .iter()
            .flat_map(|&s| std::iter::repeat_n(s, repeat))
            .collect();
        Self {
            values,
            shared: rows == 1,
            width,
        }
    }

    fn row(&self, i: usize) -> &[f32] {
        let start = if self.shared { 0 } else { i * self.width };
        &self.values[start..start + self.width]
    }
}

/// Σ_d log p(x) of each row.
pub(super) fn log_prob<L: LocationScale>(mean: FlexTensor, s: FlexTensor, x: FlexTensor) -> FlexTensor {
    let (mean, s, x) = (contiguous(mean), contiguous(s), contiguous(x));
    let [batch, d] = dims(&mean);
    let scale = Scale::new(&s, d);
    let rows = rows_per_piece(batch, d);
    let mut out = vec![0.0; batch];
    out.par_chunks_mut(rows).enumerate().for_each(|(piece, out)| {
        log_prob_rows::<L>(out, piece * rows, values(&mean), &scale, values(&x));
    });
    tensor(out, [batch])
}

vectorised! {
    fn log_prob_rows<L: LocationScale>(
        out: &mut [f32], first: usize, mean: &[f32], scale: &Scale, x: &[f32],
    ) {
        let d = scale.width;
        for (i, out) in (first..).zip(out) {
            let row = i * d..(i + 1) * d;
            *out = sum_terms::<L>(&mean[row.clone()], scale.row(i), &x[row]);
        }
    }
}

/// The gradients with respect to the mean and s, times each row's incoming gradient.
///
/// Where s is shared its gradient is summed over rows, piece after piece, then along the row.
pub(super) fn grad<L: LocationScale>(
    mean: FlexTensor,
    s: FlexTensor,
    x: FlexTensor,
    g: FlexTensor,
) -> (FlexTensor, FlexTensor) {
    let (mean, s, x, g) = (contiguous(mean), contiguous(s), contiguous(x), contiguous(g));
    let [batch, d] = dims(&mean);
    let scale = Scale::new(&s, d);
    let rows = rows_per_piece(batch, d);
    let mut by_mean = vec![0.0; batch * d];
    let by_s_rows = if scale.shared { batch.div_ceil(rows) } else { batch };
    let mut by_s = vec![0.0; by_s_rows * d];
    let by_s_piece = if scale.shared { 1 } else { rows } * d.max(1);
    let outputs = by_mean
        .par_chunks_mut(rows * d.max(1))
        .zip(by_s.par_chunks_mut(by_s_piece));
    outputs.enumerate().for_each(|(piece, (by_mean, by_s))| {
        let inputs = Inputs {
            first: piece * rows,
            mean: values(&mean),
            scale: &scale,
            x: values(&x),
        };
        grad_rows::<L>(by_mean, by_s, inputs, &values(&g)[piece * rows..]);
    });
    let shape = dims::<2>(&s);
    let by_s = reduce(by_s, &scale, shape);
    (tensor(by_mean, [batch, d]), tensor(by_s, shape))
}

/// What the gradient of a piece of rows reads.
struct Inputs<'a> {
    /// Number of the piece's first row.
    first: usize,
    mean: &'a [f32],
    scale: &'a Scale,
    x: &'a [f32],
}

vectorised! {
    fn grad_rows<L: LocationScale>(
        by_mean: &mut [f32], by_s: &mut [f32], inputs: Inputs<'_>, g: &[f32],
    ) {
        let d = inputs.scale.width;
        for ((i, by_mean), g) in by_mean.chunks_exact_mut(d).enumerate().zip(g) {
            let record = inputs.first + i;
            let by_s = if inputs.scale.shared { &mut *by_s } else { &mut by_s[i * d..(i + 1) * d] };
            let row = record * d..(record + 1) * d;
            let (mean, s, x) = (&inputs.mean[row.clone()], inputs.scale.row(record), &inputs.x[row]);
            let inputs = mean.chunks(BLOCK).zip(s.chunks(BLOCK)).zip(x.chunks(BLOCK));
            let outputs = by_mean.chunks_mut(BLOCK).zip(by_s.chunks_mut(BLOCK));
            for (((mean, s), x), (by_mean, by_s)) in inputs.zip(outputs) {
                grad_block::<L>(by_mean, by_s, [mean, s, x], *g);
            }
        }
    }
}

/// by_mean = g d/dmean and by_s += g d/ds over at most one block.
#[inline(always)]
fn grad_block<L: LocationScale>(by_mean: &mut [f32], by_s: &mut [f32], inputs: [&[f32]; 3], g: f32) {
    let [mean, s, x] = inputs;
    let (mut to_mean, mut to_s) = ([0.0; BLOCK], [0.0; BLOCK]);
    let outputs = to_mean.iter_mut().zip(&mut to_s);
    for ((((to_mean, to_s), mean), s), x) in outputs.zip(mean).zip(s).zip(x) {
        (*to_mean, *to_s) = L::grad(*mean, *s, *x);
    }
    for (by_mean, to_mean) in by_mean.iter_mut().zip(&to_mean) {
        *by_mean = g * to_mean;
    }
    for (by_s, to_s) in by_s.iter_mut().zip(&to_s) {
        *by_s += g * to_s;
    }
}

/// Sums what was broadcast: over pieces of rows where s is shared, along rows where it has one column.
fn reduce(by_s: Vec<f32>, scale: &Scale, [_, cols]: [usize; 2]) -> Vec<f32> {
    let by_s = if scale.shared {
        sum_in_order(&by_s, scale.width)
    } else {
        by_s
    };
    if cols == scale.width {
        return by_s;
    }
    if scale.width == 0 {
        return vec![0.0; if scale.shared { 1 } else { 0 }];
    }
    by_s.chunks_exact(scale.width).map(sum).collect()
}
