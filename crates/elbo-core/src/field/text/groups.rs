//! The texts of a batch by length, so that short ones do not cost as much as the longest: where most records of a table
//! have no text, nearly all of a batch would be padding.

use burn::tensor::{Bool, Device, Int, Tensor};

use crate::field::vectors::indices;

/// Texts of a group have at most so many times as many tokens as the shortest that it is for.
const SPREAD: usize = 4;
/// Groups are made where they leave at most one in so many of the tokens, with the padding, that all texts have together.
const SAVED: usize = 2;

/// Which texts of a batch have about the same length.
#[derive(Clone, Debug)]
pub struct TextGroups {
    /// The places of each group's texts among those of the batch, and its longest text's tokens.
    groups: Vec<(Tensor<1, Int>, usize)>,
    /// The place of each text of the batch among those of all groups.
    back: Tensor<1, Int>,
}

impl TextGroups {
    /// Of texts of so many tokens each, their end included; none where that would not save half of the work.
    pub fn new(lengths: &[usize], device: &Device) -> Option<Self> {
        let groups = by_length(lengths);
        let together: usize = groups
            .iter()
            .map(|(places, longest)| places.len() * longest)
            .sum();
        let longest = lengths.iter().max()?;
        if SAVED * together > lengths.len() * longest {
            return None;
        }
        let mut back = vec![0; lengths.len()];
        let order = groups.iter().flat_map(|(places, _)| places);
        order.enumerate().for_each(|(at, place)| back[*place] = at);
        let groups = groups
            .iter()
            .map(|(places, longest)| (indices(places, device), *longest));
        Some(Self {
            groups: groups.collect(),
            back: indices(&back, device),
        })
    }
}

/// The places of texts of about the same length, and their longest one.
fn by_length(lengths: &[usize]) -> Vec<(Vec<usize>, usize)> {
    let (mut groups, mut left, mut longest) = (Vec::new(), lengths.len(), 1);
    let mut shortest = 0;
    while left > 0 {
        let is_here = |place: &usize| (shortest..=longest).contains(&lengths[*place]);
        let places: Vec<usize> = (0..lengths.len()).filter(is_here).collect();
        left -= places.len();
        if let Some(most) = places.iter().map(|place| lengths[*place]).max() {
            groups.push((places, most.max(1)));
        }
        (shortest, longest) = (longest + 1, longest * SPREAD);
    }
    groups
}

/// The texts of a batch.
#[derive(Clone, Copy)]
pub(crate) struct Texts<'a> {
    /// Tokens, `[batch, length]`.
    pub(crate) tokens: &'a Tensor<2, Int>,
    /// Tokens that are not shown, `[batch, length]`.
    pub(crate) withheld: Option<&'a Tensor<2, Bool>>,
    /// The texts by length.
    pub(crate) groups: Option<&'a TextGroups>,
}

/// Some of the texts of a batch.
pub(crate) struct Part<'a> {
    /// Their tokens, cut to the longest of them.
    pub(crate) tokens: Tensor<2, Int>,
    /// Those that are not shown.
    pub(crate) withheld: Option<Tensor<2, Bool>>,
    /// Their places in the batch; none where they are all.
    pub(crate) places: Option<&'a Tensor<1, Int>>,
}

impl<'a> Texts<'a> {
    /// What `of` makes of texts, `[texts, width]`, group by group: `[batch, width]`.
    pub(crate) fn each(self, of: impl Fn(Part<'a>) -> Tensor<2>) -> Tensor<2> {
        let Some(groups) = self.groups else {
            return of(Part {
                tokens: self.tokens.clone(),
                withheld: self.withheld.cloned(),
                places: None,
            });
        };
        let made = groups.groups.iter().map(|(places, length)| {
            let withheld = self.withheld.map(|withheld| {
                let withheld = withheld.clone().int().select(0, places.clone());
                withheld.narrow(1, 0, *length).equal_elem(1)
            });
            of(Part {
                tokens: self
                    .tokens
                    .clone()
                    .select(0, places.clone())
                    .narrow(1, 0, *length),
                withheld,
                places: Some(places),
            })
        });
        Tensor::cat(made.collect(), 0).select(0, groups.back.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{codes, device, values};

    #[test]
    fn texts_of_a_length_are_together_and_come_back_in_order() {
        let lengths = [1, 9, 0, 4, 30, 1];
        let groups = TextGroups::new(&lengths, &device()).unwrap();
        let found = groups
            .groups
            .iter()
            .map(|(places, length)| (values(&places.clone().float()), *length));
        assert_eq!(
            found.collect::<Vec<_>>(),
            [
                (vec![0.0, 2.0, 5.0], 1),
                (vec![3.0], 4),
                (vec![1.0], 9),
                (vec![4.0], 30)
            ]
        );
        // The first token of each text is its number.
        let tokens: Vec<i32> = (0..6).flat_map(|text| [text; 30]).collect();
        let tokens = codes(&tokens).reshape([6, 30]);
        let texts = Texts {
            tokens: &tokens,
            withheld: None,
            groups: Some(&groups),
        };
        let first = texts.each(|part| part.tokens.narrow(1, 0, 1).float());
        assert_eq!(values(&first), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    }

    #[test]
    fn texts_of_about_one_length_are_no_groups() {
        assert!(TextGroups::new(&[3, 7, 8, 16], &device()).is_none());
        assert!(TextGroups::new(&[], &device()).is_none());
    }
}
