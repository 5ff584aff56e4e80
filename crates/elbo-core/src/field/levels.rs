//! Fields with levels as x: one layer makes the logits of all of them, whatever their kinds.

use burn::module::Module;
use burn::tensor::Tensor;

use super::chain::Chain;
use crate::condition::{Embedded, GivenLevel};
use crate::distribution::Levels;
use crate::network::Dense;
use crate::{FieldKind, FieldSpec, Init, ModelConfig};

/// Features to the distributions of all fields that have levels: categories, flags and binned numbers.
#[derive(Module, Debug)]
pub struct LevelsHead {
    dense: Dense,
    /// None where the fields are independent, given z and y.
    chain: Option<Chain>,
    /// The place in y of each field, where it can be given as well.
    #[module(skip)]
    in_y: Vec<Option<usize>>,
    #[module(skip)]
    widths: Vec<usize>,
    #[module(skip)]
    log_widths: Vec<f32>,
}

/// Size of the first weights, as a share of the usual: every level begins about as likely as any other.
const FIRST_SCALE: f32 = 0.1;

impl LevelsHead {
    /// The head of those x fields that have levels, fed by `inputs` hidden units; none if there are none. Each
    /// field sees those before it through the layer `network.chain`, where there is one.
    pub fn init(config: &ModelConfig, inputs: usize, init: &mut Init) -> Option<Self> {
        let chain = config.network.chain;
        let fields: Vec<&FieldSpec> = config.x.iter().filter(|field| field.kind.levels() > 0).collect();
        let kinds: Vec<&FieldKind> = fields.iter().map(|field| &field.kind).collect();
        let in_y = |field: &&FieldSpec| config.y.iter().position(|y| y.name == field.name);
        let widths: Vec<usize> = kinds.iter().map(|kind| kind.levels()).collect();
        let log_widths = kinds.iter().flat_map(|kind| match kind {
            FieldKind::Number { log_widths } => log_widths.clone(),
            kind => vec![0.0; kind.levels()],
        });
        (!widths.is_empty()).then(|| Self {
            dense: Dense::output(inputs, vec![0.0; widths.iter().sum()], FIRST_SCALE, init),
            chain: (chain > 0).then(|| Chain::init(&widths, chain, inputs, init)),
            in_y: fields.iter().map(in_y).collect(),
            log_widths: log_widths.collect(),
            widths,
        })
    }

    /// # Shapes
    /// `[batch, inputs]` to distributions over `[batch, fields]` levels.
    pub fn forward(&self, hidden: Tensor<2>, y: &Embedded) -> Levels {
        let begin = |chain: &Chain| (chain.clone(), chain.begin(hidden.clone(), self.given(y)));
        Levels {
            chain: self.chain.as_ref().map(begin),
            logits: self.dense.forward(hidden),
            widths: self.widths.clone(),
            log_widths: self.log_widths.clone(),
        }
    }

    /// The levels that y gives of the x fields; none where no field is in both.
    fn given(&self, y: &Embedded) -> Option<GivenLevel> {
        let fields = self.in_y.iter().map(|place| y.levels.get((*place)?)?.as_ref());
        let fields: Vec<Option<&GivenLevel>> = fields.collect();
        let zeros = fields.iter().flatten().next()?.given.zeros_like();
        let side_by_side = |of: fn(&GivenLevel) -> &Tensor<2>| {
            let columns = fields.iter().map(|field| field.map_or(zeros.clone(), |field| of(field).clone()));
            Tensor::cat(columns.collect(), 1)
        };
        Some(GivenLevel {
            level: side_by_side(|field| &field.level),
            given: side_by_side(|field| &field.given),
        })
    }
}
