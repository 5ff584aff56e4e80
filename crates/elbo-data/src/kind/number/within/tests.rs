use proptest::prelude::*;

use super::super::tests::number as fitted;
use super::super::{Bin, Grid, Repeated};
use super::*;
use crate::kind::statistics::Statistics;

/// The values 0 to 9 and 20 on a grid, or the stretches from 0 to 10 and from 10 to 30 with 10 alone between.
fn number(grid: Option<Grid>) -> Number {
    let bin = |low, high| Bin { low, high, count: 1 };
    Number {
        mean: 0.0,
        std: 1.0,
        min: 0.0,
        max: 30.0,
        none_twice: false,
        repeated: Vec::new(),
        spread: 0.0,
        integer: grid.is_some(),
        grid,
        bins: match grid {
            Some(_) => vec![bin(0.0, 9.0), bin(20.0, 20.0)],
            None => vec![bin(0.0, 10.0), bin(10.0, 10.0), bin(10.0, 30.0)],
        },
        notation: None,
    }
}

#[test]
fn grid_points_within_a_range_are_counted_and_drawn() {
    let age = number(Some(Grid::of(0)));
    for (ranges, shares) in [
        // 3 of ten points; a range without a point; both ends belong to it
        (vec![2.0..=4.0], [0.3, 0.0]),
        (vec![2.1..=2.9], [0.0, 0.0]),
        (vec![2.5..=4.5], [0.2, 0.0]),
        (vec![-5.0..=0.0, 9.0..=20.0], [0.2, 1.0]),
        (vec![f64::NEG_INFINITY..=f64::INFINITY], [1.0, 1.0]),
    ] {
        let found = [0, 1].map(|bin| age.share_within(bin, &ranges));
        assert_eq!(found, shares, "{ranges:?}");
    }
    let drawn = |uniform| age.value_within(0, &[0.0..=0.0, 7.0..=8.0], uniform);
    assert_eq!(
        [0.0, 0.4, 0.99].map(drawn),
        [Some(0.0), Some(7.0), Some(8.0)],
        "a third each"
    );
    assert_eq!(age.value_within(1, &[0.0..=5.0], 0.5), None);
}

#[test]
fn lengths_within_a_range_are_measured_and_drawn() {
    let size = number(None);
    for (range, shares) in [
        (2.5..=5.0, [0.25, 0.0, 0.0]),
        // the value 10 is a bin of its own; to the stretches beside it a single value adds nothing
        (10.0..=10.0, [0.0, 1.0, 0.0]),
        (10.0_f64.next_up()..=15.0, [0.0, 0.0, 0.25]),
        (3.0..=3.0, [0.0, 0.0, 0.0]),
    ] {
        let found = [0, 1, 2].map(|bin| size.share_within(bin, std::slice::from_ref(&range)));
        for (found, share) in found.into_iter().zip(shares) {
            assert!((found - share).abs() < 1e-12, "{range:?}: {found} {share}");
        }
    }
    // 1 of 0 to 1, then 3 of 4 to 7: the middle of the draw is 1 into the second
    let drawn = |uniform| size.value_within(0, &[0.0..=1.0, 4.0..=7.0], uniform);
    assert_eq!([0.0, 0.5].map(drawn), [Some(0.0), Some(5.0)]);
    assert_eq!(size.value_within(1, &[9.0..=11.0], 0.7), Some(10.0));
}

fn repeated(value: f64, count: u64) -> Repeated {
    Repeated { value, count }
}

/// The values 0 to 9: 2 four times, 7 three times, and three others. Each point has 3½ / 10 of 10½, 2 and 7 more.
fn ages() -> Number {
    let mut ages = number(Some(Grid::of(0)));
    ages.bins[0].count = 10;
    ages.repeated = vec![repeated(2.0, 4), repeated(7.0, 3)];
    ages.spread = 0.5;
    ages
}

/// The values from 0 to 10: 4 six times, and four others. A length of 1 has 4½ / 10 of 10½, and 4 has 6.
fn sizes() -> Number {
    let mut sizes = number(None);
    sizes.bins[0].count = 10;
    sizes.repeated = vec![repeated(4.0, 6)];
    sizes.spread = 0.5;
    sizes
}

fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-6, "{found} {expected}");
}

#[test]
fn repeated_values_of_a_grid_come_out_again() {
    let ages = ages();
    for (value, weight) in [(0.0, 0.35), (2.0, 4.35), (7.0, 3.35), (9.0, 0.35)] {
        near(f64::from(ages.log_density(0, value).exp()), weight / 10.5);
    }
    assert_eq!(ages.log_density(1, 20.0), 0.0, "a bin of a single value");
    assert_eq!(ages.log_density(2, 0.0), 0.0, "missing");
    // up to 1 there are 0.7 of 10.5, up to 2 5.05, up to 6 6.45, up to 7 9.8
    for (uniform, value) in [
        (0.0, 0.0),
        (0.6 / 10.5, 1.0),
        (0.8 / 10.5, 2.0),
        (5.0 / 10.5, 2.0),
        (5.1 / 10.5, 3.0),
        (6.5 / 10.5, 7.0),
        (9.7 / 10.5, 7.0),
        (9.9 / 10.5, 8.0),
        (1.0 - f32::EPSILON, 9.0),
    ] {
        assert_eq!(ages.value_in(0, uniform), value, "{uniform}");
    }
    near(ages.place_in(0, 1.0), 0.525 / 10.5);
    near(ages.place_in(0, 2.0), (0.7 + 4.35 / 2.0) / 10.5);
    near(ages.place_in(0, 9.0), (10.5 - 0.175) / 10.5);
    assert_eq!(ages.place_in(1, 20.0), 0.5);
    near(ages.middle_of(0), (3.5 * 4.5 + 4.0 * 2.0 + 3.0 * 7.0) / 10.5);
}

#[test]
fn repeated_real_numbers_come_out_again() {
    let sizes = sizes();
    near(f64::from(sizes.log_density(0, 3.0)), (0.45_f64 / 10.5).ln());
    // over a millionth of the range of 30
    near(
        f64::from(sizes.log_density(0, 4.0)),
        (6.0_f64 / 10.5).ln() - 3e-5_f64.ln(),
    );
    // up to 4 there are 1.8 of 10.5, with it 7.8
    for (weight, value) in [(0.9, 2.0), (1.9, 4.0), (7.7, 4.0), (8.7, 6.0), (10.5, 10.0)] {
        near(sizes.value_in(0, (weight / 10.5) as f32), value);
    }
    assert_eq!(sizes.value_in(0, 0.5), 4.0, "in every bit");
    near(sizes.place_in(0, 4.0), 4.8 / 10.5);
    near(sizes.place_in(0, 8.0), 9.6 / 10.5);
    near(sizes.middle_of(0), (4.5 * 5.0 + 6.0 * 4.0) / 10.5);
}

#[test]
fn ranges_cut_what_is_even_and_hold_what_is_repeated() {
    let (ages, sizes) = (ages(), sizes());
    for (range, weight) in [
        (2.0..=4.0, 5.05),
        (2.5..=6.5, 1.4),
        (7.0..=7.0, 3.35),
        (-1.0..=99.0, 10.5),
    ] {
        near(ages.share_within(0, &[range]), weight / 10.5);
    }
    let drawn = |uniform| ages.value_within(0, &[0.0..=0.0, 7.0..=8.0], uniform);
    // 0.35 of 0, 3.35 of 7 and 0.35 of 8
    let found = [0.3, 0.4, 3.6, 3.8].map(|weight| drawn(weight / 4.05));
    assert_eq!(found, [0.0, 7.0, 7.0, 8.0].map(Some));
    for (range, weight) in [
        (3.0..=5.0, 6.9),
        (4.0..=4.0, 6.0),
        (4.0_f64.next_up()..=5.0, 0.45),
        (3.0..=3.0, 0.0),
    ] {
        near(sizes.share_within(0, &[range]), weight / 10.5);
    }
    assert_eq!(sizes.value_within(0, &[4.0..=4.0], 0.7), Some(4.0));
    assert_eq!(sizes.value_within(0, &[3.0..=3.0], 0.7), None);
    // 0.45 from 1 to 2, then 6 of 4 and 0.9 up to 6
    let drawn = |weight: f32| sizes.value_within(0, &[1.0..=2.0, 4.0..=6.0], weight / 7.35);
    near(drawn(0.225).unwrap(), 1.5);
    assert_eq!(drawn(6.4), Some(4.0));
    near(drawn(6.9).unwrap(), 5.0);
}

#[test]
fn a_border_belongs_to_one_bin() {
    let mut sizes = sizes();
    let bin = |low, high| Bin { low, high, count: 9 };
    sizes.bins = vec![bin(0.0, 10.0), bin(10.0, 30.0)];
    sizes.repeated = vec![repeated(10.0, 5), repeated(30.0, 3)];
    assert_eq!(sizes.damage(), None);
    assert_eq!(
        [0, 1].map(|bin| sizes.share_within(bin, &[10.0..=10.0]) > 0.0),
        [false, true]
    );
    assert_eq!(sizes.value_in(1, 0.0), 10.0);
    near(sizes.share_within(1, &[30.0..=30.0]), 3.0 / 9.5);
    // an atom holds its value alone
    sizes.bins.insert(1, bin(10.0, 10.0));
    assert!(sizes.damage().is_some());
    sizes.repeated.remove(0);
    assert_eq!(sizes.damage(), None);
}

#[test]
fn damaged_repeats_are_found() {
    assert_eq!((ages().damage(), sizes().damage()), (None, None));
    let damaged = |change: fn(&mut Number)| {
        let mut ages = ages();
        change(&mut ages);
        ages.damage()
    };
    for change in [
        (|ages| ages.repeated.reverse()) as fn(&mut Number),
        |ages| ages.repeated[1].value = 2.0,
        |ages| ages.repeated[0].value = f64::NAN,
        |ages| ages.repeated[1].value = f64::INFINITY,
        |ages| ages.repeated[1].value = 15.0,
        |ages| ages.repeated[1].value = 20.0,
        |ages| ages.repeated[0].count = 0,
        |ages| ages.repeated[0].count = 8,
        |ages| ages.repeated[0].count = u64::MAX,
        |ages| ages.min = 3.0,
        |ages| ages.spread = 0.0,
        |ages| ages.spread = 1.5,
        |ages| ages.spread = f32::NAN,
    ] {
        assert!(damaged(change).is_some());
    }
}

#[test]
fn repeated_values_are_fitted_and_saved() {
    // 300 squares, one of them three times
    let squares = (0..300).map(|i| f64::from(i * i));
    let squares = fitted(true, &squares.chain([400.0; 2]).collect::<Vec<_>>());
    assert_eq!(squares.repeated, [repeated(400.0, 3)]);
    assert_eq!(squares.spread, 299.5 / 302.0);
    let text = serde_json::to_string(&squares).unwrap();
    assert_eq!(serde_json::from_str::<Number>(&text).unwrap(), squares);
    let once = fitted(true, &(0..300).map(|i| f64::from(i * i)).collect::<Vec<_>>());
    assert_eq!((once.repeated.len(), once.spread), (0, 0.0));
    let text = serde_json::to_string(&once).unwrap();
    assert!(!text.contains("repeated") && !text.contains("spread"));
    assert_eq!(serde_json::from_str::<Number>(&text).unwrap(), once);
}

#[test]
fn the_most_frequent_of_a_sample_are_kept() {
    // about 10,000 remainders, more than are counted
    let many: Vec<f64> = (0..200_000_u64).map(|i| (i * i % 20_011) as f64).collect();
    let many = fitted(true, &many);
    assert_eq!(many.repeated.len(), 1024);
    assert_eq!(many.damage(), None);
    // a sample of 65,536 with about 6.5 of each: three times as many records, and the most frequent of them
    assert!(many.repeated.iter().all(|repeated| repeated.count >= 21));
}

#[test]
fn levels_are_told_by_share_mean_and_whether_they_are_single() {
    let mut ages = ages();
    (ages.mean, ages.std) = (3.0, 4.0);
    ages.bins[1].count = 30;
    let levels = ages.levels();
    assert_eq!(
        levels.iter().map(|level| level.share).collect::<Vec<_>>(),
        [0.25, 0.75]
    );
    near(f64::from(levels[0].centre), (44.75 / 10.5 - 3.0) / 4.0);
    near(f64::from(levels[1].centre), 17.0 / 4.0);
    assert_eq!([levels[0].single, levels[1].single], [false, true]);
    ages.std = 1.0;
    assert_eq!(ages.levels()[1].centre, 5.0);
}

/// A column of few values and many, with decimal places or real.
fn columns() -> impl Strategy<Value = Vec<f64>> {
    let value = prop_oneof![0..40_u32, 1000..1040_u32, 0..100_000_u32];
    let values = prop::collection::vec(value, 2..700);
    (values, 0..3_usize).prop_map(|(values, form)| {
        let form = [|v| v, |v| v / 100.0, |v: f64| v.sqrt()][form];
        values.into_iter().map(|value| form(f64::from(value))).collect()
    })
}

/// The grid points of a bin; of real numbers some of its values.
fn some_of(number: &Number, bin: &Bin) -> Vec<f64> {
    match number.grid {
        Some(grid) => {
            let points = grid.points(bin.low, bin.high) as u32;
            let first = grid.index(bin.low);
            (0..points)
                .map(|point| grid.at(first + f64::from(point)))
                .collect()
        }
        None => (0..50)
            .map(|i| bin.low + (bin.high - bin.low) * f64::from(i) / 50.0)
            .collect(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn the_values_of_a_bin_are_one_distribution(values in columns()) {
        prop_assume!(values.iter().any(|value| *value != values[0]));
        let number = fitted(false, &values);
        prop_assert_eq!(number.damage(), None);
        for (place, bin) in (0..).zip(&number.bins) {
            let drawn: Vec<f64> = (0..200).map(|i| number.value_in(place, i as f32 / 200.0)).collect();
            prop_assert!(drawn.is_sorted() && drawn[0] >= bin.low && drawn[199] <= bin.high);
            let some = some_of(&number, bin);
            let [mut share, mut probability] = [0.0; 2];
            for value in &some {
                let (below, density) = (number.place_in(place, *value), number.log_density(place, *value));
                prop_assert!(density.is_finite());
                probability += f64::from(density).exp();
                let upto = number.share_within(place, &[bin.low..=*value]);
                if !bin.is_atom() {
                    // half its own weight is below a value
                    let before = number.share_within(place, &[bin.low..=value.next_down()]);
                    prop_assert!((below - (before + upto) / 2.0).abs() < 1e-9, "{} {} {}", below, before, upto);
                }
                let after = number.share_within(place, &[value.next_up()..=bin.high]);
                prop_assert!((upto + after - 1.0).abs() < 1e-9 && upto >= share);
                share = upto;
                let back = number.value_in(place, below as f32);
                let error = (back - value).abs();
 prop_assert!(error == 0.0 || number.grid.is_none() && error < 1e-4);
            }
            prop_assert!(number.grid.is_none() || (probability - 1.0).abs() < 1e-4, "{}", probability);
        }
        for Repeated { value, .. } in &number.repeated {
            let bin = number.bin_of(*value);
            let uniform = number.place_in(bin, *value) as f32;
            prop_assert_eq!(number.value_in(bin, uniform), *value);
            prop_assert_eq!(number.value_within(bin, &[*value..=*value], uniform), Some(*value));
        }
    }

    #[test]
    fn every_value_that_occurs_has_a_density(values in columns()) {
        prop_assume!(values.iter().any(|value| *value != values[0]));
        let number = fitted(false, &values);
        let column = number.encoded(values.iter().copied().map(Some));
        let numbers = column.numbers().unwrap();
        for ((value, bin), within) in numbers.value.iter().zip(&numbers.bins).zip(&numbers.within) {
            prop_assert_eq!(*within, number.log_density(*bin, *value));
            prop_assert!(within.is_finite());
        }
        let levels = number.levels();
        let shares: f32 = levels.iter().map(|level| level.share).sum();
        prop_assert!((shares - 1.0).abs() < 1e-4);
        for (level, bin) in levels.iter().zip(&number.bins) {
            let ends = [bin.low, bin.high].map(|end| number.standardise(end).clamp(-5.0, 5.0));
            prop_assert!(ends[0] - 1e-5 <= level.centre && level.centre <= ends[1] + 1e-5);
        }
    }
}
