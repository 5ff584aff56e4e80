//! The decoder: z and y to the likelihood p(x|z,y), a product over the x fields.

use burn::module::Module;
use burn::tensor::{Int, Tensor};

use crate::field::image::{ImageDistribution, ImageHead};
use crate::field::levels::{Levels, LevelsHead};
use crate::field::text::{TextDistribution, TextHead};
use crate::fields::LevelValues;
use crate::network::conditional::Variation;
use crate::network::{Embedded, Mlp};
use crate::{FieldKind, FieldSpec, Fields, Init, ModelConfig, NetworkConfig};

/// z joined with y through dense layers, then a head for each image and text, and one for all fields with
/// levels.
#[derive(Module, Debug)]
pub struct Decoder {
    hidden: Mlp,
    /// The heads of images and texts, in the order of the x fields.
    heads: Vec<Head>,
    levels: Option<LevelsHead>,
    /// Whether each x field has levels.
    #[module(skip)]
    has_levels: Vec<bool>,
}

/// The head of one image or text.
#[derive(Module, Debug)]
enum Head {
    Image(ImageHead),
    Text(TextHead),
}

/// Scale of the latents' initial weights beside fields that are always given: small, so that these are used first, and
/// the latents learn the rest.
const LATENT_SCALE: f32 = 0.1;

impl Decoder {
    /// The mirror of the encoder of the same config.
    pub fn init(config: &ModelConfig, condition: usize, init: &mut Init) -> Self {
        let widths: Vec<_> = config.network.hidden.iter().rev().copied().collect();
        let always_given = config.y.iter().any(|field| !config.x.contains(field));
        let scale = |input| match always_given && input < config.latent {
            true => LATENT_SCALE,
            false => 1.0,
        };
        let (latent, activation) = (config.latent, config.network.activation);
        let hidden = Mlp::init(latent, condition, &widths, activation, init, scale);
        let inputs = hidden.width() + condition;
        let heads = config.x.iter();
        let heads = heads.filter_map(|field| Head::init(field, &config.network, inputs, init));
        Self {
            heads: heads.collect(),
            levels: LevelsHead::init(&config.x, inputs, &config.network, init),
            has_levels: config.x.iter().map(|field| field.kind.levels() > 0).collect(),
            hidden,
        }
    }

    /// p(x|z,y).
    pub fn likelihood(&self, z: Tensor<2>, y: &Embedded) -> Likelihood {
        let h = self.hidden(z, y);
        let mut heads = self.heads.iter().map(|head| head.forward(h.clone()));
        let fields = self.has_levels.iter().map(|levels| match levels {
            true => FieldDistribution::Levels,
            false => heads
                .next()
                .unwrap_or_else(|| unreachable!("each image and text has a head")),
        });
        Likelihood {
            fields: fields.collect(),
            levels: self
                .levels
                .as_ref()
                .map(|levels| levels.forward(h.clone(), y.levels.as_ref())),
        }
    }

    /// The distributions of the fields with levels alone, where there are any.
    pub fn levels(&self, z: Tensor<2>, y: &Embedded) -> Option<Levels> {
        let levels = self.levels.as_ref()?;
        Some(levels.forward(self.hidden(z, y), y.levels.as_ref()))
    }

    fn hidden(&self, z: Tensor<2>, y: &Embedded) -> Tensor<2> {
        y.join(self.hidden.forward(z, y))
    }
}

impl Head {
    /// None for a field with levels.
    fn init(field: &FieldSpec, network: &NetworkConfig, inputs: usize, init: &mut Init) -> Option<Self> {
        match &field.kind {
            FieldKind::Image {
                shape,
                likelihood,
                region,
            } => Some(Self::Image(ImageHead::init(
                network,
                *shape,
                *likelihood,
                *region,
                inputs,
                init,
            ))),
            FieldKind::Text(shape) => Some(Self::Text(TextHead::init(*shape, inputs, init))),
            FieldKind::Category { .. } | FieldKind::Flag { .. } | FieldKind::Number { .. } => None,
        }
    }

    fn forward(&self, h: Tensor<2>) -> FieldDistribution {
        match self {
            Self::Image(head) => FieldDistribution::Image {
                image: Box::new(head.forward(h)),
                places: head.places().map(Box::new),
            },
            Self::Text(head) => FieldDistribution::Text(Box::new(head.forward(h))),
        }
    }
}

/// p(x|z,y): a product over the fields. Those with levels may be autoregressive, each given the ones before it.
#[derive(Clone, Debug)]
pub struct Likelihood {
    /// One distribution for each x field, in the config's order.
    pub fields: Vec<FieldDistribution>,
    /// The distributions of all x fields that have levels, in the config's order.
    pub levels: Option<Levels>,
}

/// The distribution of one x field.
#[derive(Clone, Debug)]
pub enum FieldDistribution {
    /// An image's distribution.
    Image {
        /// The distribution of all its values.
        image: Box<ImageDistribution>,
        /// Indices of the modelled values, if they are a part of the image.
        places: Option<Box<Tensor<1, Int>>>,
    },
    /// A text's distribution.
    Text(Box<TextDistribution>),
    /// A field with levels, whose distribution is the next one in [`Likelihood::levels`].
    Levels,
}

impl Likelihood {
    /// log p(x|z,y), `[batch]`, in nats: the sum over fields, a missing field contributing zero.
    pub fn log_prob(&self, x: &Fields) -> Tensor<1> {
        self.log_prob_in(Variation::default(), x)
    }

    /// The same, with the networks of fields that have levels varied.
    pub fn log_prob_in(&self, variation: Variation<'_>, x: &Fields) -> Tensor<1> {
        let whole = self.whole_terms(x).map(|(_, term)| term);
        let levels = self.level_terms(x, variation).map(|terms| terms.sum_dim(1));
        let terms = whole.chain(levels);
        terms
            .reduce(|sum, term| sum + term)
            .unwrap_or_else(|| unreachable!("ModelConfig::check asks for an x field"))
            .squeeze_dim(1)
    }

    /// The terms of [`Self::log_prob`] in the order of the record, `[batch, fields]`.
    pub fn log_prob_per_field(&self, x: &Fields) -> Tensor<2> {
        let mut columns: Vec<(usize, Tensor<2>)> = self.whole_terms(x).collect();
        let places = (0..).zip(&self.fields);
        let places = places.filter(|(_, p)| matches!(p, FieldDistribution::Levels));
        if let Some(terms) = self.level_terms(x, Variation::default()) {
            let terms = terms.split(1, 1);
            columns.extend(places.map(|(place, _)| place).zip(terms));
        }
        columns.sort_by_key(|(place, _)| *place);
        Tensor::cat(columns.into_iter().map(|(_, column)| column).collect(), 1)
    }

    /// The index and the term, `[batch, 1]`, of each field that is an image or a text.
    fn whole_terms<'a>(&'a self, x: &'a Fields) -> impl Iterator<Item = (usize, Tensor<2>)> + 'a {
        let fields = (0..).zip(self.fields.iter().zip(&x.0));
        fields.filter_map(|(place, (p, field))| {
            let term = match p {
                FieldDistribution::Image { image, places: None } => image.log_prob(field.value.pixels()),
                FieldDistribution::Image {
                    image,
                    places: Some(places),
                } => image
                    .at(places)
                    .log_prob(field.value.pixels().select(1, places.as_ref().clone())),
                FieldDistribution::Text(p) => p.log_prob_of(field.value.text()),
                FieldDistribution::Levels => return None,
            };
            Some((place, term.unsqueeze_dim(1) * field.observed.clone()))
        })
    }

    /// The terms of the fields that have levels, `[batch, fields with levels]`.
    fn level_terms(&self, x: &Fields, variation: Variation<'_>) -> Option<Tensor<2>> {
        let levels = self.levels.as_ref()?;
        let LevelValues {
            levels: values,
            observed,
            within,
        } = x.levels()?;
        let log_prob = levels.log_prob(values, observed.clone(), variation);
        Some((log_prob + within) * observed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distribution::Bernoulli;
    use crate::testing::{assert_close, codes, rows};
    use crate::{Field, Value};

    /// Fair coins for two records of `D` values.
    fn coins<const D: usize>() -> FieldDistribution {
        FieldDistribution::Image {
            image: Box::new(ImageDistribution::Bernoulli(Bernoulli {
                logits: rows([[0.0; D]; 2]),
            })),
            places: None,
        }
    }

    fn field<const D: usize>(observed: [[f32; 1]; 2]) -> Field {
        Field {
            value: Value::Image(rows([[1.0; D]; 2])),
            observed: rows(observed),
        }
    }

    #[test]
    fn fields_add_and_a_missing_one_adds_nothing() {
        let p = Likelihood {
            fields: vec![coins::<2>(), coins::<3>()],
            levels: None,
        };
        let x = Fields(vec![field::<2>([[1.0], [1.0]]), field::<3>([[1.0], [0.0]])]);
        // (2 + 3) and 2 fair coins
        assert_close(&p.log_prob(&x), &[-5.0 * 2.0_f64.ln(), -2.0 * 2.0_f64.ln()], 1e-6);
    }

    #[test]
    fn terms_stand_in_the_order_of_the_fields_and_add_up() {
        // a fair flag, an image of two coins, a category of ¼ ¾: from no hidden unit, with biases alone
        let p = Likelihood {
            fields: vec![FieldDistribution::Levels, coins::<2>(), FieldDistribution::Levels],
            levels: Some(Levels::of_logits(&[&[0.0, 0.0], &[0.0, 3.0_f32.ln()]], 2)),
        };
        let all = || rows([[1.0], [1.0]]);
        let levels = |value, observed| Field { value, observed };
        let x = Fields(vec![
            levels(Value::Flag(rows([[1.0], [0.0]])), all()),
            field::<2>([[1.0], [1.0]]),
            levels(Value::Category(codes(&[1, 0])), rows([[1.0], [0.0]])),
        ]);
        let [flag, image, category] = [0.5, 0.25, 0.75].map(f64::ln);
        let terms = p.log_prob_per_field(&x);
        assert_close(&terms, &[flag, image, category, flag, image, 0.0], 1e-6);
        assert_close(&p.log_prob(&x), &[flag + image + category, flag + image], 1e-6);
    }
}
