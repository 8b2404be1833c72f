//! Reports values of a Helm release that turn off what protects its pods, in the few names that nearly all charts share.

use std::collections::BTreeMap;

use planguard_plan::{ResourceState, Value};

use super::ChangeFinding;
use super::compare::{Pair, Sight, sight};
use crate::unreadable;

/// A setting by the last names on the way to it.
struct Setting {
    names: &'static [&'static str],
    /// The safe side.
    safe: bool,
    /// What no chart has without being told.
    is_safe_unset: bool,
}

/// A setting that is safe where it is on, in charts that have it.
const fn on(names: &'static [&'static str]) -> Setting {
    Setting { names, safe: true, is_safe_unset: false }
}

/// A setting that is safe where it is off, which it is in every chart that does not say otherwise.
const fn off(names: &'static [&'static str]) -> Setting {
    Setting { names, safe: false, is_safe_unset: true }
}

const SETTINGS: &[Setting] = &[
    on(&["tls", "enabled"]),
    on(&["mtls", "enabled"]),
    on(&["auth", "enabled"]),
    on(&["authentication", "enabled"]),
    on(&["acl", "enabled"]),
    on(&["audit", "enabled"]),
    on(&["auditStorage", "enabled"]),
    on(&["rbac", "create"]),
    on(&["rbac", "enabled"]),
    on(&["networkPolicy", "create"]),
    on(&["networkPolicy", "enabled"]),
    on(&["networkPolicies", "enabled"]),
    on(&["readOnlyRootFilesystem"]),
    on(&["runAsNonRoot"]),
    Setting { names: &["allowPrivilegeEscalation"], safe: false, is_safe_unset: false },
    off(&["privileged"]),
    off(&["hostIPC"]),
    off(&["hostNetwork"]),
    off(&["hostPID"]),
    off(&["anonymous", "enabled"]),
    off(&["auth.anonymous", "enabled"]),
    off(&["insecureSkipTLSVerify"]),
    off(&["insecureSkipVerify"]),
    off(&["insecure_skip_verify"]),
];

/// How many findings of a release say enough.
const MOST: usize = 8;

/// The findings for values that a change turns to their unsafe side.
pub(super) fn weakened(pair: &Pair<'_>) -> Vec<ChangeFinding> {
    if pair.resource.address.resource_type != "helm_release" {
        return Vec::new();
    }
    let (Some(before), Some(after)) = (Flags::of(&pair.before), Flags::of(&pair.after)) else {
        return Vec::new();
    };
    let weaker = after.0.iter().filter_map(|(way, new)| {
        let setting = SETTINGS.iter().find(|setting| setting.is_at(way))?;
        let old = before.0.get(way);
        let was_safe = old.map_or(setting.is_safe_unset, |old| *old == setting.safe);
        (was_safe && *new != setting.safe).then(|| {
            let from = old.map(|old| format!(" from `{old}`")).unwrap_or_default();
            let message = format!(
                "{} is hardened less than before: the value `{}` changes{from} to `{new}`",
                pair.resource.address,
                way.join(".")
            );
            ChangeFinding::on(pair.resource, message)
        })
    });
    weaker.take(MOST).collect()
}

impl Setting {
    fn is_at(&self, way: &[String]) -> bool {
        way.len() >= self.names.len() && way[way.len() - self.names.len()..] == *self.names
    }
}

/// Every boolean among the values of a release, by the names on the way to it.
struct Flags(BTreeMap<Vec<String>, bool>);

impl Flags {
    /// Reads one side; `None` if some of it is known only after apply, sensitive, or cannot be read.
    fn of(state: &ResourceState<'_>) -> Option<Self> {
        let mut flags = Self(BTreeMap::new());
        let root = state.root();
        let values = root.key("values");
        if values.is_sensitive() {
            return None;
        }
        match sight(&values) {
            Sight::Known(texts) => {
                // What comes later takes the place of what came before.
                for text in
                    texts.elements().iter().filter_map(Value::as_str).filter(|text| !text.trim().is_empty())
                {
                    for document in unreadable::documents(text).ok()? {
                        flags.collect(&document, &mut Vec::new());
                    }
                }
            }
            Sight::Unset | Sight::Computed => {}
            Sight::Unknown => return None,
        }
        let set = root.key("set");
        if let (Sight::Known(_), false) = (sight(&set), set.is_sensitive()) {
            for block in set.elements()? {
                let text = |name: &str| sight(&block.key(name)).known().and_then(Value::as_str);
                let (Some(name), Some(value)) = (text("name"), text("value")) else { continue };
                if let Ok(flag) = value.parse() {
                    flags.0.insert(names(name), flag);
                }
            }
        }
        Some(flags)
    }

    fn collect(&mut self, value: &Value<'_>, way: &mut Vec<String>) {
        match value {
            Value::Bool(flag) => {
                self.0.insert(way.clone(), *flag);
            }
            Value::Object(object) => {
                for (name, member) in object.members() {
                    way.push(name.to_string());
                    self.collect(member, way);
                    way.pop();
                }
            }
            Value::Array(elements) => {
                for (position, element) in elements.iter().enumerate() {
                    way.push(position.to_string());
                    self.collect(element, way);
                    way.pop();
                }
            }
            Value::Null | Value::Number(_) | Value::String(_) => {}
        }
    }
}

/// The names in the way to a value as Helm writes it: a dot behind a backslash belongs to a name.
fn names(way: &str) -> Vec<String> {
    let mut names = vec![String::new()];
    let mut letters = way.chars();
    while let Some(letter) = letters.next() {
        let literal = match letter {
            '.' => {
                names.push(String::new());
                continue;
            }
            '\\' => letters.next(),
            letter => Some(letter),
        };
        if let Some(name) = names.last_mut() {
            name.extend(literal);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::super::hardening_off::GUARD;
    use super::super::testing::find_in_update;

    fn found(before: &serde_json::Value, after: &serde_json::Value) -> Vec<String> {
        let (before, after) = (before.to_string(), after.to_string());
        let found = find_in_update(&GUARD, "helm_release.a", &before, &after, "{}");
        found.into_iter().map(|finding| finding.message).collect()
    }

    fn values(texts: &[&str]) -> serde_json::Value {
        serde_json::json!({"name": "a", "values": texts})
    }

    #[test]
    fn what_protects_and_is_turned_off_is_told() {
        let strict =
            values(&["networkPolicy:\n  enabled: true\npod:\n  securityContext:\n    runAsNonRoot: true\n"]);
        let loose = values(&[
            "networkPolicy:\n  enabled: false\npod:\n  securityContext:\n    runAsNonRoot: false\n",
        ]);
        let message = |value: &str| {
            format!(
                "helm_release.a is hardened less than before: the value `{value}` changes from `true` to `false`"
            )
        };
        let told = [message("networkPolicy.enabled"), message("pod.securityContext.runAsNonRoot")];
        assert_eq!(found(&strict, &loose), told);
        assert_eq!(found(&loose, &strict), [""; 0]);
        assert_eq!(found(&loose, &loose), [""; 0]);
        assert_eq!(
            found(&values(&["replicas: 2\n"]), &values(&["replicas: 3\nmetrics:\n  enabled: false\n"])),
            [""; 0]
        );
    }

    #[test]
    fn a_later_text_takes_the_place_of_an_earlier_one() {
        let base = "tls:\n  enabled: true\n";
        assert_eq!(found(&values(&[base]), &values(&[base, "{\"tls\": {\"enabled\": false}}"])).len(), 1);
        assert_eq!(found(&values(&[base]), &values(&["tls:\n  enabled: false\n", base])), [""; 0]);
    }

    #[test]
    fn what_no_chart_does_by_itself_is_told_without_a_value_before() {
        let set = |name: &str, value: &str| serde_json::json!({"set": [{"name": name, "value": value}]});
        let anonymous = "grafana\\.ini.auth\\.anonymous.enabled";
        assert_eq!(
            found(&values(&[]), &set(anonymous, "true")),
            [
                "helm_release.a is hardened less than before: the value `grafana.ini.auth.anonymous.enabled` changes to `true`"
            ]
        );
        assert_eq!(found(&set(anonymous, "false"), &set(anonymous, "true")).len(), 1);
        assert_eq!(found(&values(&[]), &set("podSecurityContext.runAsNonRoot", "false")), [""; 0]);
    }

    #[test]
    fn values_that_cannot_be_read_or_shown_are_left_out() {
        assert_eq!(found(&values(&["tls: {enabled: true}"]), &values(&["tls: ["])), [""; 0]);
    }
}
