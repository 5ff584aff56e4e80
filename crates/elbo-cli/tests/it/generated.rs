//! Tables of every form, made at random: what `train` writes, every verb reads, and known cells come back as they were.
//!
//! The same tables at every run; `ELBO_TABLES` sets how many.

use crate::folder::Folder;

const TABLES: u64 = 40;

/// A small generator of numbers (SplitMix64): the forms of cells need no better one.
struct Draws(u64);

impl Draws {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len() as u64) as usize]
    }

    /// Within ±`size`, with cents.
    fn cents(&mut self, size: u64) -> f64 {
        (self.below(200 * size) as f64 - 100.0 * size as f64) / 100.0
    }
}

/// How a column's cells are written, given the row.
type Form = fn(&mut Draws, u64) -> String;

const FORMS: [Form; 32] = [
    |_, _| "EUR".to_owned(),
    |_, _| String::new(),
    |_, _| "True".to_owned(),
    |d, _| d.one(&["yes", "no"]).to_owned(),
    |d, _| d.one(&["1.0", "0.0"]).to_owned(),
    |d, _| d.one(&["0", "0", "0", "1", "2"]).to_owned(),
    |d, _| d.below(1000).to_string(),
    |d, _| d.one(&["9007199254740993", "1234567890123456789"]).to_owned(),
    |d, _| (9_223_372_036_854_775_808 + d.below(1_000_000)).to_string(),
    |_, row| (1001 + row).to_string(),
    |_, row| format!("CUST-{row:04}"),
    |d, _| format!("{:08x}-{:04x}", d.below(1 << 32), d.below(1 << 16)),
    |d, _| format!("{:05}", d.below(100_000)),
    |d, _| d.one(&["0040", "0870"]).to_owned(),
    |d, _| format!("{:?}", d.cents(3) / 7.0),
    |d, _| format!("{:.2}", d.cents(90)),
    |d, _| format!("${},{:03}.{:02}", 1 + d.below(9), d.below(1000), d.below(100)),
    |d, _| format!("{:.1}%", d.cents(50).abs()),
    |d, _| match d.cents(100) {
        n if n < 0.0 => format!("({:.2})", -n),
        n => format!("{n:.2}"),
    },
    |d, _| format!("{:.3e}", d.cents(1) * 1e-7),
    |d, _| d.one(&["1e30", "1", "2", "3"]).to_owned(),
    |d, _| format!("2023-{:02}-{:02}", 1 + d.below(12), 1 + d.below(28)),
    |d, _| format!("{:02}.{:02}.2023", 1 + d.below(28), 1 + d.below(12)),
    |d, _| format!("2023-01-{:02}T{:02}:30:00+02:00", 1 + d.below(28), d.below(24)),
    |d, _| {
        format!(
            "{}/{}/2023 {}:05 PM",
            1 + d.below(12),
            13 + d.below(15),
            1 + d.below(12)
        )
    },
    |d, _| format!("2023{:02}{:02}", 1 + d.below(12), 1 + d.below(28)),
    |d, _| format!("{:02}:{:02}", d.below(24), d.below(60)),
    |d, _| format!("{}:{:02}:{:02}", d.below(50), d.below(60), d.below(60)),
    |d, _| {
        d.one(&["NA", "x, y", "say \"hi\"", "Zürich", "two\nlines"])
            .to_owned()
    },
    |d, _| {
        (0..=d.below(8))
            .map(|_| d.one(&["red ", "fox ", "runs ", "home "]))
            .collect::<String>()
            .trim()
            .to_owned()
    },
    |d, _| d.one(&["1", "2", "three", "2023-01-01"]).to_owned(),
    |d, _| format!("level {}", d.below(400)),
];

const NAMES: [&str; 10] = [
    "a", "b c", "x=y", "c,d", "Größe", "record", "score", "image", "*", "1",
];

/// A table: its text, and the cells of its rows.
fn table(draws: &mut Draws) -> (String, Vec<Vec<String>>) {
    let rows = [2, 3, 5, 12, 40, 150][draws.below(6) as usize];
    let columns: Vec<(Form, u64)> = (0..1 + draws.below(7))
        .map(|_| {
            (
                FORMS[draws.below(FORMS.len() as u64) as usize],
                draws.one(&["0", "0", "3", "9"]).parse().unwrap(),
            )
        })
        .collect();
    // A line without anything is no row.
    let alone = columns.len() == 1;
    let quoted = |cell: &str| match cell.contains(['"', ',', '\n']) || (alone && cell.is_empty()) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.to_owned(),
    };
    let mut cells = vec![
        NAMES[..columns.len()]
            .iter()
            .map(|name| (*name).to_owned())
            .collect::<Vec<_>>(),
    ];
    for row in 0..rows {
        let row = columns.iter().map(|(form, gaps)| match draws.below(10) < *gaps {
            true => String::new(),
            false => form(draws, row),
        });
        cells.push(row.collect());
    }
    let lines = cells
        .iter()
        .map(|row| row.iter().map(|cell| quoted(cell)).collect::<Vec<_>>().join(",") + "\n");
    (lines.collect(), cells)
}

/// The cells of a table that `elbo` wrote.
fn cells(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.next_if_eq(&'"').is_some() => cell.push('"'),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\n' if !quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            other => cell.push(other),
        }
    }
    rows
}

#[test]
fn what_train_writes_every_verb_reads() {
    let tables = std::env::var("ELBO_TABLES").ok();
    let tables = tables.and_then(|tables| tables.parse().ok()).unwrap_or(TABLES);
    let mut trained = 0;
    for seed in 0..tables {
        let mut draws = Draws(seed);
        let (text, known) = table(&mut draws);
        let folder = Folder::new();
        folder.write("t.csv", &text);
        let given = draws.one(&["", "--given any"]);
        let train = format!(
            "train t.csv {given} --epochs 2 --latent 2 --batch 16 --set network.hidden=8 --quiet --out r"
        );
        let said = folder.elbo(&train);
        if said.code != Some(0) {
            assert_eq!(said.code, Some(2), "table {seed}\n{said}\n{text}");
            continue;
        }
        trained += 1;
        for line in [
            "inspect r",
            "sample r -n 7 -o s.csv",
            "sample r -n 7 -o s.parquet",
            "impute r t.csv -o i.csv",
            "impute r s.csv -o again.csv",
            "impute r s.parquet -o packed.csv",
            "impute r t.csv --draws 2 -o draws.csv",
            "reconstruct r t.csv -o rebuilt.csv",
            "encode r t.csv -o codes.csv",
            "score r t.csv --samples 3 -o scores.csv",
            "evaluate r t.csv --samples 3",
            "map r t.csv -o map.png",
            "train --resume r",
        ] {
            let said = folder.elbo(&format!("{line} --quiet"));
            assert_eq!(said.code, Some(0), "table {seed}: elbo {line}\n{said}\n{text}");
        }
        let imputed = cells(&String::from_utf8(folder.read("i.csv")).unwrap());
        assert_eq!(imputed.len(), known.len(), "table {seed}\n{text}");
        for (before, after) in known.iter().zip(&imputed) {
            for (before, after) in before.iter().zip(after).filter(|(before, _)| !before.is_empty()) {
                assert_eq!(before, after, "table {seed}");
            }
        }
    }
    assert!(trained * 2 > tables, "most tables can be trained on");
}
