//! Ctrl-C: the first press asks the verb to save and stop, the second ends the process at once.
//!
//! Only verbs that have something to save listen; for the others the system's own way is right.

use std::sync::atomic::{AtomicBool, Ordering};

/// What shells expect of a program that was interrupted (128 + SIGINT).
pub(crate) const EXIT_CODE: u8 = 130;

static PRESSED: AtomicBool = AtomicBool::new(false);

/// Listens from now on (also to SIGTERM and SIGHUP).
///
/// # Errors
/// The system refused the handler.
pub(crate) fn listen() -> Result<(), std::io::Error> {
    ctrlc::set_handler(pressed).map_err(std::io::Error::other)
}

/// Whether the user wants to stop.
pub(crate) fn requested() -> bool {
    PRESSED.load(Ordering::Relaxed)
}

fn pressed() {
    if PRESSED.swap(true, Ordering::Relaxed) {
        leave();
    }
    anstream::eprintln!("stopping: saving first; press Ctrl-C again to stop at once");
}

#[allow(
    clippy::exit,
    clippy::disallowed_methods,
    reason = "the user asked twice and must not wait for a step to end"
)]
fn leave() -> ! {
    std::process::exit(i32::from(EXIT_CODE))
}
