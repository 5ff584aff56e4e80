//! Ctrl-C: the first press asks the verb to stop, and training to save first; the second ends the process at once.

use std::sync::OnceLock;

use elbo::Cancel;

/// What shells expect of a program that was interrupted (128 + SIGINT).
pub(crate) const EXIT_CODE: u8 = 130;

/// The request to stop of the first press; set once the process handles signals (also SIGTERM and SIGHUP).
///
/// Where the system refuses the handler, Ctrl-C ends the process at once, as it does without one.
pub(crate) fn cancel() -> Cancel {
    static CANCEL: OnceLock<Cancel> = OnceLock::new();
    let cancel = CANCEL.get_or_init(|| {
        let cancel = Cancel::default();
        let pressed = cancel.clone();
        ctrlc::set_handler(move || press(&pressed)).ok();
        cancel
    });
    cancel.clone()
}

fn press(cancel: &Cancel) {
    if cancel.is_requested() {
        leave();
    }
    cancel.request();
    anstream::eprintln!("stopping; press Ctrl-C again to stop at once");
}

#[allow(
    clippy::exit,
    clippy::disallowed_methods,
    reason = "the user asked twice and must not wait for a step to end"
)]
fn leave() -> ! {
    elbo::output::remove_unfinished();
    std::process::exit(i32::from(EXIT_CODE))
}
