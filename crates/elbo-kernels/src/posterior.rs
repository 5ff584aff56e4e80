//! A draw from a Gaussian posterior and its divergence from a Gaussian prior, in one pass.

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
    tensor::Tensor,
};

use crate::ops::{VaeGrads, VaeOps};

/// A diagonal Gaussian: its mean and its log-variance, both `[batch, d]`.
pub type MeanLogvar = [Tensor<2>; 2];

/// z = mean + e^(logvar/2) eps (Kingma & Welling 2014, section 2.4), and for each unit, in nats,
/// KL(q ‖ p) = ½ (logvar_p - logvar + (e^logvar + (mean - mean_p)²) e^-logvar_p - 1).
///
/// Differentiable in `q` and `p`, not in the noise. Log-variances are held to ±87.
/// Worst error: 1e-6 of the sum of the terms' magnitudes.
///
/// # Shapes
/// - `q`, `p`: two of `[batch, d]`
/// - `eps`: `[batch, d]`
/// - z and KL: `[batch, d]`
///
/// # Panics
/// If the shapes do not fit.
pub fn sample_and_kl(q: MeanLogvar, p: MeanLogvar, eps: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
    let shape = eps.dims();
    for parameter in q.iter().chain(&p) {
        assert_eq!(
            parameter.dims(),
            shape,
            "`sample_and_kl`: shapes of the parameters and `eps`"
        );
    }
    let _span = span!("sample_and_kl forward", "{}", shape[1]);
    let ([mean, logvar], [prior_mean, prior_logvar]) = (q, p);
    let both: Tensor<3> = Tensor::from_dispatch(<Dispatch as VaeOps>::sample_and_kl(
        mean.into_dispatch(),
        logvar.into_dispatch(),
        prior_mean.into_dispatch(),
        prior_logvar.into_dispatch(),
        eps.into_dispatch(),
    ));
    let half = |index| both.clone().narrow(0, index, 1).squeeze_dim(0);
    (half(0), half(1))
}

/// The plain-tensor twin of [`sample_and_kl`].
pub fn reference(q: MeanLogvar, p: MeanLogvar, eps: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
    let ([mean, logvar], [prior_mean, prior_logvar]) = (q, p);
    let z = mean.clone() + (logvar.clone() * 0.5).exp() * eps;
    let gap = mean - prior_mean;
    let scaled = (logvar.clone().exp() + gap.square()) * (-prior_logvar.clone()).exp();
    (z, (prior_logvar - logvar + scaled - 1.0) * 0.5)
}

/// Mean and log-variance of q, then of p.
pub(crate) type Parameters<T> = [T; 4];

#[derive(Debug)]
struct SampleAndKl;

impl<B: VaeGrads> Backward<B, 4> for SampleAndKl {
    /// The parameters and eps.
    type State = (Parameters<FloatTensor<B>>, FloatTensor<B>);

    fn backward(self, ops: Ops<Self::State, 4>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let (parameters, eps) = ops.state;
        let _span = span!("sample_and_kl backward", "{}", eps.shape()[1]);
        let by_parameters = B::sample_and_kl_grad(parameters, eps, grad);
        for (node, by_parameter) in ops.parents.into_iter().zip(by_parameters) {
            if let Some(node) = node {
                grads.register::<B>(node.id, by_parameter);
            }
        }
    }
}

/// The operation on the autodiff backend.
pub(crate) fn tracked<B: VaeGrads, C: CheckpointStrategy>(
    parameters: Parameters<FloatTensor<Autodiff<B, C>>>,
    eps: FloatTensor<Autodiff<B, C>>,
) -> FloatTensor<Autodiff<B, C>> {
    let nodes = parameters.each_ref().map(|parameter| parameter.node());
    let parameters = parameters.map(|parameter| parameter.into_primitive());
    let eps = eps.into_primitive();
    let [mean, logvar, prior_mean, prior_logvar] = parameters.clone();
    let both = B::sample_and_kl(mean, logvar, prior_mean, prior_logvar, eps.clone());
    match SampleAndKl.prepare::<C>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(prep) => prep.finish((parameters, eps), both),
        OpsKind::UnTracked(prep) => prep.finish(both),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    type Op = fn(MeanLogvar, MeanLogvar, Tensor<2>) -> (Tensor<2>, Tensor<2>);

    /// z and KL one after the other, and the gradients of the four parameters.
    fn run(op: Op, parameters: &Parameters<Tensor<2>>, eps: &Tensor<2>) -> Vec<Vec<f32>> {
        let leaves = parameters.each_ref().map(leaf);
        let [mean, logvar, prior_mean, prior_logvar] = leaves.clone();
        let (z, kl) = op([mean, logvar], [prior_mean, prior_logvar], eps.clone().autodiff());
        with_gradients(Tensor::cat(vec![z, kl], 1), |g| {
            leaves.iter().map(|leaf| gradient(leaf, g)).collect()
        })
    }

    fn inputs(shape: [usize; 2]) -> (Parameters<Tensor<2>>, Tensor<2>) {
        let parameters =
            [(1, 2.0), (2, 6.0), (3, 2.0), (4, 6.0)].map(|(seed, size)| random(shape, seed) * size);
        (parameters, random(shape, 5) * 3.0)
    }

    #[test]
    fn closed_forms() {
        let one = |v: f32| from_values(vec![v], [1, 1]);
        let of = |q: [f32; 2], p: [f32; 2], eps: f32| {
            let (z, kl) = sample_and_kl(q.map(one), p.map(one), one(eps));
            (values(z)[0], values(kl)[0])
        };
        let log_4 = 4.0_f32.ln(); // σ = 2
        // The prior itself: no divergence; a shift by one standard deviation: ½.
        assert_eq!(of([0.0, 0.0], [0.0, 0.0], 3.0), (3.0, 0.0));
        assert_eq!(of([1.0, 0.0], [0.0, 0.0], -2.0), (-1.0, 0.5));
        // z = 1 + 2 · 0.5; KL(N(1, 4) ‖ N(0, 1)) = ½ (-ln 4 + 5 - 1)
        let (z, kl) = of([1.0, log_4], [0.0, 0.0], 0.5);
        assert!((z - 2.0).abs() < 1e-6 && (kl - (2.0 - 2.0_f32.ln())).abs() < 1e-6);
        // KL(N(0, 1) ‖ N(1, 4)) = ½ (ln 4 + 2/4 - 1)
        let (_, kl) = of([0.0, 0.0], [1.0, log_4], 0.0);
        assert!((kl - (2.0_f32.ln() - 0.25)).abs() < 1e-6);
    }

    #[test]
    fn matches_the_twin_around_vector_widths() {
        for shape in [[1, 1], [3, 7], [2, 16], [5, 33], [128, 20], [64, 513]] {
            let (parameters, eps) = inputs(shape);
            let got = run(sample_and_kl, &parameters, &eps);
            assert_near(&got, &run(reference, &parameters, &eps), 1e-5);
        }
    }

    #[test]
    fn errors_are_within_the_stated_bound() {
        let ([mean, logvar, prior_mean, prior_logvar], eps) = inputs([20, 1000]);
        let (z, kl) = sample_and_kl(
            [mean.clone(), logvar.clone()],
            [prior_mean.clone(), prior_logvar.clone()],
            eps.clone(),
        );
        let [m, s, pm, ps, e] = [mean, logvar, prior_mean, prior_logvar, eps].map(values);
        for (i, (z, kl)) in values(z).into_iter().zip(values(kl)).enumerate() {
            let [m, s, pm, ps, e] = [m[i], s[i], pm[i], ps[i], e[i]].map(f64::from);
            let noise = (s / 2.0).exp() * e;
            assert!((f64::from(z) - (m + noise)).abs() <= 1e-6 * (m.abs() + noise.abs()));
            let scaled = (s.exp() + (m - pm).powi(2)) / ps.exp();
            let size = 0.5 * (ps.abs() + s.abs() + scaled + 1.0);
            assert!((f64::from(kl) - 0.5 * (ps - s + scaled - 1.0)).abs() <= 1e-6 * size);
        }
    }

    #[test]
    fn reads_strided_inputs_and_empty_ones() {
        let (parameters, eps) = inputs([6, 50]);
        let got = run(sample_and_kl, &parameters.each_ref().map(strided), &strided(&eps));
        assert_eq!(got, run(sample_and_kl, &parameters, &eps));
        let ([mean, logvar, prior_mean, prior_logvar], eps) = inputs([0, 4]);
        let (z, kl) = sample_and_kl([mean, logvar], [prior_mean, prior_logvar], eps);
        assert_eq!([z.dims(), kl.dims()], [[0, 4]; 2]);
    }

    #[test]
    fn threads_do_not_change_bits() {
        let (parameters, eps) = inputs([131, 784]);
        assert_thread_independent(|| run(sample_and_kl, &parameters, &eps));
    }
}
