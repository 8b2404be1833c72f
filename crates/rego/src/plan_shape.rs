//! The shape of a plan as policies find it: which keys it has, and what is under each.
//!
//! The keys are those of every format version up to Terraform 1.17 and OpenTofu 1.13. They come from the packages
//! that write them in both (`internal/command/`): `jsonplan` for the plan and its changes, `jsonstate` for
//! `prior_state`, `jsonconfig` for `configuration`. Each table names its file. What planguard adds to the plan,
//! `planguard`, is here too.

use planguard_plan::text::suggest;

use crate::convention::{Convention, PlanPlace, Platform};

/// A place of the plan.
#[derive(Debug)]
pub enum Node {
    /// An object with these keys.
    Object(&'static [(&'static str, &'static Self)]),
    /// An object with any keys.
    Map(&'static Self),
    /// An object with any keys, which are nearly always one of these.
    MapOf(&'static [&'static str], &'static Self),
    /// An array.
    List(&'static Self),
    /// A string.
    Text,
    /// One of these strings.
    Word(&'static [&'static str]),
    /// A boolean.
    Flag,
    /// A number.
    Number,
    /// Anything.
    Any,
    /// An argument or block in the configuration: an object or an array, never the value itself.
    Expression,
    /// The attributes of a resource.
    Values(Side),
}

/// The object of a change, or the state, that has a resource's attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// `before`.
    Before,
    /// `after`.
    After,
    /// `after_unknown` and the sensitivity masks, which have booleans in the place of values.
    Mask,
    /// `values` in `planned_values` and `prior_state`.
    State,
}

/// A step of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'s> {
    /// A key.
    Key(&'s str),
    /// An index, or a key that is not known.
    Element,
}

/// Where a step leads.
#[derive(Debug)]
pub enum Next {
    /// To another place.
    Place(&'static Node),
    /// To an attribute of a resource, or further into one.
    Attribute,
    /// To something that this shape does not describe.
    Anything,
    /// To nothing.
    Nothing(Missing),
}

/// A path that no plan has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// What the author probably meant.
    pub meant: Meant,
    /// How to correct the path.
    pub help: String,
}

/// What the author of a path that no plan has probably meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meant {
    /// A key with almost the same spelling.
    SimilarKey,
    /// A place that the author takes for another one: a key further down, an element of an array.
    OtherPlace,
    /// Something else.
    Unknown,
}

/// The words in `actions` (`jsonplan/plan.go`, `actionString`). OpenTofu 1.11 has `open`.
pub const VERBS: [&str; 7] = ["no-op", "create", "read", "update", "delete", "forget", "open"];

/// The words in `action_reason` (`jsonplan/resource.go`), with those of OpenTofu.
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
/// `actions` of a change.
pub static ACTIONS: Node = Node::List(&VERB);
static REASON: Node = Node::Word(&REASONS);
static AFTER: Node = Node::Values(Side::After);
static BEFORE: Node = Node::Values(Side::Before);
static MASK: Node = Node::Values(Side::Mask);
static STATE: Node = Node::Values(Side::State);
static EXPRESSION: Node = Node::Expression;
static EXPRESSIONS: Node = Node::Map(&EXPRESSION);
static ANY_MAP: Node = Node::Map(&ANY);

/// `jsonplan/plan.go`, `change`.
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

/// An element of `resource_changes` (`jsonplan/resource.go`, `resourceChange`).
pub static RESOURCE_CHANGE: Node = Node::Object(&[
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

/// A change of an output: as [`CHANGE`], but its values are anything.
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

/// `jsonplan/plan.go`, `variable`.
static VARIABLE: Node = Node::Object(&[("value", &ANY)]);
static VARIABLES: Node = Node::Map(&VARIABLE);

/// A resource in `planned_values` (`jsonplan/resource.go`, `resource`) or `prior_state` (`jsonstate/state.go`).
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
/// `jsonplan/module.go` and `jsonstate/state.go`, `module`.
static MODULE: Node =
    Node::Object(&[("address", &TEXT), ("child_modules", &MODULES), ("resources", &RESOURCES)]);
static MODULES: Node = Node::List(&MODULE);
/// `jsonplan/plan.go` and `jsonstate/state.go`, `output`.
static OUTPUT: Node =
    Node::Object(&[("deprecated", &ANY), ("sensitive", &FLAG), ("type", &ANY), ("value", &ANY)]);
static OUTPUTS: Node = Node::Map(&OUTPUT);
static VALUES: Node = Node::Object(&[("outputs", &OUTPUTS), ("root_module", &MODULE)]);
/// `jsonstate/state.go`, `state`.
static PRIOR_STATE: Node = Node::Object(&[
    ("checks", &ANY),
    ("format_version", &TEXT),
    ("terraform_version", &TEXT),
    ("values", &VALUES),
]);

/// `jsonconfig/config.go`, `providerConfig`.
static PROVIDER: Node = Node::Object(&[
    ("alias", &TEXT),
    ("expressions", &EXPRESSIONS),
    ("full_name", &TEXT),
    ("module_address", &TEXT),
    ("name", &TEXT),
    ("version_constraint", &TEXT),
]);
static PROVIDERS: Node = Node::Map(&PROVIDER);
/// `jsonconfig/config.go`, `resource`.
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
/// `jsonconfig/config.go`, `moduleCall`.
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
/// `jsonconfig/config.go`, `module`.
static CONFIGURED_MODULE: Node = Node::Object(&[
    ("actions", &ANY),
    ("module_calls", &MODULE_CALLS),
    ("outputs", &ANY_MAP),
    ("resources", &CONFIGURED_RESOURCES),
    ("variables", &ANY_MAP),
]);
/// `jsonconfig/config.go`, `config`.
static CONFIGURATION: Node =
    Node::Object(&[("provider_config", &PROVIDERS), ("root_module", &CONFIGURED_MODULE)]);

/// `jsonplan/plan.go`, `deferredChange`.
static DEFERRED: Node = Node::Object(&[("reason", &TEXT), ("resource_change", &RESOURCE_CHANGE)]);
static DEFERRED_CHANGES: Node = Node::List(&DEFERRED);

/// The key of what planguard adds to the plan.
pub const INDEX_KEY: &str = "planguard";

/// The section of the plan from which planguard makes what it adds.
pub const INDEX_SOURCE: &str = "resource_changes";

/// The key, in what planguard adds, of resource changes by their `type`.
pub const BY_TYPE_KEY: &str = "by_type";

/// The key, in what planguard adds, of resource changes by action; each change is under one key.
pub const BY_ACTION_KEY: &str = "by_action";

/// The keys under [`BY_ACTION_KEY`], except for rare combinations such as `create+forget`.
const INDEX_ACTIONS: [&str; 8] = ["create", "delete", "forget", "no-op", "open", "read", "replace", "update"];

/// Resource changes by type; a step from here states the type.
pub static BY_TYPE: Node = Node::Map(&RESOURCE_CHANGES);
static BY_ACTION: Node = Node::MapOf(&INDEX_ACTIONS, &RESOURCE_CHANGES);

/// The key, in what planguard adds, of what the plan costs.
pub const COST_KEY: &str = "cost";

static BOUND: Node = Node::Word(&["at_least", "at_most", "exact", "open"]);

/// A part of a cost that is missing in the sums.
pub static UNPRICED: Node = Node::Object(&[
    ("address", &TEXT),
    ("component", &TEXT),
    ("reason", &TEXT),
    ("state", &Node::Word(&["no_price", "unknown_input", "unsupported"])),
]);
static UNPRICED_PARTS: Node = Node::List(&UNPRICED);

/// What an object costs a month; see [`COST`].
pub static COST_OF_RESOURCE: Node = Node::Object(&[
    ("action", &Node::Word(&["create", "delete", "forget", "keep", "replace", "update"])),
    ("after", &NUMBER),
    ("after_lower_bound", &FLAG),
    ("before", &NUMBER),
    ("before_lower_bound", &FLAG),
    ("complete", &FLAG),
    ("delta", &NUMBER),
    ("delta_bound", &BOUND),
    ("delta_percent", &NUMBER),
    ("region", &TEXT),
    ("type", &TEXT),
    ("unknown", &UNPRICED_PARTS),
    ("usage", &FLAG),
]);
static COST_OF_RESOURCES: Node = Node::Map(&COST_OF_RESOURCE);

/// What the plan costs a month; `src/cost/policy_input.rs` writes it.
pub static COST: Node = Node::Object(&[
    ("after", &NUMBER),
    ("after_lower_bound", &FLAG),
    ("before", &NUMBER),
    ("before_lower_bound", &FLAG),
    ("complete", &FLAG),
    ("currency", &TEXT),
    ("delta", &NUMBER),
    ("delta_bound", &BOUND),
    ("delta_percent", &NUMBER),
    ("imported", &FLAG),
    ("resources", &COST_OF_RESOURCES),
    ("unknown", &UNPRICED_PARTS),
    ("usage", &FLAG),
]);

/// What planguard adds to the plan.
pub static INDEX: Node =
    Node::Object(&[(BY_ACTION_KEY, &BY_ACTION), (BY_TYPE_KEY, &BY_TYPE), (COST_KEY, &COST)]);

/// The plan (`jsonplan/plan.go`, `plan`), with what planguard adds. `proposed_unknown` is documented and never
/// written.
pub static PLAN: Node = Node::Object(&[
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
    (INDEX_KEY, &INDEX),
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
    pub fn keys(&self) -> impl Iterator<Item = &'static str> {
        let (keys, names): (&[(&str, &Self)], &[&str]) = match self {
            Self::Object(keys) => (keys, &[]),
            Self::MapOf(names, _) => (&[], names),
            Self::Map(_)
            | Self::List(_)
            | Self::Text
            | Self::Word(_)
            | Self::Flag
            | Self::Number
            | Self::Any
            | Self::Expression
            | Self::Values(_) => (&[], &[]),
        };
        keys.iter().map(|(key, _)| *key).chain(names.iter().copied())
    }

    /// Whether this is an object that describes one resource and has the resource's `type`.
    pub fn is_resource(&self) -> bool {
        std::ptr::eq(self, &RESOURCE_CHANGE) || std::ptr::eq(self, &RESOURCE)
    }

    /// Whether other keys are mistakes even if they look like none that exists. Elsewhere a later version may have
    /// more keys.
    pub fn has_no_other_keys(&self) -> bool {
        [&PLAN, &INDEX, &COST, &COST_OF_RESOURCE, &UNPRICED].into_iter().any(|own| std::ptr::eq(self, own))
    }

    /// Where a step leads from here. `path` is the path to this place, for help.
    pub fn step(&self, step: Step<'_>, path: &str) -> Next {
        match (self, step) {
            (Self::Object(keys), Step::Key(key)) => match keys.iter().find(|(known, _)| *known == key) {
                Some((_, node)) => Next::Place(node),
                None => Next::Nothing(self.missing(key, path)),
            },
            (Self::MapOf(usual, node), Step::Key(key)) => {
                match suggest::nearest(key, usual.iter().copied()).filter(|_| !usual.contains(&key)) {
                    Some(near) => Next::Nothing(Missing::similar(path, near)),
                    None => Next::Place(node),
                }
            }
            (Self::Map(node), _) | (Self::MapOf(_, node) | Self::List(node), Step::Element) => {
                Next::Place(node)
            }
            (Self::List(_), Step::Key(key)) if key.parse::<u32>().is_err() => Next::Nothing(Missing {
                meant: Meant::OtherPlace,
                help: format!("`{path}` is an array: write `some x in {path}` and then `x.{key}`"),
            }),
            (Self::Values(_), _) => Next::Attribute,
            (Self::Text | Self::Word(_) | Self::Flag | Self::Number, Step::Key(_)) => {
                Next::Nothing(Missing {
                    meant: Meant::OtherPlace,
                    help: format!("`{path}` is {} and has no keys", self.kind()),
                })
            }
            (
                Self::Object(_)
                | Self::List(_)
                | Self::Text
                | Self::Word(_)
                | Self::Flag
                | Self::Number
                | Self::Any
                | Self::Expression,
                _,
            ) => Next::Anything,
        }
    }

    const fn kind(&self) -> &'static str {
        match self {
            Self::Text | Self::Word(_) => "a string",
            Self::Flag => "a boolean",
            Self::Number => "a number",
            Self::List(_) => "an array",
            Self::Object(_) | Self::Map(_) | Self::MapOf(..) | Self::Values(_) => "an object",
            Self::Any | Self::Expression => "a value",
        }
    }

    fn missing(&self, key: &str, path: &str) -> Missing {
        if let Some(near) = suggest::nearest(key, self.keys()) {
            return Missing::similar(path, near);
        }
        if let Some(between) = self.further_down(key) {
            let help = format!("`{key}` is one level further down: `{path}.{between}.{key}`");
            return Missing { meant: Meant::OtherPlace, help };
        }
        let keys: Vec<&str> = self.keys().collect();
        Missing { meant: Meant::Unknown, help: format!("the keys of `{path}` are {}", keys.join(", ")) }
    }

    /// The key under which a key is that is missing here: `change` for `after` of a resource change.
    fn further_down(&self, key: &str) -> Option<&'static str> {
        let Self::Object(keys) = self else { return None };
        let mut own = keys.iter().filter(|(_, node)| !std::ptr::eq(*node, &raw const INDEX));
        own.find(|(_, node)| node.keys().any(|inner| inner == key)).map(|(own, _)| *own)
    }
}

impl Missing {
    fn similar(path: &str, near: &str) -> Self {
        Self { meant: Meant::SimilarKey, help: format!("did you mean `{path}.{near}`?") }
    }
}

/// Where a key of a platform's input leads.
pub fn of_input(platform: &'static Platform, key: &str) -> Next {
    let place = platform.plan;
    if place.has(key) {
        return Next::Place(&PLAN);
    }
    // A resource may have any attribute.
    if place == PlanPlace::Resources || platform.context.contains(&key) {
        return Next::Anything;
    }
    let Some(own) = place.only_key() else {
        return match PLAN.step(Step::Key(key), "input") {
            Next::Nothing(missing) if missing.meant != Meant::SimilarKey => {
                Next::Nothing(of_another_platform(platform, key).unwrap_or(missing))
            }
            next => next,
        };
    };
    let keys = || platform.context.iter().copied().chain([own]);
    let title = platform.title;
    Next::Nothing(if PLAN.keys().any(|known| known == key) {
        let help = format!("on {title} the plan is under `input.{own}`: write `input.{own}.{key}`");
        Missing { meant: Meant::SimilarKey, help }
    } else if let Some(near) = suggest::nearest(key, keys()) {
        Missing::similar("input", near)
    } else {
        let keys: Vec<&str> = keys().collect();
        Missing {
            meant: Meant::Unknown,
            help: format!("the keys of `input` on {title} are {}", keys.join(", ")),
        }
    })
}

/// Help for a key that another platform has, where the plan itself is the input.
fn of_another_platform(platform: &Platform, key: &str) -> Option<Missing> {
    let others = || Convention::ALL.into_iter().filter(|other| other.platform().word != platform.word);
    let help = if others().any(|other| other.platform().plan.has(key)) {
        "the plan is `input` itself: write `input.resource_changes`, or name the platform with --convention"
            .to_owned()
    } else {
        let owner = others().find(|other| other.platform().context.contains(&key))?;
        let title = owner.platform().title;
        format!("only the input on {title} has `{key}`: name the platform with --convention {owner}")
    };
    Some(Missing { meant: Meant::Unknown, help })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(steps: &[&str]) -> Option<Missing> {
        let mut node = &PLAN;
        let mut path = "input".to_owned();
        for key in steps {
            let step = if *key == "_" { Step::Element } else { Step::Key(key) };
            match node.step(step, &path) {
                Next::Place(next) => node = next,
                Next::Attribute | Next::Anything => return None,
                Next::Nothing(missing) => return Some(missing),
            }
            path = format!("{path}.{key}");
        }
        None
    }

    #[test]
    fn keys_are_in_order_and_unique() {
        let keys: Vec<&str> = PLAN.keys().collect();
        assert!(keys.is_sorted_by(|left, right| left < right), "{keys:?}");
    }

    #[test]
    fn a_missing_key_is_explained() {
        for (steps, meant, help) in [
            (&["resource_change"][..], Meant::SimilarKey, "did you mean `input.resource_changes`?"),
            (
                &["resource_changes", "_", "after"],
                Meant::OtherPlace,
                "`input.resource_changes._.change.after`",
            ),
            (&["root_module"], Meant::OtherPlace, "`input.configuration.root_module`"),
            (&["resource_changes", "type"], Meant::OtherPlace, "is an array"),
            (&["format_version", "major"], Meant::OtherPlace, "is a string and has no keys"),
            (&["nothing"], Meant::Unknown, "the keys of `input` are action_invocations, applyable"),
            (
                &["planguard", "type"],
                Meant::Unknown,
                "the keys of `input.planguard` are by_action, by_type, cost",
            ),
            (
                &["planguard", "cost", "detla"],
                Meant::SimilarKey,
                "did you mean `input.planguard.cost.delta`?",
            ),
            (&["planguard", "cost", "resources", "a.b", "price"], Meant::Unknown, "are action, after,"),
            (&["planguard", "by_action", "craete"], Meant::SimilarKey, "did you mean"),
        ] {
            let missing = missing(steps).unwrap_or_else(|| panic!("{steps:?} is missing"));
            assert_eq!(missing.meant, meant, "{steps:?}");
            assert!(missing.help.contains(help), "{steps:?}: {}", missing.help);
        }
    }

    #[test]
    fn rare_combinations_of_actions_are_keys() {
        assert_eq!(missing(&["planguard", "by_action", "create+forget", "_", "address"]), None);
    }

    #[test]
    fn a_key_of_another_platform_names_the_platform() {
        let help = |convention: &str, key: &str| match of_input(
            convention.parse::<Convention>().unwrap().platform(),
            key,
        ) {
            Next::Nothing(missing) => missing.help,
            next => panic!("{key}: {next:?}"),
        };
        assert!(help("conftest", "tfplan").contains("the plan is `input` itself"));
        assert!(help("conftest", "run").contains("--convention hcp"));
        assert!(help("hcp", "resource_changes").contains("write `input.plan.resource_changes`"));
        assert!(help("hcp", "runn").contains("did you mean `input.run`?"));
        assert!(help("hcp", "other").contains("on HCP Terraform are run, plan"));
    }
}
