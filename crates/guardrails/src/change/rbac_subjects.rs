//! Bindings of Kubernetes that give their role to somebody more.

use planguard_plan::{ResourceState, Value, View};

use super::ChangeFinding;
use super::compare::{Pair, Sight, places, sight};

/// Where a type says who has which role.
struct Layout {
    subjects: &'static [&'static str],
    role: &'static [&'static str],
}

const OF_BLOCKS: Layout = Layout { subjects: &["subject"], role: &["role_ref", "name"] };
const OF_MANIFEST: Layout =
    Layout { subjects: &["manifest", "subjects"], role: &["manifest", "roleRef", "name"] };

/// Roles whose holder can do everything in a cluster or a namespace.
const POWERFUL: [&str; 3] = ["cluster-admin", "admin", "edit"];

/// The finding for a binding with a subject that is new, and is everybody, or gets the rights of an administrator.
pub(super) fn widened(pair: &Pair<'_>) -> Option<ChangeFinding> {
    let layout = match pair.resource.address.resource_type.as_str() {
        "kubernetes_cluster_role_binding"
        | "kubernetes_cluster_role_binding_v1"
        | "kubernetes_role_binding"
        | "kubernetes_role_binding_v1" => OF_BLOCKS,
        "kubernetes_manifest" => OF_MANIFEST,
        _ => return None,
    };
    let (before, after) = (subjects(&pair.before, &layout)?, subjects(&pair.after, &layout)?);
    let role = |state: &ResourceState<'_>| {
        let places = places(&state.root(), layout.role);
        Some(sight(places.first()?).known()?.as_str()?.to_owned())
    };
    let (old, new) = (role(&pair.before)?, role(&pair.after)?);
    let gained: Vec<&Subject<'_>> = after.iter().filter(|subject| !before.contains(subject)).collect();
    let everybody = gained.iter().find(|subject| subject.is_everybody());
    // Another role is judged by its rank.
    let is_powerful = old == new && POWERFUL.contains(&new.as_str());
    let subject = everybody.or_else(|| gained.first().filter(|_| is_powerful))?;
    let is_sensitive = places(&pair.after.root(), layout.subjects).iter().any(View::is_sensitive);
    let who = if is_sensitive { "a subject more".to_owned() } else { subject.describe() };
    let message =
        format!("{} grants more than before: it gives the role `{new}` to {who}", pair.resource.address);
    let finding = ChangeFinding::on(pair.resource, message);
    Some(match places(&pair.after.root(), layout.subjects).first() {
        Some(place) => finding.at(place.path().clone()),
        None => finding,
    })
}

/// Who gets a role.
#[derive(Debug, PartialEq, Eq)]
struct Subject<'p> {
    kind: &'p str,
    name: &'p str,
    namespace: &'p str,
}

impl Subject<'_> {
    /// Whether everything that runs in a cluster or a namespace is meant, or everyone who signs in, or does not.
    fn is_everybody(&self) -> bool {
        match self.kind {
            "Group" => {
                matches!(
                    self.name,
                    "system:authenticated" | "system:unauthenticated" | "system:serviceaccounts"
                ) || self.name.starts_with("system:serviceaccounts:")
            }
            "User" => self.name == "system:anonymous",
            _ => false,
        }
    }

    fn describe(&self) -> String {
        let everyone = match (self.kind, self.name) {
            ("Group", "system:authenticated") => ", which is everyone who can sign in",
            ("Group", "system:unauthenticated") | ("User", "system:anonymous") => ", which is everyone",
            ("Group", "system:serviceaccounts") => ", which is everything that runs in the cluster",
            ("Group", name) if name.starts_with("system:serviceaccounts:") => {
                ", which is everything that runs in the namespace"
            }
            _ => "",
        };
        let kind = match self.kind {
            "Group" => "group",
            "ServiceAccount" => "service account",
            _ => "user",
        };
        let namespace =
            if self.kind == "ServiceAccount" { format!("{}/", self.namespace) } else { String::new() };
        format!("{kind} `{namespace}{}`{everyone}", self.name)
    }
}

/// The subjects of one side; `None` if some are known only after apply, or there is no list of them.
fn subjects<'p>(state: &ResourceState<'p>, layout: &Layout) -> Option<Vec<Subject<'p>>> {
    let lists = places(&state.root(), layout.subjects);
    let blocks = lists.first()?.elements()?;
    blocks
        .iter()
        .map(|block| {
            let text = |name: &str| match sight(&block.key(name)) {
                Sight::Known(Value::String(text)) => Some(text.as_ref()),
                Sight::Known(_) | Sight::Unset | Sight::Computed => Some(""),
                Sight::Unknown => None,
            };
            Some(Subject {
                kind: text("kind")?,
                name: text("name")?,
                namespace: if text("kind")? == "ServiceAccount" { text("namespace")? } else { "" },
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::iam_widened::GUARD;
    use super::super::testing::find_in_update;

    fn found(role: &str, before: &[(&str, &str)], after: &[(&str, &str)]) -> Vec<String> {
        let binding = |subjects: &[(&str, &str)]| {
            let subjects: Vec<_> = subjects
                .iter()
                .map(|(kind, name)| serde_json::json!({"kind": kind, "name": name, "namespace": "default"}))
                .collect();
            serde_json::json!({"role_ref": [{"kind": "ClusterRole", "name": role}], "subject": subjects})
                .to_string()
        };
        let address = "kubernetes_cluster_role_binding_v1.a";
        let found = find_in_update(&GUARD, address, &binding(before), &binding(after), "{}");
        found.into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn every_service_account_is_everybody() {
        let ops = ("Group", "ops");
        assert_eq!(
            found("reader", &[ops], &[("Group", "system:serviceaccounts")]),
            [
                "kubernetes_cluster_role_binding_v1.a grants more than before: it gives the role `reader` to group \
                 `system:serviceaccounts`, which is everything that runs in the cluster"
            ]
        );
        assert_eq!(found("reader", &[ops], &[("Group", "system:serviceaccounts:web")]).len(), 1);
        assert_eq!(found("reader", &[ops], &[("Group", "dev")]), [""; 0]);
    }

    #[test]
    fn one_more_administrator_is_told() {
        let (ops, eve) = (("Group", "ops"), ("User", "eve"));
        assert_eq!(
            found("cluster-admin", &[ops], &[ops, eve]),
            [
                "kubernetes_cluster_role_binding_v1.a grants more than before: it gives the role `cluster-admin` to user `eve`"
            ]
        );
        assert_eq!(found("cluster-admin", &[ops, eve], &[eve]), [""; 0]);
        assert_eq!(found("cluster-admin", &[ops, eve], &[eve, ops]), [""; 0]);
        let account = ("ServiceAccount", "default");
        assert!(found("admin", &[ops], &[ops, account])[0].ends_with("to service account `default/default`"));
    }

    #[test]
    fn a_manifest_is_read_as_well() {
        let manifest = |subject: &str| {
            format!(
                r#"{{"manifest": {{"kind": "RoleBinding", "roleRef": {{"kind": "Role", "name": "reader"}},
                    "subjects": [{{"kind": "Group", "name": "{subject}"}}]}}}}"#
            )
        };
        let found = |subject: &str| {
            find_in_update(&GUARD, "kubernetes_manifest.a", &manifest("ops"), &manifest(subject), "{}").len()
        };
        assert_eq!((found("system:serviceaccounts"), found("dev")), (1, 0));
    }
}
