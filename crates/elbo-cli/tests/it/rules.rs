//! Rules of tables from end to end: found, reported, kept in new rows, and stated by hand.

use crate::folder::Folder;

const SMALL: &str = "--latent 2 --epochs 2 --batch 64 --set network.hidden=16 --set network.chain=8 --quiet";
const RULES: [&str; 4] = [
    "start <= end",
    "price + tax = total",
    "city -> state",
    "low <= high",
];

/// A table with rules of all kinds, a tenth of whose cells of `end` and `state` are missing.
fn visits(folder: &Folder) {
    let mut draw = 1u64;
    let mut next = |below: u64| {
        draw = draw
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (draw >> 33) % below
    };
    let mut text = "start,end,price,tax,total,city,state,low,high\n".to_owned();
    for row in 0..400 {
        let (month, day, stay) = (next(12) + 1, next(14) + 1, next(10));
        let (price, tax) = (next(9000) + 1000, next(900));
        let city = next(9);
        let low = next(60) as f64;
        let end = if row % 10 == 3 {
            String::new()
        } else {
            format!("2023-{month:02}-{:02}", day + stay)
        };
        let state = if row % 10 == 7 {
            String::new()
        } else {
            format!("S{}", city / 3)
        };
        text += &format!(
            "2023-{month:02}-{day:02},{end},{}.{:02},{}.{:02},{}.{:02},c{city},{state},{low},{}\n",
            price / 100,
            price % 100,
            tax / 100,
            tax % 100,
            (price + tax) / 100,
            (price + tax) % 100,
            low + next(8) as f64 / 4.0,
        );
    }
    folder.write("visits.csv", text);
}

/// The rows of a csv file, by the names of its columns.
struct Rows {
    names: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Rows {
    fn read(folder: &Folder, name: &str) -> Self {
        let text = String::from_utf8(folder.read(name)).unwrap();
        let mut lines = text
            .lines()
            .map(|line| line.split(',').map(str::to_owned).collect());
        Self {
            names: lines.next().unwrap(),
            rows: lines.collect(),
        }
    }

    fn cell<'a>(&self, row: &'a [String], name: &str) -> &'a str {
        &row[self.names.iter().position(|own| own == name).unwrap()]
    }

    /// The rules that a row breaks.
    fn broken(&self, row: &[String]) -> Vec<&'static str> {
        let cell = |name| self.cell(row, name);
        let number = |name| cell(name).parse::<f64>().ok();
        let both = |a: &str, b: &str| !a.is_empty() && !b.is_empty();
        let mut broken = Vec::new();
        // dates of this format are in the order of their texts
        if both(cell("start"), cell("end")) && cell("start") > cell("end") {
            broken.push(RULES[0]);
        }
        if let [Some(price), Some(tax), Some(total)] = ["price", "tax", "total"].map(number)
            && (price + tax - total).abs() > 0.005
        {
            broken.push(RULES[1]);
        }
        if both(cell("city"), cell("state"))
            && cell("state") != format!("S{}", cell("city")[1..].parse::<u32>().unwrap() / 3)
        {
            broken.push(RULES[2]);
        }
        if let [Some(low), Some(high)] = ["low", "high"].map(number)
            && low > high
        {
            broken.push(RULES[3]);
        }
        broken
    }

    fn all_broken(&self) -> Vec<(usize, Vec<&'static str>)> {
        let rows = self.rows.iter().enumerate();
        rows.map(|(row, cells)| (row, self.broken(cells)))
            .filter(|(_, broken)| !broken.is_empty())
            .collect()
    }
}

#[test]
fn what_is_found_is_reported_and_holds_in_new_rows() {
    let folder = Folder::new();
    visits(&folder);
    let report: serde_json::Value = serde_json::from_str(&folder.done("inspect visits.csv --json")).unwrap();
    let mut found: Vec<&str> = report["rules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| rule.as_str().unwrap())
        .collect();
    found.sort_unstable();
    let mut expected = RULES;
    expected.sort_unstable();
    assert_eq!(found, expected);
    let words = folder.done("inspect visits.csv");
    assert!(words.contains("rules that hold in the records"), "{words}");
    assert!(words.contains("`city` determines `state`"), "{words}");

    folder.done(&format!("train visits.csv --out run {SMALL}"));
    let config = String::from_utf8(folder.read("run/config.toml")).unwrap();
    assert!(config.contains("city -> state"), "{config}");
    folder.done("sample run -n 500 --seed 3 --threads 2 -o new.csv");
    let rows = Rows::read(&folder, "new.csv");
    assert_eq!((rows.rows.len(), rows.all_broken()), (500, vec![]));
    // the same bytes on one thread, and in parts
    folder.done("sample run -n 500 --seed 3 --threads 1 -o one.csv");
    assert!(folder.read("one.csv") == folder.read("new.csv"));
    folder.done("sample run -n 500 --seed 3 --part 2/3 -o part.csv");
    let part = Rows::read(&folder, "part.csv").rows;
    let from = rows.rows.iter().position(|row| *row == part[0]).unwrap();
    assert!(part[..] == rows.rows[from..from + part.len()]);
}

#[test]
fn a_model_that_may_break_rules_does() {
    let folder = Folder::new();
    visits(&folder);
    folder.done(&format!("train visits.csv --no-rules --out run {SMALL}"));
    folder.done("sample run -n 500 -o new.csv");
    let broken = Rows::read(&folder, "new.csv").all_broken();
    assert!(broken.len() > 100, "a rule holds without being kept: {broken:?}");
}

#[test]
fn known_cells_stay_and_the_others_keep_the_rules() {
    let folder = Folder::new();
    visits(&folder);
    folder.done(&format!("train visits.csv --given any --out run {SMALL}"));
    let mut holes = "start,end,price,tax,total,city,state,low,high\n".to_owned();
    for row in 0..40 {
        holes += match row % 4 {
            0 => "2023-11-28,,50.00,,61.25,c4,,,3.25\n",
            1 => ",2023-01-02,,1.5,,,S2,58,\n",
            2 => ",,,,20.00,,S1,,0\n",
            _ => "2023-12-25,,99.99,9.99,,c8,,59,\n",
        };
    }
    folder.write("holes.csv", &holes);
    for draws in ["", "--draws 3"] {
        folder.done(&format!("impute run holes.csv {draws} --force -o whole.csv"));
        let whole = Rows::read(&folder, "whole.csv");
        assert_eq!(whole.all_broken(), vec![], "{draws}");
        let known: Vec<Vec<&str>> = holes
            .lines()
            .skip(1)
            .map(|line| line.split(',').collect())
            .collect();
        let (each, before) = if draws.is_empty() { (1, 0) } else { (3, 2) };
        for (row, cells) in whole.rows.iter().enumerate() {
            for (known, cell) in known[row / each].iter().zip(&cells[before..]) {
                assert!(known.is_empty() || known == cell, "{row}: {cells:?}");
            }
        }
    }
    // what is given stays too
    folder.done("sample run -n 100 --given state=S2 --given total=40 --given low=50 --given start=2023-12-01 -o given.csv");
    let given = Rows::read(&folder, "given.csv");
    assert_eq!(given.all_broken(), vec![]);
    for (name, value) in [
        ("state", "S2"),
        ("total", "40.00"),
        ("low", "50"),
        ("start", "2023-12-01"),
    ] {
        let number = |cell: &str| cell.parse::<f64>().ok();
        let same = |row: &Vec<String>| {
            let cell = given.cell(row, name);
            cell == value || (number(cell).is_some() && number(cell) == number(value))
        };
        assert!(given.rows.iter().all(same), "{name}: {:?}", given.rows);
    }
    // another city, and with it another state
    folder.done("edit run visits.csv -n 60 --given city=c8 -o edited.csv");
    let edited = Rows::read(&folder, "edited.csv");
    assert_eq!(edited.all_broken(), vec![]);
    assert!(edited.rows.iter().all(|row| edited.cell(row, "city") == "c8"));
    for line in [
        "reconstruct run visits.csv -n 60 -o out.csv",
        "traverse run --units 2 --steps 5 -o out.csv",
        "interpolate run visits.csv --from 1 --to 5 -o out.csv",
    ] {
        folder.done(&format!("{line} --force"));
        assert_eq!(Rows::read(&folder, "out.csv").all_broken(), vec![], "{line}");
    }
}

#[test]
fn a_stated_rule_that_the_data_break_names_the_row() {
    let folder = Folder::new();
    visits(&folder);
    let train = |rules: &str| {
        let mut command = folder.command(&format!("train visits.csv --out run {SMALL} --set"));
        command.arg(format!("data.rules={rules}"));
        crate::folder::Said::of(&mut command)
    };
    let said = train("end <= start");
    assert_eq!(said.code, Some(2), "{said}");
    assert!(said.stderr.contains("visits.csv row "), "{said}");
    assert!(
        said.stderr
            .contains(" breaks the rule `end <= start`: end = 2023-"),
        "{said}"
    );
    assert!(
        said.stderr
            .contains("hint: correct the data, or leave the rule out"),
        "{said}"
    );
    let said = train("end => start");
    assert!(said.stderr.contains("it takes a list such as"), "{said}");
    let said = train("start <= price");
    assert!(said.stderr.contains("of another kind than the other"), "{said}");
    // one that holds is the only one
    let said = train("[\"city -> state\"]");
    assert_eq!(said.code, Some(0), "{said}");
    let config = String::from_utf8(folder.read("run/config.toml")).unwrap();
    assert!(config.contains("rules = [\"city -> state\"]"), "{config}");
}

/// Trips over a year: each begins at a minute before 22:00, and ends 5 to 60 minutes later.
fn trips(folder: &Folder) {
    let mut text = "start,end,kind\n".to_owned();
    let time = |minute: u64| {
        let (day, minute) = (minute / 1440, minute % 1440);
        format!(
            "2023-{:02}-{:02} {:02}:{:02}",
            day / 28 + 1,
            day % 28 + 1,
            minute / 60,
            minute % 60
        )
    };
    for row in 0..800u64 {
        let start = row * 7_919 % 335 * 1440 + row * 977 % 1320;
        let end = start + 5 + row * row % 56;
        text += &format!("{},{},k{}\n", time(start), time(end), row % 3);
    }
    folder.write("trips.csv", text);
}

/// Minutes, as if each month had 31 days.
fn minutes(cell: &str) -> i64 {
    let part = |range: std::ops::Range<usize>| cell[range].parse::<i64>().unwrap();
    ((part(5..7) * 31 + part(8..10)) * 24 + part(11..13)) * 60 + part(14..16)
}

#[test]
fn a_time_that_follows_another_closely_does_so_in_new_rows() {
    let folder = Folder::new();
    trips(&folder);
    let words = folder.done("inspect trips.csv");
    assert!(words.contains("end ~ start"), "{words}");
    folder.done(&format!("train trips.csv --out run {SMALL}"));
    let apart = |name: &str| -> Vec<i64> {
        let rows = Rows::read(&folder, name);
        let apart = |row: &Vec<String>| minutes(rows.cell(row, "end")) - minutes(rows.cell(row, "start"));
        rows.rows.iter().map(apart).collect()
    };
    folder.done("sample run -n 300 --seed 3 --threads 2 -o new.csv");
    // A short month may end between the two.
    let near = |apart: &&i64| (5..=60).contains(*apart);
    let new = apart("new.csv");
    assert!(new.iter().filter(near).count() >= 297, "{new:?}");
    // They are spread as in the data, where the mean is about 32.
    let mean = new.iter().filter(near).sum::<i64>() as f64 / 300.0;
    assert!((22.0..42.0).contains(&mean), "{mean}");
    folder.done("sample run -n 300 --seed 3 --threads 1 -o one.csv");
    assert!(folder.read("one.csv") == folder.read("new.csv"));

    folder.write(
        "holes.csv",
        "start,end,kind\n2023-04-05 10:00,,k1\n,2023-09-05 23:10,k2\n",
    );
    folder.done("impute run holes.csv -o whole.csv");
    assert!(apart("whole.csv").iter().all(|apart| (5..=60).contains(apart)));

    folder.done(&format!("train trips.csv --no-rules --out loose {SMALL}"));
    folder.done("sample loose -n 300 -o loose.csv");
    assert!(apart("loose.csv").iter().filter(near).count() < 150);
}
