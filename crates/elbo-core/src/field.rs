//! Field kinds: how each is embedded, and its likelihood when modelled.

pub mod category;
pub mod image;
pub mod scalar;
pub mod text;
