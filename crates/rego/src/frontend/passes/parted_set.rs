//! Gives every few rules of a large set a set of their own; see `parts.rs` beside the passes.
//!
//! ```text
//! deny contains message if { … }
//! __pg_part_7_deny contains message if { … }
//! ```

use std::collections::BTreeMap;

use planguard_rego_syntax::tree::ExprKind;

use super::super::edit::Edits;
use super::super::parts::adds_to_a_set;
use super::super::policy::Policy;

pub(in super::super) fn add<'p>(policy: &Policy<'p>, edits: &mut Edits<'p>) {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for rule in &policy.module.rules {
        let name = match &rule.head.name.kind {
            ExprKind::Reference { base, .. } => base,
            _ => &rule.head.name,
        };
        let set = policy.text_of(name);
        if adds_to_a_set(rule) && policy.is_parted(set) {
            let nth = seen.entry(set).or_default();
            edits.replace(name.span.clone(), policy.part_of_set(set, *nth).as_str());
            *nth += 1;
        }
    }
}
