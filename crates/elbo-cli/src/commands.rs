//! One file per verb: its flags, how they become the library's settings, and its report as text.

pub(crate) mod demo;
pub(crate) mod edit;
pub(crate) mod encode;
pub(crate) mod evaluate;
pub(crate) mod impute;
pub(crate) mod inspect;
pub(crate) mod interpolate;
pub(crate) mod map;
pub(crate) mod presets;
pub(crate) mod reconstruct;
pub(crate) mod sample;
pub(crate) mod score;
pub(crate) mod train;
pub(crate) mod traverse;
