//! The condition y: embedded once, then joined to the input of every dense layer of encoder and decoder,
//! and an input of the prior.

use burn::module::Module;
use burn::tensor::Tensor;

use crate::field::embedding::Embedding;
use crate::field::vectors::{LevelVectors, Seen};
use crate::network::Embedded;
use crate::{FieldSpec, Fields, Init, NetworkConfig};

/// The embedding of the given fields. Those with levels that are modelled too enter as the sum of their levels' vectors,
/// as they do in the encoder; each other field has an embedding of its own.
#[derive(Module, Debug)]
pub struct Condition {
    /// Of the fields that are not in the sum, in the config's order.
    embeddings: Vec<Embedding>,
    levels: Option<LevelVectors>,
    /// The places among the given fields of those with embeddings.
    #[module(skip)]
    apart: Vec<usize>,
    /// For each modelled field with levels its place among the given ones, if it may be given.
    #[module(skip)]
    modelled: Vec<Option<usize>>,
}

impl Condition {
    /// Embeddings of the given fields `y`, some of which may be among the modelled fields `x`.
    pub fn init(y: &[FieldSpec], x: &[FieldSpec], network: &NetworkConfig, init: &mut Init) -> Self {
        let with_levels = x.iter().filter(|field| field.kind.levels() > 0);
        let modelled: Vec<Option<usize>> = with_levels
            .map(|field| y.iter().position(|given| given == field))
            .collect();
        let apart: Vec<usize> = (0..y.len())
            .filter(|place| !modelled.contains(&Some(*place)))
            .collect();
        let embeddings = apart
            .iter()
            .map(|place| Embedding::given(&y[*place], network, init));
        let embeddings: Vec<Embedding> = embeddings.collect();
        let any = modelled.iter().any(Option::is_some);
        Self {
            levels: any
                .then(|| LevelVectors::of_fields(x, network.number_steps, network.given_width(), init)),
            embeddings,
            apart,
            modelled,
        }
    }

    /// Width of the embedded condition; 0 for a plain VAE.
    pub fn width(&self) -> usize {
        self.apart_width() + self.levels.as_ref().map_or(0, LevelVectors::width)
    }

    /// Width of the fields that are never modelled.
    pub fn apart_width(&self) -> usize {
        self.embeddings.iter().map(Embedding::width).sum()
    }

    /// # Shapes
    /// Fields of a batch, in the config's order, to `[batch, width]`.
    pub fn embed(&self, y: &Fields) -> Embedded {
        let parts = self.embeddings.iter().zip(&self.apart);
        let parts: Vec<_> = parts
            .map(|(embedding, place)| embedding.embed(&y.0[*place]))
            .collect();
        let apart = (!parts.is_empty()).then(|| Tensor::cat(parts, 1));
        let levels = self.given_levels(y);
        let sum = self.levels.as_ref().zip(levels.as_ref());
        let sum = sum.map(|(vectors, levels)| vectors.sum(levels));
        let all: Vec<_> = apart.iter().cloned().chain(sum).collect();
        Embedded {
            all: (!all.is_empty()).then(|| Tensor::cat(all, 1)),
            apart,
            levels,
        }
    }

    /// The given levels of the modelled fields; none where no field is both modelled and given.
    fn given_levels(&self, y: &Fields) -> Option<Seen> {
        let first = self.modelled.iter().flatten().next()?;
        let none = y.0[*first].observed.zeros_like();
        let columns = self.modelled.iter().map(|place| {
            let field = place.map(|place| &y.0[place]);
            let levels = field.and_then(|field| Some((field.value.levels()?, field.observed.clone())));
            levels.unwrap_or_else(|| (none.clone(), none.clone()))
        });
        let (levels, observed): (Vec<_>, Vec<_>) = columns.unzip();
        Some(Seen::new(Tensor::cat(levels, 1), Tensor::cat(observed, 1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_close, codes, device, rows, uniform, values};
    use crate::{Activation, Field, FieldKind, NetworkKind, Value};
    use elbo_kernels::Precision;

    const NUMBER: FieldKind = FieldKind::Number {
        bins: Vec::new(),
        missing: false,
    };
    const FLAG: FieldKind = FieldKind::Flag { missing: false };

    fn condition(kinds: &[FieldKind]) -> Condition {
        with_modelled(kinds, &[])
    }

    fn with_modelled(y: &[FieldKind], x: &[FieldKind]) -> Condition {
        let fields = |kinds: &[FieldKind]| -> Vec<FieldSpec> {
            let named = kinds.iter().map(|kind| FieldSpec {
                name: format!("{} levels", kind.levels()),
                kind: kind.clone(),
            });
            named.collect()
        };
        let network = NetworkConfig {
            kind: NetworkKind::Dense,
            hidden: vec![3],
            channels: vec![],
            residual_blocks: 0,
            activation: Activation::Relu,
            embedding: 4,
            chain: 0,
            components: 8,
            number_steps: 0,
            precision: Precision::F32,
        };
        let (device, mut noise) = (device(), |n| uniform(1, n));
        Condition::init(
            &fields(y),
            &fields(x),
            &network,
            &mut Init::new(&mut noise, &device),
        )
    }

    fn number(z: Tensor<2>) -> Value {
        let [batch, _] = z.dims();
        Value::Number {
            within: Box::new(z.zeros_like()),
            z,
            bin: codes(&vec![0; batch]),
        }
    }

    #[test]
    fn nothing_given_leaves_the_input_alone() {
        let plain = condition(&[]);
        let y = plain.embed(&Fields::none());
        assert_eq!(plain.width(), 0);
        assert!(y.tensor().is_none());
        assert_close(&y.repeat_each(3).join(rows([[1.0, 2.0]])), &[1.0, 2.0], 0.0);
    }

    #[test]
    fn fields_stand_side_by_side_after_the_input() {
        let condition = condition(&[NUMBER, FLAG]);
        let observed = rows([[1.0], [1.0]]);
        let y = Fields(vec![
            Field {
                value: number(rows([[-2.0], [0.5]])),
                observed: observed.clone(),
            },
            Field {
                value: Value::Flag(rows([[0.0], [1.0]])),
                observed,
            },
        ]);
        let joined = condition.embed(&y).join(rows([[7.0], [8.0]]));
        assert_eq!(condition.width(), 4);
        assert_close(&joined, &[7.0, -2.0, 1.0, 0.0, 1.0, 8.0, 0.5, 1.0, 1.0, 1.0], 0.0);
    }

    #[test]
    fn repeating_keeps_the_draws_of_a_record_together() {
        let condition = condition(&[NUMBER]);
        let observed = rows([[1.0], [1.0]]);
        let y = Fields(vec![Field {
            value: number(rows([[3.0], [4.0]])),
            observed,
        }]);
        let repeated = condition.embed(&y).repeat_each(2).tensor().unwrap();
        assert_close(&repeated, &[3.0, 1.0, 3.0, 1.0, 4.0, 1.0, 4.0, 1.0], 0.0);
    }

    #[test]
    fn a_category_is_as_wide_as_its_table() {
        // min(4, 2 + 1) for the first, min(4, 9 + 1) for the second, 2 for the number
        let condition = condition(&[
            FieldKind::Category { levels: 2 },
            FieldKind::Category { levels: 9 },
            NUMBER,
        ]);
        let observed = || rows([[1.0]]);
        let y = Fields(vec![
            Field {
                value: Value::Category(codes(&[1])),
                observed: observed(),
            },
            Field {
                value: Value::Category(codes(&[8])),
                observed: observed(),
            },
            Field {
                value: number(rows([[0.0]])),
                observed: observed(),
            },
        ]);
        assert_eq!(condition.width(), 3 + 4 + 2);
        assert_eq!(condition.embed(&y).tensor().unwrap().dims(), [1, 9]);
    }

    #[test]
    fn modelled_fields_enter_as_one_sum_behind_the_others() {
        let category = FieldKind::Category { levels: 5 };
        let condition = with_modelled(&[NUMBER, FLAG, category.clone()], &[category, FLAG]);
        let (yes, no) = (|| rows([[1.0]]), || rows([[0.0]]));
        let embed = |flag: Tensor<2>, category: Tensor<2>| {
            let field = |value, observed| Field { value, observed };
            let y = Fields(vec![
                field(number(rows([[0.5]])), yes()),
                field(Value::Flag(rows([[1.0]])), flag),
                field(Value::Category(codes(&[3])), category),
            ]);
            values(&condition.embed(&y).tensor().unwrap())
        };
        // The number as itself and "observed"; a sum of the width of the first layer.
        let (none, flag, both) = (embed(no(), no()), embed(yes(), no()), embed(yes(), yes()));
        let category = embed(no(), yes());
        assert_eq!(condition.width(), 2 + 3);
        assert_eq!(none, [0.5, 1.0, 0.0, 0.0, 0.0]);
        for unit in 2..5 {
            assert!(flag[unit] != 0.0 && category[unit] != 0.0);
            assert!((both[unit] - flag[unit] - category[unit]).abs() < 1e-6);
        }
    }
}
