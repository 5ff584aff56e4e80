//! The log-mass of intervals under mixtures of logistic distributions and its gradient, one pass over the parameters each.
//!
//! Some intervals go together, each parameter of theirs a column of its own: vectors are full whatever the number of
//! components, sums over components need no shuffling, and no interval sees what it shares a vector with.

use burn_flex::FlexTensor;
use rayon::prelude::*;

use super::{
    math::{exp, ln, one_minus_exp_neg, softplus_sigmoid},
    rows::rows_per_piece,
    tensor::{contiguous, dims, tensor, values},
};
use crate::mixture::{
    LEAST_WIDTH, MIXTURE_END, MIXTURE_LEAST_SCALE, MIXTURE_SCALE, MIXTURE_SCALE_SHIFT, PARAMETERS,
};

/// Intervals that go together.
const LANES: usize = 32;

/// A number of each of them.
type Column = [f32; LANES];

/// The log-mass of each interval.
pub(super) fn log_mass(parameters: FlexTensor, low: FlexTensor, high: FlexTensor) -> FlexTensor {
    let (parameters, low, high) = (contiguous(parameters), contiguous(low), contiguous(high));
    let [batch, n, width] = dims(&parameters);
    let rows = rows_per_piece(batch * n, width);
    let mut out = vec![0.0; batch * n];
    let ends = values(&low).par_chunks(rows).zip(values(&high).par_chunks(rows));
    let inputs = values(&parameters).par_chunks(rows * width).zip(ends);
    let pieces = out.par_chunks_mut(rows).zip(inputs);
    pieces.for_each(|(out, (parameters, (low, high)))| log_mass_rows(out, parameters, width, [low, high]));
    tensor(out, [batch, n])
}

/// Its gradient with respect to the parameters, times each interval's incoming gradient.
pub(super) fn grad(parameters: FlexTensor, low: FlexTensor, high: FlexTensor, g: FlexTensor) -> FlexTensor {
    let (low, high, g) = (contiguous(low), contiguous(high), contiguous(g));
    let mut parameters = contiguous(parameters);
    let [batch, n, width] = dims(&parameters);
    let rows = rows_per_piece(batch * n, width);
    let ends = values(&low).par_chunks(rows).zip(values(&high).par_chunks(rows));
    let inputs = ends.zip(values(&g).par_chunks(rows));
    let outputs = parameters.storage_mut::<f32>().par_chunks_mut(rows * width);
    let pieces = outputs.zip(inputs);
    pieces.for_each(|(parameters, ((low, high), g))| grad_rows(parameters, width, [low, high], g));
    parameters
}

vectorised! {
    fn log_mass_rows(out: &mut [f32], parameters: &[f32], width: usize, ends: [&[f32]; 2]) {
        let mut block = Block::new(width);
        let [low, high] = ends.map(|end| end.chunks(LANES));
        let inputs = parameters.chunks(LANES * width).zip(low.zip(high));
        for (out, (parameters, (low, high))) in out.chunks_mut(LANES).zip(inputs) {
            block.load(parameters, low, high);
            out.copy_from_slice(&block.log_mass()[..out.len()]);
        }
    }
}

vectorised! {
    fn grad_rows(parameters: &mut [f32], width: usize, ends: [&[f32]; 2], g: &[f32]) {
        let mut block = Block::new(width);
        let [low, high] = ends.map(|end| end.chunks(LANES));
        let inputs = low.zip(high).zip(g.chunks(LANES));
        for (parameters, ((low, high), g)) in parameters.chunks_mut(LANES * width).zip(inputs) {
            block.load(parameters, low, high);
            block.grad(g);
            block.store(parameters);
        }
    }
}

/// Intervals with their parameters. Lanes without an interval hold numbers that nobody reads.
struct Block {
    /// Logits, locations and parameters of the scales.
    columns: Vec<Column>,
    /// ln π_j + ln [σ(A_j) - σ(B_j)] of each component, but for a number that they share; then its share of the mass.
    terms: Vec<Column>,
    low: Column,
    high: Column,
}

impl Block {
    fn new(width: usize) -> Self {
        Self {
            columns: vec![[0.0; LANES]; width],
            terms: vec![[0.0; LANES]; width / PARAMETERS],
            low: [0.0; LANES],
            high: [0.0; LANES],
        }
    }

    #[inline(always)]
    fn load(&mut self, parameters: &[f32], low: &[f32], high: &[f32]) {
        for (lane, row) in parameters.chunks_exact(self.columns.len()).enumerate() {
            for (column, parameter) in self.columns.iter_mut().zip(row) {
                column[lane] = *parameter;
            }
        }
        self.low[..low.len()].copy_from_slice(low);
        self.high[..high.len()].copy_from_slice(high);
    }

    #[inline(always)]
    fn store(&self, parameters: &mut [f32]) {
        for (lane, row) in parameters.chunks_exact_mut(self.columns.len()).enumerate() {
            for (column, parameter) in self.columns.iter().zip(row) {
                *parameter = column[lane];
            }
        }
    }

    /// The log-masses; nothing else that the block holds is of use afterwards.
    #[inline(always)]
    fn log_mass(&mut self) -> Column {
        let (logits, others) = self.columns.split_at_mut(self.terms.len());
        let (locations, scales) = others.split_at(self.terms.len());
        lower_to_zero(logits);
        let components = logits.iter().zip(locations).zip(scales);
        for (term, ((logit, location), scale)) in self.terms.iter_mut().zip(components) {
            let mut sum = [0.0; LANES];
            for i in 0..LANES {
                sum[i] = logit[i] + component(location[i], scale[i], self.low[i], self.high[i]).0;
            }
            *term = sum;
        }
        let (mut log_mass, log_sum) = (softmax(&mut self.terms), softmax(logits));
        for (log_mass, log_sum) in log_mass.iter_mut().zip(log_sum) {
            *log_mass -= log_sum;
        }
        log_mass
    }

    /// Puts the gradients in the place of the parameters.
    #[inline(always)]
    fn grad(&mut self, g: &[f32]) {
        self.differentiate();
        let (logits, others) = self.columns.split_at_mut(self.terms.len());
        let (locations, scales) = others.split_at_mut(self.terms.len());
        softmax(&mut self.terms);
        softmax(logits);
        let mut incoming = [0.0; LANES];
        incoming[..g.len()].copy_from_slice(g);
        let components = logits.iter_mut().zip(locations).zip(scales);
        for (share, ((logit, location), scale)) in self.terms.iter().zip(components) {
            for i in 0..LANES {
                logit[i] = incoming[i] * (share[i] - logit[i]);
                location[i] *= incoming[i] * share[i];
                scale[i] *= incoming[i] * share[i];
            }
        }
    }

    /// Fills the terms, and puts the derivatives of each component's own log-mass in the place of its location and its
    /// scale's parameter.
    #[inline(always)]
    fn differentiate(&mut self) {
        let (logits, others) = self.columns.split_at_mut(self.terms.len());
        let (locations, scales) = others.split_at_mut(self.terms.len());
        lower_to_zero(logits);
        let components = logits.iter().zip(locations).zip(scales);
        for (term, ((logit, location), scale)) in self.terms.iter_mut().zip(components) {
            // Buffers of its own, which the compiler knows to be apart from what it reads.
            let [mut sum, mut by_location, mut by_scale] = [[0.0; LANES]; 3];
            for i in 0..LANES {
                let own;
                (own, by_location[i], by_scale[i]) =
                    component(location[i], scale[i], self.low[i], self.high[i]);
                sum[i] = logit[i] + own;
            }
            (*term, *location, *scale) = (sum, by_location, by_scale);
        }
    }
}

/// ln [σ(A) - σ(B)] of one component, and its derivatives with respect to the location and the parameter of the scale.
///
/// With δ = A - B it is -softplus(-A) - softplus(B) + log(1 - e^-δ), a sum of well-conditioned terms. An infinite end
/// leaves out its own term and the last.
#[inline(always)]
fn component(location: f32, scale: f32, low: f32, high: f32) -> (f32, f32, f32) {
    let (softplus, slope) = softplus_sigmoid(scale + MIXTURE_SCALE_SHIFT);
    let inverse_scale = 1.0 / (MIXTURE_SCALE * softplus + MIXTURE_LEAST_SCALE);
    let has_low = if low.abs() < MIXTURE_END { 1.0 } else { 0.0 };
    let has_high = if high.abs() < MIXTURE_END { 1.0 } else { 0.0 };
    // An infinite number would make 0 · ∞.
    let low = low.clamp(-MIXTURE_END, MIXTURE_END);
    let high = high.clamp(-MIXTURE_END, MIXTURE_END);
    let (a, b) = (
        (high - location) * inverse_scale,
        (low - location) * inverse_scale,
    );
    let delta = ((high - low) * inverse_scale).max(LEAST_WIDTH);
    let width = one_minus_exp_neg(delta);
    let ((above, by_a), (below, by_b)) = (softplus_sigmoid(-a), softplus_sigmoid(b));
    let (by_a, by_b) = (has_high * by_a, -has_low * by_b);
    let by_log_delta = has_high * has_low * delta * (1.0 - width) / width;
    (
        has_high * has_low * ln(width) - has_high * above - has_low * below,
        -inverse_scale * (by_a + by_b),
        -inverse_scale * MIXTURE_SCALE * slope * (a * by_a + b * by_b + by_log_delta),
    )
}

/// Takes the largest of `columns` from each of them, lane by lane, and returns it.
#[inline(always)]
fn lower_to_zero(columns: &mut [Column]) -> Column {
    let mut top = [f32::NEG_INFINITY; LANES];
    for column in &*columns {
        for (top, number) in top.iter_mut().zip(column) {
            *top = if *number > *top { *number } else { *top };
        }
    }
    for column in columns {
        for (number, top) in column.iter_mut().zip(&top) {
            *number -= top;
        }
    }
    top
}

/// Puts e^a / Σ e^a in the place of each of `columns`, lane by lane; returns ln Σ e^a.
#[inline(always)]
fn softmax(columns: &mut [Column]) -> Column {
    let mut log_sum = lower_to_zero(columns);
    let mut sum = [0.0; LANES];
    for column in &mut *columns {
        for (number, sum) in column.iter_mut().zip(&mut sum) {
            *number = exp(*number);
            *sum += *number;
        }
    }
    for (log_sum, sum) in log_sum.iter_mut().zip(&mut sum) {
        *log_sum += ln(*sum);
        *sum = 1.0 / *sum;
    }
    for column in columns {
        for (number, inverse) in column.iter_mut().zip(&sum) {
            *number *= inverse;
        }
    }
    log_sum
}
