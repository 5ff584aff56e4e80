//! The grammar, as the binary prints it.

use insta::assert_snapshot;

use crate::folder::Folder;

#[test]
fn the_version_is_the_crate_s() {
    assert_eq!(
        Folder::new().done("--version"),
        format!("elbo {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn the_first_page() {
    assert_snapshot!(Folder::new().done("--help"), @"
    Learn the distribution of your own pictures, tables and texts and generate new ones, with
    variational autoencoders (VAE), plain or conditioned on known fields of a record (CVAE)

    Usage: elbo [OPTIONS] <COMMAND>

    Commands:
      train        Train a model on data and save it in a run folder
      sample       Generate new records
      reconstruct  Show records beside their reconstructions
      edit         Change a condition of records and keep the rest
      impute       Fill in missing values
      score        Score records: how surprising each is, and each of its fields
      encode       Write the mean and the standard deviation of each latent unit for each record
      traverse     Sweep each latent unit and show what it changes
      interpolate  Decode the points between two records in the latent space
      map          Draw records as points in the latent space
      evaluate     Measure a run: ELBO, rate, distortion, NLL, active units
      inspect      Describe data or a run
      demo         See it work: train on generated faces, a table and sentences, and show what the
                   models learned
      presets      List the presets that `train --preset` takes, or print one
      help         Print this message or the help of the given subcommand(s)

    Options:
      -h, --help     Print help
      -V, --version  Print version

    Everywhere:
          --json         Print the report as one JSON document
      -q, --quiet        Print only warnings, errors and the report
          --threads <N>  Number of threads; 0: one for each core. Results do not depend on it

    Examples:
      elbo demo                                                   see it work on generated data
      elbo train pictures/ --size 64 --out run                    learn from a folder of pictures
      elbo sample run -n 64 -o new.png                            generate new pictures
      elbo train mnist/ --given label --out digits                learn digits, given the label
      elbo sample digits -n 10 --given label=7 -o sevens.png      generate sevens
      elbo train people.csv --given any --out people              learn a table; any field may be given
      elbo sample people -n 1000 --given age=37 -o new.csv        generate rows of people aged 37
      elbo impute people holes.csv -o whole.csv                   fill in missing values
    ");
}

#[test]
fn nothing_typed_shows_the_first_page() {
    let said = Folder::new().elbo("");
    assert_eq!(said.code, Some(2));
    assert!(said.stderr.contains("Usage: elbo [OPTIONS] <COMMAND>"), "{said}");
}

#[test]
fn train() {
    assert_snapshot!(Folder::new().done("train --help"), @"
    Train a model on data and save it in a run folder

    Usage: elbo train [OPTIONS] --out <RUN> <DATA>
           elbo train --resume <RUN>

    Arguments:
      [DATA]  Data to train on: a path or builtin:NAME (or `data.source` of the config)

    Options:
          --resume <RUN>        Continue this run exactly where it stopped
          --profile             Measure the time of each operation, and print a table
      -o, --out <RUN>           Run folder to create
          --force               Replace an existing run
          --given <FIELD>       Fields that the model is conditioned on, or `any` for any subset of
                                them; image:left is a part of a picture
          --model <FIELD>       Fields that the model generates, or `all` [default: the pictures;
                                without pictures all that are not given]
          --preset <NAME>       Settings to start from; see `elbo presets`
          --config <FILE.toml>  Settings in a TOML file
          --no-rules            Do not look for rules in the data, such as start <= end; new rows may
                                then break them
          --latent <N>          Number of latent units
          --epochs <N>          Passes over the training records
          --batch <N>           Records per training step
          --lr <F>              Learning rate
          --beta <F>            Weight of the rate (the KL divergence) in the objective
          --seed <N>            Random seed; the same seed gives the same bytes
          --device <DEVICE>     Device to compute on, such as cpu or cuda:1
          --precision <TYPE>    Number format of the layers' products: f32 or bf16 (faster on processors
                                with AVX512-BF16)
          --set <key=value>     Any setting, by its name in the config; may be repeated
      -h, --help                Print help

    Reading data:
          --size <SIZE>        Size of the pictures: a side such as 64, or width x height such as 64x48
          --fit <FIT>          How pictures of another shape are fitted to that size [possible values:
                               crop, pad, stretch]
          --labels <LABELS>    Label of a picture or a text: its outermost sub-folder, or all folders on
                               the way to it [possible values: folder, path]
          --strict             Stop at the first broken record instead of skipping it
          --records <N>        Number of records of built-in data
          --field <name=kind>  Kind of a column of a table: category, number, flag, date, time,
                               duration, text or ignore; a date may have its format, as in
                               when=date:%d.%m.%Y; may be repeated
          --missing <WORD>     Word that means a missing value, in every column; none: only empty cells
                               are missing; may be repeated

    Everywhere:
          --json         Print the report as one JSON document
      -q, --quiet        Print only warnings, errors and the report
          --threads <N>  Number of threads; 0: one for each core. Results do not depend on it

    Examples:
      elbo train pictures/ --size 64 --out run
      elbo train mnist/ --given label --preset dense --set network.hidden=500,500 --out digits
      elbo train builtin:faces --latent 6 --out faces
      elbo train people.csv --given any --out people
      elbo train people.csv --field zip=category --field note=ignore --out people
      elbo train reviews/ --given label --out reviews
      elbo train --resume run

    DATA is a folder of pictures (sub-folders become a category; a CSV beside them, one column of which
    names the files, becomes attributes), a table (.csv, .tsv, also .gz or .zst), a folder of
    MNIST-style idx files,
    or builtin:NAME.
    Flags win over --config, --config over --preset. `elbo presets` lists the presets.
    ");
}

#[test]
fn sample() {
    assert_snapshot!(Folder::new().done("sample --help"), @"
    Generate new records

    Usage: elbo sample [OPTIONS] --out <OUT> <RUN>

    Arguments:
      <RUN>  Run folder, as written by `elbo train`

    Options:
      -n, --count <N>             Number of records [default: 16, or one for each row of --given-file]
          --given <field=value>   Value, range or set of values of a field that the run is given; may be
                                  repeated
          --given-file <FILE>     Table of given values: a column for each field, a row for each record
          --temperature <T>       Spread of the latents: below 1 more typical, above 1 more varied
                                  [default: 1]
          --seed <N>              Seed of the draws [default: 0]
          --draw <DRAW>           Expected values (mean) or random draws (sample; pictures pixel by
                                  pixel); auto: the mean of pictures, a sample of all other fields
                                  [default: auto] [possible values: auto, mean, sample]
          --text-temperature <T>  Texts: below 1 more typical, above 1 more varied; 0 always takes the
                                  most likely token [default: 1]
          --top-k <K>             Texts: draw from the K most likely tokens only
          --top-p <P>             Texts: draw from the most likely tokens only, up to a total
                                  probability of P
          --part <K/N>            Only the K-th of N parts of the records, to share the work among N
                                  machines. All parts together, in order, hold the same records as one
                                  call without --part
      -o, --out <OUT>             File or folder to write; its ending selects the format
          --force                 Replace an existing output
          --device <DEVICE>       Device to compute on, such as cpu or cuda:1 [default: the one it was
                                  trained on]
      -h, --help                  Print help

    Everywhere:
          --json         Print the report as one JSON document
      -q, --quiet        Print only warnings, errors and the report
          --threads <N>  Number of threads; 0: one for each core. Results do not depend on it

    Examples:
      elbo sample run -n 64 -o sheet.png                        all samples on one sheet
      elbo sample run -n 1000 -o new/                           a folder of pictures
      elbo sample digits -n 100 --given label=7 -o sevens.npy   [n, height, width] or [n, height, width,
      channels], u8
      elbo sample digits -n 100 --given 'label=*' -o all.png    every level in turn
      elbo sample faces --given glasses=yes --given hair_colour=red --temperature 0.7 -o glasses.png
      elbo sample people -n 1000 --given age=37 --given sex=female -o new.csv
      elbo sample people -n 1000 --given 'income=high:0.5' -o half.csv          high in half of the rows
      elbo sample people -n 1000 --given 'age=30..40' --given 'job=office|craft' -o some.csv
      elbo sample people --given-file asked.csv -o new.csv                      one for each of its rows
      elbo sample names -n 100 --given label=Italian --top-p 0.95 -o names.txt

    A given field that you do not set is drawn from its frequencies in the data. A model trained with
    --given any or objective.given_dropout leaves it open instead. The value `missing` asks for records
    without that value. Sample i does not depend on -n.

    Instead of one value, a number, date or time may have a range: 'age=30..40', 'age=..40', 'age>=65',
    'age<30'. Several values stand between bars: 'job=office|craft'. A value in the set is then drawn
    for each record. The ends of 30..40 belong to it. Cells of --given-file are written alike: 30..40,
    >=65, office|craft.
    ");
}

#[test]
fn evaluate() {
    assert_snapshot!(Folder::new().done("evaluate --help"), @"
    Measure a run: ELBO, rate, distortion, NLL, active units

    Usage: elbo evaluate [OPTIONS] <RUN> [DATA]

    Arguments:
      <RUN>   Run folder, as written by `elbo train`
      [DATA]  Data to measure on [default: the run's own]

    Options:
          --split <SPLIT>    Which records [default: test for the run's own data, else all] [possible
                             values: train, validation, test]
          --samples <K>      Importance samples per record for the NLL [default: 100]
          --seed <N>         Seed of the samples, and of generated rows [default: 0]
          --limit <N>        Only the first N records
          --device <DEVICE>  Device to compute on, such as cpu or cuda:1 [default: the one it was
                             trained on]
      -h, --help             Print help

    Generated rows:
          --utility <FIELD>   Train a judge on generated rows to predict FIELD, and test it on held-out
                              rows; may be repeated
          --privacy           Measure copies of training rows, and how near generated rows are to them
          --generated <FILE>  Rows to judge instead of rows of the run: a table of the same fields

    Everywhere:
          --json         Print the report as one JSON document
      -q, --quiet        Print only warnings, errors and the report
          --threads <N>  Number of threads; 0: one for each core. Results do not depend on it

    Examples:
      elbo evaluate run                                 on the test records of its own data
      elbo evaluate run --samples 500 --json
      elbo evaluate run other/ --split train --limit 1000
      elbo evaluate run --utility income --privacy      also how good generated rows of a table are
      elbo evaluate run --generated rows.csv --privacy  the same of rows that another program made

    Numbers are means per record in nats. Compare them only with numbers of the same protocol.
    With --utility or --privacy, as many rows as the run was trained on are generated, and judged beside
    real rows that were held out: those of DATA, else of validation and test.
    ");
}

/// Every verb shows how it is used, with its arguments in the order of the contract.
#[test]
fn usage_of_every_verb() {
    let folder = Folder::new();
    let mut usages = String::new();
    for verb in [
        "train",
        "sample",
        "reconstruct",
        "encode",
        "traverse",
        "interpolate",
        "map",
        "evaluate",
        "inspect",
        "demo",
        "presets",
    ] {
        let help = folder.done(&format!("{verb} --help"));
        let usage = help
            .lines()
            .skip_while(|line| !line.starts_with("Usage:"))
            .take_while(|line| !line.is_empty());
        usages.extend(usage.map(|line| format!("{line}\n")));
        assert!(help.contains("--json") && help.contains("--threads"), "{help}");
    }
    assert_snapshot!(usages, @"
    Usage: elbo train [OPTIONS] --out <RUN> <DATA>
           elbo train --resume <RUN>
    Usage: elbo sample [OPTIONS] --out <OUT> <RUN>
    Usage: elbo reconstruct [OPTIONS] --out <OUT> <RUN> <DATA>
    Usage: elbo encode [OPTIONS] --out <OUT> <RUN> <DATA>
    Usage: elbo traverse [OPTIONS] --out <OUT> <RUN> [DATA]
    Usage: elbo interpolate [OPTIONS] --from <I> --to <J> --out <OUT> <RUN> <DATA>
    Usage: elbo map [OPTIONS] --out <OUT> <RUN> <DATA>
    Usage: elbo evaluate [OPTIONS] <RUN> [DATA]
    Usage: elbo inspect [OPTIONS] <DATA|RUN>
    Usage: elbo demo [OPTIONS]
    Usage: elbo presets [OPTIONS] [NAME]
    ");
}

#[test]
fn a_verb_that_is_not_there() {
    assert_snapshot!(Folder::new().refused("smaple run"), @"
    exit 2
    error: unrecognized subcommand 'smaple'

      tip: some similar subcommands exist: 'map', 'sample'

    Usage: elbo [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
}

#[test]
fn presets_are_listed_and_printed_as_config_files() {
    let folder = Folder::new();
    assert_snapshot!(folder.done("presets"), @"
    dense          fully connected layers, for small pictures
    conv           convolutions, for photographs
    conv-residual  convolutions with residual blocks: slower, sharper
    flax-mnist     the VAE of flax's examples: MNIST in ten epochs
    pythae-mnist   the VAE of pythae's benchmark: binarised MNIST in 500 epochs
    small-faces    six latents for `builtin:faces`, in about a minute
    names          short texts, character by character
    sentences      texts of some dozens of tokens
    ");
    let list: serde_json::Value = serde_json::from_str(&folder.done("presets --json")).unwrap();
    for name in list.as_object().unwrap().keys() {
        folder.write("preset.toml", folder.done(&format!("presets {name}")));
        // The preset's own text passes as a config file: what stops the call is the missing data.
        let said = folder.refused("train nowhere --config preset.toml --out run");
        assert!(said.stderr.contains("nowhere` does not exist"), "{name}: {said}");
    }
    assert_snapshot!(folder.refused("presets denes"), @"
    exit 2
    error: there is no preset `denes`; did you mean `dense`?
    hint: presets: `dense`, `conv`, `conv-residual`, `flax-mnist`, `pythae-mnist`, `small-faces`, `names`, `sentences`
    ");
}
