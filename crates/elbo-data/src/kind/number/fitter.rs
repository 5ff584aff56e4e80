//! Decides what a column of numbers is: a number with its bins, a flag, an identifier, or a constant.

use arrow::array::{ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};

use super::grid::GridFitter;
use super::{Number, bins};
use crate::kind::flag::{self, Spelling};
use crate::kind::ignored::{Filling, Ignored};
use crate::kind::statistics::Statistics;
use crate::kind::{Kind, constant, ignored, no_value};

/// From so many records on, whole numbers that count up from about 0 by ones are an identifier, and from so many those
/// that go up by equal steps from anywhere: a few years in order are no identifier.
const SURELY_IDENTIFIER: [u64; 2] = [20, 1000];
/// The numbers of which "about 0" is one: the first records may not be among those that are read.
const ABOUT_ZERO: std::ops::Range<f64> = 0.0..10.0;

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
    /// The smallest step from a value to the next; none once one does not go up.
    step: Option<f64>,
    grid: GridFitter,
    values: bins::Values,
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
            step: Some(f64::INFINITY),
            grid: GridFitter::new(),
            values: bins::Values::default(),
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

    fn add(&mut self, value: f64) {
        self.n += 1;
        if self.n == 1 {
            self.first = value;
        } else {
            let step = self.step.map(|step| step.min(value - self.last));
            self.step = step.filter(|step| *step > 0.0);
        }
        self.last = value;
        self.grid.add(value);
        self.values.add(value);
        let delta = value - self.mean;
        self.mean += delta / self.n as f64;
        self.squares += delta * (value - self.mean);
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        for (count, sign) in self.signs.iter_mut().zip([-1.0, 0.0, 1.0]) {
            *count += u64::from(value == sign);
        }
    }

    /// `gaps`: whether some records have no value.
    pub(crate) fn finish(self, gaps: bool) -> Kind {
        let [minus, zero, one] = self.signs;
        if self.n == 0 || self.min == self.max {
            return self.finish_measure(gaps);
        } else if zero + one == self.n {
            return flag::fitted([zero, one], gaps, Spelling::OneZero);
        } else if minus + one == self.n {
            return flag::fitted([minus, one], gaps, Spelling::PlusMinus);
        }
        match self.step.filter(|step| self.integer && self.counts_up(*step)) {
            Some(step) => Kind::Ignored(Ignored {
                filling: Filling::Count {
                    next: (self.last + step) as i64,
                    step: step as i64,
                },
                ..Ignored::new("identifier: whole numbers that count up")
            }),
            None => self.finish_measure(gaps),
        }
    }

    /// Whether the numbers go up by `step`, up to gaps where records are not looked at: of three in the range at
    /// least two occur.
    fn counts_up(&self, step: f64) -> bool {
        let [few, many] = SURELY_IDENTIFIER;
        let in_range = (self.last - self.first) / step + 1.0;
        let dense = self.n as f64 * 3.0 >= in_range * 2.0;
        let from_zero = step == 1.0 && ABOUT_ZERO.contains(&self.first);
        dense && self.n >= if from_zero { few } else { many }
    }

    /// As [`Self::finish`], of values that are known to be no flags and no identifier.
    pub(crate) fn finish_measure(self, gaps: bool) -> Kind {
        if self.n == 0 {
            return no_value();
        } else if self.min == self.max && !gaps {
            return constant(self.min);
        }
        let grid = self.grid.finish();
        let std = match self.min == self.max {
            true => 1.0,
            false => (self.squares / self.n as f64).sqrt() as f32,
        };
        let number = Number {
            mean: self.mean as f32,
            std,
            min: self.min,
            max: self.max,
            integer: self.integer,
            grid,
            bins: self.values.bins(self.min, self.max, grid),
        };
        match number.damage() {
            None => Kind::Number(number),
            Some(numbers) => ignored(format!(
                "its numbers are too large or too close together: {numbers}"
            )),
        }
    }
}
