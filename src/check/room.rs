//! How much of documents is in memory at the same time.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// The bytes of documents that are read and checked at the same time. A check takes about three times the size of its
/// document, so that a run stays below a gigabyte unless a single document is larger.
const MOST: u64 = 256 << 20;

/// Room for documents: whoever finds none waits until others have left. A document that is larger than all of it has it
/// for itself.
#[derive(Debug)]
pub(super) struct Room {
    most: u64,
    taken: Mutex<u64>,
    left: Condvar,
}

/// A document in the room, which leaves when this is dropped.
#[derive(Debug)]
pub(super) struct Held<'r> {
    room: &'r Room,
    bytes: u64,
}

impl Default for Room {
    fn default() -> Self {
        Self::of(MOST)
    }
}

impl Room {
    const fn of(most: u64) -> Self {
        Self { most, taken: Mutex::new(0), left: Condvar::new() }
    }

    /// Waits until there is room for a document of this many bytes.
    pub(super) fn enter(&self, bytes: u64) -> Held<'_> {
        let fits = |taken: &mut u64| *taken == 0 || taken.saturating_add(bytes) <= self.most;
        let mut taken =
            self.left.wait_while(self.taken(), |taken| !fits(taken)).unwrap_or_else(PoisonError::into_inner);
        *taken = taken.saturating_add(bytes);
        Held { room: self, bytes }
    }

    /// A number is whole whatever happened to the thread that held it.
    fn taken(&self) -> MutexGuard<'_, u64> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held<'_> {
    /// Says how large the document really is: a file may be compressed, and a pipe has no size. This never waits,
    /// because the document is there already; others wait the longer for it.
    pub(super) fn has(&mut self, bytes: u64) {
        let mut taken = self.room.taken();
        *taken = taken.saturating_sub(self.bytes).saturating_add(bytes);
        self.bytes = bytes;
        drop(taken);
        self.room.left.notify_all();
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let mut taken = self.room.taken();
        *taken = taken.saturating_sub(self.bytes);
        drop(taken);
        self.room.left.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn no_more_than_fits_is_in_at_the_same_time() {
        let room = Room::of(10);
        let (inside, most) = (AtomicU64::new(0), AtomicU64::new(0));
        thread::scope(|scope| {
            for bytes in [3, 4, 5, 10, 25, 1, 0, 7, 3, 3, 3] {
                let (room, inside, most) = (&room, &inside, &most);
                scope.spawn(move || {
                    let held = room.enter(bytes);
                    let now = inside.fetch_add(bytes, Ordering::SeqCst) + bytes;
                    // What is larger than the room is in it alone.
                    most.fetch_max(if now == 25 { 0 } else { now }, Ordering::SeqCst);
                    thread::yield_now();
                    inside.fetch_sub(bytes, Ordering::SeqCst);
                    drop(held);
                });
            }
        });
        assert!(most.into_inner() <= 10);
        assert_eq!(*room.taken(), 0);
    }

    #[test]
    fn what_turns_out_larger_keeps_others_out() {
        let room = Room::of(10);
        let mut first = room.enter(1);
        first.has(10);
        assert_eq!(*room.taken(), 10);
        thread::scope(|scope| {
            let second = scope.spawn(|| room.enter(5).bytes);
            first.has(5);
            assert_eq!(second.join().unwrap(), 5);
        });
        drop(first);
        assert_eq!(*room.taken(), 0);
    }
}
