//! Divides work among threads; the only place that decides how many there are.
//!
//! Imports nothing, so that every crate can import it. Every call of [`map`] or [`map_with`] works on the calling
//! thread and starts helpers only while the process has fewer busy threads than [`count`]. Calls can therefore be
//! nested: the plans of a run are divided, the resources of each plan as well, and a thread that has nothing left to
//! do in one call is replaced by a helper of another. No thread is started before there is work for it.

use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, Builder};

/// The upper bound of [`count`], whatever the machine or the environment says. Reading a plan is not divided, so that
/// more threads than this only take memory.
pub const MOST: NonZeroUsize = NonZeroUsize::new(64).unwrap();

/// The environment variable that lowers [`count`]. Build machines set it to divide processors among processes.
const VARIABLE: &str = "RAYON_NUM_THREADS";

/// What [`count`] returns; 0 until it is asked for.
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// How many helpers are running.
static HELPERS: AtomicUsize = AtomicUsize::new(0);

/// How many threads work at the same time at most: one for each available processor, fewer if the environment
/// variable `RAYON_NUM_THREADS` says so, and never more than [`MOST`].
pub fn count() -> NonZeroUsize {
    if let Some(known) = NonZeroUsize::new(COUNT.load(Ordering::Relaxed)) {
        return known;
    }
    let available = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let counted = lowered(available, std::env::var(VARIABLE).ok().as_deref());
    COUNT.store(counted.get(), Ordering::Relaxed);
    counted
}

/// Sets [`count`], up to [`MOST`], for work that starts from now on.
pub fn set_count(count: NonZeroUsize) {
    COUNT.store(count.min(MOST).get(), Ordering::Relaxed);
}

/// As many as are available, or fewer if `wanted` is a smaller number; 0 stands for all of them, as in rayon.
fn lowered(available: NonZeroUsize, wanted: Option<&str>) -> NonZeroUsize {
    let wanted = wanted.and_then(|wanted| wanted.trim().parse().ok()).unwrap_or(MOST);
    available.min(wanted).min(MOST)
}

/// How large the stack of a thread is. This is address space: the system provides memory only for what is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stack {
    /// For plans, whose nesting is limited to 512 levels.
    Plan,
    /// For policies: evaluation recurses with the nesting of their expressions and with the chain of rules that
    /// depend on each other, and both limits fit.
    Policy,
}

impl Stack {
    /// The size in bytes.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Plan => 16 << 20,
            Self::Policy => 256 << 20,
        }
    }
}

/// How work is divided.
#[derive(Clone, Copy, Debug)]
pub struct Division {
    /// How many threads work on it at most, the calling one included.
    pub at_most: NonZeroUsize,
    /// The stack of each helper.
    pub stack: Stack,
}

/// A place among the helpers, which is free again when this is dropped.
struct Helper;

impl Helper {
    /// `None` if as many threads are busy as there may be.
    fn hire() -> Option<Self> {
        let count = count().get();
        let hire = |helpers: usize| (helpers + 1 < count).then_some(helpers + 1);
        HELPERS.fetch_update(Ordering::Relaxed, Ordering::Relaxed, hire).is_ok().then(|| Self)
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        HELPERS.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How many threads a call could use at this moment, the calling one included: for work that takes longer the more
/// parts it has, so that it is not divided into more than that.
pub fn free() -> NonZeroUsize {
    let helpers = HELPERS.load(Ordering::Relaxed);
    NonZeroUsize::new(count().get().saturating_sub(helpers)).unwrap_or(NonZeroUsize::MIN)
}

/// Applies `work` to every item and returns the results in the order of the items.
///
/// # Panics
///
/// If `work` panics, with its panic.
pub fn map<T: Sync, R: Send>(items: &[T], stack: Stack, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    map_with(items, Division { at_most: MOST, stack }, || (), |(), item| work(item)).0
}

/// Does both and returns their results: `beside` on a helper while this thread does `here`, or after it if no thread is
/// free.
///
/// # Panics
///
/// If one of them panics, with its panic.
pub fn both<A: Send, B>(stack: Stack, beside: impl Fn() -> A + Sync, here: impl FnOnce() -> B) -> (A, B) {
    thread::scope(|scope| {
        let helper = Helper::hire().and_then(|helper| {
            let help = || {
                let _helper = helper;
                beside()
            };
            Builder::new().stack_size(stack.bytes()).spawn_scoped(scope, help).ok()
        });
        let own = here();
        let other = match helper {
            Some(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
            None => beside(),
        };
        (other, own)
    })
}

/// Applies `work` to every item, with a state that each thread makes by `start` before its first item. Returns the
/// results in the order of the items, and the states in no certain order.
///
/// # Panics
///
/// If `work` or `start` panics, with its panic.
pub fn map_with<T: Sync, R: Send, S: Send>(
    items: &[T],
    division: Division,
    start: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, &T) -> R + Sync,
) -> (Vec<R>, Vec<S>) {
    let next = AtomicUsize::new(0);
    let lane = |before_each: &mut dyn FnMut()| {
        let (mut state, mut results) = (start(), Vec::new());
        loop {
            before_each();
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else { return (state, results) };
            results.push((index, work(&mut state, item)));
        }
    };
    let lanes = thread::scope(|scope| {
        let mut helpers = Vec::new();
        let mut most_helpers = division.at_most.get() - 1;
        // A place can become free at any time, so this is tried again before each item.
        let mut hire = || {
            // One of the items that are left is for this thread.
            while helpers.len() < most_helpers && next.load(Ordering::Relaxed) + 1 < items.len() {
                let Some(helper) = Helper::hire() else { return };
                let help = || {
                    let _helper = helper;
                    lane(&mut || ())
                };
                match Builder::new().stack_size(division.stack.bytes()).spawn_scoped(scope, help) {
                    Ok(thread) => helpers.push(thread),
                    // With fewer threads it takes longer; the results are the same.
                    Err(_) => most_helpers = 0,
                }
            }
        };
        let own = lane(&mut hire);
        let mut lanes = vec![own];
        for helper in helpers {
            lanes.push(helper.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        lanes
    });
    let (states, results): (Vec<S>, Vec<_>) = lanes.into_iter().unzip();
    let mut results: Vec<(usize, R)> = results.into_iter().flatten().collect();
    results.sort_unstable_by_key(|(index, _)| *index);
    (results.into_iter().map(|(_, result)| result).collect(), states)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Duration;

    use super::*;

    /// The number of threads belongs to the process, and tests share it.
    static ALONE: Mutex<()> = Mutex::new(());

    fn with_count<R>(count: usize, test: impl FnOnce() -> R) -> R {
        let _alone = ALONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        set_count(NonZeroUsize::new(count).unwrap());
        test()
    }

    /// The most threads that `work` ran on at the same time.
    #[derive(Default)]
    struct Peak {
        now: AtomicUsize,
        most: AtomicUsize,
    }

    impl Peak {
        fn work(&self) {
            let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(now, Ordering::SeqCst);
            thread::sleep(Duration::from_millis(2));
            self.now.fetch_sub(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn both_are_done_with_and_without_a_helper() {
        for (count, are_apart) in [(1, false), (2, true)] {
            let here = thread::current().id();
            let beside = || thread::current().id();
            let (other, own) = with_count(count, || both(Stack::Plan, beside, || thread::current().id()));
            assert_eq!((other != here, own), (are_apart, here), "{count}");
        }
    }

    #[test]
    fn results_keep_the_order_of_the_items() {
        let items: Vec<usize> = (0..100).collect();
        for threads in [1, 3, 200] {
            let doubled = with_count(threads, || map(&items, Stack::Plan, |item| 2 * item));
            assert_eq!(doubled, items.iter().map(|item| 2 * item).collect::<Vec<_>>());
        }
        assert!(map(&[] as &[u8], Stack::Plan, |item| *item).is_empty());
    }

    #[test]
    fn states_see_every_item_once() {
        let items: Vec<usize> = (1..=100).collect();
        let division = Division { at_most: NonZeroUsize::new(2).unwrap(), stack: Stack::Plan };
        let (_, sums) =
            with_count(8, || map_with(&items, division, || 0, |sum: &mut usize, item| *sum += item));
        assert!(sums.len() <= 2, "{sums:?}");
        assert_eq!(sums.iter().sum::<usize>(), 5_050);
    }

    #[test]
    fn nested_work_shares_the_same_threads() {
        let peak = Peak::default();
        with_count(4, || {
            map(&[0; 6], Stack::Plan, |_| map(&[0; 6], Stack::Plan, |_| peak.work()));
        });
        let most = peak.most.load(Ordering::SeqCst);
        assert!((2..=4).contains(&most), "{most}");
    }

    #[test]
    fn a_free_thread_joins_work_that_has_begun() {
        let peak = Peak::default();
        with_count(2, || {
            map(&[30, 1], Stack::Plan, |items| map(&vec![0; *items], Stack::Plan, |_| peak.work()));
        });
        assert_eq!(peak.most.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn one_thread_is_the_calling_one() {
        let caller = thread::current().id();
        let threads = with_count(1, || map(&[0; 10], Stack::Plan, |_| thread::current().id()));
        assert!(threads.iter().all(|thread| *thread == caller));
    }

    #[test]
    fn a_panic_reaches_the_caller_and_frees_the_threads() {
        with_count(3, || {
            let work = |item: &u8| assert!(*item < 7, "item {item}");
            let panic = std::panic::catch_unwind(|| map(&[0, 1, 2, 3, 4, 5, 6, 7], Stack::Plan, work));
            assert_eq!(panic.unwrap_err().downcast_ref::<String>().unwrap(), "item 7");
            assert_eq!(HELPERS.load(Ordering::Relaxed), 0);
        });
    }

    #[test]
    fn the_environment_lowers_the_number_of_threads() {
        let number = |number| NonZeroUsize::new(number).unwrap();
        for (available, wanted, counted) in [
            (8, None, 8),
            (8, Some("2"), 2),
            (8, Some("100000"), 8),
            (8, Some("0"), 8),
            (8, Some("many"), 8),
            (100_000, None, MOST.get()),
            (100_000, Some("100000"), MOST.get()),
        ] {
            assert_eq!(lowered(number(available), wanted), number(counted), "{available} {wanted:?}");
        }
        with_count(100_000, || assert_eq!(count(), MOST));
    }
}
