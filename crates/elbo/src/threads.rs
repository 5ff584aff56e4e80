//! The threads a verb runs on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::error::Error;

/// Runs `work` inside a pool of `threads` threads (0: one for each core), so that no operation
/// hands its work over to another pool. The result does not depend on the number.
/// Whoever listens to the caller's `tracing` spans hears those of `work`.
///
/// # Errors
/// [`Error::Threads`] where the system has no more; whatever `work` fails with.
pub fn within<T: Send>(threads: usize, work: impl FnOnce() -> Result<T, Error> + Send) -> Result<T, Error> {
    let listener = tracing::dispatcher::get_default(Clone::clone);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.map_err(|error| Error::Threads {
        threads,
        reason: error.to_string(),
    })?
    .install(|| tracing::dispatcher::with_default(&listener, || attended(work)))
}

/// How long a thread without work looks for some without pause. The gaps between the operations of a
/// training step are shorter; to wake a sleeping thread would take longer than many an operation.
const ATTENTION: Duration = Duration::from_millis(1);
/// How long it sleeps at a time after that.
const NAP: Duration = Duration::from_micros(50);

/// Runs `work` on this thread of the pool while all others stay awake for the parts it hands out.
fn attended<T>(work: impl FnOnce() -> T) -> T {
    let done = AtomicBool::new(false);
    let own = rayon::current_thread_index();
    rayon::in_place_scope(|scope| {
        let done = &done;
        scope.spawn_broadcast(move |_, context| {
            if Some(context.index()) != own {
                look_for_work(done);
            }
        });
        let _end = SetOnDrop(done);
        work()
    })
}

fn look_for_work(done: &AtomicBool) {
    let mut idle_since = Instant::now();
    while !done.load(Ordering::Acquire) {
        if rayon::yield_now() == Some(rayon::Yield::Executed) {
            idle_since = Instant::now();
        } else if idle_since.elapsed() < ATTENTION {
            std::hint::spin_loop();
        } else {
            std::thread::sleep(NAP);
        }
    }
}

/// Also when `work` panics: the scope waits for its threads before the panic goes on.
struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_and_its_errors_come_back_from_any_number_of_threads() {
        for threads in 1..=3 {
            let sum = within(threads, || Ok((0..100).sum::<u32>()));
            assert_eq!(sum.unwrap(), 4950);
            let parts = within(threads, || Ok(rayon::join(|| 1, || rayon::join(|| 2, || 3))));
            assert_eq!(parts.unwrap(), (1, (2, 3)));
        }
    }

    #[test]
    #[should_panic(expected = "on the way")]
    fn a_panic_does_not_leave_threads_waiting() {
        let _ = within::<()>(2, || panic!("on the way"));
    }
}
