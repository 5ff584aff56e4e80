//! Networks of the fields with levels, each of which sees the fields before it: p(x|z,y) = Π p(x_i | x_<i, z, y).
//!
//! They model the dependence of two fields, such as a job and an income, that the latents do not explain (as
//! PixelVAE does for pixels; Gulrajani et al. 2017).

use burn::module::{Module, Param};
use burn::tensor::activation::relu;
use burn::tensor::{Int, Tensor};
use elbo_kernels::{Activation, dense_blocks};

use super::Dense;
use super::field_layers::FieldLayers;
use crate::field::vectors::{LevelVectors, Seen};
use crate::{FieldKind, Init};

/// Width of the sum of the vectors of all fields seen.
pub(crate) const CONTEXT: usize = 64;

/// A small network for each field. Field i sees the sum c_i of the vectors of the fields before it, and of those that are
/// known from the start, beside the decoder's hidden units h: with v = W_i [c_i, h] + a_i and u = relu(v), its features are
/// u + relu(V_i u + b_i), or v + relu(V_i u + b_i) of
/// those with linear features: numbers, which often are linear functions of others.
///
/// The order of the fields is that of the record, or any other: the sums need not know it.
#[derive(Module, Debug)]
pub struct Conditional {
    vectors: LevelVectors,
    /// The part of all W_i that sees h, side by side, and all a_i.
    hidden: Dense,
    /// The part of each W_i that sees c_i, side by side, `[CONTEXT, fields · width]`.
    context: Param<Tensor<2>>,
    second: FieldLayers,
    #[module(skip)]
    widths: Vec<usize>,
    /// The first field with linear features; so have all after it.
    #[module(skip)]
    linear: usize,
}

/// How a step of training varies the networks of the fields; by default not at all.
#[derive(Clone, Copy, Debug, Default)]
pub struct Variation<'a> {
    /// The order of the fields, by their places; none: that of the record.
    pub order: Option<&'a [usize]>,
    /// What each feature of each field is multiplied by, `[batch, fields · width]`: 0 for those that are dropped
    /// (Srivastava et al. 2014); none: 1.
    pub kept: Option<&'a Tensor<2>>,
}

impl Conditional {
    /// For fields of these kinds, of which those from `linear` on have linear features, through layers of `width`, fed by
    /// `inputs` hidden units; the scores of numbers are also given as `steps` ramps.
    pub(crate) fn init(
        (kinds, linear): (&[&FieldKind], usize),
        width: usize,
        steps: usize,
        inputs: usize,
        init: &mut Init,
    ) -> Self {
        let fields = kinds.len();
        let share = (inputs as f32 / (inputs + CONTEXT) as f32).sqrt();
        Self {
            vectors: LevelVectors::init(kinds, steps, CONTEXT, VECTOR_SCALE, init),
            hidden: Dense::scaled(inputs, fields * width, Activation::Identity, init, |_| share),
            context: init.fan_in([CONTEXT, fields * width], inputs + CONTEXT),
            second: FieldLayers::init(width, vec![width; fields], Activation::Relu, init),
            widths: vec![width; fields],
            linear,
        }
    }

    /// Number of a field's features.
    pub(crate) fn width(&self) -> usize {
        self.widths.first().copied().unwrap_or(0)
    }

    /// The features of every field, each from the levels seen of those before it in this order, and from those `known`
    /// from the start.
    ///
    /// # Shapes
    /// hidden `[batch, inputs]`, levels `[batch, fields]`, to `[batch, fields · width]`.
    pub(crate) fn features(
        &self,
        hidden: &Tensor<2>,
        levels: &Seen,
        known: Option<&Seen>,
        order: &[usize],
    ) -> Tensor<2> {
        let before = self.vectors.before(levels, order);
        let before = match known {
            Some(known) => before + self.vectors.sum(known).repeat_dim(1, self.widths.len()),
            None => before,
        };
        let hidden = self.hidden.forward(hidden.clone());
        let (linear, fields) = (self.linear, self.widths.len());
        let activation = first_activation(linear < fields);
        let first = dense_blocks(before, self.context.val(), hidden, &self.widths, activation);
        if linear == fields {
            return first.clone() + self.second.forward(first);
        }
        let bent = relu(first.clone());
        let (columns, all) = (linear * self.width(), fields * self.width());
        let kept = match columns {
            0 => first,
            _ => Tensor::cat(
                vec![
                    bent.clone().narrow(1, 0, columns),
                    first.narrow(1, columns, all - columns),
                ],
                1,
            ),
        };
        kept + self.second.forward(bent)
    }

    /// The features of one field, from the hidden units and the sum of the vectors of the fields seen.
    pub(crate) fn features_of(&self, field: usize, hidden: Tensor<2>, before: Tensor<2>) -> Tensor<2> {
        let width = self.width();
        let hidden = self.hidden.part(hidden, field * width, width);
        let context = self.context.val().narrow(1, field * width, width);
        let linear = field >= self.linear;
        let first = dense_blocks(before, context, hidden, &[width], first_activation(linear));
        let bent = if linear {
            relu(first.clone())
        } else {
            first.clone()
        };
        first + self.second.one(field, bent)
    }

    /// The sum of the vectors of these levels, `[batch, CONTEXT]`.
    pub(crate) fn sum(&self, levels: &Seen) -> Tensor<2> {
        self.vectors.sum(levels)
    }

    /// The vector of each record's level of one field; the index past the last level is "not observed".
    ///
    /// # Shapes
    /// `[batch]` to `[batch, CONTEXT]`.
    pub(crate) fn vector(&self, field: usize, levels: Tensor<1, Int>) -> Tensor<2> {
        self.vectors.of(field, levels)
    }
}

/// The activation of the first layer: none where some of its fields have linear features, which need what it bends.
fn first_activation(linear: bool) -> Activation {
    if linear {
        Activation::Identity
    } else {
        Activation::Relu
    }
}

/// Scale of the first vectors: entries lie within ± this.
const VECTOR_SCALE: f32 = 0.5;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_close, codes, device, rows, tensor, uniform, values};

    const USUAL: [usize; 3] = [0, 1, 2];

    fn networks() -> Conditional {
        let (device, mut seed) = (device(), 0);
        let mut noise = |n| {
            seed += 1;
            uniform(seed, n)
        };
        let kinds = [2, 3, 4].map(|levels| FieldKind::Category { levels });
        let kinds: Vec<&FieldKind> = kinds.iter().collect();
        Conditional::init((&kinds, 2), 6, 0, 5, &mut Init::new(&mut noise, &device))
    }

    fn hidden() -> Tensor<2> {
        tensor(uniform(9, 10), [2, 5])
    }

    fn seen(levels: [[f32; 3]; 2], observed: [[f32; 3]; 2]) -> Seen {
        Seen::new(rows(levels), rows(observed))
    }

    /// The features of each field, of both records.
    fn features(levels: &Seen, known: Option<&Seen>, order: [usize; 3]) -> Vec<Vec<f64>> {
        let all = networks().features(&hidden(), levels, known, &order);
        (0..3)
            .map(|field| values(&all.clone().narrow(1, 6 * field, 6)))
            .collect()
    }

    #[test]
    fn a_field_depends_on_those_before_it_alone() {
        let of = |levels, order| features(&seen(levels, [[1.0; 3]; 2]), None, order);
        let (one, other) = (
            [[0.0, 1.0, 2.0], [1.0, 2.0, 0.0]],
            [[0.0, 2.0, 3.0], [1.0, 2.0, 0.0]],
        );
        let (a, b) = (of(one, USUAL), of(other, USUAL));
        assert_eq!(a[..2], b[..2]);
        assert_ne!(a[2], b[2]);
        // In the order 2, 1, 0 the second sees the third, which differs, and the third sees none.
        let (a, b) = (of(one, [2, 1, 0]), of(other, [2, 1, 0]));
        assert_eq!(a[2], b[2]);
        assert!(a[1] != b[1] && a[0] != b[0]);
    }

    #[test]
    fn only_linear_features_fall_below_zero() {
        let levels = [[0.0, 1.0, 2.0], [1.0, 2.0, 0.0]];
        let negative = |field: &Vec<f64>| field.iter().any(|feature| *feature < 0.0);
        let found = features(&seen(levels, [[1.0; 3]; 2]), None, USUAL);
        let found: Vec<bool> = found.iter().map(negative).collect();
        assert_eq!(found, [false, false, true]);
    }

    #[test]
    fn what_is_known_from_the_start_is_seen_by_all() {
        let levels = [[0.0, 1.0, 2.0], [1.0, 2.0, 0.0]];
        // The last field is known, and the others are gone through: as if it were the first of all.
        let known = seen(levels, [[0.0, 0.0, 1.0]; 2]);
        let rest = seen(levels, [[1.0, 1.0, 0.0]; 2]);
        let found = features(&rest, Some(&known), USUAL);
        let first = features(&seen(levels, [[1.0; 3]; 2]), None, [2, 0, 1]);
        for field in 0..2 {
            let pairs = found[field].iter().zip(&first[field]);
            pairs.for_each(|(found, first)| assert!((found - first).abs() < 1e-6));
        }
    }

    #[test]
    fn one_field_at_a_time_is_all_at_once() {
        let networks = networks();
        let levels = seen([[0.0, 1.0, 2.0], [1.0, 2.0, 0.0]], [[1.0, 0.0, 1.0], [1.0; 3]]);
        let all = features(&levels, None, USUAL);
        let mut before = Tensor::zeros([2, CONTEXT], &device());
        // the second field of the first record is not observed: its index is one past the last level
        for (field, chosen) in [[0, 1], [3, 2], [2, 0]].into_iter().enumerate() {
            let one = networks.features_of(field, hidden(), before.clone());
            assert_close(&one, &all[field], 1e-5);
            before = before + networks.vector(field, codes(&chosen));
        }
        assert_close(&networks.sum(&levels), &values(&before), 1e-5);
    }

    #[test]
    fn the_count_is_the_number_of_weights() {
        // nine levels' vectors, and two layers for each of three fields
        let layers = 3 * ((CONTEXT + 5 + 1) * 6 + (6 + 1) * 6);
        assert_eq!(networks().num_params(), 9 * CONTEXT + layers);
    }
}
