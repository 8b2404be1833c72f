//! Whether functions that cannot answer stop the evaluation or are undefined.

use std::cell::Cell;
use std::marker::PhantomData;

thread_local! {
    static GRANTED: Cell<bool> = const { Cell::new(false) };
}

/// As long as this lives, a failing function is undefined for the evaluations of its thread, as OPA has it by
/// default. The engine has such a switch for its own functions and does not tell the functions of others.
#[derive(Debug)]
pub(crate) struct Lenience {
    before: bool,
    /// Leniency ends on the thread where it was granted.
    not_send: PhantomData<*const ()>,
}

impl Lenience {
    /// Makes this thread lenient.
    pub(crate) fn grant() -> Self {
        Self { before: GRANTED.replace(true), not_send: PhantomData }
    }

    /// Whether this thread is lenient.
    pub(super) fn is_granted() -> bool {
        GRANTED.get()
    }
}

impl Drop for Lenience {
    fn drop(&mut self) {
        GRANTED.set(self.before);
    }
}
