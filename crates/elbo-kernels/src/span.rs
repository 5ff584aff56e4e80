//! Spans, which name each operation in a profile.
//!
//! Every operation opens a `tracing` span, forward and backward, that carries its sizes. Without a
//! subscriber, as always but in `elbo train --profile`, a span costs about a nanosecond.

/// A span that lasts until it is dropped: `let _span = span!("dense forward", "{k} → {n}");`.
macro_rules! span {
    ($name:literal, $($size:tt)+) => {
        tracing::trace_span!($name, size = %format_args!($($size)+)).entered()
    };
}
