//! Decides what a column of numbers is: a number with its bins, a flag, an identifier, or a constant.

use arrow::array::{ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field as ArrowField, Float64Type};

use super::grid::GridFitter;
use super::{MEASURE, Notation, Number, bins};
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
    /// How the numbers are written.
    notation: Option<Notation>,
    /// Whether a person set the type of the column to number.
    surely: bool,
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
            notation: None,
            surely: false,
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
        if self.n == 0 || self.min == self.max || self.surely {
            return self.finish_measure(gaps);
        } else if zero + one == self.n {
            let spelling = self.spelling(0.0).unwrap_or(Spelling::OneZero);
            return flag::fitted([zero, one], gaps, spelling);
        } else if minus + one == self.n {
            let spelling = self.spelling(-1.0).unwrap_or(Spelling::PlusMinus);
            return flag::fitted([minus, one], gaps, spelling);
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

    /// The texts of `no` and of one, where numbers are written in a way of their own.
    fn spelling(&self, no: f64) -> Option<Spelling> {
        let notation = self.notation.as_ref()?;
        Some(Spelling::Words([no, 1.0].map(|number| notation.text(number))))
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
        let number = Number {
            mean: self.mean as f32,
            std,
            min,
            max,
            integer: self.integer,
            grid,
            bins: self.values.bins(min, max, grid, odd),
            notation: self.notation.filter(|notation| !notation.is_plain()),
        };
        match number.damage() {
            None => Kind::Number(number),
            Some(numbers) => ignored(format!(
                "its numbers are too large or too close together: {numbers}"
            )),
        }
    }
}
