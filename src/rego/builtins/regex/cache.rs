//! Keeps compiled patterns: a policy uses the same few for every resource.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::Pattern;
use super::dialect;
use crate::rego::builtins::Failure;

/// When so many are kept, all are dropped. No policy set comes near this with patterns that it spells out.
const CAPACITY: usize = 256;

static PATTERNS: RwLock<Option<HashMap<String, Arc<Pattern>>>> = RwLock::new(None);

/// The pattern, compiled.
///
/// # Errors
///
/// Go's complaint about the pattern, or that it needs too much memory.
pub(super) fn compiled(pattern: &str) -> Result<Arc<Pattern>, Failure> {
    let known = PATTERNS.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = known.as_ref().and_then(|patterns| patterns.get(pattern)) {
        return Ok(Arc::clone(found));
    }
    drop(known);
    let compiled = Arc::new(dialect::compile(pattern)?);
    let mut known = PATTERNS.write().unwrap_or_else(PoisonError::into_inner);
    let patterns = known.get_or_insert_with(HashMap::new);
    if patterns.len() >= CAPACITY {
        patterns.clear();
    }
    patterns.insert(pattern.to_owned(), Arc::clone(&compiled));
    Ok(compiled)
}
