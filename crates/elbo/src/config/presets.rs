//! Sets of settings that go well together, by name: TOML files with a reason beside each value.

use elbo_data::error::nearest;

use crate::Error;

struct Preset {
    name: &'static str,
    about: &'static str,
    text: &'static str,
}

const PRESETS: [Preset; 8] = [
    Preset {
        name: "dense",
        about: "fully connected layers, for small pictures",
        text: include_str!("presets/dense.toml"),
    },
    Preset {
        name: "conv",
        about: "convolutions, for photographs",
        text: include_str!("presets/conv.toml"),
    },
    Preset {
        name: "conv-residual",
        about: "convolutions with residual blocks: slower, sharper",
        text: include_str!("presets/conv-residual.toml"),
    },
    Preset {
        name: "flax-mnist",
        about: "the VAE of flax's examples: MNIST in ten epochs",
        text: include_str!("presets/flax-mnist.toml"),
    },
    Preset {
        name: "pythae-mnist",
        about: "the VAE of pythae's benchmark: binarised MNIST in 500 epochs",
        text: include_str!("presets/pythae-mnist.toml"),
    },
    Preset {
        name: "small-faces",
        about: "six latents for `builtin:faces`, in about a minute",
        text: include_str!("presets/small-faces.toml"),
    },
    Preset {
        name: "names",
        about: "short texts, character by character",
        text: include_str!("presets/names.toml"),
    },
    Preset {
        name: "sentences",
        about: "texts of some dozens of tokens",
        text: include_str!("presets/sentences.toml"),
    },
];

/// A preset of earlier builds. Tables need none, since the defaults are chosen from the data; commands that name it go on.
const FORMER: &str = "table";

/// Name and one line about each preset.
///
/// ```
/// assert!(elbo::config::presets().iter().any(|(name, _)| *name == "flax-mnist"));
/// ```
pub fn presets() -> Vec<(&'static str, &'static str)> {
    PRESETS.iter().map(|preset| (preset.name, preset.about)).collect()
}

/// The preset as TOML.
///
/// # Errors
/// [`Error::UnknownPreset`].
pub fn text(name: &str) -> Result<&'static str, Error> {
    if name == FORMER {
        return Ok("");
    }
    let found = PRESETS.iter().find(|preset| preset.name == name);
    found
        .map(|preset| preset.text)
        .ok_or_else(|| Error::UnknownPreset {
            name: name.to_owned(),
            nearest: nearest(name, PRESETS.iter().map(|preset| preset.name)),
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ConfigSources, RunConfig, fixture};

    fn resolved(name: &str) -> RunConfig {
        RunConfig::resolve(&ConfigSources {
            preset: Some(name.into()),
            ..Default::default()
        })
        .unwrap()
    }

    #[test]
    fn every_preset_can_run() {
        for (name, _) in presets() {
            resolved(name)
                .check(&fixture::schema([64, 64, 3], true), 1000)
                .unwrap();
        }
    }

    #[test]
    fn tables_need_no_preset() {
        assert_eq!(resolved(FORMER), RunConfig::default());
    }

    #[test]
    fn every_value_has_its_reason_beside_it() {
        for preset in PRESETS {
            let values = preset.text.lines().filter(|line| line.contains(" = "));
            assert!(values.clone().count() > 2);
            assert!(
                values.clone().all(|line| line.contains("  # ")),
                "{}",
                preset.name
            );
        }
    }

    #[test]
    fn the_published_schedule_of_pythae() {
        let training = resolved("pythae-mnist").training;
        // Three drops by 10^(-1/5) end at 1e-4 · 10^(-3/5) = 10^(-4.6).
        let last = training.learning_rate.unwrap() * training.decay.powi(3);
        assert!((last - 10f64.powf(-4.6)).abs() < 1e-18);
        assert_eq!(
            (training.epochs, training.batch, training.milestones),
            (Some(500), Some(100), vec![200, 350, 500])
        );
    }
}
