//! The numbers below a count in random order, any of them by itself: a Feistel cipher whose results are enciphered
//! again until they are below the count (Black and Rogaway 2002).

use rand_core::Rng;

use crate::noise::{Noise, Purpose};

/// Rounds of the cipher.
const ROUNDS: u64 = 6;

/// Which number stands at `place`, both below `count`.
pub(super) fn shuffled(place: u64, count: u64, noise: Noise) -> u64 {
    walk(place, count, |halves, bits| {
        (0..ROUNDS).fold(halves, |[left, right], round| {
            [right, left ^ mixed(right, round, bits, noise)]
        })
    })
}

/// At which place a number stands: the inverse of [`shuffled`].
pub(super) fn place_of(number: u64, count: u64, noise: Noise) -> u64 {
    walk(number, count, |halves, bits| {
        (0..ROUNDS).rev().fold(halves, |[left, right], round| {
            [right ^ mixed(left, round, bits, noise), left]
        })
    })
}

/// Applies a cipher of two halves until the result is below `count`.
fn walk(mut number: u64, count: u64, cipher: impl Fn([u64; 2], u32) -> [u64; 2]) -> u64 {
    let bits = (u64::BITS - count.saturating_sub(1).leading_zeros())
        .div_ceil(2)
        .max(1);
    let mask = (1 << bits) - 1;
    loop {
        let [left, right] = cipher([number >> bits, number & mask], bits);
        number = left << bits | right;
        if number < count {
            return number;
        }
    }
}

/// Random bits that belong to half a number.
fn mixed(half: u64, round: u64, bits: u32, noise: Noise) -> u64 {
    noise.stream(Purpose::Codes, round, half).next_u64() >> (u64::BITS - bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_occurs_once_and_can_be_found() {
        for count in [1, 2, 5, 100, 1000] {
            let noise = Noise::new(count);
            let mut order: Vec<u64> = (0..count).map(|place| shuffled(place, count, noise)).collect();
            for (place, number) in (0..).zip(&order) {
                assert_eq!(place_of(*number, count, noise), place);
            }
            assert!(count < 100 || !order.is_sorted());
            order.sort_unstable();
            assert!(order.into_iter().eq(0..count));
        }
    }

    #[test]
    fn counts_of_any_size_are_shuffled() {
        for count in [u64::MAX, 1 << 63, (1 << 33) + 1] {
            let number = shuffled(count - 1, count, Noise::new(1));
            assert!(number < count);
            assert_eq!(place_of(number, count, Noise::new(1)), count - 1);
        }
    }
}
