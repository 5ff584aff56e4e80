//! From encoded columns to attributes, back in the field's own units.

use elbo_data::kind::Form;
use elbo_data::{Column, Field};

use super::{Attribute, Values};

impl Attribute {
    /// The attribute that `column` holds of `field`; `None` of a picture, a text or an ignored field. What is
    /// missing or not observed becomes `None`.
    pub fn from_column(field: &Field, column: &Column) -> Option<Self> {
        let known = |row: usize| field.is_known(column, row);
        let values = match (field.kind.form(), &column.values) {
            (Form::Number(_), elbo_data::Values::Number(numbers)) => {
                let values = numbers.value.iter().enumerate();
                Values::Number(values.map(|(row, value)| known(row).then_some(*value)).collect())
            }
            (Form::Flag(_), elbo_data::Values::Flag(flags)) => {
                let flags = flags.iter().enumerate();
                Values::Flag(
                    flags
                        .map(|(row, flag)| known(row).then_some(*flag == 1))
                        .collect(),
                )
            }
            (Form::Category(category), elbo_data::Values::Category(codes)) => {
                let codes = codes.iter().enumerate();
                Values::Category {
                    levels: category.levels.clone(),
                    codes: codes.map(|(row, code)| known(row).then_some(*code)).collect(),
                }
            }
            // Pictures, texts and ignored fields; values of another field.
            (
                Form::Number(_)
                | Form::Flag(_)
                | Form::Category(_)
                | Form::Image(_)
                | Form::Text(_)
                | Form::Ignored(_),
                _,
            ) => return None,
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
    use elbo_data::Kind;
    use elbo_data::kind::category::Category;
    use elbo_data::kind::flag::{Flag, Spelling};

    fn attribute(kind: Kind, values: elbo_data::Values) -> Option<Attribute> {
        let column = Column {
            values,
            observed: vec![true, false, true],
        };
        let field = Field {
            name: "a".into(),
            missing: 1,
            missing_by_chance: false,
            records: 4,
            missing_word: None,
            stored: None,
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
            data_type: None,
        });
        // the second is not observed, the third is the level behind the last: missing
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
