//! The logistic log-likelihood of 256-level data: the mass of each level's bin.

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

use crate::{
    ops::{VaeGrads, VaeOps},
    shape::check_broadcast,
};

/// Half the width of a bin: levels lie at k/255.
pub(crate) const HALF_BIN: f32 = 0.5 / 255.0;

/// log of the mass that a logistic distribution gives to the bin of each level, summed, in nats
/// (Salimans et al. 2017, PixelCNN++, section 2.1, with one component).
///
/// The bin of level k reaches half a level to each side, a = (x + ½/255 - mean) / scale down to
/// b = (x - ½/255 - mean) / scale; that of level 0 reaches to -∞, that of level 255 to +∞, so the
/// masses add up to 1. log(σ(a) - σ(b)) = log σ(a) + log σ(-b) + log(1 - e^(b-a)): exact in the far
/// tail and for the thinnest bin, where the paper changes over to density times width.
///
/// Differentiable in `mean` and `log_scale`; `x` is data and gets no gradient.
/// Worst error: 2e-6 of the sum of the three terms' magnitudes, beside the rounding of a and b.
///
/// # Shapes
/// - `mean`, `x`: `[batch, d]`, on the `[0, 1]` scale; `x` = k/255
/// - `log_scale`: `[batch, d]`, `[1, d]` or `[1, 1]`, log of the scale on that same scale
/// - output: `[batch]`
///
/// # Panics
/// If the shapes do not fit.
pub fn discretized_logistic_log_prob(mean: Tensor<2>, log_scale: Tensor<2>, x: Tensor<2>) -> Tensor<1> {
    check_broadcast("discretized_logistic_log_prob", &mean, &log_scale, &x);
    let _span = span!("discretized_logistic_log_prob forward", "{}", x.dims()[1]);
    let (mean, log_scale, x) = (mean.into_dispatch(), log_scale.into_dispatch(), x.into_dispatch());
    Tensor::from_dispatch(<Dispatch as VaeOps>::discretized_logistic_log_prob(
        mean, log_scale, x,
    ))
}

/// The plain-tensor twin of [`discretized_logistic_log_prob`].
pub fn reference(mean: Tensor<2>, log_scale: Tensor<2>, x: Tensor<2>) -> Tensor<1> {
    let x = x.detach();
    let inverse_scale = log_scale.neg().exp();
    let not_lowest = x.clone().greater_elem(HALF_BIN).float();
    let not_highest = x.clone().lower_elem(1.0 - HALF_BIN).float();
    let upper = (x.clone() - mean.clone() + HALF_BIN) * inverse_scale.clone();
    let lower = (x - mean - HALF_BIN) * inverse_scale.clone();
    let t = (inverse_scale * HALF_BIN).tanh();
    let log_width = (t.clone() * 2.0 / (t + 1.0)).log();
    let log_p = activation::log_sigmoid(upper) * not_highest.clone()
        + activation::log_sigmoid(lower.neg()) * not_lowest.clone()
        + log_width * (not_lowest * not_highest);
    log_p.sum_dim(1).squeeze_dim(1)
}

#[derive(Debug)]
struct DiscretizedLogistic;

impl<B: VaeGrads> Backward<B, 2> for DiscretizedLogistic {
    /// mean, log_scale, x.
    type State = (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>);

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let ([to_mean, to_log_scale], (mean, log_scale, x)) = (ops.parents, ops.state);
        let _span = span!("discretized_logistic_log_prob backward", "{}", x.shape()[1]);
        let (by_mean, by_log_scale) = B::discretized_logistic_grad(mean, log_scale, x, grad);
        if let Some(node) = to_mean {
            grads.register::<B>(node.id, by_mean);
        }
        if let Some(node) = to_log_scale {
            grads.register::<B>(node.id, by_log_scale);
        }
    }
}

/// The operation on the autodiff backend.
pub(crate) fn tracked<B: VaeGrads, C: CheckpointStrategy>(
    mean: FloatTensor<Autodiff<B, C>>,
    log_scale: FloatTensor<Autodiff<B, C>>,
    x: FloatTensor<Autodiff<B, C>>,
) -> FloatTensor<Autodiff<B, C>> {
    let nodes = [mean.node(), log_scale.node()];
    let (mean, log_scale, x) = (
        mean.into_primitive(),
        log_scale.into_primitive(),
        x.into_primitive(),
    );
    let log_p = B::discretized_logistic_log_prob(mean.clone(), log_scale.clone(), x.clone());
    match DiscretizedLogistic.prepare::<C>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(prep) => prep.finish((mean, log_scale, x), log_p),
        OpsKind::UnTracked(prep) => prep.finish(log_p),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    type Op = fn(Tensor<2>, Tensor<2>, Tensor<2>) -> Tensor<1>;

    /// log p(x) and the gradients of mean and log_scale.
    fn run(op: Op, [mean, log_scale, x]: &[Tensor<2>; 3]) -> Vec<Vec<f32>> {
        let (mean, log_scale) = (leaf(mean), leaf(log_scale));
        let log_p = op(mean.clone(), log_scale.clone(), x.clone());
        with_gradients(log_p, |g| vec![gradient(&mean, g), gradient(&log_scale, g)])
    }

    /// Levels with every seventh black and every eleventh white, means in [0, 1], log scales in (-5, 0).
    fn inputs([batch, d]: [usize; 2], log_scale: [usize; 2]) -> [Tensor<2>; 3] {
        let level = |(i, v): (usize, f32)| match i {
            i if i % 7 == 0 => 0.0,
            i if i % 11 == 0 => 1.0,
            _ => (v.abs() * 255.0).round() / 255.0,
        };
        let x = numbers(batch * d, 3).into_iter().enumerate().map(level).collect();
        let log_scale = random(log_scale, 2) * 2.5 - 2.5;
        [random([batch, d], 1).abs(), log_scale, from_values(x, [batch, d])]
    }

    /// The definition in f64, of one element; above the mean by the mirror image, where the
    /// cumulative distribution is small and not near 1.
    fn exact(mean: f64, log_scale: f64, level: u8) -> f64 {
        if f64::from(level) / 255.0 > mean {
            return exact(1.0 - mean, log_scale, 255 - level);
        }
        let cdf = |edge: f64| 1.0 / (1.0 + (-(edge / 255.0 - mean) / log_scale.exp()).exp());
        let [low, high] = [cdf(f64::from(level) - 0.5), cdf(f64::from(level) + 0.5)];
        match level {
            0 => high.ln(),
            255 => (1.0 - low).ln(),
            _ => (high - low).ln(),
        }
    }

    /// log p of all 256 levels under one mean and scale.
    fn all_levels(mean: f32, log_scale: f32) -> Vec<f32> {
        let x = (0..=255).map(|k| k as f32 / 255.0).collect();
        let fill = |v| from_values(vec![v; 256], [256, 1]);
        values(discretized_logistic_log_prob(
            fill(mean),
            fill(log_scale),
            from_values(x, [256, 1]),
        ))
    }

    #[test]
    fn is_the_definition() {
        for (mean, log_scale) in [(0.5, -2.0), (0.1, -4.0), (0.93, -0.5)] {
            for (level, got) in (0..=255).zip(all_levels(mean, log_scale)) {
                let want = exact(f64::from(mean), f64::from(log_scale), level) as f32;
                assert!(
                    (got - want).abs() <= 2e-5 * want.abs(),
                    "level {level}: {got} for {want}"
                );
            }
        }
    }

    #[test]
    fn the_levels_add_up_to_one() {
        for (mean, log_scale) in [(0.5, -3.0), (-0.2, -1.0), (1.3, 2.0), (0.3, -8.0)] {
            let total: f64 = all_levels(mean, log_scale)
                .iter()
                .map(|l| f64::from(*l).exp())
                .sum();
            assert!(
                (total - 1.0).abs() < 1e-5,
                "mean {mean}, log scale {log_scale}: {total}"
            );
        }
    }

    #[test]
    fn thin_bins_and_far_tails_stay_finite() {
        // A scale of e^7: the bin's mass is its width times the density, ¼ / scale at the mean.
        let wide = all_levels(0.5, 7.0)[128];
        assert!((wide - (0.25_f32 / 255.0).ln() + 7.0).abs() < 1e-4);
        // A scale of e^-7 and 0.5 away: -(0.5 - ½/255) e^7 = -546.2…, far below the smallest f32.
        let tail = all_levels(0.0, -7.0)[128];
        let b = (127.5_f32 / 255.0) * 7.0_f32.exp();
        assert!((tail + b).abs() < 1.0 && tail.is_finite());
    }

    #[test]
    fn matches_the_twin_however_the_scale_is_broadcast() {
        for shape in [[1, 1], [3, 31], [2, 32], [5, 33], [2, 513], [64, 784]] {
            let [batch, d] = shape;
            for log_scale in [[1, 1], [1, d], [batch, d], [batch, 1]] {
                let inputs = inputs(shape, log_scale);
                let got = run(discretized_logistic_log_prob, &inputs);
                assert_near(&got, &run(reference, &inputs), 1e-5);
            }
        }
    }

    #[test]
    fn gradients_are_those_of_the_value() {
        // Central differences of the exact value, at edge bins, inner bins and in a tail.
        for (mean, log_scale, level) in [
            (0.4, -2.0, 0),
            (0.6, -1.5, 255),
            (0.5, -3.0, 100),
            (0.1, -5.0, 200),
        ] {
            let one = |v: f64| from_values(vec![v as f32], [1, 1]);
            let got = run(
                discretized_logistic_log_prob,
                &[one(mean), one(log_scale), one(f64::from(level) / 255.0)],
            );
            let h = 1e-5;
            let by_mean = (exact(mean + h, log_scale, level) - exact(mean - h, log_scale, level)) / (2.0 * h);
            let by_scale =
                (exact(mean, log_scale + h, level) - exact(mean, log_scale - h, level)) / (2.0 * h);
            let weight = coarse_numbers(1, 99)[0];
            assert!((got[1][0] / weight - by_mean as f32).abs() < 1e-3 * by_mean.abs() as f32);
            assert!((got[2][0] / weight - by_scale as f32).abs() < 1e-3 * by_scale.abs() as f32);
        }
    }

    #[test]
    fn reads_strided_inputs_and_empty_ones() {
        let inputs_ = inputs([6, 50], [6, 50]);
        let got = run(discretized_logistic_log_prob, &inputs_.each_ref().map(strided));
        assert_eq!(got, run(discretized_logistic_log_prob, &inputs_));
        let got = run(discretized_logistic_log_prob, &inputs([0, 4], [1, 1]));
        assert_eq!(got, vec![vec![], vec![], vec![0.0]]);
    }

    #[test]
    fn threads_do_not_change_bits() {
        for log_scale in [[1, 1], [1, 784], [131, 784]] {
            let inputs = inputs([131, 784], log_scale);
            assert_thread_independent(|| run(discretized_logistic_log_prob, &inputs));
        }
    }
}
