//! Fields with levels (categories, flags and binned numbers) as x: their distributions, and what they are computed from.

use std::sync::Arc;

use burn::module::Module;
use burn::tensor::{Int, Tensor, TensorData, activation};
use elbo_kernels::categorical_log_prob;

use super::bins::Bins;
use super::law::{Law, Laws, Looked};
use super::mixture::{Mixture, first_parameters, log_add_exp};
pub use super::vectors::Seen;
use super::vectors::{indices, picked};
use crate::network::Conditional;
use crate::network::conditional::{CONTEXT, Variation};
use crate::network::field_layers::FieldLayers;
use crate::{FieldKind, FieldSpec, Init, NetworkConfig};

/// Features to the distributions of all fields with levels.
#[derive(Module, Debug)]
pub struct LevelsHead {
    /// None if the fields are conditionally independent given z and y.
    networks: Option<Conditional>,
    /// The logits of each field, from its features.
    logits: FieldLayers,
    /// The mixtures of the fields that have one.
    mixtures: Option<FieldLayers>,
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
        let kinds = kinds_with_levels(fields);
        if kinds.is_empty() {
            return None;
        }
        let each = kinds.iter().map(|kind| Law::new(kind, network.components));
        let laws = Laws::new(&each.collect::<Vec<_>>());
        let kinds: Vec<&FieldKind> = laws.places.iter().map(|place| kinds[*place]).collect();
        // Numbers that are seen as many ramps have better use for bent features.
        let linear = match network.number_steps {
            0 => laws.without_mixture(),
            _ => kinds.len(),
        };
        let networks = (network.chain > 0).then(|| {
            Conditional::init(
                (&kinds, linear),
                network.chain,
                network.number_steps,
                inputs,
                init,
            )
        });
        let width = networks.as_ref().map_or(inputs, Conditional::width);
        let logits = laws.each.iter().zip(&kinds).map(|(law, kind)| law.first(kind));
        let logits: Vec<Vec<f32>> = logits.collect();
        let mixed = laws.each.len() - laws.without_mixture();
        let mixture = first_parameters(network.components);
        Some(Self {
            logits: FieldLayers::output(width, &logits, FIRST_SCALE, init),
            mixtures: (mixed > 0)
                .then(|| FieldLayers::output(width, &vec![mixture; mixed], FIRST_SCALE, init)),
            networks,
            laws: Arc::new(laws),
        })
    }

    /// `known`: levels that are given, which every field sees, in the order of the record.
    ///
    /// # Shapes
    /// `[batch, inputs]` to distributions over `[batch, fields]` levels.
    pub fn forward(&self, hidden: Tensor<2>, known: Option<&Seen>) -> Levels {
        Levels {
            known: known.map(|known| known.at(&self.laws.places)),
            head: self.clone(),
            hidden,
        }
    }
}

/// The kinds of those of `fields` that have levels.
pub(crate) fn kinds_with_levels(fields: &[FieldSpec]) -> Vec<&FieldKind> {
    let kinds = fields.iter().map(|field| &field.kind);
    kinds.filter(|kind| kind.levels() > 0).collect()
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
    /// What is given, in the order of the head.
    known: Option<Seen>,
}

/// The fields of [`Levels`] in order, for sampling: each conditional on the levels chosen before it.
pub struct OneByOne<'a> {
    levels: &'a Levels,
    /// Sum of the vectors of all levels seen so far, `[batch, CONTEXT]`; none where the fields do not see each other.
    before: Option<Tensor<2>>,
    next: usize,
}

impl Levels {
    /// log p of each field's level, in nats, given the observed levels of the fields before it.
    ///
    /// # Shapes
    /// levels, observed: `[batch, fields]`, to the same.
    pub fn log_prob(&self, levels: Tensor<2>, observed: Tensor<2>, variation: Variation<'_>) -> Tensor<2> {
        let laws = &self.head.laws;
        let seen = Seen::new(levels, observed).at(&laws.places);
        let features = self.features(&seen, variation);
        let logits = self.head.logits.forward(features.clone());
        let widths: Vec<usize> = laws.each.iter().map(Law::heads).collect();
        let Looked { head, mixed } = laws.look_up(seen.levels);
        let own = categorical_log_prob(logits.clone(), head, &widths);
        let log_prob = match (mixed, &self.head.mixtures) {
            (Some(mixed), Some(mixtures)) => {
                let (without, fields) = (laws.without_mixture(), widths.len());
                let (others, with) = widths.split_at(without);
                let others: usize = others.iter().sum();
                let logits = logits.narrow(1, others, with.iter().sum());
                let rest = categorical_log_prob(logits, mixed.rest, with);
                let width = features.dims()[1] / fields;
                let features = features.narrow(1, without * width, with.len() * width);
                let parameters = mixtures.forward(features);
                let [batch, columns] = parameters.dims();
                let parameters = parameters.reshape([batch, with.len(), columns / with.len()]);
                let masses = Mixture::new(parameters).log_mass(mixed.low, mixed.high);
                let rest = behind(rest + masses, fields);
                log_add_exp(own, mixed.named, rest, mixed.covered)
            }
            _ => own,
        };
        picked(log_prob, &laws.place_of)
    }

    /// The features of all fields, `[batch, fields · width]`.
    fn features(&self, seen: &Seen, variation: Variation<'_>) -> Tensor<2> {
        let LevelsHead { networks, laws, .. } = &self.head;
        let Some(networks) = networks else {
            return self.hidden.clone().repeat_dim(1, laws.each.len());
        };
        let usual: Vec<usize> = (0..laws.each.len()).collect();
        let order = variation.order.unwrap_or(&usual).iter();
        let order: Vec<usize> = order.map(|place| laws.place_of[*place]).collect();
        let features = networks.features(&self.hidden, seen, self.known.as_ref(), &order);
        match variation.kept {
            Some(kept) => features * kept.clone(),
            None => features,
        }
    }

    /// The fields one after the other. `known`: levels that are known already, which all fields see; they are then not to
    /// be chosen again.
    pub fn one_by_one(&self, known: Option<&Seen>) -> OneByOne<'_> {
        OneByOne {
            levels: self,
            before: self.before(known.map(|known| known.at(&self.head.laws.places))),
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
        let each = levels.into_iter().zip(&self.head.laws.place_of);
        each.map(|(levels, field)| networks.vector(*field, levels))
            .collect()
    }

    /// Logits of a field, `[batch, levels]`, given all others by their [`Self::vectors`]: in an order of which it is the
    /// last. A number's are log-probabilities.
    ///
    /// # Panics
    /// If there is no such field.
    pub fn logits_given_others(&self, field: usize, vectors: &[Tensor<2>]) -> Tensor<2> {
        let others = vectors.iter().enumerate().filter(|(other, _)| *other != field);
        let before = others.fold(self.before(None), |sum, (_, vector)| {
            sum.map(|sum| sum + vector.clone())
        });
        self.logits(self.head.laws.place_of[field], self.hidden.clone(), before)
    }

    /// The sum of the vectors of what is given, and of what else is `known`, `[batch, CONTEXT]`; none if the fields are
    /// independent.
    fn before(&self, known: Option<Seen>) -> Option<Tensor<2>> {
        let networks = self.head.networks.as_ref()?;
        let [batch, _] = self.hidden.dims();
        let sums = [self.known.as_ref(), known.as_ref()].into_iter().flatten();
        let sums = sums.map(|known| networks.sum(known));
        Some(
            sums.reduce(|sum, more| sum + more)
                .unwrap_or_else(|| Tensor::zeros([batch, CONTEXT], &self.hidden.device())),
        )
    }

    /// Logits of a field in the order of the head, `[batch, levels]`, given the hidden units and the sum of the vectors of
    /// the fields before it; a number's are log-probabilities.
    fn logits(&self, field: usize, hidden: Tensor<2>, before: Option<Tensor<2>>) -> Tensor<2> {
        let LevelsHead {
            networks,
            logits,
            mixtures,
            laws,
        } = &self.head;
        let features = match (networks, before) {
            (Some(networks), Some(before)) => networks.features_of(field, hidden, before),
            _ => hidden,
        };
        let logits = logits.one(field, features.clone());
        match (&laws.each[field].bins, mixtures) {
            (Some(bins), Some(mixtures)) => {
                let mixture = mixtures.one(field - laws.without_mixture(), features);
                number_log_probs(bins, logits, mixture)
            }
            _ => logits,
        }
    }
}

/// Values of the last of `fields` fields, behind as many zeros as there are other fields.
fn behind(values: Tensor<2>, fields: usize) -> Tensor<2> {
    let [batch, own] = values.dims();
    if own == fields {
        return values;
    }
    Tensor::cat(
        vec![Tensor::zeros([batch, fields - own], &values.device()), values],
        1,
    )
}

impl OneByOne<'_> {
    /// Logits of the next field for all records, `[batch, levels]`; a number's are log-probabilities.
    ///
    /// # Panics
    /// If all fields are chosen.
    pub fn logits(&self) -> Tensor<2> {
        let field = self.levels.head.laws.place_of[self.next];
        self.levels
            .logits(field, self.levels.hidden.clone(), self.before.clone())
    }

    /// As [`Self::logits`], for the records at these places alone, `[places]` to `[places, levels]`.
    ///
    /// # Panics
    /// If all fields are chosen.
    pub fn logits_at(&self, places: &Tensor<1, Int>) -> Tensor<2> {
        let field = self.levels.head.laws.place_of[self.next];
        let at = |rows: &Tensor<2>| rows.clone().select(0, places.clone());
        self.levels
            .logits(field, at(&self.levels.hidden), self.before.as_ref().map(at))
    }

    /// How many levels the next field has.
    ///
    /// # Panics
    /// If all fields are chosen.
    pub fn levels(&self) -> usize {
        let laws = &self.levels.head.laws;
        laws.each[laws.place_of[self.next]].levels
    }

    /// Sets the level of this field in each record, `[batch]`, and moves on to the next field. The index one
    /// past the last level means "not observed", or that the level was known from the start.
    pub fn choose(&mut self, levels: Tensor<1, Int>) {
        let head = &self.levels.head;
        if let (Some(networks), Some(before)) = (&head.networks, &mut self.before) {
            let field = head.laws.place_of[self.next];
            *before = before.clone() + networks.vector(field, levels);
        }
        self.next += 1;
    }

    /// Moves on to the next field: the level of this one was known from the start in every record.
    pub fn pass(&mut self) {
        self.next += 1;
    }
}

/// log p of every level of a number, from the logits of its named levels and the parameters of its mixture.
fn number_log_probs(bins: &Bins, logits: Tensor<2>, mixture: Tensor<2>) -> Tensor<2> {
    let ([batch, _], device, levels) = (logits.dims(), logits.device(), bins.named.len());
    let heads = activation::softmax(logits, 1);
    let covered = bins.mixed.iter().filter(|mixed| **mixed).count();
    let masses = Mixture::new(mixture.unsqueeze_dim(1)).masses(&bins.high[..covered - 1]);
    let rest = masses * heads.clone().narrow(1, bins.heads - 1, 1);
    let none = Tensor::zeros([batch, levels - covered], &device);
    let places = indices(&bins.head, &device);
    let named: Vec<f32> = bins
        .named
        .iter()
        .map(|named| f32::from(u8::from(*named)))
        .collect();
    let named = Tensor::<2>::from_data(TensorData::new(named, [1, levels]), &device);
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
        let laws = Laws::new(&fields.iter().map(law).collect::<Vec<_>>());
        let logits = laws.places.iter().map(|place| fields[*place].to_vec());
        let logits: Vec<Vec<f32>> = logits.collect();
        Self {
            head: LevelsHead {
                networks: None,
                logits: FieldLayers::output(1, &logits, 0.0, &mut init),
                mixtures: None,
                laws: Arc::new(laws),
            },
            hidden: Tensor::zeros([batch, 1], &device),
            known: None,
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
        let found = p.log_prob(
            rows([[1.0, 0.0], [0.0, 2.0]]),
            rows([[1.0; 2]; 2]),
            Variation::default(),
        );
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
        (head.forward(tensor(uniform(7, 3), [1, 3]), None), levels)
    }

    #[test]
    fn all_levels_of_each_field_have_probability_1_both_ways() {
        let (p, widths) = mixed();
        let mut one_by_one = p.one_by_one(None);
        for (field, width) in widths.iter().enumerate() {
            let one = values(&one_by_one.logits());
            let total: f64 = one.iter().map(|l| l.exp()).sum();
            let log_prob = |level: usize| {
                let mut levels = [[1.0; 4]];
                levels[0][field] = level as f32;
                values(&p.log_prob(rows(levels), rows([[1.0; 4]]), Variation::default()))[field]
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
    fn some_records_alone_have_the_logits_that_they_have_among_all() {
        let (p, widths) = mixed();
        let p = Levels {
            hidden: tensor(uniform(7, 9), [3, 3]),
            ..p
        };
        let mut one_by_one = p.one_by_one(None);
        for (field, width) in widths.iter().enumerate() {
            let (all, some) = (one_by_one.logits(), one_by_one.logits_at(&codes(&[2, 0])));
            let (all, some) = (values(&all), values(&some));
            let expected = [&all[2 * width..], &all[..*width]].concat();
            for (found, expected) in some.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-5, "field {field}");
            }
            if field == 1 {
                one_by_one.pass();
            } else {
                one_by_one.choose(codes(&[0, 1, 1]));
            }
        }
    }

    fn in_order(order: &[usize]) -> Variation<'_> {
        Variation {
            order: Some(order),
            ..Variation::default()
        }
    }

    #[test]
    fn a_dropped_feature_tells_nothing() {
        let (p, _) = mixed();
        let log_prob = |kept: &Tensor<2>, hidden: f32| {
            let p = Levels {
                hidden: p.hidden.clone() * hidden,
                ..p.clone()
            };
            let variation = Variation {
                kept: Some(kept),
                ..Variation::default()
            };
            values(&p.log_prob(rows([[1.0; 4]]), rows([[1.0; 4]]), variation))
        };
        let seen = Seen::new(rows([[1.0; 4]]), rows([[1.0; 4]]));
        let all = p.features(&seen, Variation::default()).ones_like();
        let plain = p.log_prob(rows([[1.0; 4]]), rows([[1.0; 4]]), Variation::default());
        assert_eq!(log_prob(&all, 1.0), values(&plain));
        assert_ne!(log_prob(&all, 1.0), log_prob(&all, 2.0));
        // Without any feature the biases are left, whatever the hidden units are.
        let none = all.zeros_like();
        assert_eq!(log_prob(&none, 1.0), log_prob(&none, 2.0));
        assert_ne!(log_prob(&none, 1.0), log_prob(&all, 1.0));
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
                let all = p.log_prob(rows(levels), rows([[1.0; 4]]), in_order(&order));
                let (found, expected) = (found[level] - total.ln(), values(&all)[field]);
                assert!(
                    (found - expected).abs() < 1e-4,
                    "field {field}, level {level}: {found} {expected}"
                );
            }
        }
    }
}
