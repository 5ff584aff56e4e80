//! The verbs of a model, one file each. Each is a method of [`Model`](crate::Model) that takes a request
//! and returns records or a report, and writes no file.

pub mod decode;
pub mod demo;
pub mod edit;
pub mod encode;
pub mod evaluate;
pub mod impute;
pub mod inspect;
pub mod interpolate;
pub mod map;
pub mod reconstruct;
pub mod sample;
pub mod score;
pub mod traverse;

/// The version of the reports: it increases when a key is removed or changes its meaning.
pub const REPORT_VERSION: u32 = 1;
