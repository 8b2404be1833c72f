//! Counts steps of work, for the tests that hold how it grows with plans. Imports nothing, so that every crate can import it.
//!
//! A step is a read of a plan's value, or one comparison of a loop over two lists. Counts are the same on every machine, which
//! times are not. Only builds with debug assertions count; in others [`steps`] is nothing.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

static STEPS: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static OWN_STEPS: Cell<u64> = const { Cell::new(0) };
}

/// Counts so many steps.
#[inline(always)]
pub fn steps(number: usize) {
    if cfg!(debug_assertions) {
        STEPS.fetch_add(number as u64, Ordering::Relaxed);
        OWN_STEPS.with(|own| own.set(own.get().saturating_add(number as u64)));
    }
}

/// How many steps were counted in this process.
pub fn counted() -> u64 {
    STEPS.load(Ordering::Relaxed)
}

/// How many steps this thread counted, for tests that share their process with others.
pub fn counted_by_this_thread() -> u64 {
    OWN_STEPS.with(Cell::get)
}
