//! Fields with levels (categories, flags and binned numbers) as x: one layer computes the logits of all of
//! them.

use burn::module::Module;
use burn::tensor::{Int, Tensor, TensorData};
use elbo_kernels::categorical_log_prob;

use crate::network::{Chain, Dense};
use crate::{FieldKind, FieldSpec, Init};

/// Features to the distributions of all fields with levels.
#[derive(Module, Debug)]
pub struct LevelsHead {
    dense: Dense,
    /// None if the fields are conditionally independent given z and y.
    chain: Option<Chain>,
    #[module(skip)]
    widths: Vec<usize>,
    #[module(skip)]
    log_widths: Vec<f32>,
}

/// Scale of the initial weights: all levels begin about equally likely.
const FIRST_SCALE: f32 = 0.1;

impl LevelsHead {
    /// The head of those of `fields` that have levels, fed by `inputs` hidden units; none without such a field.
    /// Each field depends on those before it through a layer of `chain` units, or on none if that is 0.
    pub fn init(fields: &[FieldSpec], inputs: usize, chain: usize, init: &mut Init) -> Option<Self> {
        let kinds = fields.iter().map(|field| &field.kind);
        let kinds: Vec<&FieldKind> = kinds.filter(|kind| kind.levels() > 0).collect();
        let widths: Vec<usize> = kinds.iter().map(|kind| kind.levels()).collect();
        let log_widths = kinds.iter().flat_map(|kind| kind.log_widths());
        (!widths.is_empty()).then(|| Self {
            dense: Dense::output(inputs, vec![0.0; widths.iter().sum()], FIRST_SCALE, init),
            chain: (chain > 0).then(|| Chain::init(&widths, chain, inputs, init)),
            log_widths: log_widths.collect(),
            widths,
        })
    }

    /// # Shapes
    /// `[batch, inputs]` to distributions over `[batch, fields]` levels.
    pub fn forward(&self, hidden: Tensor<2>) -> Levels {
        Levels {
            chain: self
                .chain
                .as_ref()
                .map(|chain| (chain.clone(), chain.begin(hidden.clone()))),
            logits: self.dense.forward(hidden),
            widths: self.widths.clone(),
            log_widths: self.log_widths.clone(),
        }
    }
}

/// Categorical distributions side by side, one for each field with levels:
/// p(level k of field f) = exp(l_{f,k}) / Σ_j exp(l_{f,j}).
///
/// The bin of a number holds several values, which share its probability equally: log p(value) = log p(level) −
/// ln width. This is a probability if the width counts values, and a density if it is a length.
#[derive(Clone, Debug)]
pub struct Levels {
    /// Logits of all fields, field after field, `[batch, Σ widths]`.
    pub logits: Tensor<2>,
    /// Number of levels of each field: the widths of its logits.
    pub widths: Vec<usize>,
    /// ln of the width of each level's bin, in the field's units; 0 for a single value. As many as logits.
    pub log_widths: Vec<f32>,
    /// The autoregressive layer and its view of the decoder's hidden units; none if the fields are independent.
    pub(crate) chain: Option<(Chain, Tensor<2>)>,
}

/// The fields of [`Levels`] in order, for sampling: each conditional on the levels chosen before it.
pub struct OneByOne<'a> {
    levels: &'a Levels,
    /// Sum of the vectors of all levels chosen so far, `[batch, width]`.
    before: Option<Tensor<2>>,
    next: usize,
}

impl Levels {
    /// log p of each field's value, in nats, given the observed levels of the fields before it.
    ///
    /// # Shapes
    /// levels, observed: `[batch, fields]`, to the same.
    pub fn log_prob(&self, levels: Tensor<2>, observed: Tensor<2>) -> Tensor<2> {
        let logits = match &self.chain {
            Some((chain, hidden)) => {
                self.logits.clone() + chain.logits(hidden.clone(), levels.clone(), observed)
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

    /// The fields one after the other.
    pub fn one_by_one(&self) -> OneByOne<'_> {
        OneByOne {
            levels: self,
            before: self.chain.as_ref().map(|(_, hidden)| hidden.zeros_like()),
            next: 0,
        }
    }

    /// Index of each field's first logit.
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
    /// If all fields are chosen.
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

    /// Sets the level of this field in each record, `[batch]`, and moves on to the next field. The index one
    /// past the last level means "not observed".
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
