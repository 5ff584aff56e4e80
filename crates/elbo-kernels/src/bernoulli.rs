//! The Bernoulli log-likelihood of data in `[0, 1]`, from logits.

use burn::{
    backend::{
        Autodiff, Dispatch, TensorMetadata,
        autodiff::{
            checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
            grads::Gradients,
            ops::{Backward, Ops, OpsKind},
        },
        tensor::FloatTensor,
    },
    tensor::{Tensor, activation},
};

use crate::ops::{VaeGrads, VaeOps};

/// log p(x) = Σ_d x l - log(1 + e^l), in nats, per row, with p = 1 / (1 + e^-l).
///
/// Differentiable in `logits`; `x` is data and gets no gradient. For `x` strictly between 0 and 1
/// this is the usual cross-entropy, not a normalised density.
/// Worst error: 2e-6 Σ_d (|x l| + log(1 + e^l)), of the gradient 5e-7 per element.
///
/// # Shapes
/// - `logits`, `x`: `[batch, d]`
/// - output: `[batch]`
///
/// # Panics
/// If the shapes differ.
pub fn bernoulli_log_prob(logits: Tensor<2>, x: Tensor<2>) -> Tensor<1> {
    assert_eq!(
        logits.dims(),
        x.dims(),
        "`bernoulli_log_prob`: shapes of `logits` and `x`"
    );
    let _span = span!("bernoulli_log_prob forward", "{}", logits.dims()[1]);
    Tensor::from_dispatch(<Dispatch as VaeOps>::bernoulli_log_prob(
        logits.into_dispatch(),
        x.into_dispatch(),
    ))
}

/// The plain-tensor twin of [`bernoulli_log_prob`].
pub fn reference(logits: Tensor<2>, x: Tensor<2>) -> Tensor<1> {
    let x = x.detach();
    let log_p = activation::log_sigmoid(logits.clone()) - (x.neg() + 1.0) * logits;
    log_p.sum_dim(1).squeeze_dim(1)
}

#[derive(Debug)]
struct Bernoulli;

impl<B: VaeGrads> Backward<B, 1> for Bernoulli {
    /// logits, x.
    type State = (FloatTensor<B>, FloatTensor<B>);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let ([to_logits], (logits, x)) = (ops.parents, ops.state);
        let _span = span!("bernoulli_log_prob backward", "{}", logits.shape()[1]);
        if let Some(node) = to_logits {
            grads.register::<B>(node.id, B::bernoulli_grad(logits, x, grad));
        }
    }
}

/// The operation on the autodiff backend.
pub(crate) fn tracked<B: VaeGrads, C: CheckpointStrategy>(
    logits: FloatTensor<Autodiff<B, C>>,
    x: FloatTensor<Autodiff<B, C>>,
) -> FloatTensor<Autodiff<B, C>> {
    let nodes = [logits.node()];
    let (logits, x) = (logits.into_primitive(), x.into_primitive());
    let log_p = B::bernoulli_log_prob(logits.clone(), x.clone());
    match Bernoulli.prepare::<C>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(prep) => prep.finish((logits, x), log_p),
        OpsKind::UnTracked(prep) => prep.finish(log_p),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    type Op = fn(Tensor<2>, Tensor<2>) -> Tensor<1>;

    /// log p(x) and the gradient of the logits.
    fn run(op: Op, logits: &Tensor<2>, x: &Tensor<2>) -> Vec<Vec<f32>> {
        let logits = leaf(logits);
        with_gradients(op(logits.clone(), x.clone()), |g| vec![gradient(&logits, g)])
    }

    /// Logits of either sign up to 20, and x in [0, 1].
    fn inputs(batch: usize, d: usize) -> (Tensor<2>, Tensor<2>) {
        (random([batch, d], 1) * 20.0, random([batch, d], 2).abs())
    }

    #[test]
    fn closed_forms() {
        let log_p = |l: f32, x: f32| {
            values(bernoulli_log_prob(
                from_values(vec![l], [1, 1]),
                from_values(vec![x], [1, 1]),
            ))[0]
        };
        assert!((log_p(0.0, 1.0) + 2.0_f32.ln()).abs() < 1e-7); // a fair coin: log ½
        assert!((log_p(3.0_f32.ln(), 1.0) - 0.75_f32.ln()).abs() < 1e-7); // p = 3/4
        assert!((log_p(3.0_f32.ln(), 0.0) - 0.25_f32.ln()).abs() < 2e-7);
        assert_eq!(log_p(200.0, 0.0), -200.0); // log(1 + e^200) without overflow
        assert_eq!(log_p(200.0, 1.0), 0.0);
    }

    #[test]
    fn errors_are_within_the_stated_bounds() {
        let (logits, x) = inputs(20, 1000);
        let got = run(bernoulli_log_prob, &logits, &x);
        let (logits, x, weights) = (values(logits), values(x), coarse_numbers(20, 99));
        for row in 0..20 {
            let (mut log_p, mut size) = (0.0, 0.0);
            for i in row * 1000..(row + 1) * 1000 {
                let (l, x) = (f64::from(logits[i]), f64::from(x[i]));
                log_p += x * l - l.exp().ln_1p();
                size += (x * l).abs() + l.exp().ln_1p();
                let gradient = (x - 1.0 / (1.0 + (-l).exp())) * f64::from(weights[row]);
                assert!((f64::from(got[1][i]) - gradient).abs() <= 5e-7);
            }
            assert!((f64::from(got[0][row]) - log_p).abs() <= 2e-6 * size);
        }
    }

    #[test]
    fn matches_the_twin_around_vector_widths() {
        for (batch, d) in [(1, 1), (3, 31), (2, 32), (5, 33), (2, 511), (2, 513), (40, 784)] {
            let (logits, x) = inputs(batch, d);
            let got = run(bernoulli_log_prob, &logits, &x);
            assert_near(&got, &run(reference, &logits, &x), 2e-6);
        }
    }

    #[test]
    fn reads_strided_inputs_and_empty_ones() {
        let (logits, x) = inputs(6, 50);
        let got = run(bernoulli_log_prob, &strided(&logits), &strided(&x));
        assert_eq!(got, run(bernoulli_log_prob, &logits, &x));
        let (logits, x) = inputs(0, 5);
        assert_eq!(run(bernoulli_log_prob, &logits, &x), vec![Vec::<f32>::new(); 2]);
        let (logits, x) = inputs(3, 0);
        assert_eq!(values(bernoulli_log_prob(logits, x)), vec![0.0; 3]);
    }

    #[test]
    fn threads_do_not_change_bits() {
        let (logits, x) = inputs(131, 784);
        assert_thread_independent(|| run(bernoulli_log_prob, &logits, &x));
    }

    #[test]
    fn a_row_does_not_see_the_others() {
        let (logits, x) = inputs(40, 784);
        let changed = logits.clone().slice_assign([0..7, 0..784], random([7, 784], 8));
        let tail = |logits: Tensor<2>| values(bernoulli_log_prob(logits, x.clone()))[7..].to_vec();
        assert_eq!(tail(logits), tail(changed));
    }
}
