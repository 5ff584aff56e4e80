//! From encoded columns to attributes, back in the field's own units.

use elbo_data::{Column, Field, Kind};

use super::{Attribute, Values};

impl Attribute {
    /// The attribute that `column` holds of `field`; `None` of a picture, a text or an ignored field. What is
    /// missing or left open is not known.
    pub fn from_column(field: &Field, column: &Column) -> Option<Self> {
        let missing = field.missing_level();
        let known = |row: usize, level: u32| column.given[row] && Some(level) != missing;
        let values = match (&field.kind, &column.values) {
            (Kind::Number(_) | Kind::Date(_), elbo_data::Values::Number(numbers)) => {
                let values = numbers.bins.iter().zip(&numbers.value).enumerate();
                Values::Number(
                    values
                        .map(|(row, (bin, value))| known(row, *bin).then_some(*value))
                        .collect(),
                )
            }
            (Kind::Flag(_), elbo_data::Values::Flag(flags)) => {
                let flags = flags.iter().enumerate();
                Values::Flag(
                    flags
                        .map(|(row, flag)| known(row, u32::from(*flag)).then_some(*flag == 1))
                        .collect(),
                )
            }
            (Kind::Category(category), elbo_data::Values::Category(codes)) => {
                let codes = codes.iter().enumerate();
                Values::Category {
                    levels: category.levels.clone(),
                    codes: codes
                        .map(|(row, code)| known(row, *code).then_some(*code))
                        .collect(),
                }
            }
            _ => return None,
        };
        Some(Self {
            name: field.name.clone(),
            values,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use elbo_data::kind::category::Category;
    use elbo_data::kind::flag::{Flag, Spelling};

    fn attribute(kind: Kind, values: elbo_data::Values) -> Option<Attribute> {
        let column = Column {
            values,
            given: vec![true, false, true],
        };
        let field = Field {
            name: "a".into(),
            missing: 1,
            records: 4,
            kind,
        };
        Attribute::from_column(&field, &column)
    }

    #[test]
    fn what_is_missing_or_open_is_not_known() {
        let hair = Kind::Category(Category {
            levels: vec!["red".into(), "black".into()],
            counts: vec![1, 2],
            rare: None,
        });
        // the second is left open, the third is the level behind the last: missing
        let found = attribute(hair.clone(), elbo_data::Values::Category(vec![1, 0, 2])).unwrap();
        assert_eq!(found.values.codes(), [Some(1), None, None]);
        assert_eq!(attribute(hair, elbo_data::Values::Image(Vec::new())), None);
        let smile = Kind::Flag(Flag {
            counts: [1, 1],
            spelling: Spelling::Boolean,
        });
        let found = attribute(smile, elbo_data::Values::Flag(vec![1, 1, 2])).unwrap();
        assert_eq!(found.values, Values::Flag(vec![Some(true), None, None]));
    }
}
