//! Every operation composed of the backend's own: for devices that have no kernels of ours.
//!
//! Every number stays on the device. Products and convolutions are the backend's; the rest is a
//! chain of elementwise operations and sums, each a pass of its own over memory, where the CPU's
//! kernels make one pass. The gradients are closed forms, so a step launches fewer operations and
//! keeps fewer tensors than if the twins in [`crate::reference`] were differentiated.
//!
//! The same bodies run on the CPU's backend, which is how the tests compare them with its kernels
//! on a machine without any other device.

mod adam;
mod bernoulli;
mod blocks;
mod categorical;
mod conv;
mod dense;
mod gaussian;
mod logistic;
mod mixture;
mod norm;
mod num;
mod posterior;
mod sigmoid;
mod sums;

pub(crate) use adam::adam;
pub(crate) use bernoulli::{bernoulli_grad, bernoulli_log_prob};
pub(crate) use blocks::{dense_blocks, dense_blocks_grad_input, dense_blocks_grad_weight};
pub(crate) use categorical::{categorical_grad, categorical_log_prob};
pub(crate) use conv::{conv_down, conv_grad_weight, conv_transpose2d, conv_up, conv2d};
pub(crate) use dense::{activation_grad, dense, dense_grad_input, dense_grad_weight};
pub(crate) use gaussian::{gaussian_grad, gaussian_log_prob};
pub(crate) use logistic::{discretized_logistic_grad, discretized_logistic_log_prob};
pub(crate) use mixture::{mixture_grad, mixture_log_mass};
pub(crate) use norm::sum_of_squares;
pub(crate) use posterior::{sample_and_kl, sample_and_kl_grad};
pub(crate) use sigmoid::sigmoid;
pub(crate) use sums::{sums_before, sums_before_grad};

#[cfg(test)]
mod devices;
#[cfg(test)]
mod tests;
