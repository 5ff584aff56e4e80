//! Decides what a column of numbers is: a number with its bins, a flag, an identifier, or a constant.

use std::collections::BTreeMap;

use arrow::array::{ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field as ArrowField, Float64Type};

use super::bins::{Bin, Binned, MAX_BINS};
use super::grid::GridFitter;
use super::{MEASURE, Notation, Number, bins};
use crate::kind::flag::{self, Spelling};
use crate::kind::ignored::{Filling, Ignored};
use crate::kind::statistics::Statistics;
use crate::kind::{Kind, constant, ignored, no_value};

/// From so many records on, whole numbers that count up by ones are an identifier, and from so many those that could be
/// years or that go up by other steps.
const SURELY_IDENTIFIER: [u64; 2] = [20, 1000];
/// The share of the keys of a table that a part of it holds.
const PART_OF_KEYS: std::ops::Range<f64> = 0.25..0.95;
/// The most different values that are no measures.
const MAX_APART: usize = 8;
/// Whole numbers that could be years: a few of them in order are no identifier.
const YEARS: std::ops::Range<f64> = 1800.0..2100.0;

/// Running mean and variance (Welford 1962), which also finds out whether the numbers are flags.
#[derive(Debug)]
pub(crate) struct NumberFitter {
    integer: bool,
    n: u64,
    mean: f64,
    squares: f64,
    min: f64,
    max: f64,
    /// How often -1, 0 and 1 occurred.
    signs: [u64; 3],
    first: f64,
    last: f64,
    /// The smallest step from a value to the next, up and down; none once one goes another way.
    steps: [Option<f64>; 2],
    grid: GridFitter,
    values: bins::Values,
    /// How the numbers are written.
    notation: Option<Notation>,
    /// Whether a person set the type of the column to number.
    surely: bool,
    /// The smallest and the largest value of all records, those included that are not fitted.
    lowest: f64,
    highest: f64,
    /// How many records were looked at besides fitting, if any: all.
    looked: u64,
    /// Whether a record that is not fitted has another value than -1, 0 and 1.
    others: bool,
    /// Values that are no measures, and how often each occurred.
    apart: BTreeMap<u64, u64>,
}

impl NumberFitter {
    pub(crate) fn new(integer: bool) -> Self {
        let (min, max) = (f64::INFINITY, f64::NEG_INFINITY);
        Self {
            integer,
            n: 0,
            mean: 0.0,
            squares: 0.0,
            min,
            max,
            signs: [0; 3],
            first: 0.0,
            last: 0.0,
            steps: [Some(f64::INFINITY); 2],
            grid: GridFitter::new(),
            values: bins::Values::default(),
            notation: None,
            surely: false,
            lowest: min,
            highest: max,
            looked: 0,
            others: false,
            apart: BTreeMap::new(),
        }
    }

    /// For a column of tables or of Arrow data.
    pub(crate) fn of(field: &ArrowField) -> Self {
        Self {
            notation: Notation::of(field),
            surely: field.metadata().contains_key(MEASURE),
            ..Self::new(*field.data_type() == DataType::Int64)
        }
    }

    pub(crate) fn push(&mut self, array: &ArrayRef) {
        let Ok(numbers) = cast(array, &DataType::Float64) else {
            return;
        };
        for value in numbers
            .as_primitive_opt::<Float64Type>()
            .into_iter()
            .flatten()
            .flatten()
        {
            if value.is_finite() {
                self.add(value);
            }
        }
    }

    /// Sees a value that is no measure, such as a date that means "never": it has a bin of its own, and takes no part
    /// in mean, range and grid.
    pub(crate) fn push_apart(&mut self, value: f64) {
        let known = self.apart.contains_key(&value.to_bits());
        if known || self.apart.len() < MAX_APART {
            *self.apart.entry(value.to_bits()).or_insert(0) += 1;
        } else {
            self.add(value);
        }
    }

    /// Puts bins of what is apart beside those of the measures.
    fn with_apart(&self, bins: Vec<Bin>) -> Vec<Bin> {
        let apart = self.apart.iter().map(|(bits, count)| {
            let value = f64::from_bits(*bits);
            Bin {
                low: value,
                high: value,
                count: *count,
            }
        });
        let mut bins: Vec<Bin> = bins.into_iter().chain(apart).collect();
        bins.sort_by(|a, b| a.low.total_cmp(&b.low));
        bins
    }

    fn add(&mut self, value: f64) {
        self.n += 1;
        if self.n == 1 {
            self.first = value;
        } else {
            for (least, sign) in self.steps.iter_mut().zip([1.0, -1.0]) {
                let step = least.map(|step| step.min((value - self.last) * sign));
                *least = step.filter(|step| *step > 0.0);
            }
        }
        self.last = value;
        self.grid.add(value);
        self.values.add(value);
        let delta = value - self.mean;
        self.mean += delta / self.n as f64;
        self.squares += delta * (value - self.mean);
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        self.lowest = self.lowest.min(value);
        self.highest = self.highest.max(value);
        for (count, sign) in self.signs.iter_mut().zip([-1.0, 0.0, 1.0]) {
            *count += u64::from(value == sign);
        }
    }

    /// Whether the values of all records matter, not only of those that are fitted: of what may be a flag or an
    /// identifier.
    pub(crate) fn undecided(&self) -> bool {
        self.n > 0 && !self.surely && (self.may_be_flag() || self.identifier().is_some())
    }

    fn may_be_flag(&self) -> bool {
        let [minus, zero, one] = self.signs;
        zero + one == self.n || minus + one == self.n
    }

    /// Shows values of all records.
    pub(crate) fn look(&mut self, array: &ArrayRef) {
        let numbers = cast(array, &DataType::Float64).ok();
        let numbers = numbers
            .as_ref()
            .and_then(|array| array.as_primitive_opt::<Float64Type>());
        for value in numbers.into_iter().flatten().flatten() {
            self.looked += 1;
            self.lowest = self.lowest.min(value);
            self.highest = self.highest.max(value);
            self.others |= ![-1.0, 0.0, 1.0].contains(&value);
        }
    }

    /// Whether all could be years.
    fn years(&self) -> bool {
        YEARS.contains(&self.min) && YEARS.contains(&self.max)
    }

    /// Why the numbers are an identifier, and the step from one to the next; none if they are measures.
    fn identifier(&self) -> Option<(&'static str, f64)> {
        let step = self.step().filter(|step| self.integer && self.counts(*step));
        let counts = step.map(|step| ("identifier: whole numbers that count up", step));
        let unique = || self.integer && !self.years() && self.values.all_differ(self.min, self.max);
        counts.or_else(|| unique().then_some(("identifier: whole numbers that are all different", 1.0)))
    }

    /// `gaps`: whether some records have no value.
    pub(crate) fn finish(self, gaps: bool) -> Kind {
        let [minus, zero, one] = self.signs;
        let flag = self.may_be_flag();
        if self.n == 0 || self.min == self.max || self.surely || (flag && self.others) {
            return self.finish_measure(gaps);
        } else if zero + one == self.n {
            let spelling = self.spelling(0.0).unwrap_or(Spelling::OneZero);
            return flag::fitted([zero, one], gaps, spelling);
        } else if minus + one == self.n {
            let spelling = self.spelling(-1.0).unwrap_or(Spelling::PlusMinus);
            return flag::fitted([minus, one], gaps, spelling);
        }
        match self
            .identifier()
            .filter(|_| self.step().is_some() || !self.a_part_of_keys())
        {
            Some((reason, step)) => Kind::Ignored(Ignored {
                filling: Filling::Count {
                    next: (self.highest + step) as i64,
                    step: step as i64,
                },
                ..Ignored::new(reason)
            }),
            None => self.finish_measure(gaps),
        }
    }

    /// The texts of `no` and of one, where numbers are written in a way of their own.
    fn spelling(&self, no: f64) -> Option<Spelling> {
        let notation = self.notation.as_ref()?;
        Some(Spelling::Words([no, 1.0].map(|number| notation.text(number))))
    }

    /// The smallest step of numbers that all go up, or all go down, as where the newest record comes first.
    fn step(&self) -> Option<f64> {
        let [up, down] = self.steps;
        up.or(down)
    }

    /// Whether the numbers go by `step`, up to gaps where records are not looked at: of three in the range at least two
    /// occur.
    fn counts(&self, step: f64) -> bool {
        let [few, many] = SURELY_IDENTIFIER;
        let in_range = (self.last - self.first).abs() / step + 1.0;
        let dense = self.n as f64 * 3.0 >= in_range * 2.0;
        let years = YEARS.contains(&self.first) && YEARS.contains(&self.last);
        dense && self.n >= if step == 1.0 && !years { few } else { many }
    }

    /// Whether a good share of the numbers of the range occur in some record, but many do not, as in a part of a table. Then
    /// new ones are best drawn between those: such numbers often follow other columns, as those of orders follow their dates.
    fn a_part_of_keys(&self) -> bool {
        let all = self.n.max(self.looked) as f64;
        PART_OF_KEYS.contains(&(all / (self.highest - self.lowest + 1.0)))
    }

    /// As [`Self::finish`], of values that are known to be no flags and no identifier.
    pub(crate) fn finish_measure(mut self, gaps: bool) -> Kind {
        if self.n == 0 {
            // Without any measure beside them these values are all there is.
            for (bits, count) in std::mem::take(&mut self.apart) {
                (0..count).for_each(|_| self.add(f64::from_bits(bits)));
            }
        }
        if self.n == 0 {
            return no_value();
        } else if self.min == self.max && !gaps {
            return match &self.notation {
                Some(notation) => constant(notation.text(self.min)),
                None => constant(self.min),
            };
        }
        let grid = self.grid.finish();
        let odd = grid.filter(|grid| !self.grid.exact(*grid));
        let (min, max) = match odd {
            Some(grid) => (grid.at(grid.index(self.min)), grid.at(grid.index(self.max))),
            None => (self.min, self.max),
        };
        let std = match self.min == self.max {
            true => 1.0,
            false => (self.squares / self.n as f64).sqrt() as f32,
        };
        let most = MAX_BINS - self.apart.len();
        let Binned {
            bins,
            repeated,
            spread,
        } = self.values.bins([min, max], grid, odd, most);
        let number = Number {
            mean: self.mean as f32,
            std,
            min,
            max,
            integer: self.integer,
            grid,
            none_twice: self.integer && !self.surely && !self.years() && self.values.none_twice(),
            bins: self.with_apart(bins),
            repeated,
            spread,
            notation: self
                .notation
                .filter(|notation| !notation.is_plain())
                .map(Box::new),
        };
        match number.damage() {
            None => Kind::Number(number),
            Some(numbers) => ignored(format!(
                "its numbers are too large or too close together: {numbers}"
            )),
        }
    }
}
