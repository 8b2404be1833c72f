//! Whether the configuration writes the value of an attribute itself, as a constant or as the default of a variable.

use planguard_guardrail_format::Truth;
use planguard_plan::{Attribute, PathStep, Plan, Resolution, Value, View};

use super::literal;
use super::policy_document::any;
use crate::unreadable::Unreadable;

/// Whether the configuration writes the value itself: as a constant, through variables of modules, or as the
/// default of a root variable that nobody overrode.
///
/// # Errors
/// The plan lacks what it takes to tell.
pub(super) fn is_hard_coded(place: &View<'_, '_>) -> Result<Truth, Unreadable> {
    let state = place.state();
    let value = match place.attribute() {
        Attribute::Known(value) if literal::is_empty(value) => return Ok(Truth::False),
        Attribute::Known(value) => Some(value),
        // Write-only attributes are null in the plan, but their expression is in the configuration all the same.
        Attribute::Unset if !is_set_write_only(place) => return Ok(Truth::False),
        Attribute::Unset | Attribute::Unknown => None,
    };
    if state.configuration().is_none() {
        return match place.attribute() {
            Attribute::Unset => Ok(Truth::False),
            Attribute::Known(_) | Attribute::Unknown => Err(Unreadable::NoConfiguration),
        };
    }
    let found = state.resolutions(place.path());
    match any(found.iter().map(|found| comes_from_text(state.plan, found, value))) {
        Truth::Unknown => Err(Unreadable::NoVariable),
        decided @ (Truth::True | Truth::False) => Ok(decided),
    }
}

/// Whether a place is a write-only attribute, and nothing says that it is not set. Providers demand a version beside it.
fn is_set_write_only(place: &View<'_, '_>) -> bool {
    let name = place.path().last_key().unwrap_or_default();
    let is_write_only =
        place.schema().map_or_else(|| name.ends_with("_wo"), |attribute| attribute.write_only);
    let [PathStep::Key(_)] = &place.path().0[..] else { return is_write_only };
    let root = place.state().root();
    let version = root.key(&format!("{name}_version"));
    is_write_only && (version.schema().is_none() || version.attribute() != Attribute::Unset)
}

/// A text that an expression may take its value from.
struct Source<'p> {
    text: Option<&'p Value<'p>>,
    is_written: Truth,
}

/// Whether the texts that an expression has are its value. The text that is the value decides; otherwise the value is
/// made of all of them. The constant of a condition is neither: booleans never are the value.
fn comes_from_text(plan: &Plan<'_>, found: &Resolution<'_>, value: Option<&Value<'_>>) -> Truth {
    let constants =
        found.constants.iter().map(|constant| Source { text: Some(*constant), is_written: Truth::True });
    let variables = found.variables.iter().map(|name| root_variable(plan, name));
    let is_text = |source: &Source<'_>| {
        source.text.is_none_or(|text| !literal::is_empty(text) && !matches!(text, Value::Bool(_)))
    };
    let sources: Vec<Source<'_>> = constants.chain(variables).filter(is_text).collect();
    let is_value = |source: &&Source<'_>| value.is_some() && source.text == value;
    if sources.iter().any(|source| is_value(&source)) {
        return any(sources.iter().filter(is_value).map(|source| source.is_written));
    }
    let has_other_sources = !found.resources.is_empty() || !found.unresolved.is_empty();
    if sources.is_empty() || has_other_sources {
        return Truth::False;
    }
    any(sources.iter().map(|source| source.is_written.negated())).negated()
}

/// The value of a root variable, and whether that is its default. Unknown where the plan has a value of a variable that
/// it has lost the declaration of, and where it lacks the value: it is ephemeral, or lost.
fn root_variable<'p>(plan: &'p Plan<'p>, name: &str) -> Source<'p> {
    let value = plan.variables.get(name).and_then(|variable| variable.value.as_ref());
    let declared = plan.configuration.as_ref().and_then(|all| all.root_variable(name));
    let default = declared.and_then(|variable| variable.default.as_ref());
    let is_written = match (declared, value, default) {
        (None, None, _) | (Some(_), _, None) => Truth::False,
        (None, Some(_), _) => Truth::Unknown,
        (Some(_), None, Some(default)) if literal::is_empty(default) => Truth::False,
        (Some(_), None, Some(_)) => Truth::Unknown,
        (Some(_), Some(value), Some(default)) => Truth::of(value == default),
    };
    // What an ephemeral variable is, its default does not tell: where that says nothing, a value was given.
    let text = value.or(default.filter(|default| !literal::is_empty(default)));
    Source { text, is_written }
}

#[cfg(test)]
mod tests {
    use planguard_plan::{Plan, ResourceState, Side};

    use crate::{Builtin, Outcome, PlanIndex, evaluate};

    /// The outcome for a database of a module with these expressions, variables of the root module and of the module.
    fn outcome(after: &str, expressions: &str, root: (&str, &str), module: (&str, &str)) -> Outcome {
        let ((declared, given), (defaults, arguments)) = (root, module);
        let text = format!(
            r#"{{"format_version": "1.2", "variables": {{{given}}}, "configuration": {{"root_module": {{
                "variables": {{{declared}}}, "module_calls": {{"m": {{"expressions": {{{arguments}}}, "module": {{
                "variables": {{{defaults}}}, "resources": [{{"mode": "managed", "type": "aws_db_instance",
                "name": "a", "expressions": {{{expressions}}}}}]}}}}}}}}}},
                "resource_changes": [{{"address": "module.m.aws_db_instance.a", "change": {{"actions": ["create"],
                "after": {{{after}}}, "after_unknown": {{}}}}}}]}}"#
        );
        let plan = Plan::parse(&text).unwrap();
        let guardrail = Builtin::for_type("aws_db_instance")
            .find(|builtin| builtin.id() == "aws-db-instance-literal-password")
            .unwrap()
            .definition();
        let state = ResourceState::new(&plan, &plan.resource_changes[0], Side::After).unwrap();
        evaluate(&guardrail, &state, &PlanIndex::new(&plan)).outcome
    }

    const CONDITION: &str = r#""password": {"references": ["var.managed", "var.p"]}"#;

    #[test]
    fn a_planned_null_is_no_literal_whatever_the_condition_is() {
        let defaults = (r#""managed": {"default": true}, "p": {"default": null}"#, "");
        assert_eq!(outcome(r#""password": null"#, CONDITION, ("", ""), defaults), Outcome::Pass);
        let named = (r#""managed": {"default": "yes"}, "p": {"default": "hunter2"}"#, "");
        assert_eq!(outcome(r#""password": null"#, CONDITION, ("", ""), named), Outcome::Pass);
        assert_eq!(outcome(r#""password": "hunter2""#, CONDITION, ("", ""), named), Outcome::Fail);
    }

    #[test]
    fn the_text_that_is_the_value_decides() {
        let defaults = r#""managed": {"default": true}, "p": {"default": null}"#;
        let from_root = (defaults, r#""p": {"references": ["var.p"]}"#);
        let given = (r#""p": {}"#, r#""p": {"value": "hunter2"}"#);
        assert_eq!(outcome(r#""password": "hunter2""#, CONDITION, given, from_root), Outcome::Pass);
        let kept = (r#""p": {"default": "hunter2"}"#, r#""p": {"value": "hunter2"}"#);
        assert_eq!(outcome(r#""password": "hunter2""#, CONDITION, kept, from_root), Outcome::Fail);
        let written = (defaults, r#""p": {"constant_value": "hunter2"}"#);
        assert_eq!(outcome(r#""password": "hunter2""#, CONDITION, ("", ""), written), Outcome::Fail);
        // `upper(var.p)` is as hard-coded as the variable, and `"${var.p}${var.q}"` is not if `q` was given.
        assert_eq!(outcome(r#""password": "HUNTER2""#, CONDITION, ("", ""), written), Outcome::Fail);
        let joined = (defaults, r#""p": {"references": ["var.p", "var.q"]}"#);
        let both = (
            r#""p": {"default": "hunter2"}, "q": {}"#,
            r#""p": {"value": "hunter2"}, "q": {"value": "-secret"}"#,
        );
        assert_eq!(outcome(r#""password": "hunter2-secret""#, CONDITION, both, joined), Outcome::Pass);
        let beside_random = r#""password": {"references": ["var.p", "random_password.r.result"]}"#;
        assert_eq!(outcome(r#""password": "xk3""#, beside_random, kept, from_root), Outcome::Pass);
    }

    #[test]
    fn a_write_only_attribute_is_judged_by_its_expression() {
        let write_only = r#""password_wo": {"references": ["var.managed", "var.p"]}"#;
        let set = r#""password_wo": null, "password_wo_version": 1"#;
        let defaults = r#""managed": {"default": true}, "p": {"default": null}"#;
        let written = (defaults, r#""p": {"constant_value": "hunter2"}"#);
        assert_eq!(outcome(set, write_only, ("", ""), written), Outcome::Fail);
        assert_eq!(outcome(r#""password_wo": null"#, write_only, ("", ""), written), Outcome::Pass);
        // Terraform leaves out the value of an ephemeral variable.
        let from_root =
            (defaults, r#""p": {"references": ["var.p"]}, "managed": {"references": ["var.managed"]}"#);
        let ephemeral = (r#""p": {}, "managed": {"default": "yes"}"#, r#""managed": {"value": "yes"}"#);
        assert_eq!(outcome(set, write_only, ephemeral, from_root), Outcome::Pass);
        let or_nothing =
            (r#""p": {"default": ""}, "managed": {"default": "yes"}"#, r#""managed": {"value": "yes"}"#);
        assert_eq!(outcome(set, write_only, or_nothing, from_root), Outcome::Pass);
        let or_default = (r#""p": {"default": "hunter2"}"#, "");
        let only_password = (defaults, r#""p": {"references": ["var.p"]}"#);
        assert_eq!(outcome(set, write_only, or_default, only_password), Outcome::Undetermined);
    }

    #[test]
    fn a_literal_is_undetermined_if_the_variable_is_lost() {
        let outcome = |declared: &str, given: &str| {
            let text = format!(
                r#"{{"format_version": "1.2", "variables": {{{given}}}, "configuration": {{"root_module": {{
                    "variables": {{{declared}}}, "resources": [{{"mode": "managed", "type": "aws_db_instance",
                    "name": "a", "expressions": {{"password": {{"references": ["var.p"]}}}}}}]}}}},
                    "resource_changes": [{{"address": "aws_db_instance.a", "change": {{"actions": ["create"],
                    "after": {{"password": "hunter2-secret"}}, "after_unknown": {{}}}}}}]}}"#
            );
            let plan = Plan::parse(&text).unwrap();
            let guardrail = Builtin::for_type("aws_db_instance")
                .find(|builtin| builtin.id() == "aws-db-instance-literal-password")
                .unwrap()
                .definition();
            let state = ResourceState::new(&plan, &plan.resource_changes[0], Side::After).unwrap();
            evaluate(&guardrail, &state, &PlanIndex::new(&plan)).outcome
        };
        let (declared, given) =
            (r#""p": {"default": "hunter2-secret"}"#, r#""p": {"value": "hunter2-secret"}"#);
        assert_eq!(outcome(declared, given), Outcome::Fail);
        assert_eq!(outcome(declared, r#""p": {"value": "another"}"#), Outcome::Pass);
        assert_eq!(outcome(r#""p": {}"#, given), Outcome::Pass);
        assert_eq!(outcome("", given), Outcome::Undetermined);
        assert_eq!(outcome(declared, ""), Outcome::Undetermined);
    }
}
