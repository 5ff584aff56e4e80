//! What is known about records beside their latent units, one value or none per record.

/// One attribute of some records, in their order.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    /// The field's name.
    pub name: String,
    /// A value for each record, `None` where it is not observed.
    pub values: Values,
}

impl Attribute {
    /// The records at these positions, which all exist.
    pub(crate) fn take(&self, rows: &[usize]) -> Self {
        Self {
            name: self.name.clone(),
            values: self.values.take(rows),
        }
    }

    /// These records, and behind them those of the same attribute of others.
    pub(crate) fn and(&self, other: &Self) -> Self {
        Self {
            name: self.name.clone(),
            values: self.values.and(&other.values),
        }
    }
}

/// The values of an [`Attribute`].
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// In the field's own units.
    Number(Vec<Option<f64>>),
    /// Yes or no.
    Flag(Vec<Option<bool>>),
    /// Positions in `levels`; one beyond them counts as not observed.
    Category {
        /// The names.
        levels: Vec<String>,
        /// The level of each record.
        codes: Vec<Option<u32>>,
    },
}

impl Values {
    /// How many records there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Number(values) => values.len(),
            Self::Flag(values) => values.len(),
            Self::Category { codes, .. } => codes.len(),
        }
    }

    fn take(&self, rows: &[usize]) -> Self {
        match self {
            Self::Number(values) => Self::Number(rows.iter().map(|row| values[*row]).collect()),
            Self::Flag(values) => Self::Flag(rows.iter().map(|row| values[*row]).collect()),
            Self::Category { levels, codes } => Self::Category {
                levels: levels.clone(),
                codes: rows.iter().map(|row| codes[*row]).collect(),
            },
        }
    }

    /// These values, and behind them those of `other`; none are known of another kind of values.
    fn and(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => Self::Number([&a[..], b].concat()),
            (Self::Flag(a), Self::Flag(b)) => Self::Flag([&a[..], b].concat()),
            (Self::Category { levels, codes: a }, Self::Category { codes: b, .. }) => Self::Category {
                levels: levels.clone(),
                codes: [&a[..], b].concat(),
            },
            (Self::Number(a), _) => Self::Number([&a[..], &vec![None; other.len()]].concat()),
            (Self::Flag(a), _) => Self::Flag([&a[..], &vec![None; other.len()]].concat()),
            (Self::Category { levels, codes }, _) => Self::Category {
                levels: levels.clone(),
                codes: [&codes[..], &vec![None; other.len()]].concat(),
            },
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The names of the levels: `no` and `yes` of a flag, none of a number.
    pub fn levels(&self) -> Vec<&str> {
        match self {
            Self::Number(_) => Vec::new(),
            Self::Flag(_) => vec!["no", "yes"],
            Self::Category { levels, .. } => levels.iter().map(String::as_str).collect(),
        }
    }

    /// The level of each record, as a position in [`Values::levels`]; none of a number.
    pub fn codes(&self) -> Vec<Option<usize>> {
        match self {
            Self::Number(values) => vec![None; values.len()],
            Self::Flag(values) => values.iter().map(|value| value.map(usize::from)).collect(),
            Self::Category { levels, codes } => {
                let known =
                    |code: &Option<u32>| code.map(|code| code as usize).filter(|code| *code < levels.len());
                codes.iter().map(known).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_is_a_category_of_two() {
        let flag = Values::Flag(vec![Some(true), None, Some(false)]);
        assert_eq!(
            (flag.levels(), flag.codes()),
            (vec!["no", "yes"], vec![Some(1), None, Some(0)])
        );
        assert_eq!((flag.len(), flag.is_empty()), (3, false));
    }

    #[test]
    fn an_unknown_code_is_not_given() {
        let values = Values::Category {
            levels: vec!["a".into()],
            codes: vec![Some(0), Some(1), None],
        };
        assert_eq!(values.codes(), [Some(0), None, None]);
    }
}
