//! Divides the rules of a set among the processors.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use regorus::Engine;

use super::evaluate::{Asked, Work};
use super::set::PolicySet;

/// How many rules times bytes of the plan make a thread worth its start. A resource takes some three thousand bytes
/// of a plan and a rule a third of a microsecond to pass it over, so that this is about fifteen milliseconds.
const WORTH_A_THREAD: usize = 150_000_000;

/// How many evaluations are running. Those of several plans share the processors anyhow.
static RUNNING: AtomicUsize = AtomicUsize::new(0);

/// Counts as running until it is dropped.
struct Running;

impl Running {
    /// Also tells how many are running now.
    fn start() -> (Self, usize) {
        (Self, RUNNING.fetch_add(1, Ordering::Relaxed).saturating_add(1))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        RUNNING.fetch_sub(1, Ordering::Relaxed);
    }
}

impl PolicySet {
    /// Evaluates paths, on several threads if that takes less time. What comes of a path does not depend on it.
    pub(super) fn ask_all(&self, engine: &Engine, work: &Work, paths: &[String]) -> Asked {
        let (_running, running) = Running::start();
        let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let parts = parts(paths.len(), work.size, processors / running);
        let mut shares: Vec<Vec<(usize, String)>> = vec![Vec::new(); parts];
        for (place, path) in paths.iter().enumerate() {
            shares[place % parts].push((place, path.clone()));
        }
        let Some((own, others)) = shares.split_first() else { return Asked::default() };
        thread::scope(|scope| {
            let start =
                |share| thread::Builder::new().spawn_scoped(scope, move || self.ask(engine, work, share));
            let started: Vec<_> = others.iter().map(|share| (share, start(share))).collect();
            let mut all = self.ask(engine, work, own);
            for (share, thread) in started {
                // What a thread could not be started for, or has lost, is done here.
                let asked = thread.ok().and_then(|thread| thread.join().ok());
                let asked = asked.unwrap_or_else(|| self.ask(engine, work, share));
                all.answers.extend(asked.answers);
                all.failures.extend(asked.failures);
                all.unreached.extend(asked.unreached);
            }
            all
        })
    }
}

/// Into how many parts the work is divided.
fn parts(rules: usize, size: usize, processors: usize) -> usize {
    let worth = rules.saturating_mul(size) / WORTH_A_THREAD;
    worth.min(processors).min(rules).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_work_is_not_divided() {
        assert_eq!(parts(0, 10_000_000, 8), 1);
        assert_eq!(parts(100, 100_000, 8), 1);
        assert_eq!(parts(100, 10_000_000, 8), 6);
        assert_eq!(parts(100, 10_000_000, 2), 2);
        assert_eq!(parts(1, 1_000_000_000, 8), 1);
        assert_eq!(parts(1_000, 100_000_000, 0), 1);
    }
}
