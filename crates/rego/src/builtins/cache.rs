//! Keeps what was compiled of patterns: a policy uses the same few for every resource.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::Failure;

/// When so many are kept, all are dropped. No policy set comes near this with patterns that it spells out.
const CAPACITY: usize = 256;

/// What was compiled, by the text that it was compiled from.
pub(super) struct Cache<T> {
    compiled: RwLock<Option<HashMap<String, Arc<T>>>>,
}

impl<T> Cache<T> {
    pub(super) const fn new() -> Self {
        Self { compiled: RwLock::new(None) }
    }

    /// What `compile` makes of `text`.
    pub(super) fn get(
        &self,
        text: &str,
        compile: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<Arc<T>, Failure> {
        let known = self.compiled.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.as_ref().and_then(|known| known.get(text)) {
            return Ok(Arc::clone(found));
        }
        drop(known);
        let compiled = Arc::new(compile()?);
        let mut known = self.compiled.write().unwrap_or_else(PoisonError::into_inner);
        let known = known.get_or_insert_with(HashMap::new);
        if known.len() >= CAPACITY {
            known.clear();
        }
        known.insert(text.to_owned(), Arc::clone(&compiled));
        Ok(compiled)
    }
}
