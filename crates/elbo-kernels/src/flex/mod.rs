//! The operations on the CPU, over Burn's `flex` tensors.
//!
//! Every kernel cuts its work into pieces whose number and bounds follow from the shapes alone,
//! and adds partial sums in the order of the pieces: the same bits come out of any number of
//! threads. A piece is big enough to be worth a thread, so small tensors never leave theirs.

#[macro_use]
mod simd;

mod activation;
mod adam;
mod bernoulli;
mod blocks;
mod categorical;
mod conv;
mod gaussian;
mod gemm;
mod location_scale;
mod logistic;
mod math;
mod mixture;
mod norm;
mod posterior;
mod rounded;
mod rows;
mod sigmoid;
mod sums;
mod tensor;
mod tiles;

pub use tiles::vector_instructions;

use std::ops::Range;

use burn::backend::Flex;
use burn_flex::FlexTensor;

use self::{
    gemm::Matrix,
    tensor::{contiguous, tensor, values},
};
use crate::{
    Activation, ConvGeometry, Precision,
    adam::AdamScalars,
    ops::{UpdateOps, VaeGrads, VaeOps},
    posterior::Parameters,
    sums::Blocks,
};

/// Whether this processor has instructions for products of bf16 numbers.
pub(crate) fn multiplies_bf16() -> bool {
    tiles::multiplies_pairs()
}

/// a b, each row of each piece handed to `finish` with its columns.
fn product(
    a: Matrix,
    b: Matrix,
    precision: Precision,
    finish: impl Fn(Range<usize>, &mut [f32]) + Sync,
) -> Vec<f32> {
    match precision {
        Precision::F32 => gemm::product(a, b, finish),
        Precision::Bf16 => rounded::product(a, b, finish),
    }
}

impl VaeOps for Flex {
    fn dense(
        x: FlexTensor,
        weight: FlexTensor,
        bias: FlexTensor,
        f: Activation,
        precision: Precision,
    ) -> FlexTensor {
        let (x, weight, bias) = (contiguous(x), contiguous(weight), contiguous(bias));
        let (x, weight, bias) = (Matrix::of(&x), Matrix::of(&weight), values(&bias));
        let y = product(x, weight, precision, |columns, row| {
            activation::finish(row, &bias[columns], f);
        });
        tensor(y, [x.rows(), weight.cols()])
    }

    fn dense_blocks(
        x: FlexTensor,
        weight: FlexTensor,
        base: FlexTensor,
        widths: Vec<usize>,
        f: Activation,
    ) -> FlexTensor {
        blocks::forward(x, weight, base, &widths, f)
    }

    fn sums_before(x: FlexTensor, present: FlexTensor, blocks: Blocks) -> FlexTensor {
        sums::before(x, present, &blocks)
    }

    fn conv2d_fused(
        x: FlexTensor,
        weight: FlexTensor,
        bias: FlexTensor,
        geometry: ConvGeometry,
        f: Activation,
        precision: Precision,
    ) -> FlexTensor {
        conv::down(x, weight, Some(bias), geometry, f, precision)
    }

    fn conv_transpose2d_fused(
        x: FlexTensor,
        weight: FlexTensor,
        bias: FlexTensor,
        geometry: ConvGeometry,
        f: Activation,
        precision: Precision,
    ) -> FlexTensor {
        let [_, h, w, _] = tensor::dims(&x);
        let [kh, kw, _, _] = tensor::dims(&weight);
        let wide = geometry.wide_size([h, w], [kh, kw]);
        conv::up(x, weight, Some(bias), wide, geometry, f, precision)
    }

    fn bernoulli_log_prob(logits: FlexTensor, x: FlexTensor) -> FlexTensor {
        bernoulli::log_prob(logits, x)
    }

    fn categorical_log_prob(logits: FlexTensor, levels: FlexTensor, widths: Vec<usize>) -> FlexTensor {
        categorical::log_prob(logits, levels, &widths)
    }

    fn gaussian_log_prob(mean: FlexTensor, logvar: FlexTensor, x: FlexTensor) -> FlexTensor {
        location_scale::log_prob::<gaussian::Gaussian>(mean, logvar, x)
    }

    fn discretized_logistic_log_prob(mean: FlexTensor, log_scale: FlexTensor, x: FlexTensor) -> FlexTensor {
        location_scale::log_prob::<logistic::DiscretizedLogistic>(mean, log_scale, x)
    }

    fn mixture_log_mass(parameters: FlexTensor, low: FlexTensor, high: FlexTensor) -> FlexTensor {
        mixture::log_mass(parameters, low, high)
    }

    fn sample_and_kl(
        mean: FlexTensor,
        logvar: FlexTensor,
        prior_mean: FlexTensor,
        prior_logvar: FlexTensor,
        eps: FlexTensor,
    ) -> FlexTensor {
        posterior::sample_and_kl([mean, logvar, prior_mean, prior_logvar], eps)
    }

    fn sigmoid_fused(z: FlexTensor) -> FlexTensor {
        sigmoid::sigmoid(z)
    }
}

impl VaeGrads for Flex {
    fn activation_grad(g: FlexTensor, y: FlexTensor, f: Activation) -> (FlexTensor, FlexTensor) {
        activation::gradient(g, y, f)
    }

    fn dense_grad_weight(x: FlexTensor, grad: FlexTensor, precision: Precision) -> FlexTensor {
        let (x, grad) = (contiguous(x), contiguous(grad));
        let (x, grad) = (Matrix::of(&x), Matrix::of(&grad));
        tensor(
            product(x.t(), grad, precision, |_, _| {}),
            [x.cols(), grad.cols()],
        )
    }

    fn dense_grad_input(grad: FlexTensor, weight: FlexTensor, precision: Precision) -> FlexTensor {
        let (grad, weight) = (contiguous(grad), contiguous(weight));
        let (grad, weight) = (Matrix::of(&grad), Matrix::of(&weight));
        tensor(
            product(grad, weight.t(), precision, |_, _| {}),
            [grad.rows(), weight.rows()],
        )
    }

    fn dense_blocks_grad_weight(x: FlexTensor, grad: FlexTensor, widths: Vec<usize>) -> FlexTensor {
        blocks::grad_weight(x, grad, &widths)
    }

    fn dense_blocks_grad_input(grad: FlexTensor, weight: FlexTensor, widths: Vec<usize>) -> FlexTensor {
        blocks::grad_input(grad, weight, &widths)
    }

    fn sums_before_grad(grad: FlexTensor, present: FlexTensor, blocks: Blocks) -> FlexTensor {
        sums::grad(grad, present, &blocks)
    }

    fn conv_down(
        wide: FlexTensor,
        weight: FlexTensor,
        geometry: ConvGeometry,
        precision: Precision,
    ) -> FlexTensor {
        conv::down(wide, weight, None, geometry, Activation::Identity, precision)
    }

    fn conv_up(
        narrow: FlexTensor,
        weight: FlexTensor,
        wide: [usize; 2],
        geometry: ConvGeometry,
        precision: Precision,
    ) -> FlexTensor {
        conv::up(
            narrow,
            weight,
            None,
            wide,
            geometry,
            Activation::Identity,
            precision,
        )
    }

    fn conv_grad_weight(
        wide: FlexTensor,
        narrow: FlexTensor,
        kernel: [usize; 2],
        geometry: ConvGeometry,
        precision: Precision,
    ) -> FlexTensor {
        conv::grad_weight(wide, narrow, kernel, geometry, precision)
    }

    fn bernoulli_grad(logits: FlexTensor, x: FlexTensor, grad: FlexTensor) -> FlexTensor {
        bernoulli::grad(logits, x, grad)
    }

    fn categorical_grad(
        logits: FlexTensor,
        levels: FlexTensor,
        widths: Vec<usize>,
        grad: FlexTensor,
    ) -> FlexTensor {
        categorical::grad(logits, levels, &widths, grad)
    }

    fn gaussian_grad(
        mean: FlexTensor,
        logvar: FlexTensor,
        x: FlexTensor,
        grad: FlexTensor,
    ) -> (FlexTensor, FlexTensor) {
        location_scale::grad::<gaussian::Gaussian>(mean, logvar, x, grad)
    }

    fn discretized_logistic_grad(
        mean: FlexTensor,
        log_scale: FlexTensor,
        x: FlexTensor,
        grad: FlexTensor,
    ) -> (FlexTensor, FlexTensor) {
        location_scale::grad::<logistic::DiscretizedLogistic>(mean, log_scale, x, grad)
    }

    fn mixture_grad(
        parameters: FlexTensor,
        low: FlexTensor,
        high: FlexTensor,
        grad: FlexTensor,
    ) -> FlexTensor {
        mixture::grad(parameters, low, high, grad)
    }

    fn sample_and_kl_grad(
        parameters: Parameters<FlexTensor>,
        eps: FlexTensor,
        grad: FlexTensor,
    ) -> Parameters<FlexTensor> {
        posterior::grad(parameters, eps, grad)
    }
}

impl UpdateOps for Flex {
    fn adam(
        param: FlexTensor,
        grad: FlexTensor,
        m: FlexTensor,
        v: FlexTensor,
        scalars: AdamScalars,
    ) -> (FlexTensor, FlexTensor, FlexTensor) {
        adam::step(param, grad, m, v, scalars)
    }

    fn sum_of_squares(t: FlexTensor) -> FlexTensor {
        norm::sum_of_squares(t)
    }
}
