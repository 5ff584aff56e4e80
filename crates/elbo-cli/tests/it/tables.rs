//! Tables from end to end: learnt, sampled, imputed, scored, edited; the same bytes whatever the threads.

use insta::assert_snapshot;

use crate::folder::Folder;

/// A small model of people that may be given anything.
const TRAIN: &str = "train builtin:people --records 400 --given any --latent 3 --epochs 2 --batch 64 \
                     --set network.hidden=16 --set network.chain=8 --quiet --out run";

fn trained() -> Folder {
    let folder = Folder::new();
    folder.done(TRAIN);
    folder
}

fn text(folder: &Folder, name: &str) -> String {
    String::from_utf8(folder.read(name)).unwrap()
}

/// The cells of a column of a file.
fn column(folder: &Folder, name: &str, column: &str) -> Vec<String> {
    let text = text(folder, name);
    let mut lines = text.lines().map(cells);
    let names = lines.next().unwrap();
    let place = names.iter().position(|name| name == column).unwrap();
    lines.map(|mut cells| cells.swap_remove(place)).collect()
}

/// The cells of a line; a comma in quotes divides none.
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    for letter in line.chars() {
        match letter {
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            letter => cells.last_mut().unwrap().push(letter),
        }
    }
    cells
}

#[test]
fn columns_come_out_as_they_were_and_what_is_given_as_given() {
    let folder = trained();
    let given =
        "--given age=37 --given sex=female --given height=171.3 --given joined=2014-03-02 --given smoker=yes";
    folder.done(&format!(
        "sample run -n 40 {given} --given income=missing -o new.csv"
    ));
    let text = text(&folder, "new.csv");
    assert!(
        text.starts_with("region,sex,age,education,job,income,smoker,height,children,joined\n"),
        "{text}"
    );
    for (name, value) in [
        ("sex", "female"),
        ("age", "37"),
        ("income", ""),
        ("smoker", "true"),
        ("height", "171.3"),
        ("joined", "2014-03-02"),
    ] {
        assert!(
            column(&folder, "new.csv", name).iter().all(|cell| cell == value),
            "{name}: {text}"
        );
    }
    let jobs = column(&folder, "new.csv", "job");
    assert!(jobs.iter().any(|job| *job != jobs[0]), "what is not given varies");
}

#[test]
fn a_row_depends_neither_on_how_many_there_are_nor_on_the_threads() {
    let folder = trained();
    folder.done("sample run -n 150 --threads 2 -o many.csv");
    folder.done("sample run -n 70 --threads 1 -o few.csv");
    let (many, few) = (text(&folder, "many.csv"), text(&folder, "few.csv"));
    assert!(many.starts_with(&few));
    let other = Folder::new();
    other.done(&format!("{TRAIN} --threads 1"));
    for file in [
        "weights/best.safetensors",
        "schema.json",
        "metrics.jsonl",
        "samples.csv",
    ] {
        let file = format!("run/{file}");
        assert!(folder.read(&file) == other.read(&file), "{file}");
    }
}

#[test]
fn shares_and_files_of_conditions_are_followed() {
    let folder = trained();
    folder.done("sample run -n 400 --given sex=male:0.75 --given sex=female:0.25 -o shares.csv");
    let male = column(&folder, "shares.csv", "sex")
        .iter()
        .filter(|sex| *sex == "male")
        .count();
    // 300 of 400 with a standard deviation of √(400 · ¾ · ¼) = 8.7
    assert!((260..=340).contains(&male), "{male}");
    folder.write("asked.csv", "age,job\n20,student\n,retired\n45,\n");
    folder.done("sample run --given-file asked.csv --given sex=male -o asked-for.csv");
    let ages = column(&folder, "asked-for.csv", "age");
    assert_eq!((ages.len(), ages[0].as_str(), ages[2].as_str()), (3, "20", "45"));
    assert_eq!(
        column(&folder, "asked-for.csv", "job")[..2],
        ["student", "retired"]
    );
    assert!(
        column(&folder, "asked-for.csv", "sex")
            .iter()
            .all(|sex| sex == "male")
    );
}

#[test]
fn ranges_and_sets_are_followed_on_the_command_line_and_in_files() {
    let folder = trained();
    let report = folder.done(
        "sample run -n 60 --given age=30..40 --given job=office|craft --given height>=170.5 --given sex=male -o some.csv",
    );
    assert!(
        report.starts_with("60 records given age=30..40, job=office|craft, height>=170.5, sex=male in "),
        "{report}"
    );
    let whole = |name: &str, column_name: &str| -> Vec<i32> {
        column(&folder, name, column_name)
            .iter()
            .map(|cell| cell.parse().unwrap())
            .collect()
    };
    let ages = whole("some.csv", "age");
    assert!(ages.iter().all(|age| (30..=40).contains(age)) && ages.iter().any(|age| *age != ages[0]));
    let jobs = column(&folder, "some.csv", "job");
    assert!(
        jobs.iter().all(|job| ["office", "craft"].contains(&job.as_str())),
        "{jobs:?}"
    );
    let heights = column(&folder, "some.csv", "height");
    assert!(
        heights
            .iter()
            .all(|height| height.parse::<f64>().unwrap() >= 170.5),
        "{heights:?}"
    );
    assert!(column(&folder, "some.csv", "sex").iter().all(|sex| sex == "male"));
    folder.write(
        "asked.csv",
        "age,job\n>=65,\n<30,student|service\n37,office\n,craft|office\n",
    );
    folder.done("sample run --given-file asked.csv -o answers.csv");
    let (ages, jobs) = (whole("answers.csv", "age"), column(&folder, "answers.csv", "job"));
    assert!(ages[0] >= 65 && ages[1] < 30 && ages[2] == 37, "{ages:?}");
    assert!(["student", "service"].contains(&jobs[1].as_str()), "{jobs:?}");
    assert!(
        jobs[2] == "office" && ["craft", "office"].contains(&jobs[3].as_str()),
        "{jobs:?}"
    );
}

#[test]
fn ranges_and_sets_that_a_table_cannot_follow() {
    let folder = trained();
    assert_snapshot!(folder.refused("sample run --given age=40..30 -o new.csv"), @"
    exit 2
    error: `age=40..30` is not possible: `40..30` ends before it begins
    hint: `age` went from 18 to 90 in training; write a range such as `18..90`, `>=18` or `<90`, or several values such as `18|90`
    ");
    assert_snapshot!(folder.refused("sample run --given age>=120 -o new.csv"), @"
    exit 2
    error: `age>=120` is not possible: `>=120` holds no value that was seen in training
    hint: `age` went from 18 to 90 in training; write a range such as `18..90`, `>=18` or `<90`, or several values such as `18|90`
    ");
    assert_snapshot!(folder.refused("sample run --given job=office|pilot -o new.csv"), @"
    exit 2
    error: `job=office|pilot` is not possible: `job` has no level `pilot`
    hint: levels of `job`: `craft`, `office`, `retired`, `service`, `specialist`, `student`; write several as `craft|office`
    ");
    folder.write("wrong.csv", "age\n30..40\n50..45\n");
    assert_snapshot!(folder.refused("sample run --given-file wrong.csv -o new.csv"), @"
    exit 2
    error: wrong.csv row 2: `age=50..45` is not possible: `50..45` ends before it begins
    hint: `age` went from 18 to 90 in training; write a range such as `18..90`, `>=18` or `<90`, or several values such as `18|90`
    ");
    folder.done("sample run -n 3 -o some.csv");
    assert_snapshot!(folder.refused("edit run some.csv --given age<30 -o new.csv"), @"
    exit 2
    error: `age<30` leaves the value open, where one is needed
    hint: give one value; only new samples can have ranges and sets
    ");
}

#[test]
fn requests_that_a_table_cannot_follow() {
    let folder = trained();
    assert_snapshot!(folder.refused("sample run --given agee=3 -o new.csv"), @"
    exit 2
    error: there is no field `agee`; did you mean `age`?
    hint: fields: `region`, `sex`, `age`, `education`, `job`, `income`, `smoker`, `height`, `children`, `joined`
    ");
    assert_snapshot!(folder.refused("sample run --given job=pilot -o new.csv"), @"
    exit 2
    error: `job` has no level `pilot`
    hint: levels: `craft`, `office`, `retired`, `service`, `specialist`, `student`
    ");
    assert_snapshot!(folder.refused("sample run --given joined=soon -o new.csv"), @"
    exit 2
    error: `joined` is a date, not `soon`
    hint: write a date such as 2024-12-31
    ");
    assert_snapshot!(folder.refused("sample run --given sex=male:0.8 --given sex=female:0.8 -o new.csv"), @"
    exit 2
    error: `--given` cannot be `sex=…:1.6`: it takes shares from 0 to 1 that add up to at most 1
    ");
    assert_snapshot!(folder.refused("sample run -n 4 -o new.png"), @"
    exit 2
    error: `--out` cannot be `new.png`: it takes a table (.csv, .csv.gz, .tsv, .parquet): the records have no pictures
    ");
    assert_snapshot!(folder.refused("sample run --top-k 0 -o new.csv"), @"
    exit 2
    error: `--top-k` cannot be `0`: it takes at least 1
    ");
    folder.write("wrong.csv", "age,jbo\n20,student\n");
    assert_snapshot!(folder.refused("sample run --given-file wrong.csv -o new.csv"), @"
    exit 2
    error: there is no field `jbo`
    hint: fields: `region`, `sex`, `age`, `education`, `job`, `income`, `smoker`, `height`, `children`, `joined`
    ");
    folder.write("wrong.csv", "age,job\n20,student\n30,pilot\n");
    assert_snapshot!(folder.refused("sample run --given-file wrong.csv -o new.csv"), @"
    exit 2
    error: wrong.csv row 2: `job` has no level `pilot`
    hint: levels: `craft`, `office`, `retired`, `service`, `specialist`, `student`
    ");
    assert_snapshot!(folder.refused("sample run -n 3 --given-file wrong.csv -o new.csv"), @"
    exit 2
    error: `-n` and `--given-file` exclude each other: the table has one row for each record
    ");
    assert_snapshot!(folder.elbo("sample run -n 1 --given age=95 -o new.csv").stderr, @"
    warning: `age=95` is outside the range seen in training, 18 to 90
    ");
}

#[test]
fn gaps_are_filled_and_the_rest_stays() {
    let folder = trained();
    folder.write(
        "holes.csv",
        "region,sex,age,education,job,income,smoker,height,children,joined\n\
         coast,female,37,,office,2500,,171.3,1,2014-03-02\n\
         ,,,,,,,,,\n",
    );
    let said = folder.elbo("impute run holes.csv -o whole.csv");
    assert!(
        said.stdout
            .contains("filled in: region (1), sex (1), age (1), education (2)"),
        "{said}"
    );
    let whole = text(&folder, "whole.csv");
    let lines: Vec<&str> = whole.lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(
        lines[1].starts_with("coast,female,37,") && lines[1].ends_with(",171.3,1,2014-03-02"),
        "{whole}"
    );
    assert!(!whole.contains(",,") && !whole.ends_with(",\n"), "{whole}");
    folder.done("impute run holes.csv --draws 3 -o draws.csv");
    assert_eq!(
        column(&folder, "draws.csv", "record"),
        ["1", "1", "1", "2", "2", "2"]
    );
    assert_eq!(
        column(&folder, "draws.csv", "draw"),
        ["1", "2", "3", "1", "2", "3"]
    );
    assert_eq!(column(&folder, "draws.csv", "age")[..3], ["37"; 3]);
}

#[test]
fn a_table_comes_back_as_it_was_written() {
    let folder = Folder::new();
    // Identifiers of both sorts, a constant, words for yes and no, a format of dates, and some levels and gaps.
    let rows = (0..60_i32).map(|i| {
        let paid = ["Yes", "No", ""][i as usize % 3];
        let city = ["Bonn", "Köln", "Trier", ""][i as usize % 4];
        let (code, day) = (i * 7919 % 1000, 1 + i % 28);
        // Dear things, whose prices all end alike.
        let price = f64::from(i * i % 47 * 50) + 9.99;
        format!("{i},C-{code:03},EUR,{paid},{day:02}.05.2024,{city},{price}\n")
    });
    let table = "id,code,currency,paid,day,city,price\n".to_owned() + &rows.collect::<String>();
    folder.write("a.csv", table.clone());
    folder.done(
        "train a.csv --given city --latent 2 --epochs 1 --batch 16 --set network.hidden=8 --quiet --out run",
    );
    let known = |name: &str, out: &str| {
        let (before, after) = (column(&folder, "a.csv", name), column(&folder, out, name));
        before
            .iter()
            .zip(&after)
            .all(|(before, after)| before.is_empty() || before == after)
    };
    folder.done("impute run a.csv -o imputed.csv");
    folder.done("edit run a.csv --given city=Bonn -o edited.csv");
    folder.done("reconstruct run a.csv -o again.csv");
    for name in ["id", "code", "currency"] {
        for out in ["imputed.csv", "edited.csv", "again.csv"] {
            assert!(known(name, out), "{name} in {out}: {}", text(&folder, out));
        }
    }
    for name in ["paid", "day", "city"] {
        assert!(
            known(name, "imputed.csv"),
            "{name}: {}",
            text(&folder, "imputed.csv")
        );
    }
    assert!(known("city", "again.csv"));
    assert!(
        column(&folder, "edited.csv", "city")
            .iter()
            .all(|city| city == "Bonn")
    );
    folder.done("sample run -n 3 --given city=Trier -o new.csv --quiet");
    assert_eq!(column(&folder, "new.csv", "currency"), ["EUR"; 3]);
    folder.done("sample run -n 200 -o many.csv --quiet");
    let ends = |price: &String| price.ends_with("09.99") || price.ends_with("59.99") || price == "9.99";
    assert!(column(&folder, "many.csv", "price").iter().all(ends));
    // New numbers, behind those that were learnt.
    let ids = column(&folder, "new.csv", "id");
    let first: i64 = ids[0].parse().unwrap();
    assert!(
        first > 40 && ids == [first, first + 1, first + 2].map(|id| id.to_string()),
        "{ids:?}"
    );
    let words = column(&folder, "new.csv", "paid");
    assert!(
        words
            .iter()
            .all(|word| ["Yes", "No", ""].contains(&word.as_str())),
        "{words:?}"
    );
}

#[test]
fn a_model_of_nothing_given_imputes_too() {
    let folder = Folder::new();
    folder.done(&TRAIN.replace("--given any ", ""));
    folder.write(
        "holes.csv",
        "region,sex,age,education,job,income,smoker,height,children,joined\n\
         coast,female,,basic,office,,yes,171.3,1,2014-03-02\n",
    );
    folder.done("impute run holes.csv -o whole.csv");
    let whole = text(&folder, "whole.csv");
    assert!(
        whole.contains("\ncoast,female,") && whole.contains(",yes,171.3,1,2014-03-02\n"),
        "{whole}"
    );
    // Only values that people have.
    let filled = |name: &str| {
        column(&folder, "whole.csv", name)
            .remove(0)
            .parse::<i64>()
            .unwrap()
    };
    assert!((18..=90).contains(&filled("age")), "{whole}");
    let income = filled("income");
    assert!((300..=30_000).contains(&income) && income % 100 == 0, "{whole}");
}

#[test]
fn scores_come_with_a_threshold_and_a_column_for_each_field() {
    let folder = trained();
    let report = folder.done("score run builtin:people --false-alarms 0.05 --samples 4 -o scores.csv --json");
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    let scores = text(&folder, "scores.csv");
    assert!(
        scores
            .starts_with("record,score,outlier,worst,worst_p,nats,unseen,score_region,score_sex,score_age,"),
        "{scores}"
    );
    let scored: Vec<f64> = column(&folder, "scores.csv", "score")
        .iter()
        .map(|cell| cell.parse().unwrap())
        .collect();
    let outlier = column(&folder, "scores.csv", "outlier");
    let threshold = report["threshold"].as_f64().unwrap();
    for (score, outlier) in scored.iter().zip(&outlier) {
        // The table has fewer digits.
        let at_threshold = (score - threshold).abs() < 1e-4;
        assert!(
            at_threshold || (*score > threshold) == (outlier == "true"),
            "{score} of {threshold}"
        );
    }
    // Ordinary records, so about as many as were asked for.
    let outliers = outlier.iter().filter(|cell| *cell == "true").count();
    let share = outliers as f64 / scored.len() as f64;
    assert!((0.005..0.15).contains(&share), "{share}");
    assert_snapshot!(folder.refused("score run builtin:people --false-alarms 2 -o s.csv"), @"
    exit 2
    error: `--false-alarms` cannot be `2`: it takes a share between 0 and 1, such as 0.01
    ");
}

#[test]
fn a_wrong_cell_is_named() {
    let folder = trained();
    let head = "region,sex,age,education,job,income,smoker,height,children,joined\n";
    let row = |height: &str| format!("coast,male,31,basic,craft,2500,no,{height},1,2014-03-02\n");
    folder.write("odd.csv", head.to_owned() + &row("176.3") + &row("17.63"));
    folder.done("score run odd.csv --samples 2 -o s.csv");
    let number = |name: &str| -> Vec<f64> {
        let cells = column(&folder, "s.csv", name);
        cells.iter().map(|cell| cell.parse().unwrap()).collect()
    };
    assert_eq!(column(&folder, "s.csv", "worst")[1], "height");
    let record = number("score");
    assert!(record[1] > record[0] + 0.5, "{record:?}");
    let (score, p, worst) = (number("score_height"), number("p_height"), number("worst_p"));
    assert!(score[1] > score[0] + 2.0, "{score:?}");
    assert!((p[1].log10() + score[1]).abs() < 1e-3, "{p:?} {score:?}");
    // of ten fields
    assert!((worst[1] / p[1] - 10.0).abs() < 0.1, "{worst:?} {p:?}");
}

#[test]
fn values_that_were_never_seen_are_said_and_wrong_types_refused() {
    let folder = trained();
    let head = "region,sex,age,education,job,income,smoker,height,children,joined\n";
    let row = |job: &str, age: &str| format!("coast,male,{age},basic,{job},2500,no,171.3,1,2014-03-02\n");
    folder.write(
        "odd.csv",
        head.to_owned() + &row("pilot", "31") + &row("craft", "40"),
    );
    let said = folder.elbo("score run odd.csv --samples 2 -o s.csv").stderr;
    assert_snapshot!(said, @"
    warning: `job` has one value that was not seen in training, `pilot` in odd.csv row 1: it counts as not observed
    ");
    folder.write(
        "odd.csv",
        head.to_owned() + &row("craft", "young") + &row("craft", "old"),
    );
    assert_snapshot!(folder.refused("encode run odd.csv -o e.csv"), @"
    exit 2
    error: row 1 of `odd.csv` has `young` in the column `age`, which is not a number
    hint: correct the cell or empty it: in training the column held nothing of that kind
    ");
}

#[test]
fn edits_change_what_was_asked() {
    let folder = trained();
    folder.done("sample run -n 40 -o people.csv --quiet");
    folder.done("edit run people.csv --given smoker=yes -o edited.csv");
    assert_eq!(column(&folder, "edited.csv", "smoker"), ["true"; 40]);
    // Who smokes already stays to the last cell, with what is missing; of the others most cells do.
    let lines = |name: &str| text(&folder, name).lines().map(str::to_owned).collect::<Vec<_>>();
    let (before, after) = (lines("people.csv"), lines("edited.csv"));
    let smokes = column(&folder, "people.csv", "smoker");
    let mut stay = 0;
    for ((before, after), smokes) in before[1..].iter().zip(&after[1..]).zip(&smokes) {
        if smokes == "true" {
            assert_eq!(before, after);
        }
        stay += before
            .split(',')
            .zip(after.split(','))
            .filter(|(a, b)| a == b)
            .count();
    }
    assert!(
        smokes.iter().any(|smokes| smokes == "true") && stay > 200,
        "{stay} of 400 stay"
    );
}

#[test]
fn every_verb_works_on_a_table() {
    let folder = trained();
    folder.done("reconstruct run builtin:people -n 5 -o r.csv");
    folder.done("encode run builtin:people -o e.csv");
    folder.done("interpolate run builtin:people --from 0 --to 1 --steps 4 -o i.csv");
    assert_eq!(
        column(&folder, "i.csv", "step"),
        ["0.0", "0.33333334", "0.6666667", "1.0"]
    );
    folder.done("traverse run --steps 3 -o t.csv");
    assert_eq!(column(&folder, "t.csv", "value")[..3], ["-3.0", "0.0", "3.0"]);
    folder.done("map run builtin:people --colour-by job -o m.png");
    let report = folder.done("evaluate run --samples 4 --limit 50 --json");
    assert!(report.contains("categorical over"), "{report}");
}

#[test]
fn a_file_of_its_own_goes_all_the_way() {
    let folder = Folder::new();
    let mut table = "id;age ;weight;joined;city;constant\n".to_owned();
    for row in 0..60 {
        let (age, weight) = (20 + row * 7 % 40, 50.0 + f64::from(row % 13) * 2.5);
        let city = ["Rome", "Oslo", ""][row as usize % 3];
        let weight = format!("{weight:.1}").replace('.', ",");
        table += &format!(
            "{};{age}; {weight};{:02}/01/2020;{city};x\n",
            row + 1,
            1 + row % 28
        );
    }
    folder.write("people.csv", table);
    let said = folder.elbo("train people.csv --latent 2 --epochs 2 --batch 16 --out run");
    assert_eq!(said.code, Some(0), "{said}");
    folder.done("sample run -n 50 -o new.csv");
    let new = text(&folder, "new.csv");
    assert!(new.starts_with("id;age;weight;joined;city;constant\n"), "{new}");
    folder.write("new.csv", new.replace(',', ".").replace(';', ","));
    let cities = column(&folder, "new.csv", "city");
    assert!(
        cities.iter().any(String::is_empty) && cities.iter().any(|city| city == "Rome"),
        "{new}"
    );
    assert!(
        column(&folder, "new.csv", "joined")
            .iter()
            .all(|day| day.ends_with("/01/2020")),
        "{new}"
    );
}
