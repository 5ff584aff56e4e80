//! Several categoricals side by side, each over the levels of one field.

use burn::tensor::{Int, Tensor, TensorData};
use elbo_kernels::categorical_log_prob;

use crate::field::chain::Chain;

/// p(level k of field f) = exp(l_{f,k}) / Σ_j exp(l_{f,j}). A level that stands for several values, a bin of a
/// number, shares its probability among them: log p(value) = log p(level) − ln width, a probability where the
/// width counts values and a density where it is a length.
#[derive(Clone, Debug)]
pub struct Levels {
    /// Logits of all fields, field after field, `[batch, Σ widths]`.
    pub logits: Tensor<2>,
    /// Number of levels of each field.
    pub widths: Vec<usize>,
    /// ln width of each level in the field's units, as many as logits.
    pub log_widths: Vec<f32>,
    /// How each field depends on those before it, with what the hidden layer tells it; none where they are
    /// independent.
    pub(crate) chain: Option<(Chain, Tensor<2>)>,
}

/// Fields whose levels are chosen one after the other.
pub struct OneByOne<'a> {
    levels: &'a Levels,
    /// The sum of the vectors of the fields so far, `[batch, width]`.
    before: Option<Tensor<2>>,
    next: usize,
}

impl Levels {
    /// log p of each field's value, in nats, given the number of its level and those of the fields before it that
    /// are given.
    ///
    /// # Shapes
    /// levels, given: `[batch, fields]`, to the same.
    pub fn log_prob(&self, levels: Tensor<2>, given: Tensor<2>) -> Tensor<2> {
        let logits = match &self.chain {
            Some((chain, hidden)) => {
                self.logits.clone() + chain.logits(hidden.clone(), levels.clone(), given)
            }
            None => self.logits.clone(),
        };
        let log_prob = categorical_log_prob(logits, levels.clone(), &self.widths);
        if self.log_widths.iter().all(|width| *width == 0.0) {
            return log_prob;
        }
        log_prob - self.log_width(levels)
    }

    fn log_width(&self, levels: Tensor<2>) -> Tensor<2> {
        let ([batch, fields], device) = (levels.dims(), levels.device());
        let table = Tensor::<1>::from_data(
            TensorData::new(self.log_widths.clone(), [self.log_widths.len()]),
            &device,
        );
        let starts: Vec<f32> = self.starts().map(|start| start as f32).collect();
        let starts = Tensor::<2>::from_data(TensorData::new(starts, [1, fields]), &device);
        let places: Tensor<2, Int> = (levels + starts).int();
        table
            .select(0, places.reshape([batch * fields]))
            .reshape([batch, fields])
    }

    /// The fields in turn, each given the levels that were chosen before it.
    pub fn one_by_one(&self) -> OneByOne<'_> {
        OneByOne {
            levels: self,
            before: self.chain.as_ref().map(|(_, hidden)| hidden.zeros_like()),
            next: 0,
        }
    }

    /// Where each field's logits begin.
    pub fn starts(&self) -> impl Iterator<Item = usize> {
        self.widths.iter().scan(0, |next, width| {
            let start = *next;
            *next += width;
            Some(start)
        })
    }
}

impl OneByOne<'_> {
    /// Logits of the next field, `[batch, levels]`.
    ///
    /// # Panics
    /// If there is none.
    pub fn logits(&self) -> Tensor<2> {
        let start = self.levels.widths[..self.next].iter().sum();
        let own = self
            .levels
            .logits
            .clone()
            .narrow(1, start, self.levels.widths[self.next]);
        match (&self.levels.chain, &self.before) {
            (Some((chain, hidden)), Some(before)) => {
                own + chain.logits_of(self.next, hidden.clone(), before.clone())
            }
            _ => own,
        }
    }

    /// Goes on to the field behind, the levels of this one being `[batch]`: one behind the last says that it is
    /// not known.
    pub fn choose(&mut self, levels: Tensor<1, Int>) {
        if let (Some((chain, _)), Some(before)) = (&self.levels.chain, &mut self.before) {
            *before = before.clone() + chain.vector(self.next, levels);
        }
        self.next += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_close, rows};

    #[test]
    fn log_prob_by_hand() {
        // ¼ ¾, and ⅕ ⅖ ⅖ whose last level stands for two values
        let logits = [1.0_f32, 3.0, 1.0, 2.0, 2.0].map(f32::ln);
        let p = Levels {
            logits: rows([logits, logits]),
            widths: vec![2, 3],
            log_widths: vec![0.0, 0.0, 0.0, 0.0, 2.0_f32.ln()],
            chain: None,
        };
        let expected = [0.75, 0.2, 0.25, 0.2].map(f64::ln);
        assert_close(
            &p.log_prob(rows([[1.0, 0.0], [0.0, 2.0]]), rows([[1.0; 2]; 2])),
            &expected,
            1e-6,
        );
    }
}
