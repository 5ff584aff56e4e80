//! Errors of single fields: how far the distribution of each is from that of the training rows.

use serde::Serialize;

use super::table::Table;
use super::{Chance, Measured, Tables};
use crate::error::Error;
use crate::readout::Values;

/// The errors of all fields, the largest first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Margins {
    /// Their mean, of generated rows.
    pub generated: f64,
    /// The same of held-out rows: what chance alone gives as many real rows.
    pub real: f64,
    /// Each field.
    pub fields: Vec<FieldError>,
    /// Rows that are compared with the training rows.
    pub rows: usize,
    /// How it was measured.
    pub protocol: String,
}

/// The error of one field, from 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FieldError {
    /// The field.
    pub field: String,
    /// What the error is: `total_variation` or `kolmogorov_smirnov`.
    pub measure: &'static str,
    /// Of generated rows.
    pub generated: f64,
    /// Of held-out rows.
    pub real: f64,
}

/// The error of each field of generated rows, beside that of as many held-out rows.
///
/// # Errors
/// None: it fits the other measures.
pub fn margins(tables: Tables<'_>, chance: &Chance) -> Result<Measured<Margins>, Error> {
    let (counts, n) = compared(tables);
    Measured::of_enough(&counts, || {
        let generated = chance.sample(tables.generated, n, 6);
        let held_out = chance.sample(tables.held_out, n, 7);
        let columns = tables.training.columns().iter().enumerate();
        let mut fields: Vec<FieldError> = columns
            .map(|(place, training)| {
                let error = |table: &Table| error(&table.columns()[place].values, &training.values);
                FieldError {
                    field: training.name.clone(),
                    measure: match training.values {
                        Values::Number(_) => "kolmogorov_smirnov",
                        Values::Flag(_) | Values::Category { .. } => "total_variation",
                    },
                    generated: error(&generated),
                    real: error(&held_out),
                }
            })
            .collect();
        fields.sort_by(|a, b| b.generated.total_cmp(&a.generated));
        let mean =
            |of: fn(&FieldError) -> f64| fields.iter().map(of).sum::<f64>() / fields.len().max(1) as f64;
        Ok(Margins {
            generated: mean(|field| field.generated),
            real: mean(|field| field.real),
            rows: n,
            protocol: format!(
                "mean over {} fields of the total variation of levels and the Kolmogorov-Smirnov distance of numbers, of {n} \
                 rows from {} training rows; what is missing is a value; real: held-out rows",
                fields.len(),
                tables.training.rows()
            ),
            fields,
        })
    })
}

/// How many rows each table has, and how many generated rows and held-out rows are compared: as many of each.
pub(super) fn compared(tables: Tables<'_>) -> ([(&'static str, usize); 3], usize) {
    let (generated, held_out) = (tables.generated.rows(), tables.held_out.rows());
    let counts = [
        ("generated", generated),
        ("held-out", held_out),
        ("training", tables.training.rows()),
    ];
    (counts, generated.min(held_out))
}

fn error(values: &Values, training: &Values) -> f64 {
    match (values, training) {
        (Values::Number(a), Values::Number(b)) => kolmogorov_smirnov(a, b),
        (a, b) => total_variation(&shares(a, b.levels().len()), &shares(b, b.levels().len())),
    }
}

/// sup |F_a − F_b|; what is missing lies below all numbers.
fn kolmogorov_smirnov(a: &[Option<f64>], b: &[Option<f64>]) -> f64 {
    let sorted = |values: &[Option<f64>]| {
        let mut values: Vec<f64> = values
            .iter()
            .map(|value| value.unwrap_or(f64::NEG_INFINITY))
            .collect();
        values.sort_by(f64::total_cmp);
        values
    };
    let (a, b) = (sorted(a), sorted(b));
    let below = |values: &[f64], at: f64| {
        values.partition_point(|value| *value <= at) as f64 / values.len().max(1) as f64
    };
    let distance = |at: &f64| (below(&a, *at) - below(&b, *at)).abs();
    a.iter().chain(&b).map(distance).fold(0.0, f64::max)
}

/// The share of each of `levels` levels, and last of what is missing.
fn shares(values: &Values, levels: usize) -> Vec<f64> {
    let mut shares = vec![0.0; levels + 1];
    let one = 1.0 / values.len().max(1) as f64;
    for code in values.codes() {
        shares[code.unwrap_or(levels).min(levels)] += one;
    }
    shares
}

/// ½ Σ |p − q|
pub(super) fn total_variation(p: &[f64], q: &[f64]) -> f64 {
    p.iter().zip(q).map(|(p, q)| (p - q).abs()).sum::<f64>() / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::testing::{levels, numbers};

    #[test]
    fn distances_by_hand() {
        let some = |values: &[f64]| values.iter().copied().map(Some).collect::<Vec<_>>();
        // F_a jumps to 1 at 1, F_b to 1/2 at 1 and to 1 at 2.
        assert_eq!(kolmogorov_smirnov(&some(&[1.0, 1.0]), &some(&[1.0, 2.0])), 0.5);
        assert_eq!(kolmogorov_smirnov(&some(&[1.0]), &some(&[2.0])), 1.0);
        let gaps = [None, Some(3.0), Some(3.0), Some(3.0)];
        assert_eq!(kolmogorov_smirnov(&gaps, &some(&[3.0])), 0.25);
        assert_eq!(total_variation(&[0.5, 0.5, 0.0], &[0.25, 0.5, 0.25]), 0.25);
    }

    #[test]
    fn the_worst_field_comes_first() {
        let table = |b: [f64; 2]| {
            let codes = (0..60).map(|row| row % 3);
            let b = (0..60).map(move |row| b[row % 2]);
            Table::new(vec![levels("a", 3, codes), numbers("b", b)]).unwrap()
        };
        let (training, generated) = (table([1.0, 2.0]), table([1.0, 3.0]));
        let tables = Tables {
            generated: &generated,
            training: &training,
            held_out: &training,
        };
        let found = margins(tables, &Chance::new(0)).unwrap();
        let found = found.value().unwrap();
        assert_eq!((found.generated, found.real, found.rows), (0.25, 0.0, 60));
        assert_eq!(
            (found.fields[0].field.as_str(), found.fields[0].generated),
            ("b", 0.5)
        );
        assert_eq!(found.fields[1].measure, "total_variation");
    }
}
