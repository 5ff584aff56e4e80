//! Sampling of texts, token by token.

use burn::tensor::{Device, Int, Tensor, TensorData};

use super::TextDistribution;
use crate::distribution::Sampling;
use crate::distribution::tokens::{BEGIN, END, NEVER_WRITTEN, PAD, UNKNOWN};

impl TextDistribution {
    /// Samples a text for each record: one token for each column of `uniform`, then the end. [`UNKNOWN`] is
    /// never sampled, since it cannot be written out: the other tokens share its probability. A text without a
    /// sampled end is cut at the last column. No text is empty unless `may_be_empty`. A text of L tokens takes
    /// L + 1 passes through the layers.
    ///
    /// # Shapes
    /// uniform: `[batch, length]` in [0, 1), to tokens `[batch, length + 1]`.
    pub fn sample(&self, uniform: Tensor<2>, sampling: &Sampling, may_be_empty: bool) -> Tensor<2, Int> {
        let ([batch, length], device) = (uniform.dims(), self.hidden.device());
        let uniform = on_host(uniform);
        let mut rows = vec![vec![PAD; length + 1]; batch];
        let mut context = self.stack.begin(self.hidden.clone());
        let mut last = vec![BEGIN; batch];
        for place in 0..length {
            let logits = on_host(self.stack.forward(column(&last, &device), &mut context));
            for (row, logits) in logits.chunks_exact((logits.len() / batch).max(1)).enumerate() {
                if last[row] != END {
                    let may_end = may_be_empty || place > 0;
                    last[row] = choose(logits, uniform[row * length + place], sampling, may_end);
                    rows[row][place] = last[row];
                }
            }
            if last.iter().all(|token| *token == END) {
                break;
            }
        }
        for row in rows.iter_mut().filter(|row| !row.contains(&END)) {
            row[length] = END;
        }
        Tensor::from_data(TensorData::new(rows.concat(), [batch, length + 1]), &device)
    }
}

/// The token that a draw falls on.
fn choose(logits: &[f32], uniform: f32, sampling: &Sampling, may_end: bool) -> i32 {
    let mut logits = logits.to_vec();
    let never: &[i32] = if may_end { &[UNKNOWN] } else { &[UNKNOWN, END] };
    for token in never {
        if let Some(logit) = logits.get_mut(*token as usize - NEVER_WRITTEN) {
            *logit = f32::NEG_INFINITY;
        }
    }
    (sampling.choose(&logits, uniform) + NEVER_WRITTEN) as i32
}

/// One token for each text.
pub(super) fn column(tokens: &[i32], device: &Device) -> Tensor<2, Int> {
    Tensor::from_data(TensorData::new(tokens.to_vec(), [tokens.len(), 1]), device)
}

/// A tensor's values, row-major.
pub(super) fn on_host<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    let values = tensor.into_data().try_to_vec::<f32>();
    values.unwrap_or_else(|_| unreachable!("networks compute in f32"))
}
