//! Fields with levels as x: one layer makes the logits of all of them, whatever their kinds.

use burn::module::Module;
use burn::tensor::Tensor;

use super::chain::Chain;
use crate::distribution::Levels;
use crate::network::Dense;
use crate::{FieldKind, FieldSpec, Init};

/// Features to the distributions of all fields that have levels: categories, flags and binned numbers.
#[derive(Module, Debug)]
pub struct LevelsHead {
    dense: Dense,
    /// None where the fields are independent, given z and y.
    chain: Option<Chain>,
    #[module(skip)]
    widths: Vec<usize>,
    #[module(skip)]
    log_widths: Vec<f32>,
}

/// Size of the first weights, as a share of the usual: every level begins about as likely as any other.
const FIRST_SCALE: f32 = 0.1;

impl LevelsHead {
    /// The head of those of `fields` that have levels, fed by `inputs` hidden units; none if there are none. Each
    /// field sees those before it through a layer of `chain` units, or does not where that is 0.
    pub fn init(fields: &[FieldSpec], inputs: usize, chain: usize, init: &mut Init) -> Option<Self> {
        let kinds = fields.iter().map(|field| &field.kind);
        let kinds: Vec<&FieldKind> = kinds.filter(|kind| kind.levels() > 0).collect();
        let widths: Vec<usize> = kinds.iter().map(|kind| kind.levels()).collect();
        let log_widths = kinds.iter().flat_map(|kind| match kind {
            FieldKind::Number { log_widths } => log_widths.clone(),
            kind => vec![0.0; kind.levels()],
        });
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
