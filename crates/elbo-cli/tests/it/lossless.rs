//! What a table holds comes back as it was: cells, columns and their order.

use crate::folder::Folder;

const TRAIN: &str = "train prices.csv --given any --latent 2 --epochs 1 --batch 16 --set network.hidden=8 \
                     --set network.chain=4 --quiet --out run";

/// A table whose cells are written in forms of their own, with a gap in each third row.
fn prices() -> Folder {
    let folder = Folder::new();
    let rows = (0..60).map(|row| {
        let age = if row % 3 == 0 {
            String::new()
        } else {
            format!("{}", 20 + row % 7)
        };
        let note = if row % 2 == 0 { "a, b" } else { " kept " };
        format!(
            "{:.2},{},{age},\"{note}\",{}\n",
            2.5 + f64::from(row % 9) / 10.0,
            ["yes", "no"][row as usize % 2],
            row % 4
        )
    });
    let head = "price,paid,age,note,n\n".to_owned();
    folder.write("prices.csv", head + &rows.collect::<String>());
    folder.done(TRAIN);
    folder
}

fn lines(folder: &Folder, name: &str) -> Vec<Vec<String>> {
    let text = String::from_utf8(folder.read(name)).unwrap();
    let cells = |line: &str| line.split(',').map(str::to_owned).collect();
    text.lines().map(cells).collect()
}

#[test]
fn known_cells_come_back_as_they_were_written() {
    let folder = prices();
    folder.done("impute run prices.csv -o whole.csv --quiet");
    let (before, after) = (lines(&folder, "prices.csv"), lines(&folder, "whole.csv"));
    assert_eq!(before.len(), after.len());
    for (before, after) in before.iter().zip(&after) {
        for (column, (before, after)) in before.iter().zip(after).enumerate() {
            match before.is_empty() {
                true => assert!(column == 2 && after.parse::<f64>().is_ok(), "{after}"),
                false => assert_eq!(before.trim_matches('"'), after.trim_matches('"')),
            }
        }
    }
    // Prices keep their form in another kind of file too.
    folder.done("impute run prices.csv -o whole.parquet --quiet");
    folder.done("impute run whole.parquet -o again.csv --quiet");
    assert_eq!(lines(&folder, "again.csv")[1][0], "2.50");
}

#[test]
fn a_file_of_a_spreadsheet_comes_back_laid_out_as_it_was() {
    let folder = Folder::new();
    let row = |row: usize| {
        let price = if row == 3 {
            String::new()
        } else {
            format!("{},{}0", row % 9, row % 7)
        };
        format!("{price};{};\"a;b\"\r\n", ["ja", "nein"][row % 2])
    };
    let rows: String = (0..60).map(row).collect();
    folder.write("preise.csv", format!("\u{feff}preis;bezahlt;notiz\r\n{rows}"));
    folder.done(&TRAIN.replace("prices", "preise"));
    folder.done("impute run preise.csv -o whole.csv --quiet");
    folder.done("sample run -n 20 -o new.csv --quiet");
    folder.done("encode run preise.csv -o codes.csv --quiet");
    folder.done("score run preise.csv -o scores.csv --quiet");
    let scores = String::from_utf8(folder.read("scores.csv")).unwrap();
    assert!(
        scores.starts_with("\u{feff}record;score;") && scores.ends_with("\r\n"),
        "{scores}"
    );
    folder.refused("score run preise.csv -o scores.txt");
    let whole = String::from_utf8(folder.read("whole.csv")).unwrap();
    let before = String::from_utf8(folder.read("preise.csv")).unwrap();
    for (line, (before, after)) in before.split('\n').zip(whole.split('\n')).enumerate() {
        let filled = line == 4 && after.ends_with(";nein;\"a;b\"\r") && !after.starts_with(';');
        assert!(before == after || filled, "{before:?} {after:?}");
    }
    assert_eq!(before.lines().count(), whole.lines().count());
    for made in ["new.csv", "codes.csv"] {
        let made = String::from_utf8(folder.read(made)).unwrap();
        assert!(
            made.starts_with('\u{feff}') && made.contains("preis;bezahlt;notiz"),
            "{made}"
        );
        assert!(
            made.split_terminator('\n').all(|line| line.ends_with('\r')),
            "{made}"
        );
    }
    // The name of the file says it where it can, and other kinds of files have no layout.
    folder.done("impute run preise.csv -o whole.tsv --quiet");
    let tabs = String::from_utf8(folder.read("whole.tsv")).unwrap();
    assert!(tabs.contains("preis\tbezahlt\tnotiz\r\n"), "{tabs}");
    folder.done("impute run preise.csv -o whole.parquet --quiet");
    let stored = folder.read("whole.parquet");
    let key = b"elbo.layout";
    assert!(!stored.windows(key.len()).any(|bytes| bytes == key));
}

#[test]
fn columns_keep_their_order_and_those_unknown_stay() {
    let folder = prices();
    folder.write(
        "new.csv",
        "id,age,paid,price,label\n007,,yes,2.50,x\n008,23,no,02.70,\n",
    );
    folder.done("impute run new.csv -o whole.csv --quiet");
    let table = lines(&folder, "whole.csv");
    assert_eq!(table[0], ["id", "age", "paid", "price", "label", "note", "n"]);
    assert_eq!(table[1][0], "007");
    assert_eq!((table[1][3].as_str(), table[1][4].as_str()), ("2.50", "x"));
    assert_eq!(table[2][..5], ["008", "23", "no", "02.70", ""]);
    assert!(!table[1][1].is_empty());
    folder.done("encode run new.csv -o codes.csv --quiet");
    let codes = lines(&folder, "codes.csv");
    assert_eq!(codes[2][1..6], ["008", "23", "no", "02.70", ""]);
    folder.done("edit run new.csv --given paid=no -o edited.csv --quiet");
    let edited = lines(&folder, "edited.csv");
    assert_eq!(edited[0][..5], ["id", "age", "paid", "price", "label"]);
    assert_eq!(edited[1][2], "no");
    assert_eq!((edited[1][0].as_str(), edited[1][4].as_str()), ("007", "x"));
}

#[test]
fn a_wrong_cell_is_named_with_its_row() {
    let folder = prices();
    folder.write("bad.csv", "price,paid,age,n\n2.50,yes,20,1\n2.60,no,forty,2\n");
    let said = folder.refused("impute run bad.csv -o whole.csv");
    let named = "row 2 of `bad.csv` has `forty` in the column `age`, which is not a number";
    assert!(said.stderr.contains(named), "{said}");
    folder.write("other.csv", "a,b\n1,2\n3,4\n");
    let said = folder.refused("impute run other.csv -o whole.csv");
    assert!(said.stderr.contains("none of the fields of this model"), "{said}");
}

#[test]
fn unknown_columns_of_any_form_are_copied() {
    let folder = prices();
    folder.write(
        "new.csv",
        "age,rate,seen,when,mixed\n21,5%,yes,01/31/2021,2020-01-01\n,$1.50,no,02/28/2021,01.02.2020\n",
    );
    folder.done("impute run new.csv -o whole.csv --quiet");
    let table = lines(&folder, "whole.csv");
    assert_eq!(table[1][1..5], ["5%", "yes", "01/31/2021", "2020-01-01"]);
    assert_eq!(table[2][1..5], ["$1.50", "no", "02/28/2021", "01.02.2020"]);
    folder.done("impute run new.csv -o whole.parquet --quiet");
    folder.done("impute run whole.parquet -o again.csv --quiet");
    assert_eq!(lines(&folder, "again.csv")[1][1..4], ["5%", "yes", "01/31/2021"]);
}

#[test]
fn rows_that_cannot_be_read_are_named() {
    let folder = prices();
    folder.write(
        "new.csv",
        "price,paid,age,n\n2.50,yes,,1\n2.60,no\n2.70,no,22,2\n",
    );
    let said = folder.elbo("impute run new.csv -o whole.csv");
    assert_eq!(said.code, Some(0), "{said}");
    assert!(said.stderr.contains("new.csv line 3"), "{said}");
}

#[test]
fn generated_gaps_are_written_as_the_table_writes_them() {
    let folder = Folder::new();
    let row = |row: usize| {
        let vessels = ["?", "0", "1.0"][row % 3];
        let note = ["", "NA", "late"][row / 3 % 3];
        let price = ["-", "$2.50", "$3.75", "-"][row % 4];
        format!("{vessels},{note},{price},{}\n", row % 5)
    };
    let rows = (0..90).map(row).collect::<String>();
    folder.write("gaps.csv", "vessels,note,price,n\n".to_owned() + &rows);
    folder.done("train gaps.csv --latent 2 --epochs 1 --batch 16 --set network.hidden=8 --quiet --out run");
    folder.done("sample run -n 200 -o new.csv --quiet");
    let made = lines(&folder, "new.csv");
    let cells = |column: usize| made[1..].iter().map(move |row| row[column].as_str());
    // Made gaps have the words of their columns, and a column of words keeps its empty cells.
    assert!(cells(0).any(|cell| cell == "?") && cells(0).all(|cell| !cell.is_empty()));
    assert!(cells(2).any(|cell| cell == "-") && cells(2).all(|cell| !cell.is_empty()));
    assert!(cells(1).any(str::is_empty) && cells(1).any(|cell| cell == "NA"));
    // Elsewhere a gap is null.
    folder.done("sample run -n 200 -o new.parquet --quiet");
    let said = folder.elbo("inspect new.parquet");
    assert!(!said.stdout.contains('?'), "{said}");
}

#[test]
fn lists_in_cells_are_no_columns() {
    let folder = Folder::new();
    let rows = |row: fn(usize) -> String| (0..60).map(row).collect::<String>();
    let tables = [
        (
            "name;dept\n",
            rows(|row| format!("Smith, J., Dr. {row};{}\n", ["a", "b"][row % 2])),
        ),
        (
            "name\tdept\n",
            rows(|row| format!("Smith, J., Dr. {row}\t{}\n", ["a", "b"][row % 2])),
        ),
        ("id,genres\n", rows(|row| format!("{row},Action|Comedy|Drama\n"))),
        ("a,b,tags\n", rows(|row| format!("a,{row}.01,x;y;z;x\n"))),
        ("tags\n", rows(|row| format!("{}|b\n", ["a", "c"][row % 2]))),
        // Here the first line is a title.
        (
            "Sales of 2024\nyear|sum\n",
            rows(|row| format!("{}|2{row}\n", 2000 + row)),
        ),
    ];
    for (head, rows) in tables {
        folder.write("a.csv", head.to_owned() + &rows);
        let said = folder.elbo("inspect a.csv");
        let columns = head.split([';', '\t', ',', '|']).count();
        assert!(
            said.stdout.starts_with(&format!("60 rows of {columns} column")),
            "{head}{said}"
        );
    }
}

#[test]
fn json_lines_come_back_as_they_are_written() {
    let folder = Folder::new();
    let row = |row: usize| {
        let price = if row == 3 {
            "null".to_owned()
        } else {
            format!("\"{},{}0 €\"", row % 9, row % 7)
        };
        let (day, paid) = (1 + row % 28, ["yes", "no"][row % 2]);
        format!(
            "{{\"price\":{price},\"day\":\"{day:02}.05.2019\",\"paid\":\"{paid}\",\"n\":{}}}\n",
            row % 4
        )
    };
    folder.write("a.jsonl", (0..60).map(row).collect::<String>());
    folder.done(&TRAIN.replace("prices.csv", "a.jsonl"));
    folder.done("impute run a.jsonl -o whole.tsv --quiet");
    let whole = String::from_utf8(folder.read("whole.tsv")).unwrap();
    for (row, line) in whole.lines().skip(1).enumerate() {
        let (day, paid) = (1 + row % 28, ["yes", "no"][row % 2]);
        let price = format!("{},{}0 €", row % 9, row % 7);
        let known = format!("{day:02}.05.2019\t{paid}\t{}", row % 4);
        assert!(line.ends_with(&known), "{line}");
        assert!(row == 3 || line.starts_with(&format!("{price}\t")), "{line}");
        assert!(!line.starts_with('\t') && line.contains(" €"), "{line}");
    }
}

/// Rows of a share, a date and a flag, with a gap in each fifth row, which `write` writes.
fn shares(write: impl Fn([usize; 4]) -> [String; 3], separator: &str) -> String {
    let row = |row: usize| {
        let mut cells = write([10 + row % 7, row % 9, 1 + row % 28, row % 2]);
        if row.is_multiple_of(5) {
            cells[row / 5 % 3].clear();
        }
        cells.join(separator) + "\n"
    };
    ["share", "day", "paid"].join(separator) + "\n" + &(0..60).map(row).collect::<String>()
}

#[test]
fn a_file_written_in_other_ways_than_that_of_the_training_keeps_its_own() {
    let folder = Folder::new();
    let plain = |[whole, tenth, day, paid]: [usize; 4]| {
        let paid = ["no", "yes"][paid];
        [
            format!("{whole}.{tenth}"),
            format!("{day:02}.03.2024"),
            paid.to_owned(),
        ]
    };
    let other = |[whole, tenth, day, paid]: [usize; 4]| {
        let paid = ["FALSE", "TRUE"][paid];
        [
            format!("{whole},{tenth}%"),
            format!("2024-03-{day:02}"),
            paid.to_owned(),
        ]
    };
    folder.write("prices.csv", shares(plain, ","));
    folder.write("other.csv", shares(other, ";"));
    folder.done(TRAIN);
    folder.done("impute run other.csv -o whole.csv --quiet");
    let [before, after] =
        ["other.csv", "whole.csv"].map(|name| String::from_utf8(folder.read(name)).unwrap());
    for (before, after) in before.lines().zip(after.lines()).skip(1) {
        for (column, (before, after)) in before.split(';').zip(after.split(';')).enumerate() {
            let own = match column {
                0 => after.ends_with('%') && after.contains(',') && !after.contains('.'),
                1 => after.starts_with("2024-03-"),
                _ => ["FALSE", "TRUE"].contains(&after),
            };
            assert!(own && (before.is_empty() || before == after), "{before} {after}");
        }
    }
    assert_eq!(before.lines().count(), after.lines().count());
}

#[test]
fn what_stands_above_the_columns_comes_back_as_it_was() {
    let folder = Folder::new();
    let rows: String = (0..60)
        .map(|row| format!("{row},{}.5,{}\n", row % 9, ["x", "y"][row % 2]))
        .collect();
    let named = format!(", price ,note\n{rows}");
    folder.write("prices.csv", &named);
    folder.done(TRAIN);
    folder.done("impute run prices.csv -o whole.csv --quiet");
    assert_eq!(String::from_utf8(folder.read("whole.csv")).unwrap(), named);
    folder.write("bare.csv", &rows);
    folder.done("train bare.csv --latent 2 --epochs 1 --quiet --out other");
    folder.done("impute other bare.csv -o bare-whole.csv --quiet");
    assert_eq!(String::from_utf8(folder.read("bare-whole.csv")).unwrap(), rows);
    // New records say what their columns are.
    folder.done("sample other -n 3 -o new.csv --quiet");
    let new = String::from_utf8(folder.read("new.csv")).unwrap();
    assert!(new.starts_with("column_1,column_2,column_3\n"), "{new}");
}

#[test]
fn quotes_that_no_cell_needs_stay() {
    let folder = Folder::new();
    // As R writes tables: quotes around the header, the names of rows and words, but not around numbers and `NA`.
    let row = |row: usize| {
        let weight = if row.is_multiple_of(9) {
            "NA".to_owned()
        } else {
            format!("{}.5", row % 7)
        };
        format!(
            "\"{row}\",{weight},\"{}\"\n",
            ["a \"b\"", "c"][row % 2].replace('"', "\"\"")
        )
    };
    let rows: String = (1..60).map(row).collect();
    folder.write("prices.csv", format!("\"\",\"weight\",\"name\"\n{rows}"));
    folder.done(TRAIN);
    folder.done("impute run prices.csv -o whole.csv --quiet");
    let [before, after] =
        ["prices.csv", "whole.csv"].map(|name| String::from_utf8(folder.read(name)).unwrap());
    for (before, after) in before.lines().zip(after.lines()) {
        let filled =
            before.contains(",NA,") && after.split(',').nth(1).is_some_and(|cell| cell.ends_with('5'));
        assert!(before == after || filled, "{before} {after}");
    }
    assert_eq!(before.lines().count(), after.lines().count());
}
