//! How rows are shared out, and how a row is summed.

/// Most pieces a batch is cut into: bounds the partial sums that have to be added up.
const MAX_PIECES: usize = 16;
/// Elements worth a thread of their own: some 20 µs of arithmetic.
const ELEMENTS_PER_PIECE: usize = 1 << 14;

/// Rows of a `[rows, width]` matrix that go together in one piece of work.
pub(super) fn rows_per_piece(rows: usize, width: usize) -> usize {
    rows.div_ceil(MAX_PIECES)
        .max(ELEMENTS_PER_PIECE.div_ceil(width.max(1)))
}

/// Σ of consecutive `parts` of `width` numbers, in order.
pub(super) fn sum_in_order(parts: &[f32], width: usize) -> Vec<f32> {
    let mut total = vec![0.0; width];
    for part in parts.chunks_exact(width.max(1)) {
        for (total, part) in total.iter_mut().zip(part) {
            *total += part;
        }
    }
    total
}

/// Numbers added side by side, then in pairs.
const LANES: usize = 32;
/// Steps of the lanes in f32 before their sum goes to f64.
const STEPS: usize = 16;

/// Σ term(a, b, c) over three rows of equal length, in one fixed order.
///
/// f32 within blocks of 512, f64 between them: at most 21 roundings for any length.
#[inline(always)]
pub(super) fn sum_terms([a, b, c]: [&[f32]; 3], term: impl Fn(f32, f32, f32) -> f32) -> f32 {
    let (a, a_tail) = a.as_chunks::<LANES>();
    let (b, b_tail) = b.as_chunks::<LANES>();
    let (c, c_tail) = c.as_chunks::<LANES>();
    let mut total = 0.0;
    let blocks = a.chunks(STEPS).zip(b.chunks(STEPS)).zip(c.chunks(STEPS));
    for ((a, b), c) in blocks {
        let mut lanes = [0.0; LANES];
        for ((a, b), c) in a.iter().zip(b).zip(c) {
            for i in 0..LANES {
                lanes[i] += term(a[i], b[i], c[i]);
            }
        }
        total += pairwise(lanes);
    }
    let mut lanes = [0.0; LANES];
    for (((lane, &a), &b), &c) in lanes.iter_mut().zip(a_tail).zip(b_tail).zip(c_tail) {
        *lane = term(a, b, c);
    }
    (total + pairwise(lanes)) as f32
}

#[inline(always)]
fn pairwise(mut lanes: [f32; LANES]) -> f64 {
    let mut half = LANES / 2;
    while half > 0 {
        for i in 0..half {
            lanes[i] += lanes[i + half];
        }
        half /= 2;
    }
    f64::from(lanes[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_is_summed_once() {
        for n in [0, 1, 31, 32, 33, 511, 512, 513, 2000] {
            let row: Vec<f32> = (0..n).map(|i| i as f32).collect();
            let want = (n * n.max(1) - n) as f32 / 2.0; // 0 + 1 + … + (n - 1)
            assert_eq!(sum_terms([&row, &row, &row], |a, _, _| a), want);
        }
    }

    #[test]
    fn pieces_are_bounded_in_number() {
        for (rows, width) in [(0, 5), (1, 1), (64, 12288), (1_000_000, 3), (5, 0)] {
            let step = rows_per_piece(rows, width);
            assert!(step > 0 && rows.div_ceil(step) <= MAX_PIECES);
        }
    }
}
