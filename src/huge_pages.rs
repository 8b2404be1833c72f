//! Huge pages, which the allocator asks for: they save time with large plans and many policies, and with small ones they cost
//! more than the whole check, because the system clears two megabytes for the first byte of each.

/// A document that takes at least so many bytes fills them.
const WORTHWHILE: u64 = 4 << 20;

/// So many bytes of policies fill them: the trees of policies take far more than their text.
const WORTHWHILE_FOR_POLICIES: u64 = 128 << 10;

/// Does without huge pages until a document is large, or there are many policies. To be called when the process starts.
pub fn avoid() {
    disable(true);
}

/// Lets the system give huge pages if a document of so many bytes fills them.
pub(crate) fn allow_for(bytes: u64) {
    if bytes >= WORTHWHILE {
        disable(false);
    }
}

/// Lets the system give huge pages if policies of so many bytes fill them.
pub(crate) fn allow_for_policies(bytes: u64) {
    if bytes >= WORTHWHILE_FOR_POLICIES {
        disable(false);
    }
}

/// What a system without such a setting does, it does: this is about time only.
fn disable(disabled: bool) {
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(disabled);
    #[cfg(not(target_os = "linux"))]
    let _ = disabled;
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn only_a_large_document_has_huge_pages() {
        let are_disabled = || rustix::thread::transparent_huge_pages_are_disabled().unwrap();
        avoid();
        allow_for(200_000);
        assert!(are_disabled());
        allow_for(100 << 20);
        assert!(!are_disabled());
        avoid();
        allow_for_policies(10_000);
        assert!(are_disabled());
        allow_for_policies(300_000);
        assert!(!are_disabled());
    }
}
