//! Σ t² in f64, pieces of fixed size added in order.

use burn::tensor::{Bytes, DType};
use burn_flex::{FlexTensor, Layout};
use rayon::prelude::*;

use super::tensor::{contiguous, values};

/// Elements per partial sum, and worth a thread of their own.
const PIECE: usize = 1 << 15;
/// Numbers added side by side.
const LANES: usize = 16;

/// A tensor of one f64.
pub(super) fn sum_of_squares(t: FlexTensor) -> FlexTensor {
    let t = contiguous(t);
    let sums: Vec<f64> = values(&t).par_chunks(PIECE).map(piece_sum).collect();
    let total: f64 = sums.iter().sum();
    FlexTensor::new(
        Bytes::from_elems(vec![total]),
        Layout::contiguous([1].into()),
        DType::F64,
    )
}

vectorised! {
    fn piece_sum(t: &[f32]) -> f64 {
        let mut lanes = [0.0_f64; LANES];
        let (chunks, tail) = t.as_chunks::<LANES>();
        for chunk in chunks {
            for i in 0..LANES {
                lanes[i] += f64::from(chunk[i]) * f64::from(chunk[i]);
            }
        }
        for (lane, &t) in lanes.iter_mut().zip(tail) {
            *lane += f64::from(t) * f64::from(t);
        }
        lanes.iter().sum()
    }
}
