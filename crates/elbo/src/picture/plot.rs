//! Numbers as pictures: what training did, where records lie in the latent plane, what each unit carries.

mod axes;
mod bars;
mod loss;
mod marginals;
mod scatter;

pub(crate) use axes::number;
pub use bars::{Bar, bars};
pub use loss::loss_curve;
pub use marginals::{Marginal, Pairs, marginals};
pub use scatter::{ScatterLayout, scatter};

/// Width of every plot in pixels.
const WIDTH: u32 = 1200;
