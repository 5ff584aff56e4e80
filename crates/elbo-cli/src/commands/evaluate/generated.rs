//! The part of the report that is about generated rows.

use elbo::GeneratedReport;
use elbo::judge::{Distances, Estimate, Low, Measured, Privacy, Utility, UtilityMeasure};

use crate::table::{Align, Table};

/// Fields and pairs that are named, those with the largest errors.
const NAMED: usize = 3;

/// What it says, and how each number was measured.
struct Words {
    table: Table<3>,
    protocols: Vec<String>,
}

pub(super) fn words(report: &GeneratedReport) -> String {
    let mut words = Words {
        table: Table::new([Align::Left, Align::Left, Align::Left]),
        protocols: Vec::new(),
    };
    words.row("", "generated", "real");
    for asked in &report.utility {
        words.measured(&format!("utility of {}", asked.target), &asked.utility, utility);
    }
    words.measured("C2ST", &report.c2st, |words, name, c2st| {
        words.row(name, &between(&c2st.generated), &between(&c2st.real));
        words.protocol("C2ST", &c2st.protocol);
    });
    words.measured("margins", &report.margins, |words, name, margins| {
        words.row(name, &error(margins.generated), &error(margins.real));
        for field in margins.fields.iter().take(NAMED) {
            let name = format!("  {}", field.field);
            words.row(&name, &error(field.generated), &error(field.real));
        }
        words.protocol(name, &margins.protocol);
    });
    words.measured("pairs", &report.pairs, |words, name, pairs| {
        words.row(name, &error(pairs.generated), &error(pairs.real));
        for pair in pairs.worst.iter().take(NAMED) {
            let name = format!("  {}, {}", pair.fields[0], pair.fields[1]);
            words.row(&name, &error(pair.generated), &error(pair.real));
        }
        words.protocol(name, &pairs.protocol);
    });
    if let Some(found) = &report.privacy {
        privacy(&mut words, found);
    }
    format!(
        "{}\n\n{}{}",
        rows(report),
        words.table,
        words.protocols.join("\n")
    )
}

/// Which rows were judged, and beside which.
fn rows(report: &GeneratedReport) -> String {
    let left_out = match report.left_out.is_empty() {
        true => String::new(),
        false => format!("; left out: {}", report.left_out.join(", ")),
    };
    let of = match report.trained_on == report.training_rows {
        true => String::new(),
        false => format!(" of {}", report.trained_on),
    };
    format!(
        "{} rows ({}) beside {}{of} training rows and {} held-out rows ({}), by {} fields{left_out}; intervals of 95 %",
        report.rows,
        report.source,
        report.training_rows,
        report.held_out_rows,
        report.held_out,
        report.fields.len(),
    )
}

impl Words {
    fn row(&mut self, name: &str, generated: &str, real: &str) {
        self.table.row([name, generated, real]);
    }

    fn protocol(&mut self, name: &str, protocol: &str) {
        self.protocols.push(format!("{name}: {protocol}"));
    }

    /// A measure, or the reason why there is none.
    fn measured<T>(&mut self, name: &str, measured: &Measured<T>, say: impl FnOnce(&mut Self, &str, &T)) {
        match measured {
            Measured::Value(value) => say(self, name, value),
            Measured::TooFew { too_few } => {
                self.row(name, "not measured", "");
                self.protocol(name, too_few);
            }
        }
    }
}

fn utility(words: &mut Words, name: &str, utility: &Utility) {
    let by_chance = match utility.measure {
        UtilityMeasure::Auroc => "chance: 0.5",
        UtilityMeasure::RSquared => "the mean: 0",
    };
    words.row(name, &between(&utility.generated), &between(&utility.real));
    words.protocol(name, &format!("{}; {by_chance}", utility.protocol));
}

fn privacy(words: &mut Words, privacy: &Privacy) {
    words.measured("nearer to training", &privacy.closer, |words, name, closer| {
        let real = format!("0.5 at best; {:.3} of copies", closer.of_copies);
        words.row(name, &between(&closer.generated), &real);
        words.protocol(name, &closer.protocol);
    });
    words.measured("nearest", &privacy.nearest, |words, name, nearest| {
        let mut rows = |name: &str, of: fn(&Distances) -> Low| {
            let both = [of(&nearest.generated), of(&nearest.real)];
            let [generated, real] = both.map(|low| format!("{:.3}, 5 % below {:.3}", low.median, low.low));
            words.row(name, &generated, &real);
        };
        rows("nearest distance", |found| found.distance);
        rows("nearest ratio", |found| found.ratio);
        words.protocol(name, &format!("median and 5 % quantile; {}", nearest.protocol));
    });
    words.measured("copies", &privacy.copies, |words, name, copies| {
        words.row(name, &between(&copies.generated), &between(&copies.real));
        words.protocol(name, &copies.protocol);
    });
}

fn between(estimate: &Estimate) -> String {
    format!(
        "{:.3} ({:.3} to {:.3})",
        estimate.value, estimate.from, estimate.to
    )
}

fn error(value: f64) -> String {
    format!("{value:.4}")
}
