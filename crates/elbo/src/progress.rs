//! How verbs speak: they call a [`Progress`], and the front end decides how it looks.

/// Listens to a verb at work. Calls come from the thread that called the verb.
pub trait Progress: Sync {
    /// Something decided on the user's behalf, or worth knowing.
    fn note(&self, text: &str);

    /// Something that is probably not as the user wants it.
    fn warn(&self, text: &str);

    /// A piece of work begins; `total` is its number of steps where that is known.
    fn begin(&self, what: &str, total: Option<u64>);

    /// `steps` more of the piece of work are done; `message` says how it stands.
    fn advance(&self, steps: u64, message: &str);

    /// The piece of work is over.
    fn end(&self);

    /// Whether the user has asked to stop; the verb then saves its work and returns.
    fn stop_requested(&self) -> bool {
        false
    }
}

/// Says nothing and never stops.
///
/// ```
/// use elbo::{Progress, Silent};
/// assert!(!Silent.stop_requested());
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn note(&self, _text: &str) {}
    fn warn(&self, _text: &str) {}
    fn begin(&self, _what: &str, _total: Option<u64>) {}
    fn advance(&self, _steps: u64, _message: &str) {}
    fn end(&self) {}
}
