//! The log-mass of an interval under a mixture of logistic distributions.

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

/// An end of an interval of this magnitude or more is infinite. Not infinity itself, which would make 0 · ∞ of data that
/// are masked.
pub const MIXTURE_END: f32 = 1e4;
/// The scale of a component is this, times softplus of its shifted parameter, above [`MIXTURE_LEAST_SCALE`].
pub const MIXTURE_SCALE: f32 = 0.7;
/// What is added to the parameter of a scale: at a parameter of 0 softplus is near 1.
pub const MIXTURE_SCALE_SHIFT: f32 = 0.5;
/// No component is narrower.
pub const MIXTURE_LEAST_SCALE: f32 = 3e-3;

/// Parameters of a component: its weight's logit, its location and that of its scale.
pub(crate) const PARAMETERS: usize = 3;
/// The least width of an interval in units of a scale: the logarithm of an empty one's mass stays finite.
pub(crate) const LEAST_WIDTH: f32 = 1e-20;

/// log Σ_j π_j [σ(A_j) - σ(B_j)] of each interval, in nats: the log of its mass under k logistic distributions
/// (Salimans et al. 2017, PixelCNN++, section 2.1).
///
/// The parameters of an interval are logits l_1 … l_k, locations m_1 … m_k and those of the scales a_1 … a_k:
///
/// - ln π = log softmax(l)
/// - s_j = [`MIXTURE_SCALE`] softplus(a_j + [`MIXTURE_SCALE_SHIFT`]) + [`MIXTURE_LEAST_SCALE`]
/// - A_j = (high - m_j) / s_j and B_j = (low - m_j) / s_j
///
/// An interval whose `low` has a magnitude of [`MIXTURE_END`] or more reaches to -∞, one whose `high` has, to +∞.
/// log(σ(A) - σ(B)) = log σ(A) + log σ(-B) + log(1 - e^(B-A)), an infinite end leaving out its own term and the last:
/// nothing cancels however thin the interval or far the tail. An empty interval counts as 1e-20 of a scale wide, so
/// that everything is finite for finite parameters.
///
/// Differentiable in `parameters`; `low` and `high` are data and get no gradient.
/// Worst error: 2e-6 of the magnitudes of ln π and of the three terms, and not below 2e-6.
///
/// # Shapes
/// - `parameters`: `[batch, n, 3 k]`
/// - `low`, `high`: `[batch, n]`
/// - output: `[batch, n]`
///
/// # Panics
/// If the shapes do not fit.
pub fn mixture_log_mass(parameters: Tensor<3>, low: Tensor<2>, high: Tensor<2>) -> Tensor<2> {
    let ([batch, n, width], of_low, of_high) = (parameters.dims(), low.dims(), high.dims());
    assert!(
        [of_low, of_high] == [[batch, n]; 2] && width > 0 && width.is_multiple_of(PARAMETERS),
        "`mixture_log_mass`: `parameters` is {:?}, `low` is {of_low:?}, `high` is {of_high:?}",
        [batch, n, width]
    );
    let _span = span!("mixture_log_mass forward", "{n}x{width}");
    let (parameters, low, high) = (
        parameters.into_dispatch(),
        low.into_dispatch(),
        high.into_dispatch(),
    );
    Tensor::from_dispatch(<Dispatch as VaeOps>::mixture_log_mass(parameters, low, high))
}

/// The plain-tensor twin of [`mixture_log_mass`].
pub fn reference(parameters: Tensor<3>, low: Tensor<2>, high: Tensor<2>) -> Tensor<2> {
    let k = parameters.dims()[2] / PARAMETERS;
    let part = |at: usize| parameters.clone().narrow(2, at * k, k);
    let log_weights = activation::log_softmax(part(0), 2);
    let scales =
        activation::softplus(part(2) + MIXTURE_SCALE_SHIFT, 1.0) * MIXTURE_SCALE + MIXTURE_LEAST_SCALE;
    let [low, high] = [low, high].map(|end| end.detach().unsqueeze_dim::<3>(2));
    let [has_low, has_high] = [&low, &high].map(|end| end.clone().abs().lower_elem(MIXTURE_END).float());
    let [low, high] = [low, high].map(|end| end.clamp(-MIXTURE_END, MIXTURE_END));
    let above = (high.clone() - part(1)) / scales.clone();
    let below = (low.clone() - part(1)) / scales.clone();
    // 1 - e^-δ = 2 t / (1 + t) with t = tanh(δ / 2)
    let t = (((high - low) / scales).clamp_min(LEAST_WIDTH) * 0.5).tanh();
    let log_width = (t.clone() * 2.0 / (t + 1.0)).log();
    let terms = log_weights
        + activation::log_sigmoid(above) * has_high.clone()
        + activation::log_sigmoid(below.neg()) * has_low.clone()
        + log_width * (has_high * has_low);
    let top = terms.clone().detach().max_dim(2);
    ((terms - top.clone()).exp().sum_dim(2).log() + top).squeeze_dim(2)
}

#[derive(Debug)]
struct Mixture;

impl<B: VaeGrads> Backward<B, 1> for Mixture {
    /// parameters, low, high.
    type State = (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let ([to_parameters], (parameters, low, high)) = (ops.parents, ops.state);
        let _span = span!(
            "mixture_log_mass backward",
            "{}x{}",
            low.shape()[1],
            parameters.shape()[2]
        );
        if let Some(node) = to_parameters {
            grads.register::<B>(node.id, B::mixture_grad(parameters, low, high, grad));
        }
    }
}

/// The operation on the autodiff backend.
pub(crate) fn tracked<B: VaeGrads, C: CheckpointStrategy>(
    parameters: FloatTensor<Autodiff<B, C>>,
    low: FloatTensor<Autodiff<B, C>>,
    high: FloatTensor<Autodiff<B, C>>,
) -> FloatTensor<Autodiff<B, C>> {
    let nodes = [parameters.node()];
    let (parameters, low, high) = (
        parameters.into_primitive(),
        low.into_primitive(),
        high.into_primitive(),
    );
    let log_mass = B::mixture_log_mass(parameters.clone(), low.clone(), high.clone());
    match Mixture.prepare::<C>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(prep) => prep.finish((parameters, low, high), log_mass),
        OpsKind::UnTracked(prep) => prep.finish(log_mass),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    type Op = fn(Tensor<3>, Tensor<2>, Tensor<2>) -> Tensor<2>;
    type Inputs = (Tensor<3>, Tensor<2>, Tensor<2>);

    /// The log-masses and the gradient of the parameters.
    fn run(op: Op, (parameters, low, high): &Inputs) -> Vec<Vec<f32>> {
        let parameters = leaf(parameters);
        let log_mass = op(parameters.clone(), low.clone(), high.clone());
        with_gradients(log_mass, |g| vec![gradient(&parameters, g)])
    }

    /// Parameters within ±3 and intervals of all widths within ±4, every fifth without a lower end, every seventh without
    /// an upper one, the first with both.
    fn inputs([batch, n]: [usize; 2], k: usize) -> Inputs {
        let starts = numbers(batch * n, 2).into_iter().map(|v| v * 2.0);
        let ends = starts
            .clone()
            .zip(numbers(batch * n, 3))
            .map(|(low, v)| low + v * v * 2.0 + 1e-3);
        let low = starts
            .enumerate()
            .map(|(i, v)| if i % 5 == 4 { -MIXTURE_END } else { v });
        let high = ends
            .enumerate()
            .map(|(i, v)| if i % 7 == 6 { MIXTURE_END } else { v });
        (
            random([batch, n, PARAMETERS * k], 1) * 3.0,
            from_values(low.collect(), [batch, n]),
            from_values(high.collect(), [batch, n]),
        )
    }

    /// One interval after another, all under the same parameters.
    fn intervals(parameters: &[f64], ends: &[[f64; 2]]) -> Inputs {
        let (n, width) = (ends.len(), parameters.len());
        let single = |v: &f64| *v as f32;
        let end = |which: usize| ends.iter().map(|ends| ends[which] as f32).collect();
        let parameters: Vec<f32> = parameters.iter().map(single).collect();
        (
            from_values(parameters.repeat(n), [1, n, width]),
            from_values(end(0), [1, n]),
            from_values(end(1), [1, n]),
        )
    }

    fn log_masses((parameters, low, high): Inputs) -> Vec<f32> {
        values(mixture_log_mass(parameters, low, high))
    }

    /// The definition in f64; above a location by the mirror image, where the cumulative distribution is small and not
    /// near 1.
    fn exact(parameters: &[f64], [low, high]: [f64; 2]) -> f64 {
        let k = parameters.len() / PARAMETERS;
        let sigma = |z: f64| 1.0 / (1.0 + (-z).exp());
        let infinite = |end: f64| end.abs() >= f64::from(MIXTURE_END);
        let component = |j: usize| {
            let scale = 0.7 * (parameters[2 * k + j] + 0.5).exp().ln_1p() + 0.003;
            let standard = |end: f64| (end - parameters[k + j]) / scale;
            let below = if infinite(low) {
                f64::NEG_INFINITY
            } else {
                standard(low)
            };
            let above = if infinite(high) {
                f64::INFINITY
            } else {
                standard(high)
            };
            if below > 0.0 {
                sigma(-below) - sigma(-above)
            } else {
                sigma(above) - sigma(below)
            }
        };
        let weights = parameters[..k].iter().map(|l| l.exp());
        let mass: f64 = weights.clone().enumerate().map(|(j, w)| w * component(j)).sum();
        (mass / weights.sum::<f64>()).ln()
    }

    const END: f64 = MIXTURE_END as f64;
    /// Three components, one of them narrow.
    const THREE: [f64; 9] = [0.5, -1.0, 0.25, -1.5, 0.0, 2.0, -0.75, -4.0, 1.0];
    const ENDS: [[f64; 2]; 9] = [
        [-END, END],
        [-END, -0.5],
        [0.75, END],
        [-END, -12.0],
        [9.0, END],
        [-0.5, 0.5],
        [0.25, 0.25 + 1.0 / 1_048_576.0],
        [7.0, 7.125],
        [-8.0, 8.0],
    ];

    #[test]
    fn is_the_definition() {
        for parameters in [&THREE[..], &[2.0, -0.5, 1.5], &[1.0, 1.0, 3.0, -3.0, 0.5, -2.0]] {
            for (ends, got) in ENDS.iter().zip(log_masses(intervals(parameters, &ENDS))) {
                let want = exact(parameters, *ends);
                assert!(
                    (f64::from(got) - want).abs() <= 2e-6 * want.abs().max(1.0),
                    "{ends:?}: {got} for {want}"
                );
            }
        }
    }

    #[test]
    fn the_gradient_is_that_of_the_definition() {
        let got = &run(mixture_log_mass, &intervals(&THREE, &ENDS))[1];
        let weights = coarse_numbers(ENDS.len(), 99);
        for ((ends, weight), got) in ENDS.iter().zip(weights).zip(got.chunks(THREE.len())) {
            for (i, got) in got.iter().enumerate() {
                let moved = |by: f64| {
                    let mut parameters = THREE;
                    parameters[i] += by;
                    exact(&parameters, *ends)
                };
                let want = f64::from(weight) * (moved(1e-5) - moved(-1e-5)) / 2e-5;
                assert!(
                    (f64::from(*got) - want).abs() <= 1e-4 * want.abs().max(0.1),
                    "parameter {i} of {ends:?}: {got} for {want}"
                );
            }
        }
    }

    #[test]
    fn adjacent_intervals_add_up_to_one() {
        let mut inner: Vec<f64> = (0..100).map(|i| f64::from(i) * 0.1 - 5.0).collect();
        inner.insert(0, -END);
        inner.push(END);
        let ends: Vec<[f64; 2]> = inner.windows(2).map(|ends| [ends[0], ends[1]]).collect();
        let masses = log_masses(intervals(&THREE, &ends));
        let total: f64 = masses.iter().map(|l| f64::from(*l).exp()).sum();
        assert!((total - 1.0).abs() < 1e-5, "{total}");
    }

    #[test]
    fn far_tails_keep_their_slope() {
        // 3 below the location, of the least scale: log σ(A) = A, and the interval's own width is many scales.
        let got = run(mixture_log_mass, &intervals(&[0.0, 3.0, -1e4], &[[-1.0, 0.0]]));
        let weight = coarse_numbers(1, 99)[0];
        assert!((got[0][0] + 1000.0).abs() < 1e-2, "{}", got[0][0]);
        assert!((got[1][1] / weight + 1000.0 / 3.0).abs() < 1e-2, "{}", got[1][1]);
    }

    #[test]
    fn nothing_overflows() {
        let extremes = [-1e4, -100.0, 0.0, 100.0, 1e4];
        let mut ends = ENDS.to_vec();
        // Empty ones and the widest that has both ends.
        ends.extend([[0.0, 0.0], [-9999.0, 9999.0], [9998.0, 9999.0]]);
        for l in extremes {
            for m in extremes {
                for a in extremes {
                    let parameters = [l, -l, m, -m, a, -a];
                    for numbers in run(mixture_log_mass, &intervals(&parameters, &ends)) {
                        assert!(
                            numbers.iter().all(|v| v.is_finite()),
                            "{parameters:?}: {numbers:?}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn infinite_ends_are_as_good_as_marked_ones() {
        let marked = run(mixture_log_mass, &intervals(&THREE, &[[-END, 0.5], [0.5, END]]));
        let ends = [[f64::NEG_INFINITY, 0.5], [0.5, f64::INFINITY]];
        assert_eq!(run(mixture_log_mass, &intervals(&THREE, &ends)), marked);
    }

    #[test]
    fn matches_the_twin_around_vector_widths() {
        for k in [1, 2, 3, 8, 9] {
            for shape in [[1, 1], [5, 3], [1, 31], [2, 16], [3, 11], [40, 11]] {
                let inputs = inputs(shape, k);
                assert_near(&run(mixture_log_mass, &inputs), &run(reference, &inputs), 2e-6);
            }
        }
    }

    #[test]
    fn reads_strided_inputs_and_empty_ones() {
        let whole = inputs([6, 5], 3);
        let (parameters, low, high) = &whole;
        let turned = (strided(parameters), strided(low), strided(high));
        assert_eq!(run(mixture_log_mass, &turned), run(mixture_log_mass, &whole));
        for shape in [[0, 5], [5, 0]] {
            let none = run(mixture_log_mass, &inputs(shape, 3));
            assert_eq!(none, vec![Vec::<f32>::new(); 2]);
        }
    }

    #[test]
    #[should_panic(expected = "`parameters` is [2, 3, 7]")]
    fn refuses_parameters_that_are_not_threes() {
        mixture_log_mass(random([2, 3, 7], 1), random([2, 3], 2), random([2, 3], 3));
    }

    #[test]
    fn threads_do_not_change_bits_and_rows_do_not_see_each_other() {
        let whole = inputs([300, 11], 8);
        assert_thread_independent(|| run(mixture_log_mass, &whole));
        let (parameters, low, high) = whole;
        let changed = parameters
            .clone()
            .slice_assign([0..7, 0..11, 0..24], random([7, 11, 24], 8));
        let tail = |parameters| log_masses((parameters, low.clone(), high.clone()))[7 * 11..].to_vec();
        assert_eq!(tail(parameters), tail(changed));
    }
}
