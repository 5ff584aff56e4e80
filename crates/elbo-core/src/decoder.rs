//! The decoder: z and y to the likelihood p(x|z,y), a product over the x fields.

use burn::module::Module;
use burn::tensor::Tensor;

use crate::condition::Embedded;
use crate::field::image::{ImageDistribution, ImageHead};
use crate::network::Mlp;
use crate::{FieldKind, Fields, Init, ModelConfig, Value};

/// z joined with y through dense layers, then a head for each x field.
#[derive(Module, Debug)]
pub struct Decoder {
    hidden: Mlp,
    heads: Vec<Head>,
}

#[derive(Module, Debug)]
enum Head {
    Image(ImageHead),
}

/// Size of the latents' first weights beside a condition, as a share of the usual: what is given is used
/// first, and the latents learn what it leaves open.
const LATENT_SCALE: f32 = 0.1;

impl Decoder {
    /// The mirror of the encoder of the same config.
    pub fn init(config: &ModelConfig, condition: usize, init: &mut Init) -> Self {
        let widths: Vec<_> = config.network.hidden.iter().rev().copied().collect();
        let hidden = Mlp::init(
            config.latent,
            condition,
            &widths,
            config.network.activation,
            init,
            |input| {
                if condition > 0 && input < config.latent {
                    LATENT_SCALE
                } else {
                    1.0
                }
            },
        );
        let mut heads = Vec::new();
        for field in &config.x {
            if let FieldKind::Image { shape, likelihood } = field.kind {
                heads.push(Head::Image(ImageHead::init(
                    &config.network,
                    shape,
                    likelihood,
                    hidden.width() + condition,
                    init,
                )));
            }
        }
        Self { hidden, heads }
    }

    /// p(x|z,y).
    pub fn likelihood(&self, z: Tensor<2>, y: &Embedded) -> Likelihood {
        let h = y.join(self.hidden.forward(z, y));
        let heads = self
            .heads
            .iter()
            .map(|Head::Image(head)| FieldDistribution::Image(head.forward(h.clone())));
        Likelihood {
            fields: heads.collect(),
        }
    }
}

/// p(x|z,y): independent over the fields, given z and y.
#[derive(Clone, Debug)]
pub struct Likelihood {
    /// One distribution for each x field, in the config's order.
    pub fields: Vec<FieldDistribution>,
}

/// The distribution of one x field.
#[derive(Clone, Debug)]
pub enum FieldDistribution {
    /// Of an image.
    Image(ImageDistribution),
}

impl Likelihood {
    /// log p(x|z,y), `[batch]`, in nats: the sum over fields, a missing field contributing zero.
    pub fn log_prob(&self, x: &Fields) -> Tensor<1> {
        let terms = self
            .fields
            .iter()
            .zip(&x.0)
            .map(|(p, field)| match (p, &field.value) {
                (FieldDistribution::Image(p), Value::Image(pixels)) => {
                    p.log_prob(pixels.clone()) * field.given.clone().squeeze_dim(1)
                }
                _ => unreachable!("the config's kinds decide both the head and the values"),
            });
        terms
            .reduce(|sum, term| sum + term)
            .unwrap_or_else(|| unreachable!("ModelConfig::check asks for an x field"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distribution::Bernoulli;
    use crate::testing::{assert_close, rows};
    use crate::{Field, Value};

    /// Fair coins for two records of `D` values.
    fn coins<const D: usize>() -> FieldDistribution {
        FieldDistribution::Image(ImageDistribution::Bernoulli(Bernoulli {
            logits: rows([[0.0; D]; 2]),
        }))
    }

    fn field<const D: usize>(given: [[f32; 1]; 2]) -> Field {
        Field {
            value: Value::Image(rows([[1.0; D]; 2])),
            given: rows(given),
        }
    }

    #[test]
    fn fields_add_and_a_missing_one_adds_nothing() {
        let p = Likelihood {
            fields: vec![coins::<2>(), coins::<3>()],
        };
        let x = Fields(vec![field::<2>([[1.0], [1.0]]), field::<3>([[1.0], [0.0]])]);
        // (2 + 3) and 2 fair coins
        assert_close(&p.log_prob(&x), &[-5.0 * 2.0_f64.ln(), -2.0 * 2.0_f64.ln()], 1e-6);
    }
}
