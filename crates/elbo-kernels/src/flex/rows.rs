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
/// Terms that are worked out, then added in f32, before their sum goes to f64.
const BLOCK: usize = 512;

/// Σ term(a, b, c) over three rows of equal length, in one fixed order.
///
/// f32 within blocks of 512, f64 between them: at most 21 roundings for any length.
#[inline(always)]
pub(super) fn sum_terms([a, b, c]: [&[f32]; 3], term: impl Fn(f32, f32, f32) -> f32) -> f32 {
    let mut terms = [0.0; BLOCK];
    let mut total = 0.0;
    for ((a, b), c) in a.chunks(BLOCK).zip(b.chunks(BLOCK)).zip(c.chunks(BLOCK)) {
        // Two loops, not one that adds as it goes: the compiler makes vectors of a long term only so.
        let terms = &mut terms[..a.len()];
        for (((out, a), b), c) in terms.iter_mut().zip(a).zip(b).zip(c) {
            *out = term(*a, *b, *c);
        }
        total += f64::from(block_sum(terms));
    }
    total as f32
}

#[inline(always)]
fn block_sum(terms: &[f32]) -> f32 {
    let (chunks, tail) = terms.as_chunks::<LANES>();
    let mut lanes = [0.0; LANES];
    for chunk in chunks {
        for i in 0..LANES {
            lanes[i] += chunk[i];
        }
    }
    for (lane, term) in lanes.iter_mut().zip(tail) {
        *lane += term;
    }
    let mut half = LANES / 2;
    while half > 0 {
        for i in 0..half {
            lanes[i] += lanes[i + half];
        }
        half /= 2;
    }
    lanes[0]
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
