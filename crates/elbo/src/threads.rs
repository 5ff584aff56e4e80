//! The threads a verb runs on.

use crate::error::Error;

/// Runs `work` inside a pool of `threads` threads (0: one for each core), so that no operation
/// hands its work over to another pool. The result does not depend on the number.
pub(crate) fn within<T: Send>(
    threads: usize,
    work: impl FnOnce() -> Result<T, Error> + Send,
) -> Result<T, Error> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.map_err(|error| Error::Threads {
        threads,
        reason: error.to_string(),
    })?
    .install(work)
}
