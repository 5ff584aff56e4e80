//! The operations a backend has to provide, and their routes from `Dispatch`.
//!
//! Three traits, by who calls them. [`VaeOps`] are differentiable and called by the public
//! functions. [`VaeGrads`] are the pieces of their backward passes and called by autodiff alone.
//! [`UpdateOps`] change parameters, outside any graph.
//!
//! Each has a body of the backend's own operations, from `portable`; a device overrides those that
//! it has kernels for, as the CPU does for all of them. A new operation adds a method here, a file
//! of its name beside this one, and one under `portable` and `flex`.

use burn::backend::{
    Autodiff, Backend, autodiff::checkpoint::strategy::CheckpointStrategy, backend_extension,
    tensor::FloatTensor,
};

use crate::{
    Activation, ConvGeometry, Precision, adam::AdamScalars, bernoulli, blocks, categorical, conv, dense,
    gaussian, logistic, mixture, portable, posterior, posterior::Parameters, sigmoid, sums, sums::Blocks,
};

/// Differentiable operations; the public function of the same name documents the formula.
#[backend_extension(Autodiff, Flex, Cube: cfg(feature = "gpu"))]
pub(crate) trait VaeOps: Backend {
    /// See [`crate::dense()`].
    fn dense(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        activation: Activation,
        _precision: Precision,
    ) -> FloatTensor<Self> {
        portable::dense::<Self>(x, weight, bias, activation)
    }

    /// See [`crate::dense_blocks`].
    fn dense_blocks(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        base: FloatTensor<Self>,
        widths: Vec<usize>,
        activation: Activation,
    ) -> FloatTensor<Self> {
        portable::dense_blocks::<Self>(x, weight, base, widths, activation)
    }

    /// See [`crate::sums_before`].
    fn sums_before(x: FloatTensor<Self>, present: FloatTensor<Self>, blocks: Blocks) -> FloatTensor<Self> {
        portable::sums_before::<Self>(x, present, blocks)
    }

    /// See [`crate::conv2d`].
    fn conv2d_fused(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        geometry: ConvGeometry,
        activation: Activation,
        _precision: Precision,
    ) -> FloatTensor<Self> {
        portable::conv2d::<Self>(x, weight, bias, geometry, activation)
    }

    /// See [`crate::conv_transpose2d`].
    fn conv_transpose2d_fused(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        geometry: ConvGeometry,
        activation: Activation,
        _precision: Precision,
    ) -> FloatTensor<Self> {
        portable::conv_transpose2d::<Self>(x, weight, bias, geometry, activation)
    }

    /// See [`crate::bernoulli_log_prob`].
    fn bernoulli_log_prob(logits: FloatTensor<Self>, x: FloatTensor<Self>) -> FloatTensor<Self> {
        portable::bernoulli_log_prob::<Self>(logits, x)
    }

    /// See [`crate::gaussian_log_prob`].
    fn gaussian_log_prob(
        mean: FloatTensor<Self>,
        logvar: FloatTensor<Self>,
        x: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        portable::gaussian_log_prob::<Self>(mean, logvar, x)
    }

    /// See [`crate::discretized_logistic_log_prob`].
    fn discretized_logistic_log_prob(
        mean: FloatTensor<Self>,
        log_scale: FloatTensor<Self>,
        x: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        portable::discretized_logistic_log_prob::<Self>(mean, log_scale, x)
    }

    /// See [`crate::categorical_log_prob`].
    fn categorical_log_prob(
        logits: FloatTensor<Self>,
        levels: FloatTensor<Self>,
        widths: Vec<usize>,
    ) -> FloatTensor<Self> {
        portable::categorical_log_prob::<Self>(logits, levels, widths)
    }

    /// See [`crate::mixture_log_mass`].
    fn mixture_log_mass(
        parameters: FloatTensor<Self>,
        low: FloatTensor<Self>,
        high: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        portable::mixture_log_mass::<Self>(parameters, low, high)
    }

    /// See [`crate::sigmoid()`].
    fn sigmoid_fused(z: FloatTensor<Self>) -> FloatTensor<Self> {
        portable::sigmoid::<Self>(z)
    }

    /// See [`crate::sample_and_kl`]. z and KL: `[2, batch, d]`.
    fn sample_and_kl(
        mean: FloatTensor<Self>,
        logvar: FloatTensor<Self>,
        prior_mean: FloatTensor<Self>,
        prior_logvar: FloatTensor<Self>,
        eps: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        portable::sample_and_kl::<Self>([mean, logvar, prior_mean, prior_logvar], eps)
    }
}

/// The pieces of the backward passes. `grad` is the incoming gradient, of the output's shape.
pub(crate) trait VaeGrads: VaeOps {
    /// Gradient before the activation, from its output y, and the bias's gradient: its sum over
    /// all axes but the last.
    fn activation_grad(
        grad: FloatTensor<Self>,
        y: FloatTensor<Self>,
        activation: Activation,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        portable::activation_grad::<Self>(grad, y, activation)
    }

    /// xᵀ grad: `[batch, k]`, `[batch, n]` to `[k, n]`.
    fn dense_grad_weight(
        x: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        _precision: Precision,
    ) -> FloatTensor<Self> {
        portable::dense_grad_weight::<Self>(x, grad)
    }

    /// grad Wᵀ: `[batch, n]`, `[k, n]` to `[batch, k]`.
    fn dense_grad_input(
        grad: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        _precision: Precision,
    ) -> FloatTensor<Self> {
        portable::dense_grad_input::<Self>(grad, weight)
    }

    /// x_iᵀ grad_i of each block, side by side: `[batch, m k]`, `[batch, Σ widths]` to `[k, Σ widths]`.
    fn dense_blocks_grad_weight(
        x: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        widths: Vec<usize>,
    ) -> FloatTensor<Self> {
        portable::dense_blocks_grad_weight::<Self>(x, grad, widths)
    }

    /// grad_i W_iᵀ of each block, side by side: `[batch, Σ widths]`, `[k, Σ widths]` to `[batch, m k]`.
    fn dense_blocks_grad_input(
        grad: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        widths: Vec<usize>,
    ) -> FloatTensor<Self> {
        portable::dense_blocks_grad_input::<Self>(grad, weight, widths)
    }

    /// The gradients of the fields behind each block's own, summed, times whether the block is present.
    fn sums_before_grad(
        grad: FloatTensor<Self>,
        present: FloatTensor<Self>,
        blocks: Blocks,
    ) -> FloatTensor<Self> {
        portable::sums_before_grad::<Self>(grad, present, blocks)
    }

    /// Wide image to narrow one, no bias: the linear part of a convolution.
    fn conv_down(
        wide: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        geometry: ConvGeometry,
        _precision: Precision,
    ) -> FloatTensor<Self> {
        portable::conv_down::<Self>(wide, weight, geometry)
    }

    /// Narrow image to a wide one of `[height, width]`: the transpose of [`VaeGrads::conv_down`].
    fn conv_up(
        narrow: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        wide: [usize; 2],
        geometry: ConvGeometry,
        _precision: Precision,
    ) -> FloatTensor<Self> {
        portable::conv_up::<Self>(narrow, weight, wide, geometry)
    }

    /// Gradient of ⟨narrow, down(wide, W)⟩ with respect to W, for a kernel of `[kh, kw]`.
    fn conv_grad_weight(
        wide: FloatTensor<Self>,
        narrow: FloatTensor<Self>,
        kernel: [usize; 2],
        geometry: ConvGeometry,
        _precision: Precision,
    ) -> FloatTensor<Self> {
        portable::conv_grad_weight::<Self>(wide, narrow, kernel, geometry)
    }

    /// Gradient with respect to the logits.
    fn bernoulli_grad(
        logits: FloatTensor<Self>,
        x: FloatTensor<Self>,
        grad: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        portable::bernoulli_grad::<Self>(logits, x, grad)
    }

    /// Gradient with respect to the logits.
    fn categorical_grad(
        logits: FloatTensor<Self>,
        levels: FloatTensor<Self>,
        widths: Vec<usize>,
        grad: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        portable::categorical_grad::<Self>(logits, levels, widths, grad)
    }

    /// Gradients with respect to the mean and to logvar, the latter of logvar's own shape.
    fn gaussian_grad(
        mean: FloatTensor<Self>,
        logvar: FloatTensor<Self>,
        x: FloatTensor<Self>,
        grad: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        portable::gaussian_grad::<Self>(mean, logvar, x, grad)
    }

    /// Gradients with respect to the mean and to log_scale, the latter of log_scale's own shape.
    fn discretized_logistic_grad(
        mean: FloatTensor<Self>,
        log_scale: FloatTensor<Self>,
        x: FloatTensor<Self>,
        grad: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        portable::discretized_logistic_grad::<Self>(mean, log_scale, x, grad)
    }

    /// Gradient with respect to the parameters.
    fn mixture_grad(
        parameters: FloatTensor<Self>,
        low: FloatTensor<Self>,
        high: FloatTensor<Self>,
        grad: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        portable::mixture_grad::<Self>(parameters, low, high, grad)
    }

    /// Gradients with respect to the four parameters; `grad` is `[2, batch, d]`.
    fn sample_and_kl_grad(
        parameters: Parameters<FloatTensor<Self>>,
        eps: FloatTensor<Self>,
        grad: FloatTensor<Self>,
    ) -> Parameters<FloatTensor<Self>> {
        portable::sample_and_kl_grad::<Self>(parameters, eps, grad)
    }
}

/// Operations of the optimiser, on tensors without autodiff.
#[backend_extension(Flex, Cube: cfg(feature = "gpu"))]
pub(crate) trait UpdateOps: Backend {
    /// See [`crate::adam_step`]. Returns the parameter and both moments.
    fn adam(
        param: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        m: FloatTensor<Self>,
        v: FloatTensor<Self>,
        scalars: AdamScalars,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        portable::adam::<Self>(param, grad, m, v, scalars)
    }

    /// See [`crate::sum_of_squares`]. One number, in f64 where the device has it.
    fn sum_of_squares(t: FloatTensor<Self>) -> FloatTensor<Self> {
        portable::sum_of_squares::<Self>(t)
    }
}

#[cfg(feature = "gpu")]
impl VaeOps for burn::backend::Cube {}

#[cfg(feature = "gpu")]
impl VaeGrads for burn::backend::Cube {}

#[cfg(feature = "gpu")]
impl UpdateOps for burn::backend::Cube {}

impl<B: VaeGrads, C: CheckpointStrategy> VaeOps for Autodiff<B, C> {
    fn dense(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        activation: Activation,
        precision: Precision,
    ) -> FloatTensor<Self> {
        dense::tracked::<B, C>(x, weight, bias, activation, precision)
    }

    fn dense_blocks(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        base: FloatTensor<Self>,
        widths: Vec<usize>,
        activation: Activation,
    ) -> FloatTensor<Self> {
        blocks::tracked::<B, C>(x, weight, base, widths, activation)
    }

    fn sums_before(x: FloatTensor<Self>, present: FloatTensor<Self>, blocks: Blocks) -> FloatTensor<Self> {
        sums::tracked::<B, C>(x, present, blocks)
    }

    fn conv2d_fused(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        geometry: ConvGeometry,
        activation: Activation,
        precision: Precision,
    ) -> FloatTensor<Self> {
        conv::tracked::<B, C>(
            conv::Direction::Down,
            x,
            weight,
            bias,
            geometry,
            activation,
            precision,
        )
    }

    fn conv_transpose2d_fused(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        geometry: ConvGeometry,
        activation: Activation,
        precision: Precision,
    ) -> FloatTensor<Self> {
        conv::tracked::<B, C>(
            conv::Direction::Up,
            x,
            weight,
            bias,
            geometry,
            activation,
            precision,
        )
    }

    fn bernoulli_log_prob(logits: FloatTensor<Self>, x: FloatTensor<Self>) -> FloatTensor<Self> {
        bernoulli::tracked::<B, C>(logits, x)
    }

    fn gaussian_log_prob(
        mean: FloatTensor<Self>,
        logvar: FloatTensor<Self>,
        x: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        gaussian::tracked::<B, C>(mean, logvar, x)
    }

    fn discretized_logistic_log_prob(
        mean: FloatTensor<Self>,
        log_scale: FloatTensor<Self>,
        x: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        logistic::tracked::<B, C>(mean, log_scale, x)
    }

    fn categorical_log_prob(
        logits: FloatTensor<Self>,
        levels: FloatTensor<Self>,
        widths: Vec<usize>,
    ) -> FloatTensor<Self> {
        categorical::tracked::<B, C>(logits, levels, widths)
    }

    fn mixture_log_mass(
        parameters: FloatTensor<Self>,
        low: FloatTensor<Self>,
        high: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        mixture::tracked::<B, C>(parameters, low, high)
    }

    fn sample_and_kl(
        mean: FloatTensor<Self>,
        logvar: FloatTensor<Self>,
        prior_mean: FloatTensor<Self>,
        prior_logvar: FloatTensor<Self>,
        eps: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        posterior::tracked::<B, C>([mean, logvar, prior_mean, prior_logvar], eps)
    }

    fn sigmoid_fused(z: FloatTensor<Self>) -> FloatTensor<Self> {
        sigmoid::tracked::<B, C>(z)
    }
}
