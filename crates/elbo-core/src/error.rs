//! Errors in a model's settings, or in weights that are loaded into it.

/// An error in settings or weights. They are checked once; nothing fails after that.
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
    /// A tensor with more or fewer values than its own shape has.
    #[error("tensor `{name}` of shape {shape:?} has {found} values")]
    Length {
        /// Name of the tensor.
        name: String,
        /// Number of values in the weights.
        found: usize,
        /// Shape in the weights and in the model.
        shape: Vec<usize>,
    },
    /// The weights hold a tensor that is not in the model.
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
    /// An invalid setting, with its value and the reason.
    pub(crate) fn setting(name: &str, value: impl std::fmt::Debug, reason: impl Into<String>) -> Self {
        Self::Setting {
            setting: name.into(),
            value: format!("{value:?}"),
            reason: reason.into(),
        }
    }
}
