//! Field kinds: how each is embedded, and its likelihood when modelled.

pub mod category;
pub mod embedding;
pub mod flag;
pub mod image;
pub mod levels;
pub mod number;
pub mod text;
