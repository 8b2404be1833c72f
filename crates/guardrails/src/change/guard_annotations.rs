//! Annotations of Kubernetes objects that restrict who reaches them, and which a change removes or weakens.

use planguard_plan::{ResourceState, Value, View};

use super::ChangeFinding;
use super::compare::{Pair, Sight, places, shown, sight};
use super::network::{Addresses, Union};

/// How a value guards.
#[derive(Clone, Copy, Debug)]
enum Guard {
    /// It has to be there.
    Present,
    /// The ranges that are let in.
    Ranges,
    /// A list of guards, separated by commas: it must not lose any.
    Each,
    /// These values guard, and none other; without the annotation nothing does.
    Strong(&'static [&'static str]),
    /// These values do not guard; every other one does, and so does the controller's default.
    Weak(&'static [&'static str]),
}

/// Annotations by their names.
const GUARDS: &[(&str, Guard)] = &[
    ("alb.ingress.kubernetes.io/auth-type", Guard::Strong(&["cognito", "oidc"])),
    ("alb.ingress.kubernetes.io/inbound-cidrs", Guard::Ranges),
    ("alb.ingress.kubernetes.io/scheme", Guard::Weak(&["internet-facing"])),
    ("alb.ingress.kubernetes.io/shield-advanced-protection", Guard::Strong(&["true"])),
    ("alb.ingress.kubernetes.io/ssl-redirect", Guard::Present),
    ("alb.ingress.kubernetes.io/waf-acl-id", Guard::Present),
    ("alb.ingress.kubernetes.io/wafv2-acl-arn", Guard::Present),
    ("alb.ingress.kubernetes.io/web-acl-id", Guard::Present),
    ("appgw.ingress.kubernetes.io/ssl-redirect", Guard::Strong(&["true"])),
    ("appgw.ingress.kubernetes.io/use-private-ip", Guard::Strong(&["true"])),
    ("appgw.ingress.kubernetes.io/waf-policy-for-path", Guard::Present),
    ("cloud.google.com/load-balancer-type", Guard::Strong(&["internal"])),
    ("haproxy-ingress.github.io/allowlist-source-range", Guard::Ranges),
    ("haproxy-ingress.github.io/auth-url", Guard::Present),
    ("haproxy-ingress.github.io/waf", Guard::Present),
    ("haproxy-ingress.github.io/whitelist-source-range", Guard::Ranges),
    ("haproxy.org/allow-list", Guard::Ranges),
    ("haproxy.org/auth-type", Guard::Present),
    ("haproxy.org/whitelist", Guard::Ranges),
    ("ingress.kubernetes.io/auth-type", Guard::Present),
    ("ingress.kubernetes.io/whitelist-source-range", Guard::Ranges),
    ("konghq.com/plugins", Guard::Each),
    ("kubernetes.io/ingress.allow-http", Guard::Strong(&["false"])),
    ("networking.gke.io/load-balancer-type", Guard::Strong(&["internal"])),
    ("nginx.ingress.kubernetes.io/allowlist-source-range", Guard::Ranges),
    ("nginx.ingress.kubernetes.io/auth-secret", Guard::Present),
    ("nginx.ingress.kubernetes.io/auth-tls-secret", Guard::Present),
    (
        "nginx.ingress.kubernetes.io/auth-tls-verify-client",
        Guard::Weak(&["off", "optional", "optional_no_ca"]),
    ),
    ("nginx.ingress.kubernetes.io/auth-type", Guard::Present),
    ("nginx.ingress.kubernetes.io/auth-url", Guard::Present),
    ("nginx.ingress.kubernetes.io/enable-modsecurity", Guard::Strong(&["true"])),
    ("nginx.ingress.kubernetes.io/enable-owasp-core-rules", Guard::Strong(&["true"])),
    ("nginx.ingress.kubernetes.io/force-ssl-redirect", Guard::Strong(&["true"])),
    ("nginx.ingress.kubernetes.io/limit-connections", Guard::Present),
    ("nginx.ingress.kubernetes.io/limit-rpm", Guard::Present),
    ("nginx.ingress.kubernetes.io/limit-rps", Guard::Present),
    ("nginx.ingress.kubernetes.io/proxy-ssl-verify", Guard::Strong(&["on"])),
    ("nginx.ingress.kubernetes.io/ssl-redirect", Guard::Weak(&["false"])),
    ("nginx.ingress.kubernetes.io/whitelist-source-range", Guard::Ranges),
    ("service.beta.kubernetes.io/aws-load-balancer-internal", Guard::Strong(&["true", "0.0.0.0/0"])),
    ("service.beta.kubernetes.io/aws-load-balancer-scheme", Guard::Strong(&["internal"])),
    ("service.beta.kubernetes.io/azure-allowed-ip-ranges", Guard::Ranges),
    ("service.beta.kubernetes.io/azure-allowed-service-tags", Guard::Present),
    ("service.beta.kubernetes.io/azure-load-balancer-internal", Guard::Strong(&["true"])),
    ("service.beta.kubernetes.io/load-balancer-source-ranges", Guard::Ranges),
    ("service.kubernetes.io/load-balancer-source-ranges", Guard::Ranges),
    ("sidecar.istio.io/inject", Guard::Weak(&["false"])),
    ("traefik.ingress.kubernetes.io/router.middlewares", Guard::Each),
    ("traefik.ingress.kubernetes.io/router.tls", Guard::Strong(&["true"])),
];

/// The ways to the annotations of an object.
const WAYS: &[(&str, &[&str])] = &[
    ("kubernetes_annotations", &["annotations"]),
    ("kubernetes_ingress", &["metadata", "annotations"]),
    ("kubernetes_ingress_v1", &["metadata", "annotations"]),
    ("kubernetes_manifest", &["manifest", "metadata", "annotations"]),
    ("kubernetes_service", &["metadata", "annotations"]),
    ("kubernetes_service_v1", &["metadata", "annotations"]),
];

/// The findings for annotations that guard less than before.
pub(super) fn weakened(pair: &Pair<'_>) -> Vec<ChangeFinding> {
    let address = &pair.resource.address;
    let Some((_, way)) = WAYS.iter().find(|(name, _)| *name == address.resource_type) else {
        return Vec::new();
    };
    let annotations = |state: &ResourceState<'_>, name: &str| -> Option<(Option<String>, Option<String>)> {
        let root = state.root();
        let place = places(&root, way).first()?.key(name);
        match sight(&place) {
            Sight::Known(Value::String(text)) => {
                Some((Some(text.trim().to_ascii_lowercase()), shown(&place)))
            }
            Sight::Known(_) | Sight::Unset => Some((None, None)),
            Sight::Unknown | Sight::Computed => None,
        }
    };
    let mut found = Vec::new();
    for (name, guard) in GUARDS {
        let Some(((Some(old), from), (new, to))) =
            annotations(&pair.before, name).zip(annotations(&pair.after, name))
        else {
            continue;
        };
        if !guard.is_weaker(&old, new.as_deref()) {
            continue;
        }
        let how = match (&new, to) {
            (None, _) => "is removed".to_owned(),
            (Some(_), Some(to)) => format!("changes to {to}"),
            (Some(_), None) => "changes".to_owned(),
        };
        let from = from.map(|from| format!(" (was {from})")).unwrap_or_default();
        let message =
            format!("{address} can be reached by more than before: the annotation `{name}` {how}{from}");
        let place = attribute(&pair.after.root(), way);
        found.push(ChangeFinding::on(pair.resource, message).at(place));
    }
    found
}

fn attribute(root: &View<'_, '_>, way: &[&str]) -> planguard_plan::AttributePath {
    places(root, way).first().map(|place| place.path().clone()).unwrap_or_default()
}

impl Guard {
    /// Whether a new value guards less than the old one; `None` for an annotation that is gone.
    fn is_weaker(self, old: &str, new: Option<&str>) -> bool {
        match self {
            Self::Present => !old.is_empty() && new.is_none_or(str::is_empty),
            Self::Strong(words) => words.contains(&old) && !new.is_some_and(|new| words.contains(&new)),
            Self::Weak(words) => !words.contains(&old) && new.is_some_and(|new| words.contains(&new)),
            Self::Each => {
                let new = elements(new.unwrap_or_default());
                let is_lost = elements(old).iter().any(|element| !new.contains(element));
                // Another name in the place of one may be the same guard.
                is_lost && new.len() < elements(old).len()
            }
            Self::Ranges => {
                let ranges = |text: &str| Addresses::parse(&text.replace(char::is_whitespace, ","));
                let old = ranges(old);
                if old.is_empty() || old.iter().any(|range| Addresses::EVERYWHERE.contains(range)) {
                    return false;
                }
                let before = Union::of(old);
                match ranges(new.unwrap_or_default()).as_slice() {
                    [] => true,
                    new => new.iter().any(|range| range.is_wide_and_public() && !before.covers(*range)),
                }
            }
        }
    }
}

/// The elements of a list in a text.
fn elements(text: &str) -> Vec<&str> {
    text.split(',').map(str::trim).filter(|element| !element.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::access_restriction_removed::GUARD;
    use super::super::testing::find_in_update;
    use super::*;

    fn found(kind: &str, before: &str, after: &str) -> Vec<String> {
        let object = |annotations: &str| format!(r#"{{"metadata": [{{"annotations": {annotations}}}]}}"#);
        let found = find_in_update(&GUARD, kind, &object(before), &object(after), "{}");
        found.into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn annotations_are_in_order() {
        assert!(GUARDS.is_sorted_by(|left, right| left.0 < right.0));
    }

    #[test]
    fn a_list_of_ranges_that_goes_or_opens_is_told() {
        let ranges =
            |ranges: &str| format!(r#"{{"nginx.ingress.kubernetes.io/whitelist-source-range": "{ranges}"}}"#);
        let ingress = "kubernetes_ingress_v1.a";
        let office = ranges("198.51.100.0/24");
        assert_eq!(
            found(ingress, &office, "{}"),
            ["kubernetes_ingress_v1.a can be reached by more than before: the annotation \
                 `nginx.ingress.kubernetes.io/whitelist-source-range` is removed (was `198.51.100.0/24`)"]
        );
        assert_eq!(found(ingress, &office, "null").len(), 1);
        assert_eq!(found(ingress, &office, &ranges("198.51.100.0/24, 0.0.0.0/0")).len(), 1);
        assert_eq!(found(ingress, &office, &ranges("198.51.100.0/24,203.0.113.7/32")), [""; 0]);
        assert_eq!(found(ingress, &ranges("0.0.0.0/0"), "{}"), [""; 0]);
        assert_eq!(found(ingress, "{}", &office), [""; 0]);
    }

    #[test]
    fn each_kind_of_guard_has_a_weak_side() {
        let (ingress, service) = ("kubernetes_ingress_v1.a", "kubernetes_service_v1.a");
        let of = |kind: &str, name: &str, before: &str, after: &str| {
            let one = |value: &str| match value {
                "" => "{}".to_owned(),
                value => format!(r#"{{"{name}": "{value}"}}"#),
            };
            found(kind, &one(before), &one(after)).len()
        };
        for (kind, name, strong, weak) in [
            (ingress, "nginx.ingress.kubernetes.io/auth-url", "https://sso/auth", ""),
            (ingress, "nginx.ingress.kubernetes.io/ssl-redirect", "true", "false"),
            (ingress, "nginx.ingress.kubernetes.io/enable-modsecurity", "true", "false"),
            (ingress, "alb.ingress.kubernetes.io/scheme", "internal", "internet-facing"),
            (ingress, "alb.ingress.kubernetes.io/auth-type", "oidc", "none"),
            (
                ingress,
                "traefik.ingress.kubernetes.io/router.middlewares",
                "a-auth@kubernetescrd,a-limit@kubernetescrd",
                "a-limit@kubernetescrd",
            ),
            (service, "service.beta.kubernetes.io/azure-load-balancer-internal", "true", ""),
            (service, "networking.gke.io/load-balancer-type", "Internal", "External"),
        ] {
            assert_eq!((of(kind, name, strong, weak), of(kind, name, weak, strong)), (1, 0), "{name}");
        }
        assert_eq!(
            of(ingress, "nginx.ingress.kubernetes.io/ssl-redirect", "true", ""),
            0,
            "the default is the same"
        );
        assert_eq!(of("kubernetes_deployment_v1.a", "nginx.ingress.kubernetes.io/auth-url", "x", ""), 0);
    }
}
