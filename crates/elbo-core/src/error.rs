//! What can be wrong with a model's settings, or with weights that are loaded into it.

/// An error of the mathematics' border: settings and weights. Inside, nothing fails.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CoreError {
    /// A setting that no model can be built from.
    #[error("`{setting} = {value}` is not possible: {reason}")]
    Setting {
        /// The name as written in a config file.
        setting: String,
        /// The value found.
        value: String,
        /// Why it cannot be.
        reason: String,
    },
    /// A field kind used where it has no meaning yet.
    #[error("field `{field}` of kind {kind} cannot be {role}")]
    Role {
        /// The field's name.
        field: String,
        /// Its kind.
        kind: &'static str,
        /// The rest of the sentence, as in "given yet".
        role: &'static str,
    },
    /// The weights lack a tensor that the model needs.
    #[error("the weights have no tensor `{name}`")]
    MissingTensor {
        /// Name of the tensor.
        name: String,
    },
    /// A tensor of another shape than the model's.
    #[error("tensor `{name}` has shape {found:?}, the model needs {expected:?}")]
    Shape {
        /// Name of the tensor.
        name: String,
        /// Shape in the weights.
        found: Vec<usize>,
        /// Shape in the model.
        expected: Vec<usize>,
    },
    /// A tensor with more or fewer values than its own shape says.
    #[error("tensor `{name}` of shape {shape:?} has {found} values")]
    Length {
        /// Name of the tensor.
        name: String,
        /// Number of values in the weights.
        found: usize,
        /// Shape in the weights and in the model.
        shape: Vec<usize>,
    },
    /// The weights hold a tensor that the model does not know.
    #[error("the weights have a tensor `{name}` that this model does not know")]
    UnknownTensor {
        /// Name of the tensor.
        name: String,
    },
    /// A weight that is not a number.
    #[error("tensor `{name}` holds a value that is not finite")]
    NonFinite {
        /// Name of the tensor.
        name: String,
    },
}

impl CoreError {
    /// A setting that cannot be, with its value and the reason.
    pub(crate) fn setting(name: &str, value: impl std::fmt::Debug, reason: impl Into<String>) -> Self {
        Self::Setting {
            setting: name.into(),
            value: format!("{value:?}"),
            reason: reason.into(),
        }
    }
}
