//! The order in which records are visited: a new one each epoch, a pure function of the seed.

use rand_core::Rng;

use crate::noise::{Noise, Purpose};

/// `rows` in the order of `epoch`: a uniformly random permutation (Fisher-Yates).
pub fn shuffled(rows: &[u64], noise: Noise, epoch: u64) -> Vec<u64> {
    let mut rows = rows.to_vec();
    let mut stream = noise.stream(Purpose::Shuffle, epoch, 0);
    for last in (1..rows.len()).rev() {
        // Multiply-shift maps 64 random bits to 0..=last; its bias is below 2⁻³² for any real set.
        let pick = (u128::from(stream.next_u64()) * (last as u128 + 1)) >> 64;
        rows.swap(last, pick as usize);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_is_a_permutation_and_epochs_differ() {
        let rows: Vec<u64> = (10..110).collect();
        let first = shuffled(&rows, Noise::new(1), 0);
        let mut sorted = first.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, rows);
        assert_eq!(first, shuffled(&rows, Noise::new(1), 0));
        assert_ne!(first, shuffled(&rows, Noise::new(1), 1));
        assert_ne!(first, shuffled(&rows, Noise::new(2), 0));
    }

    #[test]
    fn every_order_of_three_is_as_likely() {
        let mut counts = std::collections::HashMap::new();
        for epoch in 0..6000 {
            *counts
                .entry(shuffled(&[0, 1, 2], Noise::new(5), epoch))
                .or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 6);
        // 3! = 6 orders, 1000 expected each; five standard errors: 5 sqrt(6000 * 1/6 * 5/6) = 144.
        assert!(
            counts.values().all(|count: &i32| (count - 1000).abs() < 144),
            "{counts:?}"
        );
    }
}
