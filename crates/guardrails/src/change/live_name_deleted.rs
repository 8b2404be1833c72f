//! Reports DNS records, certificates, public addresses and custom domains that the plan destroys.

use std::collections::HashSet;

use planguard_plan::{ResourceChange, Value};
use planguard_rule::Severity;

use super::about::About;
use super::changes::Changes;
use super::compare::destroyed;
use super::reason::because_destroyed;
use super::tables::LIVE_NAME_DELETED;
use super::twin::created;
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions};

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-live-name-deleted",
        title: "A name, address or certificate that clients use is destroyed",
        severity: Severity::High,
        why: "Clients find a service by its name, address and certificate. A public address does not come \
              back, and somebody else can take over a dangling name.",
        remediation: "Keep it until no client uses it. If it moved to another block, add a `moved` \
                      block; if it is meant to be destroyed, waive this finding for its address.",
    }
    .rule(),
    example: ChangeExample::of_changes(
        r#"{"address": "aws_route53_record.shop", "change": {"actions": ["delete"],
            "before": {"name": "shop.example.com", "type": "A"}, "after": null}}"#,
        r#"{"address": "aws_route53_record.shop", "change": {"actions": ["delete"],
            "before": {"name": "shop.example.com", "type": "A"}, "after": null}},
           {"address": "aws_route53_record.shop_alias", "change": {"actions": ["create"],
            "before": null, "after": {"name": "shop.example.com", "type": "A"}}}"#,
    ),
    check,
};

/// Attributes with the name that clients use.
const NAMES: &[&str] = &["name", "domain_name", "hostname", "custom_domain_name"];

fn check(plan: &Changes<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    // Of any of the types: a record may take the place of another kind of name.
    let new: HashSet<(&str, &str)> = created(plan)
        .filter(|new| is_live_name(new))
        .flat_map(|new| names(new.change.after.as_deref()))
        .collect();
    let gone = destroyed(plan).filter(|resource| {
        is_live_name(resource)
            && !is_for_authorities(resource)
            && !is_internal_address(resource)
            && !names(resource.change.before.as_deref()).any(|name| new.contains(&name))
    });
    gone.map(|resource| {
        let because = because_destroyed(resource);
        let message =
            format!("{} is destroyed{because}: clients that use it no longer find it", resource.address);
        let found = ChangeFinding::on(resource, message);
        if is_behind_nothing(resource) { found.weighing(Severity::Low) } else { found }
    })
    .collect()
}

fn is_live_name(resource: &ResourceChange<'_>) -> bool {
    LIVE_NAME_DELETED.group(&resource.address.resource_type).is_some()
}

/// A record that authorities look up, and no client: that it is gone is told as the loss of a guard.
fn is_for_authorities(resource: &ResourceChange<'_>) -> bool {
    let before = resource.change.before.as_deref();
    let kind = before.and_then(|before| before.get("type")).and_then(Value::as_str);
    kind.is_some_and(|kind| kind.eq_ignore_ascii_case("CAA"))
}

/// Whether nothing answers at an address: the provider says of it that it is attached to nothing.
fn is_behind_nothing(resource: &ResourceChange<'_>) -> bool {
    const ATTACHED: [&str; 4] = ["association_id", "instance", "network_interface", "users"];
    let members = resource.change.before.as_deref().map(Value::members).unwrap_or_default();
    let mut attached = members.iter().filter(|(name, _)| ATTACHED.contains(&name.as_ref())).peekable();
    attached.peek().is_some() && attached.all(|(_, value)| crate::engine::is_empty(value))
}

/// Google's reserved addresses may be internal ones.
fn is_internal_address(resource: &ResourceChange<'_>) -> bool {
    let before = resource.change.before.as_deref();
    let address_type = before.and_then(|before| before.get("address_type")).and_then(Value::as_str);
    address_type.is_some_and(|kind| kind.eq_ignore_ascii_case("INTERNAL"))
}

/// The known names of an object, each with its attribute.
fn names<'v>(values: Option<&'v Value<'_>>) -> impl Iterator<Item = (&'static str, &'v str)> {
    let texts = NAMES.iter().filter_map(move |name| Some((*name, values?.get(name)?.as_str()?)));
    texts.filter(|(_, text)| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::super::stateful::is_stateful;
    use super::super::testing::find_in_changes;
    use super::*;

    #[test]
    fn live_names_hold_no_data() {
        let twice: Vec<_> = LIVE_NAME_DELETED.types().filter(|name| is_stateful(name)).collect();
        assert!(twice.is_empty(), "{twice:?}");
    }

    #[test]
    fn a_public_address_is_reported_and_an_internal_one_is_not() {
        let entry = |kind: &str| {
            format!(
                r#"{{"address": "module.a[\"x.y\"].google_compute_address.ip", "action_reason": "delete_because_no_module",
                    "change": {{"actions": ["delete"], "before": {{"name": "ip", "address_type": "{kind}"}}, "after": null}}}}"#
            )
        };
        assert_eq!(
            find_in_changes(&GUARD, &entry("EXTERNAL"))[0].message,
            r#"module.a["x.y"].google_compute_address.ip is destroyed because its module was removed from the configuration: clients that use it no longer find it"#
        );
        assert_eq!(find_in_changes(&GUARD, &entry("INTERNAL")), []);
    }

    #[test]
    fn an_address_that_nothing_has_weighs_little() {
        let severity = |instance: &str| {
            let entry = format!(
                r#"{{"address": "aws_eip.a", "change": {{"actions": ["delete"], "after": null,
                    "before": {{"association_id": "", "instance": "{instance}", "network_interface": ""}}}}}}"#
            );
            find_in_changes(&GUARD, &entry)[0].severity
        };
        assert_eq!(severity(""), Some(Severity::Low));
        assert_eq!(severity("i-1"), None);
    }

    #[test]
    fn a_new_name_that_is_unknown_does_not_count_as_the_same() {
        let findings = find_in_changes(
            &GUARD,
            r#"{"address": "aws_eip.a", "change": {"actions": ["delete"], "before": {"domain": null}, "after": null}},
               {"address": "aws_eip.b", "change": {"actions": ["create"], "before": null, "after": {}, "after_unknown": {"domain": true}}}"#,
        );
        assert_eq!(findings.len(), 1);
    }
}
