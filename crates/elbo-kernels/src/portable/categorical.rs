//! The log-likelihood of levels and its gradient.

use burn::backend::{Backend, TensorMetadata, tensor::FloatTensor};
use burn::tensor::TensorData;

use super::num::{Num, columns};

/// l_k - log Σ e^l of each category.
pub(crate) fn categorical_log_prob<B: Backend>(
    logits: FloatTensor<B>,
    levels: FloatTensor<B>,
    widths: Vec<usize>,
) -> FloatTensor<B> {
    let log_p = each::<B>(logits, &widths).enumerate().map(|(f, logits)| {
        let chosen = one_hot::<B>(column::<B>(&levels, f), widths[f]);
        let log_sum = Num::<B>(B::float_sum_dim(logits.clone().exp().0, 1)).log();
        (Num::<B>(B::float_sum_dim((logits * chosen).0, 1)) - log_sum).0
    });
    B::float_cat(log_p.collect(), 1)
}

/// d/dl_j = [j = k] - p_j, times the category's incoming gradient.
pub(crate) fn categorical_grad<B: Backend>(
    logits: FloatTensor<B>,
    levels: FloatTensor<B>,
    widths: Vec<usize>,
    grad: FloatTensor<B>,
) -> FloatTensor<B> {
    let gradients = each::<B>(logits, &widths).enumerate().map(|(f, logits)| {
        let chosen = one_hot::<B>(column::<B>(&levels, f), widths[f]);
        let odds = logits.exp();
        let sum = Num::<B>(B::float_sum_dim(odds.0.clone(), 1));
        ((chosen - odds / sum) * Num(column::<B>(&grad, f))).0
    });
    B::float_cat(gradients.collect(), 1)
}

/// The logits of each category, the largest of each row 0.
fn each<B: Backend>(logits: FloatTensor<B>, widths: &[usize]) -> impl Iterator<Item = Num<B>> {
    let mut start = 0;
    widths.iter().map(move |width| {
        let own = columns::<B>(&logits, start, *width);
        start += width;
        Num::<B>(own.clone()) - Num(B::float_max_dim(own, 1))
    })
}

/// 1 at each row's level, else 0: 1 - min(|level - k|, 1), as levels are whole numbers.
fn one_hot<B: Backend>(levels: FloatTensor<B>, width: usize) -> Num<B> {
    let ks = TensorData::new((0..width).map(|k| k as f32).collect(), [1, width]);
    let ks = B::float_from_data(ks, &levels.device());
    let distance = Num::<B>(B::float_abs((Num::<B>(levels) - Num(ks)).0));
    -distance.at_most(1.0) + 1.0
}

fn column<B: Backend>(table: &FloatTensor<B>, at: usize) -> FloatTensor<B> {
    columns::<B>(table, at, 1)
}
