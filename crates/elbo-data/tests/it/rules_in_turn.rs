//! Rules of two columns and rules with exceptions, and what rules settle while the fields of records are drawn in turn.

use arrow::array::ArrayRef;
use elbo_data::Schema;
use elbo_data::rules::Keeper;

use crate::rules::{draws, found, records, schema, shown, table};

/// Rows of where a flight begins and ends, one of five and four places, and of how far it is; `odd` of them are said to be
/// longer than they are.
fn flights(odd: usize) -> String {
    let rows = draws(600, 2).into_iter().enumerate().map(|(row, draw)| {
        let (from, to) = ((draw[0] * 5.0) as u32, (draw[1] * 4.0) as u32);
        let longer = if row < odd && from == 4 && to == 3 { 50 } else { 0 };
        let distance = 100 + (from + 2 * to) % 6 + longer;
        format!("f{from},t{to},{distance}")
    });
    table("from,to,distance", rows)
}

#[test]
fn two_columns_determine_a_third() {
    assert_eq!(found(&flights(0)), ["from, to -> distance"]);
    // One of the twenty routes has two distances: it is more than a hundredth of the rows. Another rule is left.
    assert_eq!(found(&flights(300)), ["to, distance -> from"]);
}

#[test]
fn few_rows_may_be_exceptions_and_then_determine_nothing() {
    let rows = draws(2000, 1).into_iter().enumerate().map(|(row, draw)| {
        let city = (draw[0] * 40.0) as u32;
        // a city that is in two countries, and has three rows
        match row {
            0..3 => format!("border,c{row}"),
            _ => format!("city{city},c{}", city % 7),
        }
    });
    let schema = schema(&table("city,country", rows), None).unwrap();
    let [rule] = &schema.rules[..] else {
        panic!("{:?}", schema.rules);
    };
    assert_eq!(rule.rule.to_string(), "city -> country");
    assert_eq!((rule.exceptions, rule.pairs.len()), (3, 40));
    assert!(rule.words(None).ends_with(", but for 3 records"));
    assert_eq!(Schema::from_json(&schema.to_json().unwrap()).unwrap(), schema);
}

/// Days 0 to 13, with the day of the week of each.
fn days() -> String {
    let rows = draws(500, 1).into_iter();
    table(
        "day,weekday",
        rows.map(|draw| {
            let day = (draw[0] * 14.0) as u32;
            format!("{day},{}", day % 7)
        }),
    )
}

/// A keeper of rules, and the columns of these rows.
fn made(text: &str, rules: &str, rows: &str) -> (Keeper, Vec<ArrayRef>) {
    records(text, rules, rows)
}

#[test]
fn what_is_drawn_already_determines_what_is_drawn_next() {
    let (keeper, columns) = made(&days(), "day -> weekday", "day,weekday\n3,0\n9,0\n13,6\n");
    let mut rules = keeper.in_turn();
    assert!(rules.concerns(0) && rules.concerns(1));
    assert!(rules.left(0, 3).is_empty());
    let (day, changed) = rules.settle(0, columns[0].clone(), &[], None).unwrap();
    assert_eq!((shown(&[day]), changed), (vec![vec![3.0, 9.0, 13.0]], vec![]));
    let (weekday, levels) = rules.settle(1, columns[1].clone(), &[], None).unwrap();
    assert_eq!(shown(&[weekday]), [[3.0, 2.0, 6.0]]);
    // the levels of 3, 2 and 6 among 0 to 6
    assert_eq!(levels, [(0, 3), (1, 2), (2, 6)]);
}

#[test]
fn what_determines_is_drawn_so_that_it_fits() {
    let (keeper, columns) = made(&days(), "day -> weekday", "day,weekday\n0,4\n0,4\n");
    let mut rules = keeper.in_turn();
    // the weekday of the first record is given
    rules.fix(1, columns[1].clone(), &[true, false]).unwrap();
    let left = rules.left(0, 2);
    assert!(left[1].is_none());
    let left_of_first = left[0].as_ref().unwrap();
    let p = left_of_first.within(vec![1.0 / 14.0; 14], None);
    let possible: Vec<usize> = (0..14).filter(|day| p[*day] > 0.0).collect();
    assert_eq!(possible, [4, 11]);
    assert!((p[4] - 0.5).abs() < 1e-12);
    // none of the days that fit has a chance: then the rule says nothing
    let mut others = vec![0.0; 14];
    others[5] = 1.0;
    assert_eq!(left_of_first.within(others.clone(), None), others);
}

#[test]
fn a_value_that_one_rule_does_not_know_stays_possible() {
    // city 0 is in two countries, but in one zone
    let rows = draws(2000, 1).into_iter().enumerate().map(|(row, draw)| {
        let city = if row < 10 { 0 } else { 1 + (draw[0] * 39.0) as u32 };
        format!("{city},{},{}", if row < 5 { 7 } else { city % 7 }, city % 2)
    });
    let found = schema(&table("city,country,zone", rows), None).unwrap();
    assert_eq!((found.rules[0].exceptions, found.rules[1].exceptions), (10, 0));
    let keeper = Keeper::new(&found);
    let zone: ArrayRef = std::sync::Arc::new(arrow::array::BooleanArray::from(vec![false]));
    let mut rules = keeper.in_turn();
    rules.fix(2, zone, &[true]).unwrap();
    let left = rules.left(0, 1);
    let p = left[0].as_ref().unwrap().within(vec![1.0 / 40.0; 40], None);
    let possible: Vec<usize> = (0..40).filter(|city| p[*city] > 0.0).collect();
    assert_eq!(possible, (0..40).step_by(2).collect::<Vec<_>>());
}

#[test]
fn a_total_is_computed_where_it_stands_and_a_part_is_not() {
    let rows = draws(200, 2).into_iter();
    let rows = rows.map(|draw| {
        let (a, b) = ((draw[0] * 90.0) as u32, (draw[1] * 9.0) as u32);
        format!("{a},{b},{}", a + b)
    });
    let text = table("a,b,c", rows);
    let (keeper, columns) = made(&text, "a + b = c", "a,b,c\n10,3,1\n50,4,54\n");
    let mut rules = keeper.in_turn();
    for field in [0, 1] {
        let (settled, _) = rules.settle(field, columns[field].clone(), &[], None).unwrap();
        assert_eq!(shown(&[settled]), shown(&columns[field..=field]));
    }
    let (total, _) = rules.settle(2, columns[2].clone(), &[], None).unwrap();
    assert_eq!(shown(&[total]), [[13.0, 54.0]]);
    let mut rules = keeper.in_turn();
    for field in [2, 0, 1] {
        let (settled, _) = rules.settle(field, columns[field].clone(), &[], None).unwrap();
        assert_eq!(shown(&[settled]), shown(&columns[field..=field]));
    }
}
