//! A text's tokens, each conditional on those before it, parametrised by logits.

use burn::tensor::{Bool, Int, Tensor};

/// Padding, after the end of a text.
pub const PAD: i32 = 0;
/// Comes before the first token.
pub const BEGIN: i32 = 1;
/// Comes after the last token, and is modelled.
pub const END: i32 = 2;
/// Replaces a token that is not in the vocabulary, or that is withheld.
pub const UNKNOWN: i32 = 3;
/// The first tokens, [`PAD`] and [`BEGIN`], have no logits: no text holds them.
pub const NEVER_WRITTEN: usize = 2;

/// 1 at the tokens of a text, its [`END`] included, and 0 at the padding, `[batch, length]`.
pub fn written(tokens: &Tensor<2, Int>) -> Tensor<2> {
    tokens.clone().not_equal_elem(PAD).float()
}

/// The input that each token is predicted from: [`BEGIN`], then all tokens but the last. [`UNKNOWN`] replaces
/// those in `withheld` (word dropout, Bowman et al. 2016).
///
/// # Shapes
/// `[batch, length]` to the same.
pub fn inputs(tokens: Tensor<2, Int>, withheld: Option<Tensor<2, Bool>>) -> Tensor<2, Int> {
    let [batch, length] = tokens.dims();
    let begin = Tensor::full([batch, 1], BEGIN, &tokens.device());
    let tokens = match withheld {
        Some(withheld) => tokens.mask_fill(withheld, UNKNOWN),
        None => tokens,
    };
    Tensor::cat(vec![begin, tokens], 1).narrow(1, 0, length)
}

/// p(token = i + [`NEVER_WRITTEN`]) = exp(logit i) / Σ exp(logit) at each position.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// `[batch, length, vocabulary − NEVER_WRITTEN]`.
    pub logits: Tensor<3>,
}

impl Tokens {
    /// Σ log p(token) over the positions where the mask is 1, `[batch]`, in nats.
    ///
    /// # Shapes
    /// tokens, mask: `[batch, length]`.
    pub fn log_prob(&self, tokens: Tensor<2, Int>, mask: Tensor<2>) -> Tensor<1> {
        let place = (tokens - NEVER_WRITTEN as i32).clamp_min(0).unsqueeze_dim(2);
        let chosen = self.logits.clone().gather(2, place).squeeze_dim::<2>(2);
        let max = self.logits.clone().detach().max_dim(2);
        let sum = (self.logits.clone() - max.clone()).exp().sum_dim(2);
        let total = (sum.log() + max).squeeze_dim::<2>(2);
        ((chosen - total) * mask).sum_dim(1).squeeze_dim(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_close, device, rows, tensor, values};
    use burn::tensor::TensorData;

    fn tokens<const R: usize, const C: usize>(tokens: [[i32; C]; R]) -> Tensor<2, Int> {
        Tensor::from_data(TensorData::new(tokens.concat(), [R, C]), &device())
    }

    #[test]
    fn log_prob_by_hand() {
        // END, UNKNOWN and a letter: ¼ ¼ ½, then ⅛ ⅛ ¾
        let logits = [1.0, 1.0, 2.0, 1.0, 1.0, 6.0].map(f32::ln);
        let p = Tokens {
            logits: tensor([logits, logits].concat(), [2, 2, 3]),
        };
        let log_prob = p.log_prob(tokens([[4, 2], [2, 0]]), rows([[1.0, 1.0], [1.0, 0.0]]));
        // ½ · ⅛ and ¼
        assert_close(&log_prob, &[-16.0_f64.ln(), -4.0_f64.ln()], 1e-6);
    }

    #[test]
    fn great_logits_do_not_overflow() {
        let p = Tokens {
            logits: tensor([1000.0, 1000.0], [1, 1, 2]),
        };
        let log_prob = p.log_prob(tokens([[2]]), rows([[1.0]]));
        assert_close(&log_prob, &[-2.0_f64.ln()], 1e-4);
    }

    #[test]
    fn the_gradient_is_what_is_missing_to_certainty() {
        let logits = tensor([1.0, 1.0, 2.0].map(f32::ln), [1, 1, 3]).require_grad();
        let p = Tokens {
            logits: logits.clone(),
        };
        let gradients = p.log_prob(tokens([[4]]), rows([[1.0]])).sum().backward();
        let gradient = logits.grad(&gradients).unwrap();
        // [token = i] − p(i)
        assert_close(&gradient, &[-0.25, -0.25, 0.5], 1e-6);
    }

    #[test]
    fn inputs_are_the_tokens_before() {
        let row = tokens([[5, 6, 2, 0], [7, 2, 0, 0]]);
        let found = inputs(row.clone(), None).float();
        assert_eq!(values(&found), [1.0, 5.0, 6.0, 2.0, 1.0, 7.0, 2.0, 0.0]);
        assert_eq!(values(&inputs(tokens([[2]]), None).float()), [1.0]);
        let withheld = row.clone().equal_elem(5);
        let found = inputs(row, Some(withheld)).float();
        assert_eq!(values(&found), [1.0, 3.0, 6.0, 2.0, 1.0, 7.0, 2.0, 0.0]);
    }

    #[test]
    fn a_text_is_written_up_to_its_end() {
        assert_close(&written(&tokens([[5, 2, 0]])), &[1.0, 1.0, 0.0], 0.0);
    }
}
