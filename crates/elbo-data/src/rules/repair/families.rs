//! All columns that follow others, in the order in which they are drawn.

use std::collections::HashMap;

use rand_chacha::ChaCha8Rng;

use super::Hold;
use super::follow::{Family, Follow, Followed};
use crate::rules::follows::leads_to;
use crate::schema::Field;

/// Columns and those that follow them; after [`Self::arrange`] each family comes behind the one that it follows.
#[derive(Debug, Default)]
pub(super) struct Families {
    families: Vec<Family>,
    /// What each column follows.
    leaders: HashMap<usize, usize>,
}

impl Families {
    pub(super) fn is_empty(&self) -> bool {
        self.families.is_empty()
    }

    /// A column that follows another, given as these places of these fields. None if it cannot: a file may say so.
    pub(super) fn add(
        &mut self,
        [by, of]: [usize; 2],
        fields: [&Field; 2],
        differences: &[f64],
    ) -> Option<()> {
        let [leader, number] = [fields[0].number()?, fields[1].number()?];
        let seconds = fields.map(|field| field.kind.seconds().unwrap_or(1.0));
        if self.leaders.contains_key(&of) || leads_to(&self.leaders, of, by) {
            return None;
        }
        let follow = Follow::new(of, number, differences, seconds)?;
        self.leaders.insert(of, by);
        match self.families.iter_mut().find(|family| family.by == by) {
            Some(family) => family.followers.push(follow),
            None => self.families.push(Family {
                by,
                number: leader.clone(),
                followers: vec![follow],
                is_free: true,
            }),
        }
        Some(())
    }

    /// Puts all in the order of drawing. Other rules compute the columns in some places.
    pub(super) fn arrange(&mut self, computed: &[bool]) {
        let leaders = &self.leaders;
        let depth =
            |place: usize| std::iter::successors(Some(place), |place| leaders.get(place).copied()).count();
        self.families.sort_by_cached_key(|family| depth(family.by));
        for family in &mut self.families {
            family.is_free = !computed[family.by] && !leaders.contains_key(&family.by);
            family.followers.sort_by(|a, b| a.width().total_cmp(&b.width()));
        }
    }

    /// Which of so many places are theirs.
    pub(super) fn used(&self, places: usize) -> Vec<bool> {
        let mut used = vec![false; places];
        for (of, by) in &self.leaders {
            (used[*of], used[*by]) = (true, true);
        }
        used
    }

    /// The numbers of a record with those that follow others drawn near them.
    pub(super) fn drawn(&self, values: &[f64], holds: Vec<Hold>, draws: Option<ChaCha8Rng>) -> Vec<f64> {
        let mut draws = draws;
        let mut record = Followed {
            values: values.to_vec(),
            holds,
            draws: draws.as_mut(),
        };
        record.settle(&self.families);
        record.values
    }
}
