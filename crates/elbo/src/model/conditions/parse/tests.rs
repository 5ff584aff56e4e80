use elbo_data::arrow::datatypes::{DataType, TimeUnit};
use elbo_data::kind::flag::{Flag, Spelling};
use elbo_data::kind::number::{Bin, Grid, Marks, Minus, Notation, Number};
use elbo_data::kind::written::Written;

use elbo_data::kind::category::Rare;

use super::*;

/// A second of the last day of 2020, and days in seconds.
const NEW_YEARS_EVE: f64 = 1_609_372_800.0;
const DAY: f64 = 86_400.0;

/// Numbers on a grid, each with a bin of its own.
fn number(values: &[f64], decimals: u8) -> Number {
    let bin = |value: &f64| Bin {
        low: *value,
        high: *value,
        count: 1,
    };
    Number {
        mean: 0.0,
        std: 1.0,
        min: values[0],
        max: values[values.len() - 1],
        none_twice: false,
        integer: decimals == 0,
        grid: Some(Grid {
            decimals,
            step: 1,
            offset: 0,
        }),
        bins: values.iter().map(bin).collect(),
        notation: None,
        repeated: Vec::new(),
        spread: 0.0,
    }
}

fn category(levels: &[&str], rare: Option<Rare>) -> Kind {
    Kind::Category(Category {
        counts: vec![1; levels.len()],
        levels: levels.iter().map(|level| (*level).to_owned()).collect(),
        rare,
        data_type: None,
    })
}

fn schema() -> Schema {
    let price = Number {
        notation: Some(Box::new(Notation {
            marks: Marks {
                decimal: ',',
                thousands: Some('.'),
                indian: false,
            },
            decimals: Some(2),
            minus: Minus::First('-'),
            prefix: String::new(),
            suffix: " €".to_owned(),
            exponent: None,
        })),
        ..number(&[0.5, 1000.0, 1234.5], 2)
    };
    let when = Kind::Date(Written {
        data_type: DataType::Timestamp(TimeUnit::Second, None),
        format: None,
        number: number(
            &[
                NEW_YEARS_EVE,
                NEW_YEARS_EVE + DAY - 1.0,
                NEW_YEARS_EVE + DAY,
                NEW_YEARS_EVE + 2.0 * DAY,
            ],
            0,
        ),
    });
    let smoker = Kind::Flag(Flag {
        counts: [1, 1],
        spelling: Spelling::Boolean,
    });
    let rare = Rare {
        names: vec!["baker".to_owned()],
        upto: vec![1],
    };
    let fields = [
        ("age", Kind::Number(number(&[20.0, 30.0, 40.0, 50.0], 0))),
        ("price", Kind::Number(price)),
        ("when", when),
        (
            "job",
            category(&["a|b", "craft", "1..2", "office", "(rare)"], Some(rare)),
        ),
        ("grade", category(&["1", "2", "3", "none"], None)),
        ("smoker", smoker),
    ];
    let field = |(name, kind): (&str, Kind)| Field {
        name: name.to_owned(),
        missing: u64::from(name == "age"),
        missing_by_chance: false,
        records: 10,
        missing_word: None,
        stored: None,
        kind,
    };
    Schema {
        version: elbo_data::schema::VERSION,
        fields: fields.map(field).into(),
        rules: Vec::new(),
        layout: elbo_data::Layout::default(),
    }
}

fn parsed(name: &str, text: &str) -> Result<ValueSet, Error> {
    let schema = schema();
    let (position, _) = schema.field(name).unwrap();
    set(&schema, position, text)
}

#[test]
fn ranges_and_sets_hold_these_levels() {
    // The levels are 20, 30, 40, 50 and missing; 0.50, 1000 and 1234.50; two seconds of the last day of 2020, the
    // first of the new year, and the first of its second day.
    for (name, text, expected) in [
        ("age", "30..40", vec![1, 2]),
        ("age", " 30 .. 40 ", vec![1, 2]),
        ("age", "30..30", vec![1]),
        ("age", "31..49.5", vec![2]),
        ("age", "..30", vec![0, 1]),
        ("age", "40..", vec![2, 3]),
        ("age", "40..9999", vec![2, 3]),
        ("age", ">=40", vec![2, 3]),
        ("age", ">40", vec![3]),
        ("age", "<=30", vec![0, 1]),
        ("age", "<30", vec![0]),
        ("age", "20|50", vec![0, 3]),
        ("age", "20|>=40", vec![0, 2, 3]),
        ("age", "25..45|30..50|missing", vec![1, 2, 3, 4]),
        ("price", "1.000,00 €..1.234,50 €", vec![1, 2]),
        ("price", "<1234.50", vec![0, 1]),
        ("price", "0,5|1.234,5", vec![0, 2]),
        ("when", "2020-12-31..2021-01-01", vec![0, 1, 2]),
        ("when", "2020-12-31", vec![0, 1]),
        ("when", "<=2020-12-31", vec![0, 1]),
        ("when", ">2020-12-31", vec![2, 3]),
        ("when", "<2021-01-01", vec![0, 1]),
        ("when", "2020-12-31 00:00:00|>=2021-01-02", vec![0, 3]),
        ("job", "office|craft", vec![1, 3]),
        ("job", "OFFICE|1..2", vec![2, 3]),
        ("grade", "2..3", vec![1, 2]),
        ("grade", ">1|none", vec![1, 2, 3]),
        ("smoker", "yes|no", vec![0, 1]),
        ("smoker", "yes|1", vec![1]),
    ] {
        let set = parsed(name, text).unwrap_or_else(|error| panic!("{name}={text}: {error}"));
        let schema = schema();
        let levels = schema.field(name).unwrap().1.levels();
        let (p, mass) = set.restrict(&vec![1.0 / levels as f64; levels]);
        let found: Vec<usize> = (0..levels).filter(|level| p[*level] > 0.0).collect();
        assert_eq!(found, expected, "{name}={text}");
        assert!((mass - expected.len() as f64 / levels as f64).abs() < 1e-12);
    }
}

#[test]
fn impossible_ranges_and_sets_say_why_and_what_was_seen() {
    for (name, text, expected) in [
        (
            "age",
            "40..30",
            "`age=40..30` is not possible: `40..30` ends before it begins",
        ),
        (
            "age",
            "..",
            "`age=..` is not possible: `..` has neither a beginning nor an end",
        ),
        (
            "age",
            ">50",
            "`age>50` is not possible: `>50` holds no value that was seen in training",
        ),
        (
            "age",
            "31..39",
            "`age=31..39` is not possible: `31..39` holds no value that was seen in training",
        ),
        (
            "age",
            "20|60",
            "`age=20|60` is not possible: `60` holds no value that was seen in training",
        ),
        (
            "age",
            "20|old",
            "`age=20|old` is not possible: `age` is a number, not `old`",
        ),
        (
            "age",
            "a..b",
            "`age=a..b` is not possible: `age` is a number, not `a`",
        ),
        ("age", ">=", "`age>=` is not possible: `` is no end of a range"),
        ("age", "20|", "`age=20|` is not possible: `` is no value"),
        (
            "when",
            "soon..",
            "`when=soon..` is not possible: `when` is a date, not `soon`",
        ),
        (
            "job",
            "office|crft",
            "`job=office|crft` is not possible: `job` has no level `crft`; did you mean `craft`?",
        ),
        (
            "job",
            "a..c",
            "`job=a..c` is not possible: `a..c` is no level, and no range of numbers",
        ),
        (
            "job",
            "3..5",
            "`job=3..5` is not possible: `3..5` holds no value that was seen in training",
        ),
        (
            "job",
            "office|baker",
            "`job=office|baker` is not possible: the model does not tell `baker` from other rare levels",
        ),
        (
            "smoker",
            "yes|maybe",
            "`smoker=yes|maybe` is not possible: `smoker` is yes or no, not `maybe`",
        ),
        (
            "smoker",
            "0..1",
            "`smoker=0..1` is not possible: `smoker` is yes or no, not `0..1`",
        ),
    ] {
        let error = parsed(name, text).unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert!(
            error
                .hint()
                .is_some_and(|hint| hint.contains(&format!("`{name}`"))),
            "{error}"
        );
    }
    for (name, text, hint) in [
        (
            "price",
            "..",
            "`price` went from 0,50 € to 1.234,50 € in training; write a range such as `0,50 €..1.234,50 €`, \
             `>=0,50 €` or `<1.234,50 €`, or several values such as `0,50 €|1.234,50 €`",
        ),
        (
            "grade",
            "9..10",
            "levels of `grade`: `1`, `2`, `3`, `none`; write several as `1|2`",
        ),
    ] {
        assert_eq!(parsed(name, text).unwrap_err().hint().as_deref(), Some(hint));
    }
}
