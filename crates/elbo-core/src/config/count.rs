//! How many weights a config asks for, known before anything is allocated.

use super::{FieldKind, ImageLikelihood, ImageShape, ModelConfig, NetworkConfig, NetworkKind, PriorKind};

impl ModelConfig {
    /// Number of weights of the model, to the last one. Wide integers: a hostile config may ask for
    /// more than 64 bits can count.
    pub(super) fn weights(&self) -> u128 {
        let network = &self.network;
        let hidden: Vec<_> = network.hidden.iter().map(|width| wide(*width)).collect();
        let mirrored: Vec<_> = hidden.iter().rev().copied().collect();
        let condition: u128 = self.given().map(|[_, width]| width).sum();
        let tables: u128 = self.given().map(|[entries, _]| entries).sum();
        let features: u128 = self
            .images()
            .map(|(shape, _)| wide(network.features(&shape)))
            .sum();
        let images: u128 = self
            .images()
            .map(|(shape, likelihood)| network.image_weights(&shape, likelihood))
            .sum();

        let latent = wide(self.latent);
        let encoder = chain(features, condition, &hidden, 2 * latent);
        let decoder = chain(latent, condition, &mirrored, features);
        let prior = match self.prior {
            PriorKind::Standard => 0,
            PriorKind::Learned => chain(
                condition,
                0,
                hidden.last().map_or(&[], std::slice::from_ref),
                2 * latent,
            ),
        };
        tables + images + encoder + decoder + prior
    }

    fn images(&self) -> impl Iterator<Item = (ImageShape, ImageLikelihood)> {
        self.x.iter().filter_map(|field| match field.kind {
            FieldKind::Image { shape, likelihood } => Some((shape, likelihood)),
            _ => None,
        })
    }

    /// Learned entries and width of each given field's embedding.
    fn given(&self) -> impl Iterator<Item = [u128; 2]> {
        self.y.iter().map(|field| match field.kind {
            FieldKind::Category { levels } => {
                let entries = wide(levels) + 1;
                let width = entries.min(wide(self.network.embedding));
                [entries * width, width]
            }
            _ => [0, 2],
        })
    }
}

impl NetworkConfig {
    /// Weights of an image field outside the dense layers: its convolutions and its learned spread.
    fn image_weights(&self, shape: &ImageShape, likelihood: ImageLikelihood) -> u128 {
        let spread = match likelihood {
            ImageLikelihood::Bernoulli => 0,
            ImageLikelihood::Gaussian => 1,
            ImageLikelihood::GaussianPerPixel => wide(shape.len()),
            ImageLikelihood::DiscretizedLogistic => wide(shape.channels),
        };
        match self.kind {
            NetworkKind::Dense => spread,
            NetworkKind::Conv => spread + self.convolutions(shape),
        }
    }

    /// Weights of the encoder's and the decoder's stages.
    fn convolutions(&self, shape: &ImageShape) -> u128 {
        let mut inputs = wide(shape.channels);
        let mut weights = 0;
        for outputs in self.channels.iter().map(|channels| wide(*channels)) {
            let strided = 2 * 16 * inputs * outputs + outputs + inputs;
            let residual = 2 * 2 * (9 * outputs * outputs + outputs);
            weights += strided + wide(self.residual_blocks) * residual;
            inputs = outputs;
        }
        weights
    }
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
    use crate::{Activation, FieldSpec, Init, Model};
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
        ModelConfig {
            x: vec![field("image", FieldKind::Image { shape, likelihood })],
            y: vec![
                field("few", FieldKind::Category { levels: 2 }),
                field("many", FieldKind::Category { levels: 7 }),
                field("flag", FieldKind::Flag),
            ],
            latent: 2,
            network: NetworkConfig {
                kind,
                hidden: hidden.to_vec(),
                channels: vec![4, 5],
                residual_blocks: 2,
                activation: Activation::Relu,
                embedding: 4,
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
        // x is 9·6·3 = 162 wide, y 3 + 4 + 2 = 9; then encoder, decoder, the tables 3·3 and 8·4, prior
        assert_eq!(
            config.weights(),
            (162 + 9 + 1) * 4 + (2 + 9 + 1) * 162 + 9 + 32 + (9 + 1) * 4
        );
    }
}
