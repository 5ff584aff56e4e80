//! Rules of tables: which are found and which are not, what a person states, and how records are made to keep them.

use std::fmt::Write;

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use elbo_data::kind::text::TextOptions;
use elbo_data::noise::{Noise, Purpose};
use elbo_data::rules::{Change, Hold, Keeper};
use elbo_data::{DataError, OpenOptions, Rule, Schema, open};

use crate::support::Files;

/// Uniform draws in [0, 1), so many for each row.
pub(super) fn draws(rows: u64, each: usize) -> Vec<Vec<f64>> {
    let numbers: Vec<u64> = (0..rows).collect();
    let draws = Noise::new(5).uniform(Purpose::Builtin, 0, &numbers, each);
    let rows = draws.chunks_exact(each);
    rows.map(|row| row.iter().map(|draw| f64::from(*draw)).collect())
        .collect()
}

/// A table of these rows.
pub(super) fn table(header: &str, rows: impl IntoIterator<Item = String>) -> String {
    rows.into_iter().fold(format!("{header}\n"), |mut text, row| {
        writeln!(text, "{row}").unwrap();
        text
    })
}

/// The schema of a table, with the rules that are stated, or found in it.
pub(super) fn schema(text: &str, stated: Option<&[&str]>) -> Result<Schema, DataError> {
    let files = Files::new().with("table.csv", text);
    let path = files.path().join("table.csv");
    let source = open(path.to_str().unwrap(), &OpenOptions::default())?;
    let rows: Vec<u64> = (0..source.len()).collect();
    let stated: Option<Vec<Rule>> =
        stated.map(|rules| rules.iter().map(|rule| rule.parse().unwrap()).collect());
    Schema::fit(source.as_ref(), &rows, &TextOptions::default(), Noise::new(0))?.with_rules(
        source.as_ref(),
        &rows,
        stated.as_deref(),
        &|| true,
    )
}

pub(super) fn found(text: &str) -> Vec<String> {
    let schema = schema(text, None).unwrap();
    schema.rules.iter().map(|kept| kept.rule.to_string()).collect()
}

/// Two numbers in order, one of which is 0 to 9 larger.
fn in_order(rows: u64, strictly: f64) -> Vec<(f64, f64)> {
    let draws = draws(rows, 2);
    let pair = |draw: &Vec<f64>| {
        let low = (draw[0] * 100.0).floor();
        (low, low + (draw[1] * 10.0).floor() + strictly)
    };
    draws.iter().map(pair).collect()
}

#[test]
fn numbers_that_are_always_in_order_are_found() {
    let of = |strictly: f64| {
        let rows = in_order(200, strictly);
        found(&table(
            "low,high",
            rows.iter().map(|(low, high)| format!("{low},{high}")),
        ))
    };
    assert_eq!(of(0.0), ["low <= high"]);
    assert_eq!(of(1.0), ["low < high"]);
}

#[test]
fn one_record_in_the_other_order_is_no_rule_and_one_that_lacks_a_value_is_none_against_it() {
    let rows: Vec<String> = in_order(200, 0.0)
        .iter()
        .map(|(low, high)| format!("{low},{high}"))
        .collect();
    let with = |row: &str| found(&table("low,high", rows.iter().cloned().chain([row.to_owned()])));
    assert_eq!(with("70,69"), [""; 0]);
    assert_eq!(with(",69"), ["low <= high"]);
    assert_eq!(with("70,"), ["low <= high"]);
}

#[test]
fn dates_are_compared_and_a_date_and_a_number_of_days_add_up() {
    let rows = draws(200, 2);
    let rows = rows.iter().map(|draw| {
        let (month, day) = ((draw[0] * 11.0) as u32 + 1, (draw[1] * 14.0) as u32 + 1);
        let stay = (draw[1] * 1000.0) as u32 % 14;
        format!(
            "2024-{month:02}-{day:02},{stay},2024-{month:02}-{:02}",
            day + stay
        )
    });
    // the stay is never negative: that the arrival is before the departure follows from the sum
    let rows: Vec<String> = rows.collect();
    assert_eq!(
        found(&table("arrival,stay,departure", rows.clone())),
        ["arrival + stay = departure"]
    );
    let without = rows
        .iter()
        .map(|row| row.split(',').step_by(2).collect::<Vec<_>>().join(","));
    assert_eq!(
        found(&table("arrival,departure", without)),
        ["arrival <= departure"]
    );
}

#[test]
fn ranges_that_hardly_overlap_and_few_rows_are_no_rule() {
    let draws = draws(200, 2);
    // 0 to 50 and 50 to 100: in order whatever the data
    let apart = draws.iter().map(|draw| {
        let (low, high) = ((draw[0] * 50.0).floor(), (50.0 + draw[1] * 50.0).floor());
        format!("{low},{high}")
    });
    assert_eq!(found(&table("low,high", apart)), [""; 0]);
    let few = in_order(12, 0.0);
    assert_eq!(
        found(&table(
            "low,high",
            few.iter().map(|(low, high)| format!("{low},{high}"))
        )),
        [""; 0]
    );
}

#[test]
fn an_order_that_follows_from_others_is_left_out() {
    let draws = draws(300, 3);
    let rows = draws.iter().map(|draw| {
        let mut sorted = draw
            .iter()
            .map(|draw| (draw * 1000.0).floor())
            .collect::<Vec<_>>();
        sorted.sort_by(f64::total_cmp);
        format!("{},{},{}", sorted[2], sorted[0], sorted[1])
    });
    let rules = found(&table("most,least,middle", rows));
    let mut pairs: Vec<String> = rules.iter().map(|rule| rule.replace("<=", "<")).collect();
    pairs.sort();
    assert_eq!(pairs, ["least < middle", "middle < most"]);
}

#[test]
fn sums_are_found_to_the_cent_and_an_order_that_follows_is_left_out() {
    let rows = draws(200, 2);
    let cents = |draw: f64, of: f64| (draw * of).floor();
    let row = |draw: &Vec<f64>, wrong: f64| {
        let (price, tax) = (cents(draw[0], 10_000.0) + 100.0, cents(draw[1], 2000.0));
        let total = price + tax + wrong;
        format!("{:.2},{:.2},{:.2}", total / 100.0, price / 100.0, tax / 100.0)
    };
    let right: Vec<String> = rows.iter().map(|draw| row(draw, 0.0)).collect();
    assert_eq!(
        found(&table("total,price,tax", right.clone())),
        ["price + tax = total"]
    );
    // a cent off in one record
    let wrong = right.into_iter().chain([row(&rows[0], 1.0)]);
    assert!(
        !found(&table("total,price,tax", wrong))
            .iter()
            .any(|rule| rule.contains('=') && rule.contains('+'))
    );
}

#[test]
fn sums_of_more_than_two_stand_side_by_side() {
    let rows = draws(200, 4);
    let rows = rows.iter().map(|draw| {
        let quarters: Vec<f64> = draw.iter().map(|draw| (draw * 500.0).floor() - 100.0).collect();
        let sum: f64 = quarters.iter().sum();
        let quarters: Vec<String> = quarters.iter().map(f64::to_string).collect();
        format!("{},{sum}", quarters.join(","))
    });
    assert_eq!(
        found(&table("q1,q2,q3,q4,year", rows)),
        ["q1 + q2 + q3 + q4 = year"]
    );
}

#[test]
fn a_column_that_repeats_another_equals_it_and_is_in_no_other_rule() {
    let rows = in_order(200, 0.0);
    let rows = rows.iter().map(|(low, high)| format!("{low},{high},{low}"));
    assert_eq!(
        found(&table("low,high,again", rows)),
        ["low = again", "low <= high"]
    );
}

/// A city of eight in four countries of two continents; sizes that depend on nothing.
fn cities(rows: u64) -> Vec<[String; 4]> {
    let draws = draws(rows, 2);
    let place = |draw: &Vec<f64>| {
        let city = (draw[0] * 8.0) as u32;
        let size = (draw[1] * 3.0) as u32;
        [
            format!("city{city}"),
            format!("land{}", city / 2),
            format!("part{}", city / 4),
            format!("{size}"),
        ]
    };
    draws.iter().map(place).collect()
}

#[test]
fn what_determines_another_is_found_once_and_not_what_follows() {
    let rows = cities(300);
    let text = table(
        "part,size,city,land",
        rows.iter().map(|[a, b, c, d]| format!("{c},{d},{a},{b}")),
    );
    assert_eq!(found(&text), ["city -> land", "land -> part"]);
}

#[test]
fn columns_that_determine_each_other_are_one_rule() {
    let rows = cities(300).into_iter().map(|[city, land, _, size]| {
        let code = land.replace("land", "x");
        format!("{land},{code},{city},{size}")
    });
    assert_eq!(
        found(&table("land,code,city,size", rows)),
        ["land <-> code", "city -> land"]
    );
}

#[test]
fn a_column_that_hardly_repeats_determines_nothing() {
    // each of 150 names twice
    let rows = cities(300);
    let rows = rows
        .iter()
        .enumerate()
        .map(|(row, [city, ..])| format!("n{:03},{city}", row / 2));
    let same = rows.collect::<Vec<_>>();
    let twice = same
        .iter()
        .enumerate()
        .map(|(row, _)| same[row - row % 2].clone());
    assert_eq!(found(&table("name,city", twice)), [""; 0]);
}

/// A day of three years in seconds, and a number of seconds later within `apart`.
fn near(rows: u64, apart: f64) -> Vec<(u64, u64)> {
    let draws = draws(rows, 2);
    let pair = |draw: &Vec<f64>| {
        let first = (draw[0] * 1e8) as u64;
        (first, first + (draw[1] * apart) as u64)
    };
    draws.iter().map(pair).collect()
}

#[test]
fn a_number_that_is_much_nearer_to_another_than_its_bins_are_wide_follows_it() {
    let rows = |apart| near(600, apart).into_iter().map(|(a, b)| format!("{a},{b}"));
    // a bin is some 350,000 wide
    assert!(found(&table("a,b", rows(90_000.0))).contains(&"b ~ a".to_owned()));
    assert!(!found(&table("a,b", rows(90_000_000.0))).contains(&"b ~ a".to_owned()));
    // b of the next row
    let (a, b): (Vec<u64>, Vec<u64>) = near(600, 9e4).into_iter().unzip();
    let apart = (0..600).map(|row| format!("{},{}", a[row], b[(row + 1) % 600]));
    assert!(!found(&table("a,b", apart)).contains(&"b ~ a".to_owned()));
}

#[test]
fn a_rule_that_a_number_follows_another_needs_two_of_a_kind() {
    let rows = (0..60).map(|row| format!("{},2023-01-{:02},k{}", row * 7 % 60, row % 28 + 1, row % 3));
    let text = table("a,day,kind", rows);
    assert!("a ~ a".parse::<Rule>().is_err());
    for rule in ["a ~ day", "a ~ kind"] {
        let error = schema(&text, Some(&[rule])).unwrap_err().to_string();
        assert!(error.contains(rule), "{error}");
    }
}

#[test]
fn one_exception_is_no_rule() {
    let rows = cities(300)
        .into_iter()
        .map(|[city, land, ..]| format!("{city},{land}"));
    let rows: Vec<String> = rows.chain(["city0,land3".to_owned()]).collect();
    assert_eq!(found(&table("city,land", rows)), [""; 0]);
}

#[test]
fn independent_columns_have_no_rules() {
    let rows = draws(2000, 8);
    let rows = rows.iter().map(|draw| {
        let cell = |(column, draw): (usize, &f64)| match column % 2 {
            0 => format!("{:.1}", draw * 30.0),
            _ => format!("c{}", (draw * 5.0) as u32),
        };
        let cells: Vec<String> = draw.iter().enumerate().map(cell).collect();
        cells.join(",")
    });
    assert_eq!(found(&table("a,b,c,d,e,f,g,h", rows)), [""; 0]);
}

#[test]
fn a_stated_rule_replaces_those_that_are_found_and_must_hold() {
    let rows = in_order(50, 0.0);
    let text = table(
        "low,high,word",
        rows.iter()
            .map(|(low, high)| format!("{low},{high},w{}", low % 3.0)),
    );
    let stated = |rule: &str| schema(&text, Some(&[rule]));
    assert_eq!(
        stated("low -> word").unwrap().rules[0].rule.to_string(),
        "low -> word"
    );
    assert_eq!(schema(&text, Some(&[])).unwrap().rules, []);
    let error = |rule: &str| stated(rule).unwrap_err().to_string();
    let (low, high) = rows[0];
    let broken = rows.iter().position(|(low, high)| low < high).unwrap();
    assert_eq!(
        error("high <= low"),
        format!(
            "table.csv row {} breaks the rule `high <= low`: high = {}, low = {}",
            broken + 1,
            rows[broken].1,
            rows[broken].0
        )
    );
    assert_eq!(
        error("low + high = word"),
        "the rule `low + high = word` cannot hold: `word` is no number, date, time or duration"
    );
    assert!(
        error("word -> low").contains(", and a record before it has low = "),
        "{low} {high}"
    );
    assert_eq!(
        error("hihg <= low"),
        "there is no field `hihg`; did you mean `high`?"
    );
}

#[test]
fn a_schema_keeps_its_rules() {
    let rows = cities(300)
        .into_iter()
        .map(|[city, land, ..]| format!("{city},{land}"));
    let schema = schema(&table("city,land", rows), None).unwrap();
    assert_eq!(schema.rules[0].pairs.len(), 8);
    assert_eq!(Schema::from_json(&schema.to_json().unwrap()).unwrap(), schema);
    let other = schema.to_json().unwrap().replace("city -> land", "city -> sea");
    assert!(matches!(
        Schema::from_json(&other),
        Err(DataError::SchemaDamaged { .. })
    ));
}

/// The columns of a table as records, and its keeper with these rules.
pub(super) fn records(text: &str, rules: &str, made: &str) -> (Keeper, Vec<ArrayRef>) {
    let stated: Vec<&str> = rules.split(", ").collect();
    let schema = schema(text, Some(&stated)).unwrap();
    let files = Files::new().with("made.csv", made);
    let path = files.path().join("made.csv");
    let source = open(path.to_str().unwrap(), &OpenOptions::default()).unwrap();
    let read = source.read(&(0..source.len()).collect::<Vec<_>>()).unwrap();
    let columns = read.batch.columns().iter().zip(0..);
    let columns = columns.map(|(column, field)| {
        let own = schema.arrow_field(field).unwrap();
        schema.fields[field]
            .kind
            .in_type(column, own.data_type())
            .unwrap()
    });
    let columns = columns.collect();
    (Keeper::new(&schema), columns)
}

pub(super) fn shown(columns: &[ArrayRef]) -> Vec<Vec<f64>> {
    let numbers = |column: &ArrayRef| match column.data_type() {
        DataType::Int64 => column
            .as_primitive::<Int64Type>()
            .values()
            .iter()
            .map(|v| *v as f64)
            .collect(),
        _ => column.as_primitive::<Float64Type>().values().to_vec(),
    };
    columns.iter().map(numbers).collect()
}

#[test]
fn numbers_in_the_wrong_order_are_moved_and_known_ones_stay() {
    // a has steps of 1, b of 0.25
    let text = table(
        "a,b",
        in_order(100, 0.0)
            .iter()
            .map(|(a, b)| format!("{a},{:.2}", b + 0.25)),
    );
    let (keeper, columns) = records(&text, "a < b", "a,b\n5,3.25\n5,5\n5,3.25\n5,7.5\n");
    let mut held = vec![Vec::new(); 2];
    let fixed = |rows: [bool; 4]| {
        rows.map(|fixed| if fixed { Hold::Fixed } else { Hold::Free })
            .to_vec()
    };
    held[0] = fixed([true, true, false, false]);
    held[1] = fixed([false, false, true, false]);
    let mut mended = columns.clone();
    let changed = keeper.mend(&mut mended, &held, Change::Any).unwrap();
    // the next value of b above 5; the next of a below 3.25
    assert_eq!(shown(&mended), [[5.0, 5.0, 3.0, 5.0], [5.25, 5.25, 3.25, 7.5]]);
    assert_eq!(
        changed,
        [vec![false, false, true, false], vec![true, true, false, false]]
    );
    assert_eq!(keeper.broken(&columns).unwrap(), [true, true, true, false]);
    assert_eq!(keeper.broken(&mended).unwrap(), [false; 4]);
    // what is determined is all that may change: nothing
    let mut same = columns.clone();
    keeper.mend(&mut same, &held, Change::Determined).unwrap();
    assert_eq!(shown(&same), shown(&columns));
}

#[test]
fn known_values_that_contradict_each_other_stay() {
    let text = table("a,b", in_order(100, 0.0).iter().map(|(a, b)| format!("{a},{b}")));
    let (keeper, mut columns) = records(&text, "a <= b", "a,b\n5,3\n");
    let held = vec![vec![Hold::Fixed]; 2];
    keeper.mend(&mut columns, &held, Change::Any).unwrap();
    assert_eq!(shown(&columns), [[5.0], [3.0]]);
}

#[test]
fn a_chain_between_two_known_values_is_put_in_order() {
    let rows = draws(200, 4);
    let text = table(
        "a,b,c,d",
        rows.iter().map(|draw| {
            let mut sorted = draw.iter().map(|draw| (draw * 100.0).floor()).collect::<Vec<_>>();
            sorted.sort_by(f64::total_cmp);
            let sorted: Vec<String> = sorted.iter().map(f64::to_string).collect();
            sorted.join(",")
        }),
    );
    let (keeper, mut columns) = records(
        &text,
        "a <= b, b <= c, c <= d",
        "a,b,c,d\n20,90,10,60\n70,30,40,50\n",
    );
    let held = [
        vec![Hold::Fixed, Hold::Free],
        vec![Hold::Free; 2],
        vec![Hold::Free; 2],
        vec![Hold::Fixed, Hold::Fixed],
    ];
    keeper.mend(&mut columns, &held, Change::Any).unwrap();
    let shown = shown(&columns);
    for row in 0..2 {
        let values: Vec<f64> = shown.iter().map(|column| column[row]).collect();
        assert!(values.is_sorted(), "{values:?}");
    }
    assert_eq!((shown[0][0], shown[3][0], shown[3][1]), (20.0, 60.0, 50.0));
}

#[test]
fn sums_follow_their_parts_and_parts_a_known_total() {
    let rows = in_order(100, 1.0);
    let text = table("a,b,c", rows.iter().map(|(a, b)| format!("{a},{b},{}", a + b)));
    let (keeper, mut columns) = records(&text, "a + b = c", "a,b,c\n10,30,1\n10,30,60\n10,30,25\n");
    let held = [
        vec![Hold::Free, Hold::Free, Hold::Fixed],
        vec![Hold::Free; 3],
        vec![Hold::Free, Hold::Fixed, Hold::Fixed],
    ];
    keeper.mend(&mut columns, &held, Change::Any).unwrap();
    // the sum; in proportion 15 + 45; the difference
    assert_eq!(
        shown(&columns),
        [[10.0, 15.0, 10.0], [30.0, 45.0, 15.0], [40.0, 60.0, 25.0]]
    );
}
