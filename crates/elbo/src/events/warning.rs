//! The warnings of the verbs, with the values inside.

use std::fmt;

use elbo_data::Problem;

/// A warning that the result may not be what the user wants. Its text is one sentence; [`Warning::code`] names its
/// kind.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Warning {
    /// A record or a file cannot be read, and is skipped.
    Broken(Problem),
    /// A file of the data was found to be broken when the data were opened.
    BrokenFile(Problem),
    /// Values of a category that were not seen in training; they count as not observed.
    UnseenLevels {
        /// The field.
        field: String,
        /// How many values.
        count: u64,
        /// The first of them.
        level: String,
        /// The record that holds it.
        place: String,
    },
    /// An unusual value in a request, such as a number outside the range seen in training.
    Request(String),
    /// Conditions that were not set: their values are drawn from the frequencies of the training records.
    Drawn {
        /// The fields.
        fields: Vec<String>,
    },
    /// Conditions that were not set, cannot be drawn, and were never hidden from the model in training.
    NotGiven {
        /// The fields.
        fields: Vec<String>,
    },
    /// A training step gave a number that is not finite: training goes on from an earlier step, more slowly.
    RolledBack {
        /// The loss or the gradient.
        what: &'static str,
        /// The step that failed.
        step: u64,
        /// The step that training goes back to.
        to: u64,
        /// The factor on the learning rate from now on.
        rate_factor: f64,
    },
    /// A training goes on with other vector instructions than it began with, so its bytes will differ.
    OtherProcessor {
        /// Those it began with.
        began: String,
        /// Those of this processor.
        now: &'static str,
    },
}

impl Warning {
    /// A short name of the kind of warning, for programs: it does not change between versions.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Broken(_) | Self::BrokenFile(_) => "broken-record",
            Self::UnseenLevels { .. } => "unseen-levels",
            Self::Request(_) => "odd-request",
            Self::Drawn { .. } => "condition-drawn",
            Self::NotGiven { .. } => "condition-not-given",
            Self::RolledBack { .. } => "rolled-back",
            Self::OtherProcessor { .. } => "other-processor",
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken(problem) => write!(f, "{problem}: skipped"),
            Self::BrokenFile(problem) => problem.fmt(f),
            Self::UnseenLevels {
                field,
                count: 1,
                level,
                place,
            } => write!(
                f,
                "`{field}` has one value that was not seen in training, `{level}` in {place}: it counts as not observed"
            ),
            Self::UnseenLevels {
                field,
                count,
                level,
                place,
            } => write!(
                f,
                "`{field}` has {count} values that were not seen in training, the first `{level}` in {place}: they \
                 count as not observed"
            ),
            Self::Request(text) => f.write_str(text),
            Self::Drawn { fields } => write!(
                f,
                "no value was asked for, so drawn as often as in the training records: {}",
                quoted(fields)
            ),
            Self::NotGiven { fields } => write!(
                f,
                "no value was asked for, but the model was always given one in training: {}; ask for it with \
                 `SampleRequest::given = {}=…`, or train with `objective.given_dropout = 0.1`",
                quoted(fields),
                fields.first().map_or("", String::as_str),
            ),
            Self::OtherProcessor { began, now } => write!(
                f,
                "the training began on a processor with {began}, and goes on with {now}: sums are added in another \
                 order, so the weights will not be the same bytes as without the change"
            ),
            Self::RolledBack {
                what,
                step,
                to,
                rate_factor,
            } => write!(
                f,
                "the {what} was not finite at step {step}: back to step {to}, learning rate × {rate_factor}"
            ),
        }
    }
}

fn quoted(fields: &[String]) -> String {
    crate::error::quoted(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_is_singular() {
        let unseen = |count| {
            let warning = Warning::UnseenLevels {
                field: "city".into(),
                count,
                level: "Ulm".into(),
                place: "line 7".into(),
            };
            assert_eq!(warning.code(), "unseen-levels");
            warning.to_string()
        };
        assert!(unseen(1).starts_with("`city` has one value that was not seen in training, `Ulm` in line 7"));
        assert!(unseen(2).starts_with("`city` has 2 values that were not seen in training, the first `Ulm`"));
    }
}
