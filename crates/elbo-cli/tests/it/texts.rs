//! Texts and mixed records from end to end.

use crate::folder::Folder;

/// Names in two files, one for each label.
fn names() -> Folder {
    let folder = Folder::new();
    let lines = |names: [&str; 4]| names.map(|name| format!("{name}\n")).concat().repeat(20);
    folder
        .write("names/greek.txt", lines(["nikos", "kostas", "elena", "sokratis"]))
        .write("names/dutch.txt", lines(["jan", "piet", "hanneke", "joost"]));
    folder
}

const TRAIN: &str = "train names --given label --latent 2 --epochs 2 --batch 16 --set network.hidden=8 \
                     --set network.text_channels=8 --set network.text_layers=1 --quiet --out run";

#[test]
fn texts_are_learnt_and_made_on_request() {
    let folder = names();
    folder.done(TRAIN);
    folder.done("sample run -n 70 --given label=dutch --threads 2 -o many.txt");
    folder.done("sample run -n 20 --given label=dutch --threads 1 -o few.txt");
    let (many, few) = (folder.read("many.txt"), folder.read("few.txt"));
    assert!(
        many.starts_with(&few),
        "a text depends neither on how many there are nor on the threads"
    );
    folder.done("sample run -n 4 --given label=* --text-temperature 0 -o greedy.csv");
    let greedy = String::from_utf8(folder.read("greedy.csv")).unwrap();
    assert!(
        greedy.starts_with("text,label\n") && greedy.contains(",greek\n"),
        "{greedy}"
    );
    folder.done("sample run -n 4 --given label=greek --top-k 3 --top-p 0.9 -o some.parquet");
    for verb in [
        "reconstruct run names -n 6 -o r.csv",
        "encode run names -o e.csv",
        "edit run names -n 3 --given label=greek -o d.csv",
        "interpolate run names --from 0 --to 90 --steps 3 -o i.csv",
        "traverse run --given label=dutch --steps 3 -o t.csv",
        "map run names -o m.png",
        "score run names --samples 2 -o s.csv",
    ] {
        folder.done(verb);
    }
    let report = folder.done("evaluate run --samples 2 --json");
    assert!(report.contains("nats_per_token"), "{report}");
}

#[test]
fn pictures_with_captions_and_prices_are_one_record() {
    let folder = Folder::new();
    let mut table = "file,caption,colour,price\n".to_owned();
    for item in 0..40_u8 {
        let name = format!("shop/{item:02}.png");
        folder.picture(&name, 8, item);
        let colour = ["red", "green"][usize::from(item % 2)];
        table += &format!(
            "{item:02}.png,a {colour} thing number {item},{colour},{}.50\n",
            10 + item % 7
        );
    }
    folder.write("shop/items.csv", table);
    folder.done(
        "train shop --given any --latent 2 --epochs 1 --batch 8 --set network.hidden=8 --set network.text_channels=8 \
         --set network.text_layers=1 --set network.kind=dense --quiet --out run",
    );
    folder.done("sample run -n 6 --given colour=red --given price=12.5 -o made");
    let records = String::from_utf8(folder.read("made/records.csv")).unwrap();
    assert!(
        records.starts_with("file,caption,colour,price\n000000.png,"),
        "{records}"
    );
    assert!(
        records.lines().skip(1).all(|line| line.ends_with(",red,12.50")),
        "{records}"
    );
    folder.done("sample run -n 6 -o sheet.png");
    // A picture is asked for by its file, and comes out as it is.
    folder.done("sample run -n 2 --given image=shop/07.png -o same");
    let pixels = |name: &str| image::open(folder.path(name)).unwrap().into_rgb8();
    assert_eq!(pixels("same/000001.png"), pixels("shop/07.png"));
    let refused = folder.refused("sample run --given image=shop/none.png -o other");
    assert!(
        refused
            .stderr
            .contains("`image` is a picture: the file `shop/none.png`"),
        "{refused}"
    );
}

/// A run that is given the left halves of faces.
fn given_left_halves() -> Folder {
    let folder = Folder::new();
    folder.done(
        "train builtin:faces --records 100 --size 8 --given image:left --latent 2 --epochs 1 --batch 16 \
         --set network.kind=dense --set network.hidden=8 --quiet --out run",
    );
    folder
}

#[test]
fn pictures_of_a_run_complete_parts_of_real_ones() {
    let folder = given_left_halves();
    let sheet = image::open(folder.path("run/samples.png")).unwrap().into_rgb8();
    // Eight pictures a line, 16 pixels from the edge and 4 apart: of the last line the real one and the first made.
    let (margin, gap) = (16, 4);
    let cell = (sheet.width() - 2 * margin - 7 * gap) / 8;
    let line = sheet.height() - margin - cell;
    let differ = |columns: std::ops::Range<u32>| {
        let pixels = columns.flat_map(|x| (0..cell).map(move |y| (margin + x, line + y)));
        pixels
            .filter(|(x, y)| sheet.get_pixel(*x, *y) != sheet.get_pixel(x + cell + gap, *y))
            .count()
    };
    assert_eq!(differ(0..cell / 2), 0);
    assert!(differ(cell / 2..cell) > 0);
}

#[test]
fn a_part_of_a_picture_is_given_and_the_rest_is_made() {
    let folder = given_left_halves();
    let said = folder.elbo("sample run -n 3 -o faces.npy");
    assert!(
        said.stderr.contains("ask for it with `--given image=…`"),
        "{said}"
    );
    folder.done("impute run builtin:faces -o whole.npy");
    folder.done("evaluate run --samples 2 --limit 5");
    folder.done("reconstruct run builtin:faces -n 4 -o pairs.png");
}
