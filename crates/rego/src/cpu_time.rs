//! How long policies may take, by the CPU time of the thread that evaluates them.
//!
//! A rule must not fail because the machine was busy with something else. The engine can only look at the time of day,
//! so it is given a little more of that than the limit. If it stops, the CPU time of its thread decides: either the
//! limit is used up, or the rule is evaluated again with as much more time as the thread had to wait for a processor.
//! A rule that used up its limit has no result, even if it came to an end.

use std::cell::RefCell;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use regorus::Engine;
use regorus::utils::limits::ExecutionTimerConfig;

/// The engine checks the clock once in this many steps; checking every hundred steps costs measurable time.
const STEPS_BETWEEN_LOOKS: NonZeroU32 = match NonZeroU32::new(1_000) {
    Some(steps) => steps,
    None => NonZeroU32::MIN,
};

/// The time by which a rule may exceed its limit before its thread is abandoned; the engine needs it to notice.
const GRACE: Duration = Duration::from_secs(1);

/// How many times its limit a rule may take by the time of day, however little CPU time it got. It is there for threads
/// that wait without end.
const LONGEST: u32 = 12;

/// The same where nobody can read the CPU time of another thread.
const LONGEST_UNSEEN: u32 = 3;

/// The CPU time of the calling thread; the time of day where the system does not tell.
#[cfg(unix)]
fn used_by_this_thread() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let (seconds, nanoseconds) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
    Duration::new(seconds.unwrap_or_default(), nanoseconds.unwrap_or_default())
}

/// The CPU time of the calling thread; the time of day where the system does not tell.
#[cfg(not(unix))]
fn used_by_this_thread() -> Duration {
    static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    START.elapsed()
}

/// Why an evaluation has no result.
#[derive(Debug)]
pub(super) enum Stopped {
    /// It used up its limit.
    Time,
    /// The engine's message.
    Failed(String),
}

impl Stopped {
    /// The engine returns its errors as text, so the text decides.
    fn from_message(message: String) -> Self {
        if message.contains("execution exceeded time limit") { Self::Time } else { Self::Failed(message) }
    }
}

/// The clocks that an evaluation looks at.
trait Clocks {
    /// The CPU time of the thread, from any start.
    fn used(&self) -> Duration;
    /// The time of day, from any start.
    fn now(&self) -> Duration;
}

/// The clocks of the system, for the calling thread.
struct OfThisThread(Instant);

impl Clocks for OfThisThread {
    fn used(&self) -> Duration {
        used_by_this_thread()
    }

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

/// Evaluates with a limit on the CPU time of the calling thread.
///
/// # Errors
///
/// [`Stopped::Time`] if the evaluation used up the limit, and what the engine says.
pub(super) fn limited<T>(
    engine: &mut Engine,
    limit: Duration,
    evaluate: impl FnMut(&mut Engine) -> anyhow::Result<T>,
) -> Result<T, Stopped> {
    limited_by(&OfThisThread(Instant::now()), engine, limit, evaluate)
}

/// Lets the engine stop whatever takes longer, by the time of day.
pub(super) fn set_timer(engine: &mut Engine, limit: Duration) {
    engine.set_execution_timer_config(ExecutionTimerConfig { limit, check_interval: STEPS_BETWEEN_LOOKS });
}

fn limited_by<T>(
    clocks: &impl Clocks,
    engine: &mut Engine,
    limit: Duration,
    mut evaluate: impl FnMut(&mut Engine) -> anyhow::Result<T>,
) -> Result<T, Stopped> {
    let first = clocks.now();
    let mut allowed = limit.saturating_add((limit / 4).min(GRACE / 2));
    loop {
        set_timer(engine, allowed);
        Watch::begin_here();
        let (used, now) = (clocks.used(), clocks.now());
        let result = evaluate(engine).map_err(|error| Stopped::from_message(error.to_string()));
        let (used, now) = (clocks.used().saturating_sub(used), clocks.now().saturating_sub(now));
        match result {
            _ if used >= limit => return Err(Stopped::Time),
            Err(Stopped::Time) => {}
            result => return result,
        }
        let left = limit.saturating_mul(LONGEST).saturating_sub(clocks.now().saturating_sub(first));
        if left < limit {
            return Err(Stopped::Time);
        }
        // What was printed is printed again.
        let _ = engine.take_prints();
        allowed = longer(limit, used, now).min(left);
    }
}

/// The time of day that a thread needs for its limit, if it is as busy with waiting as it was, and a quarter more.
fn longer(limit: Duration, used: Duration, now: Duration) -> Duration {
    let share = now.as_secs_f64() / used.as_secs_f64().max(0.001);
    limit.saturating_mul(LONGEST).min(limit.mul_f64((share * 1.25).clamp(1.25, f64::from(LONGEST))))
}

/// Where a thread that evaluates says what it has begun, and where others look how long it has been at it.
#[derive(Clone, Debug, Default)]
pub(super) struct Watch(Arc<Mutex<Option<Begun>>>);

#[derive(Debug)]
struct Begun {
    /// The CPU time of the thread at the beginning.
    used: Duration,
    at: Instant,
    /// Where Linux says how much CPU time the thread has had.
    clock: Option<PathBuf>,
}

thread_local! {
    /// Who watches this thread.
    static WATCHED: RefCell<Option<Watch>> = const { RefCell::new(None) };
}

impl Watch {
    /// Lets the calling thread be watched. From now on it says so itself when an evaluation begins.
    pub(super) fn over_this_thread(&self) {
        self.begin();
        WATCHED.set(Some(self.clone()));
    }

    fn begin_here() {
        WATCHED.with_borrow(|watch| watch.iter().for_each(Self::begin));
    }

    /// Says that the calling thread begins with something that has the limit for itself.
    fn begin(&self) {
        let mut begun = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let clock = match begun.take() {
            Some(begun) => begun.clock,
            None => std::fs::read_link("/proc/thread-self")
                .ok()
                .map(|thread| PathBuf::from("/proc").join(thread).join("schedstat")),
        };
        *begun = Some(Begun { used: used_by_this_thread(), at: Instant::now(), clock });
    }

    /// Waits for what the watched thread sends. Gives up when the thread exceeds the limit in what it has begun.
    ///
    /// # Errors
    ///
    /// As [`Receiver::recv_timeout`].
    pub(super) fn wait<T>(&self, receiver: &Receiver<T>, limit: Duration) -> Result<T, RecvTimeoutError> {
        let start = Instant::now();
        let mut patience = limit.saturating_add(GRACE);
        loop {
            match receiver.recv_timeout(patience) {
                Err(RecvTimeoutError::Timeout) => match self.patience(start, limit) {
                    Some(more) => patience = more,
                    None => return Err(RecvTimeoutError::Timeout),
                },
                received => return received,
            }
        }
    }

    /// How much longer to wait for the thread.
    fn patience(&self, start: Instant, limit: Duration) -> Option<Duration> {
        let begun = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*begun {
            Some(begun) => {
                let used = begun.clock.as_ref().and_then(|clock| {
                    let text = std::fs::read_to_string(clock).ok()?;
                    let used = Duration::from_nanos(text.split_whitespace().next()?.parse().ok()?);
                    Some(used.saturating_sub(begun.used))
                });
                patience(used, begun.at.elapsed(), limit)
            }
            None => patience(Some(Duration::ZERO), start.elapsed(), limit),
        }
    }
}

/// How much longer to wait for a thread that had so much CPU time, if anybody can tell, since so long ago.
fn patience(used: Option<Duration>, elapsed: Duration, limit: Duration) -> Option<Duration> {
    let all = limit.saturating_add(GRACE);
    let longest = limit.saturating_mul(if used.is_some() { LONGEST } else { LONGEST_UNSEEN });
    let left = longest.saturating_add(GRACE).checked_sub(elapsed)?;
    let more = used.map_or(Some(left), |used| all.checked_sub(used))?.min(left);
    // A wait of no time at all would be repeated without rest.
    (more > Duration::ZERO).then(|| more.max(Duration::from_millis(10)))
}

/// CPU time that several threads spend together.
#[derive(Debug)]
pub(super) struct Budget {
    whole: Duration,
    nanoseconds: AtomicU64,
    start: Instant,
}

impl Budget {
    pub(super) fn new(whole: Duration) -> Self {
        Self { whole, nanoseconds: AtomicU64::new(0), start: Instant::now() }
    }

    pub(super) fn spend(&self, time: Duration) {
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let add = |spent: u64| Some(spent.saturating_add(nanoseconds));
        let _ = self.nanoseconds.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }

    pub(super) fn is_spent(&self) -> bool {
        Duration::from_nanos(self.nanoseconds.load(Ordering::Relaxed)) >= self.whole
            || self.start.elapsed() >= self.whole.saturating_mul(LONGEST)
    }
}

/// Runs `work`, and says how much CPU time of the calling thread it took.
pub(super) fn measured<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = used_by_this_thread();
    let result = work();
    (result, used_by_this_thread().saturating_sub(start))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::collections::VecDeque;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Clocks that go on by what stands in a list, once for each evaluation.
    #[derive(Default)]
    struct Set {
        used: Cell<Duration>,
        now: Cell<Duration>,
    }

    impl Clocks for Set {
        fn used(&self) -> Duration {
            self.used.get()
        }

        fn now(&self) -> Duration {
            self.now.get()
        }
    }

    /// Evaluates as often as asked. Each evaluation takes CPU time and time of day, in tenths of a second of a limit of
    /// ten seconds, and is stopped by the engine or comes to an end. Returns how often it was asked.
    fn run(evaluations: &[(u64, u64, bool)]) -> (usize, Result<u32, Stopped>) {
        let clocks = Set::default();
        let evaluations = RefCell::new(VecDeque::from(evaluations.to_vec()));
        let mut asked = 0;
        let result = limited_by(&clocks, &mut Engine::new(), 10 * SECOND, |_| {
            asked += 1;
            let (used, now, ends) = evaluations.borrow_mut().pop_front().expect("one more evaluation");
            clocks.used.set(clocks.used.get() + Duration::from_millis(100 * used));
            clocks.now.set(clocks.now.get() + Duration::from_millis(100 * now));
            if ends { Ok(7) } else { anyhow::bail!("execution exceeded time limit") }
        });
        (asked, result)
    }

    #[test]
    fn the_cpu_time_decides_and_not_the_time_of_day() {
        // Alone on its processor.
        assert!(matches!(run(&[(99, 99, true)]), (1, Ok(7))));
        assert!(matches!(run(&[(105, 105, false)]), (1, Err(Stopped::Time))));
        // With a third of a processor.
        assert!(matches!(run(&[(35, 105, false), (99, 297, true)]), (2, Ok(7))));
        assert!(matches!(run(&[(35, 105, false), (101, 303, false)]), (2, Err(Stopped::Time))));
        // It comes to an end, but alone it would not have been let.
        assert!(matches!(run(&[(35, 105, false), (101, 303, true)]), (2, Err(Stopped::Time))));
        // Never on a processor.
        assert!(matches!(run(&[(0, 105, false), (0, 1_100, false)]), (2, Err(Stopped::Time))));
    }

    #[test]
    fn a_thread_gets_as_much_more_time_as_it_waited() {
        assert_eq!(longer(10 * SECOND, 5 * SECOND, 10 * SECOND), 25 * SECOND);
        assert_eq!(longer(10 * SECOND, 10 * SECOND, 10 * SECOND), Duration::from_millis(12_500));
        assert_eq!(longer(10 * SECOND, Duration::ZERO, 10 * SECOND), 120 * SECOND);
    }

    #[test]
    fn patience_ends_with_the_limit_and_the_grace() {
        let limit = 10 * SECOND;
        assert_eq!(patience(Some(3 * SECOND), 11 * SECOND, limit), Some(8 * SECOND));
        assert_eq!(patience(Some(11 * SECOND), 11 * SECOND, limit), None);
        assert_eq!(patience(Some(SECOND), 121 * SECOND, limit), None, "it waits without end");
        assert_eq!(patience(None, 11 * SECOND, limit), Some(20 * SECOND), "nobody can tell");
        assert_eq!(patience(None, 31 * SECOND, limit), None);
    }

    #[test]
    fn a_thread_that_waits_uses_up_nothing() {
        let (_, time) = measured(|| std::thread::sleep(Duration::from_millis(20)));
        #[cfg(unix)]
        assert!(time < Duration::from_millis(20), "{time:?}");
        let budget = Budget::new(SECOND);
        budget.spend(time);
        assert!(!budget.is_spent());
        budget.spend(SECOND);
        assert!(budget.is_spent());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn another_threads_time_can_be_read() {
        let watch = Watch::default();
        let (begun, has_begun) = std::sync::mpsc::channel();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let watched = watch.clone();
        let thread = std::thread::spawn(move || {
            watched.over_this_thread();
            begun.send(()).unwrap();
            let _ = ended.recv();
        });
        has_begun.recv().unwrap();
        // The thread waits, so that nearly all of its limit is left however long this takes.
        let more = watch.patience(Instant::now(), 100 * SECOND).unwrap();
        assert!(more > 100 * SECOND, "{more:?}");
        drop(end);
        thread.join().unwrap();
    }
}
