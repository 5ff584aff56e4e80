//! The kinds of distribution that fields with levels have, and what the levels are to them.

use burn::tensor::{Int, Tensor, TensorData};

use super::bins::Bins;
use super::mixture::PARAMETERS;
use crate::FieldKind;

/// The least share of the records with which a named value begins.
const LEAST_SHARE: f32 = 1e-3;

/// The kind of distribution of one field.
#[derive(Clone, Debug)]
pub(super) struct Law {
    pub(super) levels: usize,
    /// Of a number that has a mixture.
    pub(super) bins: Option<Bins>,
    /// Components of the mixture; 0 without one.
    pub(super) components: usize,
}

impl Law {
    pub(super) fn new(kind: &FieldKind, components: usize) -> Self {
        let bins = match kind {
            FieldKind::Number { bins, missing } => Some(Bins::new(bins, *missing)).filter(Bins::has_mixture),
            FieldKind::Image { .. }
            | FieldKind::Text(_)
            | FieldKind::Category { .. }
            | FieldKind::Flag { .. } => None,
        };
        Self {
            levels: kind.levels(),
            components: if bins.is_some() { components } else { 0 },
            bins,
        }
    }

    /// Parameters of probabilities of their own.
    pub(super) fn heads(&self) -> usize {
        self.bins.as_ref().map_or(self.levels, |bins| bins.heads)
    }

    /// All parameters: the logits of named levels and of the mixture, and behind them the mixture's own.
    pub(super) fn parameters(&self) -> usize {
        self.heads() + PARAMETERS * self.components
    }

    /// The logits of a new network: a number's named values are as likely as they are frequent.
    pub(super) fn first(&self, kind: &FieldKind) -> Vec<f32> {
        match (&self.bins, kind) {
            (Some(found), FieldKind::Number { bins, .. }) => {
                let shares = found.shares(bins).into_iter();
                shares.map(|share| share.max(LEAST_SHARE).ln()).collect()
            }
            _ => vec![0.0; self.heads()],
        }
    }
}

/// How many parameters the distribution of a field with levels has.
pub(crate) fn parameters(kind: &FieldKind, components: usize) -> usize {
    Law::new(kind, components).parameters()
}

/// The distributions of all fields, with what each of their levels is to them, field after field. Those with a mixture
/// stand behind all others.
#[derive(Clone, Debug)]
pub(super) struct Laws {
    pub(super) each: Vec<Law>,
    /// The place in the record of each of them, and the other way round.
    pub(super) places: Vec<usize>,
    pub(super) place_of: Vec<usize>,
    /// Where the levels of each field begin.
    starts: Vec<f32>,
    /// The output that holds each level's own probability.
    head: Vec<f32>,
    /// None where no field has a mixture.
    mixtures: Option<Mixtures>,
}

/// What the levels are to the mixtures.
#[derive(Clone, Debug)]
struct Mixtures {
    /// The output of each field with a mixture that holds its mixture's probability.
    rest: Vec<f32>,
    /// 1 for each level that is named, and that a mixture covers.
    named: Vec<f32>,
    covered: Vec<f32>,
    /// The normal scores of the ends of each level; 0 in a field without a mixture.
    low: Vec<f32>,
    high: Vec<f32>,
}

/// What the levels of a batch are to the distributions, `[batch, fields]`.
pub(super) struct Looked {
    /// The output that holds each level's own probability.
    pub(super) head: Tensor<2>,
    /// None where no field has a mixture.
    pub(super) mixed: Option<Mixed>,
}

/// What the levels of a batch are to the mixtures.
pub(super) struct Mixed {
    /// The output that holds the mixture's probability, of fields with a mixture alone.
    pub(super) rest: Tensor<2>,
    /// 1 where the level is named, and where a mixture covers it.
    pub(super) named: Tensor<2>,
    pub(super) covered: Tensor<2>,
    /// The normal scores of its ends, of fields with a mixture alone.
    pub(super) low: Tensor<2>,
    pub(super) high: Tensor<2>,
}

impl Laws {
    /// Of distributions in the order of the record.
    pub(super) fn new(of_record: &[Law]) -> Self {
        let mut places: Vec<usize> = (0..of_record.len()).collect();
        places.sort_by_key(|place| of_record[*place].components > 0);
        let mut place_of = vec![0; places.len()];
        for (own, place) in places.iter().enumerate() {
            place_of[*place] = own;
        }
        let each: Vec<Law> = places.iter().map(|place| of_record[*place].clone()).collect();
        let starts = each.iter().scan(0.0, |next, law| {
            let start = *next;
            *next += law.levels as f32;
            Some(start)
        });
        Self {
            starts: starts.collect(),
            head: of_levels(&each, |bins, level| bins.head[level] as f32, |level| level as f32),
            mixtures: Mixtures::new(&each),
            each,
            places,
            place_of,
        }
    }

    /// How many fields have no mixture; they stand before the others.
    pub(super) fn without_mixture(&self) -> usize {
        self.each.iter().filter(|law| law.components == 0).count()
    }

    /// # Shapes
    /// `[batch, fields]` levels.
    pub(super) fn look_up(&self, levels: Tensor<2>) -> Looked {
        let Some(mixtures) = &self.mixtures else {
            return Looked {
                head: levels,
                mixed: None,
            };
        };
        let ([batch, fields], device) = (levels.dims(), levels.device());
        let row = |values: &[f32]| -> Tensor<2> {
            Tensor::from_data(TensorData::new(values.to_vec(), [1, fields]), &device)
        };
        let places: Tensor<2, Int> = (levels + row(&self.starts)).int();
        let places = places.reshape([batch * fields]);
        let at = |values: &[f32]| -> Tensor<2> {
            let table = TensorData::new(values.to_vec(), [values.len()]);
            let table = Tensor::<1>::from_data(table, &device);
            table.select(0, places.clone()).reshape([batch, fields])
        };
        let (without, with) = (self.without_mixture(), mixtures.rest.len());
        let own = |all: Tensor<2>| all.narrow(1, without, with);
        let rest = TensorData::new(mixtures.rest.clone(), [1, with]);
        let rest = Tensor::<2>::from_data(rest, &device);
        Looked {
            head: at(&self.head),
            mixed: Some(Mixed {
                rest: rest.repeat_dim(0, batch),
                named: at(&mixtures.named),
                covered: at(&mixtures.covered),
                low: own(at(&mixtures.low)),
                high: own(at(&mixtures.high)),
            }),
        }
    }
}

impl Mixtures {
    fn new(each: &[Law]) -> Option<Self> {
        let flag = |flag: bool| f32::from(u8::from(flag));
        let rest = each.iter().filter_map(|law| law.bins.as_ref());
        let rest: Vec<f32> = rest.map(|bins| (bins.heads - 1) as f32).collect();
        (!rest.is_empty()).then(|| Self {
            rest,
            named: of_levels(each, |bins, level| flag(bins.named[level]), |_| 1.0),
            covered: of_levels(each, |bins, level| flag(bins.mixed[level]), |_| 0.0),
            low: of_levels(each, |bins, level| bins.low[level], |_| 0.0),
            high: of_levels(each, |bins, level| bins.high[level], |_| 0.0),
        })
    }
}

/// A value for each level of all fields: of a number that has a mixture, and of other fields.
fn of_levels(
    each: &[Law],
    of_number: impl Fn(&Bins, usize) -> f32,
    of_other: impl Fn(usize) -> f32,
) -> Vec<f32> {
    let mut values = Vec::new();
    for law in each {
        values.extend((0..law.levels).map(|level| match &law.bins {
            Some(bins) => of_number(bins, level),
            None => of_other(level),
        }));
    }
    values
}
