//! A decoder that is autoregressive over fields with levels: p(x|z,y) = Π p(x_i | x_1 … x_{i−1}, z, y).
//!
//! It models the dependence of two fields, such as a job and an income, that the latents do not explain (as
//! PixelVAE does for pixels; Gulrajani et al. 2017).

use burn::module::{Module, Param};
use burn::tensor::{Int, Tensor, TensorData};
use elbo_kernels::Activation;

use super::Dense;
use crate::Init;

/// Logits of field i from the fields before it: tanh((s_i + Σ_{j<i} e_j) W + h P + b) V_i + c_i. Here e_j is
/// the learned vector of field j's level, or of "not observed", s_i a learned vector of field i, and h the
/// decoder's hidden units.
#[derive(Module, Debug)]
pub struct Chain {
    /// `[Σ (levels + 1), width]`, field after field; the last row of each is "not observed".
    table: Param<Tensor<2>>,
    /// s, `[fields, width]`.
    starts: Param<Tensor<2>>,
    hidden: Dense,
    /// W, P and b at once.
    units: Dense,
    outputs: Vec<Dense>,
    #[module(skip)]
    levels: Vec<usize>,
}

/// Scale of the outputs' initial weights: small, so that the latents are learned first.
const FIRST_SCALE: f32 = 0.1;

impl Chain {
    /// For fields with these numbers of `levels`, through a layer of `width`, fed by `inputs` hidden units.
    pub(crate) fn init(levels: &[usize], width: usize, inputs: usize, init: &mut Init) -> Self {
        let rows = levels.iter().map(|levels| levels + 1).sum();
        let outputs = levels.iter();
        let outputs = outputs.map(|levels| Dense::output(width, vec![0.0; *levels], FIRST_SCALE, init));
        let outputs = outputs.collect();
        Self {
            table: init.fan_in([rows, width], levels.len()),
            starts: init.fan_in([levels.len(), width], levels.len()),
            hidden: Dense::init(inputs, width, Activation::Identity, init),
            units: Dense::init(2 * width, width, Activation::Tanh, init),
            outputs,
            levels: levels.to_vec(),
        }
    }

    /// h P, which all fields share: `[batch, inputs]` to `[batch, width]`.
    pub(crate) fn begin(&self, h: Tensor<2>) -> Tensor<2> {
        self.hidden.forward(h)
    }

    /// Logits of all fields, each from the observed levels of those before it.
    ///
    /// # Shapes
    /// hidden `[batch, width]`, levels and observed `[batch, fields]`, to `[batch, Σ levels]`.
    pub(crate) fn logits(&self, hidden: Tensor<2>, levels: Tensor<2>, observed: Tensor<2>) -> Tensor<2> {
        let ([batch, width], fields) = (hidden.dims(), self.levels.len());
        // Field by field, so that one product computes the sum over earlier fields for all of them.
        let vectors = self.vectors(levels, observed).reshape([fields, batch * width]);
        let before = self.before(&vectors).matmul(vectors);
        let before = before.reshape([fields, batch, width]) + self.starts.val().unsqueeze_dim(1);
        let hidden = hidden.unsqueeze_dim::<3>(0).repeat_dim(0, fields);
        let seen = Tensor::cat(vec![before, hidden], 2).reshape([fields * batch, 2 * width]);
        let units = self.units.forward(seen);
        let logits = self.outputs.iter().enumerate();
        let logits =
            logits.map(|(field, output)| output.forward(units.clone().narrow(0, field * batch, batch)));
        Tensor::cat(logits.collect(), 1)
    }

    /// Logits of one field, from the sum of the vectors of those before it: `[batch, width]` to
    /// `[batch, levels]`.
    pub(crate) fn logits_of(&self, field: usize, hidden: Tensor<2>, before: Tensor<2>) -> Tensor<2> {
        let before = before + self.starts.val().narrow(0, field, 1);
        let units = self.units.forward(Tensor::cat(vec![before, hidden], 1));
        self.outputs[field].forward(units)
    }

    /// The vector of each record's level of one field; the index past the last level is "not observed".
    ///
    /// # Shapes
    /// `[batch]` to `[batch, width]`.
    pub(crate) fn vector(&self, field: usize, levels: Tensor<1, Int>) -> Tensor<2> {
        let start: usize = self.levels[..field].iter().map(|levels| levels + 1).sum();
        self.table.val().select(0, levels + start as i32)
    }

    /// The vectors of all fields' levels, `[fields · batch, width]`.
    fn vectors(&self, levels: Tensor<2>, observed: Tensor<2>) -> Tensor<2> {
        let [batch, fields] = levels.dims();
        let device = levels.device();
        let row = |values: Vec<f32>| Tensor::<2>::from_data(TensorData::new(values, [1, fields]), &device);
        let missing = row(self.levels.iter().map(|levels| *levels as f32).collect());
        let starts = self.levels.iter().scan(0.0, |next, levels| {
            let start = *next;
            *next += (levels + 1) as f32;
            Some(start)
        });
        let starts = row(starts.collect());
        let level = levels * observed.clone() + missing * (-observed + 1.0);
        let places: Tensor<2, Int> = (level + starts).int().transpose();
        self.table.val().select(0, places.reshape([fields * batch]))
    }

    /// 1 where the column's field comes before the row's, `[fields, fields]`.
    fn before(&self, like: &Tensor<2>) -> Tensor<2> {
        let fields = self.levels.len();
        let before = (0..fields * fields).map(|place| f32::from(u8::from(place % fields < place / fields)));
        Tensor::from_data(
            TensorData::new(before.collect::<Vec<_>>(), [fields, fields]),
            &like.device(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_close, device, rows, tensor, uniform, values};
    use burn::module::Module;

    fn chain() -> Chain {
        let (device, mut seed) = (device(), 0);
        let mut noise = |n| {
            seed += 1;
            uniform(seed, n)
        };
        Chain::init(&[2, 3, 4], 5, 6, &mut Init::new(&mut noise, &device))
    }

    fn hidden() -> Tensor<2> {
        tensor(uniform(9, 10), [2, 5])
    }

    #[test]
    fn a_field_depends_on_those_before_it_alone() {
        let logits =
            |levels: [[f32; 3]; 2]| values(&chain().logits(hidden(), rows(levels), rows([[1.0; 3]; 2])));
        let (one, other) = (
            logits([[0.0, 1.0, 2.0], [1.0, 2.0, 0.0]]),
            logits([[0.0, 2.0, 3.0], [1.0, 2.0, 1.0]]),
        );
        // nine logits for each record: those of the first two fields are equal, those of the third are not
        assert_eq!(one[..5], other[..5]);
        assert_ne!(one[5..9], other[5..9]);
        assert_eq!(one[9..], other[9..]);
    }

    #[test]
    fn one_field_at_a_time_is_all_at_once() {
        let chain = chain();
        let levels = [[0.0, 1.0, 2.0], [1.0, 2.0, 0.0]];
        let all = chain.logits(hidden(), rows(levels), rows([[1.0, 0.0, 1.0], [1.0; 3]]));
        let mut before = Tensor::zeros([2, 5], &device());
        let mut parts = Vec::new();
        // the second field of the first record is not observed: its index is one past the last level
        for (field, codes) in [[0, 1], [3, 2], [2, 0]].into_iter().enumerate() {
            parts.push(chain.logits_of(field, hidden(), before.clone()));
            before = before + chain.vector(field, crate::testing::codes(&codes));
        }
        assert_close(&Tensor::cat(parts, 1), &values(&all), 1e-5);
    }

    #[test]
    fn the_count_is_the_number_of_weights() {
        // a table of 12 rows, three starts, the hidden layer, the units, and nine outputs, all 5 wide
        let layers = (6 + 1) * 5 + (10 + 1) * 5 + (5 + 1) * 9;
        assert_eq!(chain().num_params(), 12 * 5 + 3 * 5 + layers);
    }
}
