//! One field of some records, and how columns are cut, joined and laid over one another.

use crate::error::DataError;

/// One field of some records.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// The values; where `observed` is false the value is a filler.
    pub values: Values,
    /// Whether each record's value is observed.
    pub observed: Vec<bool>,
}

/// The values of one column, as the model takes them.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Pixels of all pictures, one after the other: `[records, height, width, channels]`.
    Image(Vec<u8>),
    /// Position of each level; the position after the last means "known to be missing", where a field allows it.
    Category(Vec<u32>),
    /// 0 for no, 1 for yes, 2 for known to be missing where a field allows it.
    Flag(Vec<u8>),
    /// Tokens of each text.
    Text(Vec<Vec<u32>>),
    /// Numbers, standardised and binned.
    Number(Numbers),
}

/// Numbers: each as it is, and as the model takes it, standardised and as the position of its bin.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Numbers {
    /// The numbers v; fillers where only bins are known.
    pub value: Vec<f64>,
    /// (v - mean) / std.
    pub z: Vec<f32>,
    /// Position of the bin that holds the value; the position after the last means "known to be missing".
    pub bins: Vec<u32>,
    /// ln p(v | bin); 0 for fillers and where only bins are known.
    pub within: Vec<f32>,
}

impl Numbers {
    /// Adds one number.
    pub fn push(&mut self, value: f64, z: f32, bin: u32, within: f32) {
        self.value.push(value);
        self.z.push(z);
        self.bins.push(bin);
        self.within.push(within);
    }

    /// Numbers of which only the bins are known.
    pub(crate) fn of_bins(bins: Vec<u32>) -> Self {
        Self {
            value: vec![0.0; bins.len()],
            z: vec![0.0; bins.len()],
            within: vec![0.0; bins.len()],
            bins,
        }
    }
}

/// Chooses records of a column; the same choice is made among values of any type.
trait Choice {
    /// The chosen of these values, of which each record has `width`; `filler` stands where there is no record.
    fn of<T: Clone>(&self, values: &[T], width: usize, filler: T) -> Vec<T>;
}

/// All records, so many times.
struct Times(usize);

impl Choice for Times {
    fn of<T: Clone>(&self, values: &[T], _: usize, _: T) -> Vec<T> {
        vec![values; self.0].concat()
    }
}

/// The records at these positions.
struct At<'a>(&'a [usize]);

impl Choice for At<'_> {
    fn of<T: Clone>(&self, values: &[T], width: usize, _: T) -> Vec<T> {
        let rows = self.0.iter().map(|record| record * width);
        rows.flat_map(|start| values[start..start + width].iter().cloned())
            .collect()
    }
}

/// `rows` records from `start`, filled up to `width` records.
struct Window {
    start: usize,
    rows: usize,
    width: usize,
}

impl Choice for Window {
    fn of<T: Clone>(&self, values: &[T], width: usize, filler: T) -> Vec<T> {
        let mut part = values[self.start * width..(self.start + self.rows) * width].to_vec();
        part.resize(self.width * width, filler);
        part
    }
}

/// Changes the values of one column by those of another; the same change is made to values of any type.
trait Change {
    /// Changes `values` by `by`.
    fn make<T: Clone>(&self, values: &mut Vec<T>, by: &[T]);
}

/// The other column's records are added at the end.
struct Append;

impl Change for Append {
    fn make<T: Clone>(&self, values: &mut Vec<T>, by: &[T]) {
        values.extend_from_slice(by);
    }
}

/// The other column's records replace those where this is true.
struct Replace<'a>(&'a [bool]);

impl Change for Replace<'_> {
    fn make<T: Clone>(&self, values: &mut Vec<T>, by: &[T]) {
        let width = (values.len() / self.0.len().max(1)).max(1);
        let rows = values.chunks_exact_mut(width).zip(by.chunks_exact(width));
        for ((value, by), _) in rows.zip(self.0).filter(|(_, replaced)| **replaced) {
            value.clone_from_slice(by);
        }
    }
}

impl Values {
    pub(crate) fn kind_name(&self) -> &'static str {
        match self {
            Self::Image(_) => "image",
            Self::Category(_) => "category",
            Self::Flag(_) => "flag",
            Self::Number(_) => "number",
            Self::Text(_) => "text",
        }
    }

    /// The chosen of these values of `records` records.
    fn chosen(&self, records: usize, choice: &impl Choice) -> Self {
        match self {
            Self::Image(pixels) => Self::Image(choice.of(pixels, pixels.len() / records.max(1), 0)),
            Self::Category(codes) => Self::Category(choice.of(codes, 1, 0)),
            Self::Flag(flags) => Self::Flag(choice.of(flags, 1, 0)),
            Self::Text(texts) => Self::Text(choice.of(texts, 1, Vec::new())),
            Self::Number(numbers) => Self::Number(Numbers {
                value: choice.of(&numbers.value, 1, 0.0),
                z: choice.of(&numbers.z, 1, 0.0),
                bins: choice.of(&numbers.bins, 1, 0),
                within: choice.of(&numbers.within, 1, 0.0),
            }),
        }
    }

    fn change(&mut self, by: &Self, change: &impl Change) -> Result<(), DataError> {
        match (&mut *self, by) {
            (Self::Image(pixels), Self::Image(by)) => change.make(pixels, by),
            (Self::Category(codes), Self::Category(by)) => change.make(codes, by),
            (Self::Flag(flags), Self::Flag(by)) => change.make(flags, by),
            (Self::Text(texts), Self::Text(by)) => change.make(texts, by),
            (Self::Number(numbers), Self::Number(by)) => {
                change.make(&mut numbers.value, &by.value);
                change.make(&mut numbers.z, &by.z);
                change.make(&mut numbers.bins, &by.bins);
                change.make(&mut numbers.within, &by.within);
            }
            (values, by) => {
                return Err(DataError::FieldType {
                    field: String::new(),
                    expected: values.kind_name().to_owned(),
                    found: by.kind_name().to_owned(),
                });
            }
        }
        Ok(())
    }

    /// Gives a record this level; values without levels stay.
    pub(crate) fn set_level(&mut self, row: usize, level: u32) {
        match self {
            Self::Category(levels) => levels[row] = level,
            Self::Number(numbers) => {
                (numbers.z[row], numbers.bins[row], numbers.within[row]) = (0.0, level, 0.0);
            }
            Self::Flag(levels) => levels[row] = level as u8,
            Self::Image(_) | Self::Text(_) => {}
        }
    }

    /// Puts the filler of an unobserved value in a record's place; pictures stay.
    pub(crate) fn clear(&mut self, row: usize) {
        match self {
            Self::Number(numbers) => numbers.value[row] = 0.0,
            Self::Text(texts) => texts[row].clear(),
            Self::Image(_) | Self::Category(_) | Self::Flag(_) => {}
        }
        self.set_level(row, 0);
    }
}

impl Column {
    /// These values, all observed; `records` of them.
    pub fn all_observed(values: Values, records: usize) -> Self {
        Self {
            values,
            observed: vec![true; records],
        }
    }

    /// Number of records.
    pub fn len(&self) -> usize {
        self.observed.len()
    }

    /// Whether there are no records.
    pub fn is_empty(&self) -> bool {
        self.observed.is_empty()
    }

    fn chosen(&self, choice: &impl Choice) -> Self {
        Self {
            values: self.values.chosen(self.len(), choice),
            observed: choice.of(&self.observed, 1, false),
        }
    }

    /// The column `times` times, one after the other.
    pub fn repeat(&self, times: usize) -> Self {
        self.chosen(&Times(times))
    }

    /// These records of the column, in this order.
    ///
    /// # Panics
    /// If there is no such record.
    pub fn take(&self, records: &[usize]) -> Self {
        self.chosen(&At(records))
    }

    /// `rows` records from `start`.
    ///
    /// # Panics
    /// If the column ends before.
    pub fn slice(&self, start: usize, rows: usize) -> Self {
        self.window(start, rows, rows)
    }

    /// `rows` records from `start`, filled up to `width` records with unobserved ones.
    ///
    /// # Panics
    /// If the column ends before.
    pub fn window(&self, start: usize, rows: usize, width: usize) -> Self {
        self.chosen(&Window { start, rows, width })
    }

    /// A column of the same kind without records.
    pub fn empty_like(&self) -> Self {
        self.slice(0, 0)
    }

    /// Adds the records of `more` to those of this column.
    ///
    /// # Errors
    /// [`DataError::FieldType`] for a column of another kind.
    pub fn append(&mut self, more: &Self) -> Result<(), DataError> {
        self.values.change(&more.values, &Append)?;
        self.observed.extend_from_slice(&more.observed);
        Ok(())
    }

    /// The records of `known` where they are observed, elsewhere those of this column.
    ///
    /// # Errors
    /// [`DataError::FieldType`] for a column of another kind, [`DataError::Shape`] for one of another length.
    pub fn over(&self, known: &Self) -> Result<Self, DataError> {
        if self.len() != known.len() {
            return Err(DataError::Shape {
                found: known.len(),
                shape: vec![self.len()],
            });
        }
        let mut over = self.clone();
        over.values.change(&known.values, &Replace(&known.observed))?;
        over.observed
            .iter_mut()
            .zip(&known.observed)
            .for_each(|(observed, known)| *observed |= known);
        Ok(over)
    }

    /// The level of a record; none of a picture or a text.
    pub fn level(&self, record: usize) -> Option<u32> {
        match &self.values {
            Values::Category(levels) | Values::Number(Numbers { bins: levels, .. }) => {
                levels.get(record).copied()
            }
            Values::Flag(levels) => levels.get(record).map(|level| u32::from(*level)),
            Values::Image(_) | Values::Text(_) => None,
        }
    }

    /// The pixels of all pictures, one after the other; none of a column of another kind.
    pub fn pixels(&self) -> Option<&[u8]> {
        match &self.values {
            Values::Image(pixels) => Some(pixels),
            _ => None,
        }
    }

    /// The tokens of each text; none of a column of another kind.
    pub fn texts(&self) -> Option<&[Vec<u32>]> {
        match &self.values {
            Values::Text(texts) => Some(texts),
            _ => None,
        }
    }

    /// The numbers; none of a column of another kind.
    pub fn numbers(&self) -> Option<&Numbers> {
        match &self.values {
            Values::Number(numbers) => Some(numbers),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pictures() -> Column {
        Column::all_observed(Values::Image(vec![1, 2, 3, 4, 5, 6]), 3)
    }

    #[test]
    fn a_window_is_filled_up_with_unobserved_records() {
        let window = pictures().window(1, 2, 4);
        assert_eq!(window.pixels().unwrap(), [3, 4, 5, 6, 0, 0, 0, 0]);
        assert_eq!(window.observed, [true, true, false, false]);
        let numbers = Numbers {
            value: vec![1.5, 2.5],
            z: vec![-1.0, 1.0],
            bins: vec![3, 4],
            within: vec![-2.0, -0.5],
        };
        let window = Column::all_observed(Values::Number(numbers), 2).window(1, 1, 2);
        assert_eq!(
            window.numbers().unwrap(),
            &Numbers {
                value: vec![2.5, 0.0],
                z: vec![1.0, 0.0],
                bins: vec![4, 0],
                within: vec![-0.5, 0.0],
            }
        );
    }

    #[test]
    fn records_are_taken_repeated_and_appended() {
        let mut column = pictures().take(&[2, 0]);
        assert_eq!(column.pixels().unwrap(), [5, 6, 1, 2]);
        assert_eq!(column.slice(1, 1).repeat(2).pixels().unwrap(), [1, 2, 1, 2]);
        column.append(&pictures().slice(1, 1)).unwrap();
        assert_eq!(
            (column.pixels().unwrap(), column.len()),
            (&[5, 6, 1, 2, 3, 4][..], 3)
        );
        assert!(column.empty_like().is_empty());
        let texts = Column::all_observed(Values::Text(vec![vec![1, 2], vec![]]), 2);
        assert_eq!(
            texts.repeat(2).texts().unwrap(),
            [vec![1, 2], vec![], vec![1, 2], vec![]]
        );
        assert!(matches!(column.append(&texts), Err(DataError::FieldType { .. })));
    }

    #[test]
    fn numbers_keep_all_their_parts() {
        let one = |value: f32| {
            let mut numbers = Numbers::default();
            numbers.push(f64::from(value), value, value as u32, -value);
            Column::all_observed(Values::Number(numbers), 1)
        };
        let mut both = one(1.0);
        both.append(&one(2.0)).unwrap();
        assert_eq!(both.take(&[1]), one(2.0));
        assert_eq!(both.slice(0, 1).over(&one(3.0)).unwrap(), one(3.0));
        both.values.set_level(1, 7);
        assert_eq!(
            both.numbers().unwrap().within,
            [-1.0, 0.0],
            "only a level is known"
        );
    }

    #[test]
    fn observed_records_replace_others() {
        let generated = Column {
            values: Values::Image(vec![9; 6]),
            observed: vec![true, false, false],
        };
        let mut known = pictures();
        known.observed = vec![false, true, false];
        let over = generated.over(&known).unwrap();
        assert_eq!(over.pixels().unwrap(), [9, 9, 3, 4, 9, 9]);
        assert_eq!(over.observed, [true, true, false]);
        assert!(matches!(
            generated.over(&known.slice(0, 2)),
            Err(DataError::Shape { .. })
        ));
    }
}
