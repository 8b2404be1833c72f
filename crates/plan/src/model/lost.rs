//! Finds what a resource change has lost: another section of the plan still has it.
//!
//! A plan says most things more than once (`internal/command/jsonplan` of Terraform and OpenTofu): `planned_values` has
//! each object as `after` has it, `prior_state` as `before` has it, and what the configuration sets has its place in
//! `after` or `after_unknown`. Different values of one kind are not compared: a value that was edited is not a lost
//! one.

use super::Plan;
use super::address::Mode;
use super::change::ResourceChange;
use super::configuration::Configuration;
use super::contradiction::{Contradiction, Spoken};
use super::references::is_expression;
use super::state::{StateResource, StateValues};
use super::value::{DuplicateKeys, Value};

/// A section that says again what a change says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Witness {
    /// `planned_values`, beside `after`.
    PlannedValues,
    /// `prior_state`, beside `before`.
    PriorState,
    /// `configuration`, beside `after` and `after_unknown`.
    Configuration,
}

impl Witness {
    /// The name of the section.
    pub const fn section(self) -> &'static str {
        match self {
            Self::PlannedValues => "planned_values",
            Self::PriorState => "prior_state",
            Self::Configuration => "configuration",
        }
    }

    /// The side of the change that should have the attribute.
    pub const fn side(self) -> &'static str {
        match self {
            Self::PlannedValues | Self::Configuration => "after",
            Self::PriorState => "before",
        }
    }
}

impl Plan<'_> {
    /// Attributes and blocks that one section has and another one lacks. Variables are not compared: the value of an
    /// ephemeral one is in no plan.
    pub(super) fn lost(&self, spoken: &Spoken<'_>, found: &mut Vec<Contradiction>) {
        lost_values(Witness::PlannedValues, &self.planned_values, spoken, found);
        lost_values(Witness::PriorState, &self.prior_state, spoken, found);
        if let Some(configuration) = &self.configuration {
            self.lost_from_configuration(configuration, found);
        }
    }

    fn lost_from_configuration(&self, configuration: &Configuration<'_>, found: &mut Vec<Contradiction>) {
        let has_blocks = configuration.modules().iter().any(|module| !module.resources.is_empty());
        for change in self.resource_changes.iter().filter(|change| change.deposed.is_none()) {
            match configuration.resource(&change.address) {
                Some((_, block)) => {
                    if let Some(attribute) = change.lost_expression(&block.expressions) {
                        found.push(lost_attribute(change, Witness::Configuration, attribute));
                    }
                }
                None if has_blocks && change.needs_block() && configuration.has_module(&change.address) => {
                    found.push(Contradiction::LostBlock { address: change.address.to_string() });
                }
                None => {}
            }
        }
    }
}

fn lost_attribute(change: &ResourceChange<'_>, witness: Witness, attribute: &str) -> Contradiction {
    let address = change.address.to_string();
    Contradiction::LostAttribute { address, attribute: attribute.to_owned(), witness }
}

/// Compares the objects of a state with the changes of the same address.
fn lost_values(
    witness: Witness,
    state: &StateValues<'_>,
    spoken: &Spoken<'_>,
    found: &mut Vec<Contradiction>,
) {
    state.each_resource(&mut |_, resource| {
        let change = resource.address.as_deref().and_then(|address| spoken.current(address));
        if let Some(change) = change
            && resource.is_current_managed()
            && change.address.mode == Mode::Managed
            && let Some(attribute) = change.lost_value(witness, resource)
        {
            found.push(lost_attribute(change, witness, &attribute));
        }
    });
}

impl ResourceChange<'_> {
    /// The first attribute of an object in a state that this side of the change has lost.
    fn lost_value(&self, witness: Witness, object: &StateResource<'_>) -> Option<String> {
        let change = &self.change;
        // `before` of an object that is only deleted or forgotten is as the state had it before the refresh, which fills in what
        // the provider added since: a null becomes false. But it has all names.
        let is_unrefreshed =
            witness == Witness::PriorState && (change.actions.only_deletes() || change.actions.forgets());
        let (text, side, unknown) = match witness {
            Witness::PriorState => (change.before_text, &change.before, None),
            Witness::PlannedValues | Witness::Configuration => {
                (change.after_text, &change.after, change.after_unknown.as_ref())
            }
        };
        let (text, values) = (text.text()?, object.values.text()?);
        let side = side.as_deref()?;
        if same_json(text, values) {
            return None;
        }
        // What is no JSON here is refused elsewhere: the whole text has been read once.
        let values = Value::parse(values, &DuplicateKeys::default()).ok()?;
        let lost = values.members().iter().find(|(name, value)| match side.get(name) {
            there if is_unrefreshed => there.is_none() && *value != Value::Null,
            there => is_lost(value, there, unknown.and_then(|unknown| member(unknown, name))),
        });
        lost.map(|(name, _)| name.to_string())
    }

    /// Whether only a block of the configuration can be the cause of the change. An object whose block is gone is
    /// deleted or, in some plans, left as it is; one that is imported may get its block later.
    fn needs_block(&self) -> bool {
        let change = &self.change;
        let causes = change.actions.creates() || change.actions.updates() || change.actions.reads();
        causes && change.importing.is_none()
    }

    /// Whether a block of the configuration has lost what is in it: it sets nothing, and `after` has a value of an attribute
    /// that the provider requires. Blocks say nothing here: a `dynamic` one leaves no expression.
    pub(super) fn lacks_expressions(&self, expressions: &Value<'_>) -> bool {
        let (true, Some(after)) = (expressions.members().is_empty(), self.change.after.as_deref()) else {
            return false;
        };
        let has = |name: &str| after.get(name).is_some_and(|value| *value != Value::Null);
        let mut attributes = self.schema().into_iter().flat_map(|schema| schema.block.attributes());
        attributes.any(|attribute| attribute.needs_expression() && has(&attribute.name))
    }

    /// The first attribute that the configuration sets and that is neither in `after` nor in `after_unknown`.
    fn lost_expression<'e>(&self, expressions: &'e Value<'_>) -> Option<&'e str> {
        let after = self.change.after.as_deref()?;
        first_lost_expression(expressions, after, self.change.after_unknown.as_ref())
    }
}

/// The member of a mask: a mask that is true as a whole is true for each of its members.
fn member<'m, 'v>(mask: &'m Value<'v>, name: &str) -> Option<&'m Value<'v>> {
    if *mask == Value::Bool(true) { Some(mask) } else { mask.get(name) }
}

/// The same for a position.
fn element<'m, 'v>(mask: &'m Value<'v>, position: usize) -> Option<&'m Value<'v>> {
    if *mask == Value::Bool(true) { Some(mask) } else { mask.elements().get(position) }
}

/// Whether a value, or a part of it, is neither there nor unknown.
fn is_lost(expected: &Value<'_>, there: Option<&Value<'_>>, unknown: Option<&Value<'_>>) -> bool {
    if unknown == Some(&Value::Bool(true)) {
        return false;
    }
    match (expected, there) {
        // Nothing is planned, and a list or block that is not unknown stands there: it has taken the place of something.
        (Value::Null, Some(Value::Array(there))) => !there.is_empty(),
        (Value::Null, Some(Value::Object(there))) => !there.members().is_empty(),
        (Value::Null, _) => false,
        (Value::String(expected), None | Some(Value::Null)) => !expected.is_empty(),
        // Emptiness is an answer too: without it, a block may be the provider's.
        (
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_),
            None | Some(Value::Null),
        ) => true,
        (Value::String(expected), Some(Value::String(there))) => there.is_empty() && !expected.is_empty(),
        (Value::Bool(_), Some(Value::Bool(_))) | (Value::Number(_), Some(Value::Number(_))) => false,
        (Value::Array(expected), Some(Value::Array(there))) => {
            expected.len() != there.len()
                || expected.iter().zip(there).enumerate().any(|(position, (expected, there))| {
                    is_lost(expected, Some(there), unknown.and_then(|mask| element(mask, position)))
                })
        }
        (Value::Object(expected), Some(there @ Value::Object(_))) => {
            expected.members().iter().any(|(name, expected)| {
                is_lost(expected, there.get(name), unknown.and_then(|mask| member(mask, name)))
            })
        }
        (
            Value::String(_) | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_),
            Some(_),
        ) => true,
    }
}

/// The first name for which there is an expression and no place in the object.
fn first_lost_expression<'e>(
    expressions: &'e Value<'_>,
    object: &Value<'_>,
    unknown: Option<&Value<'_>>,
) -> Option<&'e str> {
    expressions.members().iter().find_map(|(name, expression)| {
        let unknown = unknown.and_then(|mask| member(mask, name));
        let Some(value) = object.get(name) else {
            let is_unknown = unknown.is_some_and(Value::has_true_leaf);
            return (!is_unknown).then_some(name.as_ref());
        };
        if is_of_another_kind(expression, value) {
            return Some(name.as_ref());
        }
        // Each element of a list of blocks has all attributes of the block; `dynamic` blocks may be among them.
        let blocks = expression.elements().iter().filter(|block| !is_expression(block));
        let lost = blocks.into_iter().any(|block| {
            let elements = value.elements().iter().enumerate();
            elements.filter(|(_, value)| matches!(value, Value::Object(_))).any(
                |(position, element_value)| {
                    let unknown = unknown.and_then(|mask| element(mask, position));
                    first_lost_expression(block, element_value, unknown).is_some()
                },
            )
        });
        lost.then_some(name.as_ref())
    })
}

/// Whether a value cannot come from an expression: Terraform converts numbers, strings and booleans into each other, but
/// none into a list or a map, and never makes one of a block.
fn is_of_another_kind(expression: &Value<'_>, value: &Value<'_>) -> bool {
    let is_scalar = |value: &Value<'_>| matches!(value, Value::Bool(_) | Value::Number(_) | Value::String(_));
    if *value == Value::Null {
        return false;
    }
    match expression {
        Value::Array(_) => is_scalar(value),
        _ => expression
            .get("constant_value")
            .is_some_and(|constant| *constant != Value::Null && is_scalar(constant) != is_scalar(value)),
    }
}

/// Whether two JSON texts are the same but for white space between their tokens. Terraform writes both sections in the
/// same order.
fn same_json(one: &str, other: &str) -> bool {
    one.len() == other.len() && one == other || Tokens::of(one).eq(Tokens::of(other))
}

/// The bytes of a JSON text without the white space outside of strings.
struct Tokens<'t> {
    bytes: std::slice::Iter<'t, u8>,
    in_string: bool,
    escaped: bool,
}

impl<'t> Tokens<'t> {
    fn of(text: &'t str) -> Self {
        Self { bytes: text.as_bytes().iter(), in_string: false, escaped: false }
    }
}

impl Iterator for Tokens<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        let in_string = self.in_string;
        let byte = *self.bytes.find(|byte| in_string || !byte.is_ascii_whitespace())?;
        self.in_string = (byte == b'"' && !self.escaped) != in_string;
        self.escaped = in_string && byte == b'\\' && !self.escaped;
        Some(byte)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wrong with an update of `aws_x.a`.
    fn messages(change: &str, sections: &str) -> Vec<String> {
        let text = format!(
            r#"{{"format_version": "1.2", {sections}, "resource_changes": [{{"address": "aws_x.a", "change":
                {{"actions": ["update"], {change}}}}}]}}"#
        );
        Plan::parse(&text).unwrap().contradictions().iter().map(ToString::to_string).collect()
    }

    fn resources(values: &str) -> String {
        format!(
            r#"{{"root_module": {{"resources": [{{"address": "aws_x.a", "mode": "managed", "values": {values}}}]}}}}"#
        )
    }

    fn after(after: &str, unknown: &str, planned: &str) -> Vec<String> {
        messages(
            &format!(r#""before": {{}}, "after": {after}, "after_unknown": {unknown}"#),
            &format!(r#""planned_values": {}"#, resources(planned)),
        )
    }

    #[test]
    fn after_has_what_is_planned() {
        for (there, planned) in [
            ("{}", r#"{"a": 1}"#),
            (r#"{"a": null}"#, r#"{"a": false}"#),
            (r#"{"a": "x"}"#, r#"{"a": ["x"]}"#),
            (r#"{"a": ""}"#, r#"{"a": "x"}"#),
            (r#"{"a": []}"#, r#"{"a": [{}]}"#),
            ("{}", r#"{"a": []}"#),
            (r#"{"a": null}"#, r#"{"a": {}}"#),
            (r#"{"a": [{}]}"#, r#"{"a": [{"b": {"c": 1}}]}"#),
            (r#"{"a": {"b": {}}}"#, r#"{"a": {"b": {"c": 1}}}"#),
            (r#"{"a": ["x"]}"#, r#"{"a": null}"#),
            (r#"{"a": {"b": 1}}"#, r#"{"a": null}"#),
        ] {
            let expected = "`a` of `aws_x.a` is in `planned_values` but not in its `after`";
            assert_eq!(after(there, "{}", planned), [expected], "{there} {planned}");
        }
        for (there, unknown, planned) in [
            ("{}", "{}", r#"{"a": null, "b": ""}"#),
            ("{}", r#"{"a": true}"#, r#"{"a": 1}"#),
            (r#"{"b": [{}]}"#, r#"{"b": [{"c": true}]}"#, r#"{"b": [{"c": 1}]}"#),
            (r#"{"b": [null]}"#, r#"{"b": [true]}"#, r#"{"b": ["x"]}"#),
            (r#"{"a": 1, "b": "x"}"#, "{}", r#"{"a": 2, "b": "y"}"#),
            (r#"{"a": 1, "more": "x"}"#, "{}", r#"{"a": 1}"#),
            (r#"{"a": [], "b": {}}"#, "{}", r#"{"a": null, "b": null}"#),
            (r#"{"a": ["x"]}"#, r#"{"a": true}"#, r#"{"a": null}"#),
        ] {
            assert!(after(there, unknown, planned).is_empty(), "{there} {planned}");
        }
    }

    #[test]
    fn before_has_what_the_state_has() {
        let state = format!(r#""prior_state": {{"values": {}}}"#, resources(r#"{"a": 1}"#));
        let before = |before: &str| {
            messages(&format!(r#""before": {before}, "after": {{}}, "after_unknown": {{}}"#), &state)
        };
        let deleted = r#"{"format_version": "1.2", "resource_changes": [{"address": "aws_x.a", "change": {
            "actions": ["delete"], "before": {"a": null}, "after": null}}],"#;
        let deleted = format!("{deleted} {state}}}");
        assert!(Plan::parse(&deleted).unwrap().contradictions().is_empty());
        let emptied = deleted.replace(r#"{"a": null}"#, "{}");
        assert_eq!(Plan::parse(&emptied).unwrap().contradictions().len(), 1);
        assert_eq!(before("{}"), ["`a` of `aws_x.a` is in `prior_state` but not in its `before`"]);
        assert!(before(r#"{"a": 2}"#).is_empty());
    }

    #[test]
    fn what_the_configuration_sets_has_its_place() {
        let set = |after: &str, unknown: &str, expressions: &str| {
            messages(
                &format!(r#""before": {{}}, "after": {after}, "after_unknown": {unknown}"#),
                &format!(
                    r#""configuration": {{"root_module": {{"resources": [{{"mode": "managed", "type": "aws_x",
                        "name": "a", "expressions": {expressions}}}]}}}}"#
                ),
            )
        };
        let expected = ["`a` of `aws_x.a` is in `configuration` but not in its `after`"];
        let attribute = r#"{"a": {"constant_value": 1}}"#;
        let block = r#"{"a": [{"b": {"references": ["var.b"]}}]}"#;
        assert_eq!(set("{}", "{}", attribute), expected);
        assert_eq!(set("{}", r#"{"b": true}"#, attribute), expected);
        assert_eq!(set("{}", r#"{"a": [false]}"#, attribute), expected);
        assert_eq!(set("{}", "{}", block), expected);
        assert_eq!(set(r#"{"a": [{"b": 1}, {}]}"#, "{}", block), expected);
        assert_eq!(set(r#"{"a": ["x"]}"#, "{}", attribute), expected);
        assert_eq!(set(r#"{"a": "x"}"#, "{}", r#"{"a": {"constant_value": ["x"]}}"#), expected);
        assert_eq!(set(r#"{"a": "x"}"#, "{}", block), expected);
        assert_eq!(set(r#"{"a": [{"b": 1}, {}]}"#, r#"{"a": [{"b": true}, {}]}"#, block), expected);
        for (after, unknown, expressions) in [
            (r#"{"a": null}"#, "{}", attribute),
            (r#"{"a": "1"}"#, "{}", attribute),
            ("{}", r#"{"a": true}"#, attribute),
            (r#"{"a": []}"#, "{}", block),
            (r#"{"a": [{"b": null}]}"#, "{}", block),
            (r#"{"a": [{}]}"#, r#"{"a": [{"b": true}]}"#, block),
            ("{}", r#"{"a": true}"#, block),
            (r#"{"a": {"x": 1}}"#, "{}", r#"{"a": {"constant_value": {"x": 1, "y": null}}}"#),
        ] {
            assert!(set(after, unknown, expressions).is_empty(), "{after} {unknown} {expressions}");
        }
    }

    #[test]
    fn white_space_between_tokens_says_nothing() {
        assert!(same_json(r#"{"a b": [1, "\" x"]}"#, "{\n\t\"a b\" :[1,\"\\\" x\" ] }"));
        assert!(!same_json(r#""a b""#, r#""ab""#));
        assert!(!same_json(r#"["\\", "a b"]"#, r#"["\\", "ab"]"#));
        assert!(!same_json("[1]", "[1"));
    }
}
