//! A name for one test of a guardrail, by which an engine remembers what it said of an object.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// Which test of a guardrail this is, in this process. Every test that is read or copied has another one, so that what is
/// remembered of a test is never taken for that of one with other parameters.
#[derive(PartialEq, Eq, Hash)]
pub struct TestId(u64);

fn next() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed)
}

impl TestId {
    /// The number of the test.
    pub const fn number(&self) -> u64 {
        self.0
    }
}

impl Default for TestId {
    fn default() -> Self {
        Self(next())
    }
}

/// The number says nothing of the test, and tests that say the same are to read the same.
impl fmt::Debug for TestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TestId")
    }
}

impl Clone for TestId {
    fn clone(&self) -> Self {
        Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_test_is_taken_for_another() {
        let one = TestId::default();
        let copy = one.clone();
        assert!(one != copy && copy != TestId::default());
    }
}
