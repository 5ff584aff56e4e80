//! Numbers that follow one another closely: their difference is drawn from those of the training records.
//!
//! The model has drawn each of them to within about its bin. What is drawn here is p(differences | bins): a number that
//! others follow is drawn anew within its bin, so that they can reach theirs, and then each difference. Known numbers stay,
//! and the others are drawn to fit them.
//!
//! The bins are taken for noisy: one that is j bins off is 8^−j as likely as the right one. Otherwise a bin that is one too
//! high could be reached by the rarest, largest differences alone, which would then come out too often.

use rand_chacha::ChaCha8Rng;
use rand_core::Rng;

use super::Hold;
use crate::kind::number::Number;
use crate::noise::{Noise, Purpose};
use crate::rules::follows::between;

/// How many times as likely a bin is as one that is one bin farther from the right one.
const PER_BIN: f64 = 8.0;
/// The farthest bins that count when a number is drawn anew.
const FARTHEST: i64 = 3;
/// Draws of a number within its bin, of which one is chosen.
const TRIES: usize = 32;

/// The randomness of some records: that of each depends on its own number alone.
#[derive(Clone, Copy, Debug)]
pub struct Draws<'a> {
    /// The noise of all.
    pub noise: Noise,
    /// The numbers of the records.
    pub rows: &'a [u64],
}

impl Draws<'_> {
    /// Those of the record in this place.
    pub(super) fn of(&self, place: usize) -> Option<ChaCha8Rng> {
        let row = self.rows.get(place)?;
        Some(self.noise.stream(Purpose::Differences, 0, *row))
    }
}

/// A draw uniform in [0, 1).
fn uniform(stream: &mut ChaCha8Rng) -> f64 {
    (stream.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

/// `of ~ by`: of = by · ratio + a difference.
#[derive(Debug)]
pub(super) struct Follow {
    pub(super) of: usize,
    number: Number,
    /// Ascending, in the unit of the follower.
    differences: Vec<f64>,
    /// How many of the follower's units make one of the other.
    ratio: f64,
}

impl Follow {
    /// `seconds` are those of one number of the column that is followed, and of one of the follower.
    pub(super) fn new(of: usize, number: &Number, differences: &[f64], seconds: [f64; 2]) -> Option<Self> {
        let finite = differences.iter().copied().filter(|apart| apart.is_finite());
        let mut differences: Vec<f64> = finite.collect();
        differences.sort_unstable_by(f64::total_cmp);
        (!differences.is_empty()).then(|| Self {
            of,
            number: number.clone(),
            differences,
            ratio: seconds[0] / seconds[1],
        })
    }

    /// The interquartile range of the differences, in the unit of the column that is followed.
    pub(super) fn width(&self) -> f64 {
        between(&self.differences, 0.25, 0.75) / self.ratio
    }

    /// How likely it is that the follower is drawn in `bin`: Σ_d 8^−j over the differences d that lead j bins away from it,
    /// as a share of all.
    fn share(&self, by: f64, bin: i64) -> f64 {
        let from = by * self.ratio;
        let within = |off: i64| {
            let bin = self.number.bins.get(usize::try_from(bin + off).ok()?)?;
            let below = self.differences.partition_point(|apart| from + apart < bin.low);
            let within = self.differences[below..].partition_point(|apart| from + apart <= bin.high);
            Some(within as f64 * PER_BIN.powi(-(off.abs() as i32)))
        };
        let likely: f64 = (-FARTHEST..=FARTHEST).filter_map(within).sum();
        likely / self.differences.len() as f64
    }

    /// Whether two numbers differ as those of training records may, to within half a step of the follower.
    fn holds(&self, by: f64, of: f64) -> bool {
        let from = by * self.ratio;
        let step = self.number.grid.map_or(0.0, |grid| grid.spacing());
        let slack = step / 2.0 + 8.0 * f64::EPSILON * (from.abs() + of.abs());
        let ends = self.differences.first().zip(self.differences.last());
        ends.is_some_and(|(least, most)| (least - slack..=most + slack).contains(&(of - from)))
    }

    /// The numbers that the follower can have, one for each difference that is possible.
    fn forth(&self, by: f64) -> Vec<f64> {
        let values = self
            .differences
            .iter()
            .map(|apart| self.number.nearest(by * self.ratio + apart));
        values.filter(|of| self.holds(by, *of)).collect()
    }

    /// The numbers that the column can have that is followed, which is `number`.
    fn back(&self, number: &Number, of: f64) -> Vec<f64> {
        let values = self
            .differences
            .iter()
            .map(|apart| number.nearest((of - apart) / self.ratio));
        values.filter(|by| self.holds(*by, of)).collect()
    }
}

/// Of values that a column can have, those in the range of the training records, or all if none is; and how likely each is,
/// 8^−j if it is j bins farther from the value that was drawn than the nearest of them.
fn near(mut values: Vec<f64>, number: &Number, drawn: f64) -> Vec<(f64, f64)> {
    let range = number.min..=number.max;
    if values.iter().any(|value| range.contains(value)) {
        values.retain(|value| range.contains(value));
    }
    let bin = number.bin_of(drawn);
    let off = |value: &f64| number.bin_of(*value).abs_diff(bin);
    let least = values.iter().map(off).min().unwrap_or(0);
    let likely = |value: &f64| PER_BIN.powi(-((off(value) - least) as i32));
    values.iter().map(|value| (*value, likely(value))).collect()
}

/// One of these values, by how likely each is; the middle one where nothing is random.
fn drawn(values: &[(f64, f64)], draws: Option<&mut ChaCha8Rng>) -> Option<f64> {
    let all: f64 = values.iter().map(|(_, likely)| likely).sum();
    let mut left = draws.map_or(0.5, uniform) * all;
    let chosen = values.iter().find(|(_, likely)| {
        left -= likely;
        left < 0.0
    });
    chosen.map(|(value, _)| *value)
}

/// A column and those that follow it, the closest first.
#[derive(Debug)]
pub(super) struct Family {
    pub(super) by: usize,
    pub(super) number: Number,
    pub(super) followers: Vec<Follow>,
    /// Whether the column can be drawn anew: no rule computes it, and it follows no other.
    pub(super) is_free: bool,
}

/// The numbers of one record, NaN where there is none.
pub(super) struct Followed<'a> {
    pub(super) values: Vec<f64>,
    pub(super) holds: Vec<Hold>,
    /// None where nothing is random.
    pub(super) draws: Option<&'a mut ChaCha8Rng>,
}

impl Followed<'_> {
    /// Draws differences: first what leads to known numbers, then what follows. Families come after those that they
    /// follow.
    pub(super) fn settle(&mut self, families: &[Family]) {
        let mut settled: Vec<bool> = self.holds.iter().map(|hold| *hold >= Hold::Kept).collect();
        for family in families.iter().rev() {
            let known = |follow: &&Follow| settled[follow.of] && self.is_about(family, follow);
            if !settled[family.by]
                && let Some(follow) = family.followers.iter().find(known)
            {
                self.lead(family, follow);
                settled[family.by] = true;
            }
        }
        for family in families {
            if !settled[family.by] && family.is_free {
                self.anew(family, &settled);
            }
            settled[family.by] = true;
            for follow in family
                .followers
                .iter()
                .filter(|follow| self.is_about(family, follow))
                .collect::<Vec<_>>()
            {
                match settled[follow.of] {
                    false => self.follow(family, follow),
                    true => self.reconcile(family, follow),
                }
                settled[follow.of] = true;
            }
        }
    }

    /// Whether both numbers are known, and measures.
    fn is_about(&self, family: &Family, follow: &Follow) -> bool {
        let is_measure =
            |number: &Number, value: f64| !value.is_nan() && !number.is_apart(number.bin_of(value));
        is_measure(&family.number, self.values[family.by])
            && is_measure(&follow.number, self.values[follow.of])
    }

    fn follow(&mut self, family: &Family, follow: &Follow) {
        let values = near(
            follow.forth(self.values[family.by]),
            &follow.number,
            self.values[follow.of],
        );
        if let Some(value) = drawn(&values, self.draws.as_deref_mut()) {
            self.values[follow.of] = value;
        }
    }

    fn lead(&mut self, family: &Family, follow: &Follow) {
        let values = follow.back(&family.number, self.values[follow.of]);
        let values = near(values, &family.number, self.values[family.by]);
        if let Some(value) = drawn(&values, self.draws.as_deref_mut()) {
            self.values[family.by] = value;
        }
    }

    /// Changes one of two numbers that are better kept only if they cannot belong together, and neither if both are
    /// known.
    fn reconcile(&mut self, family: &Family, follow: &Follow) {
        let (by, of) = (self.holds[family.by], self.holds[follow.of]);
        if follow.holds(self.values[family.by], self.values[follow.of]) {
            return;
        }
        match (by, of) {
            (_, Hold::Kept | Hold::Moved) => self.follow(family, follow),
            (Hold::Kept | Hold::Moved, Hold::Fixed) => self.lead(family, follow),
            _ => {}
        }
    }

    /// Draws the number that is followed within its bin, in proportion to the share of the differences with which the
    /// others are in theirs: ∏ share.
    fn anew(&mut self, family: &Family, settled: &[bool]) {
        let open = family.followers.iter().filter(|follow| !settled[follow.of]);
        let open = open.filter(|follow| self.is_about(family, follow));
        let bins = open.map(|follow| (follow, i64::from(follow.number.bin_of(self.values[follow.of]))));
        let bins: Vec<(&Follow, i64)> = bins.collect();
        let Some(draws) = self.draws.as_deref_mut().filter(|_| !bins.is_empty()) else {
            return;
        };
        let own = family.number.bin_of(self.values[family.by]);
        let tries = (0..TRIES).map(|_| {
            let value = family
                .number
                .nearest(family.number.value_in(own, uniform(draws) as f32));
            let weight: f64 = bins
                .iter()
                .map(|(follow, bin)| follow.share(value, *bin))
                .product();
            (value, weight)
        });
        let tries: Vec<(f64, f64)> = tries.collect();
        let chosen = drawn(&tries, Some(draws));
        // Where no number within the bin does, the one that was drawn is as good as any.
        if let Some(value) = chosen {
            self.values[family.by] = value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::number::{Bin, Grid};

    /// Whole numbers from 0 to 999 in bins of 100 values.
    fn hundreds(step: u64) -> Number {
        let bin = |place: u32| Bin {
            low: f64::from(place * 100),
            high: f64::from(place * 100 + 99),
            count: 10,
        };
        Number {
            mean: 500.0,
            std: 300.0,
            min: 0.0,
            max: 999.0,
            integer: true,
            grid: Some(Grid {
                decimals: 0,
                step,
                offset: 0,
            }),
            bins: (0..10).map(bin).collect(),
            repeated: Vec::new(),
            spread: 0.0,
            none_twice: false,
            notation: None,
        }
    }

    fn family(differences: &[f64]) -> Family {
        Family {
            by: 0,
            number: hundreds(1),
            followers: vec![Follow::new(1, &hundreds(1), differences, [1.0; 2]).unwrap()],
            is_free: true,
        }
    }

    fn settled(family: Family, values: [f64; 2], holds: [Hold; 2], seed: Option<u64>) -> [f64; 2] {
        let mut stream = seed.map(|seed| Noise::new(seed).stream(Purpose::Differences, 0, 0));
        let mut record = Followed {
            values: values.to_vec(),
            holds: holds.to_vec(),
            draws: stream.as_mut(),
        };
        record.settle(&[family]);
        [record.values[0], record.values[1]]
    }

    #[test]
    fn a_follower_is_near_and_in_its_bin() {
        use Hold::{Fixed, Free};
        let middle = |values, holds| settled(family(&[5.0, 20.0, 30.0, 250.0]), values, holds, None);
        // 180 + {5, …}: 185 is in the bin of 150, 200 and 210 are in that of 290, 430 in that of 444; in the second case
        // ⅛ + 1 of ⅛ + 1 + 1 + 1/64 is beyond the middle
        assert_eq!(middle([180.0, 150.0], [Free; 2]), [180.0, 185.0]);
        assert_eq!(middle([180.0, 290.0], [Free; 2]), [180.0, 200.0]);
        assert_eq!(middle([180.0, 444.0], [Free; 2]), [180.0, 430.0]);
        // from 300 to 399 there is none: 200, 210 and 430 are one bin off, 185 is two
        assert_eq!(middle([180.0, 333.0], [Free; 2]), [180.0, 210.0]);
        // a follower that is known is led to: 290 − {5, 20, 30} are from 200 to 299, 40 is two bins off
        assert_eq!(middle([250.0, 290.0], [Free, Fixed]), [270.0, 290.0]);
        assert_eq!(middle([250.0, 900.0], [Fixed, Fixed]), [250.0, 900.0]);
        assert_eq!(middle([f64::NAN, 900.0], [Free; 2])[1], 900.0);
        // better kept, but 900 cannot follow 250
        assert_eq!(middle([250.0, 260.0], [Fixed, Hold::Kept]), [250.0, 260.0]);
        assert_eq!(middle([250.0, 900.0], [Fixed, Hold::Kept]), [250.0, 500.0]);
    }

    #[test]
    fn what_is_followed_is_drawn_within_its_bin_so_that_the_follower_reaches_its_own() {
        let mut reached = 0;
        for seed in 0..900 {
            let [by, of] = settled(family(&[0.0, 10.0]), [105.0, 290.0], [Hold::Free; 2], Some(seed));
            assert!((100.0..=199.0).contains(&by) && (of == by || of == by + 10.0));
            reached += u32::from(of >= 200.0);
        }
        // From 190 on, one of the differences leads to 200 or more, (1 + ⅛)/2; below, none does, ⅛. So a share of 1/3 is
        // from 190 on, and 8 in 9 of these reach 200: 267 of 900, to within five standard errors of 14.
        assert!((197..=337).contains(&reached), "{reached}");
        // what is known stays
        let fixed = [Hold::Fixed, Hold::Free];
        assert_eq!(
            settled(family(&[10.0]), [105.0, 290.0], fixed, Some(1)),
            [105.0, 115.0]
        );
    }

    #[test]
    fn frequent_differences_stay_frequent() {
        // 0 three times in four
        let differences = [0.0, 0.0, 0.0, 40.0];
        let far = (0..4000).filter(|seed| {
            let [by, of] = settled(
                family(&differences),
                [150.0, 150.0],
                [Hold::Fixed, Hold::Free],
                Some(*seed),
            );
            of == by + 40.0
        });
        // a quarter of 4,000, to within five standard errors of 27
        assert!((865..=1135).contains(&far.count()));
    }

    #[test]
    fn days_and_seconds_fit_together() {
        // the second 100 of a day: the day itself leads to it, at the first two differences to the nearest day
        let seconds = Number {
            max: 864_000.0,
            ..hundreds(1)
        };
        let follow = Follow::new(1, &seconds, &[0.0, 43_200.0, 86_399.0], [86_400.0, 1.0]).unwrap();
        assert_eq!(follow.back(&hundreds(1), 3.0 * 86_400.0 + 100.0), [3.0, 3.0]);
        assert_eq!(follow.forth(3.0), [259_200.0, 302_400.0, 345_599.0]);
        assert_eq!(follow.width(), (86_399.0 - 43_200.0) / 86_400.0);
    }

    #[test]
    fn values_are_on_the_grid_of_their_column() {
        let tens = Follow::new(1, &hundreds(10), &[3.0, 12.0], [1.0; 2]).unwrap();
        // 103 and 112 are rounded to tens
        assert_eq!(tens.forth(100.0), [100.0, 110.0]);
    }
}
