//! Sees to it that this process can keep what its exit codes promise, before it does anything else: that nothing ends it
//! with another code, and that its report is not lost without an error.

use std::process::ExitCode;

use crate::{UNDECIDED, output};

/// Prepares the process, and then does its work.
#[cfg(unix)]
pub(crate) fn run(work: fn() -> ExitCode) -> ExitCode {
    use unix::Stack;
    unix::let_signals_end_cleanly();
    if unix::stdout_is_closed() {
        return lost("standard output is closed");
    }
    match unix::stack() {
        Stack::Sufficient => work(),
        Stack::Small => {
            let bytes = planguard_threads::Stack::Plan.bytes();
            match std::thread::Builder::new().stack_size(bytes).spawn(work).map(std::thread::JoinHandle::join)
            {
                Ok(Ok(code)) => code,
                // The hook for panics has told it.
                Ok(Err(_)) => ExitCode::from(UNDECIDED),
                Err(error) => {
                    output::write_to_stderr(&format!(
                        "planguard: the limit on the stack (ulimit -s) is too low, and no thread can be started: {error} \
                         (PG-CL-015)\n"
                    ));
                    ExitCode::from(UNDECIDED)
                }
            }
        }
    }
}

/// Prepares the process, and then does its work.
#[cfg(not(unix))]
pub(crate) fn run(work: fn() -> ExitCode) -> ExitCode {
    // Without a handler the system ends the process, with a code of its own.
    let _ = ctrlc::set_handler(end_interrupted);
    work()
}

/// A report is lost before it is written.
#[cfg(unix)]
fn lost(reason: &str) -> ExitCode {
    output::write_to_stderr(&format!("planguard: cannot write the report: {reason} (PG-CL-001)\n"));
    ExitCode::from(UNDECIDED)
}

#[cfg(not(unix))]
#[expect(clippy::exit, reason = "a signal handler has no caller to return to")]
fn end_interrupted() {
    planguard::leftovers::remove_for_end();
    std::process::exit(crate::INTERRUPTED);
}

/// Lets the signal of an abort end this process, for a parent that reports it.
pub(crate) fn let_aborts_kill() {
    #[cfg(unix)]
    use std::sync::atomic::Ordering;
    unix::ABORTS_KILL.store(true, Ordering::SeqCst);
    unix::ABORTS_ARE_UNDECIDED.store(false, Ordering::SeqCst);
}

/// Leaves SIGTERM to a command that finishes its work first.
#[cfg(all(unix, feature = "serve"))]
pub(crate) fn leave_termination() {
    unix::TERMINATION_IS_LEFT.store(true, std::sync::atomic::Ordering::SeqCst);
}

#[cfg(unix)]
mod unix {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    use rustix::process::{Resource, getrlimit};
    use signal_hook::consts::{SIGABRT, SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;
    use signal_hook::{flag, low_level};

    use crate::{INTERRUPTED, UNDECIDED};

    /// Below it, the allocator cannot reserve its first block, and nothing could be told any more.
    const LEAST_ADDRESS_SPACE: u64 = 192 << 20;

    /// Below it, the arguments alone may not fit.
    const LEAST_STACK: u64 = 4 << 20;

    /// Whether an abort, as after a failed allocation or at the end of a stack, is an undecided run.
    pub(super) static ABORTS_ARE_UNDECIDED: AtomicBool = AtomicBool::new(true);

    /// Whether an abort ends the process as if nothing handled it.
    pub(super) static ABORTS_KILL: AtomicBool = AtomicBool::new(false);

    /// Whether a command has a handler of its own for SIGTERM.
    pub(super) static TERMINATION_IS_LEFT: AtomicBool = AtomicBool::new(false);

    static STDOUT_WAS_CLOSED: AtomicBool = AtomicBool::new(false);

    /// Before `main`: the standard library opens /dev/null in the place of a closed stream, and whatever is written there
    /// is lost without an error. And it allocates before `main`, which must not fail.
    #[ctor::ctor]
    #[expect(clippy::exit, reason = "before `main` there is no caller to return to")]
    fn before_the_standard_library() {
        let is_closed = rustix::io::fcntl_getfd(rustix::stdio::stdout()).is_err();
        STDOUT_WAS_CLOSED.store(is_closed, Ordering::Relaxed);
        if has_too_little_address_space() {
            std::process::exit(i32::from(UNDECIDED));
        }
    }

    pub(super) fn stdout_is_closed() -> bool {
        STDOUT_WAS_CLOSED.load(Ordering::Relaxed)
    }

    /// Says so as well, without an allocation.
    fn has_too_little_address_space() -> bool {
        let has_too_little = getrlimit(Resource::As).current.is_some_and(|limit| limit < LEAST_ADDRESS_SPACE);
        if has_too_little {
            let _ = rustix::io::write(
                rustix::stdio::stderr(),
                b"planguard: the limit on the address space (ulimit -v) is too low: 192 MB are the least (PG-CL-015)\n",
            );
        }
        has_too_little
    }

    /// The stack of the main thread.
    pub(super) enum Stack {
        Sufficient,
        Small,
    }

    pub(super) fn stack() -> Stack {
        match getrlimit(Resource::Stack).current {
            Some(limit) if limit < LEAST_STACK => Stack::Small,
            _ => Stack::Sufficient,
        }
    }

    /// An abort is undecided, SIGINT is 130, and the other signals kill, after what is half written was removed.
    pub(super) fn let_signals_end_cleanly() {
        // If the system refuses a handler, the signal ends the process, which no shell takes for a success.
        let _ = flag::register_conditional_shutdown(SIGABRT, i32::from(UNDECIDED), &ABORTS_ARE_UNDECIDED);
        let _ = flag::register_conditional_default(SIGABRT, &ABORTS_KILL);
        if let Ok(mut signals) = Signals::new([SIGINT, SIGTERM, SIGHUP]) {
            let _ = thread::Builder::new().spawn(move || signals.forever().for_each(end));
        }
    }

    #[expect(clippy::exit, reason = "a signal handler has no caller to return to")]
    fn end(signal: i32) {
        if signal == SIGTERM && TERMINATION_IS_LEFT.load(Ordering::SeqCst) {
            return;
        }
        planguard::leftovers::remove_for_end();
        if signal != SIGINT {
            let _ = low_level::emulate_default_handler(signal);
        }
        std::process::exit(INTERRUPTED);
    }
}
