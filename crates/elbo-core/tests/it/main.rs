//! The mathematics, tested through the public face of the crate: one file for each kind of proof.
//!
//! - `laws`: what holds for every model and every batch;
//! - `linear_gaussian`: a model whose log p(x|y) has a closed form;
//! - `golden`: training steps computed by another program, `golden/training_step.py`;
//! - `networks`: shapes and gradients of every kind of network;
//! - `fields`: records of every kind of field, with missing values, independent or autoregressive;
//! - `weights`, `training`: saving, loading and updating;
//! - `devices`: a training step on every device that is there, against the CPU.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a panic in a test is a report, and what it printed says where"
)]

mod devices;
mod fields;
mod golden;
mod laws;
mod linear_gaussian;
mod mixed;
mod models;
mod networks;
mod training;
mod weights;

#[path = "../../src/testing.rs"]
mod testing;
