//! How rows are divided among threads, and how a row is summed.

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
/// Numbers worked out at a time into a buffer on the stack, and added in f32 before the sum goes
/// to f64. Loops between a buffer and one kind of slice are those the compiler turns into vectors.
pub(super) const BLOCK: usize = 512;

/// A function of three numbers: a trait and not a closure, because a long closure is not inlined.
pub(super) trait Term {
    /// The number; `#[inline(always)]`.
    fn term(a: f32, b: f32, c: f32) -> f32;
}

/// Σ term(a, b, c) over three rows of equal length, in one fixed order.
///
/// f32 within blocks of 512, f64 between them: at most 21 roundings for any length.
#[inline(always)]
pub(super) fn sum_terms<T: Term>(a: &[f32], b: &[f32], c: &[f32]) -> f32 {
    let mut terms = [0.0; BLOCK];
    let mut total = 0.0;
    for ((a, b), c) in a.chunks(BLOCK).zip(b.chunks(BLOCK)).zip(c.chunks(BLOCK)) {
        let terms = &mut terms[..a.len()];
        for (((out, a), b), c) in terms.iter_mut().zip(a).zip(b).zip(c) {
            *out = T::term(*a, *b, *c);
        }
        total += f64::from(block_sum(terms));
    }
    total as f32
}

/// Σ row, in the same order.
pub(super) fn sum(row: &[f32]) -> f32 {
    row.chunks(BLOCK)
        .map(|block| f64::from(block_sum(block)))
        .sum::<f64>() as f32
}

/// Σ terms, at most [`BLOCK`] of them.
#[inline(always)]
pub(super) fn block_sum(terms: &[f32]) -> f32 {
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

    struct First;

    impl Term for First {
        fn term(a: f32, _: f32, _: f32) -> f32 {
            a
        }
    }

    #[test]
    fn every_element_is_summed_once() {
        for n in [0, 1, 31, 32, 33, 511, 512, 513, 2000] {
            let row: Vec<f32> = (0..n).map(|i| i as f32).collect();
            let want = (n * n.max(1) - n) as f32 / 2.0; // 0 + 1 + … + (n - 1)
            assert_eq!(sum(&row), want);
            assert_eq!(sum_terms::<First>(&row, &row, &row), want);
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
