//! Does several things at a time, and returns what came of them in their order.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// What `work` makes of each item, at most `jobs` at a time. What waits most of the time for a thread with a larger
/// stack needs no pool.
pub(super) fn in_lanes<I: Sync, T: Send>(
    jobs: NonZeroUsize,
    items: &[I],
    work: impl Fn(&I) -> T + Sync,
) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(BTreeMap::new());
    let lane = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else { return };
            let result = work(item);
            done.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).insert(index, result);
        }
    };
    thread::scope(|scope| {
        for _ in 1..jobs.get().min(items.len()) {
            scope.spawn(lane);
        }
        lane();
    });
    done.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner()).into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_keep_their_order() {
        let items: Vec<usize> = (0..100).collect();
        for jobs in [1, 3, 200] {
            let doubled = in_lanes(NonZeroUsize::new(jobs).unwrap(), &items, |item| 2 * item);
            assert_eq!(doubled, items.iter().map(|item| 2 * item).collect::<Vec<_>>());
        }
        assert!(in_lanes(NonZeroUsize::MIN, &[] as &[u8], |item| *item).is_empty());
    }
}
