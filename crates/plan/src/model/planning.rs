//! Which expressions are known while Terraform plans, whatever the plan shows of their values.

use super::AttributePath;
use super::address::InstanceKey;
use super::attribute::ResourceState;
use super::references::Resolution;
use super::value::Value;

/// Whether every expression at a path is known while planning. If it is and left the attribute unknown, it was null, and
/// the provider fills it in: `subnet = var.subnet` with a default of null sets nothing. False where there is none.
pub(super) fn is_known_while_planning(state: &ResourceState<'_>, path: &AttributePath) -> bool {
    let found = state.resolutions(path);
    if found.is_empty() {
        return false;
    }
    // The configuration of the elements decides; what else the `for_each` names says whether there are any, and
    // Terraform plans no instance before that is known.
    let elements_are_known = found.iter().any(may_be_unknown) && has_element(state);
    let found = if elements_are_known { state.resolutions_with(path, None) } else { found };
    found.iter().all(|found| match elements_are_known {
        true => found.resources.is_empty() && found.unresolved.is_empty(),
        false => !may_be_unknown(found),
    })
}

/// Constants and the root module's variables are always known. An expression without any reference or constant may call
/// a function such as `timestamp`.
fn may_be_unknown(found: &Resolution<'_>) -> bool {
    let only_known = found.resources.is_empty() && found.unresolved.is_empty();
    let says_nothing = found.constants.is_empty() && found.variables.is_empty();
    !only_known || says_nothing
}

/// Whether the `for_each` of an instance takes its element from a map or set that the plan shows, and from no resource.
fn has_element(state: &ResourceState<'_>) -> bool {
    let Some(InstanceKey::Text(key)) = &state.change.address.key else { return false };
    let (Some((module, resource)), Some(configuration)) =
        (state.configuration(), state.plan.configuration.as_ref())
    else {
        return false;
    };
    let Some(repetition) = &resource.repetition else { return false };
    let found = configuration.resolve(module, repetition, None);
    let variables = found.variables.iter().filter_map(|name| state.plan.variables.get(name.as_str()));
    let values = variables.filter_map(|variable| variable.value.as_ref());
    found.resources.is_empty() && found.constants.iter().copied().chain(values).any(|all| holds(all, key))
}

fn holds(all: &Value<'_>, key: &str) -> bool {
    all.get(key).is_some() || all.elements().iter().any(|element| element.as_str() == Some(key))
}

#[cfg(test)]
mod tests {
    use super::super::{Attribute, Plan, Side};
    use super::*;

    fn is_unset(each: &str, repetition: &str, instances: &str) -> bool {
        let text = format!(
            r#"{{"format_version": "1.2", "resource_changes": [{{"address": "module.m.aws_rds_cluster_instance.i[\"2\"]",
                "change": {{"actions": ["create"], "before": null, "after": {{}},
                    "after_unknown": {{"publicly_accessible": true}}}}}}],
            "configuration": {{"root_module": {{"module_calls": {{"m": {{
                "expressions": {{"instances": {instances}}},
                "module": {{"variables": {{"instances": {{"default": {{}}}}, "open": {{"default": null}}}}, "resources": [
                    {{"mode": "managed", "type": "aws_rds_cluster", "name": "c"}},
                    {{"mode": "managed", "type": "aws_rds_cluster_instance", "name": "i",
                        "expressions": {{"publicly_accessible": {{"references": [{each}]}}}},
                        "for_each_expression": {{"references": [{repetition}]}}}}]}}}}}}}}}}}}"#
        );
        let plan = Plan::parse(&text).unwrap();
        let state = ResourceState::new(&plan, &plan.resource_changes[0], Side::After).unwrap();
        state.root().key("publicly_accessible").attribute() == Attribute::Unset
    }

    const EACH: &str = r#""each.value.publicly_accessible", "each.value", "var.open""#;
    const INSTANCES: &str = r#"{"constant_value": {"1": {"publicly_accessible": true}, "2": {}}}"#;

    #[test]
    fn conditions_of_for_each_do_not_make_its_elements_unknown() {
        assert!(is_unset(EACH, r#""var.instances""#, INSTANCES));
        assert!(is_unset(EACH, r#""var.instances", "local.create""#, INSTANCES));
    }

    #[test]
    fn what_another_source_may_set_stays_unknown() {
        // The elements come from somewhere that the plan does not show.
        assert!(!is_unset(EACH, r#""local.instances""#, INSTANCES));
        assert!(!is_unset(EACH, r#""var.instances", "local.more""#, r#"{"constant_value": {"1": {}}}"#));
        assert!(!is_unset(EACH, r#""var.instances", "local.create""#, r#"{"references": ["local.i"]}"#));
        // The expression itself names a local or a resource.
        assert!(!is_unset(
            &format!(r#"{EACH}, "local.open""#),
            r#""var.instances", "local.open""#,
            INSTANCES
        ));
        let cluster = r#""aws_rds_cluster.c.id", "aws_rds_cluster.c""#;
        assert!(!is_unset(&format!("{EACH}, {cluster}"), r#""var.instances""#, INSTANCES));
        assert!(!is_unset(EACH, &format!(r#""var.instances", "local.create", {cluster}"#), INSTANCES));
    }
}
