//! Gives each rule of a large set a set of its own; see `parts.rs` beside the passes.
//!
//! ```text
//! deny contains message if { … }
//! __pg_part_7_0_deny contains message if { … }
//! ```

use planguard_rego_syntax::tree::ExprKind;

use super::super::edit::Edits;
use super::super::parts::{adds_to_a_set, part};
use super::super::policy::Policy;

pub(in super::super) fn add<'p>(policy: &Policy<'p>, edits: &mut Edits<'p>) {
    for (number, rule) in policy.module.rules.iter().enumerate() {
        let name = match &rule.head.name.kind {
            ExprKind::Reference { base, .. } => base,
            _ => &rule.head.name,
        };
        if adds_to_a_set(rule) && policy.is_parted(policy.text_of(name)) {
            let part = part(policy.file, number, name, policy.text);
            edits.replace(name.span.clone(), part.as_str());
        }
    }
}
