//! Measures the memory that work on one thread takes, as the allocator of the engine counts it.

use regorus_mimalloc::{current_thread_allocation_stats, limits};

/// What work allocated on the thread that did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allocated {
    /// All bytes that it asked for, whether it gave them back or not.
    pub requested: u64,
    /// The most bytes that the thread held at one time.
    pub peak: u64,
}

/// Does work, and says what it allocated.
pub fn measured<R>(work: impl FnOnce() -> R) -> (R, Allocated) {
    let mut usage = None;
    let start = limits::MemoryBudgetUsage::default();
    let result = limits::with_memory_budget_usage_scope(Some(start), &mut usage, work);
    let requested = usage.map_or(0, limits::MemoryBudgetUsage::requested_bytes);
    let peak = u64::try_from(current_thread_allocation_stats().peak).unwrap_or_default();
    (result, Allocated { requested, peak })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_back_counts_as_requested_and_peaks_once() {
        let ((), allocated) = measured(|| {
            for _ in 0..10 {
                std::hint::black_box(Vec::<u8>::with_capacity(1 << 20));
            }
        });
        assert!(allocated.requested >= 10 << 20);
        assert!((1 << 20..5 << 20).contains(&allocated.peak), "{allocated:?}");
    }
}
