//! Runs the engine on a thread of its own with a large stack, and stops waiting for it at a deadline.
//!
//! The engine's own timer and memory limit stop almost everything. They do not stop work inside one builtin, which
//! checks neither before it ends. For this case, the waiting thread gives up at the deadline and leaves the engine's
//! thread behind. Such a thread cannot be killed; it ends with its builtin or with the process.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::thread::{self, Builder};

use planguard_threads::Stack;

/// Starts `work` on a thread of its own and does not wait for it.
///
/// # Errors
///
/// The system's message if it cannot start a thread.
pub(super) fn detach(work: impl FnOnce() + Send + 'static) -> Result<(), String> {
    let guarded = move || {
        // `work` reports its own panics; this keeps the rest of the process running.
        let _ = catch_unwind(AssertUnwindSafe(work));
    };
    Builder::new()
        .name("policies".to_owned())
        .stack_size(Stack::Policy.bytes())
        .spawn(guarded)
        .map(drop)
        .map_err(|error| error.to_string())
}

/// Runs `work`, which must end by itself, on a thread with a large stack, and waits for it.
///
/// # Errors
///
/// The system's message if it cannot start a thread, or the message of a panic in `work`.
pub(super) fn run<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, String> {
    thread::scope(|scope| {
        let thread = Builder::new()
            .name("policies".to_owned())
            .stack_size(Stack::Policy.bytes())
            .spawn_scoped(scope, work)
            .map_err(|error| error.to_string())?;
        thread.join().map_err(|panic| panic_message(panic.as_ref()))
    })
}

/// Turns a panic in `work` into its message.
pub(super) fn guard<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| panic_message(panic.as_ref()))
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|message| (*message).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}

/// The memory that running evaluations may allocate. The engine has one limit for the whole process.
static RESERVED: Mutex<Reserved> = Mutex::new(Reserved { holders: 0, baseline: 0, bytes: 0 });

struct Reserved {
    holders: usize,
    /// The bytes that were allocated before the first reservation.
    baseline: u64,
    bytes: u64,
}

impl Reserved {
    fn apply(&self) {
        let limit = (self.holders > 0).then(|| self.baseline.saturating_add(self.bytes));
        regorus::set_global_memory_limit(limit);
    }
}

/// A reservation of memory. An evaluation keeps it until its thread ends, even if nobody waits for the thread.
#[derive(Debug)]
pub(super) struct Memory {
    bytes: u64,
}

impl Memory {
    /// Raises the engine's limit by `bytes` for as long as the returned value lives.
    pub(super) fn reserve(bytes: u64) -> Self {
        let mut reserved = RESERVED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if reserved.holders == 0 {
            reserved.baseline = allocated();
            reserved.bytes = 0;
        }
        reserved.holders += 1;
        reserved.bytes = reserved.bytes.saturating_add(bytes);
        reserved.apply();
        Self { bytes }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        regorus::flush_thread_memory_counters();
        let mut reserved = RESERVED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        reserved.holders -= 1;
        reserved.bytes = reserved.bytes.saturating_sub(self.bytes);
        reserved.apply();
    }
}

/// The bytes that are allocated now. The engine reports them only when a limit is exceeded, so this sets a limit of 0.
/// There is no reservation at this moment, so no evaluation fails by it.
fn allocated() -> u64 {
    regorus::set_global_memory_limit(Some(0));
    match regorus::check_global_memory_limit() {
        Err(regorus::LimitError::MemoryLimitExceeded { usage, limit: _ }) => usage,
        Ok(()) | Err(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_its_message() {
        assert_eq!(run(|| panic!("out of {}", "luck")), Err::<(), _>("out of luck".to_owned()));
        assert_eq!(guard(|| 1), Ok(1));
        assert_eq!(guard(|| panic!("static")), Err::<(), _>("static".to_owned()));
    }

    #[test]
    fn deep_recursion_fits_the_stack() {
        fn depth(levels: u64) -> u64 {
            let padding = std::hint::black_box([levels; 64]);
            if levels == 0 { 0 } else { 1 + depth(levels - 1) + padding[0] - levels }
        }
        assert_eq!(run(|| depth(100_000)), Ok(100_000));
    }
}
