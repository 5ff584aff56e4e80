//! The values of a batch of records, on the device.

use burn::tensor::{Bool, Int, Tensor};

use crate::field::text::{TextGroups, Texts};

/// The values of one field for a batch.
#[derive(Clone, Debug)]
pub enum Value {
    /// Pixels in [0, 1], `[batch, height · width · channels]`.
    Image(Tensor<2>),
    /// A text.
    Text {
        /// Tokens, their end and padding, `[batch, length]`.
        tokens: Tensor<2, Int>,
        /// Tokens that a decoder is not shown while it learns (word dropout), `[batch, length]`.
        withheld: Option<Tensor<2, Bool>>,
        /// The texts by length, where networks had better see those of a length together.
        groups: Option<Box<TextGroups>>,
    },
    /// Level numbers, `[batch]`.
    Category(Tensor<1, Int>),
    /// 0 (no), 1 (yes) or 2 (known to be missing), `[batch, 1]`.
    Flag(Tensor<2>),
    /// A number.
    Number {
        /// Standardised, `[batch, 1]`.
        z: Tensor<2>,
        /// The bin that it falls into, `[batch]`.
        bin: Tensor<1, Int>,
        /// ln p(value | bin), a property of the data, `[batch, 1]`.
        within: Box<Tensor<2>>,
    },
}

impl Value {
    /// The number of each record's level, `[batch, 1]`; none of an image or a text.
    pub(crate) fn levels(&self) -> Option<Tensor<2>> {
        match self {
            Self::Image(_) | Self::Text { .. } => None,
            Self::Category(levels) | Self::Number { bin: levels, .. } => {
                Some(levels.clone().float().unsqueeze_dim(1))
            }
            Self::Flag(flags) => Some(flags.clone()),
        }
    }

    /// The pixels of an image.
    pub(crate) fn pixels(&self) -> Tensor<2> {
        match self {
            Self::Image(pixels) => pixels.clone(),
            Self::Text { .. } | Self::Category(_) | Self::Flag(_) | Self::Number { .. } => {
                self.is_no("image")
            }
        }
    }

    /// The tokens of a text, which of them are withheld, and the texts by length.
    pub(crate) fn text(&self) -> Texts<'_> {
        match self {
            Self::Text {
                tokens,
                withheld,
                groups,
            } => Texts {
                tokens,
                withheld: withheld.as_ref(),
                groups: groups.as_deref(),
            },
            Self::Image(_) | Self::Category(_) | Self::Flag(_) | Self::Number { .. } => self.is_no("text"),
        }
    }

    /// The level numbers of a category.
    pub(crate) fn codes(&self) -> Tensor<1, Int> {
        match self {
            Self::Category(codes) => codes.clone(),
            Self::Image(_) | Self::Text { .. } | Self::Flag(_) | Self::Number { .. } => {
                self.is_no("category")
            }
        }
    }

    /// The values of a flag.
    pub(crate) fn flags(&self) -> Tensor<2> {
        match self {
            Self::Flag(flags) => flags.clone(),
            Self::Image(_) | Self::Text { .. } | Self::Category(_) | Self::Number { .. } => {
                self.is_no("flag")
            }
        }
    }

    /// A standardised number, and its bin.
    pub(crate) fn number(&self) -> (Tensor<2>, Tensor<1, Int>) {
        match self {
            Self::Number { z, bin, .. } => (z.clone(), bin.clone()),
            Self::Image(_) | Self::Text { .. } | Self::Category(_) | Self::Flag(_) => self.is_no("number"),
        }
    }

    /// ln p(value | level), `[batch, 1]`: 0 where a level is one value.
    pub(crate) fn within(&self) -> Option<Tensor<2>> {
        match self {
            Self::Number { within, .. } => Some(within.as_ref().clone()),
            Self::Image(_) | Self::Text { .. } | Self::Category(_) | Self::Flag(_) => None,
        }
    }

    /// Panics: the program passed a value whose kind is not that in the config.
    fn is_no(&self, kind: &str) -> ! {
        unreachable!("the config decides the kind of the values: not a {kind}: {self:?}")
    }
}

/// One field of a batch: its values, and for which records they are observed.
#[derive(Clone, Debug)]
pub struct Field {
    /// The values. Where not observed they are ignored, but they must be finite, and a level must be one of the
    /// field's.
    pub value: Value,
    /// 1 where the value is observed, 0 where it is missing or withheld, `[batch, 1]`.
    pub observed: Tensor<2>,
}

/// Some fields of a batch, in the order of the model's config.
#[derive(Clone, Debug, Default)]
pub struct Fields(pub Vec<Field>);

/// The values of fields with levels side by side, `[batch, fields]` each.
pub(crate) struct LevelValues {
    /// Level numbers.
    pub(crate) levels: Tensor<2>,
    /// 1 where a level is observed, else 0.
    pub(crate) observed: Tensor<2>,
    /// ln p(value | level).
    pub(crate) within: Tensor<2>,
}

impl Fields {
    /// No fields: the condition of a plain VAE.
    pub fn none() -> Self {
        Self::default()
    }

    /// The values of all fields with levels side by side; none without such a field.
    pub(crate) fn levels(&self) -> Option<LevelValues> {
        let (mut levels, mut observed, mut within) = (Vec::new(), Vec::new(), Vec::new());
        for field in &self.0 {
            let Some(level) = field.value.levels() else {
                continue;
            };
            let inner = field.value.within();
            within.push(inner.unwrap_or_else(|| level.zeros_like()));
            levels.push(level);
            observed.push(field.observed.clone());
        }
        (!levels.is_empty()).then(|| LevelValues {
            levels: Tensor::cat(levels, 1),
            observed: Tensor::cat(observed, 1),
            within: Tensor::cat(within, 1),
        })
    }

    /// Each record `times` times in a row: `[batch · times, …]`.
    pub fn repeat_each(&self, times: usize) -> Self {
        Self(self.0.iter().map(|field| field.repeat_each(times)).collect())
    }
}

impl Field {
    fn repeat_each(&self, times: usize) -> Self {
        let levels = |levels: &Tensor<1, Int>| {
            let [batch] = levels.dims();
            let rows = levels.clone().reshape([batch, 1]).repeat_dim(1, times);
            rows.reshape([batch * times])
        };
        let value = match &self.value {
            Value::Image(pixels) => Value::Image(repeat_each(pixels.clone(), times)),
            Value::Text { tokens, withheld, .. } => Value::Text {
                groups: None,
                tokens: repeat_each_int(tokens.clone(), times),
                withheld: withheld
                    .clone()
                    .map(|mask| repeat_each_int(mask.int(), times).equal_elem(1)),
            },
            Value::Flag(flags) => Value::Flag(repeat_each(flags.clone(), times)),
            Value::Category(codes) => Value::Category(levels(codes)),
            Value::Number { z, bin, within } => Value::Number {
                z: repeat_each(z.clone(), times),
                bin: levels(bin),
                within: Box::new(repeat_each(*within.clone(), times)),
            },
        };
        Self {
            value,
            observed: repeat_each(self.observed.clone(), times),
        }
    }
}

/// Each row `times` times in a row: `[batch, d]` to `[batch · times, d]`.
pub(crate) fn repeat_each(rows: Tensor<2>, times: usize) -> Tensor<2> {
    let [batch, d] = rows.dims();
    rows.reshape([batch, 1, d])
        .repeat_dim(1, times)
        .reshape([batch * times, d])
}

fn repeat_each_int(rows: Tensor<2, Int>, times: usize) -> Tensor<2, Int> {
    let [batch, d] = rows.dims();
    rows.reshape([batch, 1, d])
        .repeat_dim(1, times)
        .reshape([batch * times, d])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_close, codes, rows, values};

    #[test]
    fn every_kind_repeats_record_by_record() {
        let observed = rows([[1.0], [0.0]]);
        let tokens = codes(&[5, 2, 6, 2]).reshape([2, 2]);
        let kinds = [
            Value::Image(rows([[0.1, 0.2], [0.3, 0.4]])),
            Value::Category(codes(&[7, 8])),
            Value::Flag(rows([[0.0], [1.0]])),
            Value::Number {
                z: rows([[1.5], [2.5]]),
                bin: codes(&[3, 4]),
                within: Box::new(rows([[-0.5], [-1.0]])),
            },
            Value::Text {
                withheld: Some(tokens.clone().equal_elem(6)),
                tokens,
                groups: None,
            },
        ];
        let fields = kinds.map(|value| Field {
            value,
            observed: observed.clone(),
        });
        let repeated = Fields(fields.into()).repeat_each(2).0;
        for field in &repeated {
            assert_close(&field.observed, &[1.0, 1.0, 0.0, 0.0], 0.0);
        }
        let Value::Image(pixels) = &repeated[0].value else {
            panic!("an image")
        };
        assert_close(pixels, &[0.1, 0.2, 0.1, 0.2, 0.3, 0.4, 0.3, 0.4], 1e-6);
        let levels = |field: usize| values(&repeated[field].value.levels().unwrap());
        assert_eq!(levels(1), [7.0, 7.0, 8.0, 8.0]);
        assert_eq!(levels(2), [0.0, 0.0, 1.0, 1.0]);
        assert_eq!(levels(3), [3.0, 3.0, 4.0, 4.0]);
        let Value::Number { z, .. } = &repeated[3].value else {
            panic!("a number")
        };
        assert_close(z, &[1.5, 1.5, 2.5, 2.5], 0.0);
        let Value::Text { tokens, withheld, .. } = &repeated[4].value else {
            panic!("a text")
        };
        assert_eq!(
            values(&tokens.clone().float()),
            [5.0, 2.0, 5.0, 2.0, 6.0, 2.0, 6.0, 2.0]
        );
        assert_eq!(
            values(&withheld.clone().unwrap().float()),
            [0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0]
        );
    }
}
