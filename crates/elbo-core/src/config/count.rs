//! How many weights a config asks for, computed before anything is allocated.

use super::{
    FieldKind, FieldSpec, ImageLikelihood, ImageShape, ModelConfig, NetworkConfig, NetworkKind, PriorKind,
    code_steps,
};
use crate::auxiliary;
use crate::field::law::parameters;
use crate::field::levels::kinds_with_levels;
use crate::field::vectors::learned;
use crate::network::conditional::CONTEXT;

impl ModelConfig {
    /// Number of weights of the model, to the last one. Wide integers: a hostile config may ask for
    /// more than 64 bits can count.
    pub(super) fn weights(&self) -> u128 {
        let network = &self.network;
        let hidden: Vec<_> = network.hidden.iter().map(|width| wide(*width)).collect();
        let mirrored: Vec<_> = hidden.iter().rev().copied().collect();
        let whole = self.x.iter().filter_map(|field| network.modelled(&field.kind));
        let modelled = sums(whole.chain([self.level_sum()]));
        let modelled_too = |field: &FieldSpec| field.kind.levels() > 0 && self.x.contains(field);
        let apart = self.y.iter().filter(|field| !modelled_too(field));
        let apart = apart.map(|field| network.given(&field.kind));
        let sum = self.y.iter().any(modelled_too).then(|| self.level_sum());
        let apart = sums(apart);
        let apart_width = apart.width;
        let given = sums([apart].into_iter().chain(sum));
        let (features, condition) = (modelled.width, given.width);

        let latent = wide(self.latent);
        // The posterior sees the levels beside the hidden units.
        let encoder = chain(features, apart_width, &hidden, 2 * latent) + self.level_sum().width * 2 * latent;
        let decoder = match mirrored.split_last() {
            Some((last, _)) => chain(latent, condition, &mirrored[..mirrored.len() - 1], *last),
            None => 0,
        };
        let inputs = mirrored.last().copied().unwrap_or(latent) + condition;
        let heads: u128 = self.x.iter().map(|field| network.head(&field.kind, inputs)).sum();
        let heads = heads + self.level_weights(inputs);
        let prior = match self.prior {
            _ if self.y.is_empty() => 0,
            PriorKind::Standard => 0,
            PriorKind::Learned | PriorKind::Mixture => chain(
                condition,
                0,
                hidden.last().map_or(&[], std::slice::from_ref),
                2 * latent,
            ),
        };
        let auxiliary = self.auxiliary_weights(latent + apart_width);
        modelled.weights + given.weights + encoder + decoder + heads + auxiliary + prior
    }

    /// The sum of the vectors of all modelled levels, as the encoder and the condition see it.
    fn level_sum(&self) -> Size {
        let kinds = kinds_with_levels(&self.x);
        let width = wide(self.network.given_width());
        Size {
            weights: wide(learned(kinds.iter().copied(), self.network.number_steps)) * width,
            width: if kinds.is_empty() { 0 } else { width },
        }
    }

    /// Weights of the auxiliary decoder, fed by `inputs` values.
    fn auxiliary_weights(&self, inputs: u128) -> u128 {
        if self.network.chain == 0 {
            return 0;
        }
        let kinds = kinds_with_levels(&self.x).into_iter();
        let outputs = kinds.map(|kind| wide(auxiliary::outputs(kind)));
        (inputs + 1) * outputs.sum::<u128>()
    }

    /// Weights of the networks and of the outputs of all fields with levels.
    fn level_weights(&self, inputs: u128) -> u128 {
        let network = &self.network;
        let (chain, context) = (wide(network.chain), wide(CONTEXT));
        let each = kinds_with_levels(&self.x).into_iter().map(|kind| {
            let outputs = wide(parameters(kind, network.components));
            match chain {
                0 => (inputs + 1) * outputs,
                _ => {
                    let vectors = wide(learned([kind], network.number_steps)) * context;
                    let layers = (context + inputs + 1) * chain + (chain + 1) * chain;
                    vectors + layers + (chain + 1) * outputs
                }
            }
        });
        each.sum()
    }
}

/// Number of weights and width of a field's embedding.
struct Size {
    weights: u128,
    width: u128,
}

fn sums(sizes: impl Iterator<Item = Size>) -> Size {
    let none = Size { weights: 0, width: 0 };
    sizes.fold(none, |sum, size| Size {
        weights: sum.weights + size.weights,
        width: sum.width + size.width,
    })
}

impl NetworkConfig {
    /// The embedding of a modelled image or text; none of a field with levels.
    fn modelled(&self, kind: &FieldKind) -> Option<Size> {
        match kind {
            FieldKind::Image { shape, .. } => Some(Size {
                weights: self.convolutions(shape).encoder,
                width: wide(self.features(shape)),
            }),
            FieldKind::Text(shape) => Some(Size {
                weights: shape.encoder_weights(),
                width: wide(shape.features()),
            }),
            FieldKind::Category { .. } | FieldKind::Flag { .. } | FieldKind::Number { .. } => None,
        }
    }

    /// The embedding of a given field.
    fn given(&self, kind: &FieldKind) -> Size {
        let width = wide(self.given_width());
        match kind {
            FieldKind::Image { shape, .. } => Size {
                weights: self.convolutions(shape).encoder + (wide(self.features(shape)) + 1) * width,
                width: width + 1,
            },
            FieldKind::Text(shape) => Size {
                weights: shape.embedding_weights(self.given_width()),
                width: width + 1,
            },
            FieldKind::Number { .. } => Size {
                weights: 0,
                width: 2 + wide(code_steps(kind.levels())),
            },
            FieldKind::Category { levels } => self.table(*levels),
            FieldKind::Flag { missing } => flag(*missing),
        }
    }

    /// A learned vector for each level, and one for "not observed".
    fn table(&self, levels: usize) -> Size {
        let rows = wide(levels) + 1;
        let width = rows.min(wide(self.embedding));
        Size {
            weights: rows * width,
            width,
        }
    }

    /// Weights of the head of an image or a text, fed by `inputs` values.
    fn head(&self, kind: &FieldKind, inputs: u128) -> u128 {
        match kind {
            FieldKind::Image {
                shape, likelihood, ..
            } => {
                let spread = match likelihood {
                    ImageLikelihood::Bernoulli => 0,
                    ImageLikelihood::Gaussian => 1,
                    ImageLikelihood::GaussianPerPixel => wide(shape.len()),
                    ImageLikelihood::DiscretizedLogistic => wide(shape.channels),
                };
                let dense = (inputs + 1) * wide(self.features(shape));
                spread + dense + self.convolutions(shape).decoder
            }
            FieldKind::Text(shape) => shape.head_weights(inputs),
            FieldKind::Category { .. } | FieldKind::Flag { .. } | FieldKind::Number { .. } => 0,
        }
    }

    /// Weights of an image's convolutions; none in a dense network.
    fn convolutions(&self, shape: &ImageShape) -> Convolutions {
        let mut weights = Convolutions::default();
        if self.kind == NetworkKind::Dense {
            return weights;
        }
        let mut inputs = wide(shape.channels);
        for outputs in self.channels.iter().map(|channels| wide(*channels)) {
            let strided = 16 * inputs * outputs;
            let residual = wide(self.residual_blocks) * 2 * (9 * outputs * outputs + outputs);
            weights.encoder += strided + outputs + residual;
            weights.decoder += strided + inputs + residual;
            inputs = outputs;
        }
        weights
    }
}

/// The embedding of a flag, which has no weights.
fn flag(missing: bool) -> Size {
    Size {
        weights: 0,
        width: 2 + u128::from(missing),
    }
}

/// Weights of strided and residual convolutions.
#[derive(Default)]
struct Convolutions {
    encoder: u128,
    decoder: u128,
}

/// Weights and biases of dense layers from `inputs` through `widths` to `outputs`, each beside a
/// condition of `condition` values.
fn chain(inputs: u128, condition: u128, widths: &[u128], outputs: u128) -> u128 {
    let mut width = inputs;
    let mut weights = 0;
    for next in widths.iter().copied().chain([outputs]) {
        weights += (width + condition + 1) * next;
        width = next;
    }
    weights
}

fn wide(n: usize) -> u128 {
    n as u128
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{device, uniform};
    use crate::{Activation, FieldSpec, Init, Model, NumberBin, Region, TextShape};
    use elbo_kernels::Precision;

    fn config(
        kind: NetworkKind,
        hidden: &[usize],
        likelihood: ImageLikelihood,
        prior: PriorKind,
    ) -> ModelConfig {
        let field = |name: &str, kind| FieldSpec {
            name: name.into(),
            kind,
        };
        let shape = ImageShape {
            height: 9,
            width: 6,
            channels: 3,
        };
        let image = |region| FieldKind::Image {
            shape,
            likelihood,
            region,
        };
        let text = FieldKind::Text(TextShape {
            vocabulary: 9,
            channels: 4,
            layers: 2,
        });
        let bin = |single| NumberBin {
            share: 0.125,
            centre: 0.0,
            single,
        };
        // one of seven bins is named
        let age = FieldKind::Number {
            bins: [vec![bin(true)], vec![bin(false); 6]].concat(),
            missing: true,
        };
        ModelConfig {
            x: vec![
                field("image", image(Region::Left)),
                field("text", text.clone()),
                field("age", age.clone()),
                field("flag", FieldKind::Flag { missing: true }),
                field("label", FieldKind::Category { levels: 3 }),
            ],
            y: vec![
                field("few", FieldKind::Category { levels: 2 }),
                field("many", FieldKind::Category { levels: 7 }),
                field("flag", FieldKind::Flag { missing: false }),
                field("sure", FieldKind::Flag { missing: true }),
                field("part", image(Region::Right)),
                field("text", text),
                field("age", age),
                field(
                    "bare",
                    FieldKind::Number {
                        bins: vec![],
                        missing: false,
                    },
                ),
            ],
            latent: 2,
            network: NetworkConfig {
                kind,
                hidden: hidden.to_vec(),
                channels: vec![4, 5],
                residual_blocks: 2,
                activation: Activation::Relu,
                embedding: 4,
                chain: 3,
                components: 2,
                number_steps: 3,
                precision: Precision::F32,
            },
            prior,
        }
    }

    #[test]
    fn the_count_is_the_number_of_weights_that_are_built() {
        use ImageLikelihood::{Bernoulli, DiscretizedLogistic, Gaussian, GaussianPerPixel};
        for config in [
            config(NetworkKind::Dense, &[], Gaussian, PriorKind::Learned),
            config(
                NetworkKind::Dense,
                &[11, 7],
                GaussianPerPixel,
                PriorKind::Standard,
            ),
            config(NetworkKind::Conv, &[], Bernoulli, PriorKind::Standard),
            config(
                NetworkKind::Conv,
                &[11, 7],
                DiscretizedLogistic,
                PriorKind::Learned,
            ),
        ] {
            let mut init = Init {
                uniform: &mut |n| uniform(0, n),
                device: &device(),
                precision: Precision::F32,
            };
            let model = Model::init(&config, &mut init).unwrap();
            let built: usize = model.weights().values().map(|array| array.values.len()).sum();
            assert_eq!(config.weights(), wide(built), "{config:?}");
        }
    }

    #[test]
    fn a_small_network_counted_by_hand() {
        let config = config(
            NetworkKind::Dense,
            &[],
            ImageLikelihood::Bernoulli,
            PriorKind::Learned,
        );
        // x is as wide as the image, 9·6·3 = 162, the text's three times 4 channels, and the sum of the levels' vectors,
        // 4 (no hidden layer, so as wide as an embedding); y as 3 and 4, flags of 2 and 3, the image's and the text's
        // 4 + 1, the bare number's 2, and such a sum too, for the age is modelled and given; the encoder does not see that one, and
        // its posterior sees the sum of x twice
        let (x, y) = (162 + 12 + 4, 3 + 4 + 2 + 3 + 5 + 5 + 2 + 4);
        let inputs = 2 + y;
        // a text's encoder: 9 tokens of 4, two convolutions of 3·4·4 + 4; its head 36 too, two convolutions
        // and 4·4 + 4 behind each, three shifts of 4, and 7 tokens that are written
        let (text, head) = (36 + 2 * 52, 36 + 2 * (52 + 20) + (inputs + 1) * 12 + 5 * 7);
        // of the number are known: score, centre, that it is, three ramps, the named value and missing; of the flag and
        // the label three levels each
        let tables_of_x = (8 + 3 + 3) * 4;
        let tables_of_y = 3 * 3 + 8 * 4 + (162 + 1) * 4 + text + (12 + 1) * 4 + tables_of_x;
        // vectors of 8 facts, 3 and 3 levels; two layers for each of three fields; outputs for three named things and
        // two components of the number, three levels of the flag and of the label
        let levels = (8 + 3 + 3) * 64 + 3 * ((64 + inputs + 1) * 3 + (3 + 1) * 3) + (3 + 1) * (3 + 6 + 3 + 3);
        // the auxiliary decoder sees the latents and all of y but the age, and puts out the mean of the number
        let auxiliary = (2 + y - 4 + 1) * (1 + 3 + 3);
        let heads = (inputs + 1) * 162 + head + levels + auxiliary;
        assert_eq!(
            config.weights(),
            tables_of_x + text + tables_of_y + (x + 4 + y - 4 + 1) * 4 + heads + (y + 1) * 4
        );
    }
}
