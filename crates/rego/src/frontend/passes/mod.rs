//! The passes of the rewrite, one in each file.

pub(super) mod bodyless_rule;
pub(super) mod called_operator;
pub(super) mod chained_bodies;
pub(super) mod declaration;
pub(super) mod early_negation;
pub(super) mod every_variable;
pub(super) mod head_value;
pub(super) mod import;
pub(super) mod iterated_value;
pub(super) mod local_name;
pub(super) mod membership;
pub(super) mod minus;
pub(super) mod negation;
pub(super) mod object_pattern;
pub(super) mod output_argument;
pub(super) mod partial_object;
pub(super) mod replaced_function;
pub(super) mod replaced_rule;
pub(super) mod searched_head;
pub(super) mod searched_index;
pub(super) mod searched_pattern;
pub(super) mod spaced_head;
pub(super) mod template;
pub(super) mod typed_scan;
pub(super) mod walk;
