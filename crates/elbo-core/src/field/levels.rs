//! Fields with levels (categories, flags and binned numbers) as x: their distributions, and what they are computed from.

use std::sync::Arc;

use burn::module::Module;
use burn::tensor::{Int, Tensor, TensorData, activation};
use elbo_kernels::categorical_log_prob;

use super::bins::Bins;
use super::law::{Law, Laws, Looked};
use super::mixture::{Mixture, PARAMETERS, log_add_exp};
use crate::network::conditional::{CONTEXT, Order};
use crate::network::{Conditional, Dense};
use crate::{FieldKind, FieldSpec, Init, NetworkConfig};

/// Features to the distributions of all fields with levels.
#[derive(Module, Debug)]
pub struct LevelsHead {
    /// None if the fields are conditionally independent given z and y.
    networks: Option<Conditional>,
    /// The parameters of each field's distribution, from its features.
    outputs: Vec<Dense>,
    #[module(skip)]
    laws: Arc<Laws>,
}

/// Scale of the initial weights: the levels begin about as likely as their biases say.
const FIRST_SCALE: f32 = 0.1;
/// The least probability of a bin that is told from 0.
const LEAST: f32 = 1e-30;

impl LevelsHead {
    /// The head of those of `fields` that have levels, fed by `inputs` hidden units; none without such a field.
    pub fn init(
        fields: &[FieldSpec],
        inputs: usize,
        network: &NetworkConfig,
        init: &mut Init,
    ) -> Option<Self> {
        let kinds = fields.iter().map(|field| &field.kind);
        let kinds: Vec<&FieldKind> = kinds.filter(|kind| kind.levels() > 0).collect();
        if kinds.is_empty() {
            return None;
        }
        let networks = (network.chain > 0)
            .then(|| Conditional::init(&kinds, network.chain, network.number_steps, inputs, init));
        let width = networks.as_ref().map_or(inputs, Conditional::width);
        let laws: Vec<Law> = kinds
            .iter()
            .map(|kind| Law::new(kind, network.components))
            .collect();
        let outputs = laws.iter().zip(&kinds);
        let outputs = outputs.map(|(law, kind)| Dense::output(width, law.first(kind), FIRST_SCALE, init));
        Some(Self {
            outputs: outputs.collect(),
            networks,
            laws: Arc::new(Laws::new(laws)),
        })
    }

    /// # Shapes
    /// `[batch, inputs]` to distributions over `[batch, fields]` levels.
    pub fn forward(&self, hidden: Tensor<2>) -> Levels {
        Levels {
            head: self.clone(),
            hidden,
        }
    }
}

/// Distributions over levels side by side, one for each field with levels. That of a category or a flag is
/// p(level k) = exp(l_k) / Σ_j exp(l_j). A number's is a mixture of named levels and of a law over all bins
/// ([`super::mixture`]): p(bin b) = p(named b) + p(none named) M(b).
///
/// The bin of a number holds several values: log p(value) = log p(bin) + log p(value | bin), and the last of these is a
/// property of the data, which comes with the value.
#[derive(Clone, Debug)]
pub struct Levels {
    head: LevelsHead,
    /// The decoder's hidden units.
    hidden: Tensor<2>,
}

/// The fields of [`Levels`] in order, for sampling: each conditional on the levels chosen before it.
pub struct OneByOne<'a> {
    levels: &'a Levels,
    /// Sum of the vectors of all levels chosen so far, `[batch, CONTEXT]`.
    before: Option<Tensor<2>>,
    next: usize,
}

impl Levels {
    /// log p of each field's level, in nats, given the observed levels of the fields before it in this order.
    ///
    /// # Shapes
    /// levels, observed: `[batch, fields]`, to the same.
    pub fn log_prob(&self, levels: Tensor<2>, observed: Tensor<2>, order: Order<'_>) -> Tensor<2> {
        let parameters = self.parameters(&levels, &observed, order);
        let laws = &self.head.laws.each;
        let logits = parameters.iter().zip(laws);
        let logits = logits.map(|(all, law)| all.clone().narrow(1, 0, law.heads()));
        let logits = Tensor::cat(logits.collect(), 1);
        let widths: Vec<usize> = laws.iter().map(Law::heads).collect();
        // What is not observed may be no level at all.
        let Looked { head, mixed } = self.head.laws.look_up(levels * observed);
        let own = categorical_log_prob(logits.clone(), head, &widths);
        let Some(mixed) = mixed else {
            return own;
        };
        let rest = categorical_log_prob(logits, mixed.rest, &widths);
        let masses = mixture(laws, &parameters).log_mass(mixed.low, mixed.high);
        let rest = rest + spread(masses, laws);
        log_add_exp(own, mixed.named, rest, mixed.covered)
    }

    /// The parameters of all fields' distributions.
    fn parameters(&self, levels: &Tensor<2>, observed: &Tensor<2>, order: Order<'_>) -> Vec<Tensor<2>> {
        let LevelsHead {
            networks, outputs, ..
        } = &self.head;
        let features = match networks {
            Some(networks) => networks.features(&self.hidden, levels.clone(), observed.clone(), order),
            None => vec![self.hidden.clone(); outputs.len()],
        };
        let each = outputs.iter().zip(features);
        each.map(|(output, features)| output.forward(features)).collect()
    }

    /// The fields one after the other.
    pub fn one_by_one(&self) -> OneByOne<'_> {
        let [batch, _] = self.hidden.dims();
        let none = || Tensor::zeros([batch, CONTEXT], &self.hidden.device());
        OneByOne {
            levels: self,
            before: self.head.networks.as_ref().map(|_| none()),
            next: 0,
        }
    }

    /// The vector of each field's level; the index one past the last level means "not observed". None if the fields are
    /// independent.
    ///
    /// # Shapes
    /// `[batch]` levels of every field, to as many `[batch, CONTEXT]`.
    pub fn vectors(&self, levels: Vec<Tensor<1, Int>>) -> Vec<Tensor<2>> {
        let Some(networks) = &self.head.networks else {
            return Vec::new();
        };
        let each = levels.into_iter().enumerate();
        each.map(|(field, levels)| networks.vector(field, levels))
            .collect()
    }

    /// Logits of a field, `[batch, levels]`, given all others by their [`Self::vectors`]: in an order of which it is the
    /// last. A number's are log-probabilities.
    ///
    /// # Panics
    /// If there is no such field.
    pub fn logits_given_others(&self, field: usize, vectors: &[Tensor<2>]) -> Tensor<2> {
        let none = Tensor::zeros([self.hidden.dims()[0], CONTEXT], &self.hidden.device());
        let others = vectors.iter().enumerate().filter(|(other, _)| *other != field);
        let before = others.fold(none, |sum, (_, vector)| sum + vector.clone());
        self.logits(field, Some(before))
    }

    /// Logits of a field, `[batch, levels]`, given the sum of the vectors of those before it; a number's are
    /// log-probabilities.
    fn logits(&self, field: usize, before: Option<Tensor<2>>) -> Tensor<2> {
        let LevelsHead {
            networks,
            outputs,
            laws,
        } = &self.head;
        let hidden = self.hidden.clone();
        let features = match (networks, before) {
            (Some(networks), Some(before)) => networks.features_of(field, hidden, before),
            _ => hidden,
        };
        let (all, law) = (outputs[field].forward(features), &laws.each[field]);
        match &law.bins {
            None => all,
            Some(bins) => number_log_probs(law, bins, all),
        }
    }
}

/// The mixtures of all fields that have one.
fn mixture(laws: &[Law], parameters: &[Tensor<2>]) -> Mixture {
    let each = laws.iter().zip(parameters).filter(|(law, _)| law.components > 0);
    let each = each.map(|(law, all)| all.clone().narrow(1, law.heads(), PARAMETERS * law.components));
    Mixture::new(Tensor::stack(each.collect(), 1))
}

/// Values of the fields with a mixture, in their columns among all fields; 0 in the others.
fn spread(values: Tensor<2>, laws: &[Law]) -> Tensor<2> {
    let mut next = 0;
    let columns = laws.iter().map(|law| match law.bins {
        Some(_) => {
            next += 1;
            values.clone().narrow(1, next - 1, 1)
        }
        None => values.clone().narrow(1, 0, 1).zeros_like(),
    });
    Tensor::cat(columns.collect(), 1)
}

impl OneByOne<'_> {
    /// Logits of the next field, `[batch, levels]`; a number's are log-probabilities.
    ///
    /// # Panics
    /// If all fields are chosen.
    pub fn logits(&self) -> Tensor<2> {
        self.levels.logits(self.next, self.before.clone())
    }

    /// Sets the level of this field in each record, `[batch]`, and moves on to the next field. The index one
    /// past the last level means "not observed".
    pub fn choose(&mut self, levels: Tensor<1, Int>) {
        if let (Some(networks), Some(before)) = (&self.levels.head.networks, &mut self.before) {
            *before = before.clone() + networks.vector(self.next, levels);
        }
        self.next += 1;
    }
}

/// log p of every level of a number.
fn number_log_probs(law: &Law, bins: &Bins, parameters: Tensor<2>) -> Tensor<2> {
    let ([batch, _], device) = (parameters.dims(), parameters.device());
    let heads = activation::softmax(parameters.clone().narrow(1, 0, bins.heads), 1);
    let own = parameters.narrow(1, bins.heads, PARAMETERS * law.components);
    let covered = bins.mixed.iter().filter(|mixed| **mixed).count();
    let masses = Mixture::new(own.unsqueeze_dim(1)).masses(&bins.high[..covered - 1]);
    let rest = masses * heads.clone().narrow(1, bins.heads - 1, 1);
    let none = Tensor::zeros([batch, law.levels - covered], &device);
    let places: Vec<i64> = bins.head.iter().map(|head| *head as i64).collect();
    let places = Tensor::<1, Int>::from_data(TensorData::new(places, [law.levels]), &device);
    let named: Vec<f32> = bins
        .named
        .iter()
        .map(|named| f32::from(u8::from(*named)))
        .collect();
    let named = Tensor::<2>::from_data(TensorData::new(named, [1, law.levels]), &device);
    let p = heads.select(1, places) * named + Tensor::cat(vec![rest, none], 1);
    p.clamp_min(LEAST).log()
}

#[cfg(test)]
impl Levels {
    /// Independent categories with these logits, for so many records.
    pub(crate) fn of_logits(fields: &[&[f32]], batch: usize) -> Self {
        let (device, mut noise) = (crate::testing::device(), |n| vec![0.5; n]);
        let mut init = Init::new(&mut noise, &device);
        let law = |logits: &&[f32]| Law::new(&FieldKind::Category { levels: logits.len() }, 0);
        let outputs = fields.iter();
        let outputs = outputs.map(|logits| Dense::output(1, logits.to_vec(), 0.0, &mut init));
        Self {
            head: LevelsHead {
                networks: None,
                outputs: outputs.collect(),
                laws: Arc::new(Laws::new(fields.iter().map(law).collect())),
            },
            hidden: Tensor::zeros([batch, 1], &device),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_close, codes, device, rows, tensor, uniform, values};
    use crate::{Activation, NumberBin};
    use elbo_kernels::Precision;

    #[test]
    fn log_prob_by_hand() {
        // ¼ ¾, and ⅕ ⅖ ⅖
        let p = Levels::of_logits(&[&[0.0, 3.0_f32.ln()], &[0.0, 2.0_f32.ln(), 2.0_f32.ln()]], 2);
        let expected = [0.75, 0.2, 0.25, 0.4].map(f64::ln);
        let found = p.log_prob(rows([[1.0, 0.0], [0.0, 2.0]]), rows([[1.0; 2]; 2]), None);
        assert_close(&found, &expected, 1e-6);
    }

    /// A category, a number with a named value and gaps, one of few values, and a flag, each seeing those before it.
    fn mixed() -> (Levels, Vec<usize>) {
        let bin = |share, single| NumberBin {
            share,
            centre: 0.0,
            single,
        };
        let number = |bins, missing| FieldKind::Number { bins, missing };
        let kinds = [
            FieldKind::Category { levels: 2 },
            number(
                vec![bin(0.3, false), bin(0.4, true), bin(0.2, false), bin(0.1, true)],
                true,
            ),
            number(vec![bin(0.5, true), bin(0.5, true)], false),
            FieldKind::Flag { missing: false },
        ];
        let fields = kinds.map(|kind| FieldSpec {
            name: String::new(),
            kind,
        });
        let network = NetworkConfig {
            kind: crate::NetworkKind::Dense,
            hidden: vec![],
            channels: vec![],
            residual_blocks: 0,
            activation: Activation::Relu,
            embedding: 4,
            chain: 5,
            components: 2,
            number_steps: 3,
            precision: Precision::F32,
        };
        let (device, mut seed) = (device(), 0);
        let mut noise = |n| {
            seed += 1;
            uniform(seed, n).into_iter().map(|u| 3.0 * u - 1.0).collect()
        };
        let head = LevelsHead::init(&fields, 3, &network, &mut Init::new(&mut noise, &device)).unwrap();
        let levels = fields.iter().map(|field| field.kind.levels()).collect();
        (head.forward(tensor(uniform(7, 3), [1, 3])), levels)
    }

    #[test]
    fn all_levels_of_each_field_have_probability_1_both_ways() {
        let (p, widths) = mixed();
        let mut one_by_one = p.one_by_one();
        for (field, width) in widths.iter().enumerate() {
            let one = values(&one_by_one.logits());
            let total: f64 = one.iter().map(|l| l.exp()).sum();
            let log_prob = |level: usize| {
                let mut levels = [[1.0; 4]];
                levels[0][field] = level as f32;
                values(&p.log_prob(rows(levels), rows([[1.0; 4]]), None))[field]
            };
            let sum: f64 = (0..*width).map(|level| log_prob(level).exp()).sum();
            assert!((sum - 1.0).abs() < 1e-5, "field {field}: {sum}");
            for (level, one) in one.iter().enumerate() {
                let normalised = one - total.ln();
                assert!(
                    (normalised - log_prob(level)).abs() < 1e-4,
                    "field {field}, level {level}"
                );
            }
            one_by_one.choose(codes(&[1]));
        }
    }

    #[test]
    fn a_field_given_all_others_is_the_last_of_an_order() {
        let (p, widths) = mixed();
        let vectors = p.vectors(vec![codes(&[1]); 4]);
        for (field, width) in widths.iter().enumerate() {
            let order: Vec<usize> = (0..4).filter(|other| *other != field).chain([field]).collect();
            let found = values(&p.logits_given_others(field, &vectors));
            let total: f64 = found.iter().map(|l| l.exp()).sum();
            for level in 0..*width {
                let mut levels = [[1.0; 4]];
                levels[0][field] = level as f32;
                let all = p.log_prob(rows(levels), rows([[1.0; 4]]), Some(&order));
                let (found, expected) = (found[level] - total.ln(), values(&all)[field]);
                assert!(
                    (found - expected).abs() < 1e-4,
                    "field {field}, level {level}: {found} {expected}"
                );
            }
        }
    }
}
