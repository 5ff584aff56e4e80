//! Further values of an identifier: numbered names go on counting, other codes are drawn.

use std::collections::HashMap;

use super::numbered::Numbered;
use crate::kind::ignored::{CodesFitter, Filling, Pattern};

/// Numbered names are drawn only if their pattern has so many times as many codes.
const ENOUGH: u64 = 20;

/// How further values of an identifier are made.
#[derive(Debug)]
pub(super) enum Keys {
    /// By counting on.
    Numbered(Numbered),
    /// By drawing from their pattern.
    Codes(CodesFitter),
    /// Not at all.
    Unknown,
}

impl Keys {
    /// For these names; `whole`: they are whole numbers in the data. Of numbered names that count up the next are made.
    /// Where they leave out many numbers they are drawn, if all are of one length and enough others of it are left.
    pub(super) fn of(names: &HashMap<String, u64>, whole: bool) -> Self {
        let numbered = Numbered::of(names);
        let pattern = || match whole {
            true => Pattern::of_numbers(names.keys()),
            false => Pattern::of_texts(names.keys()),
        };
        let mut keys = match numbered {
            Some(numbered) if numbered.is_dense(names.len() as u64) => Self::Numbered(numbered),
            numbered => match (pattern(), numbered) {
                (Some(pattern), Some(numbered)) if pattern.count() < names.len() as u64 * ENOUGH => {
                    Self::Numbered(numbered)
                }
                (Some(pattern), _) => Self::Codes(CodesFitter::new(pattern)),
                (None, Some(numbered)) => Self::Numbered(numbered),
                (None, None) => Self::Unknown,
            },
        };
        names.keys().for_each(|name| keys.see(name));
        keys
    }

    /// Takes a name into account, which none made may be.
    pub(super) fn see(&mut self, name: &str) {
        match self {
            Self::Numbered(numbered) => {
                numbered.see(name);
            }
            Self::Codes(codes) => codes.see(name),
            Self::Unknown => {}
        }
    }

    /// What generated records hold.
    pub(super) fn filling(self) -> Filling {
        match self {
            Self::Numbered(numbered) => numbered.filling(),
            Self::Codes(codes) => codes.finish().map_or(Filling::Nothing, Filling::Codes),
            Self::Unknown => Filling::Nothing,
        }
    }
}
