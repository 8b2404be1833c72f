//! What a value that is known only after apply can be, by what it is made of.
//!
//! The ARN of a role that the plan creates is unknown, and still it is no wildcard. Only what passes any text through can
//! be one.

use planguard_plan::{ResolvedReference, ResourceState, View};

use crate::engine::promises_credential;

/// Types whose attributes are whatever text somebody gives them, or comes from elsewhere.
const PASSING_ANYTHING: &[&str] = &[
    "external",
    "http",
    "local_file",
    "local_sensitive_file",
    "null_data_source",
    "template_cloudinit_config",
    "template_file",
    "terraform_data",
    "terraform_remote_state",
];

/// Names of attributes that are addresses, or ranges that networks have.
const ADDRESSES: &[&str] = &[
    "carrier_ip",
    "cidr_block",
    "cidr_blocks",
    "customer_owned_ip",
    "ipv6_cidr_block",
    "private_ip",
    "public_ip",
    "public_ips",
];

/// Whether an unknown element of a list can only be the identity of one object: it refers to identities of objects, or
/// the configuration does not show what it refers to (a `dynamic` block, a local) and nothing in the plan passes any
/// text through.
pub(crate) fn is_identity(list: &View<'_, '_>) -> bool {
    let state = list.state();
    if state.configuration().is_none() {
        return false;
    }
    match state.references(list.path()) {
        Some(found) if found.unresolved.is_empty() && !found.resources.is_empty() => found
            .resources
            .iter()
            .all(|reference| names_identity(reference) && !passes_anything(&reference.address)),
        _ => !has_something_that_passes_anything(state),
    }
}

/// Whether an unknown value is made of addresses or ranges of objects of AWS alone, which are never the whole internet:
/// its provider accepts none with other host bits than zero.
pub(crate) fn is_address(place: &View<'_, '_>) -> bool {
    let found = place.state().references(place.path());
    found.is_some_and(|found| {
        found.unresolved.is_empty()
            && !found.resources.is_empty()
            && found.resources.iter().all(|reference| {
                let name = reference.attribute.rsplit('.').next().unwrap_or_default();
                type_of(&reference.address).starts_with("aws_") && ADDRESSES.contains(&name)
            })
    })
}

/// What an unknown value says of the credentials in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Makings {
    /// It is made of a credential.
    Credential,
    /// It may be: it refers to something that can be one, or that the plan does not show.
    Anything,
    /// What it refers to is none. Texts that are written beside that, in the same map, do not show.
    Harmless,
}

/// Attributes whose value is a credential and nothing else.
const CREDENTIALS: &[(&str, &[&str])] = &[
    ("aws_iam_access_key", &["secret", "ses_smtp_password_v4"]),
    ("aws_secretsmanager_random_password", &["random_password"]),
    ("azuread_application_password", &["value"]),
    ("azuread_service_principal_password", &["value"]),
    ("google_service_account_key", &["private_key"]),
    ("random_password", &["result"]),
    ("tls_private_key", &["private_key_openssh", "private_key_pem", "private_key_pem_pkcs8"]),
];

/// The last words of the names of attributes that say where something is, or what it is called.
const HARMLESS: &[&str] = &[
    "address",
    "alias",
    "arn",
    "bucket",
    "domain",
    "email",
    "endpoint",
    "family",
    "fqdn",
    "host",
    "hostname",
    "id",
    "location",
    "name",
    "port",
    "project",
    "region",
    "self_link",
    "stage",
    "uri",
    "url",
    "version",
    "zone",
];

/// What an unknown value is made of, by the attributes and variables that its expression refers to.
pub(crate) fn makings(place: &View<'_, '_>) -> Makings {
    let state = place.state();
    let Some(found) = state.references(place.path()) else { return Makings::Anything };
    if found.resources.iter().any(is_credential) {
        return Makings::Credential;
    }
    let is_for_credential = |name: &String| {
        let declared = state.plan.configuration.as_ref().and_then(|all| all.root_variable(name));
        promises_credential(name) || declared.is_none_or(|variable| variable.sensitive)
    };
    let is_harmless = found.unresolved.is_empty()
        && !found.resources.is_empty()
        && !found.variables.iter().any(is_for_credential)
        && found.resources.iter().all(says_where);
    if is_harmless { Makings::Harmless } else { Makings::Anything }
}

fn is_credential(reference: &ResolvedReference) -> bool {
    let own_type = type_of(&reference.address);
    CREDENTIALS
        .iter()
        .any(|(name, attributes)| *name == own_type && attributes.contains(&reference.attribute.as_str()))
}

/// Whether a reference reads where an object is, or what it is called.
fn says_where(reference: &ResolvedReference) -> bool {
    let name = reference.attribute.rsplit('.').next().unwrap_or_default();
    let ends_with =
        |word: &str| name.strip_suffix(word).is_some_and(|before| before.is_empty() || before.ends_with('_'));
    HARMLESS.iter().any(|word| ends_with(word)) && !passes_anything(&reference.address)
}

/// Whether a reference reads what identifies an object.
fn names_identity(reference: &ResolvedReference) -> bool {
    let name = reference.attribute.as_str();
    matches!(name, "account_id" | "id" | "unique_id") || name == "arn" || name.ends_with("_arn")
}

fn has_something_that_passes_anything(state: &ResourceState<'_>) -> bool {
    PASSING_ANYTHING.iter().any(|name| state.plan.changes_type(name))
}

fn passes_anything(address: &str) -> bool {
    PASSING_ANYTHING.contains(&type_of(address))
}

/// The type in the address of a block: the name before its own.
fn type_of(address: &str) -> &str {
    address.rsplit('.').nth(1).unwrap_or_default()
}
