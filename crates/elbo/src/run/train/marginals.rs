//! Generated records beside real ones: the distribution of each field, and the association of each pair of fields.

use elbo_data::arrow::record_batch::RecordBatch;
use elbo_data::{Column, Field, Read};
use image::RgbImage;

use super::histogram::{Histogram, or_missing};
use super::prepare::Prepared;
use crate::error::Error;
use crate::model::opened::Opened;
use crate::picture::{Marginal, Pairs, marginals};

/// Most records that are compared, and most of their values: fewer records of a wide table.
const COMPARED: usize = 2000;
const VALUES: usize = 200_000;
/// Most fields that are drawn: the picture of more would be a wall.
const DRAWN: usize = 60;
/// Most bars of a field.
const BARS: usize = 16;

/// How many records of so many fields are compared; at least `least`.
pub(super) fn compared(fields: usize, least: usize) -> usize {
    (VALUES / fields.max(1)).clamp(least, COMPARED)
}

/// The picture of generated records beside as many of the validation split.
pub(super) fn draw(
    setup: &Prepared,
    opened: &Opened,
    generated: RecordBatch,
) -> Result<Option<RgbImage>, Error> {
    let mut rows = setup.rows.validation.clone();
    rows.truncate(generated.num_rows());
    let fields = opened.x_fields.iter().copied();
    let mut fields: Vec<usize> = fields
        .filter(|field| opened.schema.fields[*field].levels() > 0)
        .collect();
    let all = fields.len();
    fields.truncate(DRAWN);
    if fields.is_empty() {
        return Ok(None);
    }
    let columns = opened.schema.columns_in(setup.batches.source.as_ref(), &fields)?;
    let real = setup.batches.source.read_columns(&rows, &columns)?;
    let generated = Read {
        rows: (0..generated.num_rows() as u64).collect(),
        batch: generated,
        problems: Vec::new(),
    };
    let [real, generated] = [real, generated].map(|read| opened.schema.encode(&read, &fields));
    let (real, generated) = (real?.columns, generated?.columns);
    let described: Vec<&Field> = fields.iter().map(|field| &opened.schema.fields[*field]).collect();
    let bars = described
        .iter()
        .zip(&real)
        .map(|(field, column)| Bars::new(field, column));
    let bars: Vec<Bars> = bars.collect();
    let coded = |columns: &[Column]| -> Vec<Vec<usize>> {
        bars.iter()
            .zip(columns)
            .map(|(bars, column)| bars.of(column))
            .collect()
    };
    let codes = [coded(&real), coded(&generated)];
    let drawn = described.iter().zip(&bars).enumerate();
    let drawn = drawn.map(|(place, (field, bars))| {
        let levels = || {
            let shares = shares(&codes[0][place], &codes[1][place], bars.count);
            (bars.ends.clone(), shares)
        };
        let (ends, shares) = histogram(field, &real[place], &generated[place]).unwrap_or_else(levels);
        Marginal {
            name: field.name.clone(),
            ends,
            shares,
        }
    });
    let drawn: Vec<Marginal> = drawn.collect();
    let pairs = Pairs {
        real: associations(&codes[0], &bars),
        generated: associations(&codes[1], &bars),
    };
    let which = match all > fields.len() {
        true => format!(", the first {} of {all} fields", fields.len()),
        false => String::new(),
    };
    let title = format!("{} real records and as many generated{which}", rows.len());
    Ok(Some(marginals(&drawn, &pairs, &title)))
}

/// What stands below the ends of a number's histogram, and its bars; none where its levels are shown one by one.
fn histogram(field: &Field, real: &Column, generated: &Column) -> Option<([String; 2], Vec<[f64; 2]>)> {
    let histogram = Histogram::new(field.number()?, real)?;
    let count = histogram.count + usize::from(field.can_miss());
    let shares = shares(&histogram.of(real), &histogram.of(generated), count);
    let ends = histogram.ends(field.can_miss(), |value| text_of(field, value));
    Some((ends, shares))
}

/// A number as it is written below a bar.
fn text_of(field: &Field, value: f64) -> String {
    field
        .kind
        .number_text(value)
        .unwrap_or_else(|| crate::picture::number(value))
}

/// How the levels of a field become a few bars.
struct Bars {
    /// The bar of each level.
    of_level: Vec<usize>,
    count: usize,
    ends: [String; 2],
}

impl Bars {
    /// Neighbouring bins of a number together; of a category the most frequent levels, and the rest in one.
    fn new(field: &Field, real: &Column) -> Self {
        let levels = field.levels();
        if let Some(number) = field.number() {
            let together = levels.div_ceil(BARS);
            let end = |value| text_of(field, value);
            return Self {
                of_level: (0..levels).map(|level| level / together).collect(),
                count: levels.div_ceil(together),
                ends: [end(number.min), or_missing(end(number.max), field.can_miss())],
            };
        }
        let mut counts = vec![0_usize; levels];
        let known = (0..real.observed.len()).filter_map(|row| real.level(row));
        known.for_each(|level| counts[level as usize] += 1);
        let mut order: Vec<usize> = (0..levels).collect();
        order.sort_by_key(|level| std::cmp::Reverse(counts[*level]));
        let mut of_level = vec![0; levels];
        order
            .iter()
            .enumerate()
            .for_each(|(place, level)| of_level[*level] = place.min(BARS - 1));
        let name =
            |level: Option<&usize>| level.map_or_else(String::new, |level| field.level_name(*level as u32));
        Self {
            of_level,
            count: levels.min(BARS),
            ends: [name(order.first()), name(order.last())],
        }
    }

    /// The bar of each record; one behind the last for what is not known.
    fn of(&self, column: &Column) -> Vec<usize> {
        let bar = |row: usize| match column.level(row) {
            Some(level) if column.observed[row] => self.of_level[level as usize],
            _ => self.count,
        };
        (0..column.observed.len()).map(bar).collect()
    }
}

fn shares(real: &[usize], generated: &[usize], bars: usize) -> Vec<[f64; 2]> {
    let share = |codes: &[usize], bar: usize| {
        codes.iter().filter(|code| **code == bar).count() as f64 / codes.len().max(1) as f64
    };
    (0..bars)
        .map(|bar| [share(real, bar), share(generated, bar)])
        .collect()
}

/// Cramér's V of each pair, corrected for its bias (Bergsma 2013), `[fields, fields]`.
fn associations(codes: &[Vec<usize>], bars: &[Bars]) -> Vec<f64> {
    let pairs = codes.iter().zip(bars).flat_map(|(a, of_a)| {
        let others = codes.iter().zip(bars);
        others.map(move |(b, of_b)| cramers_v(a, b, of_a.count + 1, of_b.count + 1))
    });
    pairs.collect()
}

fn cramers_v(a: &[usize], b: &[usize], rows: usize, columns: usize) -> f64 {
    let mut table = vec![0.0; rows * columns];
    a.iter().zip(b).for_each(|(a, b)| table[a * columns + b] += 1.0);
    let n = a.len() as f64;
    let row: Vec<f64> = table.chunks_exact(columns).map(|row| row.iter().sum()).collect();
    let column: Vec<f64> = (0..columns)
        .map(|column| table.iter().skip(column).step_by(columns).sum())
        .collect();
    let mut chi2 = 0.0;
    for (place, count) in table.iter().enumerate() {
        let expected = row[place / columns] * column[place % columns] / n.max(1.0);
        if expected > 0.0 {
            chi2 += (count - expected).powi(2) / expected;
        }
    }
    let used = |sums: &[f64]| sums.iter().filter(|sum| **sum > 0.0).count() as f64;
    let (r, k) = (used(&row), used(&column));
    let phi2 = (chi2 / n - (r - 1.0) * (k - 1.0) / (n - 1.0)).max(0.0);
    let corrected = |levels: f64| levels - (levels - 1.0).powi(2) / (n - 1.0);
    let most = corrected(r).min(corrected(k)) - 1.0;
    if most > 0.0 {
        (phi2 / most).sqrt().min(1.0)
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn association_is_one_of_equals_and_near_none_of_strangers() {
        let a: Vec<usize> = (0..1000).map(|i| i % 4).collect();
        let b: Vec<usize> = (0..1000).map(|i| i / 4 % 5).collect();
        assert!((cramers_v(&a, &a, 5, 5) - 1.0).abs() < 1e-9);
        assert!(cramers_v(&a, &b, 5, 6) < 1e-9);
    }

    #[test]
    fn fewer_records_of_wide_tables_are_compared() {
        assert_eq!(
            [1, 100, 1000, 10_000].map(|fields| compared(fields, 64)),
            [2000, 2000, 200, 64]
        );
    }

    #[test]
    fn shares_by_hand() {
        assert_eq!(shares(&[0, 1, 1, 2], &[1, 1], 2), [[0.25, 0.0], [0.5, 1.0]]);
    }
}
