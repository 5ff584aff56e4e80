//! The Bernoulli log-likelihood and its gradient, one pass over the data each.

use burn_flex::FlexTensor;
use rayon::prelude::*;

use super::{
    math::softplus_sigmoid,
    rows::{Term, rows_per_piece, sum_terms},
    tensor::{contiguous, dims, tensor, values},
};

/// Σ_d x l - softplus(l) of each row.
pub(super) fn log_prob(logits: FlexTensor, x: FlexTensor) -> FlexTensor {
    let (logits, x) = (contiguous(logits), contiguous(x));
    let [batch, d] = dims(&logits);
    let rows = rows_per_piece(batch, d);
    let mut out = vec![0.0; batch];
    if d > 0 {
        let inputs = values(&logits)
            .par_chunks(rows * d)
            .zip(values(&x).par_chunks(rows * d));
        let pieces = out.par_chunks_mut(rows).zip(inputs);
        pieces.for_each(|(out, (logits, x))| log_prob_rows(out, logits, x));
    }
    tensor(out, [batch])
}

/// d/dl = x - σ(l), times each row's incoming gradient.
pub(super) fn grad(logits: FlexTensor, x: FlexTensor, g: FlexTensor) -> FlexTensor {
    let (logits, x, g) = (contiguous(logits), contiguous(x), contiguous(g));
    let [batch, d] = dims(&logits);
    let rows = rows_per_piece(batch, d);
    let mut out = vec![0.0; batch * d];
    if d > 0 {
        let inputs = values(&logits)
            .par_chunks(rows * d)
            .zip(values(&x).par_chunks(rows * d));
        let pieces = out
            .par_chunks_mut(rows * d)
            .zip(inputs)
            .zip(values(&g).par_chunks(rows));
        pieces.for_each(|((out, (logits, x)), g)| grad_rows(out, logits, x, g));
    }
    tensor(out, [batch, d])
}

struct LogProb;

impl Term for LogProb {
    #[inline(always)]
    fn term(logit: f32, x: f32, _: f32) -> f32 {
        x * logit - softplus_sigmoid(logit).0
    }
}

vectorised! {
    fn log_prob_rows(out: &mut [f32], logits: &[f32], x: &[f32]) {
        let d = logits.len() / out.len();
        for ((out, l), x) in out.iter_mut().zip(logits.chunks_exact(d)).zip(x.chunks_exact(d)) {
            *out = sum_terms::<LogProb>(l, x, x);
        }
    }
}

vectorised! {
    fn grad_rows(out: &mut [f32], logits: &[f32], x: &[f32], g: &[f32]) {
        let d = logits.len() / g.len();
        let rows = out.chunks_exact_mut(d).zip(logits.chunks_exact(d)).zip(x.chunks_exact(d));
        for (((out, l), x), g) in rows.zip(g) {
            for ((out, l), x) in out.iter_mut().zip(l).zip(x) {
                *out = g * (x - softplus_sigmoid(*l).1);
            }
        }
    }
}
