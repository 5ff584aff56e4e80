//! The precision of matrix products and convolutions.

use serde::{Deserialize, Serialize};

/// The numbers that matrix products and convolutions multiply, forward and backward.
///
/// Sums, weights, activations and all other operations are always f32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// The f32 numbers as they are.
    #[default]
    F32,
    /// Both factors rounded to the nearest bf16 (8 bits of precision, the exponents of f32; ties to
    /// even), their product and its sum in f32. Faster where the processor has AVX512-BF16 and
    /// slower elsewhere, see [`bf16_is_fast`]. On the CPU only: other devices multiply in f32.
    Bf16,
}

/// Whether this processor multiplies bf16 numbers itself.
pub fn bf16_is_fast() -> bool {
    crate::flex::multiplies_bf16()
}
