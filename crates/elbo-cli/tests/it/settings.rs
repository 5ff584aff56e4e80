//! Settings that cannot be: from flags, from `--set`, from a config file.

use insta::assert_snapshot;

use crate::folder::{Folder, TINY};

/// The tiny training with more words, refused.
fn refused(more: &str) -> String {
    Folder::new()
        .refused(&format!("{TINY} --out run {more}"))
        .to_string()
}

#[test]
fn latent_zero() {
    assert_snapshot!(refused("--latent 0"), @"
    exit 2
    error: `model.latent = 0`, as written on the command line, is not possible: it takes a whole number from 1 to 65536, or `auto`
    hint: `model.latent`: the number of latent units; auto: 8 for a table, else 32
    ");
}

#[test]
fn latent_negative() {
    assert_snapshot!(refused("--latent -3"), @"
    exit 2
    error: `model.latent = -3`, as written on the command line, is not possible: it takes a whole number from 1 to 65536, or `auto`
    hint: `model.latent`: the number of latent units; auto: 8 for a table, else 32
    ");
}

#[test]
fn latent_that_is_a_word() {
    assert_snapshot!(refused("--latent many"), @r#"
    exit 2
    error: `model.latent = "many"`, as written on the command line, is not possible: it takes a whole number from 1 to 65536, or `auto`
    hint: `model.latent`: the number of latent units; auto: 8 for a table, else 32
    "#);
}

#[test]
fn epochs_zero() {
    assert_snapshot!(refused("--epochs 0"), @"
    exit 2
    error: `training.epochs = 0`, as written on the command line, is not possible: it takes a whole number of at least 1, or `auto`
    hint: `training.epochs`: the number of passes over the training records; auto: 20, and for a table so many that there are 2,000 to 5,000 steps, or fewer with texts
    ");
}

#[test]
fn batch_zero() {
    assert_snapshot!(refused("--batch 0"), @"
    exit 2
    error: `training.batch = 0`, as written on the command line, is not possible: it takes a whole number from 1 to 16777216, or `auto`
    hint: `training.batch`: the number of records in a step; auto: a 32nd of the training records, at least 16 and at most 128, and 32 to 256 for a table
    ");
}

#[test]
fn learning_rate_zero() {
    assert_snapshot!(refused("--lr 0"), @"
    exit 2
    error: `training.learning_rate = 0`, as written on the command line, is not possible: it takes a number above 0, or `auto`
    hint: `training.learning_rate`: the learning rate of Adam; auto: 0.001, 0.002 for a table of 3,000 records, and 0.003 for one of 10,000
    ");
}

#[test]
fn learning_rate_that_is_no_number() {
    assert_snapshot!(refused("--lr nan"), @"
    exit 2
    error: `training.learning_rate = nan`, as written on the command line, is not possible: it takes a number above 0, or `auto`
    hint: `training.learning_rate`: the learning rate of Adam; auto: 0.001, 0.002 for a table of 3,000 records, and 0.003 for one of 10,000
    ");
}

#[test]
fn beta_negative() {
    assert_snapshot!(refused("--beta -1"), @"
    exit 2
    error: `objective.beta = -1`, as written on the command line, is not possible: it takes a number of at least 0
    hint: `objective.beta`: the weight of the rate, KL(q(z|x,y) || p(z|y))
    ");
}

#[test]
fn records_zero() {
    assert_snapshot!(refused("--records 0"), @"
    exit 2
    error: `data.records = 0`, as written on the command line, is not possible: it takes a whole number from 1 to 1000000000, or `auto`
    hint: `data.records`: the number of records of built-in data; auto: their own default
    ");
}

#[test]
fn size_of_one() {
    assert_snapshot!(refused("--size 1"), @r#"
    exit 2
    error: `data.size = 1`, as written on the command line, is not possible: it takes a side such as `64`, or width and height such as `"64x48"`, from 2 to 4096, or `auto`
    hint: `data.size`: the size of every picture, as a side or "WIDTHxHEIGHT"; auto: from the files
    "#);
}

#[test]
fn hidden_width_zero() {
    assert_snapshot!(refused("--set network.hidden=500,0"), @"
    exit 2
    error: `network.hidden = [500, 0]`, as written on the command line, is not possible: it takes a list of whole numbers, each from 1 to 65536, or `auto`
    hint: `network.hidden`: the widths of the fully connected layers, mirrored in the decoder
    ");
}

#[test]
fn a_device_that_this_build_lacks() {
    assert_snapshot!(refused("--device cuda"), @r#"
    exit 2
    error: `training.device = "cuda"` is not possible: this build computes only on `cpu`
    hint: build it with the feature `cuda`, or compute with `--device cpu`
    "#);
}

#[test]
fn a_device_that_the_machine_lacks() {
    assert_snapshot!(refused("--device cpu:1"), @r#"
    exit 2
    error: `training.device = "cpu:1"` is not possible: the last `cpu` device of this machine is `cpu:0`
    hint: compute with `--device cpu`
    "#);
}

#[test]
fn a_device_that_nobody_knows() {
    assert_snapshot!(refused("--device tpu"), @r#"
    exit 2
    error: `training.device = "tpu"` is not possible: no device is called that
    hint: devices: `cpu`, `cuda`, `metal`, `vulkan`, `webgpu`; an index may follow, as in `cuda:1`
    "#);
}

#[test]
fn a_precision_that_is_not_there() {
    assert_snapshot!(refused("--precision f16"), @r#"
    exit 2
    error: `network.precision = "f16"`, as written on the command line, is not possible: it takes one of `f32`, `bf16`; did you mean `bf16`?
    hint: `network.precision`: the numbers that the layers multiply: f32, or f32 rounded to bf16 (faster on a processor with AVX512-BF16; sums and weights stay f32)
    "#);
}

#[test]
fn a_preset_that_is_not_there() {
    assert_snapshot!(refused("--preset flax-minst"), @"
    exit 2
    error: there is no preset `flax-minst`; did you mean `flax-mnist`?
    hint: presets: `dense`, `conv`, `conv-residual`, `flax-mnist`, `pythae-mnist`, `small-faces`, `names`, `sentences`
    ");
}

#[test]
fn a_setting_that_is_not_there() {
    assert_snapshot!(refused("--set network.hiden=5"), @"
    exit 2
    error: there is no setting `network.hiden`, as written on the command line; did you mean `network.hidden`?
    ");
}

#[test]
fn a_setting_without_a_value() {
    assert_snapshot!(refused("--set network.hidden"), @"
    exit 2
    error: `network.hidden` sets nothing: it has no `=`
    hint: write `key=value`, such as `network.hidden=500,500`
    ");
}

#[test]
fn a_likelihood_that_is_not_there() {
    assert_snapshot!(refused("--set model.likelihood=gausian"), @r#"
    exit 2
    error: `model.likelihood = "gausian"`, as written on the command line, is not possible: it takes one of `bernoulli`, `gaussian`, `gaussian-per-pixel`, `discretized-logistic`, or `auto`; did you mean `gaussian`?
    hint: `model.likelihood`: p(x|z,y) of the pictures; auto: from the data
    "#);
}

#[test]
fn a_given_field_that_is_not_there() {
    assert_snapshot!(refused("--given smlie"), @"
    exit 2
    error: there is no field `smlie`; did you mean `smile`?
    hint: fields: `image`, `smile`, `skin_tone`, `face_shape`, `beard`, `glasses`, `hair_colour`
    ");
}

#[test]
fn every_field_given() {
    assert_snapshot!(refused("--given image,smile,skin_tone,face_shape,beard,glasses,hair_colour"), @"
    exit 2
    error: the data have no field left to model (fields: `image`, `smile`, `skin_tone`, `face_shape`, `beard`, `glasses`, `hair_colour`)
    hint: use data with at least one field whose values vary, and do not name all such fields as given
    ");
}

#[test]
fn a_config_file_with_a_mistake() {
    let folder = Folder::new();
    folder.write("mine.toml", "[training]\nepochs = 3\nlerning_rate = 0.1\n");
    assert_snapshot!(folder.refused("train builtin:faces --config mine.toml --out run"), @"
    exit 2
    error: there is no setting `training.lerning_rate`, as written in line 3 of `mine.toml`; did you mean `training.learning_rate`?
    ");
    folder.write("mine.toml", "[training]\nepochs = \n");
    assert_snapshot!(folder.refused("train builtin:faces --config mine.toml --out run"), @"
    exit 2
    error: line 2 of `mine.toml` cannot be read: string values must be quoted, expected literal string
    ");
}

#[test]
fn settings_of_a_field() {
    assert_snapshot!(refused("--set fields.smile.knd=category"), @"
    exit 2
    error: there is no setting `fields.smile.knd`, as written on the command line; did you mean `fields.smile.kind`?
    ");
    assert_snapshot!(refused("--set fields.smile.likelihood=gaussian"), @"
    exit 2
    error: `fields.smile.likelihood` is a setting of pictures, but the field `smile` is of kind `flag`
    hint: pictures: `image`
    ");
    assert_snapshot!(refused("--set fields.imge.likelihood=gaussian"), @"
    exit 2
    error: there is no field `imge`; did you mean `image`?
    hint: fields: `image`, `smile`, `skin_tone`, `face_shape`, `beard`, `glasses`, `hair_colour`
    ");
    assert_snapshot!(refused("--set data.binarize=once --set fields.image.likelihood=gaussian"), @"
    exit 2
    error: `data.binarize` and `fields.image.likelihood` exclude each other: black and white pixels need the likelihood `bernoulli`
    ");
}

#[test]
fn a_field_keeps_its_settings_in_the_run() {
    let folder = Folder::new();
    folder.write("mine.toml", "[fields.image]\nlikelihood = \"gaussian\"\n");
    folder.done(&format!("{TINY} --config mine.toml --out run"));
    let saved = String::from_utf8(folder.read("run/config.toml")).unwrap();
    assert!(
        saved.contains("\n[fields.image]\n# p(x|z,y) of this picture"),
        "{saved}"
    );
    assert!(saved.ends_with("\nlikelihood = \"gaussian\"\n"), "{saved}");
    folder.done("sample run -n 2 -o new.png");
}

#[test]
fn a_config_file_that_is_not_there() {
    assert_snapshot!(refused("--config no.toml"), @"
    exit 2
    error: cannot read `no.toml`: No such file or directory (os error 2)
    hint: check the path
    ");
}

#[test]
fn no_data_at_all() {
    assert_snapshot!(Folder::new().refused("train --out run"), @"
    exit 2
    error: no data are named
    hint: name a folder, a file or `builtin:faces`, or set `data.source`
    ");
}

#[test]
fn no_place_for_the_run() {
    assert_snapshot!(Folder::new().refused("train builtin:faces"), @"
    exit 2
    error: the following required arguments were not provided:
      --out <RUN>

    Usage: elbo train [OPTIONS] --out <RUN> <DATA>
           elbo train --resume <RUN>

    For more information, try '--help'.
    ");
}

#[test]
fn resuming_takes_no_other_settings() {
    assert_snapshot!(Folder::new().refused("train --resume run --epochs 5"), @"
    exit 2
    error: the argument '--resume <RUN>' cannot be used with:
      [DATA]
      --out <RUN>
      --force
      --given <FIELD>
      --model <FIELD>
      --preset <NAME>
      --config <FILE.toml>
      --no-rules
      --latent <N>
      --epochs <N>
      --batch <N>
      --lr <F>
      --beta <F>
      --seed <N>
      --device <DEVICE>
      --precision <TYPE>
      --set <key=value>

    Usage: elbo train [OPTIONS] --out <RUN> <DATA>
           elbo train --resume <RUN>

    For more information, try '--help'.
    ");
}
