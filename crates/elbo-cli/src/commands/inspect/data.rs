//! The report on a data set as text: a line for each field, then the problems.

use elbo::Examination;

use crate::flags::in_advice;
use crate::table::{Align, Table};

/// Number of levels or sizes that are listed before "and N more".
const NAMED: usize = 12;

pub(super) fn words(found: &Examination) -> String {
    let mut text = format!(
        "{}\n{} records, {} could be read\n\n",
        found.description, found.records, found.read
    );
    let mut table = Table::new([Align::Left, Align::Left, Align::Left]);
    for field in &found.fields {
        let missing = if field.missing > 0 {
            format!(" ({} missing)", field.missing)
        } else {
            String::new()
        };
        table.row([
            field.name.clone(),
            field.kind.name().to_owned(),
            some(field.kind.describe().into_iter()) + &missing,
        ]);
    }
    text += &table.to_string();
    text += &rules(found);
    if found.sizes.len() > 1 {
        let sizes = found
            .sizes
            .iter()
            .map(|size| format!("{} ({})", size.size, size.count));
        text += &format!("\nsizes in the files: {}\n", some(sizes));
    }
    if !found.problems.is_empty() {
        text += &format!("\n{} problems\n", found.problems.len());
    }
    text.extend(found.problems.iter().map(|problem| format!("  {problem}\n")));
    if !found.notes.is_empty() {
        text.push('\n');
    }
    text.extend(found.notes.iter().map(|note| format!("{}\n", in_advice(note))));
    text
}

/// The rules, each with its meaning.
fn rules(found: &Examination) -> String {
    if found.rules.is_empty() {
        return String::new();
    }
    let mut table = Table::new([Align::Left, Align::Left]);
    for kept in &found.rules {
        let name = kept.rule.fields().last().copied().unwrap_or_default();
        let field = found.fields.iter().find(|field| field.name == name);
        let words = kept.words(field.map(|field| &field.kind));
        table.row([format!("  {}", kept.rule), words]);
    }
    format!("\nrules that hold in the records\n{table}")
}

/// The first items, and the number of the others.
fn some(items: impl ExactSizeIterator<Item = String>) -> String {
    let more = items.len().saturating_sub(NAMED);
    let first = items.take(NAMED).collect::<Vec<_>>().join(", ");
    if more > 0 {
        format!("{first} and {more} more")
    } else {
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_are_cut_and_counted() {
        assert_eq!(some((0..3).map(|n| n.to_string())), "0, 1, 2");
        // 12 are listed, 20 - 12 = 8 remain.
        assert_eq!(
            some((0..20).map(|n| n.to_string())),
            "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 8 more"
        );
    }
}
