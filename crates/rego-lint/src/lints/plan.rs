//! What a plan holds, place by place, in every format version up to Terraform 1.17 and OpenTofu 1.13
//! (`internal/command/jsonplan`, `jsonconfig` and `jsonstate` of both).

/// What stands at a place of the plan.
#[derive(Debug)]
pub(super) enum Node {
    /// These keys and no others.
    Object(&'static [(&'static str, &'static Self)]),
    /// Any keys.
    Map(&'static Self),
    List(&'static Self),
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    Flag,
    Number,
    /// Anything at all.
    Any,
    /// What the configuration says of an argument or block: an object or a list, never the value itself.
    Expression,
    /// The attributes of a resource.
    Values(Side),
}

/// Which of a change's four objects attributes stand in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Before,
    After,
    /// `after_unknown` and the sensitivity masks, whose leaves are booleans.
    Mask,
    /// `values` of `planned_values` and `prior_state`.
    State,
}

/// What may stand in `actions`. OpenTofu 1.11 has `open`.
pub(super) const VERBS: [&str; 7] = ["no-op", "create", "read", "update", "delete", "forget", "open"];

/// `action_reason`, those of OpenTofu included.
const REASONS: [&str; 17] = [
    "replace_because_cannot_update",
    "replace_because_tainted",
    "replace_by_request",
    "replace_by_triggers",
    "delete_because_no_resource_config",
    "delete_because_wrong_repetition",
    "delete_because_count_index",
    "delete_because_each_key",
    "delete_because_no_module",
    "delete_because_no_move_target",
    "delete_because_enabled_false",
    "read_because_config_unknown",
    "read_because_dependency_pending",
    "read_because_check_nested",
    "forgot_because_lifecycle_destroy_in_state",
    "forgot_because_lifecycle_destroy_in_config",
    "none",
];

static ANY: Node = Node::Any;
static TEXT: Node = Node::Text;
static FLAG: Node = Node::Flag;
static NUMBER: Node = Node::Number;
static TEXTS: Node = Node::List(&TEXT);
static MODE: Node = Node::Word(&["managed", "data", "ephemeral"]);
static VERB: Node = Node::Word(&VERBS);
pub(super) static ACTIONS: Node = Node::List(&VERB);
static REASON: Node = Node::Word(&REASONS);
static AFTER: Node = Node::Values(Side::After);
static BEFORE: Node = Node::Values(Side::Before);
static MASK: Node = Node::Values(Side::Mask);
static STATE: Node = Node::Values(Side::State);
static EXPRESSION: Node = Node::Expression;
static EXPRESSIONS: Node = Node::Map(&EXPRESSION);
static ANY_MAP: Node = Node::Map(&ANY);

static CHANGE: Node = Node::Object(&[
    ("actions", &ACTIONS),
    ("after", &AFTER),
    ("after_identity", &ANY),
    ("after_sensitive", &MASK),
    ("after_unknown", &MASK),
    ("before", &BEFORE),
    ("before_identity", &ANY),
    ("before_sensitive", &MASK),
    ("generated_config", &ANY),
    ("importing", &ANY),
    ("replace_paths", &ANY),
]);

/// One element of `resource_changes`.
pub(super) static RESOURCE_CHANGE: Node = Node::Object(&[
    ("action_reason", &REASON),
    ("address", &TEXT),
    ("change", &CHANGE),
    ("deposed", &TEXT),
    ("index", &ANY),
    ("index_unknown", &FLAG),
    ("mode", &MODE),
    ("module_address", &TEXT),
    ("name", &TEXT),
    ("previous_address", &TEXT),
    ("provider_name", &TEXT),
    ("type", &TEXT),
]);

static RESOURCE_CHANGES: Node = Node::List(&RESOURCE_CHANGE);

/// The change of an output: its values are anything.
static OUTPUT_CHANGE: Node = Node::Object(&[
    ("actions", &ACTIONS),
    ("after", &ANY),
    ("after_sensitive", &ANY),
    ("after_unknown", &ANY),
    ("before", &ANY),
    ("before_sensitive", &ANY),
    ("after_identity", &ANY),
    ("before_identity", &ANY),
    ("generated_config", &ANY),
    ("importing", &ANY),
    ("replace_paths", &ANY),
]);
static OUTPUT_CHANGES: Node = Node::Map(&OUTPUT_CHANGE);

static VARIABLE: Node = Node::Object(&[("value", &ANY)]);
static VARIABLES: Node = Node::Map(&VARIABLE);

/// A resource of `planned_values` or `prior_state`.
static RESOURCE: Node = Node::Object(&[
    ("address", &TEXT),
    ("depends_on", &TEXTS),
    ("deposed_key", &TEXT),
    ("identity", &ANY),
    ("identity_schema_version", &NUMBER),
    ("index", &ANY),
    ("mode", &MODE),
    ("name", &TEXT),
    ("provider_name", &TEXT),
    ("schema_version", &NUMBER),
    ("sensitive_values", &MASK),
    ("tainted", &FLAG),
    ("type", &TEXT),
    ("values", &STATE),
]);
static RESOURCES: Node = Node::List(&RESOURCE);
static MODULE: Node =
    Node::Object(&[("address", &TEXT), ("child_modules", &MODULES), ("resources", &RESOURCES)]);
static MODULES: Node = Node::List(&MODULE);
static OUTPUT: Node =
    Node::Object(&[("deprecated", &ANY), ("sensitive", &FLAG), ("type", &ANY), ("value", &ANY)]);
static OUTPUTS: Node = Node::Map(&OUTPUT);
static VALUES: Node = Node::Object(&[("outputs", &OUTPUTS), ("root_module", &MODULE)]);
static PRIOR_STATE: Node = Node::Object(&[
    ("checks", &ANY),
    ("format_version", &TEXT),
    ("terraform_version", &TEXT),
    ("values", &VALUES),
]);

static PROVIDER: Node = Node::Object(&[
    ("alias", &TEXT),
    ("expressions", &EXPRESSIONS),
    ("full_name", &TEXT),
    ("module_address", &TEXT),
    ("name", &TEXT),
    ("version_constraint", &TEXT),
]);
static PROVIDERS: Node = Node::Map(&PROVIDER);
static CONFIGURED_RESOURCE: Node = Node::Object(&[
    ("address", &TEXT),
    ("count_expression", &ANY),
    ("depends_on", &TEXTS),
    ("expressions", &EXPRESSIONS),
    ("for_each_expression", &ANY),
    ("mode", &MODE),
    ("name", &TEXT),
    ("provider_config_key", &TEXT),
    ("provisioners", &ANY),
    ("schema_version", &NUMBER),
    ("type", &TEXT),
]);
static CONFIGURED_RESOURCES: Node = Node::List(&CONFIGURED_RESOURCE);
static MODULE_CALL: Node = Node::Object(&[
    ("count_expression", &ANY),
    ("depends_on", &TEXTS),
    ("expressions", &EXPRESSIONS),
    ("for_each_expression", &ANY),
    ("module", &CONFIGURED_MODULE),
    ("source", &TEXT),
    ("version_constraint", &TEXT),
]);
static MODULE_CALLS: Node = Node::Map(&MODULE_CALL);
static CONFIGURED_MODULE: Node = Node::Object(&[
    ("actions", &ANY),
    ("module_calls", &MODULE_CALLS),
    ("outputs", &ANY_MAP),
    ("resources", &CONFIGURED_RESOURCES),
    ("variables", &ANY_MAP),
]);
static CONFIGURATION: Node =
    Node::Object(&[("provider_config", &PROVIDERS), ("root_module", &CONFIGURED_MODULE)]);

static DEFERRED: Node = Node::Object(&[("reason", &TEXT), ("resource_change", &RESOURCE_CHANGE)]);
static DEFERRED_CHANGES: Node = Node::List(&DEFERRED);

/// The whole plan.
pub(super) static PLAN: Node = Node::Object(&[
    ("action_invocations", &ANY),
    ("applyable", &FLAG),
    ("checks", &ANY),
    ("complete", &FLAG),
    ("condition_results", &ANY),
    ("configuration", &CONFIGURATION),
    ("deferred_action_invocations", &ANY),
    ("deferred_changes", &DEFERRED_CHANGES),
    ("errored", &FLAG),
    ("format_version", &TEXT),
    ("output_changes", &OUTPUT_CHANGES),
    ("planned_values", &VALUES),
    ("prior_state", &PRIOR_STATE),
    ("proposed_unknown", &ANY),
    ("relevant_attributes", &ANY),
    ("resource_changes", &RESOURCE_CHANGES),
    ("resource_drift", &RESOURCE_CHANGES),
    ("terraform_version", &TEXT),
    ("timestamp", &TEXT),
    ("variables", &VARIABLES),
]);

impl Node {
    /// The keys, if they are limited.
    pub(super) fn keys(&self) -> impl Iterator<Item = &'static str> {
        let keys: &[(&str, &Self)] = match self {
            Self::Object(keys) => keys,
            Self::Map(_)
            | Self::List(_)
            | Self::Text
            | Self::Word(_)
            | Self::Flag
            | Self::Number
            | Self::Any
            | Self::Expression
            | Self::Values(_) => &[],
        };
        keys.iter().map(|(key, _)| *key)
    }

    /// Whether this is an object that describes one resource, by whose `type` one can tell its attributes.
    pub(super) fn is_resource(&self) -> bool {
        std::ptr::eq(self, &RESOURCE_CHANGE) || std::ptr::eq(self, &RESOURCE)
    }

    /// Where a key is that is missing here, one step further down: `after` of a resource change.
    pub(super) fn further_down(&self, key: &str) -> Option<&'static str> {
        let Self::Object(keys) = self else { return None };
        keys.iter().find(|(_, node)| node.keys().any(|inner| inner == key)).map(|(own, _)| *own)
    }
}

#[cfg(test)]
mod tests {
    use planguard_rego::input_paths::PLAN_KEYS;

    use super::*;

    #[test]
    fn the_top_level_is_that_of_check() {
        assert_eq!(PLAN.keys().collect::<Vec<_>>(), PLAN_KEYS);
    }

    #[test]
    fn what_is_one_step_down_is_found() {
        assert_eq!(RESOURCE_CHANGE.further_down("after"), Some("change"));
        assert_eq!(PLAN.further_down("root_module"), Some("configuration"));
        assert_eq!(PLAN.further_down("nothing"), None);
    }
}
