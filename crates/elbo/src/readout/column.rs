//! From encoded columns to attributes, back in the field's own units.

use elbo_data::{Column, Field, Kind};

use super::{Attribute, Values};

impl Attribute {
    /// The attribute that `column` holds of `field`; `None` of a picture or an ignored field.
    pub fn from_column(field: &Field, column: &Column) -> Option<Self> {
        fn known<T: Copy, U>(values: &[T], given: &[bool], value: impl Fn(T) -> U) -> Vec<Option<U>> {
            values
                .iter()
                .zip(given)
                .map(|(v, given)| given.then(|| value(*v)))
                .collect()
        }
        let given = &column.given;
        let values = match (&field.kind, &column.values) {
            (Kind::Number(number), elbo_data::Values::Number(values)) => {
                Values::Number(known(values, given, |value| number.restore(value)))
            }
            (Kind::Flag(_), elbo_data::Values::Flag(values)) => Values::Flag(known(values, given, |yes| yes)),
            (Kind::Category(category), elbo_data::Values::Category(codes)) => Values::Category {
                levels: category.levels.clone(),
                codes: known(codes, given, |code| code),
            },
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
    use elbo_data::kind::number::Number;

    fn attribute(kind: Kind, values: elbo_data::Values) -> Option<Attribute> {
        let column = Column {
            values,
            given: vec![true, false],
        };
        Attribute::from_column(
            &Field {
                name: "a".into(),
                kind,
            },
            &column,
        )
    }

    #[test]
    fn values_come_back_in_their_own_units() {
        let age = Kind::Number(Number {
            mean: 40.0,
            std: 10.0,
            min: 0.0,
            max: 90.0,
            integer: false,
        });
        let found = attribute(age.clone(), elbo_data::Values::Number(vec![-1.5, 0.0])).unwrap();
        // 40 - 1.5 * 10; the second is not given.
        assert_eq!(found.values, Values::Number(vec![Some(25.0), None]));
        let hair = Kind::Category(Category {
            levels: vec!["red".into()],
            counts: vec![1],
        });
        let found = attribute(hair, elbo_data::Values::Category(vec![0, 0])).unwrap();
        assert_eq!(found.values.codes(), [Some(0), None]);
        assert_eq!(attribute(age, elbo_data::Values::Image(Vec::new())), None);
    }
}
