//! The log-likelihood of levels and its gradient, one pass over the logits each.

use burn_flex::FlexTensor;
use rayon::prelude::*;

use super::{
    math::{exp, ln},
    rows::{BLOCK, rows_per_piece},
    tensor::{contiguous, dims, tensor, values},
};

/// l_k - log Σ e^l of each category of each row.
pub(super) fn log_prob(logits: FlexTensor, levels: FlexTensor, widths: &[usize]) -> FlexTensor {
    let (logits, levels) = (contiguous(logits), contiguous(levels));
    let ([batch, width], categories) = (dims(&logits), widths.len());
    let rows = rows_per_piece(batch, width);
    let mut out = vec![0.0; batch * categories];
    if categories > 0 {
        let inputs = values(&logits)
            .par_chunks(rows * width)
            .zip(values(&levels).par_chunks(rows * categories));
        let pieces = out.par_chunks_mut(rows * categories).zip(inputs);
        pieces.for_each(|(out, (logits, levels))| log_prob_rows(out, logits, levels, widths));
    }
    tensor(out, [batch, categories])
}

/// d/dl_j = [j = k] - p_j, times the category's incoming gradient.
pub(super) fn grad(logits: FlexTensor, levels: FlexTensor, widths: &[usize], g: FlexTensor) -> FlexTensor {
    let (mut logits, levels, g) = (contiguous(logits), contiguous(levels), contiguous(g));
    let ([batch, width], categories) = (dims(&logits), widths.len());
    let rows = rows_per_piece(batch, width);
    if categories > 0 {
        let inputs = values(&levels)
            .par_chunks(rows * categories)
            .zip(values(&g).par_chunks(rows * categories));
        let pieces = logits
            .storage_mut::<f32>()
            .par_chunks_mut(rows * width)
            .zip(inputs);
        pieces.for_each(|(logits, (levels, g))| grad_rows(logits, levels, widths, g));
    }
    logits
}

/// A small number of levels.
const FEW: usize = 32;

vectorised! {
    fn log_prob_rows(out: &mut [f32], logits: &[f32], levels: &[f32], widths: &[usize]) {
        let mut rest = logits;
        for ((out, level), width) in out.iter_mut().zip(levels).zip(widths.iter().cycle()) {
            let (own, behind) = rest.split_at(*width);
            rest = behind;
            let (top, sum) = top_and_sum(own);
            *out = own[*level as usize] - top - ln(sum);
        }
    }
}

vectorised! {
    fn grad_rows(logits: &mut [f32], levels: &[f32], widths: &[usize], g: &[f32]) {
        let mut rest = logits;
        for ((level, g), width) in levels.iter().zip(g).zip(widths.iter().cycle()) {
            let (own, behind) = rest.split_at_mut(*width);
            rest = behind;
            let (top, sum) = top_and_sum(own);
            let share = -g / sum;
            for l in own.iter_mut() {
                *l = share * exp(*l - top);
            }
            own[*level as usize] += g;
        }
    }
}

/// The largest logit, and Σ e^(l - it).
#[inline(always)]
fn top_and_sum(logits: &[f32]) -> (f32, f32) {
    let top = logits
        .iter()
        .fold(f32::NEG_INFINITY, |top, l| if *l > top { *l } else { top });
    if logits.len() <= FEW {
        // Most fields have few levels: a whole block would be cleared for each of them.
        let mut terms = [0.0; FEW];
        for (term, l) in terms.iter_mut().zip(logits) {
            *term = exp(*l - top);
        }
        return (top, super::rows::block_sum(&terms[..logits.len()]));
    }
    let mut terms = [0.0; BLOCK];
    let mut total = 0.0;
    for logits in logits.chunks(BLOCK) {
        let terms = &mut terms[..logits.len()];
        for (term, l) in terms.iter_mut().zip(logits) {
            *term = exp(*l - top);
        }
        total += super::rows::block_sum(terms);
    }
    (top, total)
}
