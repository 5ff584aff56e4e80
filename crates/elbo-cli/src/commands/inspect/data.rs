//! What is in a data set, in words: a line for each field, then what is wrong.

use elbo::{Examination, Kind};

use crate::table::{Align, Table};

/// Levels and sizes that are named before "and more".
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
            values(&field.kind) + &missing,
        ]);
    }
    text += &table.to_string();
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
    text.extend(found.notes.iter().map(|note| format!("\n{note}\n")));
    text
}

/// What a field holds.
fn values(kind: &Kind) -> String {
    match kind {
        Kind::Image(image) => {
            let (width, height, channels) = (image.width, image.height, image.channels);
            let two = if image.two_valued { ", two-valued" } else { "" };
            format!(
                "{width}x{height}, {channels} channels, values {} to {}{two}",
                image.min, image.max
            )
        }
        Kind::Category(category) => some(
            category
                .levels
                .iter()
                .zip(&category.counts)
                .map(|(level, count)| format!("{level} ({count})")),
        ),
        Kind::Flag(flag) => format!("yes ({}), no ({})", flag.counts[1], flag.counts[0]),
        Kind::Number(number) => {
            let (min, max, mean, std) = (number.min, number.max, number.mean, number.std);
            let places = number.grid.map_or(4, |grid| usize::from(grid.decimals));
            let spaced = number.grid.filter(|grid| grid.step > 1);
            let spaced = spaced.map_or(String::new(), |grid| format!(", in steps of {}", grid.spacing()));
            format!("{min:.places$} to {max:.places$}{spaced}, mean {mean:.4}, std {std:.4}")
        }
        Kind::Date(date) => format!("{} to {}", date.text(date.number.min), date.text(date.number.max)),
        Kind::Text(text) => format!(
            "{} tokens ({}), {:.0} in a text on average, at most {}",
            text.tokenizer.size(),
            text.tokenizer.kind(),
            text.lengths.mean(),
            text.lengths.longest
        ),
        Kind::Ignored(ignored) => ignored.reason.clone(),
    }
}

/// The first few of them, and how many are left.
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
        // 12 are named, 20 - 12 = 8 are left.
        assert_eq!(
            some((0..20).map(|n| n.to_string())),
            "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 8 more"
        );
    }
}
