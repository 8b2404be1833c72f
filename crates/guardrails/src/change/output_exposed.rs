//! Reports outputs that show what they did not show before: sensitive values, credentials, public endpoints.

use std::cell::LazyCell;
use std::collections::HashMap;
use std::net::IpAddr;

use planguard_plan::{Mode, OutputChange, Plan, ResourceChange, ResourceState, Side, Value};
use planguard_rule::Severity;

use super::about::About;
use super::changes::Changes;
use super::loss::told;
use super::switch;
use super::tables::EXPOSURE_FLAG;
use super::{ChangeExample, ChangeFinding, ChangeGuard, ChangeOptions, ExampleSection};
use crate::engine::{is_named_credential, token};
use crate::special_ranges::includes_public;

pub(super) const GUARD: ChangeGuard = ChangeGuard {
    info: About {
        id: "change-output-exposed",
        title: "An output shows what was hidden",
        severity: Severity::High,
        why: "Outputs are printed by every run, stored in plain text in the state, and read by other configurations. A \
              value that is no longer sensitive, or a credential that is not marked, is in every log from then on.",
        remediation: "Set `sensitive = true` for the output, or remove it. Revoke a credential that was printed already.",
    }
    .rule(),
    example: ChangeExample {
        section: ExampleSection::OutputChanges,
        failing: r#""db_password": {"actions": ["update"], "before": "x", "after": "x", "after_unknown": false,
            "before_sensitive": true, "after_sensitive": false}"#,
        passing: r#""db_password": {"actions": ["update"], "before": "x", "after": "y", "after_unknown": false,
            "before_sensitive": true, "after_sensitive": true}"#,
    },
    check,
};

fn check(plan: &Changes<'_>, _: &ChangeOptions) -> Vec<ChangeFinding> {
    let changes = plan.output_changes.iter();
    let endpoints =
        [Side::Before, Side::After].map(|side| LazyCell::new(move || endpoints(plan.plan(), side)));
    let found = changes.filter_map(|(name, change)| {
        let exposed = exposed(name, change, is_marked(plan, name));
        let with = |side: Side, text: &str| {
            let [before, after] = &endpoints;
            let endpoints = match side {
                Side::Before => before,
                Side::After => after,
            };
            endpoints.get(text).copied()
        };
        Some((name, exposed.or_else(|| endpoint_of_another(plan, name, change, &with))?))
    });
    found
        .map(|(name, what)| ChangeFinding {
            address: format!("output.{name}").parse().ok(),
            ..ChangeFinding::on_plan(format!("output `{name}` {what}"))
        })
        .collect()
}

/// Whether the configuration marks an output as sensitive; `None` without its block.
fn is_marked(plan: &Plan<'_>, name: &str) -> Option<bool> {
    let (_, root) = plan.configuration.as_ref()?.module("")?;
    Some(root.output(name)?.sensitive)
}

/// What an output shows that it did not show before.
fn exposed(name: &str, change: &OutputChange<'_>, in_configuration: Option<bool>) -> Option<String> {
    // What is removed shows nothing.
    if change.actions.deletes() {
        return None;
    }
    let is_marked = |mask: &Option<Value<'_>>| mask.as_ref().is_some_and(Value::has_true_leaf);
    // Terraform marks both sides of an output that was or will be sensitive; the configuration tells which.
    let is_sensitive = is_marked(&change.after_sensitive) && in_configuration != Some(false);
    match (is_marked(&change.before_sensitive) && !change.actions.creates(), is_sensitive) {
        (true, false) => return Some("is no longer sensitive: its value is printed and readable".to_owned()),
        (_, true) => return None,
        (false, false) => {}
    }
    let after = change.after.as_ref()?;
    if change.before.as_ref() == Some(after) {
        return None;
    }
    if let Some(kind) = first_text(after, &|text| token(text)) {
        return Some(format!("shows {kind}, and is not sensitive"));
    }
    let named = |name: &str, text: &str| is_named_credential(name, text);
    if holds_credential(name, after, &named) {
        return Some("shows a credential, and is not sensitive".to_owned());
    }
    let (was, is) = (change.before.as_ref()?.as_str()?, after.as_str()?);
    match (address(was), address(is)) {
        (Some(was), Some(is)) => {
            let is_public = |address: IpAddr| includes_public(&(address..=address));
            (!is_public(was) && is_public(is))
                .then(|| format!("changes from the private address {was} to the public address {is}"))
        }
        _ => {
            let (was, is) = (host(was)?, host(is)?);
            (is_private_name(&was) && !is_private_name(&is))
                .then(|| format!("changes from the private name `{was}` to the public name `{is}`"))
        }
    }
}

/// Attributes with the address or the name by which an object is reached.
const ENDPOINTS: &[&str] = &[
    "address",
    "dns_name",
    "domain_name",
    "endpoint",
    "fqdn",
    "hostname",
    "invoke_url",
    "ip_address",
    "private_dns",
    "private_ip",
    "public_dns",
    "public_ip",
    "url",
];

/// The first managed object that has a text as its address or name.
fn endpoints<'p>(plan: &'p Plan<'p>, side: Side) -> HashMap<&'p str, &'p ResourceChange<'p>> {
    let mut found = HashMap::new();
    for object in plan.each_change().filter(|object| object.address.mode == Mode::Managed) {
        let values = match side {
            Side::Before => object.change.before.as_deref(),
            Side::After => object.change.after.as_deref(),
        };
        let endpoints =
            values.into_iter().flat_map(|values| ENDPOINTS.iter().filter_map(|name| values.get(name)));
        for text in endpoints.filter_map(Value::as_str) {
            found.entry(text).or_insert(object);
        }
    }
    found
}

/// What an output shows that was the endpoint of one object, which is private, and is that of another one, which is public.
/// `with` finds the object that a text is the endpoint of.
fn endpoint_of_another<'p>(
    plan: &Changes<'p>,
    name: &str,
    change: &OutputChange<'_>,
    with: &dyn Fn(Side, &str) -> Option<&'p ResourceChange<'p>>,
) -> Option<String> {
    let masks = [&change.before_sensitive, &change.after_sensitive];
    if masks.into_iter().flatten().any(Value::has_true_leaf) || change.before == change.after {
        return None;
    }
    let old = with(Side::Before, change.before.as_ref()?.as_str()?)?;
    let new = match change.after.as_ref().and_then(Value::as_str) {
        Some(text) => with(Side::After, text)?,
        None => referred_to(plan, name)?,
    };
    let (Reach::Private, Reach::Public(why)) =
        (reach(plan, old, Side::Before), reach(plan, new, Side::After))
    else {
        return None;
    };
    // That one object becomes public, another guard reports.
    (old.address != new.address).then(|| {
        format!(
            "shows how to reach {}, which is public ({why}), instead of {}, which is not",
            new.address, old.address
        )
    })
}

/// The one object that an output refers to.
fn referred_to<'p>(plan: &Changes<'p>, name: &str) -> Option<&'p ResourceChange<'p>> {
    let configuration = plan.configuration.as_ref()?;
    let (root, module) = configuration.module("")?;
    let output = module.output(name)?;
    let found = configuration.resolve(root, output.expression.as_ref()?, None);
    let block = &found.resources.first()?.address;
    if found.resources.iter().any(|other| other.address != *block) {
        return None;
    }
    match plan.index().of_block(block) {
        [only] => Some(only),
        [] | [_, ..] => None,
    }
}

/// Whether an object can be reached from the internet, as its own settings say.
enum Reach {
    Private,
    /// With the setting that says so.
    Public(String),
    Unclear,
}

fn reach(plan: &Plan<'_>, object: &ResourceChange<'_>, side: Side) -> Reach {
    let Some(state) = ResourceState::new(plan, object, side) else { return Reach::Unclear };
    let mut reach = Reach::Unclear;
    let values = match side {
        Side::Before => object.change.before.as_deref(),
        Side::After => object.change.after.as_deref(),
    };
    for switch in told(values, EXPOSURE_FLAG.switches(&object.address.resource_type)) {
        match switch::side(switch, &state) {
            switch::Side::Unsafe(why) => return Reach::Public(why),
            switch::Side::Safe => reach = Reach::Private,
            switch::Side::Undecided => {}
        }
    }
    reach
}

/// The name of a host in a text that is one, with a port or as a URL.
fn host(text: &str) -> Option<String> {
    let text = text.trim().split_once("://").map_or(text.trim(), |(_, rest)| rest);
    let text = text.split(['/', '?', '#']).next()?;
    let host = text.rsplit('@').next()?.split(':').next()?.to_ascii_lowercase();
    let is_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let top = host.rsplit('.').next()?;
    let is_host = host.contains('.')
        && host.split('.').all(is_label)
        && top.len() > 1
        && top.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_host.then_some(host)
}

/// Whether a name is one that only private networks resolve, or that resolves to private addresses.
fn is_private_name(host: &str) -> bool {
    const ENDINGS: &[&str] =
        &[".corp", ".home.arpa", ".internal", ".intranet", ".lan", ".local", ".localdomain", ".svc"];
    ENDINGS.iter().any(|ending| host.ends_with(ending))
        || host.contains(".privatelink.")
        || host.contains(".vpce.")
        || host.starts_with("internal-") && host.ends_with(".elb.amazonaws.com")
}

fn first_text<T>(value: &Value<'_>, found: &dyn Fn(&str) -> Option<T>) -> Option<T> {
    match value {
        Value::String(text) => found(text),
        Value::Array(elements) => elements.iter().find_map(|element| first_text(element, found)),
        Value::Object(object) => object.members().iter().find_map(|(_, member)| first_text(member, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// Whether a text under a name that promises a credential is one.
fn holds_credential(name: &str, value: &Value<'_>, is_one: &dyn Fn(&str, &str) -> bool) -> bool {
    match value {
        Value::String(text) => is_one(name, text),
        Value::Array(elements) => elements.iter().any(|element| holds_credential(name, element, is_one)),
        Value::Object(object) => {
            object.members().iter().any(|(name, member)| holds_credential(name, member, is_one))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn address(text: &str) -> Option<IpAddr> {
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::super::testing::find;
    use super::*;

    fn message(name: &str, change: &str) -> Option<String> {
        let plan = format!(r#"{{"format_version": "1.2", "output_changes": {{"{name}": {{{change}}}}}}}"#);
        find(&GUARD, &plan).pop().map(|finding| finding.message)
    }

    #[test]
    fn what_becomes_readable_is_told_without_its_value() {
        for (name, change, expected) in [
            (
                "db",
                r#""actions": ["update"], "before": {"p": "x"}, "after": {"p": "x"}, "before_sensitive": {"p": true},
                   "after_sensitive": {"p": false}"#,
                "output `db` is no longer sensitive: its value is printed and readable",
            ),
            (
                "ci",
                r#""actions": ["create"], "before": null, "after": "ghp_0123456789abcdefghijABCDEFGHIJ012345",
                   "after_sensitive": false"#,
                "output `ci` shows a GitHub token, and is not sensitive",
            ),
            (
                "db_password",
                r#""actions": ["create"], "before": null, "after": "kX9-vR2mQ7pL", "after_sensitive": false"#,
                "output `db_password` shows a credential, and is not sensitive",
            ),
            (
                "host",
                r#""actions": ["update"], "before": "10.0.0.7", "after": "52.94.76.10", "after_sensitive": false"#,
                "output `host` changes from the private address 10.0.0.7 to the public address 52.94.76.10",
            ),
        ] {
            assert_eq!(message(name, change).as_deref(), Some(expected));
        }
    }

    /// What Terraform 1.11 writes.
    #[test]
    fn the_configuration_tells_whether_an_output_is_sensitive_from_now_on() {
        let of = |block: &str| {
            let plan = format!(
                r#"{{"format_version": "1.2", "output_changes": {{"pw": {{"actions": ["update"], "before": "x", "after": "x",
                    "after_unknown": false, "before_sensitive": true, "after_sensitive": true}}}},
                    "configuration": {{"root_module": {{"outputs": {{"pw": {block}}}}}}}}}"#
            );
            find(&GUARD, &plan).pop().map(|finding| finding.message)
        };
        assert_eq!(
            of(r#"{"expression": {"constant_value": "x"}}"#).as_deref(),
            Some("output `pw` is no longer sensitive: its value is printed and readable")
        );
        assert_eq!(of(r#"{"sensitive": true, "expression": {"constant_value": "x"}}"#), None);
    }

    #[test]
    fn what_stays_hidden_or_shows_nothing_is_no_finding() {
        for (name, change) in [
            (
                "db_password",
                r#""actions": ["create"], "before": null, "after": "kX9-vR2mQ7pL", "after_sensitive": true"#,
            ),
            (
                "db_password",
                r#""actions": ["delete"], "before": "x", "after": null, "before_sensitive": true, "after_sensitive": false"#,
            ),
            (
                "db_password_arn",
                r#""actions": ["create"], "before": null, "after": "arn:aws:secretsmanager:eu-west-1:1:secret:a", "after_sensitive": false"#,
            ),
            (
                "host",
                r#""actions": ["update"], "before": "10.0.0.7", "after": "10.0.0.8", "after_sensitive": false"#,
            ),
            (
                "host",
                r#""actions": ["create"], "before": null, "after": "52.94.76.10", "after_sensitive": false"#,
            ),
            (
                "db",
                r#""actions": ["no-op"], "before": "x", "after": "x", "before_sensitive": true, "after_sensitive": true"#,
            ),
        ] {
            assert_eq!(message(name, change), None, "{name}");
        }
    }

    #[test]
    fn a_name_that_becomes_public_is_told() {
        let of = |before: &str, after: &str| {
            message("url", &format!(r#""actions": ["update"], "before": "{before}", "after": "{after}""#))
        };
        assert_eq!(
            of("internal-app-1.eu-west-1.elb.amazonaws.com", "https://app-2.eu-west-1.elb.amazonaws.com/x"),
            Some(
                "output `url` changes from the private name `internal-app-1.eu-west-1.elb.amazonaws.com` to the public \
                 name `app-2.eu-west-1.elb.amazonaws.com`"
                    .to_owned()
            )
        );
        assert_eq!(of("app.svc.cluster.local:80", "db.corp"), None);
        assert_eq!(
            of("app-2.eu-west-1.elb.amazonaws.com", "internal-app-1.eu-west-1.elb.amazonaws.com"),
            None
        );
        assert_eq!(of("v1.local", "1.2.3"), None);
    }

    #[test]
    fn the_endpoint_of_another_object_is_told_if_that_one_is_public() {
        let plan = |public: bool, output: &str| {
            let object = |name: &str, public: bool, endpoint: &str| {
                let values = format!(r#"{{"publicly_accessible": {public}, "endpoint": {endpoint}}}"#);
                format!(
                    r#"{{"address": "aws_db_instance.{name}", "change": {{"actions": ["no-op"], "before": {values}, "after": {values}}}}}"#
                )
            };
            let text = format!(
                r#"{{"format_version": "1.2", "resource_changes": [{}, {}], "output_changes": {{"db": {{"actions": ["update"],
                    "before": "a.rds.amazonaws.com:5432", {output}}}}},
                    "configuration": {{"root_module": {{"outputs": {{"db": {{"expression": {{"references": ["aws_db_instance.b.endpoint", "aws_db_instance.b"]}}}}}},
                        "resources": [{{"address": "aws_db_instance.b", "mode": "managed", "type": "aws_db_instance", "name": "b"}}]}}}}}}"#,
                object("a", false, r#""a.rds.amazonaws.com:5432""#),
                object("b", public, r#""b.rds.amazonaws.com:5432""#),
            );
            find(&GUARD, &text).pop().map(|finding| finding.message)
        };
        let told = "output `db` shows how to reach aws_db_instance.b, which is public (`publicly_accessible` is `true`), \
                    instead of aws_db_instance.a, which is not";
        let known = r#""after": "b.rds.amazonaws.com:5432""#;
        assert_eq!(plan(true, known).as_deref(), Some(told));
        assert_eq!(plan(true, r#""after_unknown": true"#).as_deref(), Some(told));
        assert_eq!(plan(false, known), None);
    }
}
