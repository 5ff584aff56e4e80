//! The log-likelihood of one level in each of several categories, from logits side by side.

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
    tensor::{Int, Tensor, activation},
};

use crate::ops::{VaeGrads, VaeOps};

/// log p_f(k_f) = l_{f,k_f} - log Σ_k e^{l_{f,k}} for each category f, in nats.
///
/// `widths` are the numbers of levels; the logits of the categories stand side by side in that
/// order. Levels are whole numbers from 0, as floating-point numbers. Differentiable in `logits`.
/// Worst error: 2e-6 of the largest difference of logits in the category, and not below 2e-6.
///
/// # Shapes
/// - `logits`: `[batch, Σ widths]`
/// - `levels`: `[batch, categories]`
/// - output: `[batch, categories]`
///
/// # Panics
/// If the shapes do not fit, a width is 0, or (on the CPU) a level is not below its category's width.
pub fn categorical_log_prob(logits: Tensor<2>, levels: Tensor<2>, widths: &[usize]) -> Tensor<2> {
    let ([batch, width], [rows, categories]) = (logits.dims(), levels.dims());
    assert_eq!(
        ([batch, width], categories),
        ([rows, widths.iter().sum()], widths.len()),
        "`categorical_log_prob`: shapes of `logits` and `levels`, for widths {widths:?}"
    );
    assert!(
        widths.iter().all(|width| *width > 0),
        "`categorical_log_prob`: a width of 0 in {widths:?}"
    );
    let _span = span!("categorical_log_prob forward", "{width}");
    Tensor::from_dispatch(<Dispatch as VaeOps>::categorical_log_prob(
        logits.into_dispatch(),
        levels.into_dispatch(),
        widths.to_vec(),
    ))
}

/// The plain-tensor twin of [`categorical_log_prob`].
pub fn reference(logits: Tensor<2>, levels: Tensor<2>, widths: &[usize]) -> Tensor<2> {
    let levels: Tensor<2, Int> = levels.detach().int();
    let mut start = 0;
    let columns = widths.iter().enumerate().map(|(f, width)| {
        let log_p = activation::log_softmax(logits.clone().narrow(1, start, *width), 1);
        start += width;
        log_p.gather(1, levels.clone().narrow(1, f, 1))
    });
    Tensor::cat(columns.collect(), 1)
}

#[derive(Debug)]
struct Categorical;

impl<B: VaeGrads> Backward<B, 1> for Categorical {
    /// logits, levels, widths.
    type State = (FloatTensor<B>, FloatTensor<B>, Vec<usize>);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let ([to_logits], (logits, levels, widths)) = (ops.parents, ops.state);
        let _span = span!("categorical_log_prob backward", "{}", logits.shape()[1]);
        if let Some(node) = to_logits {
            grads.register::<B>(node.id, B::categorical_grad(logits, levels, widths, grad));
        }
    }
}

/// The operation on the autodiff backend.
pub(crate) fn tracked<B: VaeGrads, C: CheckpointStrategy>(
    logits: FloatTensor<Autodiff<B, C>>,
    levels: FloatTensor<Autodiff<B, C>>,
    widths: Vec<usize>,
) -> FloatTensor<Autodiff<B, C>> {
    let nodes = [logits.node()];
    let (logits, levels) = (logits.into_primitive(), levels.into_primitive());
    let log_p = B::categorical_log_prob(logits.clone(), levels.clone(), widths.clone());
    match Categorical.prepare::<C>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(prep) => prep.finish((logits, levels, widths), log_p),
        OpsKind::UnTracked(prep) => prep.finish(log_p),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    type Op = fn(Tensor<2>, Tensor<2>, &[usize]) -> Tensor<2>;

    /// Logits of either sign up to 20, and a level for each category.
    fn inputs(batch: usize, widths: &[usize]) -> (Tensor<2>, Tensor<2>) {
        let levels = (0..batch).flat_map(|row| widths.iter().map(move |width| (row * 7 % width) as f32));
        (
            random([batch, widths.iter().sum()], 1) * 20.0,
            from_values(levels.collect(), [batch, widths.len()]),
        )
    }

    /// log p and the gradient of the logits.
    fn run(op: Op, logits: &Tensor<2>, levels: &Tensor<2>, widths: &[usize]) -> Vec<Vec<f32>> {
        let logits = leaf(logits);
        let log_p = op(logits.clone(), levels.clone(), widths);
        with_gradients(log_p, |g| vec![gradient(&logits, g)])
    }

    const WIDTHS: [&[usize]; 5] = [&[1], &[2], &[2, 3, 1, 40], &[31, 32, 33], &[700]];

    #[test]
    fn closed_forms() {
        let logits = from_values(vec![0.0, 3.0_f32.ln(), 500.0, 500.0, -500.0], [1, 5]);
        let log_p = |levels: [f32; 2]| {
            values(categorical_log_prob(
                logits.clone(),
                from_values(levels.to_vec(), [1, 2]),
                &[2, 3],
            ))
        };
        // Odds of 1 to 3; two levels as likely and one that is not, without overflow.
        let near = |got: Vec<f32>, want: [f64; 2]| {
            let pairs = got.iter().zip(want);
            pairs
                .for_each(|(got, want)| assert!((f64::from(*got) - want).abs() < 2e-6 * want.abs().max(1.0)));
        };
        near(log_p([0.0, 0.0]), [0.25_f64.ln(), 0.5_f64.ln()]);
        near(log_p([1.0, 2.0]), [0.75_f64.ln(), -1000.0 - 2.0_f64.ln()]);
    }

    #[test]
    fn matches_the_twin_around_vector_widths() {
        for widths in WIDTHS {
            for batch in [1, 3, 40] {
                let (logits, levels) = inputs(batch, widths);
                let got = run(categorical_log_prob, &logits, &levels, widths);
                assert_near(&got, &run(reference, &logits, &levels, widths), 2e-6);
            }
        }
    }

    #[test]
    fn reads_strided_inputs_and_empty_ones() {
        let (logits, levels) = inputs(6, &[5, 7]);
        let got = run(
            categorical_log_prob,
            &strided(&logits),
            &strided(&levels),
            &[5, 7],
        );
        assert_eq!(got, run(categorical_log_prob, &logits, &levels, &[5, 7]));
        let (logits, levels) = inputs(0, &[5, 7]);
        let none = run(categorical_log_prob, &logits, &levels, &[5, 7]);
        assert_eq!(none, vec![Vec::<f32>::new(); 2]);
    }

    #[test]
    fn threads_do_not_change_bits_and_rows_do_not_see_each_other() {
        let (logits, levels) = inputs(300, &[40, 60, 3]);
        assert_thread_independent(|| run(categorical_log_prob, &logits, &levels, &[40, 60, 3]));
        let changed = logits.clone().slice_assign([0..7, 0..103], random([7, 103], 8));
        let tail =
            |logits| values(categorical_log_prob(logits, levels.clone(), &[40, 60, 3]))[7 * 3..].to_vec();
        assert_eq!(tail(logits), tail(changed));
    }
}
