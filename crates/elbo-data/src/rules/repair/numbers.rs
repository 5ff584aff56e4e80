//! The numbers of a record that are sums of one another or in order.

use super::{Change, Hold, Keeper};
use crate::kind::number::Number;
use crate::rules::sums::Tolerance;

/// Rounds of sums and orders in a record, at most.
const ROUNDS: usize = 6;

/// `low <= high`, or `low < high`.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) low: usize,
    pub(super) high: usize,
    pub(super) strict: bool,
}

impl Order {
    /// Whether it holds, or a value is not known.
    pub(super) fn holds(&self, value: impl Fn(usize) -> f64) -> bool {
        let (low, high) = (value(self.low), value(self.high));
        !(low > high || (self.strict && low == high))
    }
}

/// `parts[0] + parts[1] + … = total`.
#[derive(Debug)]
pub(super) struct Sum {
    pub(super) parts: Vec<usize>,
    pub(super) total: usize,
    pub(super) tolerance: Tolerance,
}

impl Sum {
    pub(super) fn places(&self) -> impl Iterator<Item = usize> {
        self.parts.iter().copied().chain([self.total])
    }

    /// Whether it holds, or a value is not known.
    pub(super) fn holds(&self, value: impl Fn(usize) -> f64) -> bool {
        let sum: f64 = self.parts.iter().map(|part| value(*part)).sum();
        let size: f64 = self.places().map(|place| value(place).abs()).sum();
        let apart = (sum - value(self.total)).abs();
        apart.is_nan() || apart <= self.tolerance.at(size)
    }
}

/// The numbers of one record, NaN where there is none.
pub(super) struct Record<'a> {
    pub(super) keeper: &'a Keeper,
    pub(super) values: Vec<f64>,
    pub(super) holds: Vec<Hold>,
}

impl Record<'_> {
    /// Changes numbers until the rules hold, if they can.
    pub(super) fn settle(&mut self, change: Change) {
        for _ in 0..ROUNDS {
            let added = self.add(change);
            let moved = change == Change::Any && self.arrange();
            if !added && !moved {
                break;
            }
        }
    }

    /// Computes what is a sum; whether anything changed.
    fn add(&mut self, change: Change) -> bool {
        let mut any = false;
        for sum in &self.keeper.sums {
            if !sum.holds(|place| self.values[place]) {
                let total_is_firm = sum
                    .parts
                    .iter()
                    .any(|part| self.holds[*part] < self.holds[sum.total]);
                any |= match total_is_firm || self.holds[sum.total] == Hold::Fixed {
                    false => self.set_total(sum),
                    true => change == Change::Any && self.set_parts(sum),
                };
            }
            for place in sum.places() {
                self.holds[place] = self.holds[place].max(Hold::Kept);
            }
        }
        any
    }

    fn set_total(&mut self, sum: &Sum) -> bool {
        let all: f64 = sum.parts.iter().map(|part| self.values[*part]).sum();
        self.set(sum.total, all)
    }

    /// Changes the parts that stand least firmly: in proportion, and what rounding leaves in the largest.
    fn set_parts(&mut self, sum: &Sum) -> bool {
        let least = sum.parts.iter().map(|part| self.holds[*part]).min();
        let Some(least) = least.filter(|hold| *hold < Hold::Fixed) else {
            return false;
        };
        let (loose, firm): (Vec<usize>, Vec<usize>) =
            sum.parts.iter().partition(|part| self.holds[**part] == least);
        let value = |places: &[usize]| places.iter().map(|place| self.values[*place]).sum::<f64>();
        let (now, needed) = (value(&loose), self.values[sum.total] - value(&firm));
        let factor = needed / now;
        let in_proportion =
            loose.iter().all(|part| self.values[*part] >= 0.0) && factor.is_finite() && factor >= 0.0;
        let mut any = false;
        if in_proportion {
            for part in &loose {
                any |= self.set(*part, self.values[*part] * factor);
            }
        }
        let size = |place: &&usize| self.values[**place].abs();
        let Some(largest) = loose.iter().max_by(|a, b| size(a).total_cmp(&size(b))).copied() else {
            return any;
        };
        let rest = needed - loose.iter().map(|part| self.values[*part]).sum::<f64>();
        match sum.holds(|place| self.values[place]) {
            true => any,
            false => self.set(largest, self.values[largest] + rest) || any,
        }
    }

    /// Sets a number to the nearest that its column can hold; whether it changed.
    fn set(&mut self, place: usize, value: f64) -> bool {
        let value = self.number(place).map_or(value, |number| number.settled(value));
        let changes = self.values[place] != value;
        self.values[place] = value;
        changes
    }

    fn number(&self, place: usize) -> Option<&Number> {
        self.keeper.fields[place].1.number()
    }

    /// Moves numbers that are in the wrong order; whether any was.
    fn arrange(&mut self) -> bool {
        if self.in_order(&self.values) {
            return false;
        }
        // What is better kept is moved only if nothing else helps.
        for firm in [Hold::Kept, Hold::Fixed] {
            if let Some(values) = self.arranged(firm) {
                for (place, value) in values.into_iter().enumerate() {
                    if value != self.values[place] && !value.is_nan() {
                        self.holds[place] = self.holds[place].max(Hold::Moved);
                        self.values[place] = value;
                    }
                }
                return true;
            }
        }
        false
    }

    fn in_order(&self, values: &[f64]) -> bool {
        self.keeper
            .orders
            .iter()
            .all(|order| order.holds(|place| values[place]))
    }

    /// The numbers in order, none of which changes that stands as firmly as this; none if there is no such order.
    fn arranged(&self, firm: Hold) -> Option<Vec<f64>> {
        let fixed: Vec<bool> = self.holds.iter().map(|hold| *hold >= firm).collect();
        let (least, most) = self.bounds(&fixed);
        let mut values = self.values.clone();
        for place in (0..values.len()).filter(|place| !fixed[*place]) {
            // Not `clamp`, which panics if the bounds contradict each other.
            values[place] = values[place].max(least[place]).min(most[place]);
        }
        let rounds = values.len() + 1;
        for round in 0..2 * rounds {
            for order in &self.keeper.orders {
                if order.holds(|place| values[place]) {
                    continue;
                }
                let (up, down) = (
                    self.above(order, values[order.low]),
                    self.below(order, values[order.high]),
                );
                // The second half only raises, which ends.
                let raise = !fixed[order.high]
                    && (fixed[order.low] || round >= rounds || self.better_up(order, up, down));
                match raise {
                    true => values[order.high] = up,
                    false if !fixed[order.low] => values[order.low] = down,
                    false => return None,
                }
            }
        }
        self.in_order(&values).then_some(values)
    }

    /// The smallest and the largest value that each number can have, by those that are fixed.
    fn bounds(&self, fixed: &[bool]) -> (Vec<f64>, Vec<f64>) {
        let known = |other: f64| {
            let value = |place: usize| match fixed[place] && !self.values[place].is_nan() {
                true => self.values[place],
                false => other,
            };
            (0..fixed.len()).map(value).collect::<Vec<f64>>()
        };
        let (mut least, mut most) = (known(f64::NEG_INFINITY), known(f64::INFINITY));
        for _ in 0..fixed.len() {
            for order in self.keeper.orders.iter().filter(|order| !self.is_open(order)) {
                if !fixed[order.high] && least[order.low].is_finite() {
                    least[order.high] = least[order.high].max(self.above(order, least[order.low]));
                }
                if !fixed[order.low] && most[order.high].is_finite() {
                    most[order.low] = most[order.low].min(self.below(order, most[order.high]));
                }
            }
        }
        (least, most)
    }

    /// Whether a number of a rule is not known.
    fn is_open(&self, order: &Order) -> bool {
        self.values[order.low].is_nan() || self.values[order.high].is_nan()
    }

    /// The smallest value of the higher column that is in order with a value of the lower.
    fn above(&self, order: &Order, low: f64) -> f64 {
        self.number(order.high)
            .map_or(low, |number| number.at_least(low, order.strict))
    }

    /// The largest value of the lower column that is in order with a value of the higher.
    fn below(&self, order: &Order, high: f64) -> f64 {
        self.number(order.low)
            .map_or(high, |number| number.at_most(high, order.strict))
    }

    /// Whether to raise the higher number and not to lower the lower one: a value that the data could have comes first,
    /// then the smaller move, in standard deviations of its column.
    fn better_up(&self, order: &Order, up: f64, down: f64) -> bool {
        let (Some(low), Some(high)) = (self.number(order.low), self.number(order.high)) else {
            return true;
        };
        let usual = [up <= high.max, down >= low.min];
        match usual {
            [true, false] => true,
            [false, true] => false,
            _ => high.std >= low.std,
        }
    }
}
