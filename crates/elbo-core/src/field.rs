//! Field kinds: how each is embedded, and its likelihood when modelled.

pub(crate) mod bins;
pub mod category;
pub mod embedding;
pub mod flag;
pub mod image;
pub(crate) mod law;
pub mod levels;
pub(crate) mod mixture;
pub mod number;
pub(crate) mod score;
pub mod text;
pub(crate) mod vectors;
pub mod width;
