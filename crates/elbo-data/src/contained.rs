//! Panics of libraries that read damaged files, as errors.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static CONTAINED: Cell<bool> = const { Cell::new(false) };
}

/// Whether a panic on this thread becomes an error: a panic hook then has nothing to print.
pub fn panics_are_contained() -> bool {
    CONTAINED.get()
}

/// Does some work; a panic on the way is an error with its message.
pub(crate) fn contained<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    let before = CONTAINED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    CONTAINED.set(before);
    result.map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        text.unwrap_or("it is damaged").to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error() {
        assert_eq!(contained(|| 3), Ok(3));
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| assert!(panics_are_contained())));
        let error = contained(|| -> u32 { panic!("row {} is too long", 7) });
        std::panic::set_hook(hook);
        assert_eq!(error, Err("row 7 is too long".to_owned()));
        assert!(!panics_are_contained());
    }
}
