//! Numbers that follow one another closely: their difference is drawn from those of the training records.
//!
//! The model has drawn each of them to within its bin. What is drawn here is p(differences | bins): a number that others
//! follow is drawn anew within its bin, so that they can reach theirs, and then each difference. Known numbers stay, and
//! the others are drawn to fit them.

use rand_chacha::ChaCha8Rng;
use rand_core::Rng;

use super::Hold;
use crate::kind::number::{Bin, Number};
use crate::noise::{Noise, Purpose};

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
        let n = self.differences.len();
        (self.differences[n * 3 / 4] - self.differences[n / 4]) / self.ratio
    }

    /// The share of the differences with which the follower is in `bin`.
    fn share(&self, by: f64, bin: &Bin) -> f64 {
        let from = by * self.ratio;
        let below = self.differences.partition_point(|apart| from + apart < bin.low);
        let within = self.differences[below..].partition_point(|apart| from + apart <= bin.high);
        within as f64 / self.differences.len() as f64
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

/// Of values that a column can have, those in the bin of the value that was drawn; or where none is, the nearest, and
/// those that are farther by no more than the bin is wide. Values in the range of the training records come first.
fn near(mut values: Vec<f64>, number: &Number, drawn: f64) -> Vec<f64> {
    let range = number.min..=number.max;
    if values.iter().any(|value| range.contains(value)) {
        values.retain(|value| range.contains(value));
    }
    let bin = bin(number, drawn);
    let apart = |value: &f64| (bin.low - value).max(value - bin.high).max(0.0);
    let least = values.iter().map(apart).fold(f64::INFINITY, f64::min);
    let most = if least > 0.0 {
        least + (bin.high - bin.low)
    } else {
        0.0
    };
    values.retain(|value| apart(value) <= most);
    values
}

fn bin(number: &Number, value: f64) -> Bin {
    let bin = number.bins.get(number.bin_of(value) as usize).copied();
    bin.unwrap_or(Bin {
        low: value,
        high: value,
        count: 0,
    })
}

/// One of these values; the middle one where nothing is random.
fn drawn(values: &[f64], draws: Option<&mut ChaCha8Rng>) -> Option<f64> {
    let share = draws.map_or(0.5, uniform);
    values.get((share * values.len() as f64) as usize).copied()
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
        let bins = open.map(|follow| (follow, bin(&follow.number, self.values[follow.of])));
        let bins: Vec<(&Follow, Bin)> = bins.collect();
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
                .map(|(follow, bin)| follow.share(value, bin))
                .product();
            (value, weight)
        });
        let tries: Vec<(f64, f64)> = tries.collect();
        let all: f64 = tries.iter().map(|(_, weight)| weight).sum();
        let mut left = uniform(draws) * all;
        let chosen = tries.into_iter().find(|(_, weight)| {
            left -= weight;
            left < 0.0
        });
        // Where no number within the bin does, the one that was drawn is as good as any.
        if let Some((value, _)) = chosen {
            self.values[family.by] = value;
        }
    }
}
