//! Counts steps of work, for the tests that hold how it grows with plans. Imports nothing, so that every crate can import it.
//!
//! A step is a read of a plan's value, or one comparison of a loop over two lists. Counts are the same on every machine, which
//! times are not. Only builds with debug assertions count; in others [`steps`] is nothing.

use std::sync::atomic::{AtomicU64, Ordering};

static STEPS: AtomicU64 = AtomicU64::new(0);

/// Counts so many steps.
#[inline(always)]
pub fn steps(number: usize) {
    if cfg!(debug_assertions) {
        STEPS.fetch_add(number as u64, Ordering::Relaxed);
    }
}

/// How many steps were counted in this process.
pub fn counted() -> u64 {
    STEPS.load(Ordering::Relaxed)
}
