//! The threads that verbs compute on.
//!
//! Models that are asked share one pool for each number of threads, however many models there are. Training has a
//! pool of its own, whose threads stay awake between operations. Listeners are never called on a thread of a pool:
//! one that waits for a lock of the caller's would otherwise wait for ever.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rayon::ThreadPool;

use crate::error::Error;
use crate::events::{Event, Events};

/// The largest number of threads that can be asked for.
const MOST: usize = 1024;

/// The pool of `threads` threads (0: one for each core) that all models share. Results do not depend on the number.
///
/// # Errors
/// [`Error::BadArgument`] for an absurd number, [`Error::Threads`] where the system has no more.
pub(crate) fn shared(threads: usize) -> Result<Arc<ThreadPool>, Error> {
    if threads > MOST {
        return Err(Error::bad_argument(
            "ModelOptions::threads",
            threads,
            "a number from 0 to 1024",
        ));
    }
    static POOLS: Mutex<BTreeMap<usize, Arc<ThreadPool>>> = Mutex::new(BTreeMap::new());
    let mut pools = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(pool) = pools.get(&threads) {
        return Ok(Arc::clone(pool));
    }
    let pool = Arc::new(new(threads)?);
    pools.insert(threads, Arc::clone(&pool));
    Ok(pool)
}

fn new(threads: usize) -> Result<ThreadPool, Error> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|index| format!("elbo-{index}"))
        .build();
    pool.map_err(|error| Error::Threads {
        threads,
        reason: error.to_string(),
    })
}

/// Runs long `work` inside a new pool, so that no operation hands its work over to another pool. The events that
/// `work` reports reach `events` on this thread.
///
/// Whoever listens to the caller's `tracing` spans hears those of `work`.
///
/// # Errors
/// [`Error::Threads`] where the system has no more; whatever `work` fails with.
pub fn within<T: Send>(
    threads: usize,
    events: &Events,
    work: impl FnOnce(&Events) -> Result<T, Error> + Send,
) -> Result<T, Error> {
    let listener = tracing::dispatcher::get_default(Clone::clone);
    let pool = new(threads)?;
    let (sender, receiver) = channel::<Event>();
    let relay = Events::new(move |event| {
        // Only a caller that panicked no longer listens.
        sender.send(event.clone()).ok();
    })
    .with_cancel(events.cancel().clone());
    let mut result = None;
    let place = &mut result;
    pool.in_place_scope(|scope| {
        scope.spawn(move |_| {
            let work = || tracing::dispatcher::with_default(&listener, || attended(|| work(&relay)));
            *place = Some(work());
        });
        // Ends when the relay is gone, and with it the work.
        receiver.into_iter().for_each(|event| events.emit(&event));
    });
    result.unwrap_or_else(|| unreachable!("the scope waits for the work, and passes on its panic"))
}

/// How long a thread without work looks for some without pause. The gaps between the operations of a
/// training step are shorter; waking a sleeping thread would take longer than many an operation.
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
            let events = Events::silent();
            let sum = within(threads, &events, |_| Ok((0..100).sum::<u32>()));
            assert_eq!(sum.unwrap(), 4950);
            let parts = within(threads, &events, |_| {
                Ok(rayon::join(|| 1, || rayon::join(|| 2, || 3)))
            });
            assert_eq!(parts.unwrap(), (1, (2, 3)));
            assert!(matches!(
                within::<()>(threads, &events, |_| Err(Error::NoData)),
                Err(Error::NoData)
            ));
        }
    }

    #[test]
    fn events_arrive_in_order_on_the_callers_thread() {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let listener = Arc::clone(&heard);
        let caller = std::thread::current().id();
        let events = Events::new(move |event| {
            assert_eq!(std::thread::current().id(), caller);
            let Event::Note(text) = event else {
                panic!("a note")
            };
            listener.lock().unwrap().push(text.clone());
        });
        within(2, &events, |relay| {
            assert_ne!(std::thread::current().id(), caller);
            (0..100).for_each(|i| relay.note(i.to_string()));
            Ok(())
        })
        .unwrap();
        let expected: Vec<String> = (0..100).map(|i| i.to_string()).collect();
        assert_eq!(*heard.lock().unwrap(), expected);
    }

    #[test]
    fn a_pool_is_shared() {
        assert!(Arc::ptr_eq(&shared(2).unwrap(), &shared(2).unwrap()));
    }

    #[test]
    #[should_panic(expected = "on the way")]
    fn a_panic_does_not_leave_threads_waiting() {
        let _ = within::<()>(2, &Events::silent(), |_| panic!("on the way"));
    }
}
