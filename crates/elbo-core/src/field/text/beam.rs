//! Beam search for the most likely text, which a reconstruction shows.

use burn::tensor::{Int, Tensor, TensorData};

use super::TextDistribution;
use super::generate::{column, on_host};
use crate::distribution::tokens::{BEGIN, END, NEVER_WRITTEN, PAD, UNKNOWN};
use crate::fields::repeat_each;

impl TextDistribution {
    /// The most likely text of each record by beam search, which keeps the `width` most likely beginnings. No
    /// text holds [`UNKNOWN`]. A text longer than `length` tokens is cut there. No text is empty unless
    /// `may_be_empty`.
    ///
    /// # Shapes
    /// To tokens `[batch, length + 1]`.
    pub fn beam(&self, width: usize, length: usize, may_be_empty: bool) -> Tensor<2, Int> {
        let (width, [batch, _], device) = (width.max(1), self.hidden.dims(), self.hidden.device());
        let mut searches = vec![Search::new(); batch];
        let mut context = self.stack.begin(repeat_each(self.hidden.clone(), width));
        let mut last = vec![BEGIN; batch * width];
        for place in 0..length {
            let logits = on_host(self.stack.forward(column(&last, &device), &mut context));
            let mut parents = Vec::with_capacity(batch * width);
            last.clear();
            let logits = logits.chunks_exact((logits.len() / batch).max(1));
            for (record, (search, logits)) in searches.iter_mut().zip(logits).enumerate() {
                for (parent, token) in search.step(logits, width, may_be_empty || place > 0) {
                    parents.push((record * width + parent) as i32);
                    last.push(token);
                }
            }
            if searches.iter().all(Search::is_over) {
                break;
            }
            let parents = TensorData::new(parents, [batch * width]);
            context = context.select(&Tensor::from_data(parents, &device));
        }
        let rows: Vec<i32> = searches.iter().flat_map(|search| search.row(length)).collect();
        Tensor::from_data(TensorData::new(rows, [batch, length + 1]), &device)
    }
}

/// The beginning of a text, and its log-probability in nats.
#[derive(Clone)]
struct Line {
    tokens: Vec<i32>,
    log_prob: f64,
}

/// The search for one record's text.
#[derive(Clone)]
struct Search {
    /// Beginnings, the most likely first.
    open: Vec<Line>,
    /// The most likely complete text so far.
    whole: Option<Line>,
}

impl Search {
    fn new() -> Self {
        let nothing = Line {
            tokens: Vec::new(),
            log_prob: 0.0,
        };
        Self {
            open: vec![nothing],
            whole: None,
        }
    }

    /// Extends the open lines by one token. Returns, for each of `width` lines, the line that it continues and
    /// the token; if there are fewer lines, the first is repeated. Complete texts are considered only if
    /// `may_end`.
    fn step(&mut self, logits: &[f32], width: usize, may_end: bool) -> Vec<(usize, i32)> {
        let mut next = Vec::new();
        for (parent, (line, logits)) in self
            .open
            .iter()
            .zip(logits.chunks_exact(logits.len() / width))
            .enumerate()
        {
            let total = log_sum_exp(logits);
            for (token, logit) in (NEVER_WRITTEN as i32..).zip(logits) {
                next.push((line.log_prob + f64::from(*logit) - total, parent, token));
            }
        }
        next.retain(|(log_prob, _, token)| *token != UNKNOWN && log_prob.is_finite());
        next.sort_by(|(a, ..), (b, ..)| b.total_cmp(a));
        if let Some((log_prob, parent, _)) = next.iter().find(|(_, _, token)| may_end && *token == END)
            && self.whole.as_ref().is_none_or(|whole| whole.log_prob < *log_prob)
        {
            self.whole = Some(self.open[*parent].followed_by(END, *log_prob));
        }
        next.retain(|(_, _, token)| *token != END);
        next.truncate(width);
        let open = next
            .iter()
            .map(|(log_prob, parent, token)| self.open[*parent].followed_by(*token, *log_prob));
        self.open = open.collect();
        let mut steps: Vec<_> = next
            .into_iter()
            .map(|(_, parent, token)| (parent, token))
            .collect();
        steps.resize(width, (0, END));
        steps
    }

    /// Whether no open line can lead to a more likely text than the complete one.
    fn is_over(&self) -> bool {
        let open = self.open.first().map_or(f64::NEG_INFINITY, |line| line.log_prob);
        self.whole.as_ref().is_some_and(|whole| whole.log_prob >= open)
    }

    /// The text that was found, of at most `length` tokens, with its end and padding.
    fn row(&self, length: usize) -> Vec<i32> {
        let line = self.whole.as_ref().or(self.open.first());
        let mut row = line.map(|line| line.tokens.clone()).unwrap_or_default();
        if self.whole.is_none() {
            row.push(END);
        }
        row.resize(length + 1, PAD);
        row
    }
}

impl Line {
    fn followed_by(&self, token: i32, log_prob: f64) -> Self {
        Self {
            tokens: [self.tokens.as_slice(), &[token]].concat(),
            log_prob,
        }
    }
}

/// log Σ exp, in f64.
fn log_sum_exp(logits: &[f32]) -> f64 {
    let max = f64::from(logits.iter().copied().fold(f32::MIN, f32::max));
    let sum: f64 = logits.iter().map(|logit| (f64::from(*logit) - max).exp()).sum();
    max + sum.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Logits of END, UNKNOWN and the letters 4 and 5, line by line.
    fn logits<const N: usize>(probabilities: [f32; N]) -> [f32; N] {
        probabilities.map(f32::ln)
    }

    #[test]
    fn a_less_likely_beginning_may_win() {
        let mut search = Search::new();
        // One line is open; the logits of the second are ignored.
        let steps = search.step(&logits([0.1, 0.0, 0.5, 0.4, 1.0, 0.0, 0.0, 0.0]), 2, true);
        assert_eq!(steps, [(0, 4), (0, 5)]);
        assert!(!search.is_over());
        search.step(&logits([0.3, 0.0, 0.35, 0.35, 0.9, 0.0, 0.05, 0.05]), 2, true);
        // `5` has 0.4 · 0.9, `4` has 0.5 · 0.3, and each longer text at most 0.5 · 0.35.
        assert!(search.is_over());
        assert_eq!(search.row(3), [5, END, PAD, PAD]);
        let found = search.whole.unwrap().log_prob.exp();
        assert!((found - 0.36).abs() < 1e-6, "{found}");
    }

    #[test]
    fn a_text_may_have_to_have_a_token() {
        let likely_empty = logits([0.9, 0.0, 0.05, 0.05]);
        let (mut may, mut must) = (Search::new(), Search::new());
        may.step(&likely_empty, 1, true);
        must.step(&likely_empty, 1, false);
        assert_eq!((may.row(1), must.whole.is_none()), (vec![END, PAD], true));
    }

    #[test]
    fn a_text_that_does_not_end_is_cut() {
        let mut search = Search::new();
        search.step(&logits([0.0, 0.5, 0.2, 0.3]), 1, true);
        assert!(!search.is_over());
        assert_eq!(search.row(1), [5, END]);
    }
}
