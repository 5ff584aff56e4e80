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
    assert_snapshot!(refused("--latent 0"), @"");
}

#[test]
fn latent_negative() {
    assert_snapshot!(refused("--latent -3"), @"");
}

#[test]
fn latent_that_is_a_word() {
    assert_snapshot!(refused("--latent many"), @"");
}

#[test]
fn epochs_zero() {
    assert_snapshot!(refused("--epochs 0"), @"");
}

#[test]
fn batch_zero() {
    assert_snapshot!(refused("--batch 0"), @"");
}

#[test]
fn batch_larger_than_the_data() {
    assert_snapshot!(refused("--batch 1000"), @"");
}

#[test]
fn learning_rate_zero() {
    assert_snapshot!(refused("--lr 0"), @"");
}

#[test]
fn learning_rate_that_is_no_number() {
    assert_snapshot!(refused("--lr nan"), @"");
}

#[test]
fn beta_negative() {
    assert_snapshot!(refused("--beta -1"), @"");
}

#[test]
fn records_zero() {
    assert_snapshot!(refused("--records 0"), @"");
}

#[test]
fn size_of_one() {
    assert_snapshot!(refused("--size 1"), @"");
}

#[test]
fn hidden_width_zero() {
    assert_snapshot!(refused("--set network.hidden=500,0"), @"");
}

#[test]
fn a_device_that_is_to_come() {
    assert_snapshot!(refused("--device cuda"), @"");
}

#[test]
fn a_preset_that_is_not_there() {
    assert_snapshot!(refused("--preset flax-minst"), @"");
}

#[test]
fn a_setting_that_is_not_there() {
    assert_snapshot!(refused("--set network.hiden=5"), @"");
}

#[test]
fn a_setting_without_a_value() {
    assert_snapshot!(refused("--set network.hidden"), @"");
}

#[test]
fn a_likelihood_that_is_not_there() {
    assert_snapshot!(refused("--set model.likelihood=gausian"), @"");
}

#[test]
fn a_given_field_that_is_not_there() {
    assert_snapshot!(refused("--given smlie"), @"");
}

#[test]
fn a_given_field_that_is_the_picture() {
    assert_snapshot!(refused("--given image"), @"");
}

#[test]
fn a_config_file_with_a_mistake() {
    let folder = Folder::new();
    folder.write("mine.toml", "[training]\nepochs = 3\nlerning_rate = 0.1\n");
    assert_snapshot!(folder.refused("train builtin:faces --config mine.toml --out run"), @"");
    folder.write("mine.toml", "[training]\nepochs = \n");
    assert_snapshot!(folder.refused("train builtin:faces --config mine.toml --out run"), @"");
}

#[test]
fn a_config_file_that_is_not_there() {
    assert_snapshot!(refused("--config no.toml"), @"");
}

#[test]
fn no_data_at_all() {
    assert_snapshot!(Folder::new().refused("train --out run"), @"");
}

#[test]
fn no_place_for_the_run() {
    assert_snapshot!(Folder::new().refused("train builtin:faces"), @"");
}

#[test]
fn resuming_takes_no_other_settings() {
    assert_snapshot!(Folder::new().refused("train --resume run --epochs 5"), @"");
}
