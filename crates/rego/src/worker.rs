//! A thread with a large stack that works with engines, one order after the other.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use regorus::Engine;

use super::cpu_time::{self, Watch};
use super::error::PolicyError;
use super::shell::{self, Memory};

/// An engine, and what to do with it.
type Order<T> = (Engine, Box<dyn FnOnce(&mut Engine) -> T + Send>);

/// A thread that waits for orders. It ends when this is dropped, or with the work that it was abandoned in.
#[derive(Debug)]
pub(super) struct Worker<T> {
    orders: Sender<Order<T>>,
    /// What came of each order, or the message of a panic.
    answers: Receiver<Result<(Engine, T), String>>,
    watch: Watch,
}

impl<T: Send + 'static> Worker<T> {
    /// Starts a thread that may allocate so many bytes.
    ///
    /// # Errors
    ///
    /// [`PolicyError::NoThread`] if the system cannot start one.
    pub(super) fn hire(memory: u64) -> Result<Self, PolicyError> {
        let (orders, ordered) = mpsc::channel::<Order<T>>();
        let (answer, answers) = mpsc::channel();
        let watch = Watch::default();
        let watched = watch.clone();
        shell::detach(move || {
            let _memory = Memory::reserve(memory);
            while let Ok((mut engine, work)) = ordered.recv() {
                watched.over_this_thread();
                let answered = shell::guard(|| work(&mut engine));
                // After a timeout, nobody waits for it.
                if answer.send(answered.map(|answered| (engine, answered))).is_err() {
                    break;
                }
            }
        })
        .map_err(|reason| PolicyError::NoThread { reason })?;
        Ok(Self { orders, answers, watch })
    }

    /// Has the thread work with an engine, and waits for it until its limit. What stays inside one builtin for longer is
    /// abandoned. Returns the worker for the next order.
    ///
    /// # Errors
    ///
    /// The work exceeded its limit or crashed.
    pub(super) fn work(
        self,
        mut engine: Engine,
        limit: Duration,
        name: &str,
        work: impl FnOnce(&mut Engine) -> T + Send + 'static,
    ) -> Result<(Self, Engine, T), PolicyError> {
        let rule = || name.to_owned();
        let ended = || PolicyError::Crashed { rule: rule(), reason: "its thread ended".to_owned() };
        cpu_time::set_timer(&mut engine, limit);
        self.orders.send((engine, Box::new(work))).map_err(|_| ended())?;
        match self.watch.wait(&self.answers, limit) {
            Ok(Ok((engine, answer))) => Ok((self, engine, answer)),
            Ok(Err(reason)) => Err(PolicyError::Crashed { rule: rule(), reason }),
            Err(RecvTimeoutError::Disconnected) => Err(ended()),
            Err(RecvTimeoutError::Timeout) => {
                Err(PolicyError::OutOfTime { rule: rule(), limit_ms: limit.as_millis() })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread::{self, ThreadId};

    use super::*;
    use crate::dialect;

    const LIMIT: Duration = Duration::from_secs(60);

    #[test]
    fn one_thread_works_off_several_orders() {
        let mut worker: Worker<ThreadId> = Worker::hire(1 << 30).unwrap();
        let mut threads = Vec::new();
        for _ in 0..3 {
            let order = worker.work(dialect::new_engine(), LIMIT, "r", |_| thread::current().id());
            let (again, _, thread) = order.unwrap();
            (worker, _) = (again, threads.push(thread));
        }
        assert_ne!(threads[0], thread::current().id());
        assert!(threads.iter().all(|thread| *thread == threads[0]));
    }

    #[test]
    fn a_panic_is_an_error() {
        let worker: Worker<()> = Worker::hire(1 << 30).unwrap();
        let error = worker.work(dialect::new_engine(), LIMIT, "r", |_| panic!("no luck")).unwrap_err();
        assert!(matches!(error, PolicyError::Crashed { rule, reason } if rule == "r" && reason == "no luck"));
    }
}
