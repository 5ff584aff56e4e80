//! Networks of the fields with levels, each of which sees the fields before it: p(x|z,y) = Π p(x_i | x_<i, z, y).
//!
//! They model the dependence of two fields, such as a job and an income, that the latents do not explain (as
//! PixelVAE does for pixels; Gulrajani et al. 2017).

use burn::module::Module;
use burn::tensor::{Int, Tensor};
use elbo_kernels::Activation;

use super::Dense;
use crate::field::vectors::LevelVectors;
use crate::{FieldKind, Init};

/// Width of the sum of the vectors of all fields seen.
pub(crate) const CONTEXT: usize = 64;

/// A small network for each field. Field i sees the sum c_i of the vectors of the fields before it, beside the
/// decoder's hidden units h: u = relu(W_i [c_i, h] + a_i), and its features are u + relu(V_i u + b_i).
///
/// The order of the fields is that of the record, or any other: the sums need not know it.
#[derive(Module, Debug)]
pub struct Conditional {
    vectors: Vec<LevelVectors>,
    first: Vec<Dense>,
    second: Vec<Dense>,
}

/// The order of the fields, by their places; none: that of the record.
pub type Order<'a> = Option<&'a [usize]>;

impl Conditional {
    /// For fields of these kinds, through layers of `width`, fed by `inputs` hidden units; the scores of numbers are
    /// also given as `steps` ramps.
    pub(crate) fn init(
        kinds: &[&FieldKind],
        width: usize,
        steps: usize,
        inputs: usize,
        init: &mut Init,
    ) -> Self {
        let mut all = |inputs| {
            let each = kinds.iter();
            each.map(|_| Dense::init(inputs, width, Activation::Relu, init))
                .collect()
        };
        let (first, second) = (all(CONTEXT + inputs), all(width));
        let vectors = kinds.iter();
        Self {
            vectors: vectors
                .map(|kind| LevelVectors::init(kind, steps, CONTEXT, init))
                .collect(),
            first,
            second,
        }
    }

    /// Number of a field's features.
    pub(crate) fn width(&self) -> usize {
        self.second.first().map_or(0, Dense::outputs)
    }

    /// The features of every field, each from the observed levels of those before it.
    ///
    /// # Shapes
    /// hidden `[batch, inputs]`, levels and observed `[batch, fields]`, to one `[batch, width]` for each field.
    pub(crate) fn features(
        &self,
        hidden: &Tensor<2>,
        levels: Tensor<2>,
        observed: Tensor<2>,
        order: Order<'_>,
    ) -> Vec<Tensor<2>> {
        let (fields, device) = (self.vectors.len(), hidden.device());
        let [batch, _] = hidden.dims();
        let usual: Vec<usize> = (0..fields).collect();
        let mut before = Tensor::zeros([batch, CONTEXT], &device);
        let mut features: Vec<Option<Tensor<2>>> = vec![None; fields];
        for field in order.unwrap_or(&usual) {
            features[*field] = Some(self.features_of(*field, hidden.clone(), before.clone()));
            let column = |table: &Tensor<2>| table.clone().narrow(1, *field, 1);
            let (level, observed) = (column(&levels), column(&observed));
            // What is not observed may be no level at all.
            let level = (level * observed.clone()).int().squeeze_dim(1);
            before = before + self.vectors[*field].of(level, observed);
        }
        features.into_iter().flatten().collect()
    }

    /// The features of one field, from the sum of the vectors of those before it.
    pub(crate) fn features_of(&self, field: usize, hidden: Tensor<2>, before: Tensor<2>) -> Tensor<2> {
        let first = self.first[field].forward(Tensor::cat(vec![before, hidden], 1));
        first.clone() + self.second[field].forward(first)
    }

    /// The vector of each record's level of one field; the index past the last level is "not observed".
    ///
    /// # Shapes
    /// `[batch]` to `[batch, CONTEXT]`.
    pub(crate) fn vector(&self, field: usize, levels: Tensor<1, Int>) -> Tensor<2> {
        let vectors = &self.vectors[field];
        let none = vectors.levels() as i64;
        let observed = levels.clone().not_equal_elem(none).float().unsqueeze_dim(1);
        vectors.of(levels.clamp_max(none - 1), observed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_close, device, rows, tensor, uniform, values};
    use burn::module::Module;

    fn networks() -> Conditional {
        let (device, mut seed) = (device(), 0);
        let mut noise = |n| {
            seed += 1;
            uniform(seed, n)
        };
        let kinds = [2, 3, 4].map(|levels| FieldKind::Category { levels });
        let kinds: Vec<&FieldKind> = kinds.iter().collect();
        Conditional::init(&kinds, 6, 0, 5, &mut Init::new(&mut noise, &device))
    }

    fn hidden() -> Tensor<2> {
        tensor(uniform(9, 10), [2, 5])
    }

    #[test]
    fn a_field_depends_on_those_before_it_alone() {
        let features = |levels: [[f32; 3]; 2], order: Order<'_>| -> Vec<Vec<f64>> {
            let all = networks().features(&hidden(), rows(levels), rows([[1.0; 3]; 2]), order);
            all.iter().map(values).collect()
        };
        let (one, other) = (
            [[0.0, 1.0, 2.0], [1.0, 2.0, 0.0]],
            [[0.0, 2.0, 3.0], [1.0, 2.0, 0.0]],
        );
        let (a, b) = (features(one, None), features(other, None));
        assert_eq!(a[..2], b[..2]);
        assert_ne!(a[2], b[2]);
        // In the order 2, 1, 0 the second sees the third, which differs, and the third sees none.
        let order = [2, 1, 0];
        let (a, b) = (features(one, Some(&order)), features(other, Some(&order)));
        assert_eq!(a[2], b[2]);
        assert!(a[1] != b[1] && a[0] != b[0]);
    }

    #[test]
    fn one_field_at_a_time_is_all_at_once() {
        let networks = networks();
        let levels = [[0.0, 1.0, 2.0], [1.0, 2.0, 0.0]];
        let all = networks.features(&hidden(), rows(levels), rows([[1.0, 0.0, 1.0], [1.0; 3]]), None);
        let mut before = Tensor::zeros([2, CONTEXT], &device());
        // the second field of the first record is not observed: its index is one past the last level
        for (field, codes) in [[0, 1], [3, 2], [2, 0]].into_iter().enumerate() {
            let one = networks.features_of(field, hidden(), before.clone());
            assert_close(&one, &values(&all[field]), 1e-5);
            before = before + networks.vector(field, crate::testing::codes(&codes));
        }
    }

    #[test]
    fn the_count_is_the_number_of_weights() {
        // nine levels' vectors, and two layers for each of three fields
        let layers = 3 * ((CONTEXT + 5 + 1) * 6 + (6 + 1) * 6);
        assert_eq!(networks().num_params(), 9 * CONTEXT + layers);
    }
}
