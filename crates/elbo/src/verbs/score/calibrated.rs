//! Records and fields as surprising as held-out ones say.

use super::calibration::{Calibration, Value, digits, smallest_of};
use super::surprise::Scores;

/// How much −log p(x|y) counts beside the worst field and the sum of all: measured on tables with errors put into them.
const WHOLE: f64 = 0.5;

/// What held-out records say of each surprise.
pub(super) struct Calibrations {
    fields: Vec<Calibration>,
    /// Of the largest surprise of a record's fields, of their sum, and of −log p(x|y).
    worst: Calibration,
    sum: Calibration,
    whole: Calibration,
    /// Of what these three make.
    record: Calibration,
}

/// Surprises, −log10 of a chance.
pub(super) struct Calibrated {
    pub records: Vec<f64>,
    /// For each field those of all records.
    pub fields: Vec<Vec<f64>>,
    /// The place of each record's most surprising field, and the chance that one of its fields surprises so much; none
    /// where nothing does.
    pub worst: Vec<Option<(usize, f64)>>,
}

impl Calibrations {
    /// By the held-out records, which were scored in these pieces; and their own surprises, −log10. A field is as
    /// surprising as its value is large among theirs. A record is by three numbers, whose −ln p are added, the last one
    /// halved: the largest surprise of its fields, the sum of all (Fisher 1932), and −log p(x|y). Each held-out record is
    /// compared with the others, so that it is as surprising as if it were new.
    pub(super) fn new(held_out: &[Scores], has_levels: &[bool]) -> (Self, Vec<f64>) {
        let fields = has_levels.iter().enumerate().map(|(field, levels)| {
            let values = held_out.iter().flat_map(|scores| scores.fields[field].clone());
            match levels {
                true => Calibration::of_surprises(values.collect()),
                false => Calibration::of_nats(values.collect()),
            }
        });
        let fields: Vec<Calibration> = fields.collect();
        let cells = held_out
            .iter()
            .flat_map(|scores| rows(&surprises(&fields, scores, Value::HeldOut)));
        let cells: Vec<Vec<f64>> = cells.collect();
        let whole = held_out.iter().flat_map(|scores| scores.records.clone());
        let whole: Vec<f64> = whole.collect();
        let mut found = Self {
            worst: Calibration::of_surprises(cells.iter().map(|cells| largest(cells)).collect()),
            sum: Calibration::of_nats(cells.iter().map(|cells| cells.iter().sum()).collect()),
            whole: Calibration::of_nats(whole.clone()),
            record: Calibration::of_nats(Vec::new()),
            fields,
        };
        let records = cells.iter().zip(whole);
        let records: Vec<f64> = records
            .map(|(cells, whole)| found.three(cells, whole, Value::HeldOut))
            .collect();
        found.record = Calibration::of_nats(records.clone());
        let own = records
            .iter()
            .map(|three| digits(found.record.surprise(*three, Value::HeldOut)));
        let own = own.collect();
        (found, own)
    }

    /// The sum of the three surprises of a record, from those of its fields and −log p(x|y).
    fn three(&self, cells: &[f64], whole: f64, of: Value) -> f64 {
        let (worst, sum) = (largest(cells), cells.iter().sum());
        let (worst, sum) = (self.worst.surprise(worst, of), self.sum.surprise(sum, of));
        worst + sum + WHOLE * self.whole.surprise(whole, of)
    }

    /// The surprises of new records.
    pub(super) fn calibrate(&self, scores: &Scores) -> Calibrated {
        let fields = surprises(&self.fields, scores, Value::New);
        let cells = rows(&fields);
        let records = cells.iter().zip(&scores.records);
        let records = records.map(|(cells, whole)| self.three(cells, *whole, Value::New));
        let records = records.map(|three| digits(self.record.surprise(three, Value::New)));
        let in_digits = |field: Vec<f64>| field.into_iter().map(digits).collect();
        Calibrated {
            records: records.collect(),
            worst: cells.iter().map(|cells| worst(cells)).collect(),
            fields: fields.into_iter().map(in_digits).collect(),
        }
    }
}

/// The place of the largest of a record's surprises, and the chance that any of so many is as large.
fn worst(cells: &[f64]) -> Option<(usize, f64)> {
    let largest = largest(cells);
    let place = cells.iter().position(|cell| *cell == largest && largest > 0.0)?;
    Some((place, smallest_of(cells.len(), largest)))
}

/// −ln of the chance of each field's values.
fn surprises(fields: &[Calibration], scores: &Scores, of: Value) -> Vec<Vec<f64>> {
    let fields = fields.iter().zip(&scores.fields);
    let surprises = fields.map(|(field, values)| {
        let values = values.iter().map(|value| field.surprise(*value, of));
        values.collect()
    });
    surprises.collect()
}

/// Columns as rows.
fn rows(columns: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let n = columns.first().map_or(0, Vec::len);
    let row = |row: usize| columns.iter().map(|column| column[row]).collect();
    (0..n).map(row).collect()
}

fn largest(values: &[f64]) -> f64 {
    values.iter().copied().fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Records of two fields, whose surprises are exponential quantiles, in another order for the second.
    fn held_out(n: usize) -> Scores {
        let field = |step: usize| -> Vec<f64> {
            let place = |i: usize| ((i * step % n) as f64 + 0.5) / n as f64;
            (0..n).map(|i| -(1.0 - place(i)).ln()).collect()
        };
        let fields = vec![field(1), field(7)];
        Scores {
            records: (0..n).map(|i| 20.0 + fields[0][i] + fields[1][i]).collect(),
            fields,
            ..Scores::default()
        }
    }

    #[test]
    fn a_single_bad_field_is_named_and_makes_the_record_surprising() {
        let (found, own) = Calibrations::new(&[held_out(100)], &[true, true]);
        let scored = found.calibrate(&Scores {
            records: vec![22.0, 40.0],
            fields: vec![vec![1.0, 1.0], vec![1.0, 20.0]],
            ..Scores::default()
        });
        let (place, chance) = scored.worst[1].unwrap();
        assert_eq!(place, 1);
        // p of one field is 10^-score; that of the worst of two is about twice that.
        let p = 10f64.powf(-scored.fields[1][1]);
        assert!((chance / p - 2.0).abs() < 1e-6 && chance < 1e-6, "{chance}");
        assert!(scored.worst[0].unwrap().1 > 0.3);
        assert!(
            scored.records[1] > 3.0 && scored.records[0] < 0.7,
            "{:?}",
            scored.records
        );
        // One in ten of the held-out records has a chance of one in ten.
        let tenth = own.iter().filter(|digits| **digits >= 1.0).count();
        assert!((8..=12).contains(&tenth), "{tenth}");
    }
}
